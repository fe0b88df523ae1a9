"""What the public check asks of the store beside the licence register's own questions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from store.connection import Connection, fetch_all, fetch_one


@dataclass(frozen=True, slots=True)
class SealedUnder:
    """The seal a document was sealed under: as the register of seals has it, and when."""

    es_id: str
    name: str
    organ: str
    sealed_at: datetime
    timestamped: bool | None


def seals_of(connection: Connection, version: str, document_sm3: bytes) -> list[SealedUnder]:
    """The seals of a sealed document (by the id of its version, and its SM3), in the order of their use."""
    rows = fetch_all(
        connection,
        "select u.seal_id, coalesce(s.name, ''), coalesce(s.organ, ''), u.settled_at, u.timestamped "
        "from seal_use u left join seal s on s.id = u.seal "
        "where u.licence = %s::uuid and u.document_sm3 = %s and u.outcome = 'sealed' order by u.id",
        (version, document_sm3),
    )
    return [SealedUnder(*row) for row in rows]


def version_of_pdf(connection: Connection, document_sm3: bytes) -> str | None:
    """The id of the version whose PDF copy has this SM3."""
    row = fetch_one(
        connection,
        "select licence::text from seal_use where document_sm3 = %s and document_kind = 'pdf' "
        "and outcome = 'sealed' and licence is not null order by id desc limit 1",
        (document_sm3,),
    )
    return row[0] if row else None


def organs(connection: Connection) -> frozenset[str]:
    """Credit codes of the organs whose seals are or were registered."""
    return frozenset(row[0] for row in fetch_all(connection, "select distinct credit_code from seal"))
