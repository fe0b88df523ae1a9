"""Everything the sandbox holds for one seed and size: the rows, their dirt, and what a right hub makes of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from uuid import UUID

from sandbox import dirt, plan
from sandbox.records import DAYS
from sandbox.rows import EXCHANGED, KEYS, TIMED, Row
from sandbox.tables import Approval, Tables
from sandbox.world import build_world, stream

#: Counts up when the same seed and size begin to give other data.
VERSION = 4


@dataclass(frozen=True, slots=True)
class Dataset:
    """All rows in the order the departments hold them, and the approvals expected of them."""

    seed: int
    size: int
    rows: dict[str, list[Row]]
    approvals: list[Approval]

    def expected(self) -> Iterator[dict[str, object]]:
        """The lines of expected.jsonl: one a source row, then one an approval. Needs every row's `place`."""
        for resource, rows in self.rows.items():
            for row in rows:
                yield {
                    "resource": resource,
                    "key": row.key,
                    "row": row.place,
                    "dirt": row.dirt,
                    "verdict": row.verdict,
                    "reasons": list(row.reasons),
                }
        for approval in self.approvals:
            case = approval.case
            line: dict[str, object] = {
                "approval": approval.project_no,
                "item": plan.ITEMS[case.item].code,
                "verdict": case.verdict,
                "missing": list(case.missing if case.verdict == "waiting" else ()),
            }
            if case.of is not None:
                line |= {"step": plan.ITEMS[case.item].step, "of": self.approvals[case.of].project_no}
            yield line


def build(seed: int, size: int) -> Dataset:
    """The whole dataset; the same arguments give the same rows, byte for byte."""
    planned = plan.cases(size)
    needed = plan.applicants(planned)
    world = build_world(seed, size, needed)
    tables = Tables(world, planned)
    rows = {resource: tables.rows.of(resource) for resource in KEYS}
    for resource in rows:
        rng = stream(seed, f"dirt/{resource}")
        if resource.startswith("bureau."):
            rows[resource] = _with_bad_first_sendings(rows[resource], rng)
        else:
            _dirty(rows[resource], rng)
        _order(resource, rows[resource])
    return Dataset(seed, size, rows, tables.approvals)


def _dirty(rows: list[Row], rng: Random) -> None:
    """Give each kind its stated number of rows; planned dirt on evidence counts towards it."""
    have: Counter[str] = Counter()
    for row in rows:
        if row.spoil is not None:
            kind = dirt.BY_NAME[row.spoil]
            if not dirt.spoil(row, kind, rng) and kind.reasons:
                raise AssertionError(f"planned dirt {kind.name} does not fit a row of {row.resource}")
        have[row.dirt or ""] += 1
    _spread(rows, rng, have, [kind for kind in dirt.KINDS if rows and rows[0].resource in kind.where])


def _spread(rows: list[Row], rng: Random, have: Counter[str], kinds: list[dirt.Kind]) -> None:
    targets = [row for row in rows if row.operation != "D"]
    rng.shuffle(targets)
    for kind in sorted(kinds, key=lambda kind: not kind.reasons):
        open_places = dirt.wanted(kind, len(targets)) - have[kind.name]
        for row in targets:
            if open_places <= 0:
                break
            untouched = row.dirt is None and row.spoil is None
            if untouched and not (row.guarded and _harms(kind)) and dirt.spoil(row, kind, rng):
                open_places -= 1


def _harms(kind: dirt.Kind) -> bool:
    """Whether a record no longer proves what it should, or lacks what a licence's face shows."""
    return bool(kind.reasons) or kind.name == "not-available"


def _with_bad_first_sendings(rows: list[Row], rng: Random) -> list[Row]:
    """The bureau's own rows: whatever goes to quarantine was sent again, right, a day later.

    So that every approval has a good row in the end, and an operator sees a correction arrive.
    """
    kinds = [kind for kind in dirt.KINDS if rows[0].resource in kind.where]
    clones = []
    for kind in kinds:
        if not kind.reasons:
            continue
        open_places = dirt.wanted(kind, len(rows))
        for row in rng.sample(rows, len(rows)):
            if open_places <= 0:
                break
            if row.operation == "U":
                continue
            first = row.copy()
            first.guid = str(UUID(int=rng.getrandbits(128), version=4))
            first.stamp = f"{DAYS[2]} 02:00:00" if row.resource == "bureau.accept" else f"{DAYS[3]} 02:00:00"
            if dirt.spoil(first, kind, rng):
                clones.append(first)
                row.operation = "U"
                open_places -= 1
    _spread(rows, rng, Counter(), [kind for kind in kinds if not kind.reasons])
    return clones + rows


def _order(resource: str, rows: list[Row]) -> None:
    """Put rows in the order their department gives them out, and name each row's place where that is its number."""
    if resource in TIMED:
        key = KEYS[resource][0]
        rows.sort(key=lambda row: (row.stamp, row.fields[key] or ""))
        for ordinal, row in enumerate(rows, 1):
            row.place = str(ordinal)
    elif resource in EXCHANGED:
        rows.sort(key=lambda row: (row.stamp, row.guid))
        for row in rows:
            row.place = row.guid
    elif resource != "market.company":
        rows.sort(key=lambda row: row.stamp)
