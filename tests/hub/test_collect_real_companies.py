"""The district's real companies, as published: every row is accounted for, and the second time nothing changes."""

from __future__ import annotations

import csv
from pathlib import Path

from hub.collect import collect
from hub.context import Hub
from hub.quarantine import entries
from store.connection import fetch_all


def test_all_rows_land_and_the_second_time_none_changes(hub: Hub, real_companies: Path) -> None:
    first = collect(hub, "market.company", file=real_companies)
    assert first.counts.landed == 4779
    assert first.counts.balanced
    assert first.source_count == 4779
    for entry in entries(hub, resource="market.company", state="open", limit=10_000):
        assert entry.reasons
    before = fetch_all(hub.connection, "select resource, key, version from record order by 2")

    second = collect(hub, "market.company", file=real_companies)
    assert (second.counts.inserted, second.counts.changed, second.counts.deleted) == (0, 0, 0)
    assert second.counts.landed == 4779
    assert second.counts.quarantined == first.counts.quarantined
    assert fetch_all(hub.connection, "select resource, key, version from record order by 2") == before


def _near(row: dict[str, str], number: int) -> dict[str, str]:
    """The same company as another clerk would have typed it: every fifth in another way."""
    near = dict(row)
    match number % 5:
        case 0:
            near["name"] = row["name"].replace("（", "(").replace("）", ")")
        case 1:
            near["code"] = row["code"].lower()
        case 2:
            near["name"] = f" {row['name']} "
        case 3:
            near["registered_on"] = row["registered_on"].replace("-", "/")
        case _:
            near["address"] = f"{row['address']}（附楼）"
    return near


def test_near_duplicates_are_accounted_for_and_the_second_time_nothing_changes(
    hub: Hub, real_companies: Path, tmp_path: Path
) -> None:
    with real_companies.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines)
        columns, rows = list(reader.fieldnames or []), list(reader)
    whole = [row for row in rows if None not in row and None not in row.values()]
    spread = whole[:: len(whole) // 100][:100]
    injected = [_near(row, number) for number, row in enumerate(spread)]
    file = tmp_path / "near.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, columns)
        writer.writeheader()
        for number, row in enumerate(whole):
            writer.writerow(row)
            if number % 40 == 0 and injected:
                writer.writerow(injected.pop())
        writer.writerows(injected)
    first = collect(hub, "market.company", file=file)
    assert first.counts.landed == first.source_count == len(whole) + 100
    assert first.counts.balanced
    assert 0 < first.counts.changed <= 40  # another address is another version; another writing is none
    state = "select resource, key, version from record order by 2"
    before = fetch_all(hub.connection, state)
    second = collect(hub, "market.company", file=file)
    assert (second.counts.accepted, second.counts.landed) == (0, len(whole) + 100)
    assert second.counts.quarantined == first.counts.quarantined
    assert fetch_all(hub.connection, state) == before
