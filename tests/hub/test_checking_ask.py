"""The three ways to ask, over a real register with licences in every state, and what a stranger must not learn."""

from __future__ import annotations

import json
import re
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core.clock import FixedClock
from core.digest import sm3
from core.merkle import ProofRefused
from hub import log_proofs
from hub.annotated import Form
from hub.checking import Checked, Way
from hub.checking_ask import by_file, by_number, by_token, normal_identifier, normal_number
from hub.checking_proof import proof_of
from hub.checking_told import face_of
from hub.compose import drawn_from
from hub.context import Hub
from hub.designation import digest_of
from hub.press import Press
from schemas.licence_life import Status, Step
from signing.trust import Trust
from store import licence_making, licences
from store.errors import StoreUnavailable
from store.register_entries import Grounds
from tests.departments import Departments
from tests.hub.checked_world import BASIS, CAUSE, DOCUMENT_NO, RECEIVER, STATES, World, home_of, token_in, world_of
from tests.hub.conftest import NOON

pytestmark = pytest.mark.world


@pytest.fixture(scope="module")
def world(
    module_database_url: str, departments: Departments, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    with world_of(home_of(tmp_path_factory.mktemp("checked"), module_database_url), departments) as made:
        yield made


def of_file(world: World, data: bytes) -> Checked:
    return by_file(world.settings, world.hubs, data, world.hub.clock)


@pytest.mark.parametrize("state", STATES)
def test_all_three_ways_say_the_same_of_a_licence(world: World, state: str) -> None:
    version = world.versions[state]
    answers = (
        by_token(world.hub, world.token(state)),
        by_number(world.hub, version.identifier, version.number),
        of_file(world, world.file(state)),
        of_file(world, world.pdf("valid")) if state == "valid" else by_token(world.hub, world.token(state)),
    )
    assert [answer.outcome.value for answer in answers] == [state] * 4, [answer.reasons for answer in answers]
    for answer in answers:
        assert answer.licence is not None and answer.licence.number == version.number
        assert [(seal.proven, seal.sealed_at is not None, "测试" in seal.seal) for seal in answer.seals] == [
            (True,) * 3
        ]


@pytest.mark.parametrize("state", ["suspended", "withdrawn", "revoked", "cancelled"])
def test_an_end_says_since_when_and_by_which_decision_and_nothing_about_a_person(world: World, state: str) -> None:
    found = by_token(world.hub, world.token(state)).licence
    assert found is not None and found.status_step is not None
    step = found.status_step
    assert (step.basis, step.document_no, str(step.effective_on)) == (BASIS, DOCUMENT_NO, "2026-11-20")
    told = repr(found)
    assert "officer-zhang" not in told and "王大锤" not in told


def test_the_face_is_shown_with_persons_masked(world: World) -> None:
    version = world.versions["valid"]
    facts = licences.facts(world.hub.connection, world.hub.vault, version)
    person = next(line["words"] for line in facts["face"] if line["key"] == "legal_rep")
    found = by_token(world.hub, world.token("valid")).licence
    assert found is not None
    shown = {line.label: line for line in found.face}
    assert person not in repr(shown)
    (masked,) = [line for line in found.face if line.masked]
    assert masked.words == f"{person[0]}**"
    holder = next(line for line in facts["face"] if line["key"] == "holder")
    assert shown[holder["label"]].words == holder["words"]


def test_the_holder_is_masked_where_he_is_a_person_or_nobody_knows(world: World) -> None:
    facts = licences.facts(world.hub.connection, world.hub.vault, world.versions["valid"])
    citizen = facts | {"metadata": facts["metadata"] | {"CZZTDMLXDM": "111"}}
    hidden = [line.label for line in face_of(citizen) if line.masked]
    labels = {line["key"]: line["label"] for line in facts["face"]}
    assert {labels["holder"], labels["holder_code"], labels["legal_rep"]} == set(hidden)
    of_no_type = face_of(facts | {"kind": "gone"})
    assert {line.label for line in of_no_type if not line.masked} <= {
        labels[key] for key in ("number", "identifier", "organ", "issued", "valid") if key in labels
    }


def test_a_superseded_version_leads_to_the_newer_one_only_for_who_has_the_old_one(world: World) -> None:
    old = world.versions["superseded"]
    newest = world.token_of(world.newer)
    assert by_token(world.hub, world.token("superseded")).newer_token == newest
    assert of_file(world, world.file("superseded")).newer_token == newest
    by_its_number = by_number(world.hub, old.identifier, old.number)
    assert by_its_number.newer_token is None
    assert by_token(world.hub, newest).outcome.value == "valid"
    assert of_file(world, world.file_of(world.newer)).outcome.value == "valid"
    found = by_token(world.hub, newest).licence
    assert found is not None
    assert [(one.version, one.cause) for one in found.versions] == [(1, "颁发"), (2, "补发")]
    assert [step.word for step in found.steps] == ["颁发", "补发"]


def test_a_licence_past_its_last_day_has_expired_without_anybody_writing_it_down(world: World) -> None:
    version = world.versions["valid"]
    assert version.valid_until is not None
    last = FixedClock(
        NOON.replace(year=version.valid_until.year, month=version.valid_until.month, day=version.valid_until.day)
    )
    assert by_token(replace(world.hub, clock=last), world.token("valid")).outcome.value == "valid"
    after = replace(world.hub, clock=FixedClock(last.now() + timedelta(days=1)))
    checked = by_token(after, world.token("valid"))
    assert checked.outcome.value == "expired"
    assert checked.licence is not None and checked.licence.status_since == version.valid_until + timedelta(days=1)


@pytest.mark.parametrize("form", Form)
def test_an_annotated_copy_is_told_with_its_receiver_and_its_end(world: World, form: Form) -> None:
    data = world.copy("valid", form)
    checked = of_file(world, data)
    assert checked.outcome.value == "annotated", checked.reasons
    assert checked.licence is not None and checked.licence.copy is not None
    told = checked.licence.copy
    assert (told.receiver, told.cause) == (RECEIVER, CAUSE)
    assert checked.licence.number == world.versions["valid"].number
    late = replace(world.hub, clock=FixedClock(told.expires_at + timedelta(seconds=1)))

    @contextmanager
    def later() -> Iterator[Hub]:
        yield late

    assert by_file(world.settings, later, data, late.clock).outcome.value == "annotated_expired"
    if form is Form.OFD:
        token = token_in(data)
        assert by_token(world.hub, token).outcome.value == "annotated"
        assert by_token(late, token).outcome.value == "annotated_expired"
        spoiled = bytearray(data)
        spoiled[len(data) // 2] ^= 1
        assert of_file(world, bytes(spoiled)).licence is None


def test_the_code_on_a_licence_leads_to_its_own_verdict(world: World) -> None:
    assert token_in(world.file("valid")) == world.token("valid")
    assert by_token(world.hub, token_in(world.file("revoked"))).outcome.value == "revoked"


def test_everything_that_does_not_fit_together_is_answered_as_what_is_not_there(world: World) -> None:
    one, other = world.versions["valid"], world.versions["suspended"]
    unknown = re.sub(r"\.2026[0-9A-Z]+\.", ".2026999999.", one.identifier)
    asked = [
        (one.identifier, other.number),
        (other.identifier, one.number),
        (one.identifier, "no such number"),
        ("no such identifier", one.number),
        (unknown, one.number),
        (one.identifier, ""),
        ("", ""),
        (one.number, one.identifier),
        (world.newer.identifier.replace(".002.", ".003."), one.number),
        ("\x00", "\x00"),
    ]
    answers = [by_number(world.hub, *pair) for pair in asked]
    assert {answer.outcome.value for answer in answers} == {"not_found"}
    assert len({repr(answer) for answer in answers}) == 1
    tokens = ["", "x", "\x00", "0" * 22, "x" * 10_000, world.token("valid")[:-1], world.token("valid") + "A", "证"]
    assert len({repr(by_token(world.hub, token)) for token in tokens}) == 1
    assert by_token(world.hub, "x") == replace(answers[0], way=Way.CODE)


def test_unknown_and_wrong_pairs_take_the_same_time_as_far_as_noise_lets_one_see(world: World) -> None:
    one, other = world.versions["valid"], world.versions["suspended"]
    asked = {
        "wrong": (one.identifier, other.number),
        "unknown": (re.sub(r"\.2026[0-9A-Z]+\.", ".2026999999.", one.identifier), "no such number"),
    }
    took: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(100):
        for name, pair in asked.items():
            began = time.perf_counter()
            by_number(world.hub, *pair)
            took[name].append(time.perf_counter() - began)
    medians = {name: statistics.median(times) for name, times in took.items()}
    # Not tight: other programs run beside. Opening the facts of a licence that was found takes longer than this.
    assert abs(medians["wrong"] - medians["unknown"]) < 0.001, medians


@pytest.mark.parametrize(
    "spoil", [lambda text: f" {text} ", lambda text: text.lower(), lambda text: text.partition("3005.2.")[2]]
)
def test_identifier_and_number_may_be_typed_as_people_type(world: World, spoil: Any) -> None:
    version = world.versions["valid"]
    typed = version.number.replace("〔", "[").replace("〕", "]").replace("（", "(").replace("）", ")")
    assert by_number(world.hub, spoil(version.identifier), f" {typed} ").outcome.value == "valid"
    assert normal_identifier(spoil(version.identifier)) == version.identifier
    assert normal_number(typed) == normal_number(version.number)


def test_a_document_in_the_making_is_not_there_for_anybody(world: World) -> None:
    version = world.versions["valid"]
    connection = world.hub.connection
    begun = licence_making.reserve_version(
        connection, world.hub.vault, licence=version.licence, step=Step.REPLACE, approval=None, made_for="order-2/x",
        item=version.item, grounds=Grounds("补发申请", NOON.date(), "hub", "the bureau"),
        compose=lambda number, place: licence_making.Composed(
            version.number, f"{version.identifier[:-5]}002.Z", {"qr_text": "x"}, digest_of("making"), None
        ),
        now=NOON,
    )  # fmt: skip
    assert by_number(world.hub, begun.identifier, begun.number).outcome.value == "not_found"
    assert by_token(world.hub, "making").outcome.value == "not_found"
    assert by_token(world.hub, world.token("valid")).outcome.value == "valid"


def test_a_sound_file_of_ours_is_not_called_valid_while_the_register_is_silent(world: World) -> None:
    @contextmanager
    def silent() -> Iterator[Hub]:
        raise StoreUnavailable("no answer")
        yield world.hub

    def asked(data: bytes) -> Checked:
        return by_file(world.settings, silent, data, world.hub.clock)

    assert asked(world.file("valid")).outcome.value == "cannot_now"
    assert asked(world.file("revoked")).outcome.value == "cannot_now"
    assert asked(b"no licence").outcome.value == "unreadable"
    spoiled = bytearray(world.pdf("valid"))
    spoiled[len(spoiled) // 2] ^= 1
    assert asked(bytes(spoiled)).outcome.value in ("tampered", "unreadable")


def test_a_file_sealed_by_us_that_the_register_does_not_know_is_not_valid(world: World) -> None:
    """Sealed with the bureau's own seal, past the register: the same identifier, and one that was never given."""
    press = Press.open(world.settings)
    facts = licences.facts(world.hub.connection, world.hub.vault, world.versions["valid"])
    for identifier, why in ((facts["metadata"]["ZZBS"], "另一个文件"), (None, "摘要")):
        if identifier is None:
            facts["metadata"]["ZZBS"] = facts["metadata"]["ZZBS"].replace(".001.", ".077.")
        drawn = drawn_from(facts, press.bureau)
        checked = of_file(world, press.seal(drawn.package, drawn.places, NOON + timedelta(seconds=1)))
        assert checked.outcome.value == "not_registered", (checked.outcome, checked.reasons)
        assert why in checked.reasons[0].zh
        assert checked.licence is None


def test_the_proof_leads_from_the_verdict_to_the_register(world: World) -> None:
    checked = by_token(world.hub, world.token("valid"))
    proof = proof_of(world.hub, checked)
    assert proof is not None and checked.licence is not None
    assert proof.entry == checked.licence.entry
    assert proof.body["type"] == "inclusion" and proof.body["log"] == "register"
    document = dict(proof.body)
    body = document["body"].encode()
    proven = log_proofs.check(document, Trust.of([]), at=NOON, body=body)
    assert (proven.entry, proven.number, proven.log) == (proof.entry, proof.number, "register")
    said = json.loads(body)
    assert said["document_sm3"] == sm3(world.file("valid")).hex()
    assert (said["number"], said["identifier"]) == (checked.licence.number, checked.licence.identifier)
    with pytest.raises(ProofRefused):
        log_proofs.check(document, Trust.of([]), at=NOON, body=body.replace(b'"valid"', b'"void"'))
    assert len(document["how_to_check"]["zh"]) == len(document["how_to_check"]["en"])
    assert proof_of(world.hub, by_token(world.hub, "nothing")) is None
    assert checked.licence.status is Status.VALID
