"""Requests to see an archive: who asked for what with which proofs, each step, and what was given out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from core.digest import sm3
from store.connection import Connection, fetch_all, fetch_one
from store.vault import Vault

#: The data key that seals what requests say, reasons and files.
RESOURCE: Final = "archive_request"
_COLUMNS: Final = (
    "id::text, seq, party::text, requester, form, terms, automatic, stage, masked, told, own, asked_at, asked_by, "
    "asked_by_name, decided_at, decided_by, answered_at, expires_at, certificate_sm3"
)


@dataclass(frozen=True, slots=True, repr=False)
class NewRequest:
    """A request about to be written down; `told` and `terms` are JSON. See the columns' comments."""

    id: str
    party: str
    requester: str
    form: str
    terms: dict[str, Any]
    automatic: bool
    told: dict[str, Any]
    own: bytes | None
    asked_by: str
    asked_by_name: str


class Stored(NamedTuple):
    """A request as the table has it, opened."""

    id: str
    seq: int
    party: str
    requester: str
    form: str
    terms: dict[str, Any]
    automatic: bool
    stage: str
    masked: bool
    told: dict[str, Any]
    own: bytes | None
    asked_at: datetime
    asked_by: str
    asked_by_name: str
    decided_at: datetime | None
    decided_by: str | None
    answered_at: datetime | None
    expires_at: datetime | None
    certificate_sm3: bytes | None


@dataclass(frozen=True, slots=True, repr=False)
class NewFile:
    """A file of a request. `kind`: proof, answer, facts or certificate; a paper that was only seen has no `body`."""

    kind: str
    body: bytes | None
    media_type: str | None = None
    proof: str | None = None


class StoredFile(NamedTuple):
    """What the table says of a file, without its bytes."""

    part: int
    kind: str
    proof: str | None
    media_type: str | None
    size: int | None
    sm3: bytes | None


class StoredEvent(NamedTuple):
    """A step that was taken."""

    step: str
    at: datetime
    who: str
    who_name: str
    why: str
    entry: str


@dataclass(frozen=True, slots=True, repr=False)
class Step:
    """A step about to be written down; `entry` is its number in the audit log."""

    step: str
    who: str
    who_name: str
    why: str
    entry: str


def add(cursor: Any, vault: Vault, new: NewRequest, stage: str, now: datetime) -> int:
    """Write a request down, as part of the caller's transaction and after `vault.ready(RESOURCE)`; what it is counted
    by.
    """
    vault.hold(cursor, RESOURCE)
    cursor.execute(
        "insert into archive_request (id, party, requester, form, terms, automatic, stage, told, own, asked_at, "
        "asked_by, asked_by_name) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) returning seq",
        (
            new.id, new.party, new.requester, new.form, json.dumps(new.terms, ensure_ascii=False), new.automatic, stage,
            vault.seal(RESOURCE, f"{new.id}/told".encode(), json.dumps(new.told, ensure_ascii=False).encode()),
            new.own, now, new.asked_by, new.asked_by_name,
        ),
    )  # fmt: skip
    return int(cursor.fetchone()[0])


def add_files(cursor: Any, vault: Vault, request: str, files: Sequence[NewFile]) -> None:
    """Keep files after those the request has; the caller's transaction holds the data key (`add`, `hold`)."""
    cursor.execute("select coalesce(max(part) + 1, 0) from archive_request_file where request = %s", (request,))
    first = cursor.fetchone()[0]
    for part, file in enumerate(files, first):
        body = file.body
        cursor.execute(
            "insert into archive_request_file (request, part, kind, proof, media_type, bytes, sm3, body) "
            "values (%s, %s, %s, %s, %s, %s, %s, %s)",
            (
                request, part, file.kind, file.proof, file.media_type,
                None if body is None else len(body),
                None if body is None else sm3(body),
                None if body is None else vault.seal(RESOURCE, f"{request}/{part}".encode(), body),
            ),
        )  # fmt: skip


def add_step(cursor: Any, vault: Vault, request: str, step: Step, now: datetime) -> None:
    """Write a step down; the caller's transaction holds the data key."""
    cursor.execute(
        "insert into archive_request_event (request, step, at, who, who_name, why, entry) "
        "values (%s, %s, %s, %s, %s, %s, %s)",
        (
            request, step.step, now, step.who, step.who_name,
            vault.seal(RESOURCE, f"{request}/why".encode(), step.why.encode()), step.entry,
        ),
    )  # fmt: skip


def hold(cursor: Any, vault: Vault, request: str) -> Stored:
    """A request that is there, held until the caller's transaction ends, with the data key: of two one is first."""
    vault.hold(cursor, RESOURCE)
    cursor.execute(f"select {_COLUMNS} from archive_request where id = %s for update", (request,))
    return _stored(vault, cursor.fetchone())


def decided(cursor: Any, request: str, *, stage: str, who: str, masked: bool, now: datetime) -> None:
    """A waiting request was granted or refused."""
    cursor.execute(
        "update archive_request set stage = %s, decided_at = %s, decided_by = %s, masked = %s where id = %s",
        (stage, now, who, masked, request),
    )


def answered(
    cursor: Any,
    request: str,
    *,
    certificate_sm3: bytes,
    token_sm3: bytes,
    pick_up_sm3: bytes,
    expires_at: datetime,
    now: datetime,
) -> None:
    """A granted request has its answer."""
    cursor.execute(
        "update archive_request set stage = 'answered', answered_at = %s, expires_at = %s, certificate_sm3 = %s, "
        "token_sm3 = %s, pick_up_sm3 = %s where id = %s",
        (now, expires_at, certificate_sm3, token_sm3, pick_up_sm3, request),
    )


def ended(cursor: Any, request: str, stage: str) -> None:
    """A request was withdrawn, or its time is over."""
    cursor.execute("update archive_request set stage = %s where id = %s", (stage, request))


def by_id(connection: Connection, vault: Vault, request: str) -> Stored | None:
    """The request of an id; text that is no id is none's."""
    if not _is_id(request):
        return None
    row = fetch_one(connection, f"select {_COLUMNS} from archive_request where id = %s", (request,))
    return _stored(vault, row) if row else None


def by_seq(connection: Connection, vault: Vault, seq: int) -> Stored | None:
    """The request of a number."""
    row = fetch_one(connection, f"select {_COLUMNS} from archive_request where seq = %s", (seq,))
    return _stored(vault, row) if row else None


def by_token(connection: Connection, vault: Vault, token_sm3: bytes) -> Stored | None:
    """The request whose certificate's QR code holds the token of this SM3."""
    row = fetch_one(connection, f"select {_COLUMNS} from archive_request where token_sm3 = %s", (token_sm3,))
    return _stored(vault, row) if row else None


def by_certificate(connection: Connection, vault: Vault, certificate_sm3: bytes) -> Stored | None:
    """The request whose certificate is the file of this SM3."""
    row = fetch_one(
        connection, f"select {_COLUMNS} from archive_request where certificate_sm3 = %s", (certificate_sm3,)
    )
    return _stored(vault, row) if row else None


def may_pick_up(connection: Connection, request: str, pick_up_sm3: bytes) -> bool:
    """Whether the code is the one the answer was given out with."""
    found = fetch_one(
        connection,
        "select 1 from archive_request where id = %s and pick_up_sm3 = %s",
        (request, pick_up_sm3),
    )
    return found is not None


def in_stage(
    connection: Connection,
    vault: Vault,
    stages: Sequence[str],
    *,
    asked_by: str | None = None,
    limit: int | None = None,
) -> list[Stored]:
    """Requests in some stages, stage by stage in their order, the oldest first; of one account where it is given."""
    rows = fetch_all(
        connection,
        f"select {_COLUMNS} from archive_request where stage = any(%(stages)s) "
        "and (%(asked_by)s::text is null or asked_by = %(asked_by)s) "
        "order by array_position(%(stages)s, stage), seq limit %(limit)s",
        {"stages": list(stages), "asked_by": asked_by, "limit": limit},
    )
    return [_stored(vault, row) for row in rows]


def of_party(connection: Connection, vault: Vault, party: str) -> list[Stored]:
    """Every request about a party's archive, the newest first."""
    rows = fetch_all(connection, f"select {_COLUMNS} from archive_request where party = %s order by seq desc", (party,))
    return [_stored(vault, row) for row in rows]


def of_own(connection: Connection, vault: Vault, own: bytes) -> list[Stored]:
    """What a holder asked of its own archive, the newest first."""
    rows = fetch_all(connection, f"select {_COLUMNS} from archive_request where own = %s order by seq desc", (own,))
    return [_stored(vault, row) for row in rows]


def over(connection: Connection, now: datetime) -> list[str]:
    """Ids of answers whose time is over, and of granted requests nobody answered for as many days."""
    return [
        row[0]
        for row in fetch_all(
            connection,
            "select id::text from archive_request where (stage = 'answered' and expires_at < %(now)s) "
            "or (stage = 'granted' and decided_at + make_interval(days => (terms ->> 'days')::int + 1) < %(now)s) "
            "order by seq",
            {"now": now},
        )
    ]


def files(connection: Connection, request: str) -> list[StoredFile]:
    """What files a request has, in their order."""
    rows = fetch_all(
        connection,
        "select part, kind, proof, media_type, bytes, sm3 from archive_request_file where request = %s order by part",
        (request,),
    )
    return [StoredFile._make([*row[:5], None if row[5] is None else bytes(row[5])]) for row in rows]


def body(connection: Connection, vault: Vault, request: str, part: int) -> bytes | None:
    """The bytes of a file; None where there is no such file, or no bytes of it."""
    row = fetch_one(
        connection, "select body from archive_request_file where request = %s and part = %s", (request, part)
    )
    if row is None or row[0] is None:
        return None
    return vault.open_sealed(RESOURCE, f"{request}/{part}".encode(), row[0])


def events(connection: Connection, vault: Vault, request: str) -> list[StoredEvent]:
    """Every step of a request, in order."""
    rows = fetch_all(
        connection,
        "select step, at, who, who_name, why, entry::text from archive_request_event where request = %s order by id",
        (request,),
    )
    return [
        StoredEvent._make([*row[:4], vault.open_sealed(RESOURCE, f"{request}/why".encode(), row[4]).decode(), row[5]])
        for row in rows
    ]


class Times(NamedTuple):
    """When a request took its steps; None for a step it has not taken."""

    requester: str
    form: str
    automatic: bool
    stage: str
    asked_at: datetime
    decided_at: datetime | None
    answered_at: datetime | None


def times(connection: Connection, since: datetime, until: datetime) -> list[Times]:
    """Of the requests asked from `since` up to and without `until`."""
    rows = fetch_all(
        connection,
        "select requester, form, automatic, stage, asked_at, decided_at, answered_at from archive_request "
        "where asked_at >= %s and asked_at < %s order by seq",
        (since, until),
    )
    return [Times(*row) for row in rows]


def _is_id(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def _stored(vault: Vault, row: tuple[Any, ...]) -> Stored:
    told = json.loads(vault.open_sealed(RESOURCE, f"{row[0]}/told".encode(), row[9]))
    own, certificate = (None if value is None else bytes(value) for value in (row[10], row[18]))
    return Stored._make([*row[:9], told, own, *row[11:18], certificate])
