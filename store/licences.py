"""The licence register: a number is reserved once, and every step leaves its line."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from store import seal_uses
from store.connection import Connection, fetch_all, fetch_one, transaction
from store.seal_uses import DocumentKind
from store.vault import Vault

#: The data key under which a licence's facts are sealed.
_FACTS = "licence"


@dataclass(frozen=True, slots=True)
class Licence:
    """A row of the register. `state` goes reserved → sealed → published → archived and never back."""

    id: str
    licence_type: str
    year: int
    sequence: int
    number: str
    identifier: str
    approval: str
    item: str
    state: str
    reserved_at: datetime
    document_sm3: bytes | None
    document_path: str | None


@dataclass(frozen=True, slots=True, repr=False)
class Composed:
    """What a licence will be under a certain sequence number.

    `facts` is all the document is drawn from, as JSON; it is frozen at reservation, so that a later try draws the same.
    """

    number: str
    identifier: str
    facts: Mapping[str, Any]


_COLUMNS = (
    "id, licence_type, year, sequence, number, identifier, approval, item, state, reserved_at, "
    "document_sm3, document_path"
)


def by_approval(connection: Connection, approval: str) -> Licence | None:
    """The licence of an approval, if a number was ever reserved for it."""
    row = fetch_one(connection, f"select {_COLUMNS} from licence where approval = %s", (approval,))
    return _licence(row) if row else None


def by_number(connection: Connection, number: str) -> Licence | None:
    """The licence that bears a number, as printed on its face."""
    row = fetch_one(connection, f"select {_COLUMNS} from licence where number = %s", (number,))
    return _licence(row) if row else None


def every(connection: Connection) -> list[Licence]:
    """The whole register in the order of reservation."""
    return [
        _licence(row) for row in fetch_all(connection, f"select {_COLUMNS} from licence order by reserved_at, number")
    ]


def in_state(connection: Connection, state: str) -> list[Licence]:
    """The licences that have come so far and no further, in the order of reservation."""
    rows = fetch_all(
        connection, f"select {_COLUMNS} from licence where state = %s order by reserved_at, number", (state,)
    )
    return [_licence(row) for row in rows]


def reserve(
    connection: Connection,
    vault: Vault,
    *,
    licence_type: str,
    year: int,
    approval: str,
    item: str,
    holder: bytes,
    compose: Callable[[int], Composed],
    now: datetime,
) -> Licence:
    """Take the next number of the type and year for an approval; the same approval gets its own number again.

    Args:
        compose: works the licence out for a sequence number. What it raises passes through, and the number
            stays free: whatever can be found wrong is to be found here.
    """
    vault.ready(_FACTS)
    with transaction(connection) as cursor:
        vault.hold(cursor, _FACTS)
        # One at a time per type and year: a number is neither used twice nor skipped.
        cursor.execute("select pg_advisory_xact_lock(hashtext('number'), hashtext(%s))", (f"{licence_type}/{year}",))
        cursor.execute(f"select {_COLUMNS} from licence where approval = %s", (approval,))
        row = cursor.fetchone()
        if row is None:
            cursor.execute(
                "select coalesce(max(sequence), 0) + 1 from licence where licence_type = %s and year = %s",
                (licence_type, year),
            )
            sequence = cursor.fetchone()[0]
            composed = compose(sequence)
            sealed = vault.seal(_FACTS, approval.encode(), json.dumps(composed.facts, ensure_ascii=False).encode())
            cursor.execute(
                "insert into licence (licence_type, year, sequence, number, identifier, approval, item, holder, "
                "facts, reserved_at) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) "
                f"returning {_COLUMNS}",
                (
                    licence_type,
                    year,
                    sequence,
                    composed.number,
                    composed.identifier,
                    approval,
                    item,
                    holder,
                    sealed,
                    now,
                ),
            )
            row = cursor.fetchone()
            _event(cursor, row[0], now, "reserved", {"number": composed.number})
    return _licence(row)


def facts(connection: Connection, vault: Vault, licence: Licence) -> dict[str, Any]:
    """What the document is drawn from, as frozen at reservation."""
    row = fetch_one(connection, "select facts from licence where id = %s", (licence.id,))
    if row is None:
        return {}
    return open_facts(vault, licence.approval, bytes(row[0]))


@dataclass(frozen=True, slots=True, repr=False)
class SealedFacts:
    """A licence's facts as they lie in the register."""

    licence_type: str
    approval: str
    sealed: bytes


def of_holder(cursor: Any, holder: bytes, licence_types: Sequence[str]) -> list[SealedFacts]:
    """The published licences of these types that one holder has, the newest first; part of the caller's transaction."""
    cursor.execute(
        "select licence_type, approval, facts from licence where holder = %s and licence_type = any(%s) "
        "and state in ('published', 'archived') order by reserved_at desc",
        (holder, list(licence_types)),
    )
    return [SealedFacts(kind, approval, bytes(sealed)) for kind, approval, sealed in cursor]


def open_facts(vault: Vault, approval: str, sealed: bytes) -> dict[str, Any]:
    """What a licence of an approval is drawn from, unsealed."""
    opened: dict[str, Any] = json.loads(vault.open_sealed(_FACTS, approval.encode(), sealed))
    return opened


def intend(
    connection: Connection, licence: Licence, *, seal_sm3: bytes, es_id: str, draft_sm3: bytes, now: datetime
) -> bool:
    """Write down what is about to be signed, before it is. An intent left over by a dead process is closed.

    Returns:
        Whether there was one before: this licence was about to be sealed already, and its file may lie on disk.

    Raises:
        SealNotRegistered, SealNotActive: the seal may not be used; nothing was written.
    """
    with transaction(connection) as cursor:
        if seal_uses.abandon(cursor, case_no=licence.approval, document_kind=DocumentKind.OFD, now=now):
            _event(cursor, licence.id, now, "abandoned", {})
        cursor.execute("select exists (select from seal_use where licence = %s)", (licence.id,))
        tried_before: bool = cursor.fetchone()[0]
        seal_uses.write_intent(
            cursor,
            seal_sm3=seal_sm3,
            es_id=es_id,
            case_no=licence.approval,
            licence=licence.id,
            document_kind=DocumentKind.OFD,
            draft_sm3=draft_sm3,
            now=now,
        )
        _event(cursor, licence.id, now, "intended", {"seal": es_id, "draft_sm3": draft_sm3.hex()})
    return tried_before


def record_sealed(
    connection: Connection, licence: Licence, *, document_sm3: bytes, timestamped: bool, path: str, now: datetime
) -> None:
    """The document is sealed, verified by our own verifier, and on disk under this path."""
    with transaction(connection) as cursor:
        cursor.execute(
            "update seal_use set outcome = 'sealed', settled_at = %s, document_sm3 = %s, timestamped = %s "
            "where licence = %s and document_kind = 'ofd' and outcome = 'intended'",
            (now, document_sm3, timestamped, licence.id),
        )
        cursor.execute(
            "update licence set state = 'sealed', document_sm3 = %s, document_path = %s where id = %s",
            (document_sm3, path, licence.id),
        )
        detail = {"document_sm3": document_sm3.hex(), "timestamped": timestamped}
        _event(cursor, licence.id, now, "sealed", detail)


def timestamped(connection: Connection) -> dict[str, bool]:
    """For each licence (by id) that is sealed: whether its document carries a timestamp."""
    rows = fetch_all(
        connection,
        "select licence, coalesce(timestamped, false) from seal_use "
        "where licence is not null and document_kind = 'ofd' and outcome = 'sealed'",
    )
    return {row[0]: row[1] for row in rows}


def record_published(connection: Connection, licence: Licence, now: datetime) -> None:
    """The document is where people fetch it."""
    with transaction(connection) as cursor:
        cursor.execute("update licence set state = 'published' where id = %s", (licence.id,))
        _event(cursor, licence.id, now, "published", {})


def record_archived(
    connection: Connection, licence: Licence, *, file_no: str, sm3: bytes, size: int, path: str, now: datetime
) -> None:
    """The archive package is on disk and passed its check."""
    with transaction(connection) as cursor:
        cursor.execute(
            "insert into archive_package (file_no, licence, sm3, bytes, path, made_at) values (%s, %s, %s, %s, %s, %s)",
            (file_no, licence.id, sm3, size, path, now),
        )
        cursor.execute("update licence set state = 'archived' where id = %s", (licence.id,))
        _event(cursor, licence.id, now, "archived", {"package_sm3": sm3.hex()})


def events(connection: Connection, licence: Licence) -> list[tuple[datetime, str, dict[str, Any]]]:
    """The licence's own history, oldest first."""
    rows = fetch_all(
        connection, "select at, event, detail from licence_event where licence = %s order by id", (licence.id,)
    )
    return [(row[0], row[1], row[2]) for row in rows]


def settle_approval(
    connection: Connection, approval: str, *, item: str, state: str, missing: list[dict[str, str]], now: datetime
) -> None:
    """Note how an approval stands; the same standing again writes nothing."""
    with transaction(connection) as cursor:
        cursor.execute(
            "insert into approval_outcome as o (approval, item, state, missing, settled_at) "
            "values (%s, %s, %s, %s, %s) on conflict (approval) do update "
            "set item = excluded.item, state = excluded.state, missing = excluded.missing, "
            "settled_at = excluded.settled_at "
            "where (o.state, o.missing, o.item) is distinct from (excluded.state, excluded.missing, excluded.item)",
            (approval, item, state, json.dumps(missing, ensure_ascii=False), now),
        )


def _event(cursor: Any, licence: str, now: datetime, event: str, detail: Mapping[str, Any]) -> None:
    cursor.execute(
        "insert into licence_event (licence, at, event, detail) values (%s, %s, %s, %s)",
        (licence, now, event, json.dumps(detail)),
    )


def _licence(row: tuple[Any, ...]) -> Licence:
    values = list(row)
    values[10] = bytes(row[10]) if row[10] is not None else None
    return Licence(*values)
