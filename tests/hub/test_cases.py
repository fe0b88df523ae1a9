"""A lookup is for a case that is open, of this item, applicant and office; what it did not give is settled there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import psycopg2
import pytest

from core.clock import SHANGHAI
from hub import cases
from hub.access import NotAllowed
from hub.caller import Caller, CallerKind, issuing, operator
from hub.cases import CaseClosed, CaseMissing, CaseOfAnother, CaseUnknown, SettleRefused
from hub.collect import collect
from hub.context import Hub
from hub.sources import ACCEPT, RESULT
from schemas.items import item
from schemas.items.model import PromiseWay, ServiceItem, Way
from schemas.judge import restore
from schemas.records.base import Subject
from store import records
from store.connection import transaction
from tests.departments import Departments
from tests.hub.access_files import FOOD, HR, clerk, terminal

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=SHANGHAI)
COMPANY = Subject("company", "91420112MAKTE5T008")
OTHER = Subject("company", "91420112MA4L0XA90B")
Open = Callable[..., str]


@pytest.fixture
def opened(hub: Hub) -> Open:
    def opened(caller: Caller | None = None, code: str = HR, subject: Subject = COMPANY) -> str:
        return cases.open_case(hub, caller=caller or clerk(), item=item(code), subject=subject, now=NOW)

    return opened


def check(hub: Hub, case_no: str | None, code: str = HR, subject: Subject = COMPANY, by: Caller | None = None) -> None:
    with transaction(hub.connection) as cursor:
        cases.check(cursor, hub, case_no=case_no, item=item(code), subject=subject, caller=by or clerk())


def test_an_open_case_of_the_same_item_and_applicant_passes(hub: Hub, opened: Open) -> None:
    check(hub, opened())


def test_a_number_is_readable_and_never_given_twice_even_when_its_case_was_undone(hub: Hub, opened: Open) -> None:
    first = opened()
    assert first.startswith("YZ-20261120-")
    with pytest.raises(ZeroDivisionError), transaction(hub.connection) as cursor:
        from store.cases import next_number

        undone = next_number(cursor, NOW)
        raise ZeroDivisionError
    assert len({first, undone, opened(), opened()}) == 4


@pytest.mark.parametrize(
    ("case_no", "error"),
    [
        (None, CaseMissing),
        ("  ", CaseMissing),
        ("YZ-20261120-999999", CaseUnknown),
        ("'; drop table desk_case --", CaseUnknown),
        ("x" * 200, CaseUnknown),
        ("\x00", CaseUnknown),
    ],
)
def test_a_case_that_is_not_there_is_refused(hub: Hub, case_no: str | None, error: type[Exception]) -> None:
    with pytest.raises(error):
        check(hub, case_no)


def test_a_case_serves_no_other_item_applicant_or_office(hub: Hub, opened: Open) -> None:
    number = opened()
    wang = clerk("wang", "street", "420112001")
    for refused in ({"code": FOOD}, {"subject": OTHER}, {"by": wang}):
        with pytest.raises(CaseOfAnother) as refusal:
            check(hub, number, **refused)  # type: ignore[arg-type]
        assert "91420112" not in str(refusal.value)
    from_street = opened(wang, FOOD)
    check(hub, from_street, FOOD)  # the district takes on what a street opened
    with pytest.raises(CaseOfAnother):
        check(hub, from_street, FOOD, by=clerk("zhou", "street2", "420112002"))


def test_a_closed_case_releases_nothing_and_closes_once(hub: Hub, opened: Open) -> None:
    number = opened()
    with pytest.raises(CaseOfAnother):
        cases.close(hub, case_no=number, caller=clerk("wang", "street", "4201"), outcome="accepted", now=NOW)
    cases.close(hub, case_no=number, caller=clerk(), outcome="accepted", now=NOW)
    with pytest.raises(CaseClosed):
        check(hub, number)
    with pytest.raises(CaseClosed):
        cases.close(hub, case_no=number, caller=clerk(), outcome="withdrawn", now=NOW)
    with pytest.raises(CaseClosed):
        cases.settle_material(
            hub, case_no=number, material="M1", way="later", reason="missing", caller=clerk(), now=NOW
        )
    with pytest.raises(CaseUnknown):
        cases.close(hub, case_no="YZ-20261120-999999", caller=clerk(), outcome="accepted", now=NOW)


def test_a_terminal_opens_a_case_only_for_the_holder_before_it_and_the_row_says_so(hub: Hub, opened: Open) -> None:
    with pytest.raises(NotAllowed):
        opened(terminal(present=False))
    number = opened(terminal())
    with transaction(hub.connection) as cursor:
        cursor.execute("select channel, holder_present from desk_case where case_no = %s", (number,))
        assert cursor.fetchone() == ("terminal", True)
    check(hub, number)  # the counter of the same office may go on with it


def test_the_database_itself_refuses_a_terminals_case_without_the_holder(hub: Hub, opened: Open) -> None:
    opened(terminal())
    with pytest.raises(psycopg2.errors.CheckViolation), transaction(hub.connection) as cursor:
        cursor.execute("update desk_case set holder_present = false")


@pytest.fixture
def bureau(hub: Hub, departments: Departments) -> Hub:
    departments.write_sources(hub.settings.sources_file)
    for resource in (ACCEPT, RESULT):
        collect(hub, resource)
    return hub


def accepts(hub: Hub) -> dict[bool, Any]:
    """One case of the bureau's that is decided and one that is not, of items known here."""
    decided = {
        restore(RESULT, row.payload).project_no  # type: ignore[attr-defined]
        for row in records.of_resource(hub.connection, hub.vault, RESULT)
    }
    found: dict[bool, Any] = {}
    for row in records.of_resource(hub.connection, hub.vault, ACCEPT):
        accept: Any = restore(ACCEPT, row.payload)
        if accept.item_code in (HR, FOOD) and accept.subjects()[0].kind == "company":
            found[accept.project_no in decided] = accept
    return found


def test_a_case_of_the_bureaus_own_system_counts_until_it_is_decided(bureau: Hub) -> None:
    decided = accepts(bureau)[True]
    number, code, applicant = decided.project_no, decided.item_code, decided.subjects()[0]
    with pytest.raises(CaseClosed):
        check(bureau, number, code, applicant)
    check(bureau, number, code, applicant, by=issuing())
    with transaction(bureau.connection) as cursor:
        cursor.execute(
            "delete from record where subject = %s and resource = %s", (bureau.subject("case", number), RESULT)
        )
    check(bureau, number, code, applicant)
    with pytest.raises(CaseOfAnother):
        check(bureau, number, code, OTHER)
    with pytest.raises(CaseOfAnother):
        check(bureau, number, FOOD if code == HR else HR, applicant)
    settled = cases.settle_material(
        bureau, case_no=number, material="M1", way="later", reason="missing", caller=clerk(), now=NOW, item=item(code)
    )
    assert cases.settled(bureau, number) == [settled]


def test_checking_a_bureaus_case_does_not_end_the_callers_transaction(bureau: Hub) -> None:
    """The keys that open the record are read within it: a commit in between would part answer and log."""
    decided = accepts(bureau)[True]
    from hub.context import open_hub

    with open_hub(bureau.settings, bureau.clock) as fresh, transaction(fresh.connection) as cursor:
        cursor.execute("select txid_current()")
        before = cursor.fetchone()
        cases.check(
            cursor, fresh, case_no=decided.project_no, item=item(decided.item_code), subject=decided.subjects()[0],
            caller=issuing(),
        )  # fmt: skip
        cursor.execute("select txid_current()")
        assert cursor.fetchone() == before


@pytest.fixture
def promising(monkeypatch: pytest.MonkeyPatch) -> ServiceItem:
    """The HR item as a business person could write it: M3 may be promised, or brought."""
    told = item(HR)
    changed = told.material("M3").model_copy(
        update={
            "ways": (Way.SHARED, Way.PROMISE, Way.UPLOAD),
            "promise": PromiseWay(clause="本人承诺持有证书", verify_within_days=10, verified=True),
            "upload": "职业资格证书",
        }
    )
    first, second, _ = told.materials
    made = told.model_copy(update={"materials": (first.model_copy(update={"ways": (Way.SHARED,)}), second, changed)})
    monkeypatch.setattr(cases, "item_of", lambda _, **more: made)
    return made


def test_a_promise_says_what_is_promised_and_when_it_is_checked_and_that_the_day_is_an_estimate(
    hub: Hub, opened: Open, promising: ServiceItem
) -> None:
    number = opened()
    one = cases.settle_material(
        hub, case_no=number, material="M3", way="promise", reason="missing", caller=clerk(), now=NOW
    )
    # 2026-11-20 is a Friday: ten working days later is Friday in two weeks
    assert (one.clause, one.due) == ("本人承诺持有证书", date(2026, 12, 4))
    from schemas.workdays import working_days

    assert one.due_verified is working_days().verified(NOW.date(), date(2026, 12, 4))
    with transaction(hub.connection) as cursor:
        assert cases.promised(cursor, number) == {"M3"}
        assert cases.promised(cursor, "YZ-20261120-999999") == frozenset()
    assert cases.settled(hub, number) == [one]
    assert cases.unchecked_promises(hub) == [one]


def test_a_promise_found_broken_stands_for_the_material_no_longer_and_cannot_be_given_again(
    hub: Hub, opened: Open, promising: ServiceItem
) -> None:
    number = opened()
    settle = {"case_no": number, "material": "M3", "way": "promise", "reason": "missing", "caller": clerk()}
    cases.settle_material(hub, now=NOW, **settle)  # type: ignore[arg-type]
    later = NOW + timedelta(days=7)
    cases.check_promise(hub, case_no=number, material="M3", kept=False, caller=operator(), now=later)
    with transaction(hub.connection) as cursor:
        assert cases.promised(cursor, number) == frozenset()
    cases.settle_material(hub, now=later, **settle)  # type: ignore[arg-type]
    with transaction(hub.connection) as cursor:
        assert cases.promised(cursor, number) == frozenset()
    with pytest.raises(CaseUnknown):
        cases.check_promise(hub, case_no=number, material="M3", kept=True, caller=operator(), now=later)


@pytest.mark.parametrize(
    ("material", "way", "reason"),
    [
        ("M1", "promise", "missing"),  # the item does not allow it
        ("M1", "upload", "missing"),
        ("M9", "later", "missing"),
        ("M3", "promise", "420112199001011234"),  # no word
        ("M3", "promise", "他没带"),
    ],
)
def test_what_the_item_does_not_allow_is_not_settled(
    hub: Hub, opened: Open, promising: ServiceItem, material: str, way: Any, reason: str
) -> None:
    number = opened()
    with pytest.raises(SettleRefused) as refusal:
        cases.settle_material(hub, case_no=number, material=material, way=way, reason=reason, caller=clerk(), now=NOW)
    assert "4201121990" not in str(refusal.value)
    assert cases.settled(hub, number) == []


def test_a_paper_brought_is_noted_with_the_source_that_did_not_give_it(
    hub: Hub, opened: Open, promising: ServiceItem
) -> None:
    number = opened()
    one = cases.settle_material(
        hub, case_no=number, material="M3", way="upload", reason="unreachable", caller=clerk(), now=NOW
    )
    assert (one.resource, one.reason, one.by_user) == ("hr.vocational", "unreachable", "li")
    another = replace(clerk(), kind=CallerKind.PARTNER, organisation="bank")
    with pytest.raises(CaseOfAnother):
        cases.settle_material(
            hub, case_no=number, material="M3", way="upload", reason="missing", caller=another, now=NOW
        )
