"""An annotated copy is for one use: written down before it is sealed, valid, marked, and only of a licence in force."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from core.clock import FixedClock
from core.digest import sm3
from core.settings import Settings
from documents.errors import GlyphMissing
from documents.package import Package
from documents.reader import Reader
from hub import annotated
from hub.access import Access
from hub.annotated import (
    Annotated,
    CopyLicenceUnknown,
    CopyNotInForce,
    CopyOvertaken,
    CopyRefusedByVerifier,
    CopyUnderFormerSeal,
    CopyUnfit,
    Form,
    Wanted,
    last_moment,
)
from hub.annotated_asking import CopyQuotaUsedUp, for_caller, for_holder, for_operator, licences_of
from hub.cases import CaseMissing, open_case
from hub.context import Hub, OnStep, no_step, open_hub
from hub.designation import digest_of
from hub.press import Press
from hub.seals import uses
from hub.verify import verify_file
from schemas.items import item as item_of
from schemas.licence_life import Step
from schemas.licence_metadata import LicenceMetadata
from schemas.records.base import Subject
from store import licence_life, licences
from store.annotated import by_document_sm3, by_token
from store.connection import fetch_all, transaction
from store.licences import LicenceVersion
from store.register_entries import Grounds
from tests.departments import Departments
from tests.hub import access_files
from tests.hub.access_files import clerk, partner, terminal
from tests.hub.conftest import NOON
from tests.hub.issued_world import issued_world

RECEIVER, CAUSE = "中国某银行武汉东西湖支行", "开立单位银行结算账户"


@pytest.fixture(scope="module")
def world(
    postgres_url: str, _owner_url: str, database_template: str, departments: Departments,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Settings]:  # fmt: skip
    """A hub with a few published licences; a test that ends one takes it by `some`."""
    home = tmp_path_factory.mktemp("annotated")
    with issued_world(
        postgres_url, _owner_url, database_template, departments, home, licences=5, clock=FixedClock(NOON)
    ) as settings:
        yield settings


@pytest.fixture
def hub(world: Settings) -> Iterator[Hub]:
    with open_hub(world, FixedClock(NOON)) as opened:
        yield opened


@pytest.fixture
def access(hub: Hub) -> Access:
    return Access.open(hub.settings, hub.clock)


@pytest.fixture
def some(hub: Hub) -> LicenceVersion:
    """A licence in force."""
    in_force = [row[0] for row in fetch_all(hub.connection, "select number from licence where status = 'valid'")]
    found = licences.by_number(hub.connection, min(in_force))
    assert found is not None
    return found


def wanted(version: LicenceVersion, days: int = 30, **changed: Any) -> Wanted:
    return replace(Wanted(version.number, RECEIVER, CAUSE, last_moment(NOON, days)), **changed)


def make(hub: Hub, asked: Wanted, on_step: OnStep = no_step) -> Annotated:
    return for_operator(hub, Access.open(hub.settings, hub.clock), asked, on_step)


def outcomes(hub: Hub) -> list[str]:
    """Of all uses of the seal on copies, the oldest first."""
    return [one.use.outcome for one in reversed(uses(hub, limit=1000)) if one.use.document_kind == "annotated"]


def entry(hub: Hub, number: str) -> dict[str, Any]:
    ((body,),) = fetch_all(
        hub.connection, "select convert_from(body, 'UTF8')::jsonb from audit_entry where id = %s::uuid", (number,)
    )
    assert isinstance(body, dict)
    return body


def refusals(hub: Hub) -> list[tuple[str, ...]]:
    return fetch_all(
        hub.connection,
        "select convert_from(body, 'UTF8')::jsonb ->> 'refusal', caller from audit_entry where outcome = 'refused'",
    )


def step(hub: Hub, version: LicenceVersion, what: Step) -> None:
    licence_life.take_step(
        hub.connection, hub.vault, version.licence, what, Grounds("某法", NOON.date(), "li", "bureau"), now=NOON
    )


def test_a_copy_says_what_the_licence_says_and_for_whom_and_is_valid(hub: Hub, some: LicenceVersion) -> None:
    made = make(hub, wanted(some))
    report = verify_file(made.data, hub.settings, at=NOON)
    assert report.verdict.value == "valid", report.lines()
    reader = Reader(Package.read(made.data))
    facts = licences.facts(hub.connection, hub.vault, some)
    assert reader.fields() == {line["key"]: line["words"] for line in facts["face"]}
    told = "".join(reader.page_text().values())
    for words in ("加注件", f"使用单位：{RECEIVER}", f"用途：{CAUSE}", "有效期至：2026年12月20日 23:59"):
        assert words in told
    metadata = LicenceMetadata.of_elements(reader.information())
    assert metadata.elements() == {
        **facts["metadata"], "JZJZZSJ": "2026-11-20 12:00:00", "JZJZZZ": "数据共享枢纽", "JZJZZSY": CAUSE,
        "JZJYXQJZSJ": "2026-12-20 23:59:59",
    }  # fmt: skip
    assert (made.identifier, metadata.identifier) == (some.identifier, some.identifier)


def test_its_code_is_its_own_and_leads_to_what_is_known_of_it(hub: Hub, some: LicenceVersion) -> None:
    first, second = make(hub, wanted(some)), make(hub, wanted(some, days=0))
    found = []
    for made in (first, second):
        (code,) = zxingcpp.read_barcodes(Image.open(BytesIO(Package.read(made.data).entries["Doc_0/Res/qr.png"])))
        address, _, token = code.text.rpartition("/v/")
        assert address == "http://127.0.0.1:8700" and len(token) == 22
        known = by_token(hub.connection, hub.vault, digest_of(token))
        assert known is not None and known.document_sm3 == sm3(made.data)
        again = by_document_sm3(hub.connection, hub.vault, sm3(made.data))
        assert again == known and (known.id, known.version, known.entry) == (made.id, some.id, made.entry)
        assert (known.receiver, known.cause, known.made_by, known.organisation) == (
            RECEIVER,
            CAUSE,
            "hub-command",
            "hub",
        )
        assert licences.by_token(hub.connection, digest_of(token)) is None
        found.append(known)
    assert found[1].holds_at(NOON + timedelta(hours=11)) and not found[1].holds_at(NOON + timedelta(hours=12))
    assert found[0].holds_at(NOON + timedelta(days=30)) and not found[0].holds_at(NOON + timedelta(days=31))
    assert by_token(hub.connection, hub.vault, bytes(32)) is None


def test_it_is_to_be_had_as_pdf(hub: Hub, some: LicenceVersion) -> None:
    made = make(hub, wanted(some, form=Form.PDF))
    assert verify_file(made.data, hub.settings, at=NOON).verdict.value == "valid"
    known = by_document_sm3(hub.connection, hub.vault, sm3(made.data))
    assert known is not None and known.form == "pdf"
    if shutil.which("pdftotext"):
        told = subprocess.run(["pdftotext", "-raw", "-", "-"], input=made.data, capture_output=True, check=True)
        pages = told.stdout.decode().rstrip("\f").split("\f")
        sheets = licences.facts(hub.connection, hub.vault, some)["sheets"]
        assert len(pages) == len(sheets) > 1
        assert all(RECEIVER in page and some.identifier in page for page in pages)


def test_what_is_written_down_before_the_seal_is_used_and_what_after(hub: Hub, some: LicenceVersion) -> None:
    before = len(outcomes(hub))
    seen: list[tuple[str, list[str], list[Any]]] = []

    def on_step(name: str) -> None:
        rows = fetch_all(hub.connection, "select document_sm3 is not null from annotated_copy order by seal_use")
        seen.append((name, outcomes(hub)[before:], [row[0] for row in rows[before:]]))

    made = make(hub, wanted(some), on_step)
    assert seen == [
        ("copy.drawn", [], []),
        ("copy.intended", ["intended"], [False]),
        ("copy.sealed", ["intended"], [False]),
        ("copy.verified", ["intended"], [False]),
        ("copy.recorded", ["sealed"], [True]),
    ]
    (use, *_) = uses(hub)
    assert (use.use.document_sm3, use.use.case_no) == (sm3(made.data), some.case_no)


def test_the_audit_log_tells_the_holder_what_was_used_and_names_no_receiver(hub: Hub, some: LicenceVersion) -> None:
    made = make(hub, wanted(some))
    said = entry(hub, made.entry)
    ((holder,),) = fetch_all(hub.connection, "select holder from licence where id = %s", (some.licence,))
    (about,) = said["about"]
    assert (about["subject"], about["role"], said["outcome"]) == (bytes(holder).hex(), "applicant", "complete")
    assert {"licence.CZZT", "licence.ZZBH"} < set(about["fields"]["annotated_copy"])
    dump = str(fetch_all(hub.connection, "select t::text, convert_from(t.body, 'UTF8') from audit_entry t"))
    dump += str(fetch_all(hub.connection, "select t::text, encode(receiver, 'escape') from annotated_copy t"))
    assert RECEIVER not in dump and CAUSE not in dump


def test_one_that_died_is_closed_by_the_next_and_one_at_work_is_let_be(hub: Hub, some: LicenceVersion) -> None:
    class Died(Exception):
        pass

    def die(name: str) -> None:
        if name == "copy.sealed":
            raise Died

    before = len(outcomes(hub))
    with pytest.raises(Died):
        make(hub, wanted(some), die)
    assert outcomes(hub)[before:] == ["intended"]
    (row,) = fetch_all(
        hub.connection,
        "select count(*) from annotated_copy c join seal_use u on u.id = c.seal_use where u.outcome = 'intended' "
        "and c.document_sm3 is null",
    )
    assert row == (1,)

    def another_meanwhile(name: str) -> None:
        if name == "copy.sealed":
            with open_hub(hub.settings, hub.clock) as other:
                make(other, wanted(some))
            assert outcomes(hub)[before:] == ["abandoned", "intended", "sealed"]

    make(hub, wanted(some), another_meanwhile)
    assert outcomes(hub)[before:] == ["abandoned", "sealed", "sealed"]


def test_of_a_licence_that_is_not_in_force_there_is_none(hub: Hub, some: LicenceVersion) -> None:
    before = outcomes(hub)
    step(hub, some, Step.SUSPEND)
    with pytest.raises(CopyNotInForce, match="暂停"):
        make(hub, wanted(some))
    step(hub, some, Step.RESUME)

    def suspend(name: str) -> None:
        if name == "copy.drawn":
            with open_hub(hub.settings, hub.clock) as other:
                step(other, some, Step.SUSPEND)

    with pytest.raises(CopyNotInForce):
        make(hub, wanted(some), suspend)
    step(hub, some, Step.REVOKE)
    for asked in (some.number, some.identifier):
        with pytest.raises(CopyNotInForce, match="吊销"):
            make(hub, wanted(some, licence=asked))
    assert outcomes(hub) == before
    assert refusals(hub).count(("HUB-961", "hub-command")) == 4


def test_past_its_last_day_there_is_none_and_no_copy_outlives_its_licence(hub: Hub, some: LicenceVersion) -> None:
    with transaction(hub.connection) as cursor:
        cursor.execute("update licence set valid_until = '2026-12-01' where id = %s", (some.licence,))
    made = make(hub, wanted(some))
    assert f"{made.until:%Y-%m-%d %H:%M:%S}" == "2026-12-01 23:59:59"
    late = replace(hub, clock=FixedClock(NOON + timedelta(days=12)))
    with pytest.raises(CopyNotInForce, match="过期"):
        make(late, Wanted(some.number, RECEIVER, CAUSE, last_moment(late.clock.now(), 3)))
    with transaction(hub.connection) as cursor:
        cursor.execute("update licence set valid_until = null where id = %s", (some.licence,))


def test_a_copy_of_a_document_that_was_just_superseded_is_asked_for_again(hub: Hub, some: LicenceVersion) -> None:
    def renew(name: str) -> None:
        if name == "copy.drawn":
            with open_hub(hub.settings, hub.clock) as other, transaction(other.connection) as cursor:
                cursor.execute("update licence set current_version = 2 where id = %s", (some.licence,))

    with pytest.raises(CopyOvertaken):
        make(hub, wanted(some), renew)
    with transaction(hub.connection) as cursor:
        cursor.execute("update licence set current_version = 1 where id = %s", (some.licence,))


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"receiver": " "}, CopyUnfit),
        ({"receiver": "长" * 101}, CopyUnfit),
        ({"cause": "因" * 201}, CopyUnfit),
        ({"cause": "\n"}, CopyUnfit),
        ({"until": NOON}, CopyUnfit),
        ({"until": last_moment(NOON, 61)}, CopyUnfit),
        ({"cause": "某\U00020bb7"}, GlyphMissing),
        ({"licence": "no such licence"}, CopyLicenceUnknown),
    ],
)
def test_what_cannot_be_made_is_refused_and_logged_and_uses_no_seal(
    hub: Hub, some: LicenceVersion, changed: dict[str, Any], refusal: type[Exception]
) -> None:
    before, logged = outcomes(hub), len(refusals(hub))
    with pytest.raises(refusal) as caught:
        make(hub, wanted(some, **changed))
    assert outcomes(hub) == before and len(refusals(hub)) == logged + 1
    assert RECEIVER not in str(caught.value) and "因因" not in str(caught.value)


def test_the_longest_words_find_room(hub: Hub, some: LicenceVersion) -> None:
    made = make(hub, wanted(some, receiver="某" * 100, cause="用于办理" * 50))
    assert "".join(Reader(Package.read(made.data)).page_text().values()).count("用于办理" * 5) >= 20


def test_under_another_seal_than_the_licence_names_there_is_none(
    hub: Hub, some: LicenceVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    press = Press.open(hub.settings)
    other = replace(press, bureau=replace(press.bureau, seal_name="某新局电子印章"))
    monkeypatch.setattr(annotated.Press, "open", lambda _: other)
    with pytest.raises(CopyUnderFormerSeal, match="reseal"):
        make(hub, wanted(some))


def test_one_that_our_verifier_refuses_nobody_gets(
    hub: Hub, some: LicenceVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = Press.seal

    def damaged(self: Press, *rest: Any) -> bytes:
        return sealed(self, *rest).replace(b"licence", b"licents")

    monkeypatch.setattr(Press, "seal", damaged)
    with pytest.raises(CopyRefusedByVerifier):
        make(hub, wanted(some))
    assert outcomes(hub)[-1] == "intended"
    monkeypatch.undo()
    make(hub, wanted(some))
    assert outcomes(hub)[-2:] == ["abandoned", "sealed"]


@pytest.mark.parametrize("name", ["Doc_0/Pages/Page_0/Content.xml", "OFD.xml", "Doc_0/Attachs/licence.xml"])
def test_a_forged_end_is_found(hub: Hub, some: LicenceVersion, name: str) -> None:
    package = Package.read(make(hub, wanted(some)).data)
    content = package.entries[name].decode()
    forged = content.replace("2026年12月20日", "2027年12月20日").replace("2026-12-20 23", "2027-12-20 23")
    assert forged != content
    data = package.with_entries({name: forged.encode()}).to_bytes()
    assert verify_file(data, hub.settings, at=NOON).verdict.value == "invalid"
    assert by_document_sm3(hub.connection, hub.vault, sm3(data)) is None


def holder_number(hub: Hub, version: LicenceVersion) -> str:
    number: str = licences.facts(hub.connection, hub.vault, version)["metadata"]["CZZTDM"]
    return number


def test_a_caller_gets_one_with_a_grant_a_case_and_the_holder(hub: Hub, access: Access, some: LicenceVersion) -> None:
    number, item = holder_number(hub, some), item_of(access_files.HR)
    case = open_case(hub, caller=clerk(), item=item, subject=Subject("company", number), now=NOON)

    def ask(caller: Any, **changed: Any) -> Annotated:
        told = {"item": item.code, "holder": number, "case_no": case, "purpose": "acceptance"} | changed
        return for_caller(hub, access, caller, wanted(some), **told)

    made = ask(clerk())
    said = entry(hub, made.entry)
    # The five elements of a use: organisation, user, item, its code, case.
    assert [said[name] for name in ("organisation", "user", "item_name", "item", "case", "purpose", "basis")] == [
        "bureau", "li", item.name, item.code, case, "acceptance", "某规定",
    ]  # fmt: skip
    before, logged = outcomes(hub), Counter(refusals(hub))
    refused: list[str] = []
    for caller, changed in (
        (clerk("wang", "street", "420112001"), {}),
        (partner(), {}),
        (terminal(present=False), {}),
        (clerk(), {"purpose": "decision"}),
        (clerk("narrow"), {}),
        (clerk(), {"case_no": None}),
        (clerk(), {"case_no": "YZ-20200101-000001"}),
        (clerk(), {"item": access_files.FOOD}),
        (clerk(), {"item": "no such item"}),
        (clerk(), {"holder": "91420112MAKTE5T008"}),
        (clerk(), {"holder": "no number"}),
    ):
        with pytest.raises(Exception, match="HUB-") as caught:
            ask(caller, **changed)
        refused.append(caught.value.code)  # type: ignore[attr-defined]
    assert refused[:5] == ["HUB-965"] * 5 and refused[5:8] == ["HUB-862", "HUB-863", "HUB-865"]
    assert refused[9] == "HUB-968"
    assert outcomes(hub) == before
    assert sorted(row[0] for row in (Counter(refusals(hub)) - logged).elements()) == sorted(refused)
    with pytest.raises(CaseMissing):
        ask(clerk(), case_no=" ")
    assert ask(clerk()).number == some.number
    with pytest.raises(CopyQuotaUsedUp, match="2 annotated copies"):
        ask(clerk())
    with pytest.raises(CopyUnfit, match="30 days"):
        for_caller(
            hub, access, clerk(), wanted(some, days=31), item=item.code, holder=number, case_no=case,
            purpose="acceptance",
        )  # fmt: skip


def test_nobody_learns_from_a_number_whether_there_is_such_a_licence_of_another(
    hub: Hub, access: Access, some: LicenceVersion
) -> None:
    told = []
    for number in (some.number, "no such licence"):
        with pytest.raises(annotated.CopyOfAnother) as caught:
            for_caller(
                hub, access, clerk(), wanted(some, licence=number), item=access_files.HR, holder="91420112MAKTE5T008",
                case_no="YZ-20200101-000001", purpose="acceptance",
            )  # fmt: skip
        told.append(str(caught.value))
    assert told[0] == told[1] and some.number not in told[0]


def test_a_holder_has_one_of_his_own_and_of_nobody_elses(hub: Hub, access: Access, some: LicenceVersion) -> None:
    own = hub.subject("company", holder_number(hub, some))
    (mine,) = [one for one in licences_of(hub, own) if one.number == some.number]
    assert mine.may_copy and mine.state == "有效"
    made = for_holder(hub, access, own, wanted(some))
    said = entry(hub, made.entry)
    assert (said["channel"], said["organisation_name"], said["item_name"]) == (
        "person",
        "持证主体本人",
        "我的证照：制作加注件",
    )
    with pytest.raises(annotated.CopyOfAnother):
        for_holder(hub, access, hub.subject("company", "91420112MAKTE5T008"), wanted(some))
    assert licences_of(hub, hub.subject("company", "91420112MAKTE5T008")) == []
