"""Our tokens before other eyes: the `openssl` command and pyHanko; and the messages around them."""

from __future__ import annotations

import hashlib
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import cms, tsp
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.sign.validation.generic_cms import validate_tst_signed_data
from pyhanko_certvalidator import ValidationContext

from core.clock import FixedClock
from core.digest import sm3
from core.errors import HubError
from signing import oids
from signing.certificates import Usage, as_pem
from signing.ec_key import EcFileKey
from signing.errors import CertificateRefused, DerRefused, SignatureInvalid, SignedDataRefused, TimestampUnavailable
from signing.file_key import FileKey
from signing.timestamp import Token
from signing.timestamp_checking import check_token
from signing.timestamp_making import LocalAuthority, issuer_and_serial, make_token, new_serial
from signing.timestamp_messages import TimestampRequest, granted, refused, token_of

AT = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
DIGEST = hashlib.sha256(b"stamped").digest()


def _pair(
    name: str, *, by: tuple[Any, x509.Certificate] | None = None, kind: str = "ec", extended: bool = True
) -> tuple[Any, x509.Certificate]:
    key = (
        ec.generate_private_key(ec.SECP256R1())
        if kind == "ec"
        else rsa.generate_private_key(public_exponent=65537, key_size=2048)
    )
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if by is None else by[1].subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(AT - timedelta(days=400))
        .not_valid_after(AT + timedelta(days=3000))
        .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
    )
    if by is not None:
        builder = builder.add_extension(
            x509.KeyUsage(True, False, False, False, False, False, False, False, False), critical=True
        )
        if extended:
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    return key, builder.sign(key if by is None else by[0], SHA256())


@pytest.fixture(scope="module")
def root() -> tuple[Any, x509.Certificate]:
    return _pair("Test TSA root")


@pytest.fixture(scope="module", params=["ec", "rsa"])
def signer(request: pytest.FixtureRequest, root: tuple[Any, x509.Certificate]) -> EcFileKey:
    key, certificate = _pair("Test TSA", by=root, kind=request.param)
    return EcFileKey(key, certificate.public_bytes(Encoding.DER))


@pytest.fixture(scope="module")
def sm2_tsa(authority: Any) -> FileKey:
    return authority.issue("测试时间戳", usage=Usage.DIGITAL_SIGNATURE, extended=(oids.TIME_STAMPING,))[1]


def _openssl_ts(folder: Path, token: bytes, root: x509.Certificate, digest: bytes, *query: str) -> str:
    (folder / "token").write_bytes(token)
    (folder / "root.pem").write_bytes(root.public_bytes(Encoding.PEM))
    done = subprocess.run(
        ["openssl", "ts", "-verify", "-in", "token", "-CAfile", "root.pem", *(query or ("-digest", digest.hex())),
         *(() if token[4:6] == b"\x30\x03" else ("-token_in",))],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout + done.stderr


def test_the_openssl_command_accepts_our_tokens(
    signer: EcFileKey, root: tuple[Any, x509.Certificate], tmp_path: Path
) -> None:
    token = make_token(signer, DIGEST, oids.SHA256, AT, new_serial(), nonce=5)
    assert "Verification: OK" in _openssl_ts(tmp_path, token, root[1], DIGEST)
    assert "Verification: FAILED" in _openssl_ts(tmp_path, token, root[1], hashlib.sha256(b"other").digest())


def test_the_openssl_command_and_we_understand_each_others_messages(
    signer: EcFileKey, root: tuple[Any, x509.Certificate], tmp_path: Path
) -> None:
    subprocess.run(
        ["openssl", "ts", "-query", "-digest", DIGEST.hex(), "-sha256", "-cert", "-tspolicy", "1.2.3.4.5", "-out", "q"],
        cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip
    request = TimestampRequest.read((tmp_path / "q").read_bytes())
    assert (request.imprint, request.hash_oid, request.policy) == (DIGEST, oids.SHA256, "1.2.3.4.5")
    assert request.nonce and request.wants_certificate
    token = make_token(signer, DIGEST, oids.SHA256, AT, 1, nonce=request.nonce, policy="1.2.3.4.5")
    (tmp_path / "answer").write_bytes(granted(token))
    assert "Verification: OK" in _openssl_ts(tmp_path, granted(token), root[1], DIGEST, "-queryfile", "q")
    other = make_token(signer, DIGEST, oids.SHA256, AT, 1, nonce=request.nonce + 1, policy="1.2.3.4.5")
    assert "nonce mismatch" in _openssl_ts(tmp_path, granted(other), root[1], DIGEST, "-queryfile", "q")
    ours = TimestampRequest(sm3(b"x"), oids.SM3, nonce=77)
    (tmp_path / "ours").write_bytes(ours.to_der())
    shown = subprocess.run(
        ["openssl", "ts", "-query", "-in", "ours", "-text"], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    assert "sm3" in shown.lower() and "0x4D" in shown and "Certificate required: yes" in shown


async def _pyhanko(token: bytes, root: x509.Certificate, digest: bytes) -> Any:
    from asn1crypto import x509 as asn1_x509

    context = ValidationContext(
        trust_roots=[asn1_x509.Certificate.load(root.public_bytes(Encoding.DER))],
        moment=AT + timedelta(days=1), allow_fetching=False,
    )  # fmt: skip
    return await validate_tst_signed_data(cms.ContentInfo.load(token)["content"], context, lambda _: digest)


@pytest.mark.parametrize("extra", [0, 1])
def test_pyhanko_accepts_our_tokens(signer: EcFileKey, root: tuple[Any, x509.Certificate], extra: int) -> None:
    import asyncio

    token = make_token(
        signer, DIGEST, oids.SHA256, AT, 9, extra_certificates=[root[1].public_bytes(Encoding.DER)] * extra
    )
    found = asyncio.run(_pyhanko(token, root[1], DIGEST))
    assert found["valid"] and found["intact"] and found["timestamp"] == AT
    assert found["trust_problem_indic"] is None


def test_a_sm2_token_is_what_the_verifier_of_seals_reads(sm2_tsa: FileKey, authority: Any) -> None:
    made = LocalAuthority(sm2_tsa, clock=FixedClock(AT))
    token = Token.check(made(b"signature value"), b"signature value")
    assert token.time == AT and token.signed.signer.raw == sm2_tsa.certificate == made.certificate
    assert Token.check(granted(made(b"x")), b"x").time == AT
    with pytest.raises(SignatureInvalid):
        Token.check(made(b"signature value"), b"another")
    again = make_token(sm2_tsa, sm3(b"x"), oids.SM3, AT, 4, nonce=6, extra_certificates=[authority.root])
    assert len(Token.check(again, b"x").signed.certificates) == 2


def test_the_openssl_command_verifies_a_sm2_tokens_signature(sm2_tsa: FileKey, tmp_path: Path) -> None:
    """`openssl ts` and `cms` of version 3 set no user ID, so the signature is checked with `pkeyutl`."""
    token = make_token(sm2_tsa, sm3(b"x"), oids.SM3, AT, 4)
    signed = cms.ContentInfo.load(token)["content"]
    signer = signed["signer_infos"][0]
    attributes = signer["signed_attrs"].untag().dump()
    (tmp_path / "cert.pem").write_bytes(as_pem(sm2_tsa.certificate))
    (tmp_path / "signature").write_bytes(signer["signature"].native)
    verify = [
        "openssl", "pkeyutl", "-verify", "-certin", "-inkey", "cert.pem", "-rawin", "-digest", "sm3",
        "-pkeyopt", "distid:1234567812345678", "-in", "signed", "-sigfile", "signature",
    ]  # fmt: skip
    for data, good in ((attributes, True), (attributes + b".", False)):
        (tmp_path / "signed").write_bytes(data)
        done = subprocess.run(verify, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert ("Verified Successfully" in done.stdout) is good
    assert attributes[:1] == b"\x31"


def test_a_token_binds_its_certificate(signer: EcFileKey, sm2_tsa: FileKey) -> None:
    for key, algorithm in ((signer, "sha256"), (sm2_tsa, "1.2.156.10197.1.401")):
        token = make_token(key, DIGEST, oids.SHA256, AT, 4)
        attributes = cms.ContentInfo.load(token)["content"]["signer_infos"][0]["signed_attrs"]
        (binding,) = (one for one in attributes if one["type"].native == "signing_certificate_v2")
        entry = tsp.SigningCertificateV2.load(binding["values"][0].dump())["certs"][0]
        digest = sm3(key.certificate) if key is sm2_tsa else hashlib.sha256(key.certificate).digest()
        assert entry["cert_hash"].native == digest
        assert entry["hash_algorithm"]["algorithm"].native == algorithm
        assert entry["issuer_serial"]["serial_number"].contents == issuer_and_serial(key.certificate)[1][2:]


def test_what_we_check_is_what_was_made(signer: EcFileKey, sm2_tsa: FileKey) -> None:
    for key in (signer, sm2_tsa):
        for imprint, oid in ((DIGEST, oids.SHA256), (sm3(b"x"), oids.SM3), (bytes(64), oids.SHA512)):
            found = check_token(make_token(key, imprint, oid, AT, 12, policy="1.2.156.1", nonce=3))
            assert (found.imprint, found.hash_oid, found.nonce, found.serial) == (imprint, oid, 3, 12)
            assert (found.time, found.policy, found.certificate) == (AT, "1.2.156.1", key.certificate)


def test_we_check_the_openssl_commands_own_tokens(root: tuple[Any, x509.Certificate], tmp_path: Path) -> None:
    """Version 3.0 of the command binds the certificate by SHA-1 unless told otherwise; both are read."""
    from cryptography.hazmat.primitives.serialization import NoEncryption, PrivateFormat

    key, certificate = _pair("openssl", by=root)
    (tmp_path / "cert.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (tmp_path / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (tmp_path / "serial").write_text("01\n")
    for binding in ("sha1", "sha256"):
        (tmp_path / "cnf").write_text(
            "[tsa]\nserial=serial\nsigner_digest=sha256\ndefault_policy=1.2.3.4.1\ndigests=sha256\n"
            f"accuracy=secs:1\nordering=yes\ntsa_name=yes\ness_cert_id_alg={binding}\n"
        )
        TimestampRequest(DIGEST, oids.SHA256, nonce=8).to_der()
        (tmp_path / "q").write_bytes(TimestampRequest(DIGEST, oids.SHA256, nonce=8).to_der())
        subprocess.run(
            ["openssl", "ts", "-reply", "-queryfile", "q", "-config", "cnf", "-section", "tsa", "-signer", "cert.pem",
             "-inkey", "key.pem", "-out", "answer"],
            cwd=tmp_path, check=True, capture_output=True,
        )  # fmt: skip
        found = check_token(token_of((tmp_path / "answer").read_bytes()))
        assert (found.imprint, found.nonce, found.certificate) == (DIGEST, 8, certificate.public_bytes(Encoding.DER))


def test_a_certificate_that_is_not_for_timestamps_stamps_nothing(
    root: tuple[Any, x509.Certificate], world: Any
) -> None:
    key, certificate = _pair("other", by=root, extended=False)
    for other in (EcFileKey(key, certificate.public_bytes(Encoding.DER)), world.signer):
        with pytest.raises(CertificateRefused, match="not one for timestamps"):
            check_token(make_token(other, DIGEST, oids.SHA256, AT, 4))


@settings(max_examples=400)
@given(data=st.data())
def test_any_changed_byte_is_refused_or_says_the_same(data: st.DataObject) -> None:
    """Beyond the signed bytes stand names of algorithms and lengths; whatever passes still says what was signed."""
    tokens = _samples()
    token = bytearray(data.draw(st.sampled_from(tokens)))
    place = data.draw(st.integers(0, len(token) - 1))
    good = check_token(bytes(token))
    token[place] ^= data.draw(st.integers(1, 255))
    try:
        found = check_token(bytes(token))
    except (DerRefused, SignedDataRefused, SignatureInvalid, CertificateRefused):
        return
    assert replace(found, certificate=b"") == replace(good, certificate=b"")


_TOKENS: list[bytes] = []


def _samples() -> list[bytes]:
    if not _TOKENS:
        key, certificate = _pair("TSA", by=_pair("root"))
        signer = EcFileKey(key, certificate.public_bytes(Encoding.DER))
        _TOKENS.append(make_token(signer, DIGEST, oids.SHA256, AT, 4, nonce=1))
    return _TOKENS


@given(st.binary(max_size=200))
def test_garbage_is_no_request_no_answer_and_no_token(raw: bytes) -> None:
    for read in (TimestampRequest.read, token_of, check_token):
        with pytest.raises(HubError):
            read(raw)


def test_a_refusal_is_read_as_one(tmp_path: Path) -> None:
    for bit, said in ((0, "unrecognized or unsupported algorithm"), (25, "cannot be handled due to system failure")):
        (tmp_path / "answer").write_bytes(refused("no", bit))
        shown = subprocess.run(
            ["openssl", "ts", "-reply", "-in", "answer", "-text"],
            cwd=tmp_path, capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        assert "Rejected" in shown and said in shown
        with pytest.raises(TimestampUnavailable, match="status 2"):
            token_of(refused("no", bit))


def test_an_imprint_of_the_wrong_length_is_not_asked_for() -> None:
    for imprint, oid in ((b"x", oids.SM3), (bytes(32), oids.SHA512), (bytes(20), "1.3.14.3.2.26")):
        with pytest.raises(ValueError, match="no digest of"):
            TimestampRequest(imprint, oid).to_der()


def test_serial_numbers_do_not_meet_again() -> None:
    assert len({new_serial() for _ in range(1000)}) == 1000
