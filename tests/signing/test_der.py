"""The DER reader takes one form only and answers anything else with one typed error."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing import der
from signing.certificates import Certificate
from signing.der import Tag
from signing.errors import CertificateRefused, DerRefused, RevocationListRefused, SealRefused, SignedDataRefused
from signing.revocation.lists import RevocationList
from signing.seal.parts import Seal, SealSignature
from signing.signed_data import SignedData


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\x30", b"\x30\x80\x00\x00", b"\x30\x81\x01\x05", b"\x04\x82\x00\x80" + bytes(128),
        b"\x04\x81\x7f" + bytes(127), b"\x04\x02a", b"\x04\x01ab", b"\x1f\x01a", b"\x04\x85\x00\x00\x00\x00\x01a",
        b"\x04\xff",
    ],
)  # fmt: skip
def test_what_is_not_der_is_refused(data: bytes) -> None:
    with pytest.raises(DerRefused):
        der.read(data, "it")


@pytest.mark.parametrize("content", [b"", b"\x00\x01", b"\x00\x7f", b"\xff\x80", b"\xff\xff"])
def test_integers_have_one_form(content: bytes) -> None:
    with pytest.raises(DerRefused):
        der.read(der.wrap(Tag.INTEGER, content), "it").integer("it")


@given(st.integers(-(2**300), 2**300))
def test_integers_come_back(value: int) -> None:
    assert der.read(der.integer(value), "it").integer("it") == value


@given(st.lists(st.integers(0, 2**40), max_size=8).map(lambda rest: ".".join(map(str, (1, 2, *rest)))))
def test_object_identifiers_come_back(dotted: str) -> None:
    assert der.read(der.oid(dotted), "it").oid("it") == dotted


@given(st.binary(max_size=70_000))
def test_octets_of_any_length_come_back(value: bytes) -> None:
    assert der.read(der.octets(value), "it").octets("it") == value


@given(st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)))  # noqa: DTZ001
def test_times_come_back_to_the_second(moment: datetime) -> None:
    moment = moment.replace(tzinfo=UTC, microsecond=0)
    if moment.year >= 1000:
        assert der.read(der.generalized_time(moment), "it").time("it") == moment


@pytest.mark.parametrize(
    "content", [b"20260231000000Z", b"20260101000000", b"20260101000000+0800", b"20260101000000.5Z", b"2026010100Z"]
)
def test_other_forms_of_time_are_refused(content: bytes) -> None:
    with pytest.raises(DerRefused):
        der.read(der.wrap(Tag.GENERALIZED_TIME, content), "it").time("it")


def test_booleans_have_two_values_only() -> None:
    with pytest.raises(DerRefused):
        der.read(b"\x01\x01\x01", "it").boolean("it")


_ELEMENTS = st.recursive(
    st.builds(
        lambda tag, body: der.wrap(tag, body),
        st.sampled_from([1, 2, 3, 4, 6, 12, 19, 22, 23, 24]),
        st.binary(max_size=40),
    ),
    lambda inner: st.builds(
        lambda tag, parts: der.wrap(tag, b"".join(parts)),
        st.sampled_from([0x30, 0x31, 0xA0, 0xA3]),
        st.lists(inner, max_size=6),
    ),
    max_leaves=30,
)
_READERS = (Seal.read, SealSignature.read, SignedData.read, Certificate.read, RevocationList.read)


@given(st.one_of(st.binary(max_size=400), _ELEMENTS))
def test_any_bytes_give_only_typed_errors(data: bytes) -> None:
    for reader in _READERS:
        with contextlib.suppress(DerRefused, SealRefused, SignedDataRefused, CertificateRefused, RevocationListRefused):
            reader(data)
