"""Sending back killed after any of its steps and run again: the same rows under the same reference, nothing twice."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from core.clock import FixedClock
from core.settings import Settings
from hub.collect import collect
from hub.context import OnStep, no_step, open_hub
from hub.returns import listed, loops, send_back
from tests.faults.conftest import NOON, FreshHub
from tests.faults.dying import run_and_die, steps_of
from tests.hub.loop import CHANNELS, RESOURCE, Department, declare, department, row, write_sources

STEPS = ["sending.prepared", "sending.begun", "sending.sent", "sending.recorded"]


def sending(settings: Settings) -> Callable[[OnStep], object]:
    def work(on_step: OnStep) -> None:
        with open_hub(settings, FixedClock(NOON)) as hub:
            send_back(hub, RESOURCE, on_step=on_step)

    return work


def returned(its: Department, home: Path) -> list[tuple[str, str]]:
    """Reference and key of every row on the department's side."""
    if hasattr(its, "home"):
        its.home = home
    return [(one.reference, one.fields["nsrsbh"]) for one in its.returned()]


@pytest.mark.parametrize("channel", CHANNELS)
def test_killed_after_any_step_and_run_again(
    fresh_hub: FreshHub,
    new_database: Callable[..., str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    channel: str,
) -> None:
    with ExitStack() as stack:
        collected = fresh_hub()
        its = department(channel, stack, tmp_path, collected.home, new_database)
        declare(monkeypatch, its)
        write_sources(collected.sources_file, its.section())
        rows = [row(number, "2026-03-01 00:00:00", good=False) for number in range(1, 6)]
        its.put(rows)
        with open_hub(collected, FixedClock(NOON)) as hub:
            collect(hub, RESOURCE)

        wanted = {one["nsrsbh"] for one in rows}
        undisturbed = fresh_hub(collected)
        assert steps_of(sending(undisturbed)) == STEPS
        before = set(returned(its, undisturbed.home))
        assert {key for _, key in before} == wanted and len(before) == len(wanted)
        if channel == "workbook":
            before = set()  # the file lies in the home of the hub that wrote it

        for after, step in enumerate(STEPS, 1):
            settings = fresh_hub(collected)
            assert run_and_die(sending(settings), after)
            # what a death left, whatever it is, is what the next process takes up
            with open_hub(settings, FixedClock(NOON)) as hub:
                (left,) = listed(hub)
                assert left.state == ("sent" if step == "sending.recorded" else "prepared")
            sending(settings)(no_step)
            sending(settings)(no_step)
            with open_hub(settings, FixedClock(NOON)) as hub:
                (recorded,) = listed(hub)
                (loop,) = [one for one in loops(hub) if one.resource == RESOURCE]
            assert (recorded.reference, recorded.state, recorded.rows) == (left.reference, "sent", len(rows)), step
            assert loop.stages["handover" if channel == "workbook" else "sent"] == len(rows)
            now = returned(its, settings.home)
            new = sorted(set(now) - before)
            assert new == sorted((left.reference, key) for key in wanted), f"killed after {step}"
            assert len(now) == len(set(now)), f"killed after {step}: a row is there twice"
            before |= set(new) if channel != "workbook" else set()


def test_two_at_once_do_not_send_the_same_rows_twice(
    fresh_hub: FreshHub, new_database: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from store.sendings import ReturnsBusy

    with ExitStack() as stack:
        settings = fresh_hub()
        its = department("error_table", stack, tmp_path, settings.home, new_database)
        declare(monkeypatch, its)
        write_sources(settings.sources_file, its.section())
        its.put([row(1, "2026-03-01 00:00:00", good=False)])
        with open_hub(settings, FixedClock(NOON)) as hub, open_hub(settings, FixedClock(NOON)) as other:
            collect(hub, RESOURCE)

            def meanwhile(step: str) -> None:
                if step == "sending.begun":
                    with pytest.raises(ReturnsBusy, match=r"tax\.registration .* this one sent nothing"):
                        send_back(other, RESOURCE)

            assert send_back(hub, RESOURCE, on_step=meanwhile).rows == 1
            assert send_back(other, RESOURCE).rows == 0
        assert len(its.returned()) == 1
