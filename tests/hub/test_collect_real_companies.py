"""The district's real companies, as published: every row is accounted for, and the second time nothing changes."""

from __future__ import annotations

from pathlib import Path

from hub.collect import collect
from hub.context import Hub
from hub.quarantine import entries
from store.connection import fetch_all


def test_all_rows_land_and_the_second_time_none_changes(hub: Hub, real_companies: Path) -> None:
    first = collect(hub, "market.company", file=real_companies)
    assert first.counts.landed == 4779
    assert first.counts.landed == first.counts.accepted + first.counts.quarantined
    assert first.source_count == 4779
    for entry in entries(hub, resource="market.company", state="open", limit=10_000):
        assert entry.reasons
    before = fetch_all(hub.connection, "select resource, key, version from record order by 2")

    second = collect(hub, "market.company", file=real_companies)
    assert (second.counts.inserted, second.counts.changed, second.counts.deleted) == (0, 0, 0)
    assert second.counts.landed == 4779
    assert second.counts.quarantined == first.counts.quarantined
    assert fetch_all(hub.connection, "select resource, key, version from record order by 2") == before
