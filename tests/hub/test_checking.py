"""Which verdict follows from what file and register say; and every pair that must not be called valid."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest

from hub.checking import Known, Registered, Way, judge_register, outcome_of, outcome_of_certificate
from hub.checking_outcome import WORDS, Outcome
from hub.checking_parts import part_of
from hub.masking import masked
from schemas.licence_life import Status
from signing.ofd.steps import Step
from tests.web.check_samples import (
    AT,
    CERTIFICATE,
    CHANGED,
    COPY,
    KNOWN,
    LICENCE,
    NEWER,
    NEWEST,
    NOTHING,
    SAMPLES,
    UNTRUSTED,
    by_code,
    every_outcome_has_a_sample,
    of_file,
    report,
)

ENDED = (Status.WITHDRAWN, Status.REVOKED, Status.CANCELLED, Status.EXPIRED)
#: Verdicts by which somebody may rely on a licence.
GOOD = {Outcome.VALID, Outcome.ANNOTATED}


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_each_sample_is_the_verdict_it_is_named_after(name: str) -> None:
    assert name.removesuffix("_file").removesuffix("_good_seal") == SAMPLES[name].checked.outcome.value


def test_every_verdict_has_words_and_a_sign_of_its_own_tone() -> None:
    assert every_outcome_has_a_sample()
    assert set(WORDS) == set(Outcome)
    assert len({words.zh for words in WORDS.values()}) == len({words.en for words in WORDS.values()}) == len(Outcome)
    relied_on = {outcome for outcome, words in WORDS.items() if words.tone in ("good", "note")}
    assert relied_on == GOOD | {Outcome.CERTIFICATE}


def test_only_a_sound_file_that_the_register_has_in_force_is_called_valid() -> None:
    """Every report times everything the register may answer."""
    reports = {
        "sound": report(),
        "changed": report(*CHANGED),
        "untrusted": report(UNTRUSTED),
        "both": report(*CHANGED, UNTRUSTED),
        "unjudged": report(unknown=True),
        "unsealed": report((Step.ENTRY, "文件未签章", "not signed", "OFD.xml"), sealed=False),
    }
    documents: list[Registered | None] = [None]
    for status, superseded in itertools.product(Status, (False, True)):
        documents.append(replace(LICENCE, status=status, superseded=superseded))
    silent: list[Known | None] = [None]
    for (name, given), document in itertools.product(reports.items(), documents):
        for known in (*silent, Known(document, document is None, NOTHING.organs), replace(KNOWN, document=document)):
            outcome = of_file(given, known).outcome
            in_force = (
                known is not None
                and known.document is not None
                and known.document.status is Status.VALID
                and not known.document.superseded
            )
            assert (outcome is Outcome.VALID) == (name == "sound" and in_force), (name, known)
            assert outcome not in GOOD - {Outcome.VALID}


def test_a_certificate_of_the_archive_is_good_in_its_time_while_its_file_is_whole() -> None:
    known = replace(NOTHING, certificate=CERTIFICATE)
    late = replace(NOTHING, certificate=replace(CERTIFICATE, expires_at=AT - timedelta(microseconds=1)))
    taken_back = replace(NOTHING, certificate=replace(CERTIFICATE, ended=True))
    assert of_file(report(), known).outcome is Outcome.CERTIFICATE
    assert {of_file(report(), one).outcome for one in (late, taken_back)} == {Outcome.CERTIFICATE_EXPIRED}
    assert of_file(report(UNTRUSTED), known).outcome is Outcome.SEAL_UNTRUSTED
    assert of_file(report(unknown=True), known).outcome is Outcome.CANNOT_NOW
    changed = of_file(report(*CHANGED), known)
    assert (changed.outcome, changed.certificate) == (Outcome.TAMPERED, None)
    assert outcome_of_certificate(CERTIFICATE, CERTIFICATE.expires_at) is Outcome.CERTIFICATE


@pytest.mark.parametrize("status", ENDED)
def test_a_licence_that_ended_is_said_to_have_ended_whatever_else_holds(status: Status) -> None:
    ended = replace(LICENCE, status=status, superseded=True, copy=COPY)
    assert outcome_of(ended, AT).value == status.value
    for given in (report(), report(unknown=True), report(UNTRUSTED)):
        assert of_file(given, replace(KNOWN, document=ended)).outcome.value == status.value


def test_a_changed_file_shows_nothing_of_the_licence_it_was_made_from() -> None:
    for given, known in ((report(*CHANGED), KNOWN), (report(UNTRUSTED), NOTHING), (report(), None)):
        checked = of_file(given, known)
        assert checked.licence is None and checked.newer_token is None


def test_a_changed_file_names_the_parts_once_each_in_both_languages() -> None:
    reasons = of_file(report(*CHANGED, CHANGED[0]), KNOWN).reasons
    assert [one.zh for one in reasons] == ["第 1 页：文件与签名时不同", "所附数据：文件与签名时不同"]
    assert [one.en.partition(":")[0] for one in reasons] == ["page 1", "attached data"]


def test_what_a_seal_names_is_unproven_unless_the_file_is_sound() -> None:
    assert [one.proven for one in of_file(report(), KNOWN).seals] == [True]
    for given in (report(*CHANGED), report(UNTRUSTED), report(unknown=True)):
        assert [one.proven for one in of_file(given, NOTHING).seals] == [False]


def test_the_newer_version_is_told_to_who_has_the_document_and_to_nobody_else() -> None:
    assert by_code(NEWEST).newer_token == NEWER
    assert of_file(report(), replace(KNOWN, document=NEWEST)).newer_token == NEWER
    of_copy = by_code(replace(NEWEST, copy=COPY))
    assert (of_copy.outcome, of_copy.newer_token) == (Outcome.SUPERSEDED, None)
    by_number = judge_register(NEWEST, Way.NUMBER, AT)
    assert (by_number.outcome, by_number.newer_token) == (Outcome.SUPERSEDED, None)


def test_what_is_not_published_is_answered_as_what_is_not_there() -> None:
    for status in (Status.RESERVED, Status.VOID):
        assert by_code(replace(LICENCE, status=status)) == by_code(None)


@pytest.mark.parametrize(("late", "outcome"), [(0, "annotated"), (1, "annotated_expired")])
def test_an_annotated_copy_is_good_up_to_its_last_moment(late: int, outcome: str) -> None:
    moment = COPY.expires_at + timedelta(microseconds=late)
    assert outcome_of(replace(LICENCE, copy=COPY), moment).value == outcome


@pytest.mark.parametrize(
    ("file", "zh"),
    [
        ("OFD.xml", "文档信息（证照元数据）"),
        ("Doc_0/Pages/Page_12/Content.xml", "第 13 页"),
        ("Doc_0/Attachs/licence.xml", "所附数据"),
        ("Doc_0/Signs/Sign_0/SignedValue.dat", "签章数据"),
        ("Doc_0/Document.xml", "文档结构"),
        ("Doc_0/PublicRes.xml", "字体和图片"),
        ("Doc_0/Tags/LicenceTags.xml", "字段标记"),
    ],
)
def test_a_file_of_the_package_has_a_name_people_know(file: str, zh: str) -> None:
    told = part_of(file)
    assert told is not None and told.zh == zh
    assert part_of("../../etc/passwd") is None


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("王晓明", "王**"),
        ("欧阳晓明、李四", "欧**、李**"),
        ("420112199001011234", "4**************34"),
        ("E12345678", "E**************78"),
        ("", ""),
        ("王", "王**"),
    ],
)
def test_a_mask_tells_neither_the_name_nor_how_long_it_is(words: str, shown: str) -> None:
    assert masked(words) == shown
