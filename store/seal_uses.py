"""Every use of a seal: written down before the seal is used, settled when it is known what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from psycopg2.extras import execute_values

from store import seals
from store.connection import Connection, fetch_all, transaction


class DocumentKind(StrEnum):
    """What a seal was put on."""

    OFD = "ofd"
    PDF = "pdf"
    ANNOTATED = "annotated"
    """An annotated copy 加注件, of either form; `store.annotated` says which."""
    SHEET = "sheet"
    """A plain sheet, such as a certificate or a report; its case says which. It is of no licence."""


@dataclass(frozen=True, slots=True)
class SealUse:
    """One use of a seal, for one case.

    `seal_version` is None for a use before the seal was registered; `timestamped` is None until it is known.
    """

    id: int
    es_id: str
    seal_version: int | None
    case_no: str
    licence_number: str | None
    document_kind: str
    outcome: str
    intended_at: datetime
    settled_at: datetime | None
    timestamped: bool | None
    draft_sm3: bytes
    document_sm3: bytes | None


@dataclass(frozen=True, slots=True)
class Intent:
    """A use of a seal about to be made: for which case, on which document of the register, over which draft."""

    case_no: str
    licence: str | None
    draft_sm3: bytes


def uses(
    connection: Connection, *, es_id: str | None = None, case_no: str | None = None, limit: int = 1000
) -> list[SealUse]:
    """Uses of seals, newest first, those before there was a register too."""
    rows = fetch_all(
        connection,
        "select u.id, u.seal_id, s.version, u.case_no, l.number, u.document_kind, u.outcome, u.intended_at, "
        "u.settled_at, u.timestamped, u.draft_sm3, u.document_sm3 "
        "from seal_use u left join seal s on s.id = u.seal "
        "left join licence_version v on v.id = u.licence left join licence l on l.id = v.licence "
        "where (%s::text is null or u.seal_id = %s) and (%s::text is null or u.case_no = %s) "
        "order by u.id desc limit %s",
        (es_id, es_id, case_no, case_no, limit),
    )
    return [_use(row) for row in rows]


def use_counts(connection: Connection) -> dict[str, dict[str, int]]:
    """For each ES_ID: uses by outcome, and of the sealed ones how many bear no timestamp (`without_timestamp`)."""
    rows = fetch_all(
        connection,
        "select seal_id, count(*) filter (where outcome = 'sealed'), count(*) filter (where outcome = 'intended'), "
        "count(*) filter (where outcome = 'abandoned'), "
        "count(*) filter (where outcome = 'sealed' and timestamped is not true) from seal_use group by 1",
    )
    return {
        row[0]: {"sealed": row[1], "intended": row[2], "abandoned": row[3], "without_timestamp": row[4]} for row in rows
    }


def begin_use(
    connection: Connection,
    *,
    seal_sm3: bytes,
    es_id: str,
    case_no: str,
    licence: str | None,
    document_kind: DocumentKind,
    draft_sm3: bytes,
    now: datetime,
) -> int:
    """Write down that a registered seal is about to be used for a case, before it is; the number of the use.

    An intent that a dead process left over for the same case and kind is closed as abandoned.

    Raises:
        SealNotRegistered, SealNotActive: nothing was written.
    """
    with transaction(connection) as cursor:
        abandon(cursor, case_no=case_no, document_kind=document_kind, now=now)
        return write_intent(
            cursor,
            seal_sm3=seal_sm3,
            es_id=es_id,
            case_no=case_no,
            licence=licence,
            document_kind=document_kind,
            draft_sm3=draft_sm3,
            now=now,
        )


def settle_use(connection: Connection, use: int, *, document_sm3: bytes, timestamped: bool, now: datetime) -> None:
    """Write down what came of a use: the sealed document's SM3, and whether a timestamp is in it."""
    with transaction(connection) as cursor:
        settle(cursor, use, document_sm3=document_sm3, timestamped=timestamped, now=now)


def settle(cursor: Any, use: int, *, document_sm3: bytes, timestamped: bool, now: datetime) -> None:
    """As `settle_use`, within the caller's transaction."""
    cursor.execute(
        "update seal_use set outcome = 'sealed', settled_at = %s, document_sm3 = %s, timestamped = %s where id = %s",
        (now, document_sm3, timestamped, use),
    )


def abandon_use(cursor: Any, use: int, *, now: datetime) -> None:
    """Close one intent that nobody will settle any more."""
    cursor.execute("update seal_use set outcome = 'abandoned', settled_at = %s where id = %s", (now, use))


def abandon(cursor: Any, *, case_no: str, document_kind: DocumentKind, now: datetime) -> bool:
    """Close the intents of a case that nobody will settle any more; whether there were any."""
    cursor.execute(
        "update seal_use set outcome = 'abandoned', settled_at = %s "
        "where case_no = %s and document_kind = %s and outcome = 'intended' returning id",
        (now, case_no, document_kind.value),
    )
    return cursor.fetchone() is not None


def abandon_of(cursor: Any, *, licence: str, document_kind: DocumentKind, now: datetime) -> bool:
    """Close the intents on one document of the register (by its id); whether there were any. An order of many
    documents is one case, so its number would close the others' too.
    """
    return licence in abandon_all_of(cursor, licences=[licence], document_kind=document_kind, now=now)


def abandon_all_of(
    cursor: Any, *, licences: Sequence[str], document_kind: DocumentKind, now: datetime
) -> frozenset[str]:
    """As `abandon_of`, for many documents; those that had any."""
    cursor.execute(
        "update seal_use set outcome = 'abandoned', settled_at = %s "
        "where licence = any(%s::uuid[]) and document_kind = %s and outcome = 'intended' returning licence",
        (now, licences, document_kind.value),
    )
    return frozenset(row[0] for row in cursor.fetchall())


def write_intent(
    cursor: Any,
    *,
    seal_sm3: bytes,
    es_id: str,
    case_no: str,
    licence: str | None,
    document_kind: DocumentKind,
    draft_sm3: bytes,
    now: datetime,
) -> int:
    """As `begin_use`, within the caller's transaction."""
    one = Intent(case_no, licence, draft_sm3)
    return write_intents(cursor, seal_sm3=seal_sm3, es_id=es_id, intents=[one], document_kind=document_kind, now=now)[0]


def write_intents(
    cursor: Any,
    *,
    seal_sm3: bytes,
    es_id: str,
    intents: Sequence[Intent],
    document_kind: DocumentKind,
    now: datetime,
) -> list[int]:
    """As `write_intent`, for many uses of one seal; their numbers, in the same order."""
    seal = seals.hold_active(cursor, seal_sm3, es_id, now)
    rows = execute_values(
        cursor,
        "insert into seal_use (seal, seal_id, case_no, licence, document_kind, intended_at, draft_sm3) "
        "values %s returning id",
        [
            (seal.id, seal.entry.es_id, one.case_no, one.licence, document_kind.value, now, one.draft_sm3)
            for one in intents
        ],
        fetch=True,
    )
    return [row[0] for row in rows]


def _use(row: tuple[Any, ...]) -> SealUse:
    values: list[Any] = [bytes(value) if isinstance(value, memoryview) else value for value in row]
    return SealUse(*values)
