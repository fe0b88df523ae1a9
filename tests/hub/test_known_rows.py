"""A row known by its bytes is not judged again, and nothing is known that could have changed."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from connectors import registry
from connectors.declaration import load_all
from hub import judging
from hub.collect import collect
from hub.context import Hub
from schemas.judge import restore
from store import records
from tests.hub.exchange_table import code

RESOURCE = "market.company"


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the companies that were put before the schema, in order; pages have three rows."""
    known = load_all()[RESOURCE]
    small = known.model_copy(update={"access": known.access.model_copy(update={"page_size": 3})})
    monkeypatch.setattr(registry, "load_all", lambda: {**load_all(), RESOURCE: small})
    seen: list[str] = []
    really = judging.judge

    def judge(schema: str, fields: Any, **more: Any) -> Any:
        seen.append(fields["name"])
        return really(schema, fields, **more)

    monkeypatch.setattr(judging, "judge", judge)
    return seen


def write(path: Path, rows: Sequence[tuple[int, str]], header: Sequence[str] | None = None) -> Path:
    columns = list(header or load_all()[RESOURCE].columns)
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, columns)
        writer.writeheader()
        for number, name in rows:
            writer.writerow(
                dict.fromkeys(columns, "")
                | {"name": name, "code": code(number), "registered_on": "2019-05-06", "capital": "30(万元)"}
            )
    return path


def names(hub: Hub) -> dict[str, tuple[str, int]]:
    found = {}
    for row in records.of_resource(hub.connection, hub.vault, RESOURCE):
        record = restore(RESOURCE, row.payload)
        found[record.credit_code.text] = (record.name, row.version)  # type: ignore[attr-defined]
    return found


def test_only_rows_that_are_new_or_changed_are_judged(hub: Hub, tmp_path: Path, judged: list[str]) -> None:
    rows = [(number, f"第{number}公司") for number in range(8)]
    collect(hub, RESOURCE, file=write(tmp_path / "1.csv", rows))
    judged.clear()
    rows[4] = (4, "改名公司")
    done = collect(hub, RESOURCE, file=write(tmp_path / "2.csv", [*rows, (9, "新公司")]))
    assert judged == ["改名公司", "新公司"]
    assert (done.counts.unchanged, done.counts.changed, done.counts.inserted) == (7, 1, 1)


def test_the_same_file_again_changes_nothing_though_it_holds_a_company_twice(
    hub: Hub, tmp_path: Path, judged: list[str]
) -> None:
    rows = [(1, "甲公司"), (2, "乙公司"), (1, "甲公司（改）"), (3, "丙公司"), (2, "乙公司（改）"), (1, "甲公司")]
    file = write(tmp_path / "1.csv", rows)
    first = collect(hub, RESOURCE, file=file)
    assert first.counts.landed == len(rows)
    before = names(hub)
    for _ in range(2):
        again = collect(hub, RESOURCE, file=file)
        assert (again.counts.landed, again.counts.unchanged) == (len(rows), len(rows))
        assert names(hub) == before


def test_the_order_of_rows_of_one_record_counts_also_where_one_is_known(
    hub: Hub, tmp_path: Path, judged: list[str]
) -> None:
    """In another file the known row comes last: on the same page, and on the page after."""
    collect(hub, RESOURCE, file=write(tmp_path / "1.csv", [(1, "甲公司")]))
    collect(hub, RESOURCE, file=write(tmp_path / "2.csv", [(1, "改名"), (1, "甲公司")]))
    assert names(hub) == {code(1): ("甲公司", 3)}
    rows = [(1, "又改名"), (2, "乙公司"), (3, "丙公司"), (1, "甲公司")]
    collect(hub, RESOURCE, file=write(tmp_path / "3.csv", rows))
    assert names(hub)[code(1)] == ("甲公司", 5)


def test_rows_are_judged_again_when_rules_or_names_changed(
    hub: Hub, tmp_path: Path, judged: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [(1, "甲公司"), (2, "乙公司")]
    file = write(tmp_path / "1.csv", rows)
    collect(hub, RESOURCE, file=file)
    judged.clear()
    monkeypatch.setattr(judging, "rules_mark", lambda: "other rules")
    assert collect(hub, RESOURCE, file=file).counts.unchanged == 2
    assert judged == ["甲公司", "乙公司"]
    judged.clear()
    assert collect(hub, RESOURCE, file=file).counts.unchanged == 2
    assert judged == []
    columns = list(load_all()[RESOURCE].columns)
    columns[-1], columns[-2] = columns[-2], columns[-1]
    assert collect(hub, RESOURCE, file=write(tmp_path / "2.csv", rows, columns)).counts.unchanged == 2
    assert judged == ["甲公司", "乙公司"]
