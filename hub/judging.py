"""Rows of a page judged: good, bad with every reason, or known already by their bytes."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, NamedTuple, overload

from connectors.declaration import Declaration
from connectors.port import Operation, RawPage, RawRecord, Source, SourceGarbled
from core.clock import Clock, today
from hub.context import Hub
from schemas.judge import canonical, judge, judge_deletion
from schemas.reasons import Reason
from schemas.rules import rules_mark
from store.hashes import Hashes
from store.landing import JudgedPage
from store.set_aside import BadRow
from store.versions import GoodRow

_NOTHING_KNOWN: Final[Mapping[bytes, bytes]] = {}


class Seen(Sequence[Mapping[str, Any]]):
    """The fields of a page's rows for whoever wants to see some of them; a row nobody looks at is not cut.

    A deletion and a row that is none have no fields to speak of: they are seen as empty.
    """

    def __init__(self, rows: Sequence[RawRecord]) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, at: int) -> Mapping[str, Any]: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Mapping[str, Any]]: ...
    def __getitem__(self, at: int | slice) -> Mapping[str, Any] | Sequence[Mapping[str, Any]]:
        if isinstance(at, slice):
            return [fields for row in self._rows[at] if (fields := _fields(row))]
        return _fields(self._rows[at])


def _fields(row: RawRecord) -> Mapping[str, Any]:
    return {} if row.operation is Operation.DELETE or row.problem is not None else row.fields


class Prepared(NamedTuple):
    """A kept page cut into rows, each with its mark, and not judged yet."""

    page: RawPage
    digest: bytes
    rows: Sequence[RawRecord]
    marks: Sequence[bytes]


@dataclass(slots=True)
class PageJudge:
    """Judges the pages of one resource, one after the other.

    Attributes:
        unknown: columns met that the schema does not know.
    """

    hashes: Hashes
    clock: Clock
    declaration: Declaration
    unknown: set[str] = field(default_factory=set)

    def prepare(self, source: Source, page: RawPage, digest: bytes) -> Prepared:
        """The rows of a kept page.

        Raises:
            SourceGarbled: the bytes are not a page of the protocol, or hold fewer rows than they declare.
        """
        rows = list(source.records(page))
        if page.declared_rows is not None and len(rows) != page.declared_rows:
            raise SourceGarbled(
                f"{self.declaration.name}: page {page.number} says it has {page.declared_rows} rows and has "
                f"{len(rows)}; it is kept, nothing of it landed. It is asked for again at the next try.",
                page.body,
            )
        return Prepared(page, digest, rows, self._marks(page, rows))

    def judged(
        self, prepared: Prepared, known: Mapping[bytes, bytes] = _NOTHING_KNOWN, under_way: Collection[bytes] = ()
    ) -> JudgedPage:
        """Every row of a page.

        Args:
            known: mark to key of rows whose record stood just so when the store was asked.
            under_way: keys of records that other pages may have changed since: of these nothing is known.
        """
        page, digest, rows, marks = prepared
        day = today(self.clock)
        there = {at: known[mark] for at, mark in enumerate(marks) if mark in known} if known else {}
        if there:
            judged = {at: self._row(row, marks[at], day) for at, row in enumerate(rows) if at not in there}
            touched = {one.key for one in judged.values() if isinstance(one, GoodRow)}.union(under_way)
            # A record that another row changes is not as it was when this row was known: here the order of rows counts.
            for at in [at for at, key in there.items() if key in touched]:
                judged[at] = self._row(rows[at], marks[at], day)
                del there[at]
            in_order = [judged[at] for at in sorted(judged)]
        else:
            in_order = [self._row(row, mark, day) for row, mark in zip(rows, marks, strict=True)]
        return JudgedPage(
            number=page.number,
            page_sm3=digest,
            good=[one for one in in_order if isinstance(one, GoodRow)],
            bad=[one for one in in_order if isinstance(one, BadRow)],
            known=list(there.values()),
            file=page.context.get("file", ""),
        )

    def _marks(self, page: RawPage, rows: Iterable[RawRecord]) -> list[bytes]:
        """Equal for rows of equal bytes that mean the same: same resource, rules, names, encoding and operation."""
        meaning = [self.declaration.name, self.declaration.schema_name, rules_mark()]
        meaning += [page.context.get(name, "") for name in ("encoding", "header", "sheet")]
        common = "\x1f".join(meaning).encode()
        marks = {
            operation: self.hashes.digests_after(b"\x1e".join((common, operation.encode(), b"")))
            for operation in Operation
        }
        return [marks[row.operation](row.raw) for row in rows]

    def _row(self, row: RawRecord, mark: bytes, day: date) -> GoodRow | BadRow:
        judged, strange = _judged(self.hashes, self.declaration, row, mark, day)
        if strange:
            self.unknown.update(strange)
        return judged


def judge_row(hub: Hub, declaration: Declaration, row: RawRecord) -> tuple[GoodRow | BadRow, tuple[str, ...]]:
    """One row judged by its schema, under the keyed hashes it will be stored under, and the columns nobody knows."""
    return _judged(hub.vault, declaration, row, None, today(hub.clock))


def _judged(
    hashes: Hashes, declaration: Declaration, row: RawRecord, mark: bytes | None, day: date
) -> tuple[GoodRow | BadRow, tuple[str, ...]]:
    schema, problem = declaration.schema_name, row.problem
    if row.operation is Operation.DELETE and problem is None:
        deletion = judge_deletion(schema, row.fields, today=day)
        if isinstance(deletion, str):
            return GoodRow(row.position, hashes.key(declaration.name, deletion), (), None, edition=row.edition), ()
        return _bad(hashes, declaration, row, deletion, day), ()
    record, reasons, _, unknown = judge(schema, row.fields, problem=problem, today=day)
    if record is None:
        return _bad(hashes, declaration, row, reasons, day), unknown
    payload = canonical(record)
    good = GoodRow(
        row.position,
        hashes.key(declaration.name, record.key()),
        tuple(dict.fromkeys([hashes.subject(one.kind, one.value) for one in record.subjects()])),
        payload,
        hashes.digest(payload),
        row.edition,
        mark,
    )
    return good, unknown


def _bad(hashes: Hashes, declaration: Declaration, row: RawRecord, reasons: Sequence[Reason], day: date) -> BadRow:
    key = None
    if row.problem is None:
        named = judge_deletion(declaration.schema_name, row.fields, today=day)
        key = hashes.key(declaration.name, named) if isinstance(named, str) else None
    return BadRow(
        position=row.position,
        key=key,
        raw=row.raw,
        fields=json.dumps(dict(row.fields), ensure_ascii=False, default=str).encode(),
        operation=row.operation.value,
        problem=row.problem,
        reasons=[{"code": reason.code, "field": reason.field, "column": reason.column} for reason in reasons],
    )
