"""A request to see an archive: asked with proofs, decided by the table or another person, answered once, for a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta

import pytest

from archive.stages import VolumePart
from core.clock import FixedClock
from core.digest import sm3
from core.errors import HubError
from core.settings import Settings
from documents.package import Package
from hub import retrieval
from hub.context import Hub, open_hub
from hub.my_data import looked
from hub.retrieval_answer import answer, answer_granted, fetch, proof_file
from hub.retrieval_errors import (
    AnswerExpired,
    AskedUnfit,
    HolderNotHeld,
    NoRule,
    NotForYou,
    NothingToHand,
    OwnRequest,
    PackageUnsound,
    ProofUnfit,
    RequestQuotaUsedUp,
    RequestUnknown,
    RulesBroken,
    SealOfAnother,
    StageWrong,
)
from hub.retrieval_facts import facts_for
from hub.retrieval_parts import (
    CERTIFICATE,
    FACTS,
    Asked,
    By,
    Form,
    Holder,
    PickUp,
    Proof,
    ProofGiven,
    Request,
    Requester,
    Scope,
    Stage,
)
from hub.retrieval_report import report
from hub.retrieval_rules import FILE
from hub.seals import uses
from store.connection import fetch_all, transaction
from tests.archive.cases import PDF_BYTES
from tests.databases import databases
from tests.hub.conftest import NOON
from tests.hub.retrieval_world import (
    ALL,
    ARCHIVIST,
    BANK,
    CLERK,
    LAWYER_PROOFS,
    NAME,
    NUMBER,
    OTHER_ARCHIVIST,
    archive_of_three,
    entity,
    file_numbers,
    lawyers,
    originals,
    own,
    staff,
)

LETTER = (ProofGiven(Proof.OFFICIAL_LETTER, PDF_BYTES), ProofGiven(Proof.VALID_ID))


@pytest.fixture(scope="module")
def world(
    collected: Settings, postgres_url: str, _owner_url: str, database_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Settings]:  # fmt: skip
    """One for all tests: each makes requests of its own, and mends what it breaks."""
    with databases(postgres_url, _owner_url, database_template) as make:
        url = make(collected.database_url)
        with archive_of_three(collected, url, tmp_path_factory.mktemp("requests") / "home") as settings:
            yield settings


@pytest.fixture
def hub(world: Settings) -> Iterator[Hub]:
    with open_hub(world, FixedClock(NOON)) as opened:
        with transaction(opened.connection) as cursor:
            cursor.execute("delete from usage_count")  # the day's quota is one test's
        yield opened


def later(hub: Hub, days: int) -> Hub:
    return replace(hub, clock=FixedClock(NOON + timedelta(days=days)))


def granted(hub: Hub, *, masked: bool = True, scope: Scope = ALL) -> Request:
    """A lawyer's, granted by an archivist."""
    asked = retrieval.ask(hub, lawyers(scope=scope), CLERK)
    return retrieval.decide(hub, asked.id, ARCHIVIST, grant=True, reason="材料齐全", masked=masked)


def entries(hub: Hub, number: str) -> list[dict[str, object]]:
    """What the audit log has of a request, in the order it was written."""
    rows = fetch_all(
        hub.connection, "select body from audit_entry where case_no = %s order by age(xmin) desc", (number,)
    )
    return [json.loads(bytes(row[0])) for row in rows]


def refusals(hub: Hub) -> list[str]:
    # each refusal is a transaction of its own; where a row lies says nothing, as room on an earlier page is used
    rows = fetch_all(hub.connection, "select body from audit_entry where outcome = 'refused' order by age(xmin) desc")
    return [str(json.loads(bytes(row[0]))["refusal"]) for row in rows]


def test_the_entity_signed_in_has_its_own_archive_at_once_unmasked_and_whole(hub: Hub) -> None:
    asked = retrieval.ask(hub, own(), entity(hub))
    assert (asked.stage, asked.decided_by_rule, asked.masked, asked.row_verified) == (Stage.GRANTED, True, False, False)
    assert [(one.step, one.who) for one in asked.events] == [("asked", "holder"), ("granted", "rules")]
    made = answer(hub, asked.id, entity(hub))
    assert not made.left_out
    assert made.expires_at.date() == date(2026, 12, 5)
    files = Package.read(fetch(hub, asked.id, entity(hub)).data).entries
    assert list(files) == [CERTIFICATE, *(one.name for one in made.files)]
    inside = originals(hub)
    assert {f"{one.file_no}/{one.title}": files[one.name] for one in made.files} == inside, "bit for bit"
    assert all(sm3(files[one.name]).hex() == one.sm3 and not one.masked for one in made.files)
    assert all((one.pages or 0) >= 1 for one in made.files if one.media_type == "application/ofd")
    assert retrieval.of_holder(hub, entity(hub))[0].stage is Stage.ANSWERED


def test_part_of_a_volume_is_given_out_where_no_more_is_asked_for(hub: Hub) -> None:
    first = file_numbers(hub)[0]
    made = answer(hub, retrieval.ask(hub, own(scope=Scope(files=(first,))), entity(hub)).id, entity(hub))
    assert {one.file_no for one in made.files} == {first}
    everything = retrieval.ask(hub, own(scope=Scope(parts=(VolumePart.FOUNDING,))), entity(hub))
    assert {one.file_no for one in answer(hub, everything.id, entity(hub)).files} == set(file_numbers(hub))
    for scope in (Scope(files=("420112-nobody-2026-00001",)), Scope(parts=(VolumePart.END,))):
        with pytest.raises(AskedUnfit):
            retrieval.ask(hub, own(scope=scope), entity(hub))


def test_a_lawyers_request_waits_for_a_person_who_did_not_take_it_in(hub: Hub) -> None:
    asked = retrieval.ask(hub, lawyers(), ARCHIVIST)
    assert (asked.stage, asked.holder, asked.subject) == (Stage.WAITING, NAME, "914201********002B")
    before = len(refusals(hub))
    with pytest.raises(OwnRequest):
        retrieval.decide(hub, asked.id, ARCHIVIST, grant=True, reason="可以")
    with pytest.raises(RequestUnknown):
        retrieval.decide(hub, asked.id, CLERK, grant=True, reason="可以")
    with pytest.raises(StageWrong):
        answer(hub, asked.id, ARCHIVIST)
    with pytest.raises(AskedUnfit, match="reason"):
        retrieval.decide(hub, asked.id, OTHER_ARCHIVIST, grant=True, reason=" ")
    assert refusals(hub)[before:] == ["HUB-754", "HUB-752", "HUB-755", "HUB-749"]
    mine = retrieval.ask(hub, lawyers(), CLERK)
    with pytest.raises(NotForYou, match="archivist"):
        retrieval.decide(hub, mine.id, CLERK, grant=True, reason="可以")
    refused = retrieval.decide(hub, asked.id, OTHER_ARCHIVIST, grant=False, reason="承诺书未签名")
    assert refused.stage is Stage.REFUSED
    assert [(one.step, one.who, one.why) for one in refused.events][1:] == [("refused", "wu", "承诺书未签名")]
    with pytest.raises(StageWrong):
        retrieval.decide(hub, asked.id, OTHER_ARCHIVIST, grant=True, reason="再看一次")


def test_nothing_of_a_third_party_is_in_the_bytes_that_leave_masked(hub: Hub) -> None:
    request = granted(hub)
    made = answer(hub, request.id, CLERK)
    package = Package.read(fetch(hub, request.id, CLERK).data)
    data = b"".join(content for name, content in package.entries.items() if name != CERTIFICATE)
    names = "".join(package.entries)
    persons = third_parties(hub)
    assert len(persons) >= 6
    for words in persons:
        assert words.encode() not in data, "a third party's name or number left the house"
        assert words not in names
    assert {one.title for one in made.left_out} == {
        title for key in originals(hub) if (title := key.rpartition("/")[2]).endswith("许可证")
    }, "a sealed licence with persons on it cannot be masked"
    assert all(one.masked for one in made.files)
    for one in made.files:
        if one.title == "受理信息":
            told = json.loads(package.entries[one.name])
            assert told["contact_mobile"].startswith("1****")
            assert told["applicant_name"] in originals(hub)[f"{one.file_no}/受理信息"].decode(), "no third party"


def third_parties(hub: Hub) -> set[str]:
    """Names, numbers and telephones of persons in the packages."""
    found: set[str] = set()
    for key, data in originals(hub).items():
        if key.endswith("/受理信息"):
            told = json.loads(data)
            found |= {told[name] for name in ("legal_representative", "contact_name", "contact_mobile", "clerk")}
            found.add(told["contact_number"].partition(":")[2])
    return found


def test_who_decides_may_let_third_parties_be_seen_where_the_table_lets_him(hub: Hub) -> None:
    request = granted(hub, masked=False)
    assert not request.masked
    made = answer(hub, request.id, CLERK)
    assert not made.left_out
    assert not any(one.masked for one in made.files)
    asked = retrieval.ask(hub, replace(partners(), proofs=LETTER), CLERK)
    with pytest.raises(AskedUnfit, match="partner-facts"):
        retrieval.decide(hub, asked.id, ARCHIVIST, grant=True, reason="可以", masked=False)


def partners(form: Form = Form.FACTS) -> Asked:
    return Asked(Requester.PARTNER, "某银行", "王经理", NUMBER, form, "开户审核")


@pytest.mark.parametrize(
    ("asked", "by"),
    [
        (lawyers(proofs=LAWYER_PROOFS[:2]), CLERK),
        (partners(Form.ORIGINALS), BANK),
        (
            replace(partners(Form.ORIGINALS), proofs=(ProofGiven(Proof.OFFICIAL_LETTER), ProofGiven(Proof.VALID_ID))),
            CLERK,
        ),
        (replace(lawyers(), subject="420112199001011234"), CLERK),
    ],
    ids=["a proof is missing", "a system wants originals", "a bank wants originals", "no number"],
)
def test_what_no_row_allows_is_refused_and_logged(hub: Hub, asked: Asked, by: By) -> None:
    before = len(refusals(hub))
    with pytest.raises(HubError) as refused:
        retrieval.ask(hub, asked, by)
    assert refusals(hub)[before:] == [refused.value.code]


@pytest.mark.parametrize(
    ("asked", "by"),
    [
        (lawyers(), staff("auditor", "auditor")),
        (lawyers(), BANK),
        (partners(), replace(BANK, roles=frozenset({"transfer"}))),
        (own(), CLERK),
        (replace(own(), subject=NUMBER), Holder(b"x" * 32)),
        (lawyers(), Holder(b"x" * 32)),
    ],
    ids=[
        "no role",
        "a bank as a lawyer",
        "a system without the role",
        "a clerk without a number",
        "another's number",
        "a citizen as a lawyer",
    ],
)
def test_nobody_asks_in_anothers_name(hub: Hub, asked: Asked, by: By) -> None:
    with pytest.raises((NotForYou, NoRule)):
        retrieval.ask(hub, asked, by)


def test_whoever_has_nothing_in_the_archive_is_told_so(hub: Hub) -> None:
    with pytest.raises(HolderNotHeld):
        retrieval.ask(hub, own(), Holder(hub.subject("company", "91420112MA4K000293")))
    with pytest.raises(HolderNotHeld):
        facts_for(hub, BANK, "91420112MA4K000293", purpose="开户审核")


def test_a_broken_table_denies_everybody_everything(hub: Hub) -> None:
    (hub.settings.home / FILE).write_text("rows = [")
    try:
        for asked, by in ((own(), entity(hub)), (lawyers(), CLERK)):
            with pytest.raises(RulesBroken):
                retrieval.ask(hub, asked, by)
        with pytest.raises(RulesBroken):
            facts_for(hub, BANK, NUMBER, purpose="开户审核")
    finally:
        (hub.settings.home / FILE).unlink()


def test_every_step_is_in_the_audit_log_and_the_holder_sees_it_in_its_data(hub: Hub) -> None:
    request = granted(hub)
    answer(hub, request.id, CLERK)
    fetch(hub, request.id, CLERK)
    proof_file(hub, request.id, ARCHIVIST, 0)
    logged = entries(hub, request.number)
    assert [(one["item_name"], one["user"], one["outcome"]) for one in logged] == [
        ("档案查询：申请书式档案", "li", "complete"),
        ("档案查询：同意", "zhou", "complete"),
        ("档案查询：出具", "li", "complete"),
        ("档案查询：领取", "li", "complete"),
        ("档案查询：查看证明材料", "zhou", "complete"),
    ]
    seen = [one for one in looked(hub, entity(hub).subject, limit=200) if one.case_no == request.number]
    assert [one.purpose for one in seen] == ["档案查询"] * 5
    told = {facts for one in seen for facts in one.facts}
    assert len([one for one in seen if one.facts]) == 2, "what was answered, and what was fetched"
    ((source, titles),) = told
    assert source == "档案库"
    assert {"受理信息", "办理结果"} <= set(titles)
    text = json.dumps(logged, ensure_ascii=False)
    assert not [words for words in (*third_parties(hub), "张律师", NUMBER) if words in text]


def test_an_authority_the_law_lets_do_so_is_not_seen_before_its_day(hub: Hub) -> None:
    asked = Asked(Requester.AUTHORITY, "某监察机关", "李", NUMBER, Form.ORIGINALS, "依法调取", LETTER,
                  withheld_until=date(2027, 3, 1), withheld_basis="某法")  # fmt: skip
    request = retrieval.ask(hub, asked, CLERK)
    retrieval.decide(hub, request.id, ARCHIVIST, grant=True, reason="公函已核")
    assert request.number not in {one.case_no for one in looked(hub, entity(hub).subject, limit=500)}
    afterwards = looked(later(hub, 200), entity(hub).subject, limit=500)
    assert [one.withheld_until for one in afterwards if one.case_no == request.number] == ["2027-03-01"] * 2
    with pytest.raises(NotForYou, match="withhold"):
        retrieval.ask(hub, replace(lawyers(), withheld_until=date(2027, 3, 1), withheld_basis="某法"), CLERK)


def test_a_dump_shows_neither_who_asked_nor_a_proof(hub: Hub) -> None:
    request = retrieval.ask(hub, lawyers(), CLERK)
    rows = fetch_all(
        hub.connection,
        "select r::text from archive_request r where id = %(id)s union all select f::text from archive_request_file f "
        "where request = %(id)s union all select e::text from archive_request_event e where request = %(id)s",
        {"id": request.id},
    )
    text = "".join(row[0] for row in rows)
    assert "某某律师事务所" not in text and "张律师" not in text and NUMBER not in text
    assert PDF_BYTES.hex() not in text
    assert [one.kind for one in request.proofs] == [one.kind for one in LAWYER_PROOFS]
    assert [one.part is None for one in request.proofs] == [False, True, False], "one paper was only seen"
    assert proof_file(hub, request.id, ARCHIVIST, 0).data == PDF_BYTES
    with pytest.raises(RequestUnknown):
        proof_file(hub, request.id, ARCHIVIST, 1)


@pytest.mark.parametrize(
    "proofs",
    [
        [ProofGiven(Proof.VALID_ID, b"")],
        [ProofGiven(Proof.VALID_ID, b"MZ\x90 a program")],
        [ProofGiven(Proof.VALID_ID, b"%PDF-1.7 and no more")],
        [ProofGiven(Proof.VALID_ID, PDF_BYTES + bytes(10_000_001))],
        [ProofGiven(Proof.VALID_ID)] * 11,
        [ProofGiven(Proof.SIGNED_IN)],
    ],
    ids=["empty", "a program", "damaged", "too large", "too many", "a sign-in"],
)
def test_a_proof_is_looked_at_before_it_is_kept(hub: Hub, proofs: list[ProofGiven]) -> None:
    with pytest.raises(ProofUnfit):
        retrieval.ask(hub, lawyers(proofs=proofs), CLERK)


def test_of_two_who_decide_at_once_one_is_told_it_is_decided(hub: Hub, world: Settings) -> None:
    request = retrieval.ask(hub, lawyers(), CLERK)

    def decide(by: str) -> str:
        with open_hub(world, FixedClock(NOON)) as mine:
            try:
                retrieval.decide(mine, request.id, staff(by, "archivist"), grant=by == "a", reason="看过")
            except StageWrong:
                return "late"
        return by

    with ThreadPoolExecutor(2) as pool:
        told = sorted(pool.map(decide, ("a", "b")))
    assert told[1] == "late"
    decided = retrieval.get(hub, request.id, CLERK)
    assert [one.step for one in decided.events] == ["asked", "granted" if told[0] == "a" else "refused"]


KILLED = ["answer.chosen", "sheet.intended", "sheet.sealed", "sheet.recorded", "answer.recorded"]


@pytest.mark.parametrize("step", KILLED)
def test_an_answer_killed_at_any_step_is_made_by_the_next_run_once(hub: Hub, step: str) -> None:
    request = retrieval.ask(hub, own(scope=Scope(files=(file_numbers(hub)[0],))), entity(hub))

    def die(at: str) -> None:
        if at == step:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        answer(hub, request.id, entity(hub), die)
    answer_granted(hub)
    done = retrieval.get(hub, request.id, entity(hub))
    assert [one.step for one in done.events].count("answered") == 1
    assert done.answer is not None
    assert fetch(hub, request.id, entity(hub), CERTIFICATE).data
    outcomes = {one.use.outcome for one in uses(hub) if one.use.case_no == request.number}
    assert "intended" not in outcomes, "no use of the seal is left open"
    assert answer(hub, request.id, entity(hub)) == done.answer, "asking again makes no second one"


def test_whoever_has_the_pick_up_code_fetches_and_nobody_else(hub: Hub) -> None:
    request = granted(hub)
    made = answer(hub, request.id, ARCHIVIST)
    assert len(made.pick_up) == 22
    one = made.files[0]
    assert sm3(fetch(hub, request.number, PickUp(made.pick_up), one.name).data).hex() == one.sm3
    before = len(refusals(hub))
    for by in (PickUp("x" * 22), BANK, Holder(b"x" * 32), staff("wang", "clerk")):
        with pytest.raises(RequestUnknown):
            fetch(hub, request.id, by)
    assert refusals(hub)[before:] == ["HUB-752"] * 4
    with pytest.raises(RequestUnknown):
        fetch(hub, request.id, PickUp(made.pick_up), "001/nothing.ofd")


def test_after_its_time_no_file_is_given_out_and_the_request_is_closed(hub: Hub) -> None:
    request = retrieval.ask(hub, own(Form.FACTS), entity(hub))
    answer(hub, request.id, entity(hub))
    forgotten = retrieval.ask(hub, own(Form.FACTS), entity(hub))
    assert fetch(later(hub, 15), request.id, entity(hub), FACTS).data
    with pytest.raises(AnswerExpired):
        fetch(later(hub, 16), request.id, entity(hub), FACTS)
    assert retrieval.get(later(hub, 16), request.id, entity(hub)).stage is Stage.EXPIRED
    assert retrieval.expire(later(hub, 17)) >= 2
    assert retrieval.expire(later(hub, 17)) == 0
    assert [one.step for one in retrieval.get(hub, request.id, entity(hub)).events][-1] == "expired"
    assert retrieval.get(hub, forgotten.id, entity(hub)).stage is Stage.EXPIRED
    assert [one["item_name"] for one in entries(hub, forgotten.number)] == ["档案查询：申请机读档案", "档案查询：到期"]


def test_a_request_taken_back_gives_nothing_out(hub: Hub) -> None:
    request = retrieval.ask(hub, own(Form.FACTS), entity(hub))
    answer(hub, request.id, entity(hub))
    assert retrieval.withdraw(hub, request.id, entity(hub), "不需要了").stage is Stage.WITHDRAWN
    with pytest.raises(AnswerExpired):
        fetch(hub, request.id, entity(hub))
    with pytest.raises(StageWrong):
        retrieval.withdraw(hub, request.id, entity(hub))
    waiting = retrieval.ask(hub, lawyers(), CLERK)
    with pytest.raises(RequestUnknown):
        retrieval.withdraw(hub, waiting.id, entity(hub))
    retrieval.withdraw(hub, waiting.id, CLERK)
    with pytest.raises(StageWrong):
        retrieval.decide(hub, waiting.id, ARCHIVIST, grant=True, reason="晚了")


def test_a_package_that_is_not_sound_is_not_given_out(hub: Hub) -> None:
    first = file_numbers(hub)[0]
    request = retrieval.ask(hub, own(scope=Scope(files=(first,))), entity(hub))
    ((path,),) = fetch_all(hub.connection, "select path from archive_package where file_no = %s", (first,))
    file = hub.settings.home / path
    whole = file.read_bytes()
    try:
        file.write_bytes(whole[:-30] + bytes([whole[-30] ^ 1]) + whole[-29:])
        with pytest.raises(PackageUnsound):
            answer(hub, request.id, entity(hub))
        file.write_bytes(whole)
        made = answer(hub, request.id, entity(hub))
        file.unlink()
        with pytest.raises(PackageUnsound):
            fetch(hub, request.id, entity(hub), made.files[0].name)
        assert fetch(hub, request.id, entity(hub), CERTIFICATE).data, "of what is here something can be had"
    finally:
        file.write_bytes(whole)
    assert fetch(hub, request.id, entity(hub), made.files[0].name).data


def test_a_swapped_package_whose_check_fails_is_not_given_out(hub: Hub) -> None:
    """Whoever can write to the table as well as to the disk still does not get past the check."""
    first = file_numbers(hub)[0]
    ((path, digest),) = fetch_all(hub.connection, "select path, sm3 from archive_package where file_no = %s", (first,))
    file = hub.settings.home / path
    whole = file.read_bytes()
    forged = dict(Package.read(whole).entries)
    name = next(one for one in forged if one.endswith("办理结果.json"))
    forged[name] = forged[name].replace("准予许可".encode(), "不予许可".encode())
    data = Package(forged).to_bytes()

    def put(content: bytes, sm3_of: bytes) -> None:
        file.write_bytes(content)
        with transaction(hub.connection) as cursor:
            cursor.execute("update archive_package set sm3 = %s where file_no = %s", (sm3_of, first))

    request = retrieval.ask(hub, own(scope=Scope(files=(first,))), entity(hub))
    try:
        put(data, sm3(data))
        with pytest.raises(PackageUnsound, match="four-property"):
            answer(hub, request.id, entity(hub))
    finally:
        put(whole, bytes(digest))


def test_where_everything_has_to_stay_nothing_is_sealed(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    request = granted(hub)
    monkeypatch.setattr("hub.retrieval_masking._table", dict)
    with pytest.raises(NothingToHand):
        answer(hub, request.id, CLERK)
    assert not [one for one in uses(hub) if one.use.case_no == request.number]


def test_a_bureau_that_has_confirmed_its_stamp_uses_no_other_seal(hub: Hub) -> None:
    text = hub.settings.home / FILE
    from importlib.resources import files as resources

    table = (resources("hub") / "retrieval_matrix.toml").read_text(encoding="utf-8")
    text.write_text(table.replace("stamp_verified = false", "stamp_verified = true"))
    try:
        request = retrieval.ask(hub, own(Form.FACTS), entity(hub))
        with pytest.raises(SealOfAnother, match="档案查询专用章"):
            answer(hub, request.id, entity(hub))
    finally:
        text.unlink()


def test_facts_for_a_partner_are_those_of_the_table_logged_before_they_leave(hub: Hub) -> None:
    told = facts_for(hub, BANK, NUMBER, purpose="开户审核")
    facts = told.facts["facts"]
    assert list(facts) == ["name", "credit_code", "former_names", "register", "licences", "successions"]
    assert (facts["name"]["name"], facts["credit_code"], told.row_verified) == (NAME, NUMBER, False)
    assert told.entry in {one.entry for one in looked(hub, entity(hub).subject, limit=500)}
    text = json.dumps(told.facts, ensure_ascii=False)
    assert not [words for words in third_parties(hub) if words in text]
    with pytest.raises(NotForYou):
        facts_for(hub, CLERK, NUMBER, purpose="开户审核")
    with pytest.raises(NotForYou):
        # another hub is a partner too, and so is a system that takes steps of licences
        facts_for(hub, replace(BANK, roles=frozenset({"transfer"})), NUMBER, purpose="开户审核")
    with pytest.raises(AskedUnfit):
        facts_for(hub, BANK, NUMBER, purpose=" ")


def test_a_partner_has_no_more_facts_a_day_than_its_row_says(hub: Hub) -> None:
    from importlib.resources import files as resources

    table = (resources("hub") / "retrieval_matrix.toml").read_text(encoding="utf-8")
    (hub.settings.home / FILE).write_text(table.replace("quota = 200", "quota = 1"))
    other = replace(BANK, id="bank-2")
    try:
        facts_for(hub, other, NUMBER, purpose="开户审核")
        with pytest.raises(RequestQuotaUsedUp):
            facts_for(hub, other, NUMBER, purpose="开户审核")
        facts_for(later(hub, 1), other, NUMBER, purpose="开户审核")
    finally:
        (hub.settings.home / FILE).unlink()


def test_the_median_from_request_to_answer_says_of_how_many(hub: Hub) -> None:
    day = hub.clock.now().date() + timedelta(days=60)
    for days in (1, 3, 7):
        request = retrieval.ask(later(hub, 60), lawyers(Form.FACTS), CLERK)
        retrieval.decide(later(hub, 60 + days), request.id, ARCHIVIST, grant=True, reason="可以")
        answer(later(hub, 61 + days), request.id, CLERK)
    retrieval.ask(later(hub, 60), lawyers(Form.FACTS), CLERK)
    total, lawyers_facts = report(hub, day, day)
    assert (total.asked, total.answered, total.decided) == (4, 3, 3)
    assert (total.to_answer, total.to_decision) == (timedelta(days=4), timedelta(days=3))
    assert lawyers_facts.to_dict() == {**total.to_dict(), "requester": "lawyer", "form": "facts"}
    (empty,) = report(hub, date(2020, 1, 1), date(2020, 1, 2))
    assert (empty.asked, empty.to_answer) == (0, None)


def test_lists_show_each_what_is_his(hub: Hub) -> None:
    request = retrieval.ask(hub, lawyers(), CLERK)
    assert request.id in {one.id for one in retrieval.open_requests(hub, CLERK)}
    assert request.id in {one.id for one in retrieval.open_requests(hub, ARCHIVIST)}
    assert retrieval.open_requests(hub, staff("wang", "clerk")) == []
    assert request.id in {one.id for one in retrieval.of_party(hub, NUMBER, ARCHIVIST)}
    with pytest.raises(NotForYou):
        retrieval.of_party(hub, NUMBER, CLERK)
    assert {one.file_no for one in retrieval.offered(hub, entity(hub))} == set(file_numbers(hub))
    assert retrieval.offered(hub, CLERK, NUMBER) == retrieval.offered(hub, entity(hub))
    with pytest.raises(NotForYou):
        retrieval.offered(hub, BANK, NUMBER)
