"""The hub reads every real server and gives every row the verdict that its maker wrote down."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from connectors.endpoints import SourceNotConfigured
from connectors.exchange_db import ExchangeTable
from connectors.port import SourceGarbled, SourceUnavailable
from connectors.registry import declarations
from hub import judging
from hub.collect import RowsMissing, collect
from hub.context import Hub
from hub.quarantine import entries, retry, show
from hub.sources import departments as open_departments
from hub.sources import source_states
from store import records
from store.connection import fetch_all
from tests.departments import Departments

PULLED = sorted(name for name, declared in declarations().items() if declared.reach.open)


@pytest.fixture(autouse=True)
def _sources(hub: Hub, departments: Departments) -> None:
    departments.write_sources(hub.settings.sources_file)
    departments.hand_out_again()


@pytest.mark.parametrize("resource", PULLED)
def test_every_row_gets_the_verdict_and_the_reasons_its_maker_wrote_down(
    hub: Hub, departments: Departments, resource: str
) -> None:
    expected = departments.expected(resource)
    done = collect(hub, resource)
    assert done.counts.landed == done.source_count == len(expected)
    assert done.counts.quarantined == sum(row["verdict"] == "quarantined" for row in expected)
    got = Counter(
        tuple(sorted(reason["code"] for reason in entry.reasons))
        for entry in entries(hub, resource=resource, state=None, limit=100_000)
    )
    assert got == Counter(tuple(sorted(row["reasons"])) for row in expected if row["verdict"] == "quarantined")


@pytest.mark.parametrize("resource", PULLED)
def test_reading_again_from_the_start_changes_nothing(hub: Hub, resource: str) -> None:
    def rows() -> list[tuple[Any, ...]]:
        return fetch_all(hub.connection, "select subject, key, version from record order by 1, 2")

    first = collect(hub, resource)
    before = rows()
    assert collect(hub, resource).counts.landed <= first.counts.landed
    collect(hub, resource, from_start=True)
    assert rows() == before
    assert len(entries(hub, resource=resource, state=None, limit=100_000)) == first.counts.quarantined


def test_a_source_that_is_not_open_is_not_asked_and_never_looks_healthy(hub: Hub) -> None:
    with pytest.raises(SourceNotConfigured, match=r"education\.enrolment is 未开通"):
        collect(hub, "education.enrolment")
    states = {state.resource: state for state in source_states(hub)}
    assert states["education.enrolment"].state == "not open"
    assert states["education.enrolment"].reach.startswith("未开通")
    assert fetch_all(hub.connection, "select 1 from batch where resource = 'education.enrolment'") == []
    assert "education" not in {department.id for department in open_departments()}


def test_a_department_that_is_down_keeps_its_batch_and_the_others_go_on(hub: Hub, departments: Departments) -> None:
    departments.order_fault("500", times=100)
    try:
        with pytest.raises(SourceUnavailable, match=r"tax\.clearance"):
            collect(hub, "tax.clearance")
        assert collect(hub, "civil.social_org").counts.landed > 0
        states = {state.resource: state for state in source_states(hub)}
        assert states["tax.clearance"].state == "in trouble"
        assert "HUB-101" in (states["tax.clearance"].trouble or "")
        assert states["civil.social_org"].state == "up to date"
    finally:
        departments.order_fault(None)
    done = collect(hub, "tax.clearance")
    assert done.resumed
    assert done.counts.landed == len(departments.expected("tax.clearance"))


def test_what_was_no_page_is_kept_as_evidence_and_never_read(hub: Hub, departments: Departments) -> None:
    departments.order_fault("html", times=100)
    try:
        with pytest.raises(SourceGarbled):
            collect(hub, "tax.registration")
    finally:
        departments.order_fault(None)
    assert fetch_all(hub.connection, "select whole, bytes > 0 from raw_page") == [(False, True)]
    assert collect(hub, "tax.registration").counts.landed == len(departments.expected("tax.registration"))


def test_rows_that_the_source_keeps_back_fail_the_collect_by_name(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    count = ExchangeTable.count
    monkeypatch.setattr(ExchangeTable, "count", lambda table, cursor: count(table, cursor) + (0 if cursor else 3))
    with pytest.raises(RowsMissing, match=r"civil\.social_org: .*--from-start"):
        collect(hub, "civil.social_org")
    (state,) = [state for state in source_states(hub) if state.resource == "civil.social_org"]
    assert (state.state, state.trouble and state.trouble[:7]) == ("in trouble", "HUB-701")
    monkeypatch.undo()
    collect(hub, "civil.social_org")
    (state,) = [state for state in source_states(hub) if state.resource == "civil.social_org"]
    assert state.state == "up to date"


def test_a_source_that_goes_on_while_it_is_read_is_no_difference(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was counted before is not what came, and the source itself says at the end why."""
    count, asked = ExchangeTable.count, []

    def counted(table: ExchangeTable, cursor: Any) -> int:
        asked.append(cursor)
        return count(table, cursor) - (2 if len(asked) == 1 else 0)

    monkeypatch.setattr(ExchangeTable, "count", counted)
    done = collect(hub, "civil.social_org")
    assert done.source_count == done.counts.landed - 2
    assert fetch_all(hub.connection, "select source_recount from batch") == [(done.counts.landed,)]


def test_showing_an_entry_shows_no_value(hub: Hub) -> None:
    collect(hub, "hr.insurance")
    found = entries(hub, resource="hr.insurance", state="open", limit=1)
    shown = show(hub, found[0].id)
    assert shown.masked_fields
    digits = {character for value in shown.masked_fields.values() for character in value if character.isdigit()}
    assert digits <= {"9"}


def test_a_retry_releases_what_is_good_now_and_keeps_the_rest(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    resource = "civil.social_org"
    real_judge = judging.judge

    def refuse_everything(schema: str, fields: Any, *, problem: Any = None, today: Any = None) -> Any:
        return real_judge(schema, {}, problem=problem, today=today)

    monkeypatch.setattr(judging, "judge", refuse_everything)
    broken = collect(hub, resource)
    assert broken.counts.inserted == 0
    monkeypatch.undo()

    result = retry(hub, resource=resource)
    assert result.released > 0
    retried = {row.payload for row in records.of_resource(hub.connection, hub.vault, resource)}
    collect(hub, resource, from_start=True)
    assert retried == {row.payload for row in records.of_resource(hub.connection, hub.vault, resource)}
    assert retry(hub, resource=resource).released == 0
