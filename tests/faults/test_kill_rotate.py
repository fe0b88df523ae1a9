"""A rotation of keys killed after any of its steps and run again ends where an undisturbed one ends."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.clock import FixedClock
from core.settings import Settings
from hub import keys
from hub.collect import collect
from hub.context import OnStep, open_hub
from store import data_keys, resealing
from tests.faults.conftest import NOON, FreshHub
from tests.faults.dying import run_and_die, steps_of
from tests.faults.state import collected_state

RESOURCES = ("tax.registration", "hr.insurance")


@pytest.fixture
def collected(fresh_hub: FreshHub) -> Settings:
    settings = fresh_hub()
    with open_hub(settings, FixedClock(NOON)) as hub:
        for resource in RESOURCES:
            collect(hub, resource)
    return settings


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        resealing, "PLACES", tuple(replace(place, at_once=min(place.at_once, 40)) for place in resealing.PLACES)
    )


@pytest.fixture
def copy(fresh_hub: FreshHub, collected: Settings, tmp_path: Path) -> Callable[[], Settings]:
    """Copies of the collected hub, each with a keys folder of its own."""
    made = 0

    def make() -> Settings:
        nonlocal made
        made += 1
        shutil.copytree(collected.keys, tmp_path / f"keys-{made}")
        return replace(fresh_hub(collected), keys=tmp_path / f"keys-{made}")

    return make


def state(settings: Settings) -> dict[str, Any]:
    with open_hub(settings, FixedClock(NOON)) as hub:
        return collected_state(hub)


@pytest.mark.usefixtures("small_steps")
def test_data_keys_killed_after_any_step_and_run_again(collected: Settings, copy: Callable[[], Settings]) -> None:
    def work_on(settings: Settings) -> Callable[[OnStep], object]:
        def work(on_step: OnStep) -> None:
            with open_hub(settings, FixedClock(NOON)) as hub:
                keys.rotate(hub, on_step=on_step)
                keys.retire(hub, on_step=on_step)

        return work

    wanted = state(collected)
    steps = steps_of(work_on(copy()))
    assert steps.count("key.made") == len(RESOURCES)
    assert steps.count("rows.sealed") > 4
    finished = steps.index("rotation.finished") + 1
    for after, step in enumerate(steps, 1):
        settings = copy()
        assert run_and_die(work_on(settings), after)
        assert state(settings) == wanted, f"killed after step {after} ({step}), not run again"
        work_on(settings)(lambda _: None)
        assert state(settings) == wanted, f"killed after step {after} ({step})"
        with open_hub(settings, FixedClock(NOON)) as hub:
            # A rotation that was finished is over; the one run after it is another.
            number = 2 if after < finished else 3
            found = data_keys.every(hub.connection)
            assert {(key.resource, key.number, key.current) for key in found} == {
                (resource, number, True) for resource in RESOURCES
            }, f"killed after step {after} ({step})"
            assert {number for _, number in resealing.counts(hub.connection)} == {number}


def test_the_kek_killed_after_any_step_and_run_again(collected: Settings, copy: Callable[[], Settings]) -> None:
    def work_on(settings: Settings) -> Callable[[OnStep], object]:
        def work(on_step: OnStep) -> None:
            with open_hub(settings, FixedClock(NOON)) as hub:
                keys.rotate_kek(hub, on_step=on_step)

        return work

    wanted = state(collected)
    steps = steps_of(work_on(copy()))
    assert steps == ["kek.made", "kek.wrapped", "kek.named"]
    for after, step in enumerate(steps[:-1], 1):
        settings = copy()
        assert run_and_die(work_on(settings), after)
        assert state(settings) == wanted, f"killed after {step}, not run again"
        work_on(settings)(lambda _: None)
        assert state(settings) == wanted, f"killed after {step}"
        files = sorted(path.name for path in settings.keys.iterdir())
        with open_hub(settings, FixedClock(NOON)) as hub:
            in_use = data_keys.kek_in_use(hub.connection)
            assert {key.kek for key in data_keys.every(hub.connection)} == {in_use}
        retired = next(name for name in files if name.endswith(".retired.key"))
        assert files == sorted([f"data-kek-{in_use}.key", retired, "index.key"]), f"killed after {step}"


def test_the_old_kek_can_be_destroyed_and_everything_opens(collected: Settings) -> None:
    wanted = state(collected)
    old = (collected.keys / "data-kek.key").read_bytes()
    with open_hub(collected, FixedClock(NOON)) as hub:
        assert keys.rotate_kek(hub).wrapped == len(RESOURCES)
        assert {kek.state: kek.wraps for kek in keys.listed(hub).keks} == {"in use": len(RESOURCES), "retired": 0}
        assert len(keys.retire(hub, keks=True).keks) == 1
    assert old not in {path.read_bytes() for path in collected.keys.iterdir()}
    assert state(collected) == wanted


def test_a_killed_rotation_is_told_as_taken_up(collected: Settings, copy: Callable[[], Settings]) -> None:
    settings = copy()

    def work(on_step: OnStep) -> None:
        with open_hub(settings, FixedClock(NOON)) as hub:
            keys.rotate(hub, resource="hr.insurance", on_step=on_step)

    assert run_and_die(work, 2)
    with open_hub(settings, FixedClock(NOON)) as hub:
        taken_up = keys.rotate(hub, resource="hr.insurance")
        assert taken_up.resumed
        assert taken_up.numbers == {"hr.insurance": 2}
        assert not keys.rotate(hub, resource="hr.insurance").resumed
        assert {name for name, number in resealing.counts(hub.connection) if number == 1} == {"tax.registration"}
