"""Detached signatures over files that lie beside them."""

from __future__ import annotations

import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from signing.certificates import as_pem
from signing.detached import sign_detached, verify_detached
from signing.errors import (
    CertificateFault,
    CertificateRefused,
    DerRefused,
    SignatureInvalid,
    SignedDataRefused,
    TrustUnknown,
)
from signing.signed_data import SignedData
from signing.trust import Trust

DATA = "清单\n".encode() * 50
REFUSALS = (SignatureInvalid, DerRefused, SignedDataRefused, CertificateRefused)


@pytest.fixture(scope="module")
def trust(world):
    return Trust.of([world.root])


def test_who_signed_and_when_comes_back(world, trust, sealed_at) -> None:
    found = verify_detached(DATA, sign_detached(DATA, world.signer, sealed_at), trust)
    assert found.common_name == "42011200000001"
    assert found.organisation.startswith("11420112MB0000000M")
    assert found.signed_at == sealed_at


def test_other_data_is_refused(world, trust, sealed_at) -> None:
    signature = sign_detached(DATA, world.signer, sealed_at)
    for other in (b"", DATA[:-1], DATA + b"\n"):
        with pytest.raises(SignatureInvalid):
            verify_detached(other, signature, trust)


def test_every_byte_of_the_signature_counts(world, trust, sealed_at) -> None:
    signature = sign_detached(DATA, world.signer, sealed_at)
    for place in range(len(signature)):
        changed = bytearray(signature)
        changed[place] ^= 1 << place % 8
        with pytest.raises(REFUSALS):
            verify_detached(DATA, bytes(changed), trust)
    for wrong in (signature + b"\0", signature[:-1], b""):
        with pytest.raises(REFUSALS):
            verify_detached(DATA, wrong, trust)


def test_the_time_is_judged(world, trust, sealed_at) -> None:
    signature = sign_detached(DATA, world.signer, sealed_at)
    with pytest.raises(SignatureInvalid):
        verify_detached(DATA, signature, trust, sealed_at - timedelta(days=1))
    verify_detached(DATA, signature, trust, sealed_at + timedelta(days=5000))
    late = sign_detached(DATA, world.signer, sealed_at + timedelta(days=500))
    with pytest.raises(CertificateRefused) as caught:
        verify_detached(DATA, late, trust, sealed_at + timedelta(days=600))
    assert caught.value.fault is CertificateFault.EXPIRED


def test_without_trust_it_cannot_be_told(world, sealed_at) -> None:
    with pytest.raises(TrustUnknown):
        verify_detached(DATA, sign_detached(DATA, world.signer, sealed_at), Trust.of([]))


def test_the_openssl_command_verifies_the_signed_attributes(world, sealed_at, tmp_path: Path) -> None:
    """OpenSSL's cms command does not know the Chinese content types, so it is asked about the signature itself."""
    signed = SignedData.read(sign_detached(DATA, world.signer, sealed_at))
    assert signed.attributes_signed is not None
    for name, data in (
        ("c", as_pem(world.signer.certificate)),
        ("m", signed.attributes_signed),
        ("s", signed.signature),
    ):
        (tmp_path / name).write_bytes(data)
    key = subprocess.run(
        ["openssl", "x509", "-in", str(tmp_path / "c"), "-noout", "-pubkey"], capture_output=True, check=True
    ).stdout
    (tmp_path / "k").write_bytes(key)
    asked = ["openssl", "dgst", "-sm3", "-verify", str(tmp_path / "k"), "-sigopt", "distid:1234567812345678"]
    found = subprocess.run(
        [*asked, "-signature", str(tmp_path / "s"), str(tmp_path / "m")], capture_output=True, text=True, check=False
    )
    assert "Verified OK" in found.stdout
