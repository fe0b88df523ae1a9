"""Who asks like one that tries numbers is noticed and stopped until a person clears it; a busy clerk is left alone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal

import pytest

from core.clock import SHANGHAI, FixedClock
from hub import quota, usage_watch
from hub.access import Right
from hub.access_file import Watch
from hub.caller import Caller, CallerKind, operator
from hub.context import Hub, open_hub
from hub.quota import CallerStopped
from hub.usage_watch import AlarmUnknown, ClearRefused
from store import audit
from store.audit import About, Usage
from store.connection import transaction
from tests.hub.access_files import clerk, terminal

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=SHANGHAI)
RULES = Watch()
Ask = Callable[..., None]


@pytest.fixture
def ask(hub: Hub) -> Ask:
    """Writes lookups of made-up numbers into the log."""

    def ask(
        *numbers: str,
        found: bool = True,
        outcome: Literal["complete", "partial", "refused"] = "complete",
        at: datetime = NOW - timedelta(minutes=5),
        by: Caller | None = None,
    ) -> None:
        caller = by or clerk()
        with transaction(hub.connection) as cursor:
            for number in numbers:
                near = hub.vault.index("near", number[:-4])
                about = About(hub.subject("citizen", number), "applicant", {}, near, found)
                usage = Usage(
                    channel=caller.kind.value, user=caller.id, user_name="", organisation=caller.organisation,
                    organisation_name="", street=None, place=None, item="x", item_name="", item_version=1, case_no=None,
                    purpose="acceptance", basis="", outcome=outcome, refusal="HUB-1" if outcome == "refused" else None,
                    about=(about,), materials=(),
                )  # fmt: skip
                audit.append(cursor, usage, at)

    return ask


def far(count: int) -> list[str]:
    """Numbers of people who have nothing to do with each other."""
    return [str(int(hashlib.sha256(str(n).encode()).hexdigest(), 16))[:18] for n in range(count)]


def near(count: int) -> list[str]:
    """Numbers that differ in their last four characters: one day of birth, one after the other."""
    return [f"42011219900101{n:04d}" for n in range(count)]


def kinds(hub: Hub) -> list[tuple[str, str, bool]]:
    return [(one.caller, one.kind, one.severe) for one in usage_watch.watch(hub, RULES).open]


def test_a_busy_clerk_raises_nothing(hub: Hub, ask: Ask) -> None:
    ask(*far(400))
    ask(*far(19), found=False)
    ask(*near(4))
    assert kinds(hub) == []


@pytest.mark.parametrize(("count", "severe"), [(20, False), (59, False), (60, True)])
def test_many_misses_are_noticed_and_three_times_as_many_stop_the_caller(
    hub: Hub, ask: Ask, count: int, severe: bool
) -> None:
    ask(*far(count // 2), found=False)
    ask(*far(count - count // 2), found=False, outcome="refused")
    assert kinds(hub) == [("li", "many misses", severe)]


def test_numbers_one_after_the_other_stop_the_caller_at_once(hub: Hub, ask: Ask) -> None:
    ask(*near(5))
    assert kinds(hub) == [("li", "neighbouring numbers", True)]
    with pytest.raises(CallerStopped), transaction(hub.connection) as cursor:
        quota.take(cursor, caller=clerk(), right=Right("acceptance", "某法", 100), now=NOW)
    with transaction(hub.connection) as cursor:  # nobody else
        quota.take(cursor, caller=clerk("wang"), right=Right("acceptance", "某法", 100), now=NOW)


def test_one_number_asked_often_is_no_neighbour_of_itself(hub: Hub, ask: Ask) -> None:
    ask(*near(1) * 50)
    assert kinds(hub) == []


def test_a_clerk_at_night_is_noticed_and_a_terminal_is_not(hub: Hub, ask: Ask) -> None:
    night = datetime(2026, 11, 20, 3, 0, tzinfo=SHANGHAI)
    for hour, caller in ((3, clerk()), (3, terminal()), (8, clerk("wang"))):
        ask(*far(10), at=night.replace(hour=hour), by=caller)
    with open_hub(hub.settings, FixedClock(night + timedelta(minutes=10))) as later:
        assert kinds(later) == [("li", "off hours", False)]
    with open_hub(hub.settings, FixedClock(night.replace(hour=8, minute=10))) as later:
        assert ("wang", "off hours", False) not in kinds(later)


def test_what_the_hub_itself_asks_is_not_watched(hub: Hub, ask: Ask) -> None:
    ask(*near(30), found=False, by=operator())
    assert kinds(hub) == []


def test_what_lies_further_back_than_the_window_does_not_count(hub: Hub, ask: Ask) -> None:
    ask(*near(30), found=False, at=NOW - timedelta(minutes=61))
    assert kinds(hub) == []


def test_an_alarm_stands_once_however_often_is_looked_and_grows_worse_but_not_milder(hub: Hub, ask: Ask) -> None:
    ask(*far(20), found=False)
    first = usage_watch.watch(hub, RULES)
    assert [one.count for one in first.raised] == [20]
    assert usage_watch.watch(hub, RULES).raised == ()
    ask(*far(40), found=False)
    worse = usage_watch.watch(hub, RULES)
    assert [(one.count, one.severe) for one in worse.raised] == [(60, True)]
    with open_hub(hub.settings, FixedClock(NOW + timedelta(hours=3))) as later:
        assert kinds(later) == [("li", "many misses", True)]


def test_a_person_clears_it_with_a_reason_and_what_was_counted_is_not_counted_again(hub: Hub, ask: Ask) -> None:
    ask(*near(9))
    (alarm,) = usage_watch.watch(hub, RULES).open
    for why in ("", "  ", "x" * 501, "查的是 420112 19900101 1234 号"):
        with pytest.raises(ClearRefused):
            usage_watch.clear(hub, alarm.id, who="chief", why=why)
    usage_watch.clear(hub, alarm.id, who="chief", why="同村集中办理")
    with transaction(hub.connection) as cursor:
        quota.take(cursor, caller=clerk(), right=Right("acceptance", "某法", 100), now=NOW)
    assert kinds(hub) == []
    with pytest.raises(AlarmUnknown):
        usage_watch.clear(hub, alarm.id, who="chief", why="再来")
    (kept,) = usage_watch.every(hub, cleared=True)
    assert (kept.cleared_by, kept.cleared_why) == ("chief", "同村集中办理")
    with open_hub(hub.settings, FixedClock(NOW + timedelta(minutes=1))) as later:
        ask(*near(5), at=NOW + timedelta(seconds=30))
        assert kinds(later) == [("li", "neighbouring numbers", True)]


def test_thresholds_come_from_the_access_file(hub: Hub, ask: Ask) -> None:
    ask(*near(3))
    found = usage_watch.watch(hub, Watch(neighbours=3)).open
    assert [(one.count, one.threshold) for one in found] == [(3, 3)]


def test_a_partner_that_tries_numbers_is_stopped_too(hub: Hub, ask: Ask) -> None:
    bank = Caller(CallerKind.PARTNER, "bank-1", "银行", "bank", "银行")
    ask(*near(40), found=False, by=bank)
    assert kinds(hub) == [("bank-1", "neighbouring numbers", True), ("bank-1", "many misses", False)]


def test_what_has_ended_is_dropped(hub: Hub) -> None:
    from hub import sessions, tokens

    sessions.begin(hub, "staff", "li", "窗口李")
    tokens.give(hub, "bank-1")
    tokens.first_use(hub, "T-1", "n" * 16)
    with open_hub(hub.settings, FixedClock(NOW + timedelta(days=1))) as later:
        usage_watch.watch(later, RULES)
        with transaction(later.connection) as cursor:
            cursor.execute("select (select count(*) from web_session), (select count(*) from machine_token), "
                           "(select count(*) from machine_nonce)")  # fmt: skip
            assert cursor.fetchone() == (0, 0, 0)
