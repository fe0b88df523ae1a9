"""A source that sends everything each time: what it lacks has ended, unless too much is lacking."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import pytest

from connectors import registry
from connectors.agreement import Snapshot
from connectors.declaration import load_all
from hub.collect import BatchOutsideBand, collect
from hub.context import Hub
from hub.sources import source_states
from store.connection import fetch_all
from tests.hub.exchange_table import code

RESOURCE = "market.company"


@pytest.fixture(autouse=True)
def _snapshots(monkeypatch: pytest.MonkeyPatch) -> None:
    known = load_all()[RESOURCE]
    changed = known.model_copy(
        update={"snapshot": Snapshot(most_absent=0.2), "access": known.access.model_copy(update={"page_size": 7})}
    )
    monkeypatch.setattr(registry, "load_all", lambda: {**load_all(), RESOURCE: changed})


def write(path: Path, numbers: Sequence[int], extra: Sequence[str] = ()) -> Path:
    """A file with these companies, and lines as they are."""
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(load_all()[RESOURCE].columns)
        for number in numbers:
            writer.writerow(
                ["2019", f"测试第{number}号有限公司", code(number), "2019-05-06", "有限责任公司", "张**", "30(万元)",
                 "软件", "湖北", "武汉", "东西湖区金山大道1号", "uscc18_valid", ""]
            )  # fmt: skip
        out.writelines(extra)
    return path


def standing(hub: Hub) -> int:
    return int(fetch_all(hub.connection, "select count(*) from record")[0][0])


def test_what_a_snapshot_lacks_ends_and_may_come_back(hub: Hub, tmp_path: Path) -> None:
    collect(hub, RESOURCE, file=write(tmp_path / "1.csv", range(40)))
    second = collect(hub, RESOURCE, file=write(tmp_path / "2.csv", range(5, 42)))
    assert (second.counts.inserted, second.counts.unchanged, second.absent) == (2, 35, 5)
    assert second.counts.landed == second.source_count == 37
    assert standing(hub) == 37
    assert fetch_all(
        hub.connection, "select count(*), min(ended_as), max(ended_as), min(ended_by) from record_history"
    ) == [(5, "absent", "absent", second.batch)]
    assert fetch_all(hub.connection, "select 1 from snapshot_seen") == []
    third = collect(hub, RESOURCE, file=write(tmp_path / "3.csv", range(42)))
    assert (third.counts.inserted, third.absent) == (5, 0)
    assert fetch_all(hub.connection, "select count(*) from record where version = 2") == [(5,)]


def test_half_a_file_ends_nothing_and_is_a_fault(hub: Hub, tmp_path: Path) -> None:
    collect(hub, RESOURCE, file=write(tmp_path / "1.csv", range(40)))
    with pytest.raises(BatchOutsideBand, match=r"lacks 20 of 40 records, more than 20%"):
        collect(hub, RESOURCE, file=write(tmp_path / "2.csv", range(20)))
    assert standing(hub) == 40
    (state,) = [state for state in source_states(hub) if state.resource == RESOURCE]
    assert state.state == "in trouble"
    assert collect(hub, RESOURCE, file=write(tmp_path / "3.csv", range(40))).counts.unchanged == 40


def test_a_row_without_a_readable_key_may_be_any_of_the_absent(hub: Hub, tmp_path: Path) -> None:
    collect(hub, RESOURCE, file=write(tmp_path / "1.csv", range(40)))
    second = collect(hub, RESOURCE, file=write(tmp_path / "2.csv", range(39), ["2019,错位的一行,与表头不符\r\n"]))
    assert (second.absent, standing(hub)) == (0, 40)
    assert second.remarks == (
        "1 records are not in the snapshot and stay, because 1 rows of it have no readable key and may be theirs",
    )


def test_a_bad_row_whose_key_can_be_read_keeps_its_record(hub: Hub, tmp_path: Path) -> None:
    collect(hub, RESOURCE, file=write(tmp_path / "1.csv", range(40)))
    bad = f"2019,武汉测试有限公司,{code(39)},不是日期,有限公司,张**,30(万元),软件,湖北,武汉,地址,uscc18_valid,\r\n"
    second = collect(hub, RESOURCE, file=write(tmp_path / "2.csv", range(38), [bad]))
    assert (second.counts.quarantined, second.absent, standing(hub)) == (1, 1, 39)


def test_the_last_of_several_files_of_one_batch_counts(hub: Hub, tmp_path: Path) -> None:
    folder = tmp_path / "drop"
    folder.mkdir()
    hub.settings.sources_file.write_text(f'[market]\nfolder = "{folder}"\n', encoding="utf-8")
    hub.settings.sources_file.chmod(0o600)
    write(folder / "a.csv", range(40))
    write(folder / "b.csv", range(4, 40))
    done = collect(hub, RESOURCE)
    assert (done.counts.landed, done.absent, standing(hub)) == (76, 4, 36)
    assert collect(hub, RESOURCE).counts.landed == 0
    assert standing(hub) == 36
