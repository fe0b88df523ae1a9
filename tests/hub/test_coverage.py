"""How far one number suffices: numerator and denominator, what fails, and papers nobody need have brought."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Literal

import pytest

from core.clock import SHANGHAI
from hub.caller import issuing
from hub.context import Hub
from hub.coverage import DEFINITION, Coverage, Miss, PeriodReversed, coverage
from schemas.errors import ItemUnknown
from schemas.items import item
from store import audit
from store.audit import Trace, Usage
from store.connection import transaction

HR, NGO, FOOD = (f"11420112MB0000000M300019900{number}000" for number in (1, 2, 3))
MONTH = (date(2026, 11, 1), date(2026, 11, 30))
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=SHANGHAI)


class Desk:
    """Lookups as they are logged, cases as they are opened, papers as they are brought."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub

    def looked(
        self,
        code: str,
        case_no: str | None,
        states: Mapping[str, tuple[str, str]],
        *,
        at: datetime = NOON,
        user: str = "zhang",
        purpose: str = "acceptance",
        outcome: Literal["complete", "partial", "refused"] | None = None,
    ) -> None:
        """A lookup; `states` is material code to state and reason, satisfied where it is not named."""
        traces = [
            Trace(material.code, state, "shared", material.resource, reason)
            for material in item(code).materials
            for state, reason in [states.get(material.code, ("satisfied", ""))]
        ]
        whole = all(trace.state in ("satisfied", "promised") for trace in traces)
        usage = Usage(
            channel="clerk", user=user, user_name="", organisation="x", organisation_name="", street=None, place=None,
            item=code, item_name=item(code).name, item_version=1, case_no=case_no, purpose=purpose, basis="某法",
            outcome=outcome or ("complete" if whole else "partial"), refusal=None, about=(),
            materials=() if outcome == "refused" else tuple(traces),
        )  # fmt: skip
        with transaction(self.hub.connection) as cursor:
            audit.append(cursor, usage, at)

    def opened(self, code: str, case_no: str, *, at: datetime = NOON) -> None:
        with transaction(self.hub.connection) as cursor:
            cursor.execute(
                "insert into desk_case (case_no, item, item_version, subject, organisation, channel, holder_present,"
                " opened_at, opened_by) values (%s, %s, 1, %s, 'x', 'clerk', true, %s, 'zhang')",
                (case_no, code, b"s" * 32, at),
            )

    def settled(
        self,
        case_no: str,
        material: str,
        way: str,
        reason: str,
        *,
        resource: str = "hr.vocational",
        at: datetime = NOON,
        kept: bool | None = None,
    ) -> None:
        promise = ("某承诺", NOON.date(), False) if way == "promise" else (None, None, None)
        checked = (None, None, None) if kept is None else (kept, NOON, "zhang")
        with transaction(self.hub.connection) as cursor:
            cursor.execute(
                "insert into case_material (case_no, material, way, resource, reason, at, by_user, clause, due,"
                " due_verified, kept, checked_at, checked_by)"
                " values (%s, %s, %s, %s, %s, %s, 'zhang', %s, %s, %s, %s, %s, %s)",
                (case_no, material, way, resource, reason, at, *promise, *checked),
            )

    def figures(self, code: str | None = None) -> Coverage:
        return coverage(self.hub, *MONTH, code)


@pytest.fixture
def desk(hub: Hub) -> Desk:
    return Desk(hub)


def test_a_case_counts_when_every_material_was_obtained_or_promised(desk: Desk) -> None:
    desk.looked(HR, "A-1", {})
    desk.looked(HR, "A-2", {"M2": ("promised", "")})
    desk.looked(HR, "A-3", {"M3": ("missing", "none")})
    desk.looked(HR, "A-4", {"M3": ("missing", "none"), "M2": ("unreachable", "no_answer")})
    desk.looked(HR, "A-5", {"M3": ("unmet", "")})
    found = desk.figures()
    (one,) = found.items
    assert (one.name, one.share.text, one.share.promised) == ("人力资源服务许可", "2/5 = 40.00%", 1)
    assert [(f.code, f.name, f.source, f.cases, dict(f.reasons)) for f in one.failing] == [
        ("M3", "法定代表人职业资格证书", "人社·职业资格证书信息", 3, {"none": 2, "unmet": 1}),
        ("M2", "法定代表人参保缴费记录", "人社·社会保险参保信息", 1, {"no_answer": 1}),
    ]
    assert found.total == one.share


def test_all_items_together_add_up_and_the_worst_item_stands_first(desk: Desk) -> None:
    desk.looked(HR, "A-1", {})
    desk.looked(NGO, "A-2", {"M2": ("stale", "no_answer")})
    desk.looked(NGO, "A-3", {})
    found = desk.figures()
    assert [(one.item, one.share.numerator, one.share.denominator) for one in found.items] == [(NGO, 1, 2), (HR, 1, 1)]
    assert found.total.text == "2/3 = 66.67%"
    assert item(FOOD).name in found.without_cases and item(HR).name not in found.without_cases
    assert [one.item for one in desk.figures(HR).items] == [HR]


def test_the_last_answer_of_a_case_is_the_one_that_counts(desk: Desk) -> None:
    desk.looked(HR, "A-1", {"M3": ("missing", "none")}, at=NOON)
    desk.looked(HR, "A-1", {}, at=NOON + timedelta(hours=1))
    desk.looked(HR, "A-2", {}, at=NOON)
    desk.looked(HR, "A-2", {"M1": ("conflicting", "differs")}, at=NOON + timedelta(hours=1))
    assert desk.figures().total.text == "1/2 = 50.00%"


def test_what_serves_no_applicant_is_no_case(desk: Desk) -> None:
    desk.looked(HR, None, {})
    desk.looked(HR, "A-1", {}, outcome="refused")
    desk.looked(HR, "A-2", {}, user=issuing().id)
    desk.looked(HR, "A-3", {}, purpose="follow_up")
    desk.looked(HR, "A-4", {}, purpose="issuing")
    desk.looked(HR, "A-5", {}, at=datetime(2026, 10, 31, 23, 59, 59, tzinfo=SHANGHAI))
    desk.looked(HR, "A-6", {}, at=datetime(2026, 12, 1, 0, 0, tzinfo=SHANGHAI))
    found = desk.figures()
    assert (found.items, found.total.text, found.total.value) == ((), "0/0 = 没有办件", None)
    desk.looked(HR, "A-7", {}, at=datetime(2026, 11, 1, 0, 0, tzinfo=SHANGHAI))
    desk.looked(HR, "A-8", {}, at=datetime(2026, 11, 30, 23, 59, 59, tzinfo=SHANGHAI))
    assert desk.figures().total.text == "2/2 = 100.00%"


def test_a_paper_that_was_brought_is_no_success_though_the_fact_was_found_later(desk: Desk) -> None:
    desk.opened(HR, "A-1")
    desk.looked(HR, "A-1", {"M3": ("missing", "none")})
    desk.settled("A-1", "M3", "upload", "none")
    desk.looked(HR, "A-1", {}, at=NOON + timedelta(days=1))
    (one,) = desk.figures().items
    assert (one.share.numerator, one.share.denominator) == (0, 1)
    assert [(failing.code, failing.reasons) for failing in one.failing] == [("M3", (("none", 1),))]


def test_a_promise_that_was_found_broken_is_no_success(desk: Desk) -> None:
    for case_no, kept in (("A-1", True), ("A-2", None), ("A-3", False)):
        desk.opened(HR, case_no)
        desk.settled(case_no, "M2", "promise", "missing", kept=kept)
        desk.looked(HR, case_no, {"M2": ("promised", "")})
    (one,) = desk.figures().items
    assert (one.share.text, one.share.promised) == ("2/3 = 66.67%", 2)
    assert [(failing.code, failing.reasons) for failing in one.failing] == [("M2", (("promise_broken", 1),))]


def test_papers_that_a_department_could_have_spared_are_counted_by_source_and_reason(desk: Desk) -> None:
    for number, reason in enumerate(("none", "none", "unmet", "stale")):
        desk.opened(HR, f"A-{number}")
        desk.settled(f"A-{number}", "M3", "upload", reason)
    desk.looked(FOOD, "B-1", {}, at=NOON)  # a case of the bureau's own system
    desk.settled("B-1", "M3", "later", "none")
    desk.settled("B-1", "M3", "upload", "none", at=NOON + timedelta(days=3))
    desk.settled("B-1", "M1", "upload", "no_answer", resource="market.entity")
    desk.settled("A-0", "M2", "promise", "none")
    desk.settled("A-1", "M2", "upload", "none", at=NOON - timedelta(days=40))
    found = desk.figures()
    qualification = ("hr.vocational", "人社·职业资格证书信息")
    assert found.misses[0] == Miss(*qualification, "none", 3, ("人力资源服务许可", "食品经营许可"))
    assert set(found.misses[1:]) == {
        Miss(*qualification, "unmet", 1, ("人力资源服务许可",)),
        Miss(*qualification, "stale", 1, ("人力资源服务许可",)),
        Miss("market.entity", "市场监管·市场主体登记信息", "no_answer", 1, ("食品经营许可",)),
    }
    assert sum(one.papers for one in desk.figures(FOOD).misses) == 2


def test_a_case_in_which_nobody_was_asked_is_told_beside_the_share(desk: Desk) -> None:
    desk.opened(HR, "A-1")
    desk.opened(HR, "A-2")
    desk.opened(HR, "A-3", at=NOON - timedelta(days=60))
    desk.looked(HR, "A-2", {})
    found = desk.figures()
    assert (found.total.text, found.never_asked) == ("1/1 = 100.00%", 1)


def test_no_share_stands_without_its_base_and_its_definition(desk: Desk) -> None:
    desk.looked(HR, "A-1", {"M3": ("missing", "none")})
    told = desk.figures().to_dict()
    assert told["definition"] == DEFINITION
    for part in (told["all"], *told["items"]):
        assert {"numerator", "denominator", "promised", "share"} <= set(part)
    assert told["items"][0]["failing"][0]["reasons"] == {"none": 1}


def test_a_reversed_period_and_an_unknown_item_are_refused(hub: Hub) -> None:
    with pytest.raises(PeriodReversed, match="HUB-792"):
        coverage(hub, MONTH[1], MONTH[0])
    with pytest.raises(ItemUnknown):
        coverage(hub, *MONTH, "x" * 31)
