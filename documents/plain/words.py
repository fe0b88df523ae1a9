"""What a plain sheet says: a title, lines, tables, notes, and who made it on which day."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from documents.watermark import Watermark


@dataclass(frozen=True, slots=True, repr=False)
class Table:
    """Rows under column heads. It goes on over as many pages as it needs; each repeats the heads.

    Attributes:
        rows: each with one value a column; a line feed in a value begins a new line, an empty value is left blank.
        widths: of the columns, as shares of the page's; worked out from the words where empty.
    """

    heading: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...] = ()

    def __repr__(self) -> str:
        return f"Table({len(self.columns)} columns, {len(self.rows)} rows)"


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Sheet:
    """A plain sheet. None of its words is told by `repr`: they may name a person.

    Attributes:
        number: by which the sheet is known; at the head of it and at the foot of each page.
        lines: label and words, below each other.
        notes: paragraphs after the tables.
        made_on: the only date in the file.
        qr_text: of the QR code on page one, at most 200 bytes of UTF-8; None for none.
    """

    title: str
    number: str
    made_on: date
    lines: tuple[tuple[str, str], ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()
    qr_text: str | None = None
    watermark: Watermark | None = None

    def to_dict(self) -> dict[str, Any]:
        """Everything it says, as plain values: equal sheets have equal ones."""
        return {**asdict(self), "made_on": self.made_on.isoformat()}

    def __repr__(self) -> str:
        return f"Sheet({len(self.lines)} lines, {len(self.tables)} tables)"
