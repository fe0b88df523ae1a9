"""Cases opened at a desk or terminal, and how materials were settled that a lookup did not give."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from core.clock import SHANGHAI
from store.connection import execute_prepared

_NUMBER: Final = re.compile(r"YZ-[0-9]{8}-[0-9]{6,}")
_COLUMNS = (
    "case_no, item, item_version, subject, organisation, street, channel, holder_present, opened_at, opened_by, "
    "closed_at, closed_by, outcome"
)


@dataclass(frozen=True, slots=True)
class DeskCase:
    """One case. `subject` is the keyed hash of the applicant."""

    case_no: str
    item: str
    item_version: int
    subject: bytes
    organisation: str
    street: str | None
    channel: str
    holder_present: bool
    opened_at: datetime
    opened_by: str
    closed_at: datetime | None = None
    closed_by: str | None = None
    outcome: str | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """How one material was settled: `clause`, `due` and `kept` are of a promise; `kept` is None until it is checked."""

    case_no: str
    material: str
    way: str
    resource: str
    reason: str
    at: datetime
    by_user: str
    clause: str | None = None
    due: date | None = None
    due_verified: bool | None = None
    kept: bool | None = None
    checked_at: datetime | None = None
    checked_by: str | None = None


_SETTLED = (
    "case_no, material, way, resource, reason, at, by_user, clause, due, due_verified, kept, checked_at, checked_by"
)


def next_number(cursor: Any, now: datetime) -> str:
    """A number that is never given again, also where the transaction is undone."""
    cursor.execute("select nextval('desk_case_number')")
    return f"YZ-{now.astimezone(SHANGHAI):%Y%m%d}-{cursor.fetchone()[0]:06d}"


def is_number(text: str) -> bool:
    """Whether it is of the form that `next_number` gives."""
    return _NUMBER.fullmatch(text) is not None


def insert(cursor: Any, case: DeskCase) -> None:
    """Write a new case."""
    cursor.execute(
        "insert into desk_case (case_no, item, item_version, subject, organisation, street, channel, holder_present, "
        "opened_at, opened_by) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            case.case_no, case.item, case.item_version, case.subject, case.organisation, case.street, case.channel,
            case.holder_present, case.opened_at, case.opened_by,
        ),
    )  # fmt: skip


def get(cursor: Any, case_no: str, *, lock: bool = False) -> DeskCase | None:
    """The case of a number; with `lock` it cannot be closed until the transaction ends."""
    if lock:
        cursor.execute(f"select {_COLUMNS} from desk_case where case_no = %s for update", (case_no,))
    elif ("case", case_no) in cursor.connection.ahead:
        known: DeskCase | None = cursor.connection.ahead["case", case_no]
        return known
    else:
        read = f"select {_COLUMNS} from desk_case where case_no = $1"
        execute_prepared(cursor, "desk_case_of_number", read, ("text",), (case_no,))
    row = cursor.fetchone()
    return _case(row) if row else None


def read_ahead(cursor: Any, numbers: Sequence[str]) -> None:
    """Read cases and promises for many lookups of this transaction at once; `get` and `promised` then ask nobody."""
    ahead = cursor.connection.ahead
    ahead.update({("case", number): None for number in numbers})
    read = f"select {_COLUMNS} from desk_case where case_no = any($1)"
    execute_prepared(cursor, "desk_cases_of_numbers", read, ("text[]",), (list(numbers),))
    ahead.update({("case", row[0]): _case(row) for row in cursor})
    execute_prepared(
        cursor,
        "promised_in_cases",
        "select case_no, material from case_material where case_no = any($1) and way = 'promise' and kept is not false",
        ("text[]",),
        (list(numbers),),
    )
    promises: dict[str, set[str]] = {number: set() for number in numbers}
    for number, material in cursor:
        promises[number].add(material)
    ahead.update({("promised", number): frozenset(materials) for number, materials in promises.items()})


def _case(row: Sequence[Any]) -> DeskCase:
    values: list[Any] = [bytes(value) if isinstance(value, memoryview) else value for value in row]
    return DeskCase(*values)


def close(cursor: Any, case_no: str, *, at: datetime, by: str, outcome: str) -> None:
    """End a case."""
    cursor.execute(
        "update desk_case set closed_at = %s, closed_by = %s, outcome = %s where case_no = %s and closed_at is null",
        (at, by, outcome, case_no),
    )


def settle(cursor: Any, settled: Settled) -> None:
    """Write down how a material was settled; the same again replaces what stood there, but never a checked promise."""
    cursor.execute(
        "insert into case_material (case_no, material, way, resource, reason, at, by_user, clause, due, due_verified) "
        "values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict (case_no, material, way) do update set "
        "reason = excluded.reason, at = excluded.at, by_user = excluded.by_user, clause = excluded.clause, "
        "due = excluded.due, due_verified = excluded.due_verified where case_material.kept is null",
        (
            settled.case_no, settled.material, settled.way, settled.resource, settled.reason, settled.at,
            settled.by_user, settled.clause, settled.due, settled.due_verified,
        ),
    )  # fmt: skip


def settled_of(cursor: Any, case_no: str) -> list[Settled]:
    """How the materials of a case were settled."""
    cursor.execute(f"select {_SETTLED} from case_material where case_no = %s order by material, way", (case_no,))
    return [Settled(*row) for row in cursor]


def promised(cursor: Any, case_no: str) -> frozenset[str]:
    """Codes of the materials promised in a case, those aside whose promise was found broken."""
    known: frozenset[str] | None = cursor.connection.ahead.get(("promised", case_no))
    if known is not None:
        return known
    execute_prepared(
        cursor,
        "promised_in_case",
        "select material from case_material where case_no = $1 and way = 'promise' and kept is not false",
        ("text",),
        (case_no,),
    )
    return frozenset(row[0] for row in cursor)


def check_promise(cursor: Any, case_no: str, material: str, *, kept: bool, at: datetime, by: str) -> bool:
    """Note once whether a promise held; False where there is none that is unchecked."""
    cursor.execute(
        "update case_material set kept = %s, checked_at = %s, checked_by = %s "
        "where case_no = %s and material = %s and way = 'promise' and kept is null",
        (kept, at, by, case_no, material),
    )
    return bool(cursor.rowcount)


def unchecked_promises(cursor: Any, limit: int) -> list[Settled]:
    """Promises nobody has checked yet, those due first."""
    cursor.execute(
        f"select {_SETTLED} from case_material where way = 'promise' and kept is null order by due, case_no limit %s",
        (limit,),
    )
    return [Settled(*row) for row in cursor]
