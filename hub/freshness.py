"""Freshness: by when each source has to be read and to have delivered, and what is noticed when it is not.

Two things can be owed, and each has its own remedy:

- `late` 迟到: the source was not read to its end by the deadline. Our side or the department's system is down.
- `missing` 缺报: it was read to its end, and nothing was delivered by the deadline where deliveries are expected.
  The department has to send. Expected are deliveries of files; see `Declaration.expects_deliveries`.

Reading is due in hours (`late_after_hours`), since our own schedule knows no holidays. A delivery is due at the end
of a working day where one is agreed (`[clocks] update_working_days`), else in the same hours. A source that was never
read is counted from when the hub first saw it open. A source that is not open owes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final

from connectors.declaration import Declaration, UpdateCycle, load_all
from core.clock import SHANGHAI, second_text
from hub.context import Hub
from schemas.workdays import WorkingDays, working_days
from store import freshness as rows
from store.connection import transaction
from store.freshness import Alert, Known

_DAY: Final = timedelta(days=1)

#: How long after one reading the next begins, by the shortest cycle of a department's resources.
_PERIOD: Final = {
    UpdateCycle.LIVE: timedelta(minutes=10),
    UpdateCycle.DAILY: _DAY,
    UpdateCycle.WEEKLY: 7 * _DAY,
    UpdateCycle.MONTHLY: 31 * _DAY,
    UpdateCycle.QUARTERLY: 92 * _DAY,
    UpdateCycle.YEARLY: 366 * _DAY,
}
_SHORTEST_RUN: Final = timedelta(hours=1)


class Kind(StrEnum):
    """What is owed; the values are words of `hub sources` too."""

    LATE = "late"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Deadline:
    """One thing owed by `due`; `verified` is false where the owner has not agreed or a holiday table is unchecked."""

    kind: Kind
    due: datetime
    verified: bool


def deadlines(declaration: Declaration, known: Known, calendar: WorkingDays) -> tuple[Deadline, ...]:
    """What is owed next, the earliest first; empty for a source that is not open or was never looked at."""
    if not declaration.reach.open:
        return ()
    clocks, hours = declaration.clocks, timedelta(hours=declaration.late_after_hours)
    found = []
    if read_from := known.read_at or known.opened_at:
        found.append(Deadline(Kind.LATE, read_from + hours, clocks.verified))
    delivered_from = known.delivered_at or known.opened_at
    if delivered_from and declaration.expects_deliveries:
        day = clocks.update_due(delivered_from.astimezone(SHANGHAI).date(), calendar)
        if day is None:
            found.append(Deadline(Kind.MISSING, delivered_from + hours, clocks.verified))
        else:
            found.append(Deadline(Kind.MISSING, datetime.combine(day.day + _DAY, time(), SHANGHAI), day.verified))
    return tuple(sorted(found, key=lambda deadline: deadline.due))


def passed(due: Iterable[Deadline], known: Known, now: datetime) -> tuple[Deadline, ...]:
    """Those that are overdue. Only a reading that ended after its deadline can say that a delivery is missing."""
    return tuple(
        deadline
        for deadline in due
        if (now if deadline.kind is Kind.LATE else known.read_at or deadline.due) > deadline.due
    )


def stands(alert: Alert, known: Known) -> bool:
    """Whether what an alert waits for has still not come."""
    came = _came(alert.kind, known)
    return came is None or (alert.after_batch is not None and came <= alert.after_batch)


@dataclass(frozen=True, slots=True)
class Owed:
    """How a source stands with its deadlines at this moment, whether anybody has noticed yet or not.

    Attributes:
        next: the first deadline that is not met; it may have passed.
        overdue: the kinds that are, by the rules or by an alert that still stands.
    """

    known: Known
    next: Deadline | None
    overdue: frozenset[str]


def owed(hub: Hub, *, calendar: WorkingDays | None = None) -> dict[str, Owed]:
    """Every declared source; one that is not open owes nothing.

    Raises:
        CalendarBroken: a table of holidays cannot be read.
    """
    days = calendar or working_days()
    now = hub.clock.now()
    declared = load_all()
    known = rows.known(hub.connection, declared)
    standing = {
        (alert.resource, alert.kind)
        for alert in rows.open_alerts(hub.connection)
        if alert.resource in known and stands(alert, known[alert.resource])
    }
    found = {}
    for name, declaration in declared.items():
        due = deadlines(declaration, known[name], days)
        overdue = {deadline.kind.value for deadline in passed(due, known[name], now)} if due else set()
        if declaration.reach.open:
            overdue |= {kind.value for kind in Kind if (name, kind.value) in standing}
        found[name] = Owed(known[name], due[0] if due else None, frozenset(overdue))
    return found


@dataclass(frozen=True, slots=True)
class Noticed:
    """An alert as people and scripts see it. `department` has to act where it is missing, we where it is late."""

    id: int
    resource: str
    title: str
    department: str
    kind: str
    due: datetime
    due_verified: bool
    noticed_by: str
    noticed_at: datetime
    last_noticed_at: datetime
    closed_at: datetime | None
    closed_as: str | None
    closed_by: int | None

    @property
    def zh(self) -> str:
        """The kind as people say it."""
        return {Kind.LATE: "迟到", Kind.MISSING: "缺报"}[Kind(self.kind)]

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            name: second_text(value) if isinstance(value, datetime) else value
            for name in self.__slots__
            for value in (getattr(self, name),)
        }

    def __str__(self) -> str:
        due = f"{self.due.astimezone(SHANGHAI):%Y-%m-%d %H:%M}{'' if self.due_verified else '（未核实）'}"
        return f"{self.resource} is {self.kind}: due {due}"


@dataclass(frozen=True, slots=True)
class Watched:
    """What one look found: alerts that are new, how many were closed, and all that are open now."""

    raised: tuple[Noticed, ...]
    closed: int
    open: tuple[Noticed, ...]

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "raised": [alert.to_dict() for alert in self.raised],
            "closed": self.closed,
            "open": [alert.to_dict() for alert in self.open],
        }


def watch(hub: Hub, *, calendar: WorkingDays | None = None) -> Watched:
    """Look at every declared source once: open alerts for deadlines that passed, close those that were met.

    Cheap, and safe to run at any time and twice at once: one query over all sources, and writes only where something
    has changed.

    Raises:
        CalendarBroken: a table of holidays cannot be read; nothing was changed.
    """
    days = calendar or working_days()
    now = hub.clock.now()
    open_ones = {name: declared for name, declared in load_all().items() if declared.reach.open}
    known = rows.known(hub.connection, open_ones)
    waiting: dict[str, list[Alert]] = {}
    for alert in rows.open_alerts(hub.connection):
        waiting.setdefault(alert.resource, []).append(alert)
    raised: set[tuple[str, str]] = set()
    with transaction(hub.connection) as cursor:
        closed = rows.forget_all_but(cursor, open_ones, now)
        for name, declared in open_ones.items():
            seen = known[name]
            rows.look_at(cursor, name, seen, now)
            seen = seen if seen.opened_at else replace(seen, opened_at=now)
            overdue = passed(deadlines(declared, seen, days), seen, now)
            for alert in waiting.get(name, ()):
                if how := _closed_as(alert, seen, overdue):
                    batch = _came(alert.kind, seen) if how == "data came" else None
                    rows.close(cursor, alert, how, batch, now)
                    closed += 1
            for deadline in overdue:
                if _notice(cursor, name, deadline, "watch", seen, now):
                    raised.add((name, deadline.kind))
    standing = alerts(hub)
    new = tuple(alert for alert in standing if (alert.resource, alert.kind) in raised)
    return Watched(new, closed, tuple(standing))


def run_is_late(hub: Hub, resources: Sequence[str], *, began: datetime, due: datetime) -> list[Noticed]:
    """A run that should have read these resources by `due` has not ended: open an alert for each one it did not read.

    Args:
        began: when the run was queued; a resource read to its end since is in order.
    """
    now = hub.clock.now()
    open_ones = {name: load_all()[name] for name in resources if name in load_all() and load_all()[name].reach.open}
    known = rows.known(hub.connection, open_ones)
    late = [name for name, seen in known.items() if seen.read_at is None or seen.read_at < began]
    with transaction(hub.connection) as cursor:
        for name in late:
            deadline = Deadline(Kind.LATE, due, open_ones[name].clocks.verified)
            _notice(cursor, name, deadline, "airflow", known[name], now)
    return [alert for alert in alerts(hub) if alert.kind == Kind.LATE and alert.resource in late]


def run_allowance(resources: Sequence[Declaration]) -> timedelta:
    """How long after its start a run over a department's resources may end without one of them becoming late.

    The reading before lies one period of the schedule back, so the run has what `late_after_hours` leaves beyond it;
    an hour at the least, where a declaration leaves nothing.
    """
    hours = timedelta(hours=min(declared.late_after_hours for declared in resources))
    cycles = {declared.update_cycle for declared in resources}
    period = next((period for cycle, period in _PERIOD.items() if cycle in cycles), timedelta())
    return max(hours - period, _SHORTEST_RUN)


def alerts(hub: Hub, *, closed: bool = False) -> list[Noticed]:
    """Alerts that are open, oldest first; `closed` brings the others as well."""
    found = rows.every_alert(hub.connection) if closed else rows.open_alerts(hub.connection)
    return [_noticed(alert) for alert in found]


def _came(kind: str, known: Known) -> int | None:
    return known.read_batch if kind == Kind.LATE else known.delivered_batch


def _closed_as(alert: Alert, known: Known, overdue: tuple[Deadline, ...]) -> str | None:
    if not stands(alert, known):
        return "data came"
    # What Airflow noticed stands until data come: a run has its own deadline, which no rule here knows.
    if alert.noticed_by == "watch" and all(alert.kind != deadline.kind for deadline in overdue):
        return "deadline moved"
    return None


def _notice(cursor: Any, resource: str, deadline: Deadline, by: str, known: Known, now: datetime) -> bool:
    return rows.notice(
        cursor,
        resource,
        deadline.kind.value,
        due=deadline.due,
        due_verified=deadline.verified,
        by=by,
        after_batch=_came(deadline.kind, known),
        now=now,
    )


def _noticed(alert: Alert) -> Noticed:
    declared = load_all().get(alert.resource)
    return Noticed(
        id=alert.id,
        resource=alert.resource,
        title=declared.title if declared else alert.resource,
        department=declared.department.zh if declared else "—",
        kind=alert.kind,
        due=alert.due,
        due_verified=alert.due_verified,
        noticed_by=alert.noticed_by,
        noticed_at=alert.noticed_at,
        last_noticed_at=alert.last_noticed_at,
        closed_at=alert.closed_at,
        closed_as=alert.closed_as,
        closed_by=alert.closed_by,
    )
