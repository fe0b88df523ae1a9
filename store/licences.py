"""The documents of the licence register: a licence has one number, and of its documents one is current.

Reading only; `store.licence_making` makes them, `store.licence_life` tells and changes where a licence stands.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from store.connection import Connection, fetch_all, fetch_one
from store.vault import Vault

#: The data key under which a licence's facts are sealed.
FACTS: Final = "licence"


@dataclass(frozen=True, slots=True)
class LicenceVersion:
    """One document of a licence.

    Attributes:
        id, licence: of this row, and of the licence it belongs to.
        version: 1 for the first, one more for each after it.
        cause: the step it comes of (`schemas.licence_life.Step`).
        approval: project_no of the approval it follows from; None where none did.
        made_for: what it was made for, once only: the approval, or `order/licence`.
        state: how far its making came: reserved → sealed → published → archived and never back, or dropped.
        valid_until: last day of the validity it states; None for 长期.
        trust: how far the document can be relied on, A to D (国办函〔2016〕108号); A: drawn and sealed here from the
            case itself. The hub makes no others yet; B to D are for stock that is taken over.
    """

    id: str
    licence: str
    licence_type: str
    year: int
    sequence: int
    number: str
    version: int
    cause: str
    identifier: str
    approval: str | None
    made_for: str
    item: str
    state: str
    reserved_at: datetime
    document_sm3: bytes | None
    document_path: str | None
    valid_until: date | None
    status_index: int | None
    published_at: datetime | None
    superseded_at: datetime | None
    trust: str = "A"

    @property
    def case_no(self) -> str:
        """The case a use of the seal is logged under: the approval, or the order."""
        return self.approval or self.made_for.partition("/")[0]


#: Columns of a `LicenceVersion`, of tables `licence_version v join licence l`.
COLUMNS: Final = (
    "v.id, v.licence, l.licence_type, l.year, l.sequence, l.number, v.version, v.cause, v.identifier, v.approval, "
    "v.made_for, v.item, v.state, v.reserved_at, v.document_sm3, v.document_path, v.valid_until, v.status_index, "
    "v.published_at, v.superseded_at, v.trust"
)
FROM: Final = "from licence_version v join licence l on l.id = v.licence"


def by_approval(connection: Connection, approval: str) -> LicenceVersion | None:
    """The document of an approval, if one was ever begun for it."""
    return _one(connection, "v.approval = %s", approval)


def by_number(connection: Connection, number: str) -> LicenceVersion | None:
    """The newest published document of the licence that bears a number; the first one while none is published."""
    return _one(connection, "l.number = %s and v.version = coalesce(l.current_version, 1)", number)


def by_identifier(connection: Connection, identifier: str) -> LicenceVersion | None:
    """The document of an identifier."""
    return _one(connection, "v.identifier = %s", identifier)


def by_id(connection: Connection, version: str) -> LicenceVersion | None:
    """The document of a row's id."""
    return _one(connection, "v.id = %s::uuid", version)


def by_token(connection: Connection, token_sm3: bytes) -> LicenceVersion | None:
    """The document whose QR code holds the token of this SM3."""
    return _one(connection, "v.token_sm3 = %s", token_sm3)


def by_document(connection: Connection, document_sm3: bytes) -> LicenceVersion | None:
    """The document whose sealed file has this SM3."""
    return _one(connection, "v.document_sm3 = %s", document_sm3)


def of_licence(connection: Connection, licence: str) -> list[LicenceVersion]:
    """All documents of a licence (by its id), the first one first."""
    rows = fetch_all(connection, f"select {COLUMNS} {FROM} where v.licence = %s order by v.version", (licence,))
    return [read(row) for row in rows]


def every(connection: Connection) -> list[LicenceVersion]:
    """The whole register in the order of reservation."""
    return [read(row) for row in fetch_all(connection, f"select {COLUMNS} {FROM} order by v.reserved_at, l.number")]


def in_state(connection: Connection, state: str) -> list[LicenceVersion]:
    """The documents that have come so far and no further, in the order of reservation."""
    rows = fetch_all(
        connection, f"select {COLUMNS} {FROM} where v.state = %s order by v.reserved_at, l.number", (state,)
    )
    return [read(row) for row in rows]


@dataclass(frozen=True, slots=True)
class CurrentFile:
    """The file of a licence's current document: where it lies below the hub's home, and how the licence stands."""

    number: str
    path: str
    sm3: bytes
    status: str


def count_current(connection: Connection) -> int:
    """How many licences have a published document."""
    row = fetch_one(connection, "select count(*) from licence where current_version is not null")
    return 0 if row is None else int(row[0])


def current_files(connection: Connection, after: str, limit: int) -> list[CurrentFile]:
    """Files of current documents, in the order of the licences' numbers, behind the number `after`."""
    rows = fetch_all(
        connection,
        f"select l.number, v.document_path, v.document_sm3, l.status {FROM} "
        "where v.version = l.current_version and l.number > %s order by l.number limit %s",
        (after, limit),
    )
    return [CurrentFile(number, path, bytes(digest), status) for number, path, digest, status in rows]


def facts(connection: Connection, vault: Vault, version: LicenceVersion) -> dict[str, Any]:
    """What the document is drawn from, as frozen at reservation."""
    row = fetch_one(connection, "select facts from licence_version where id = %s", (version.id,))
    if row is None:
        return {}
    return open_facts(vault, version.made_for, bytes(row[0]))


@dataclass(frozen=True, slots=True, repr=False)
class SealedFacts:
    """A document's facts as they lie in the register."""

    licence_type: str
    made_for: str
    sealed: bytes


def of_holder(cursor: Any, holder: bytes, licence_types: Sequence[str], today: date) -> list[SealedFacts]:
    """Current documents of the licences of these types that one holder has and that are in force, the newest first;
    part of the caller's transaction.
    """
    cursor.execute(
        f"select l.licence_type, v.made_for, v.facts {FROM} where l.holder = %s and l.licence_type = any(%s) "
        "and v.version = l.current_version and l.status = 'valid' "
        "and (l.valid_until is null or l.valid_until >= %s) order by v.reserved_at desc",
        (holder, list(licence_types), today),
    )
    return [SealedFacts(kind, made_for, bytes(sealed)) for kind, made_for, sealed in cursor]


def open_facts(vault: Vault, made_for: str, sealed: bytes) -> dict[str, Any]:
    """What a document is drawn from, unsealed."""
    opened: dict[str, Any] = json.loads(vault.open_sealed(FACTS, made_for.encode(), sealed))
    return opened


def timestamped(connection: Connection) -> dict[str, bool]:
    """For each document (by id) that is sealed: whether it carries a timestamp."""
    rows = fetch_all(
        connection,
        "select licence, coalesce(timestamped, false) from seal_use "
        "where licence is not null and document_kind = 'ofd' and outcome = 'sealed'",
    )
    return {row[0]: row[1] for row in rows}


def events(connection: Connection, version: LicenceVersion) -> list[tuple[datetime, str, dict[str, Any]]]:
    """The story of a document's making, oldest first."""
    rows = fetch_all(
        connection, "select at, event, detail from licence_event where licence = %s order by id", (version.id,)
    )
    return [(row[0], row[1], row[2]) for row in rows]


def read(row: Sequence[Any]) -> LicenceVersion:
    """A row of `COLUMNS`."""
    values = list(row)
    values[14] = bytes(row[14]) if row[14] is not None else None
    return LicenceVersion(*values)


def _one(connection: Connection, condition: str, value: Any) -> LicenceVersion | None:
    row = fetch_one(connection, f"select {COLUMNS} {FROM} where {condition}", (value,))
    return read(row) if row else None
