"""Figures over batches, quarantine and the registers, each one query."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from store.connection import Connection, fetch_all


@dataclass(frozen=True, slots=True)
class ResourceTotals:
    """All batches of one resource together.

    `trouble` is why the newest batch stands still, ended at a refused file, or is complete and cannot be trusted.
    """

    landed: int = 0
    quarantined: int = 0
    open_quarantine: int = 0
    last_complete: datetime | None = None
    trouble: str | None = None
    unchanged: int = 0


def by_resource(connection: Connection) -> dict[str, ResourceTotals]:
    """Totals of every resource that was ever read."""
    rows = fetch_all(
        connection,
        """
        select b.resource, sum(b.landed)::bigint, sum(b.quarantined)::bigint,
               (select count(*) from quarantine q where q.resource = b.resource and q.state = 'open'),
               max(b.finished_at) filter (where b.state = 'complete'),
               coalesce(
                 (select last.fault_code || ' ' || last.fault from batch last
                    where last.id = max(b.id) and last.fault_code is not null),
                 (select t.code || ' ' || t.message from batch_trouble t join batch last on last.id = t.batch
                    where t.batch = max(b.id) and (last.state = 'running' or t.code = 'HUB-104')
                    order by t.at desc limit 1)),
               sum(b.unchanged)::bigint
        from batch b group by b.resource
        """,
    )
    return {row[0]: ResourceTotals(*row[1:]) for row in rows}


@dataclass(frozen=True, slots=True)
class Standing:
    """How one approval stands and, when it waits, for which materials."""

    approval: str
    item: str
    state: str
    missing: tuple[dict[str, str], ...]


def standings(connection: Connection) -> list[Standing]:
    """Every approval whose outcome was settled, in the order of their numbers."""
    rows = fetch_all(connection, "select approval, item, state, missing from approval_outcome order by approval")
    return [Standing(row[0], row[1], row[2], tuple(row[3])) for row in rows]


@dataclass(frozen=True, slots=True)
class Package:
    """An archive package of the register."""

    file_no: str
    licence: str
    sm3: bytes
    path: str


def packages(connection: Connection) -> list[Package]:
    """Every archive package, oldest first."""
    rows = fetch_all(connection, "select file_no, licence, sm3, path from archive_package order by made_at, file_no")
    return [Package(row[0], row[1], bytes(row[2]), row[3]) for row in rows]
