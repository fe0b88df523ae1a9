"""The clock is set back: no number goes backward, and nothing is entered before the register's last entry."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from core.clock import SHANGHAI, FixedClock
from hub.approvals import decide
from hub.collect import collect
from hub.context import Hub
from hub.issue import issue_all
from schemas.licence_life import Step
from store import licence_life, licences
from store.connection import fetch_all
from store.moments import ClockBehind
from store.register_entries import Grounds
from tests.departments import EVIDENCE, Departments
from tests.preparing import prepare

#: Half an hour after the year's end, so that an hour back is another year.
NEW_YEAR = datetime(2027, 1, 1, 0, 30, tzinfo=SHANGHAI)


@pytest.fixture
def ready(hub: Hub, departments: Departments) -> Iterator[Hub]:
    departments.write_sources(hub.settings.sources_file)
    prepare(hub.settings, FixedClock(NEW_YEAR - timedelta(days=401)))
    for resource in EVIDENCE:
        collect(hub, resource)
    yield hub


def at(hub: Hub, moment: datetime) -> Hub:
    return Hub(hub.settings, FixedClock(moment), hub.connection, hub.vault)


def registered(hub: Hub) -> list[tuple[object, ...]]:
    return fetch_all(
        hub.connection,
        "select l.number, v.state, l.status, l.year, l.sequence from licence l join licence_version v "
        "on v.licence = l.id order by v.reserved_at, 1",
    )


def test_with_the_clock_set_back_nothing_is_numbered_or_entered_until_it_is_right_again(ready: Hub) -> None:
    first, second, *_ = decide(ready).to_issue
    issue_all(at(ready, NEW_YEAR), [first])
    before = registered(ready)
    grounds = Grounds("行政许可法", NEW_YEAR.date(), "clerk", "bureau")
    (version,) = licences.every(ready.connection)
    for back in (timedelta(minutes=2), timedelta(hours=1), timedelta(days=1), timedelta(days=400)):
        late = at(ready, NEW_YEAR - back)
        with pytest.raises(ClockBehind, match=r"HUB-950 .* before the last entry .* no number was taken"):
            issue_all(late, [second])
        with pytest.raises(ClockBehind):
            licence_life.take_step(
                late.connection, late.vault, version.licence, Step.SUSPEND, grounds, now=late.clock.now()
            )
        assert registered(ready) == before
        assert fetch_all(ready.connection, "select count(*) from register_entry") == [(1,)]

    issue_all(at(ready, NEW_YEAR + timedelta(minutes=1)), [second])
    rows = registered(ready)
    assert [row[3] for row in rows] == [2027, 2027]
    entries = fetch_all(ready.connection, "select at from register_entry order by id")
    assert entries == sorted(entries)


def test_a_number_taken_before_the_clock_was_set_back_is_published_when_it_is_right(ready: Hub) -> None:
    first, second, *_ = decide(ready).to_issue
    issue_all(at(ready, NEW_YEAR), [first])

    class Stop(Exception):
        pass

    def stop(step: str) -> None:
        if step == "licence.recorded":
            raise Stop

    with pytest.raises(Stop):
        issue_all(at(ready, NEW_YEAR + timedelta(hours=2)), [second], stop)
    with pytest.raises(ClockBehind):
        issue_all(at(ready, NEW_YEAR), [second])
    assert [row[1] for row in registered(ready)] == ["published", "sealed"]
    issue_all(at(ready, NEW_YEAR + timedelta(hours=3)), [second])
    assert [row[1] for row in registered(ready)] == ["published", "published"]


def test_a_clock_a_few_seconds_behind_another_machines_is_no_trouble(ready: Hub) -> None:
    first, second, *_ = decide(ready).to_issue
    issue_all(at(ready, NEW_YEAR + timedelta(seconds=3)), [first])
    issue_all(at(ready, NEW_YEAR), [second])
    moments = fetch_all(ready.connection, "select at from register_entry order by id")
    assert moments == [(NEW_YEAR.astimezone(UTC) + timedelta(seconds=3),)] * 2
