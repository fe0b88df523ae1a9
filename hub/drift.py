"""Drift: what a batch's columns look like, against what is declared and what was normal, as signals that stay open.

A signal is raised once, its counts are kept current, and it is closed when a later batch no longer shows it
(`gone`) or when a person takes it for the new normal (`accepted`). Nothing here refuses a record or stops a
batch.

What is enough to say something: 20 rows, those of successive small batches added up; for a column's values 20 of
them and 3 that show it; for a column that lost its values, 10 that would have been expected. What is normal is
learned from quiet batches until 1,000 rows were seen. A kind of value not seen among n of them may still be rare
and not new, so it has to make up a share of 3/n above the usual tolerance.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final

from connectors.declaration import Declaration
from connectors.registry import declaration as declared
from core.clock import second_text
from hub.context import Hub
from schemas.drift import COMPARED, Change, ChangeKind, Profile, changes, profile
from schemas.drift_names import veiled
from schemas.registry import model
from store import drift as rows
from store.connection import transaction
from store.drift import Signal

#: Rows of a batch that are looked at: at most this many and at least half of it, evenly over its pages.
_SAMPLE: Final = 1000
_FEWEST_ROWS: Final = 20
_FEWEST_VALUES: Final = 20
_FEWEST_TO_SHOW: Final = 3
_FEWEST_MISSED: Final = 10
_LEARNED: Final = 1000
_TOLERANCE: Final = 0.05
#: With n values seen and none of a kind among them, its share is below 3/n in 19 cases of 20.
_RULE_OF_THREE: Final = 3

_WHOLE_COLUMN: Final = (ChangeKind.UNKNOWN, ChangeKind.MISSING)
_ZH: Final = {
    ChangeKind.UNKNOWN: "新增列",
    ChangeKind.MISSING: "缺列",
    ChangeKind.EMPTIED: "整列变空",
    ChangeKind.TYPE: "类型改变",
    ChangeKind.VALUES: "取值范围改变",
    ChangeKind.GARBLED: "乱码",
}


class DriftWatch:
    """Watches one batch of one resource, page by page.

    It holds at most a thousand rows of the batch in memory until `finish`. A batch that is taken up by another
    process is judged by the pages that process reads, with whatever profile an earlier part has stored.
    """

    def __init__(self, hub: Hub, declaration: Declaration) -> None:
        self._hub = hub
        self._declaration = declaration
        self._kept: list[Mapping[str, Any]] = []
        self._every = 1
        self._passed = 0

    def __repr__(self) -> str:
        return f"DriftWatch({self._declaration.name}, {len(self._kept)} rows, hidden)"

    def look(self, page: Iterable[Mapping[str, Any]]) -> None:
        """See the rows of a page under the source's column names; leave out deletions and rows that could not be cut.

        Every n-th row is kept. Where that would be too many, every second of those is let go and n doubled, so that
        the sample stays even over the batch however long it turns out to be.
        """
        rows_ = page if isinstance(page, Sequence) else list(page)
        self._kept.extend(rows_[-self._passed % self._every :: self._every])
        self._passed += len(rows_)
        while len(self._kept) > _SAMPLE:
            self._kept = self._kept[::2]
            self._every *= 2

    def finish(self, batch_id: int) -> tuple[str, ...]:
        """Write the profile and the signals of a batch in one transaction; returns the texts of newly raised signals.

        A batch without rows says nothing and writes nothing.
        """
        if not self._kept:
            return ()
        known = _known(self._declaration)
        seen = veiled(
            profile(self._declaration.schema_name, self._kept),
            known,
            lambda name: self._hub.vault.index("drift", self._declaration.name, name),
        )
        self._kept = []
        with transaction(self._hub.connection) as cursor:
            rows.hold(cursor, self._declaration.name)
            rows.add_profile(cursor, self._declaration.name, batch_id, seen, known, self._hub.clock.now())
            if seen.rows < _FEWEST_ROWS and rows.brings_little(cursor, batch_id):
                # The same few rows read again and again would add up to a sample of themselves.
                rows.mark_judged(cursor, self._declaration.name, batch_id)
                return ()
            return _judge(cursor, self._declaration, batch_id, self._hub.clock.now())


@dataclass(frozen=True, slots=True)
class SignalView:
    """A signal as people and scripts see it."""

    id: int
    resource: str
    kind: str
    zh: str
    column: str
    count: int
    of: int
    detail: str
    first_batch: int
    last_batch: int
    raised_at: str
    seen_at: str
    closed_at: str | None
    closed_as: str | None
    closed_by: str | None

    @property
    def state(self) -> str:
        """`open`, `gone` or `accepted`."""
        return self.closed_as or "open"

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {**asdict(self), "state": self.state}


def signals(hub: Hub, *, resource: str | None = None, closed: bool = False) -> list[SignalView]:
    """Open signals, oldest first; `closed` brings the others as well.

    Raises:
        UnknownResource: `resource` is not declared.
    """
    if resource is not None:
        declared(resource)
    return [_view(signal) for signal in rows.every(hub.connection, resource=resource, closed=closed)]


def accept(hub: Hub, number: int, *, who: str) -> SignalView:
    """Take a signal's column as it is now for normal.

    What is normal afterwards: an unknown column is passed over, a missing one is not missed, a column's values are
    compared with those last seen. Once `[columns]`, `optional` or `ignored` of the declaration say it, better still.

    Raises:
        NotInStore: there is no such signal.
        SignalClosed: it is closed already.
    """
    signal = rows.get(hub.connection, number)
    now = hub.clock.now()
    with transaction(hub.connection) as cursor:
        rows.hold(cursor, signal.resource)
        seen = rows.accept(cursor, signal, who, now)
        normal = rows.normal(cursor, signal.resource)
        if normal is not None:
            columns = {name: column for name, column in normal.columns.items() if name != signal.column}
            if seen is not None:
                columns[signal.column] = seen
            rows.set_normal(cursor, signal.resource, replace(normal, columns=columns), now)
    return _view(rows.get(hub.connection, number))


def _judge(cursor: Any, declaration: Declaration, batch: int, now: datetime) -> tuple[str, ...]:
    resource = declaration.name
    pool = rows.waiting(cursor, resource, declaration.schema_name)
    if pool.rows < _FEWEST_ROWS:
        return ()
    normal = rows.normal(cursor, resource)
    if normal is not None and normal.schema_name != pool.schema_name:
        normal = None
    shown = _shown(declaration, pool, normal, rows.accepted_of(cursor, resource))
    open_before = rows.open_of(cursor, resource)
    raised = [
        change for change in shown if rows.show(cursor, resource, batch, change, pool.columns.get(change.column), now)
    ]
    still = {(change.kind, change.column) for change in shown}
    for signal in open_before:
        if (signal.kind, signal.column) not in still and _can_be_gone(signal, pool):
            rows.close_gone(cursor, signal, batch, now)
    loud = {signal.column for signal in rows.open_of(cursor, resource)}
    rows.set_normal(cursor, resource, _learned(normal, pool, loud), now)
    rows.mark_judged(cursor, resource)
    return tuple(str(change) for change in raised)


def _shown(
    declaration: Declaration, pool: Profile, normal: Profile | None, accepted: Mapping[tuple[str, str], Signal]
) -> list[Change]:
    """The changes that are worth a signal."""
    by_itself = _changes(declaration, pool, None)
    found = {
        (change.column, change.kind): change
        for change in by_itself
        if _enough(change) and not _is_normal(change, accepted.get((change.kind, change.column)))
    }
    if normal is not None:
        # Accepting such a change has replaced what is compared with, so that nothing else need remember it.
        beside = [change for change in _changes(declaration, pool, normal) if change not in by_itself]
        found |= {(change.column, change.kind): change for change in beside if _enough_beside(change, pool, normal)}
    return [found[place] for place in sorted(found)]


def _changes(declaration: Declaration, pool: Profile, before: Profile | None) -> tuple[Change, ...]:
    return changes(
        pool,
        before=before,
        columns=declaration.columns,
        optional=declaration.optional,
        ignored=declaration.ignored,
        tolerance=_TOLERANCE,
    )


def _enough(change: Change) -> bool:
    return change.kind in _WHOLE_COLUMN or (change.of >= _FEWEST_VALUES and change.count >= _FEWEST_TO_SHOW)


def _enough_beside(change: Change, pool: Profile, normal: Profile) -> bool:
    before = normal.columns[change.column]
    if change.kind is ChangeKind.EMPTIED:
        return before.present * pool.rows >= _FEWEST_MISSED * normal.rows
    if before.present < _FEWEST_VALUES or not _enough(change):
        return False
    return change.count > change.of * (_TOLERANCE + _RULE_OF_THREE / before.present)


def _is_normal(change: Change, accepted: Signal | None) -> bool:
    """Whether a person has taken this for normal, and it has not become noticeably more since."""
    if accepted is None or accepted.detail.startswith(COMPARED):
        return False
    return change.kind in _WHOLE_COLUMN or change.count <= change.of * (accepted.share + _TOLERANCE)


def _can_be_gone(signal: Signal, pool: Profile) -> bool:
    """Whether the sample says that the column is well again; too few values of it say neither yes nor no."""
    if signal.kind in _WHOLE_COLUMN:
        return True
    seen = pool.columns.get(signal.column)
    return seen is not None and seen.present >= (1 if signal.kind == ChangeKind.EMPTIED else _FEWEST_VALUES)


def _learned(normal: Profile | None, pool: Profile, loud: set[str]) -> Profile:
    """What is normal after a batch; a column with an open signal teaches nothing."""
    quiet = replace(pool, columns={name: seen for name, seen in pool.columns.items() if name not in loud})
    if normal is None:
        return quiet
    return normal if normal.rows >= _LEARNED else normal.merged(quiet)


def _known(declaration: Declaration) -> frozenset[str]:
    cls = model(declaration.schema_name)
    ours = (*declaration.columns, *declaration.optional, *declaration.ignored)
    return frozenset(cls.field_of) | frozenset(name.lower() for name in (*ours, *cls.ignored))


def _view(signal: Signal) -> SignalView:
    return SignalView(
        id=signal.id,
        resource=signal.resource,
        kind=signal.kind,
        zh=_ZH[ChangeKind(signal.kind)],
        column=signal.column,
        count=signal.count,
        of=signal.of,
        detail=signal.detail,
        first_batch=signal.first_batch,
        last_batch=signal.last_batch,
        raised_at=second_text(signal.raised_at),
        seen_at=second_text(signal.seen_at),
        closed_at=second_text(signal.closed_at),
        closed_as=signal.closed_as,
        closed_by=signal.closed_by,
    )
