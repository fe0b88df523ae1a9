"""Freshness: late and missing apart, noticed once, closed by the batch that brought data, never healthy when closed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from connectors.agreement import Clocks, Reach, ReachState
from connectors.declaration import Declaration, UpdateCycle, load_all
from core.clock import SHANGHAI, FixedClock
from core.settings import Settings
from hub import freshness, sources
from hub.collect import collect
from hub.context import Hub, open_hub
from hub.freshness import Deadline, Kind, alerts, deadlines, passed, run_allowance, run_is_late, watch
from hub.sources import SourceState, source_states
from schemas.workdays import WorkingDays, working_days
from store.connection import fetch_all
from store.freshness import Known
from tests.departments import Departments

FILES, TABLE = "hr.insurance", "civil.marriage"
NO_TABLES = WorkingDays({})
HOUR = timedelta(hours=1)


def at(day: str, hour: int = 2) -> datetime:
    return datetime.fromisoformat(day).replace(hour=hour, tzinfo=SHANGHAI)


def of(resource: str, **changes: object) -> Declaration:
    return load_all()[resource].model_copy(update=changes)


# --- the rules ---


def test_reading_is_due_in_hours_after_the_last_and_what_nobody_agreed_to_is_not_verified() -> None:
    known = Known(opened_at=at("2026-11-01"), read_at=at("2026-11-20"))
    (owed,) = deadlines(of(TABLE), known, NO_TABLES)
    assert owed == Deadline(Kind.LATE, at("2026-11-20") + 36 * HOUR, verified=False)
    assert passed((owed,), known, owed.due) == ()
    assert passed((owed,), known, owed.due + timedelta(seconds=1)) == (owed,)


def test_a_source_never_read_is_counted_from_when_it_was_first_seen_open() -> None:
    (owed,) = deadlines(of(TABLE), Known(opened_at=at("2026-11-20")), NO_TABLES)
    assert owed.due == at("2026-11-20") + 36 * HOUR
    assert deadlines(of(TABLE), Known(), NO_TABLES) == ()


@pytest.mark.parametrize("state", [ReachState.NOT_OPENED, ReachState.AWAITING])
def test_a_source_that_is_not_open_owes_nothing(state: ReachState) -> None:
    closed = of(TABLE, reach=Reach.model_construct(state=state, asked=(), note="x"))
    assert deadlines(closed, Known(opened_at=at("2020-01-01")), NO_TABLES) == ()


def test_files_are_expected_and_an_empty_answer_of_a_table_or_gateway_is_one() -> None:
    assert {name for name, declared in load_all().items() if declared.expects_deliveries} == {
        "hr.insurance", "hr.vocational", "housing.fund", "housing.title",
    }  # fmt: skip
    assert not of(FILES, update_cycle=UpdateCycle.IRREGULAR).expects_deliveries
    assert not of(FILES, clocks=Clocks(deliveries="empty is an answer")).expects_deliveries
    assert of(TABLE, clocks=Clocks(deliveries="expected")).expects_deliveries


def test_a_delivery_is_due_at_the_end_of_a_working_day_where_one_is_agreed() -> None:
    agreed = of(FILES, clocks=Clocks(update_working_days=1, verified=True))
    friday = Known(opened_at=at("2026-11-01"), read_at=at("2026-11-20"), delivered_at=at("2026-11-20"))
    missing = next(one for one in deadlines(agreed, friday, NO_TABLES) if one.kind is Kind.MISSING)
    assert missing.due == at("2026-11-24", 0)  # Monday is the last day, its end is Tuesday's beginning
    assert not missing.verified  # no checked table of 2026 here


def test_a_public_holiday_moves_the_day_and_an_unchecked_table_makes_it_an_estimate() -> None:
    calendar = working_days()
    agreed = of(FILES, clocks=Clocks(update_working_days=1, verified=True))
    eve = Known(opened_at=at("2026-09-01"), read_at=at("2026-09-30"), delivered_at=at("2026-09-30"))
    missing = next(one for one in deadlines(agreed, eve, calendar) if one.kind is Kind.MISSING)
    expected = calendar.after(date(2026, 9, 30), 1)
    assert missing.due == at(str(expected.day + timedelta(days=1)), 0)
    assert missing.due > at("2026-10-05")
    assert missing.verified == expected.verified


def test_only_a_reading_behind_the_deadline_says_that_a_delivery_is_missing() -> None:
    declared = of(FILES)
    before = Known(opened_at=at("2026-11-01"), read_at=at("2026-11-21"), delivered_at=at("2026-11-20"))
    due = deadlines(declared, before, NO_TABLES)
    assert [one.kind for one in passed(due, before, at("2026-11-21", 20))] == []
    behind = Known(opened_at=at("2026-11-01"), read_at=at("2026-11-22"), delivered_at=at("2026-11-20"))
    due = deadlines(declared, behind, NO_TABLES)
    assert [one.kind for one in passed(due, behind, at("2026-11-22", 3))] == [Kind.MISSING]


def test_a_run_may_last_as_long_as_nothing_becomes_late() -> None:
    assert run_allowance([of(TABLE), of(FILES)]) == 12 * HOUR
    assert run_allowance([of("bureau.accept")]) == timedelta(hours=23, minutes=50)
    assert run_allowance([of(TABLE, late_after_hours=3)]) == HOUR


# --- with store and departments ---

Declared = Callable[..., None]


@pytest.fixture
def declared(monkeypatch: pytest.MonkeyPatch) -> Declared:
    """Declares resources otherwise than their files do."""

    def change(**resources: Declaration) -> None:
        changed = {**load_all(), **{name.replace("__", "."): one for name, one in resources.items()}}
        for module in (freshness, sources):
            monkeypatch.setattr(module, "load_all", lambda: changed)

    return change


@pytest.fixture
def later(settings: Settings, departments: Departments) -> Callable[..., object]:
    """Opens the hub so many hours from the machine's own now: batches carry the database's time."""
    departments.write_sources(settings.sources_file)

    @contextmanager
    def opened(hours: float = 0) -> Iterator[Hub]:
        with open_hub(settings, FixedClock(datetime.now(SHANGHAI) + hours * HOUR)) as hub:
            yield hub

    return opened


def state(hub: Hub, resource: str) -> SourceState:
    return next(one for one in source_states(hub) if one.resource == resource)


def told(hub: Hub, resource: str, *, closed: bool = False) -> list[tuple[str, str, str | None, int | None]]:
    return [
        (one.kind, one.noticed_by, one.closed_as, one.closed_by)
        for one in alerts(hub, closed=closed)
        if one.resource == resource
    ]


def test_a_source_never_read_becomes_late_once_and_the_batch_that_reads_it_closes_it(later) -> None:  # type: ignore[no-untyped-def]
    with later() as hub:
        assert state(hub, TABLE).state == "never read" and state(hub, TABLE).due is None
        assert watch(hub).raised == ()
        assert state(hub, TABLE).due is not None
    with later(37) as hub:
        assert state(hub, TABLE).state == "late"  # by the rules, before anybody has looked
        first = {alert.resource: alert for alert in watch(hub).raised}
        assert first[TABLE].kind == "late" and not first[TABLE].due_verified
        assert "（未核实）" in str(first[TABLE])
    with later(38) as hub:
        assert watch(hub).raised == ()
        (alert,) = [one for one in alerts(hub) if one.resource == TABLE]
        assert alert.last_noticed_at - alert.noticed_at >= HOUR
        collect(hub, TABLE)
    with later(1) as hub:
        assert state(hub, TABLE).state == "up to date"  # closed or not: data came
        watch(hub)
        (batch,) = fetch_all(hub.connection, "select id from batch where resource = %s", (TABLE,))[0]
        assert told(hub, TABLE, closed=True) == [("late", "watch", "data came", batch)]
        assert told(hub, TABLE) == []


def test_files_that_do_not_come_are_missed_though_the_collect_runs_well(later) -> None:  # type: ignore[no-untyped-def]
    with later() as hub:
        collect(hub, FILES)
        watch(hub)
        assert state(hub, FILES).state == "up to date"
        # two days ago, all of it
        with hub.connection, hub.connection.cursor() as cursor:
            for change in (
                "batch set started_at = started_at - interval '2 days', finished_at = finished_at - interval '2 days'",
                "source_cursor set moved_at = moved_at - interval '2 days'",
                "freshness_watch set opened_at = opened_at - interval '3 days', "
                "delivered_at = delivered_at - interval '2 days'",
            ):
                cursor.execute(f"update {change}")
        assert state(hub, FILES).state == "late"
        assert collect(hub, FILES).counts.landed == 0
        assert state(hub, FILES).state == "missing"
        assert [one.kind for one in watch(hub).raised if one.resource == FILES] == ["missing"]
        assert watch(hub).raised == ()


def test_a_table_with_nothing_new_is_up_to_date(later) -> None:  # type: ignore[no-untyped-def]
    with later() as hub:
        collect(hub, TABLE)
        with hub.connection, hub.connection.cursor() as cursor:
            cursor.execute("update batch set finished_at = finished_at - interval '9 days'")
        assert collect(hub, TABLE).counts.accepted == 0
        watch(hub)
        assert state(hub, TABLE).state == "up to date" and told(hub, TABLE) == []


def test_a_file_read_again_is_no_delivery_and_a_new_one_is(later, tmp_path: Path, settings: Settings) -> None:  # type: ignore[no-untyped-def]
    with later() as hub:
        collect(hub, FILES)
        watch(hub)
        with hub.connection, hub.connection.cursor() as cursor:
            cursor.execute("update freshness_watch set delivered_at = delivered_at - interval '2 days'")
            cursor.execute("update batch set finished_at = finished_at - interval '2 days'")
            cursor.execute("update source_cursor set moved_at = moved_at - interval '2 days'")
        assert collect(hub, FILES, from_start=True).counts.landed > 0
        assert state(hub, FILES).state == "missing"
        watch(hub)
        assert [kind for kind, *_ in told(hub, FILES)] == ["missing"]
        # a day later another file is there: the same rows under the next day
        with hub.connection, hub.connection.cursor() as cursor:
            cursor.execute("update source_cursor set position = '{}' where resource = %s", (FILES,))
            cursor.execute(
                "update freshness_watch set position = jsonb_set(position, '{file}', '\"yesterday\"') "
                "where resource = %s",
                (FILES,),
            )
        assert collect(hub, FILES).counts.landed > 0
        watch(hub)
        last = max(row[0] for row in fetch_all(hub.connection, "select id from batch"))
        assert told(hub, FILES, closed=True) == [("missing", "watch", "data came", last)]
        assert state(hub, FILES).state == "up to date"


def test_a_source_that_is_closed_ends_its_alerts_and_starts_anew_when_it_opens(later, declared: Declared) -> None:  # type: ignore[no-untyped-def]
    with later() as hub:
        watch(hub)
    with later(37) as hub:
        watch(hub)
        declared(civil__marriage=of(TABLE, reach=Reach(state=ReachState.NOT_OPENED, note="停用")))
        assert state(hub, TABLE).state == "not open" and state(hub, TABLE).due is None
        assert freshness.owed(hub)[TABLE].overdue == frozenset()
        assert watch(hub).closed == 1
        assert told(hub, TABLE, closed=True) == [("late", "watch", "not open", None)]
    declared()
    with later(100) as hub:
        assert all(alert.resource != TABLE for alert in watch(hub).raised)
        assert state(hub, TABLE).state == "never read"
        assert state(hub, TABLE).due == hub.clock.now() + 36 * HOUR


def test_a_deadline_that_is_moved_takes_its_alert_along(later, declared: Declared) -> None:  # type: ignore[no-untyped-def]
    with later() as hub:
        watch(hub)
    with later(37) as hub:
        watch(hub)
        declared(civil__marriage=of(TABLE, late_after_hours=100))
        watch(hub)
        assert told(hub, TABLE, closed=True) == [("late", "watch", "deadline moved", None)]


def test_a_run_that_lasts_too_long_is_late_for_what_it_has_not_read_until_data_come(later) -> None:  # type: ignore[no-untyped-def]
    with later(-1) as hub:
        began = hub.clock.now()
    with later() as hub:
        collect(hub, FILES)
        due = hub.clock.now()
        found = run_is_late(hub, [FILES, TABLE, "education.enrolment", "nobody.knows"], began=began, due=due)
        assert [(one.resource, one.kind, one.due) for one in found] == [(TABLE, "late", due)]
        assert state(hub, TABLE).state == "late"
        watch(hub)  # by the rules nothing is late yet: what Airflow noticed stands all the same
        assert told(hub, TABLE) == [("late", "airflow", None, None)]
        collect(hub, TABLE)
        assert state(hub, TABLE).state == "up to date"
        watch(hub)
        assert [one[:3] for one in told(hub, TABLE, closed=True)] == [("late", "airflow", "data came")]


def test_what_was_read_before_a_run_began_was_not_read_by_it(later) -> None:  # type: ignore[no-untyped-def]
    with later() as hub:
        collect(hub, TABLE)
    with later(24) as hub:
        began = hub.clock.now() - HOUR
        assert [one.resource for one in run_is_late(hub, [TABLE], began=began, due=hub.clock.now())] == [TABLE]


def test_sources_that_are_not_open_are_never_watched(later) -> None:  # type: ignore[no-untyped-def]
    with later() as hub:
        watch(hub)
    with later(24 * 400) as hub:
        names = {alert.resource for alert in watch(hub).raised}
        assert names == {name for name, one in load_all().items() if one.reach.open}
        assert all(one.state in ("not open", "awaiting permission") for one in source_states(hub) if not one.open)
