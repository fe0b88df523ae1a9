"""Revocation lists: what they cover, from when an entry counts, and that nothing unknown passes for good."""

from __future__ import annotations

import subprocess
from datetime import datetime
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import HubError
from signing.certificate_making import ListScope
from signing.certificates import Certificate, Usage
from signing.errors import (
    CertificateFault,
    CertificateRefused,
    RevocationListRefused,
    RevocationUnknown,
)
from signing.revocation.known import Reason, RevocationState, Revoked, Source
from signing.revocation.lists import RevocationList
from signing.trust import Trust
from tests.signing.hierarchy import AT, DAY, Node, root

GOOD, LATER = RevocationState.GOOD, RevocationState.REVOKED_LATER


@pytest.fixture(scope="module")
def top() -> Node:
    return root()


@pytest.fixture(scope="module")
def leaf(top: Node) -> Node:
    return top.issue("签名")


def state(top: Node, leaf: Node, *lists: bytes, at: datetime = AT) -> RevocationState | str:
    """What is known of the leaf; "revoked" or "unknown" when it cannot be relied on."""
    try:
        return Trust.of([top.raw], lists).check(leaf.certificate, at).revocation[0].state
    except CertificateRefused as error:
        assert error.fault is CertificateFault.REVOKED
        return "revoked"
    except RevocationUnknown:
        return "unknown"


def test_without_lists_nobody_was_asked(top: Node, leaf: Node) -> None:
    chain = Trust.of([top.raw]).check(leaf.certificate, AT)
    assert [one.state for one in chain.revocation] == [RevocationState.NOT_ASKED]
    assert not chain.asked


def test_a_revocation_counts_from_its_date_and_what_came_before_goes_on(top: Node, leaf: Node) -> None:
    serial = leaf.certificate.serial
    assert state(top, leaf, top.revocation_list({serial: AT - DAY})) == "revoked"
    assert state(top, leaf, top.revocation_list({serial: AT})) == "revoked"
    chain = Trust.of([top.raw], [top.revocation_list({serial: AT + DAY})]).check(leaf.certificate, AT)
    told = chain.revocation[0]
    assert (told.state, told.source, told.revoked) == (LATER, Source.LIST, Revoked(AT + DAY))
    assert chain.asked


def test_a_key_in_doubt_counts_from_the_day_it_is_in_doubt(top: Node, leaf: Node) -> None:
    serial = leaf.certificate.serial

    def told(reason: Reason) -> bytes:
        return top.revocation_list({serial: Revoked(AT + DAY, reason, invalid_from=AT - DAY)})

    assert state(top, leaf, told(Reason.KEY_COMPROMISE)) == "revoked"
    assert state(top, leaf, told(Reason.CA_COMPROMISE)) == "revoked"
    # any other reason says nothing about who had the key
    assert state(top, leaf, told(Reason.SUPERSEDED)) is LATER
    assert state(top, leaf, told(Reason.UNSPECIFIED)) is LATER
    assert state(top, leaf, told(Reason.KEY_COMPROMISE), at=AT - 2 * DAY) is LATER


def test_a_list_covers_the_time_before_it_and_until_the_next(top: Node, leaf: Node) -> None:
    one = top.revocation_list()
    assert state(top, leaf, one) is GOOD
    assert state(top, leaf, one, at=AT + 40 * DAY) is GOOD
    assert state(top, leaf, one, at=AT + 41 * DAY) == "unknown"
    endless = top.revocation_list(next_update=None)
    assert state(top, leaf, endless) is GOOD
    assert state(top, leaf, endless, at=AT + 11 * DAY) == "unknown"


def test_a_list_from_after_the_certificates_end_may_have_forgotten_it(top: Node) -> None:
    ended = top.issue("短期", not_after=AT + 5 * DAY)
    late = {"this_update": AT + 6 * DAY, "next_update": AT + 90 * DAY}
    assert state(top, ended, top.revocation_list(**late)) == "unknown"
    assert state(top, ended, top.revocation_list(**late, keeps_since=AT - 900 * DAY)) is GOOD
    assert state(top, ended, top.revocation_list(**late, keeps_since=AT + 6 * DAY)) == "unknown"
    # what it does list it still knows
    assert state(top, ended, top.revocation_list({ended.certificate.serial: AT - DAY}, **late)) == "revoked"
    # and an older list that was kept tells of its own time
    kept = top.revocation_list(this_update=AT - DAY, next_update=AT + DAY)
    assert state(top, ended, kept, top.revocation_list(**late)) is GOOD


def test_on_hold_is_revoked_until_a_newer_list_has_let_it_go(top: Node, leaf: Node) -> None:
    serial = leaf.certificate.serial
    held = top.revocation_list(
        {serial: Revoked(AT - 5 * DAY, Reason.CERTIFICATE_HOLD)}, this_update=AT - 4 * DAY, next_update=AT + DAY
    )
    newer = top.revocation_list(this_update=AT - 2 * DAY, next_update=AT + 9 * DAY, number=2)
    assert state(top, leaf, held) == "revoked"
    assert state(top, leaf, held, newer) is GOOD
    assert state(top, leaf, held, newer, at=AT - 3 * DAY) == "revoked"


def test_an_entry_that_takes_off_the_list_tells_nothing_in_a_complete_list(top: Node, leaf: Node) -> None:
    serial = leaf.certificate.serial
    assert state(top, leaf, top.revocation_list({serial: Revoked(AT, Reason.REMOVE_FROM_LIST)})) == "unknown"


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (ListScope(), GOOD),
        (ListScope(users_only=True), GOOD),
        (ListScope(authorities_only=True), "unknown"),
        (ListScope(some_reasons_only=True), "unknown"),
        (ListScope(addresses=("http://crl.example/1.crl",)), GOOD),
        (ListScope(addresses=("http://crl.example/2.crl",)), "unknown"),
    ],
)
def test_a_partial_list_is_good_for_its_part_only(top: Node, scope: ListScope, expected: object) -> None:
    leaf = top.issue("签名", list_urls=("http://crl.example/1.crl",))
    assert state(top, leaf, top.revocation_list(scope=scope)) == expected
    # what it lists is revoked in any case
    assert state(top, leaf, top.revocation_list({leaf.certificate.serial: AT}, scope=scope)) == "revoked"


def test_lists_that_are_no_complete_ones_are_refused_when_they_are_read(top: Node) -> None:
    with pytest.raises(RevocationListRefused):
        RevocationList.read(top.revocation_list(scope=ListScope(indirect=True)))
    for bad in (b"", b"x", top.raw, top.revocation_list() + b"\0"):
        with pytest.raises(RevocationListRefused):
            RevocationList.read(bad)


def test_every_authority_in_the_chain_must_be_covered(top: Node) -> None:
    between = top.authority("中级")
    leaf = between.issue("签名")
    trust = [top.raw, between.raw]
    both = [top.revocation_list(), between.revocation_list()]
    assert [one.state for one in Trust.of(trust, both).check(leaf.certificate, AT).revocation] == [GOOD, GOOD]
    for one in both:
        with pytest.raises(RevocationUnknown):
            Trust.of(trust, [one]).check(leaf.certificate, AT)
    gone = top.revocation_list({between.certificate.serial: AT - DAY})
    with pytest.raises(CertificateRefused, match=f"{between.certificate.serial:x}"):
        Trust.of(trust, [gone, both[1]]).check(leaf.certificate, AT)
    # revoked is told before unknown
    with pytest.raises(CertificateRefused):
        Trust.of(trust, [gone]).check(leaf.certificate, AT)


def test_a_list_of_another_key_or_of_one_who_may_not_sign_lists_is_no_list(top: Node, leaf: Node) -> None:
    namesake = root()
    assert namesake.certificate.subject == top.certificate.subject
    assert state(top, leaf, namesake.revocation_list()) == "unknown"
    assert state(top, leaf, namesake.revocation_list({leaf.certificate.serial: AT})) == "unknown"
    mute = top.authority("只签证书", usage=Usage.KEY_CERT_SIGN)
    below = mute.issue("签名")
    trust = Trust.of([mute.raw], [mute.revocation_list({below.certificate.serial: AT})])
    with pytest.raises(RevocationUnknown):
        trust.check(below.certificate, AT)


def test_other_implementations_read_the_same_from_our_lists(top: Node, tmp_path: Path) -> None:
    entries = {
        7: AT,
        8: Revoked(AT, Reason.KEY_COMPROMISE, AT - DAY),
        1 << 125: Revoked(AT, Reason.CESSATION_OF_OPERATION),
    }
    raw = top.revocation_list(entries, scope=ListScope(users_only=True, addresses=("http://crl.example/1.crl",)))
    theirs, ours = x509.load_der_x509_crl(raw), RevocationList.read(raw)
    assert theirs.tbs_certlist_bytes == ours.tbs
    assert theirs.next_update_utc == ours.next_update
    assert {one.serial_number: one.revocation_date_utc for one in theirs} == {
        serial: one.at for serial, one in ours.revoked.items() if one is not None
    }
    known = theirs.get_revoked_certificate_by_serial_number(8)
    assert known is not None
    assert known.extensions.get_extension_for_class(x509.CRLReason).value.reason is x509.ReasonFlags.key_compromise
    assert known.extensions.get_extension_for_class(x509.InvalidityDate).value.invalidity_date_utc == AT - DAY
    scope = theirs.extensions.get_extension_for_class(x509.IssuingDistributionPoint)
    assert scope.critical
    assert scope.value.only_contains_user_certs
    assert scope.value.full_name is not None
    assert scope.value.full_name[0].value == "http://crl.example/1.crl"
    file = tmp_path / "list.der"
    file.write_bytes(raw)
    asked = ["openssl", "crl", "-inform", "DER", "-in", str(file), "-noout", "-text"]
    shown = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    assert "Key Compromise" in shown
    assert "Only User Certificates" in shown


def test_a_long_list_is_read_in_time(top: Node) -> None:
    raw = top.revocation_list({serial: Revoked(AT, Reason.SUPERSEDED) for serial in range(1, 20_001)})
    found = RevocationList.read(raw)
    assert len(found.revoked) == 20_000
    assert found.revoked[19_999] == Revoked(AT, Reason.SUPERSEDED)


@given(place=st.integers(0, 10_000), bit=st.integers(0, 7), cut=st.booleans())
@settings(max_examples=300, deadline=None)
def test_a_changed_list_or_certificate_gives_typed_errors_and_is_never_good(
    top_and_leaf: tuple[Node, Node, bytes], place: int, bit: int, cut: bool
) -> None:
    top, leaf, raw = top_and_leaf
    for original in (raw, leaf.raw):
        changed = bytearray(original)
        changed[place % len(original)] ^= 1 << bit
        if cut:
            del changed[place % len(original) :]
        try:
            if original is raw:
                Trust.of([top.raw], [bytes(changed)]).check(leaf.certificate, AT)
            else:
                Trust.of([top.raw], [raw]).check(Certificate.read(bytes(changed)), AT)
        except HubError:
            continue
        raise AssertionError(f"bit {bit} of byte {place % len(original)} counts for nothing")


@pytest.fixture(scope="module")
def top_and_leaf(top: Node) -> tuple[Node, Node, bytes]:
    leaf = top.issue("签名", list_urls=("http://crl.example/1.crl",), ocsp_urls=("http://ocsp.example",))
    scope = ListScope(users_only=True, addresses=("http://crl.example/1.crl",))
    return top, leaf, top.revocation_list({9: Revoked(AT, Reason.KEY_COMPROMISE, AT - DAY)}, scope=scope)
