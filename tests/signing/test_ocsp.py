"""OCSP: who may answer, about whom, for which time; and that pyca reads our requests and answers as we do."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ReasonFlags, ocsp
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import HubError
from signing import der, oids
from signing.certificates import Usage
from signing.errors import (
    CertificateFault,
    CertificateRefused,
    RevocationUnknown,
    StatusAnswerRefused,
)
from signing.revocation.answer_making import Status, make_status_answer
from signing.revocation.answers import CertId, StatusAnswer, write_request
from signing.revocation.known import Reason, RevocationState, Revoked, Source
from signing.trust import Trust
from tests.signing.hierarchy import AT, DAY, Node, root

HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def top() -> Node:
    return root()


@pytest.fixture(scope="module")
def leaf(top: Node) -> Node:
    return top.issue("签名")


@pytest.fixture(scope="module")
def responder(top: Node) -> Node:
    return top.issue("响应", usage=Usage.DIGITAL_SIGNATURE, extended=(oids.OCSP_SIGNING,), no_check=True)


def answer(top: Node, leaf: Node, by: Node, *, enclosed: tuple[Node, ...] | None = None, **changes: object) -> bytes:
    """An answer about `leaf`, an hour after AT and good for a day."""
    usual: dict[str, object] = {
        "id": CertId.of(leaf.certificate, top.certificate),
        "this_update": AT + HOUR,
        "next_update": AT + DAY,
    }
    sent = (by,) if enclosed is None else enclosed
    status = Status(**(usual | changes))  # type: ignore[arg-type]
    return make_status_answer([status], by.signer, produced_at=status.this_update, enclosed=[one.raw for one in sent])


def state(top: Node, leaf: Node, *answers: bytes, at: datetime = AT) -> RevocationState | str:
    try:
        return Trust.of([top.raw], answers=answers).check(leaf.certificate, at).revocation[0].state
    except CertificateRefused as error:
        assert error.fault is CertificateFault.REVOKED
        return "revoked"
    except RevocationUnknown:
        return "unknown"


@pytest.mark.parametrize("digest", [oids.SHA1, oids.SHA256, oids.SM3])
def test_the_issuer_and_its_responder_may_answer(top: Node, leaf: Node, responder: Node, digest: str) -> None:
    named = CertId.of(leaf.certificate, top.certificate, digest)
    for by in (top, responder):
        raw = answer(top, leaf, by, id=named)
        told = Trust.of([top.raw], answers=[raw]).check(leaf.certificate, AT).revocation[0]
        assert (told.state, told.source, told.as_of) == (RevocationState.GOOD, Source.ANSWER, AT + HOUR)


def test_good_revoked_unknown(top: Node, leaf: Node, responder: Node) -> None:
    def revoked(at: datetime, *more: object) -> bytes:
        return answer(top, leaf, responder, revoked=Revoked(at, *more))  # type: ignore[arg-type]

    assert state(top, leaf, answer(top, leaf, responder)) is RevocationState.GOOD
    assert state(top, leaf, revoked(AT - DAY)) == "revoked"
    assert state(top, leaf, revoked(AT + HOUR)) is RevocationState.REVOKED_LATER
    assert state(top, leaf, revoked(AT + HOUR, Reason.KEY_COMPROMISE, AT - HOUR)) == "revoked"
    assert state(top, leaf, answer(top, leaf, responder, unknown=True)) == "unknown"


def test_an_answer_covers_the_time_before_it_and_until_the_next(top: Node, leaf: Node, responder: Node) -> None:
    raw = answer(top, leaf, responder)
    assert state(top, leaf, raw, at=AT + DAY) is RevocationState.GOOD
    assert state(top, leaf, raw, at=AT + DAY + HOUR) == "unknown"
    assert state(top, leaf, answer(top, leaf, responder, next_update=None), at=AT + 2 * HOUR) == "unknown"
    ended = top.issue("短期", not_after=AT + HOUR)
    late = {"this_update": AT + DAY, "next_update": AT + 2 * DAY}
    assert state(top, ended, answer(top, ended, responder, **late)) == "unknown"
    assert state(top, ended, answer(top, ended, responder, **late, keeps_since=AT)) is RevocationState.GOOD


def test_an_answer_about_another_certificate_tells_nothing(top: Node, leaf: Node, responder: Node) -> None:
    assert state(top, leaf, answer(top, top.issue("别人"), responder)) == "unknown"
    # the same serial number of another issuer
    namesake = root("另一个根")
    assert state(top, leaf, answer(namesake, leaf, responder)) == "unknown"


def _not_for_answering(top: Node) -> Node:
    return top.issue("签名者")


def _self_made(top: Node) -> Node:
    return root("响应", extended=(oids.OCSP_SIGNING,), usage=Usage.DIGITAL_SIGNATURE)


def _of_a_namesake(top: Node) -> Node:
    return root().issue("响应", extended=(oids.OCSP_SIGNING,), no_check=True)


def _of_a_lower_authority(top: Node) -> Node:
    return top.authority("中级").issue("响应", extended=(oids.OCSP_SIGNING,), no_check=True)


def _ended(top: Node) -> Node:
    return top.issue("响应", extended=(oids.OCSP_SIGNING,), no_check=True, not_after=AT)


def _may_not_sign(top: Node) -> Node:
    return top.issue("响应", extended=(oids.OCSP_SIGNING,), no_check=True, usage=Usage.CRL_SIGN)


@pytest.mark.parametrize(
    "make", [_not_for_answering, _self_made, _of_a_namesake, _of_a_lower_authority, _ended, _may_not_sign]
)
def test_nobody_else_may_answer(top: Node, leaf: Node, make: Callable[[Node], Node]) -> None:
    stranger = make(top)
    raw = answer(top, leaf, stranger)
    assert state(top, leaf, raw) == "unknown"
    with pytest.raises(StatusAnswerRefused):
        StatusAnswer.read(raw).signer(top.certificate)


def test_a_responder_that_may_be_asked_about_must_be_on_no_list(top: Node, leaf: Node) -> None:
    asked = top.issue("响应", usage=Usage.DIGITAL_SIGNATURE, extended=(oids.OCSP_SIGNING,))
    below = top.authority("中级")
    of_below = below.issue("响应", usage=Usage.DIGITAL_SIGNATURE, extended=(oids.OCSP_SIGNING,))
    under = below.issue("签名")
    raw = answer(top, leaf, asked)
    assert state(top, leaf, raw) == "unknown"
    # the list covers the responder at the time of its answer; the leaf is known by the answer alone
    long = {"this_update": AT + 2 * HOUR, "next_update": AT + 9 * DAY}
    later = answer(below, under, of_below, this_update=AT + 3 * HOUR, next_update=AT + 30 * DAY)
    anchors = [top.raw, below.raw]
    for revoked, good in (({}, True), ({of_below.certificate.serial: AT}, False)):
        # a list that has ended before the moment of use, so that the answer alone can tell of it
        lists = [top.revocation_list(next_update=AT + 40 * DAY), below.revocation_list(revoked, **long)]
        trust = Trust.of(anchors, lists, [later])
        if good:
            assert trust.check(under.certificate, AT + 20 * DAY).revocation[0].source is Source.ANSWER
        else:
            with pytest.raises(RevocationUnknown):
                trust.check(under.certificate, AT + 20 * DAY)


def test_a_revocation_in_any_source_counts(top: Node, leaf: Node, responder: Node) -> None:
    good, bad = answer(top, leaf, responder), top.revocation_list({leaf.certificate.serial: AT - DAY})
    with pytest.raises(CertificateRefused):
        Trust.of([top.raw], [bad], [good]).check(leaf.certificate, AT)


def test_failures_and_other_things_are_no_answers(top: Node, leaf: Node) -> None:
    for bad in (b"", b"\x30\x03\x0a\x01\x03", b"\x30\x03\x0a\x01\x00", top.raw, answer(top, leaf, top) + b"\0"):
        with pytest.raises(StatusAnswerRefused):
            StatusAnswer.read(bad)


def test_pyca_reads_our_requests(top: Node, leaf: Node) -> None:
    for digest, theirs in ((oids.SHA1, hashes.SHA1), (oids.SHA256, hashes.SHA256)):
        request = ocsp.load_der_ocsp_request(
            write_request(CertId.of(leaf.certificate, top.certificate, digest), nonce=b"0123456789")
        )
        assert request.serial_number == leaf.certificate.serial
        assert isinstance(request.hash_algorithm, theirs)
        assert request.extensions[0].value.nonce == b"0123456789"
    hashed = hashes.Hash(hashes.SHA256())
    hashed.update(top.certificate.point)
    assert request.issuer_key_hash == hashed.finalize()


def test_pyca_and_openssl_read_our_answers(top: Node, leaf: Node, responder: Node, tmp_path: Path) -> None:
    raw = answer(top, leaf, responder, revoked=Revoked(AT - DAY, Reason.SUPERSEDED))
    theirs, ours = ocsp.load_der_ocsp_response(raw), StatusAnswer.read(raw)
    assert theirs.tbs_response_bytes == ours.tbs
    assert theirs.signature == ours.signature
    assert theirs.serial_number == leaf.certificate.serial
    assert theirs.certificate_status is ocsp.OCSPCertStatus.REVOKED
    assert theirs.revocation_time_utc == AT - DAY
    assert theirs.revocation_reason is ReasonFlags.superseded
    assert theirs.next_update_utc == AT + DAY
    for changes, status in (({}, ocsp.OCSPCertStatus.GOOD), ({"unknown": True}, ocsp.OCSPCertStatus.UNKNOWN)):
        found = ocsp.load_der_ocsp_response(answer(top, leaf, responder, **changes))
        assert found.certificate_status is status
    file = tmp_path / "answer.der"
    file.write_bytes(raw)
    # The command's own check knows no SM2 user ID; -noverify has it read only.
    asked = ["openssl", "ocsp", "-respin", str(file), "-resp_text", "-noverify"]
    shown = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
    assert "Cert Status: revoked" in shown
    assert "superseded" in shown
    assert f"{leaf.certificate.serial:X}" in shown


def test_the_signature_on_an_answer_is_one_openssl_accepts(
    top: Node, leaf: Node, responder: Node, tmp_path: Path
) -> None:
    found = StatusAnswer.read(answer(top, leaf, responder))
    key, signed, signature = tmp_path / "key.pem", tmp_path / "signed", tmp_path / "signature"
    certificate = tmp_path / "c.der"
    certificate.write_bytes(responder.raw)
    asked = ["openssl", "x509", "-inform", "DER", "-in", str(certificate), "-noout", "-pubkey"]
    key.write_bytes(subprocess.run(asked, capture_output=True, check=True).stdout)
    signed.write_bytes(found.tbs)
    signature.write_bytes(found.signature)
    verify = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", str(key), "-rawin", "-in", str(signed), "-digest",
              "sm3", "-sigfile", str(signature), "-pkeyopt", "distid:1234567812345678"]  # fmt: skip
    assert subprocess.run(verify, capture_output=True, check=False).returncode == 0
    signed.write_bytes(found.tbs[:-1] + bytes([found.tbs[-1] ^ 1]))
    assert subprocess.run(verify, capture_output=True, check=False).returncode != 0


@pytest.fixture(scope="module")
def case(top: Node, leaf: Node, responder: Node) -> tuple[Node, Node, bytes]:
    return top, leaf, answer(top, leaf, responder, keeps_since=AT)


@given(place=st.integers(0, 10_000), bit=st.integers(0, 7), cut=st.booleans())
@settings(max_examples=300, deadline=None)
def test_a_changed_answer_gives_typed_errors_and_no_other_answer(
    case: tuple[Node, Node, bytes], place: int, bit: int, cut: bool
) -> None:
    top, leaf, raw = case
    changed = bytearray(raw)
    changed[place % len(raw)] ^= 1 << bit
    if cut:
        del changed[place % len(raw) :]
    try:
        told = Trust.of([top.raw], answers=[bytes(changed)]).check(leaf.certificate, AT)
    except HubError:
        return
    # outside what is signed nothing can change what is said
    assert told.revocation[0].state is RevocationState.GOOD
    assert StatusAnswer.read(bytes(changed)).tbs == StatusAnswer.read(raw).tbs


@given(data=st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_anything_else_gives_typed_errors(data: bytes) -> None:
    for body in (data, der.sequence(data), der.sequence(b"\x0a\x01\x00", der.wrap(0xA0, data))):
        with pytest.raises(StatusAnswerRefused):
            StatusAnswer.read(body)
