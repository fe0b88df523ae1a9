"""Approved later steps: each finds its licence, keeps its number, counts its version on, is taken once and in order."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.settings import Settings
from hub import approvals, targets
from hub.context import Hub, open_hub
from hub.deposit import deposit_all
from hub.expiry import expire
from hub.issue import decide, issue_all
from hub.licence_views import plain
from hub.life import find, take
from hub.register import waiting_approvals
from hub.sources import RESULT, evidence_resources
from hub.verify import verify_file
from schemas.identifiers import LicenceId
from schemas.licence_life import Status, Step
from schemas.licence_types import licence_type
from store import approval_outcomes, licences
from store.connection import fetch_all, transaction
from tests.databases import lasting_database
from tests.departments import Departments
from tests.hub.lives import MORNING, Turning, copied, filled_settings, officer, order

pytestmark = pytest.mark.world
Plan = dict[str, dict[str, Any]]
TODAY = MORNING.date()


@pytest.fixture(scope="module")
def filled(
    postgres_url: str,
    _owner_url: str,
    database_template: str,
    departments: Departments,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Settings]:
    """Where a hub lies that has read every department and issued nothing."""
    with lasting_database(postgres_url, _owner_url, database_template) as url:
        yield filled_settings(url, tmp_path_factory.mktemp("approved"), departments, evidence_resources())


@pytest.fixture
def clock() -> Turning:
    return Turning()


@pytest.fixture
def hub(filled: Settings, new_database: Callable[..., str], tmp_path: Path, clock: Turning) -> Iterator[Hub]:
    with copied(filled, new_database(filled.database_url), tmp_path, clock) as opened:
        yield opened


@pytest.fixture(scope="module")
def plan(departments: Departments) -> Plan:
    """Approval to what its makers say of it."""
    with Path(departments.ready["expected"]).open(encoding="utf-8") as lines:
        return {row["approval"]: row for row in map(json.loads, lines) if "approval" in row}


def steps_of(plan: Plan, of: str | None = None) -> dict[str, dict[str, Any]]:
    return {
        no: row
        for no, row in plan.items()
        if "step" in row and row["verdict"] not in ("waiting", "not_granted") and (of is None or row["of"] == of)
    }


def first_of(hub: Hub, approval: str) -> licences.LicenceVersion:
    found = licences.by_approval(hub.connection, approval)
    assert found is not None
    return found


def test_every_step_the_bureau_granted_is_taken_once_and_the_rest_says_why_not(hub: Hub, plan: Plan) -> None:
    issue_all(hub, decide(hub).to_issue, and_followers=True)
    deposit_all(hub)
    done = steps_of(plan)
    assert {row["step"] for row in done.values()} == {"change", "renew", "replace", "cancel"}
    for approval, row in done.items():
        issued = first_of(hub, row["of"])
        story = [one.step.value for one in plain(hub, find(hub, issued.number)).steps]
        assert story.count(row["step"]) == 1, approval
        assert story[0] == "issue"
    expected = {no: sorted(row["missing"]) for no, row in plan.items() if row["verdict"] == "waiting"}
    assert {row.approval: sorted(lack.material for lack in row.lacks) for row in waiting_approvals(hub)} == expected
    lines = [line for row in waiting_approvals(hub) for line in row.lines() if line.startswith("证照")]
    assert lines and all("名下没有" in line for line in lines)
    # A document each for what makes one, archived with its case; nothing is left to do.
    documents = {one.approval for one in licences.every(hub.connection) if one.version > 1}
    assert documents == {no for no, row in done.items() if row["step"] != "cancel"}
    assert {one.state for one in licences.every(hub.connection)} == {"archived"}
    assert decide(hub).to_issue == ()


def test_two_steps_of_one_licence_are_taken_in_the_order_they_were_decided(hub: Hub, plan: Plan) -> None:
    of = next(row["of"] for row in plan.values() if row.get("step") == "cancel" and len(steps_of(plan, row["of"])) == 2)
    change, cancel = sorted(steps_of(plan, of), key=lambda no: plan[no]["step"] == "cancel")
    issue_all(hub, [of])
    decided = decide(hub, only=[cancel, change])
    assert decided.to_issue == (change,)
    assert "在先的办件" in decided.waiting[0].lines()[-1]
    issue_all(hub, [cancel])  # asked for by itself it waits all the same
    number = first_of(hub, of).number
    assert plain(hub, find(hub, number)).row.status is Status.VALID
    issue_all(hub, [change], and_followers=True)
    assert [one.step for one in plain(hub, find(hub, number)).steps] == [Step.ISSUE, Step.CHANGE, Step.CANCEL]
    (last,) = plain(hub, find(hub, number)).steps[-1:]
    (body,) = fetch_all(hub.connection, "select body from register_entry where id = %s", (last.entry,))
    assert json.loads(bytes(body[0]))["case"] == cancel


def test_a_next_document_keeps_number_and_validity_counts_its_version_and_is_sealed(hub: Hub, plan: Plan) -> None:
    approval, row = next((no, row) for no, row in steps_of(plan).items() if row["step"] == "replace")
    issue_all(hub, [row["of"]])
    old = first_of(hub, row["of"])
    issue_all(hub, [approval])
    new = first_of(hub, approval)
    assert (new.number, new.version, new.valid_until) == (old.number, 2, old.valid_until)
    assert LicenceId.parse(new.identifier) == LicenceId.parse(old.identifier).next_version()
    facts = licences.facts(hub.connection, hub.vault, new)
    before = licences.facts(hub.connection, hub.vault, old)
    for code in ("ZZBH", "ZZYXQQSRQ", "ZZYXQJZRQ"):
        assert facts["metadata"][code] == before["metadata"][code]
    assert facts["qr_text"] != before["qr_text"]
    for version in (old, new):
        data = (hub.settings.home / (version.document_path or "")).read_bytes()
        assert verify_file(data, hub.settings).verdict.value == "valid"
    assert first_of(hub, row["of"]).superseded_at is not None


def ends(hub: Hub, number: str, clock: Turning) -> None:
    """Let the licence end in two days, and go five days on: nobody's seal lasts as long as a licence."""
    with transaction(hub.connection) as cursor:
        cursor.execute("update licence set valid_until = %s where number = %s", (TODAY + timedelta(days=2), number))
    clock.forward(days=5)


def renewal(hub: Hub, plan: Plan) -> tuple[str, str, date, date]:
    """A renewal of an issued licence: its approval, the number, the last day before it, the day it was decided."""
    approval, row = next((no, row) for no, row in steps_of(plan).items() if row["step"] == "renew")
    issue_all(hub, [row["of"]])
    number = first_of(hub, row["of"]).number
    until = find(hub, number).valid_until
    result = approvals.result_of(hub, approval)
    assert until is not None and result is not None
    return approval, number, until, result.decided_on


def test_a_renewal_counts_on_from_the_old_end_by_the_types_rule(hub: Hub, plan: Plan) -> None:
    approval, number, until, decided_on = renewal(hub, plan)
    issue_all(hub, [approval])
    kind = licence_type(find(hub, number).licence_type)
    assert find(hub, number).valid_until == kind.validity.renewed(until, decided_on).until
    assert (find(hub, number).valid_until or until) > until


def test_a_renewal_decided_in_time_is_taken_although_the_licence_has_ended_since(
    hub: Hub, plan: Plan, clock: Turning
) -> None:
    approval, number, _, _ = renewal(hub, plan)
    ends(hub, number, clock)
    assert number in expire(hub).expired
    issue_all(hub, [approval])
    assert plain(hub, find(hub, number)).row.status is Status.VALID
    assert [one.step for one in plain(hub, find(hub, number)).steps] == [Step.ISSUE, Step.EXPIRE, Step.RENEW]


@pytest.mark.parametrize("written", [True, False])
def test_a_renewal_decided_after_the_last_day_waits(
    hub: Hub, plan: Plan, clock: Turning, written: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    approval, number, _, _ = renewal(hub, plan)
    ends(hub, number, clock)
    if written:
        expire(hub)
    result = approvals.result_of(hub, approval)
    assert result is not None
    late = result.model_copy(update={"decided_on": TODAY + timedelta(days=3)})
    read = approvals.restore
    monkeypatch.setattr(approvals, "restore", lambda name, row: late if name == RESULT else read(name, row))
    (row,) = decide(hub, only=[approval]).waiting
    assert "过期" in row.lines()[-1]
    assert plain(hub, find(hub, number)).row.status is Status.EXPIRED


def test_a_step_of_a_suspended_licence_waits_and_goes_on_once_it_is_resumed(hub: Hub, plan: Plan) -> None:
    approval, number, _, _ = renewal(hub, plan)
    licence = find(hub, number).id
    take(hub, licence, order(Step.SUSPEND), officer())
    assert issue_all(hub, [approval]) == []
    (row,) = [one for one in waiting_approvals(hub) if one.approval == approval]
    assert "暂停" in row.lines()[-1]
    take(hub, licence, order(Step.RESUME), officer())
    assert len(issue_all(hub, [approval])) == 1


def test_of_several_licences_none_is_chosen_unless_the_result_names_it(
    hub: Hub, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    approval, number, _, _ = renewal(hub, plan)
    mine = find(hub, number)
    alike = [no for no, row in plan.items() if (row["verdict"], row["item"]) == ("issued", mine.item)]
    other = next(no for no in alike if no != plan[approval]["of"])
    issue_all(hub, [other])
    both = [mine, find(hub, first_of(hub, other).number)]
    monkeypatch.setattr(targets.licence_life, "of_holder", lambda *_: both)
    (row,) = decide(hub, only=[approval]).waiting
    assert "多件" in row.lines()[-1]
    result = approvals.result_of(hub, approval)
    applicant = approvals._applicant(approvals._accept_of(hub, approval))  # type: ignore[arg-type]
    assert result is not None and applicant is not None
    named = result.model_copy(update={"certificate_no": number})
    found = targets.target_of(hub, mine.licence_type, applicant, Step.RENEW, named)
    assert found.licence == mine


def test_a_cancellation_also_ends_what_has_expired(hub: Hub, plan: Plan, clock: Turning) -> None:
    alone = {no: row for no, row in steps_of(plan).items() if len(steps_of(plan, row["of"])) == 1}
    approval, row = next((no, row) for no, row in alone.items() if row["step"] == "cancel")
    issue_all(hub, [row["of"]])
    number = first_of(hub, row["of"]).number
    ends(hub, number, clock)
    issue_all(hub, [approval])
    assert [one.step for one in plain(hub, find(hub, number)).steps] == [Step.ISSUE, Step.EXPIRE, Step.CANCEL]
    assert issue_all(hub, [approval]) == []
    assert len(plain(hub, find(hub, number)).steps) == 3


def test_what_is_settled_is_not_read_again_and_a_changed_result_is(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    decided = decide(hub)
    issue_all(hub, decided.to_issue)
    read: list[str] = []
    unsettled = approval_outcomes.unsettled

    def noted(*arguments: Any) -> Iterator[Any]:
        for row in unsettled(*arguments):
            read.append(json.loads(row.payload)["project_no"])
            yield row

    monkeypatch.setattr(approval_outcomes, "unsettled", noted)
    again = decide(hub)
    assert set(read).isdisjoint({*decided.to_issue, *decided.not_granted})
    assert set(again.already) == set(decided.to_issue)
    read.clear()
    with transaction(hub.connection) as cursor:
        cursor.execute("update approval_outcome set result_version = 0 where approval = %s", (decided.not_granted[0],))
    assert decide(hub).not_granted == decided.not_granted[:1]
    assert decided.not_granted[0] in read


def test_a_document_given_up_while_it_was_sealed_stays_given_up(hub: Hub, plan: Plan) -> None:
    approval, number, _, _ = renewal(hub, plan)

    def revoke(step: str) -> None:
        if step == "licence.verified":
            with open_hub(hub.settings, hub.clock) as other:
                take(other, find(other, number).id, order(Step.REVOKE), officer())

    assert issue_all(hub, [approval], revoke) == []
    assert first_of(hub, approval).state == "dropped"
    (row,) = [one for one in waiting_approvals(hub) if one.approval == approval]
    assert "终止" in row.lines()[0]
    assert plain(hub, find(hub, number)).row.status is Status.REVOKED
    assert decide(hub).waiting and approval not in decide(hub).to_issue
