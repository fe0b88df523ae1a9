"""Steps by an officer: taken once, against no state, on no wrong day, told in register, audit log and to the holder."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.errors import HubError
from core.settings import Settings
from hub import my_data
from hub.caller import Caller, CallerKind
from hub.context import Hub, open_hub
from hub.expiry import expire
from hub.issue import decide, issue_all
from hub.licence_numbers import numbers
from hub.licence_views import document, plain, search, view
from hub.life import LicenceUnknown, OfficerNeeded, StepOvertaken, StepUnfit, find, take
from hub.life_grounds import NAME, OFFICER_STEPS, GroundsBroken, step_grounds
from hub.making import path_of
from schemas.licence_life import Status, Step, StepRefused
from store import licence_life, licences
from store.connection import fetch_all, fetch_one, transaction
from tests.departments import Departments
from tests.hub.lives import MORNING, Turning, copied, filled_settings, issue, officer, order

pytestmark = pytest.mark.world
TODAY = MORNING.date()


@pytest.fixture(scope="module")
def issued(
    postgres_url: str,
    _owner_url: str,
    database_template: str,
    departments: Departments,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Settings, list[str]]]:
    """Where a hub with three sealed licences lies, and their numbers; tests work on copies."""
    from tests.databases import lasting_database

    with lasting_database(postgres_url, _owner_url, database_template) as url:
        settings = filled_settings(url, tmp_path_factory.mktemp("lives"), departments)
        with open_hub(settings, Turning()) as hub:
            numbers_ = issue(hub, 3)
        yield settings, numbers_


@pytest.fixture
def clock() -> Turning:
    return Turning()


@pytest.fixture
def hub(
    issued: tuple[Settings, list[str]], new_database: Callable[..., str], tmp_path: Path, clock: Turning
) -> Iterator[Hub]:
    settings, _ = issued
    with copied(settings, new_database(settings.database_url), tmp_path, clock) as opened:
        yield opened


@pytest.fixture
def number(issued: tuple[Settings, list[str]]) -> str:
    return issued[1][0]


def do(hub: Hub, number: str, step: Step, who: Caller | None = None, **parts: Any) -> Any:
    return take(hub, find(hub, number).id, order(step, **parts), who or officer())


def standing(hub: Hub, number: str) -> Status:
    return plain(hub, find(hub, number)).row.status


def test_a_step_changes_the_state_and_is_told_in_register_audit_log_and_history(hub: Hub, number: str) -> None:
    taken = do(hub, number, Step.SUSPEND, reason="群众举报，查实前暂停")
    assert (taken.before, taken.after, standing(hub, number)) == (Status.VALID, Status.SUSPENDED, Status.SUSPENDED)
    row = fetch_one(hub.connection, "select body from register_entry where id = %s", (taken.entry,))
    assert row is not None
    body = json.loads(bytes(row[0]))
    assert (body["step"], body["number"], body["before"], body["after"]) == ("suspend", number, "valid", "suspended")
    assert (body["effective_on"], body["document_no"]) == (TODAY.isoformat(), "东审〔2026〕1号")
    assert "举报" not in bytes(row[0]).decode()
    history = plain(hub, find(hub, number)).steps
    assert [one.step for one in history] == [Step.ISSUE, Step.SUSPEND]
    assert (history[-1].grounds.user, history[-1].grounds.organisation) == ("officer", "区行政审批局")
    shown = view(hub, find(hub, number).id, officer())
    assert shown.reasons[taken.entry] == "群众举报，查实前暂停"
    (sealed,) = fetch_all(hub.connection, "select reason from licence_step where reason is not null")
    assert "举报".encode() not in bytes(sealed[0])


def test_the_holder_reads_who_looked_and_who_took_the_step(hub: Hub, number: str, clock: Turning) -> None:
    licence = find(hub, number).id
    clock.forward(seconds=1)
    view(hub, licence, officer("anna"))
    clock.forward(seconds=1)
    document(hub, licence, 1, officer("anna"))
    clock.forward(seconds=1)
    do(hub, number, Step.SUSPEND)
    with transaction(hub.connection) as cursor:
        holder = licence_life.holder_of(cursor, licence)
    told = my_data.looked(hub, holder)[:3]
    assert [(one.purpose, one.outcome) for one in told] == [
        ("证照环节办理", "已办理"), ("证照管理", "已查阅"), ("证照管理", "已查阅"),
    ]  # fmt: skip
    assert told[0].facts == (("电子证照库", ("暂停",)),)
    assert "有效期至" in told[2].facts[0][1]


@pytest.mark.parametrize(
    ("steps", "refused", "possible"),
    [
        ((), Step.RESUME, "暂停"),
        ((Step.SUSPEND,), Step.SUSPEND, "恢复"),
        ((Step.REVOKE,), Step.RESUME, "注销"),
        ((Step.REVOKE, Step.CANCEL), Step.WITHDRAW, "无"),
        ((), Step.VOID, "撤销"),
    ],
)
def test_a_refusal_names_what_is_possible_and_changes_nothing(
    hub: Hub, number: str, steps: tuple[Step, ...], refused: Step, possible: str
) -> None:
    for step in steps:
        do(hub, number, step)
    before = plain(hub, find(hub, number)).to_dict()
    with pytest.raises(StepRefused, match=possible):
        do(hub, number, refused)
    assert plain(hub, find(hub, number)).to_dict() == before


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"basis": " "}, "basis"),
        ({"basis": "依" * 201}, "basis"),
        ({"basis": "当事人 11010519491231002X"}, "basis"),
        ({"document_no": None}, "document_no"),
        ({"document_no": "91420112MA0000000X 4201121999 0101 1234"}, "document_no"),
        ({"reason": ""}, "reason"),
        ({"reason": "因" * 501}, "reason"),
        ({"effective_on": TODAY + timedelta(days=1)}, "effective_on"),
        ({"effective_on": TODAY - timedelta(days=1)}, "effective_on"),
    ],
)
def test_a_step_that_does_not_say_all_it_has_to_is_not_taken(
    hub: Hub, number: str, parts: dict[str, Any], field: str
) -> None:
    with pytest.raises(StepUnfit) as refused:
        do(hub, number, Step.SUSPEND, **parts)
    assert refused.value.field == field
    assert refused.value.zh
    assert "1101" not in str(refused.value)
    assert standing(hub, number) is Status.VALID


def test_a_step_holds_from_a_day_between_the_last_step_and_today(hub: Hub, number: str, clock: Turning) -> None:
    clock.forward(days=10)
    do(hub, number, Step.SUSPEND, effective_on=TODAY + timedelta(days=4))
    with pytest.raises(StepUnfit, match="2026-11-24"):
        do(hub, number, Step.RESUME, effective_on=TODAY + timedelta(days=3))
    do(hub, number, Step.RESUME, effective_on=TODAY + timedelta(days=4))
    assert standing(hub, number) is Status.VALID


def test_who_has_not_the_role_takes_no_step_and_sees_nothing(hub: Hub, number: str) -> None:
    clerk = Caller(CallerKind.CLERK, "li", "窗口李", "bureau", "局", roles=frozenset({"clerk"}))
    licence = find(hub, number).id
    for verb in (
        lambda: take(hub, licence, order(Step.SUSPEND), clerk),
        lambda: view(hub, licence, clerk),
        lambda: search(hub, number, clerk),
        lambda: document(hub, licence, 1, clerk),
    ):
        with pytest.raises(OfficerNeeded):
            verb()
    with pytest.raises(LicenceUnknown):
        find(hub, "no such number")


def test_two_officers_at_once_give_one_step_and_one_clear_refusal(hub: Hub, number: str) -> None:
    licence = find(hub, number).id
    ends: list[Any] = []
    gate = threading.Barrier(2)

    def run(step: Step) -> None:
        with open_hub(hub.settings, hub.clock) as own:
            seen = plain(own, find(own, number)).seen
            gate.wait()
            try:
                ends.append(take(own, licence, order(step, seen=seen), officer(step.value)).step)
            except HubError as error:
                ends.append(error)

    threads = [threading.Thread(target=run, args=(step,)) for step in (Step.SUSPEND, Step.REVOKE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    refused = [end for end in ends if isinstance(end, HubError)]
    assert [type(error) for error in refused] == [StepOvertaken]
    assert len(plain(hub, find(hub, number)).steps) == 2


def test_what_was_decided_about_an_old_state_is_not_done(hub: Hub, number: str) -> None:
    seen = plain(hub, find(hub, number)).seen
    do(hub, number, Step.SUSPEND, seen=seen)
    do(hub, number, Step.RESUME)
    with pytest.raises(StepOvertaken, match="valid"):
        do(hub, number, Step.SUSPEND, seen=seen)


def test_an_ended_licence_is_expired_before_anything_is_done_with_it(hub: Hub, number: str, clock: Turning) -> None:
    until = find(hub, number).valid_until
    assert until is not None
    clock.moment = MORNING.replace(year=until.year, month=until.month, day=until.day)
    assert standing(hub, number) is Status.VALID  # on its last day
    clock.forward(days=3)
    assert standing(hub, number) is Status.EXPIRED
    with pytest.raises(StepRefused, match="expired"):
        do(hub, number, Step.SUSPEND)
    do(hub, number, Step.CANCEL)
    steps = plain(hub, find(hub, number)).steps
    assert [one.step for one in steps] == [Step.ISSUE, Step.EXPIRE, Step.CANCEL]
    assert steps[1].grounds.effective_on == until + timedelta(days=1)
    assert number not in expire(hub).expired


def test_the_night_writes_each_expiry_once_and_makes_up_for_nights_without_it(hub: Hub, clock: Turning) -> None:
    ends = {one.number: one.valid_until for one in licence_life.ending(hub.connection, date.max - timedelta(days=1))}
    clock.moment = MORNING.replace(year=2040)
    assert set(expire(hub).expired) == set(ends)
    assert expire(hub).expired == ()
    for number, until in ends.items():
        (last,) = plain(hub, find(hub, number)).steps[-1:]
        assert until is not None
        assert (last.step, last.grounds.effective_on) == (Step.EXPIRE, until + timedelta(days=1))


def test_a_number_that_cannot_be_completed_is_given_up_and_explained(hub: Hub, number: str) -> None:
    left = decide(hub).to_issue

    def die(step: str) -> None:
        if step == "licence.drawn":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        issue_all(hub, left[:1], die)
    begun = licences.by_approval(hub.connection, left[0])
    assert begun is not None
    mine = next(one for one in numbers(hub) if one.licence_type == begun.licence_type)
    assert [one.row.number for one in mine.making] == [begun.number]
    do(hub, begun.number, Step.VOID, reason="办件撤回", document_no=None)
    mine = next(one for one in numbers(hub) if one.licence_type == begun.licence_type)
    assert (mine.making, mine.missing) == ((), ())
    assert [(one.row.number, one.reason) for one in mine.void] == [(begun.number, "办件撤回")]
    assert mine.taken == mine.licences + 1
    # The approval waits and says so; a further run makes nothing of it, and no other number is given twice.
    again = decide(hub)
    assert left[0] not in again.to_issue
    assert "作废" in next(one for one in again.waiting if one.approval == left[0]).lines()[0]
    assert issue_all(hub, left[:1]) == []
    assert not (hub.settings.home / path_of(begun)).exists()
    assert standing(hub, number) is Status.VALID


def test_a_number_that_was_taken_from_the_database_is_missing(hub: Hub) -> None:
    with transaction(hub.connection) as cursor:
        cursor.execute("update licence set sequence = 9 where sequence = 1")
    assert all(one.missing[0] == 1 and one.taken == 9 for one in numbers(hub))


def test_a_licence_is_found_by_number_identifier_and_holder_and_the_search_is_logged(
    hub: Hub, number: str, clock: Turning
) -> None:
    version = licences.by_number(hub.connection, number)
    assert version is not None
    code = licences.facts(hub.connection, hub.vault, version)["metadata"]["CZZTDM"]
    found = {text: [row.number for row in search(hub, text, officer())] for text in (number, version.identifier, code)}
    assert all(number in rows for rows in found.values())
    assert search(hub, version.identifier.removeprefix("1.2.156.3005.2."), officer())[0].number == number
    clock.forward(seconds=1)
    assert search(hub, "11010519491231002X", officer()) == search(hub, "nothing", officer()) == []
    logged = [
        json.loads(bytes(body))["about"][0]["found"]
        for (body,) in fetch_all(hub.connection, "select body from audit_entry order by at, id")[-2:]
    ]
    assert logged == [True, False]


def test_the_bureaus_own_bases_take_the_place_of_ours_and_a_broken_file_is_told(hub: Hub, number: str) -> None:
    assert set(step_grounds(hub.settings)) == set(OFFICER_STEPS)
    own = hub.settings.home / NAME
    own.write_text("steps = []")
    with pytest.raises(GroundsBroken, match="suspend"):
        do(hub, number, Step.SUSPEND)
    own.write_text(
        "".join(
            f'[[steps]]\nstep = "{step.value}"\ndocument = "optional"\n'
            'bases = [{ title = "本局规定", verified = true }]\n'
            for step in OFFICER_STEPS
        )
    )
    do(hub, number, Step.SUSPEND, document_no=None)
    assert standing(hub, number) is Status.SUSPENDED
