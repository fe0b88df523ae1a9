"""What the typed exchange tables of every make have in common: control columns, place, rows of a kept page."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from connectors.canonical import canonical_json
from connectors.port import Cursor, CursorRefused, Operation, RawPage, RawRecord, SourceGarbled
from core.clock import SHANGHAI
from core.edition import written

#: Columns every exchange table carries besides its own; all NOT NULL in the national DDL.
CONTROL = ("row_guid", "cd_batch", "cd_operation", "cd_time", "data_source")


@dataclass(frozen=True, slots=True)
class TablePlace:
    """Where reading a typed table stands: behind the row with this cd_time and row_guid."""

    cd_time: str | None = None
    row_guid: str = ""
    pages: int = 0

    @classmethod
    def read(cls, cursor: Cursor, resource: str) -> TablePlace:
        """The place a cursor names; the empty one is before the first row.

        Raises:
            CursorRefused: another adapter made it.
        """
        if not cursor:
            return cls()
        try:
            datetime.fromisoformat(cursor["cd_time"])
            return cls(cursor["cd_time"], str(cursor["row_guid"]), int(cursor["pages"]))
        except (KeyError, TypeError, ValueError):
            raise CursorRefused(
                f"{resource}: the stored cursor is not one of an exchange table's. Nothing was read; "
                "set it to {} to read the resource again from the beginning (rows already held change nothing)."
            ) from None

    @property
    def moment(self) -> datetime | None:
        """The table's own time at this place, in Asia/Shanghai as its department writes it."""
        return None if self.cd_time is None else datetime.fromisoformat(self.cd_time).replace(tzinfo=SHANGHAI)

    def rewound(self, by: timedelta) -> TablePlace:
        """The place so much earlier, in front of every row of that time."""
        if self.cd_time is None:
            return self
        return TablePlace((datetime.fromisoformat(self.cd_time) - by).isoformat(), "", self.pages)

    def cursor(self) -> dict[str, Any]:
        """The same place as a JSON-serialisable mapping."""
        return {"cd_time": self.cd_time, "row_guid": self.row_guid, "pages": self.pages}


class ByTableTime:
    """What an adapter that reads by (cd_time, row_guid) tells of the table's time, see `connectors.port.Timed`."""

    _name: str

    def rewound(self, cursor: Cursor, by: timedelta) -> Cursor:
        """The cursor set back in the table's own time."""
        return TablePlace.read(cursor, self._name).rewound(by).cursor() if cursor else cursor

    def moment(self, cursor: Cursor) -> datetime | None:
        """The cd_time at which a cursor stands."""
        return TablePlace.read(cursor, self._name).moment


@dataclass(frozen=True, slots=True)
class KeyRange:
    """The rows of one part: a range of the key's first column, and nothing behind a place.

    `lower` is included and `upper` is not; None is open. Rows without a key are of the first part.
    """

    lower: str | None
    upper: str | None
    until: TablePlace


def ranges_between(bounds: Sequence[str | None]) -> list[tuple[str | None, str | None]]:
    """The ranges that inner bounds make, as many as there are different ones and one more."""
    inner = list(dict.fromkeys(bound for bound in bounds if bound is not None))
    return list(pairwise([None, *inner, None]))


def exchange_rows(resource: str, page: RawPage) -> Iterator[RawRecord]:
    """The rows of a kept page with the operation their cd_operation names.

    Raises:
        SourceGarbled: the bytes are no page of an exchange table.
    """
    try:
        rows = json.loads(page.body)
    except (ValueError, RecursionError):
        raise SourceGarbled(f"{resource}: page {page.number} is not JSON.", page.body) from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise SourceGarbled(f"{resource}: page {page.number} is not a list of rows.", page.body)
    for position, row in enumerate(rows):
        operation, problem = operation_of(row.get("cd_operation"), "cd_operation")
        yield RawRecord(position, row, canonical_json(row), operation, problem, edition_of(row))


def edition_of(row: Mapping[str, Any]) -> str | None:
    """The row's place in the table's own order, as text that sorts like it; None where its time cannot be read."""
    try:
        moment = datetime.fromisoformat(str(row["cd_time"]))
    except (KeyError, ValueError):
        return None
    return written(f"{moment.isoformat(timespec='microseconds')} {row.get('row_guid', '')}")


def operation_of(said: object, column: str) -> tuple[Operation, str | None]:
    """The operation a column's value names, and what is wrong with the row where it names none."""
    try:
        return Operation(str(said).strip().upper()), None
    except ValueError:
        return Operation.UPDATE, f"{column} is not one of I, U, D"
