"""Entries of the licence register 证照登记簿: every published document and every change of a licence's state.

They are bodies of the Merkle log `register`; an entry is written with what it tells of, in one transaction, and waits
for its number. No person is named: a licence is known by number and identifier, a reason in words stays outside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from psycopg2.extras import execute_values

from core.canonical import canonical
from core.clock import SHANGHAI
from core.merkle import leaf_hash
from core.uuid7 import uuid7
from schemas.licence_life import Status, Step
from store.merkle_log import WAIT_ALL

#: Name of the log.
LOG: Final = "register"
#: How the body is made; the first thing it says.
VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Grounds:
    """Why a step is taken, as of which day, and who takes it.

    Attributes:
        basis: title of the law or decision it rests on.
        effective_on: the day from which it holds.
        document_no: number of the decision, where there is one.
        user, organisation: who is responsible; `hub` where an approval leads to it without anybody's hand.
    """

    basis: str
    effective_on: date
    user: str
    organisation: str
    document_no: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """What the register tells of one step.

    Attributes:
        identifier, version, document_sm3: of the document that came of it, or that was current; None before the first.
        supersedes: identifier of the document it takes the place of.
        valid_until: last day of validity after the step; None for 长期.
        case: approval or order the step follows from; None for an officer's own.
    """

    step: Step
    number: str
    licence_type: str
    identifier: str | None
    version: int | None
    document_sm3: bytes | None
    before: Status
    after: Status
    valid_until: date | None
    supersedes: str | None
    case: str | None


def append(cursor: Any, licence: str, entry: Entry, grounds: Grounds, now: datetime) -> str:
    """Write one entry as part of the caller's transaction; its number, a UUID of version 7."""
    return append_all(cursor, [(licence, entry, grounds)], now)[0]


def append_all(cursor: Any, entries: Sequence[tuple[str, Entry, Grounds]], now: datetime) -> list[str]:
    """As `append`, for many: each a licence's id, the entry and its grounds. Their numbers, in the same order."""
    rows = []
    for licence, entry, grounds in entries:
        id_ = str(uuid7(now))
        rows.append((id_, licence, body_of(id_, entry, grounds, now)))
    execute_values(
        cursor,
        "insert into register_entry (id, at, licence, body) values %s",
        [(id_, now, licence, body) for id_, licence, body in rows],
    )
    execute_values(cursor, WAIT_ALL, [(LOG, id_, leaf_hash(body)) for id_, _, body in rows])
    return [id_ for id_, _, _ in rows]


def body_of(id_: str, entry: Entry, grounds: Grounds, now: datetime) -> bytes:
    """What the leaf is computed from: JSON with sorted keys, compact, UTF-8."""
    return canonical(
        {
            "v": VERSION,
            "id": id_,
            "at": now.astimezone(SHANGHAI).isoformat(timespec="microseconds"),
            "step": entry.step.value,
            "number": entry.number,
            "licence_type": entry.licence_type,
            "identifier": entry.identifier,
            "version": entry.version,
            "document_sm3": None if entry.document_sm3 is None else entry.document_sm3.hex(),
            "before": entry.before.value,
            "after": entry.after.value,
            "effective_on": grounds.effective_on.isoformat(),
            "valid_until": None if entry.valid_until is None else entry.valid_until.isoformat(),
            "basis": grounds.basis,
            "document_no": grounds.document_no,
            "supersedes": entry.supersedes,
            "case": entry.case,
        }
    )
