"""One number answers what the item's materials name, and nothing else; every lookup is logged before it answers."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from core.clock import SHANGHAI, FixedClock
from core.errors import HubError
from hub import lookup as looking
from hub import my_data
from hub.access import Access, Right
from hub.ages import Ages
from hub.answer import Answer, MaterialState
from hub.approvals import case_of, result_of
from hub.caller import Caller, operator
from hub.collect import collect
from hub.context import Hub
from hub.issue import decide
from hub.live import Live
from hub.lookup import Ask, PurposeMissing, SubjectUnfit, WithholdingRefused
from hub.lookup_queue import LookupQueue
from hub.means import Means
from hub.pool import HubPool
from hub.sources import ACCEPT
from hub.subjects import LegacyNumberUnknown
from schemas.errors import IdentifierRefused, ItemUnknown
from schemas.items import Way, all_items
from schemas.judge import restore
from store import records
from store.audit import Pending
from store.connection import fetch_all
from tests.departments import Departments

HR = "11420112MB0000000M3000199001000"
#: The items that begin the licences whose evidence is collected here.
BEGUN = {f"11420112MB0000000M300019900{number}000" for number in (1, 2, 3)}


@pytest.fixture
def filled(ready: Hub) -> Hub:
    return ready


def lookup(hub: Hub, *, caller: Caller | None = None, live: Live | None = None, **more: Any) -> Answer:
    """Ask as the operator unless somebody else is named."""
    means = Means(Access.open(hub.settings, hub.clock), Ages(), live)
    return looking.lookup(hub, caller=caller or operator(), means=means, **more)


def applicants(hub: Hub, departments: Departments, verdict: str) -> list[tuple[str, str]]:
    """(item, credit code) of approvals that were made to end so; the code is read from the store.

    Only of items whose evidence was collected.
    """
    with Path(departments.ready["expected"]).open(encoding="utf-8") as lines:
        rows = [row for row in map(json.loads, lines) if row.get("approval") and row["verdict"] == verdict]
    rows = [row for row in rows if row["item"] in BEGUN]
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


@pytest.fixture
def entity(hub: Hub, departments: Departments) -> Any:
    """A company of the register with a credit code and an old registration number."""
    departments.write_sources(hub.settings.sources_file)
    for resource in ("market.entity", "tax.registration"):
        collect(hub, resource)
    for stored in records.of_resource(hub.connection, hub.vault, "market.entity"):
        found: Any = restore("market.entity", stored.payload)
        if found.credit_code is not None and found.registration_no and len(found.registration_no) == 15:
            return found
    raise AssertionError("the sandbox has no such company")


def test_old_numbers_of_a_company_find_the_same(hub: Hub, entity: Any) -> None:
    code = entity.credit_code.text
    asked = {"item": HR, "purpose": "acceptance"}
    by_code = lookup(hub, identifier=code, **asked)
    for number in (entity.registration_no, code[8:17]):
        answer = lookup(hub, identifier=number, **asked)
        assert [m.state for m in answer.materials] == [m.state for m in by_code.materials]
        assert [m.facts for m in answer.materials] == [m.facts for m in by_code.materials]
    subjects = fetch_all(hub.connection, "select distinct subject from audit_about where part = 0")
    assert [bytes(row[0]) for row in subjects] == [hub.subject("company", code)]


def test_an_old_number_nobody_knows_is_refused_and_logged(hub: Hub, entity: Any) -> None:
    with pytest.raises(LegacyNumberUnknown):
        lookup(hub, item=HR, identifier="420112000099999", purpose="acceptance")
    assert [row[1] for row in audit(hub)] == ["refused"]


def test_an_old_citizen_number_finds_the_new_one(filled: Hub) -> None:
    item = "11420112MB0000000M3002099015000"
    short = "110105491231002"
    answers = [lookup(filled, item=item, identifier=n, purpose="acceptance") for n in (short, "11010519491231002X")]
    assert answers[0].subject_masked == answers[1].subject_masked
    subjects = fetch_all(filled.connection, "select distinct subject from audit_about where part = 0")
    assert len(subjects) == 1


def test_what_is_missing_is_asked_of_the_department_and_logged_as_live(hub: Hub, departments: Departments) -> None:
    """Nothing was ever collected of the tax service: it is asked now, and its answer names the representative."""
    departments.write_sources(hub.settings.sources_file)
    collect(hub, "bureau.accept")
    codes = [code for item, code in applicants(hub, departments, "issued") if item == HR]
    with Live.open(hub.settings, clock=hub.clock) as live:
        # A number the department itself wrote with blanks or small letters is not found by asking for it.
        answers = [lookup(hub, item=HR, identifier=code, purpose="acceptance", live=live) for code in codes]
    first = next(answer.materials[0] for answer in answers if answer.materials[0].state is MaterialState.SATISFIED)
    assert first.origin is not None
    assert (first.way, first.origin.live, first.origin.batch) == (Way.LIVE, True, None)
    assert first.facts
    bodies = [json.loads(bytes(body)) for (body,) in fetch_all(hub.connection, "select body from audit_entry")]
    (trace, *_) = [body for body in bodies if body["materials"][0]["way"] == "live"]
    assert {about["role"] for about in trace["about"]} == {"applicant", "legal_rep"}


def test_a_lookup_the_law_withholds_is_logged_at_once_and_told_later(filled: Hub, departments: Departments) -> None:
    item, code = applicants(filled, departments, "issued")[0]
    own = filled.subject("company", code)
    held = {"withheld_until": date(2026, 12, 1), "withheld_basis": "中华人民共和国刑事诉讼法"}
    with pytest.raises(WithholdingRefused):
        lookup(filled, item=item, identifier=code, purpose="acceptance", **held)
    assert len(my_data.looked(filled, own)) == 0
    allowed = Access.open(filled.settings, filled.clock)
    right = replace(allowed.right(operator(), all_items()[item], "acceptance"), may_withhold=True)

    class MayWithhold(Access):
        def right(self, *_: Any) -> Right:
            return right

    means = Means(MayWithhold(filled.settings, filled.clock), Ages())
    looking.lookup(filled, caller=operator(), item=item, identifier=code, purpose="acceptance", means=means, **held)
    assert len(audit(filled)) == 2
    assert my_data.looked(filled, own) == []
    later = replace(filled, clock=FixedClock(datetime(2026, 12, 1, 8, 0, tzinfo=SHANGHAI)))
    assert [one.withheld_until for one in my_data.looked(later, own)] == ["2026-12-01", "2026-12-01"]


def test_lookups_at_once_are_each_answered_by_their_own(filled: Hub, departments: Departments) -> None:
    asked = applicants(filled, departments, "issued") + applicants(filled, departments, "waiting")
    alone = {
        (item, code): lookup(filled, item=item, identifier=code, purpose="acceptance").materials for item, code in asked
    }
    pool = HubPool(filled.settings, size=2, clock=filled.clock)
    means = Means(Access.open(filled.settings, filled.clock), Ages())
    queue = LookupQueue(filled.settings, means, pool, clock=filled.clock)
    try:
        asks = [Ask(operator(), item, code, "acceptance") for item, code in asked * 5]
        wrong = [Ask(operator(), HR, "91420112MA4L0XA90C", "acceptance"), Ask(operator(), "0" * 31, "x", "acceptance")]
        futures = [queue.ask(ask) for ask in [*asks, *wrong]]
        for ask, future in zip(asks, futures, strict=False):
            assert future.result(30).materials == alone[ask.item, ask.identifier]
        for future in futures[-2:]:
            with pytest.raises(HubError):
                future.result(30)
    finally:
        queue.close()
        pool.close()
    outcomes = [row[1] for row in audit(filled)]
    assert len(outcomes) == 6 * len(asked) + 2
    assert outcomes.count("refused") == 2


def test_one_lookup_that_breaks_the_transaction_spoils_no_other(
    filled: Hub, departments: Departments, monkeypatch: pytest.MonkeyPatch
) -> None:
    item, code = applicants(filled, departments, "issued")[0]
    really = looking.read_facts

    def breaks(cursor: Any, hub: Hub, wanted: Any, subject: Any, *more: Any) -> Any:
        if subject.value != code:
            cursor.execute("select 1 / 0")
        return really(cursor, hub, wanted, subject, *more)

    monkeypatch.setattr(looking, "read_facts", breaks)
    pool = HubPool(filled.settings, size=2, clock=filled.clock)
    queue = LookupQueue(filled.settings, Means(Access.open(filled.settings), Ages()), pool, clock=filled.clock)
    try:
        good = [queue.ask(Ask(operator(), item, code, "acceptance")) for _ in range(5)]
        bad = queue.ask(Ask(operator(), HR, "91420112MAKTE5T008", "acceptance"))
        good += [queue.ask(Ask(operator(), item, code, "acceptance")) for _ in range(5)]
        assert [future.result(30).complete for future in good] == [True] * 10
        with pytest.raises(psycopg2.errors.DivisionByZero):
            bad.result(30)
    finally:
        queue.close()
        pool.close()
    assert [row[1] for row in audit(filled)].count("complete") == 10
