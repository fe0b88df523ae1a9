"""Rejected rows as an XLSX workbook, for owners without a channel: a person sends it on."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from connectors.outgoing.port import Receipt, RejectedRow, ReturnUnavailable, Sending

_OURS = ("编号", "行号", "操作", "问题")
_ILLEGAL = {code: "�" for code in range(32) if chr(code) not in "\t\n\r"}
_LARGEST_CELL = 32_767


class WorkbookReturn:
    """Writes `<resource>-<reference>.xlsx` into a folder that only the hub can read.

    Publisher:  the hub, for the resource's owner
    Access:     a folder of this machine, 0700; the file 0600
    Freshness:  written whole under another name first; the same reference replaces the same file
    Caveats:    every value is text, so that Excel cuts no identifier; the file holds citizens' data: whoever
                sends it on does so by a way that is allowed for them
    """

    def __init__(self, columns: Sequence[str], folder: Path) -> None:
        self._columns = tuple(columns)
        self._folder = folder

    def send(self, sending: Sending, rows: Sequence[RejectedRow]) -> Receipt:
        """Write the workbook; `handed_over` is False, since a person sends it on."""
        path = self._folder / f"{sending.resource}-{sending.reference}.xlsx"
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            # mkstemp makes the file 0600 before a byte is in it.
            handle, name = tempfile.mkstemp(dir=self._folder, suffix=".part")
            part = Path(name)
            try:
                with os.fdopen(handle, "wb") as stream:
                    self._book(sending, rows).save(stream)
                    stream.flush()
                    os.fsync(stream.fileno())
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)
        except OSError as error:
            raise ReturnUnavailable(
                f"{sending.resource}: {path} cannot be written ({error.strerror}). {len(rows)} rows of "
                f"{sending.reference} stay in quarantine, unsent; see to the folder, then send again."
            ) from None
        return Receipt("workbook", str(path), len(rows), handed_over=False)

    def _book(self, sending: Sending, rows: Sequence[RejectedRow]) -> Workbook:
        names = tuple(dict.fromkeys([*self._columns, *(name for row in rows for name in row.fields)]))
        book = Workbook(write_only=True)
        sheet = book.create_sheet("退回数据")
        sheet.freeze_panes = "A4"
        widths = (10, 8, 8, 60, *(18 for _ in names))
        for place, width in enumerate(widths, 1):
            sheet.column_dimensions[get_column_letter(place)].width = width
        sheet.append([_cell(sheet, f"{sending.title}（{sending.resource}）退回数据 {len(rows)} 行", bold=True)])
        sheet.append(
            [_cell(sheet, f"批次 {sending.reference}，{sending.made_at:%Y-%m-%d %H:%M} 生成；{sending.wish()}")]
        )
        sheet.append([_cell(sheet, name, bold=True) for name in (*_OURS, *names)])
        for row in rows:
            ours = (str(row.number), str(row.position), row.operation, "\n".join(row.reasons))
            theirs = ("" if (value := row.fields.get(name)) is None else str(value) for name in names)
            sheet.append([_cell(sheet, value) for value in (*ours, *theirs)])
        return book


def _cell(sheet: Any, value: str, *, bold: bool = False) -> Any:
    # Text by type and by format: a value that begins with "=" is no formula, and a number stays as it was written.
    cell = WriteOnlyCell(sheet, value=value.translate(_ILLEGAL)[:_LARGEST_CELL])
    cell.data_type = "s"
    cell.number_format = "@"
    if bold:
        cell.font = Font(bold=True)
    elif "\n" in value:
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    return cell
