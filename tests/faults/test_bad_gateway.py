"""A gateway that answers wrongly in the middle of a batch: nothing is lost and nothing comes twice.

Either the collect gets over it, or it stops with an error that names the resource and the page; once the gateway is
well the next collect ends like an undisturbed one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from connectors import registry, rest_gateway
from connectors.declaration import load_all
from connectors.port import SourceGarbled, SourceUnavailable
from connectors.retrying import Patience
from core.clock import Clock, FixedClock
from core.errors import HubError, Retryable
from core.settings import Settings
from hub.collect import collect
from hub.context import OnStep, no_step, open_hub
from tests.departments import Departments
from tests.faults.conftest import NOON, FreshHub, ended

RESOURCE = "tax.registration"
#: What a reader that asks again can get over when it passes, and what stops a batch when it stays.
FAULTS = {
    "500": SourceUnavailable,
    "429": SourceUnavailable,
    "down": SourceUnavailable,
    "slow": SourceUnavailable,
    "hang": SourceUnavailable,
    "error_inside": SourceUnavailable,
    "html": SourceGarbled,
    "half": SourceGarbled,
    "dropped": SourceGarbled,
    "truncated": SourceGarbled,
    "reordered": SourceGarbled,
    "gb18030": SourceGarbled,
    "gb18030_unsaid": SourceGarbled,
}


@pytest.fixture
def well(departments: Departments, monkeypatch: pytest.MonkeyPatch) -> Iterator[Departments]:
    """The departments without a fault before and after; the hub is as impatient as a test."""
    monkeypatch.setattr(rest_gateway, "Patience", lambda: Patience(tries=2, first_wait_s=0.02, longest_wait_s=2))
    departments.order_fault(None)
    yield departments
    departments.order_fault(None)


def _in_pages_of(monkeypatch: pytest.MonkeyPatch, size: int, requests_per_second: int = 18) -> None:
    declared = load_all()[RESOURCE]
    changes = {"page_size": size, "requests_per_second": requests_per_second, "timeout_s": 0.4}
    changed = declared.model_copy(update={"access": declared.access.model_copy(update=changes)})
    monkeypatch.setattr(registry, "load_all", lambda: {**load_all(), RESOURCE: changed})


def _collect(settings: Settings, clock: Clock | None = None, on_step: OnStep = no_step) -> HubError | None:
    """What a collect ended with."""
    with open_hub(settings, clock or FixedClock(NOON)) as hub:
        try:
            collect(hub, RESOURCE, on_step=on_step)
        except HubError as error:
            return error
    return None


def _undisturbed(fresh_hub: FreshHub) -> dict[str, Any]:
    settings = fresh_hub()
    assert _collect(settings) is None
    return ended(settings)


def _without_evidence(state: dict[str, Any]) -> dict[str, Any]:
    """The state without what was no page and is kept as evidence only."""
    return state | {"pages": [page for page in state["pages"] if page[3]]}


def test_a_fault_on_every_page_that_passes_changes_nothing(
    fresh_hub: FreshHub, well: Departments, monkeypatch: pytest.MonkeyPatch
) -> None:
    _in_pages_of(monkeypatch, 3)
    settings = fresh_hub()
    kinds = list(FAULTS)
    well.order_fault(kinds.pop())

    def on_step(name: str) -> None:
        if name == "page.landed" and kinds:
            well.order_fault(kinds.pop())

    assert _collect(settings, on_step=on_step) is None
    assert not kinds, "there were fewer pages than faults"
    assert ended(settings) == _undisturbed(fresh_hub)


def test_a_fault_that_stays_stops_the_batch_by_name_and_nothing_is_lost_or_twice(
    fresh_hub: FreshHub, well: Departments, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One batch goes through all of them: each collect lands a page or two, meets the next fault and stops."""
    # Every collect counts its requests anew; slower than allowed, so that the limit is not met as well.
    _in_pages_of(monkeypatch, 2, requests_per_second=10)
    settings = fresh_hub()
    for kind, error in FAULTS.items():
        landed = 0

        def on_step(name: str, kind: str = kind) -> None:
            nonlocal landed
            if name == "page.landed":
                landed += 1
                well.order_fault(kind, times=10_000)

        stopped = _collect(settings, on_step=on_step)
        well.order_fault(None)
        assert type(stopped) is error, kind
        assert isinstance(stopped, Retryable), kind
        assert landed in (1, 2), kind  # the page after the first may have come already
        assert re.search(rf"{RESOURCE}: .*\d+ pages are kept; page \d+ is next", str(stopped)), kind
    assert _collect(settings) is None
    assert _without_evidence(ended(settings)) == _undisturbed(fresh_hub)


def test_a_page_that_comes_twice_stops_the_batch_and_the_next_collect_ends_alike(
    fresh_hub: FreshHub, well: Departments, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Page numbers grow only inside one second; two rows a page make the nightly job's second span several."""
    _in_pages_of(monkeypatch, 2)
    settings = fresh_hub()
    well.order_fault("same_page", times=10_000)
    stopped = _collect(settings)
    well.order_fault(None)
    assert isinstance(stopped, SourceGarbled)
    assert re.search(rf"{RESOURCE}: the same page twice .*page \d+ is next", str(stopped))
    assert _collect(settings) is None
    assert _without_evidence(ended(settings)) == _undisturbed(fresh_hub)


def test_every_row_twice_is_every_row_once(
    fresh_hub: FreshHub, well: Departments, monkeypatch: pytest.MonkeyPatch
) -> None:
    _in_pages_of(monkeypatch, 12)
    settings = fresh_hub()
    well.order_fault("duplicated", times=10_000)
    stopped = _collect(settings)
    well.order_fault(None)
    assert stopped is None or f"{RESOURCE}: " in str(stopped)
    assert _collect(settings) is None
    found, wanted = ended(settings), _undisturbed(fresh_hub)
    for what in ("records", "rows", "history"):
        assert found[what] == wanted[what], what
    # Where a bad row stood on its page is another matter: the pages were other ones.
    assert [entry[:4] for entry in found["quarantine"]] == [entry[:4] for entry in wanted["quarantine"]]


@pytest.mark.parametrize("kind", ["clock_ahead", "clock_back"])
def test_a_clock_that_moves_while_rows_are_written_loses_none(
    fresh_hub: FreshHub, well: Departments, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """The clock moves when half of the rows are written; a reader who is in the middle meets the other half so."""
    _in_pages_of(monkeypatch, 12)
    settings = fresh_hub()
    landed = 0

    def on_step(name: str) -> None:
        nonlocal landed
        landed += name == "page.landed"
        if name == "page.landed" and landed == 2:
            well.order_fault(kind, times=10_000)

    stopped = _collect(settings, on_step=on_step)
    assert stopped is None or f"{RESOURCE}: " in str(stopped)
    well.order_fault(None)
    assert _collect(settings) is None
    found, wanted = ended(settings), _undisturbed(fresh_hub)
    assert _keys(found) == _keys(wanted)


def _keys(state: dict[str, Any]) -> list[Any]:
    return sorted({(row[0], row[2]) for row in state["rows"]})
