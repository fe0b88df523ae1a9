"""Departments asked while a clerk waits: the running sandbox, its faults, and the time all of it takes."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit, urlunsplit

import psycopg2
import pytest

from connectors.endpoints import Endpoints
from connectors.registry import declaration, declarations, open_source
from core.clock import today
from hub.circuit import Thresholds
from hub.collect import collect
from hub.context import Hub
from hub.live import Limits, Live, LiveAnswer
from schemas.judge import canonical, judge
from schemas.records.base import Subject
from store import records
from store.connection import fetch_all
from tests.departments import Departments

ASKED = sorted(name for name, declared in declarations().items() if declared.live is not None)
QUICK = Limits(budget_s=0.6, thresholds=Thresholds(failures=3, rest_s=0.5))


@pytest.fixture(autouse=True)
def _calm(hub: Hub, departments: Departments) -> Iterator[None]:
    departments.write_sources(hub.settings.sources_file)
    departments.hand_out_again()
    yield
    for department in ("tax", "platform", "health"):
        departments.order_fault(None, of=department)


@pytest.fixture
def live(hub: Hub) -> Iterator[Live]:
    with Live.open(hub.settings, clock=hub.clock) as opened:
        yield opened


def people(hub: Hub, departments: Departments, resource: str) -> list[Subject]:
    """Subjects whom the resource can be asked about and whose rows are all good and hold the number as it is."""
    declared = declaration(resource)
    assert declared.live is not None
    source = open_source(declared, departments.endpoints())
    clean: dict[Subject, bool] = {}
    spoilt: set[object] = set()
    for page in source.pages({}):
        for row in source.records(page):
            record = judge(declared.schema_name, row.fields, problem=row.problem, today=today(hub.clock)).record
            for subject in record.subjects() if record is not None else ():
                if subject.kind in declared.live.kinds:
                    clean[subject] = clean.get(subject, True) and subject.value in row.fields.values()
            if record is None:
                spoilt.update(row.fields.values())
    return [subject for subject, is_clean in clean.items() if is_clean and subject.value not in spoilt]


def one(hub: Hub, departments: Departments, resource: str) -> Subject:
    return people(hub, departments, resource)[0]


def said(answer: LiveAnswer) -> list[bytes]:
    assert answer.reason == ""
    assert answer.records is not None
    return sorted(canonical(record) for record in answer.records)


@pytest.mark.parametrize("resource", ASKED)
def test_a_department_says_now_what_a_batch_would_have_brought(
    hub: Hub, live: Live, departments: Departments, resource: str
) -> None:
    subjects = people(hub, departments, resource)[:12]
    assert len(subjects) >= 8
    collect(hub, resource)
    before = fetch_all(hub.connection, "select count(*) from record")
    for subject in subjects:
        answer = live.ask([(resource, subject)])[(resource, subject)]
        stored = records.of_subject(
            hub.connection, hub.vault, hub.subject(subject.kind, subject.value), [resource]
        ).get(resource, [])
        assert said(answer) == sorted(row.payload for row in stored)
        assert answer.at == hub.clock.now()
        time.sleep(0.06)  # the tax gateway takes 20 requests a second and no more
    assert fetch_all(hub.connection, "select count(*) from record") == before


def test_who_is_not_known_there_has_an_answer_without_records(live: Live) -> None:
    nobody = [
        ("civil.marriage", Subject("citizen", "11010519491231002X")),
        ("health.birth_certificate", Subject("citizen", "11010519491231002X")),
        ("police.household", Subject("citizen", "11010519491231002X")),
        ("tax.registration", Subject("company", "91110000600037341L")),
        ("platform.permit", Subject("company", "91110000600037341L")),
    ]
    assert {answer.records for answer in live.ask([*nobody, *nobody]).values()} == {()}


@pytest.mark.parametrize("slow", ["tax", "health", "platform"])
def test_a_slow_department_has_no_answer_and_holds_up_nobody(
    hub: Hub, live: Live, departments: Departments, slow: str
) -> None:
    resources = ("tax.registration", "platform.legal_person", "civil.marriage", "police.household",
                 "health.birth_certificate", "market.entity")  # fmt: skip
    wanted = [(name, one(hub, departments, name)) for name in resources]
    assert {answer.reason for answer in live.ask(wanted).values()} == {""}
    departments.order_fault("ask_slow", of=slow)
    began = time.monotonic()
    answers = live.ask(wanted)
    assert 1.9 < time.monotonic() - began < 2.2
    assert {name for (name, _), answer in answers.items() if answer.records is None} == {
        name for name in resources if name.startswith(f"{slow}.")
    }
    assert {answer.reason for answer in answers.values()} == {"", "no_answer"}
    assert all(answer.records for answer in answers.values() if answer.reason == "")


def test_departments_are_asked_at_the_same_time(hub: Hub, live: Live, departments: Departments) -> None:
    wanted = [(name, one(hub, departments, name)) for name in ASKED]
    live.ask(wanted)  # opens what is kept
    time.sleep(1)
    began = time.monotonic()
    answers = live.ask(wanted)
    assert time.monotonic() - began < 1.5
    assert {answer.reason for answer in answers.values()} == {""}


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("ask_down", "no_answer"),
        ("ask_refused", "refused"),
        ("ask_garbage", "not_good"),
        ("ask_other_person", "not_good"),
    ],
)
@pytest.mark.parametrize("resource", ["tax.registration", "platform.permit", "health.birth_certificate"])
def test_what_goes_wrong_there_is_a_reason_here(
    hub: Hub, live: Live, departments: Departments, resource: str, fault: str, reason: str,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    subject = one(hub, departments, resource)
    departments.order_fault(fault, times=2, of=resource.partition(".")[0])
    with caplog.at_level(logging.DEBUG):
        answer = live.ask([(resource, subject)])[(resource, subject)]
    assert (answer.records, answer.reason) == (None, reason)
    assert subject.value not in caplog.text
    departments.order_fault(None, of=resource.partition(".")[0])
    assert said(live.ask([(resource, subject)])[(resource, subject)])


@pytest.mark.parametrize("fault", ["ask_down", "ask_garbage", "ask_other_person"])
def test_after_failures_a_department_rests_and_is_asked_again(hub: Hub, departments: Departments, fault: str) -> None:
    tax, civil = (one(hub, departments, name) for name in ("tax.registration", "civil.marriage"))
    with Live.open(hub.settings, limits=QUICK) as live:
        departments.order_fault(fault, times=1000)
        for _ in range(3):
            answer = live.ask([("tax.registration", tax)])[("tax.registration", tax)]
            assert answer.reason in ("no_answer", "not_good")
        began = time.monotonic()
        answers = live.ask([("tax.registration", tax), ("tax.clearance", tax), ("civil.marriage", civil)])
        assert [answer.reason for answer in answers.values()] == ["resting", "resting", ""]
        assert live.resting() == ("tax",)
        assert live.ask([("tax.clearance", tax)])[("tax.clearance", tax)].reason == "resting"
        assert time.monotonic() - began < 0.4
        time.sleep(0.6)
        # one is let through, and fails: it rests once more
        assert live.ask([("tax.registration", tax)])[("tax.registration", tax)].reason != "resting"
        assert live.ask([("tax.registration", tax)])[("tax.registration", tax)].reason == "resting"
        departments.order_fault(None)
        time.sleep(0.6)
        assert live.ask([("tax.registration", tax)])[("tax.registration", tax)].reason == ""
        assert live.resting() == ()
        assert live.ask([("tax.registration", tax)])[("tax.registration", tax)].reason == ""


def test_a_department_that_is_too_slow_rests_too(hub: Hub, departments: Departments) -> None:
    subject = one(hub, departments, "platform.permit")
    with Live.open(hub.settings, limits=QUICK) as live:
        departments.order_fault("ask_slow", times=1000, of="platform")
        reasons = [live.ask([("platform.permit", subject)])[("platform.permit", subject)].reason for _ in range(4)]
    assert reasons == ["no_answer"] * 3 + ["resting"]


def test_a_refusal_never_makes_a_department_rest(hub: Hub, departments: Departments) -> None:
    subject = one(hub, departments, "tax.registration")
    with Live.open(hub.settings, limits=QUICK) as live:
        departments.order_fault("ask_refused", times=1000)
        for _ in range(6):
            time.sleep(0.06)
            assert live.ask([("tax.registration", subject)])[("tax.registration", subject)].reason == "refused"


def test_threads_do_not_pile_up_behind_a_slow_department_and_end_with_it(hub: Hub, departments: Departments) -> None:
    subject = one(hub, departments, "health.birth_certificate")
    limits = Limits(budget_s=0.3, threads=3, thresholds=Thresholds(failures=10_000))
    live = Live.open(hub.settings, limits=limits)
    departments.order_fault("ask_slow", times=1000, of="health")

    def ask(_: int) -> tuple[str, float]:
        began = time.monotonic()
        reason = live.ask([("health.birth_certificate", subject)])[("health.birth_certificate", subject)].reason
        return reason, time.monotonic() - began

    with ThreadPoolExecutor(20) as clerks:
        answers = list(clerks.map(ask, range(60)))
        assert len(_threads()) <= 3
    assert {reason for reason, _ in answers} == {"no_answer"}
    assert max(seconds for _, seconds in answers) < 0.6
    live.close()
    live.close()
    assert _threads() == []
    with pytest.raises(RuntimeError, match="closed"):
        live.ask([("health.birth_certificate", subject)])


def test_what_cannot_be_asked_says_why_at_once(hub: Hub, live: Live) -> None:
    company, citizen = Subject("company", "91110000600037341L"), Subject("citizen", "11010519491231002X")
    reasons = {
        ("market.person", citizen): "not_open",
        ("education.enrolment", citizen): "not_open",
        ("hr.insurance", citizen): "not_askable",
        ("market.company", company): "not_askable",
        ("tax.registration", citizen): "not_askable",
        ("market.entity", Subject("registration_number", "420112000000001")): "not_askable",
    }
    began = time.monotonic()
    assert {asked: answer.reason for asked, answer in live.ask(list(reasons)).items()} == reasons
    assert time.monotonic() - began < 0.5
    assert live.ask([]) == {}
    with Live(Endpoints.empty()) as nowhere:
        assert nowhere.ask([("tax.registration", company)])[("tax.registration", company)].reason == "not_open"


def test_where_nobody_answers_every_question_is_over_in_time(hub: Hub, departments: Departments) -> None:
    wanted = [
        (name, Subject(kind, "91110000600037341L" if kind == "company" else "11010519491231002X"))
        for name in ASKED
        if (question := declaration(name).live)
        for kind in question.kinds
    ]
    with Live(departments.unreachable()) as live:
        began = time.monotonic()
        answers = live.ask(wanted)
        assert time.monotonic() - began < 2.2
    assert {answer.reason for answer in answers.values()} == {"no_answer"}


def test_good_rows_are_taken_although_others_are_not(
    hub: Hub, live: Live, departments: Departments, postgres_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A table's rows, of which one is spoilt while the others say what they say."""
    subject = one(hub, departments, "civil.marriage")
    before = said(live.ask([("civil.marriage", subject)])[("civil.marriage", subject)])
    assert before
    owner = psycopg2.connect(urlunsplit(urlsplit(postgres_url)._replace(path="/civil_exchange")))
    try:
        with owner, owner.cursor() as cursor:
            cursor.execute(
                "INSERT INTO up_marriage (row_guid, cd_time, cd_operation, cert_no, cert_num_man, op_type) "
                "VALUES ('bad', '2026-03-31 01:00', 'I', 'J420112-2026-999999', %s, 'IA')",
                (subject.value,),
            )
        answer = live.ask([("civil.marriage", subject)])[("civil.marriage", subject)]
        assert said(answer) == before
        assert "1 rows refused by the schema and 0 about somebody else" in caplog.text
        assert subject.value not in caplog.text
    finally:
        with owner, owner.cursor() as cursor:
            cursor.execute("DELETE FROM up_marriage WHERE row_guid = 'bad'")
        owner.close()


def test_a_row_the_schema_refuses_is_no_answer_and_no_failure_of_the_department(
    hub: Hub, departments: Departments
) -> None:
    subject = next(_spoilt(hub, departments))
    with Live.open(hub.settings, clock=hub.clock, limits=QUICK) as live:
        for _ in range(6):
            answer = live.ask([("market.entity", subject)])[("market.entity", subject)]
            assert (answer.records, answer.reason) == (None, "not_good")


def _spoilt(hub: Hub, departments: Departments) -> Iterator[Subject]:
    """Companies whose one row of the register has a right credit code and is refused all the same."""
    source = open_source(declaration("market.entity"), departments.endpoints())
    rows = [row.fields for page in source.pages({}) for row in source.records(page)]
    for fields in rows:
        judged = judge("market.entity", fields, today=today(hub.clock))
        about = [other for other in rows if other["uniscid"] == fields["uniscid"]]
        fields_at_fault = {reason.field for reason in judged.reasons}
        if len(about) == 1 and fields["uniscid"] and fields_at_fault and not fields_at_fault & {"credit_code", ""}:
            yield Subject("company", str(fields["uniscid"]))


def _threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("live-")]
