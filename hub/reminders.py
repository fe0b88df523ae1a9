"""Reminders 到期提醒 before a licence ends: written once each, listed and handed to the clerks who call or write.

No message gateway is connected: a person tells the holders, and says here that it was done.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Final

from core.clock import second_text, today
from core.errors import Permanent
from hub.caller import Caller
from hub.context import Hub
from hub.files import DiskRefuses
from hub.licence_usage import logged
from hub.life import by_id, find
from schemas.licence_types import all_licence_types
from store import licence_life, licences, reminders
from store.connection import transaction
from store.licence_life import Licence
from store.reminders import Reminder

_COLUMNS: Final = (
    "证照名称",
    "证照编号",
    "持证主体",
    "有效期至",
    "剩余天数",
    "提醒",
    "联系人",
    "联系电话",
    "地址",
    "已告知",
)
_TOLD: Final = ("持证主体", "联系人", "联系电话", "地址")
_KINDS: Final = (".csv", ".xlsx")
#: Excel takes a text that begins so for a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t")


class ListRefused(Permanent):
    """The list of licences that end was not written: the path is taken, no place for a file, or of no known kind."""

    code: ClassVar[str] = "HUB-915"


@dataclass(frozen=True, slots=True)
class Ending:
    """A licence that ends soon, without a word about its holder.

    Attributes:
        left: days left, the last one not counted: 0 on the last day.
        reminder: the latest reminder that is due: so many days before; None where none is due yet.
        told_at: when somebody said that the holder was told of it.
    """

    licence: str
    licence_type: str
    title: str
    number: str
    valid_until: date
    left: int
    reminder: int | None
    told_at: datetime | None
    told_by: str | None

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "number": self.number,
            "licence_type": self.licence_type,
            "title": self.title,
            "valid_until": self.valid_until.isoformat(),
            "days_left": self.left,
            "reminder": self.reminder,
            "told_at": second_text(self.told_at),
            "told_by": self.told_by,
        }


def remind(hub: Hub) -> int:
    """Write every reminder that is due, each once; how many were new. What was missed on other days is made up."""
    day = today(hub.clock)
    due: list[tuple[str, date, int, date]] = []
    for licence in _ending(hub, day, _furthest()):
        for days in _days_of(licence.licence_type):
            on = licence.valid_until - timedelta(days=days) if licence.valid_until else day
            if licence.valid_until is not None and on <= day:
                due.append((licence.id, licence.valid_until, days, on))
    return reminders.write(hub.connection, due, hub.clock.now())


def ending(hub: Hub, days: int | None = None) -> list[Ending]:
    """Licences in force that end within so many days (as far ahead as any type reminds where None), the next first."""
    day = today(hub.clock)
    span = _furthest() if days is None else days
    said = {one.licence: one for one in reminders.latest(hub.connection, day, day + timedelta(days=span))}
    return [_row(licence, day, said.get(licence.id)) for licence in _ending(hub, day, span)]


def tell(hub: Hub, numbers: Sequence[str], *, who: str) -> int:
    """Note that the holders of these licences were told; of how many of them a reminder was open.

    Raises:
        LicenceUnknown: a number is not there; nothing was noted.
    """
    found = [find(hub, number) for number in dict.fromkeys(numbers)]
    now = hub.clock.now()
    return sum(reminders.mark_told(hub.connection, one.id, who=who, now=now) > 0 for one in found)


def export(hub: Hub, out: Path, caller: Caller, days: int | None = None) -> int:
    """Write those who have not been told yet into a new file (.xlsx or .csv) that only its maker can read; how many.

    It holds names and telephone numbers: that it was made is logged for each holder before a byte is written.

    Raises:
        ListRefused: the path is taken, no place for a new file, or ends in neither.
        DiskRefuses: no room; nothing is left at the path.
    """
    kind = out.suffix.lower()
    if kind not in _KINDS:
        raise ListRefused(f"{out.name} ends in neither .xlsx nor .csv; nothing was written. Name it so.")
    try:
        handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ListRefused(f"{out} is there already; nothing was written. Give a path that is free.") from None
    except OSError as error:
        raise ListRefused(f"{out} cannot be made ({error.strerror}); nothing was written. Give another path.") from None
    try:
        with os.fdopen(handle, "wb") as stream:
            data, count = contacts(hub, kind, caller, days)
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
    except BaseException as error:
        out.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise DiskRefuses(f"{out} was not written: {error.strerror}. Make room, then write it again.") from None
        raise
    return count


def contacts(hub: Hub, kind: str, caller: Caller, days: int | None = None) -> tuple[bytes, int]:
    """Those who have not been told yet, as a file (`.xlsx` or `.csv`), and how many; logged for each holder first."""
    listed = [row for row in ending(hub, days) if row.reminder is not None and row.told_at is None]
    rows = [_contact(hub, row) for row in listed]
    held = [by_id(hub, row.licence) for row in listed]
    with transaction(hub.connection) as cursor:
        for licence in held:
            logged(cursor, hub, licence, caller, purpose="licence_reminder", told=_TOLD)
    return _csv(rows) if kind == ".csv" else _book(rows), len(rows)


def _ending(hub: Hub, day: date, span: int) -> list[Licence]:
    return licence_life.ending(hub.connection, day + timedelta(days=span), day)


def _days_of(kind: str) -> Sequence[int]:
    found = all_licence_types().get(kind)
    return found.validity.remind_days if found else ()


def _furthest() -> int:
    return max((days for kind in all_licence_types() for days in _days_of(kind)), default=0)


def _row(licence: Licence, day: date, said: Reminder | None) -> Ending:
    kinds = all_licence_types()
    title = kinds[licence.licence_type].name if licence.licence_type in kinds else licence.licence_type
    until = licence.valid_until or day
    return Ending(
        licence.id, licence.licence_type, title, licence.number, until, (until - day).days,
        said.days if said else None, said.told_at if said else None, said.told_by if said else None,
    )  # fmt: skip


def _contact(hub: Hub, row: Ending) -> tuple[str, ...]:
    version = licences.by_number(hub.connection, row.number)
    facts = licences.facts(hub.connection, hub.vault, version) if version is not None else {}
    accept = json.loads(facts["case"]["accept"]) if facts else {}
    holder = facts["metadata"]["CZZT"] if facts else ""
    return (
        row.title, row.number, holder, row.valid_until.isoformat(), str(row.left), f"提前{row.reminder}天",
        accept.get("contact_name") or "", accept.get("contact_mobile") or "", accept.get("address") or "", "",
    )  # fmt: skip


def _csv(rows: Sequence[tuple[str, ...]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    writer.writerows([f"'{value}" if value.startswith(_FORMULA) else value for value in row] for row in rows)
    # With its mark, or Excel reads it as GBK.
    return text.getvalue().encode("utf-8-sig")


def _book(rows: Sequence[tuple[str, ...]]) -> bytes:
    from openpyxl import Workbook
    from openpyxl.styles import Font

    book = Workbook()
    sheet: Any = book.active
    sheet.title = "到期提醒"
    sheet.freeze_panes = "A2"
    for place, width in zip("ABCDEFGHIJ", (22, 34, 30, 12, 10, 12, 12, 16, 40, 10), strict=True):
        sheet.column_dimensions[place].width = width
    for line, values in enumerate((_COLUMNS, *rows), 1):
        for column, value in enumerate(values, 1):
            cell = sheet.cell(line, column, value)
            cell.data_type = "s"
            if line == 1:
                cell.font = Font(bold=True)
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()
