"""What is declared, and how each source stands: read when, how many rows, in trouble or not."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from connectors.access import TableAccess
from connectors.declaration import Declaration, UpdateCycle, load_all
from core.clock import SHANGHAI
from hub.context import Hub
from schemas.items import all_items
from store import figures

#: The bureau's own approvals: what was accepted, and how it ended.
ACCEPT, RESULT = "bureau.accept", "bureau.result"
#: What is not left to a schedule: a row that arrives here is collected at once.
AT_ONCE = (ACCEPT, RESULT)


@dataclass(frozen=True, slots=True)
class SourceState:
    """One resource as an operator sees it. `pulled` = `accepted` + `unchanged` + `quarantined` over all batches.

    Attributes:
        due: the first deadline that is not met yet, for reading it or for what has to be delivered; it may have passed.
        due_verified: whether the owner has agreed to it, and no unchecked holiday table lies in between.
        drift_signals: columns that are not as they were, and that nobody has accepted.
    """

    resource: str
    title: str
    department: str
    share_class: str
    update_cycle: str
    verified: bool
    last_read: datetime | None
    pulled: int
    accepted: int
    unchanged: int
    quarantined: int
    open_quarantine: int
    state: str
    reach: str
    trouble: str | None
    due: datetime | None
    due_verified: bool
    drift_signals: int

    @property
    def open(self) -> bool:
        """Whether it can be read at all; its declaration says (已通)."""
        return self.state not in ("not open", "awaiting permission")

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            **asdict(self),
            "last_read": self.last_read.isoformat() if self.last_read else None,
            "due": self.due.isoformat(timespec="seconds") if self.due else None,
        }


@dataclass(frozen=True, slots=True)
class Department:
    """A department and its resources; its pool in Airflow bears the same name as its DAG."""

    id: str
    zh: str
    resources: tuple[Declaration, ...]


def departments() -> list[Department]:
    """The departments that can be read, in the order of their ids, each with its open resources.

    What is not open (未开通, 待授权) has no DAG and no pool; `source_states` tells of it. Cheap: reads the
    declarations and nothing else.
    """
    by_id: dict[str, list[Declaration]] = {}
    for declaration in load_all().values():
        if declaration.reach.open:
            by_id.setdefault(declaration.department.id, []).append(declaration)
    return [Department(name, resources[0].department.zh, tuple(resources)) for name, resources in sorted(by_id.items())]


#: How often a department is asked, by the shortest update cycle among its resources. Times are Asia/Shanghai,
#: before the counters open. A cycle that is missing here is a resource somebody hands over: collected on demand.
_CRON = {
    UpdateCycle.LIVE: "*/10 * * * *",
    UpdateCycle.DAILY: "30 2 * * *",
    UpdateCycle.WEEKLY: "30 3 * * 1",
    UpdateCycle.MONTHLY: "30 4 1 * *",
    UpdateCycle.QUARTERLY: "30 4 1 1,4,7,10 *",
    UpdateCycle.YEARLY: "30 4 1 1 *",
}


def cron_of(department: Department) -> str | None:
    """The schedule of a department's DAG; None when all its resources are handed over irregularly."""
    cycles = {declaration.update_cycle for declaration in department.resources}
    return next((cron for cycle, cron in _CRON.items() if cycle in cycles), None)


def parts_of(declaration: Declaration) -> int:
    """In how many parts at most a batch of the resource is read at the same time; 1: always in one."""
    return declaration.access.parts if isinstance(declaration.access, TableAccess) else 1


#: How many readings a department's systems are asked to bear at the same time where its declarations say no more.
_SLOTS = 2


def pools() -> dict[str, int]:
    """Airflow pools and their slots: how many resources, or parts of one, are read at the same time."""
    return {
        f"department_{department.id}": max(_SLOTS, *(parts_of(one) for one in department.resources))
        for department in departments()
    }


def evidence_resources() -> list[str]:
    """Every open resource that an approval which leads to a licence, or one of its materials, rests on.

    An approval that also rests on one that is not open waits until somebody opens it.
    """
    leading = [item for item in all_items().values() if item.licence_type is not None]
    known = load_all()
    named = {material.resource for item in leading for material in item.materials}
    return sorted({name for name in named if name in known and known[name].reach.open} | {ACCEPT, RESULT})


def source_states(hub: Hub) -> list[SourceState]:
    """Every declared resource. One that is not open, never read, late, missing or in trouble never looks healthy."""
    # Judges declarations against schemas too, which the DAG processor need not load at every parse.
    from hub import freshness
    from hub.source_register import state_of
    from store import drift

    totals = figures.by_resource(hub.connection)
    drifting = drift.open_counts(hub.connection)
    owed = freshness.owed(hub)
    states = []
    for name, declaration in load_all().items():
        total = totals.get(name, figures.ResourceTotals())
        next_due = owed[name].next
        states.append(
            SourceState(
                resource=name,
                title=declaration.title,
                department=declaration.department.zh,
                share_class=declaration.share_class.value,
                update_cycle=declaration.update_cycle.value,
                verified=declaration.honesty.verified,
                last_read=total.last_complete.astimezone(SHANGHAI) if total.last_complete else None,
                pulled=total.landed,
                accepted=total.landed - total.unchanged - total.quarantined,
                unchanged=total.unchanged,
                quarantined=total.quarantined,
                open_quarantine=total.open_quarantine,
                state=state_of(
                    declaration,
                    known=owed[name].known,
                    overdue=owed[name].overdue,
                    in_trouble=total.trouble is not None,
                ),
                reach=declaration.reach.zh,
                trouble=total.trouble,
                due=next_due.due.astimezone(SHANGHAI) if next_due else None,
                due_verified=next_due.verified if next_due else False,
                drift_signals=drifting.get(name, 0),
            )
        )
    return states
