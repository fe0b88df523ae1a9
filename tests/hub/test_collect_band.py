"""A batch that leaves the band of its declaration stops before it lands, and goes on once somebody has looked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from connectors import registry
from connectors.agreement import Band
from connectors.declaration import load_all
from hub.collect import BatchOutsideBand, collect
from hub.context import Hub
from hub.sources import source_states
from store.connection import fetch_all
from tests.departments import Departments

Banded = Callable[..., None]


@pytest.fixture
def banded(monkeypatch: pytest.MonkeyPatch, departments: Departments, hub: Hub) -> Banded:
    """Gives a resource another band and pages of another size."""
    departments.write_sources(hub.settings.sources_file)

    def change(resource: str, band: Band, page_size: int = 200) -> None:
        known = load_all()[resource]
        access = known.access.model_copy(update={"page_size": page_size})
        changed = {**load_all(), resource: known.model_copy(update={"band": band, "access": access})}
        monkeypatch.setattr(registry, "load_all", lambda: changed)

    return change


def _landed(hub: Hub, resource: str) -> int:
    rows = fetch_all(hub.connection, "select coalesce(sum(landed), 0) from batch where resource = %s", (resource,))
    return int(rows[0][0])


def _trouble(hub: Hub, resource: str) -> str | None:
    return next(state.trouble for state in source_states(hub) if state.resource == resource)


@pytest.mark.parametrize("rows", [(0, 3), (100_000, 200_000)])
def test_a_batch_of_another_size_is_not_even_read(hub: Hub, banded: Banded, rows: tuple[int, int]) -> None:
    banded("tax.registration", Band(verified=True, rows=rows))
    with pytest.raises(
        BatchOutsideBand, match=rf"rows, expected {rows[0]} to {rows[1]}\. The batch was stopped before it landed"
    ):
        collect(hub, "tax.registration")
    assert fetch_all(hub.connection, "select 1 from raw_page") == []
    assert "HUB-702" in str(_trouble(hub, "tax.registration"))

    banded("tax.registration", Band())
    done = collect(hub, "tax.registration")
    assert done.resumed
    assert done.counts.landed == done.source_count == _landed(hub, "tax.registration") > 3
    assert _trouble(hub, "tax.registration") is None


def test_a_batch_with_too_many_bad_rows_stops_before_any_of_it_lands(hub: Hub, banded: Banded) -> None:
    banded("hr.insurance", Band(verified=True, rejected=(0.0, 0.0)), page_size=10_000)
    with pytest.raises(BatchOutsideBand, match=r"hr\.insurance: .*of the rows set aside, expected 0\.0% to 0\.0%"):
        collect(hub, "hr.insurance")
    quarantined = fetch_all(hub.connection, "select 1 from quarantine")
    assert len(quarantined) == 0
    assert _pages(hub) == _landed(hub, "hr.insurance") == 0
    assert fetch_all(hub.connection, "select 1 from record") == []
    assert len(fetch_all(hub.connection, "select 1 from raw_page")) > 1

    banded("hr.insurance", Band(), page_size=10_000)
    done = collect(hub, "hr.insurance")
    assert done.counts.quarantined > 0
    assert done.counts.landed == done.source_count


def _pages(hub: Hub) -> int:
    return int(fetch_all(hub.connection, "select coalesce(sum(pages), 0) from batch")[0][0])


def test_bad_rows_that_come_first_do_not_stop_a_batch_that_is_good_as_a_whole(
    hub: Hub, banded: Banded, tmp_path: Path, departments: Departments
) -> None:
    lines = Path(departments.ready["market"]["file"]).read_bytes().splitlines(keepends=True)
    good = [line for line in lines[1:] if line.count(b",") == lines[0].count(b",")]
    folder = tmp_path / "market"
    folder.mkdir()
    (folder / "companies.csv").write_bytes(lines[0] + b"nothing\r\n" * 3 + b"".join(good))
    hub.settings.sources_file.write_text(f'[market]\nfolder = "{folder}"\n', encoding="utf-8")
    banded("market.company", Band(verified=True, rejected=(0.0, 0.9)), page_size=3)
    done = collect(hub, "market.company")
    assert done.counts.quarantined >= 3
    assert done.counts.landed == len(good) + 3


def test_a_reading_that_finds_nothing_new_is_no_batch_of_the_wrong_size(hub: Hub, banded: Banded) -> None:
    banded("market.company", Band(verified=True, rows=(1, 500_000)))
    assert collect(hub, "market.company").counts.landed > 0
    assert collect(hub, "market.company").counts.landed == 0


def test_a_batch_with_too_few_bad_rows_stops_too(hub: Hub, banded: Banded) -> None:
    banded("tax.registration", Band(verified=True, rejected=(0.9, 1.0)))
    with pytest.raises(BatchOutsideBand, match=r"expected 90\.0% to 100\.0%\. The batch was stopped before it landed"):
        collect(hub, "tax.registration")
    assert _landed(hub, "tax.registration") == 0


def test_a_band_that_is_a_guess_stops_nothing_and_what_leaves_it_is_said(hub: Hub, banded: Banded) -> None:
    banded("tax.registration", Band(rows=(0, 3), rejected=(0.9, 1.0)))
    done = collect(hub, "tax.registration")
    assert done.counts.landed == done.source_count
    assert [text.partition(", ")[2] for text in done.outside_band] == ["expected 0 to 3", "expected 90.0% to 100.0%"]
