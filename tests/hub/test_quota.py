"""A caller's lookups of a day are counted exactly, however many ask at once, and nobody waits for anybody."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.clock import SHANGHAI
from hub import quota
from hub.access import Right
from hub.caller import operator
from hub.context import Hub
from hub.quota import CallerStopped, QuotaUsedUp
from store.connection import connect, transaction
from tests.hub.access_files import clerk

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=SHANGHAI)


def right(number: int | None) -> Right:
    return Right("acceptance", "某法", number)


def take(hub: Hub, number: int | None, at: datetime = NOW) -> None:
    with transaction(hub.connection) as cursor:
        quota.take(cursor, caller=clerk(), right=right(number), now=at)


@given(number=st.integers(1, 40))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_exactly_the_quota_is_let_through(hub: Hub, number: int) -> None:
    with transaction(hub.connection) as cursor:
        cursor.execute("truncate usage_count")
    for _ in range(number):
        take(hub, number)
    with pytest.raises(QuotaUsedUp):
        take(hub, number)
    with transaction(hub.connection) as cursor:
        assert quota.used(cursor, caller=clerk(), now=NOW) == number


def test_it_begins_anew_at_midnight_of_the_district(hub: Hub) -> None:
    last = datetime(2026, 11, 20, 23, 59, 59, tzinfo=SHANGHAI)
    take(hub, 1, last)
    with pytest.raises(QuotaUsedUp):
        take(hub, 1, last)
    take(hub, 1, last + timedelta(seconds=1))


def test_a_lookup_that_is_undone_is_not_counted(hub: Hub) -> None:
    with pytest.raises(ZeroDivisionError), transaction(hub.connection) as cursor:
        quota.take(cursor, caller=clerk(), right=right(1), now=NOW)
        raise ZeroDivisionError
    take(hub, 1)


def test_the_hub_itself_is_not_counted(hub: Hub) -> None:
    with transaction(hub.connection) as cursor:
        for _ in range(3):
            quota.take(cursor, caller=operator(), right=right(None), now=NOW)
        assert quota.used(cursor, caller=operator(), now=NOW) == 0


@pytest.mark.parametrize(("number", "asked"), [(37, 120), (100, 100), (5, 60)])
def test_callers_at_once_get_exactly_the_quota_between_them(hub: Hub, number: int, asked: int) -> None:
    start = threading.Barrier(6)

    def worker(times: int) -> int:
        connection = connect(hub.settings.database_url)
        got = 0
        start.wait()
        try:
            for _ in range(times):
                try:
                    with transaction(connection) as cursor:
                        quota.take(cursor, caller=clerk(), right=right(number), now=NOW)
                        got += 1
                except QuotaUsedUp:
                    pass
        finally:
            connection.close()
        return got

    with ThreadPoolExecutor(6) as pool:
        got = sum(pool.map(worker, [asked // 6 + (n < asked % 6) for n in range(6)]))
    assert got == min(number, asked)


@pytest.mark.parametrize("begun", [0, 5])
def test_transactions_that_stay_open_do_not_make_the_next_one_wait(hub: Hub, begun: int) -> None:
    """Ten at once, none of which ends before the last has been counted; any wait is an error after 100 ms."""
    with transaction(hub.connection) as cursor:
        for shard in range(begun):
            cursor.execute("insert into usage_count values ('li', %s, %s, 1)", (NOW.date(), shard))
    with ExitStack() as stack:
        for _ in range(10):
            cursor = stack.enter_context(closing(connect(hub.settings.database_url))).cursor()
            cursor.execute("set lock_timeout = '100ms'")
            quota.take(cursor, caller=clerk(), right=right(1600), now=NOW)


def test_the_last_lookup_of_a_day_waits_for_one_that_may_yet_be_undone(hub: Hub) -> None:
    with closing(connect(hub.settings.database_url)) as other:
        quota.take(other.cursor(), caller=clerk(), right=right(1), now=NOW)
        undo = threading.Timer(0.3, other.rollback)
        undo.start()
        take(hub, 1)
        undo.join()


def test_who_waited_for_the_last_lookup_and_lost_it_gets_none(hub: Hub) -> None:
    with transaction(hub.connection) as cursor:
        cursor.execute("insert into usage_count values ('li', %s, 0, 0)", (NOW.date(),))
    with closing(connect(hub.settings.database_url)) as other:
        quota.take(other.cursor(), caller=clerk(), right=right(1), now=NOW)
        end = threading.Timer(0.3, other.commit)
        end.start()
        with pytest.raises(QuotaUsedUp):
            take(hub, 1)
        end.join()


def test_a_caller_with_an_open_severe_alarm_is_stopped_and_one_with_a_mild_one_is_not(
    hub: Hub, alarm: Callable[[bool], None]
) -> None:
    alarm(False)
    take(hub, 5)
    alarm(True)
    with pytest.raises(CallerStopped):
        take(hub, 5)
    with transaction(hub.connection) as cursor:
        cursor.execute("update usage_alarm set cleared_at = now(), cleared_by = 'x', cleared_why = 'y'")
    take(hub, 5)


@pytest.fixture
def alarm(hub: Hub) -> Callable[[bool], None]:
    def alarm(severe: bool) -> None:
        with transaction(hub.connection) as cursor:
            cursor.execute(
                "insert into usage_alarm (caller, kind, severe, count, threshold, since, raised_at, seen_at) "
                "values ('li', %s, %s, 9, 3, %s, %s, %s)",
                ("neighbouring numbers" if severe else "off hours", severe, NOW, NOW, NOW),
            )

    return alarm
