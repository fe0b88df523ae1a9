"""One number answers what the item's materials name, and nothing else; every lookup is logged before it answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hub import lookup as looking
from hub.access import Access
from hub.ages import Ages
from hub.answer import Answer
from hub.approvals import case_of, result_of
from hub.caller import Caller, operator
from hub.collect import collect
from hub.context import Hub
from hub.issue import decide
from hub.live import Live
from hub.lookup import PurposeMissing, SubjectUnfit
from hub.means import Means
from hub.sources import ACCEPT, evidence_resources
from schemas.errors import IdentifierRefused, ItemUnknown
from schemas.items import all_items
from schemas.judge import restore
from store import records
from store.audit import Pending
from store.connection import fetch_all
from tests.departments import Departments

HR = "11420112MB0000000M3000199001000"


@pytest.fixture
def filled(hub: Hub, departments: Departments) -> Hub:
    departments.write_sources(hub.settings.sources_file)
    for resource in evidence_resources():
        collect(hub, resource)
    return hub


def lookup(hub: Hub, *, caller: Caller | None = None, live: Live | None = None, **more: Any) -> Answer:
    """Ask as the operator unless somebody else is named."""
    means = Means(Access.open(hub.settings, hub.clock), Ages(), live)
    return looking.lookup(hub, caller=caller or operator(), means=means, **more)


def applicants(hub: Hub, departments: Departments, verdict: str) -> list[tuple[str, str]]:
    """(item, credit code) of approvals that were made to end so; the code is read from the store."""
    with Path(departments.ready["expected"]).open(encoding="utf-8") as lines:
        rows = [row for row in map(json.loads, lines) if row.get("approval") and row["verdict"] == verdict]
    codes = _accepts(hub)
    return [(row["item"], codes[row["approval"]]) for row in rows]


def _accepts(hub: Hub) -> dict[str, str]:
    accepts: dict[str, str] = {}
    for stored in records.of_resource(hub.connection, hub.vault, ACCEPT):
        accept: Any = restore(ACCEPT, stored.payload)
        accepts[accept.project_no] = accept.applicant_number.number
    return accepts


def audit(hub: Hub) -> list[tuple[Any, ...]]:
    """(item, outcome, subject unknown, released fields by material) of every entry, in order."""
    rows = fetch_all(
        hub.connection, "select body from audit_entry e join log_waiting w on w.entry = e.id order by w.id"
    )
    bodies = [json.loads(bytes(body)) for (body,) in rows]
    return [
        (b["item"], b["outcome"], not b["about"], {k: v for about in b["about"] for k, v in about["fields"].items()})
        for b in bodies
    ]


def test_a_company_whose_evidence_holds_gets_every_material(filled: Hub, departments: Departments) -> None:
    for item, code in applicants(filled, departments, "issued"):
        answer = lookup(filled, item=item, identifier=code, purpose="acceptance")
        assert answer.complete, item
        assert [material.state for material in answer.materials] == ["satisfied"] * len(answer.materials)
        for material in answer.materials:
            assert material.facts
            assert material.origin is not None
            assert material.origin.as_of is not None
            assert material.origin.batch is not None


def test_only_fields_that_the_materials_name_leave_the_store(filled: Hub, departments: Departments) -> None:
    item, code = applicants(filled, departments, "issued")[0]
    answer = lookup(filled, item=item, identifier=code, purpose="acceptance")
    allowed = {label for material in all_items()[item].materials for label in material.labels().values()}
    assert {fact.label for material in answer.materials for fact in material.facts} <= allowed
    ((_, outcome, unknown_subject, released),) = audit(filled)
    assert (outcome, unknown_subject) == ("complete", False)
    assert released == {
        material.code: [f"{material.resource}.{name}" for name in material.release]
        for material in all_items()[item].materials
    }


def test_what_is_lacking_is_named_and_its_fields_stay_in(filled: Hub, departments: Departments) -> None:
    item, code = applicants(filled, departments, "waiting")[0]
    answer = lookup(filled, item=item, identifier=code, purpose="acceptance")
    assert not answer.complete
    lacking = [material for material in answer.materials if material.state != "satisfied"]
    assert lacking
    assert all(material.facts == () for material in lacking)


def test_a_lower_case_code_with_blanks_finds_the_same(filled: Hub, departments: Departments) -> None:
    item, code = applicants(filled, departments, "issued")[0]
    assert lookup(filled, item=item, identifier=f"  {code.lower()} ", purpose="acceptance").complete


@pytest.mark.parametrize(
    ("item", "identifier", "purpose", "error"),
    [
        (HR, "91420112MA4L0XA90B", "  ", PurposeMissing),
        ("0" * 31, "91420112MA4L0XA90B", "acceptance", ItemUnknown),
        (HR, "91420112MA4L0XA90C", "acceptance", IdentifierRefused),
        (HR, "11010519491231002X", "acceptance", SubjectUnfit),
    ],
)
def test_a_refused_lookup_is_logged_as_refused_and_shows_no_number(
    filled: Hub, item: str, identifier: str, purpose: str, error: type[Exception]
) -> None:
    with pytest.raises(error) as refusal:
        lookup(filled, item=item, identifier=identifier, purpose=purpose)
    assert identifier not in str(refusal.value)
    ((_, outcome, _, released),) = audit(filled)
    assert outcome == "refused"
    assert released == {}


def test_nothing_is_answered_when_the_log_cannot_be_written(
    filled: Hub, departments: Departments, monkeypatch: pytest.MonkeyPatch
) -> None:
    item, code = applicants(filled, departments, "issued")[0]

    def full(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(Pending, "write", full)
    with pytest.raises(OSError, match="no space"):
        lookup(filled, item=item, identifier=code, purpose="acceptance")


def test_reading_evidence_for_an_approval_is_logged_too(filled: Hub) -> None:
    number = decide(filled).to_issue[0]
    before = len(audit(filled))
    result = result_of(filled, number)
    assert result is not None
    case_of(filled, result)
    assert len(audit(filled)) == before + 1
