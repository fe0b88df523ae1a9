"""Digital envelopes: opened by the receiver and nobody else, and refused at the slightest change."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import tracemalloc
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from core.digest import sm3_hex
from signing.beside import written_beside
from signing.certificates import Usage
from signing.envelope import open_with, peek, seal_to
from signing.envelope_header import Suite
from signing.errors import CertificateFault, CertificateRefused, EnvelopeFault, EnvelopeNotWritten, EnvelopeRefused
from signing.file_decrypter import EcFileDecrypter, Sm2FileDecrypter
from signing.port import Decrypter
from tests.signing.conftest import SEALED_AT, Authority

CHUNK = 1024
ENCRYPTS = Usage.KEY_ENCIPHERMENT | Usage.DATA_ENCIPHERMENT | Usage.KEY_AGREEMENT


def _sm2(authority: Authority, usage: Usage = ENCRYPTS) -> Sm2FileDecrypter:
    key, named = authority.issue("测试档案迁移加密", usage=usage)
    return Sm2FileDecrypter(key, named.certificate)


def _other(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, *, usage: str = "") -> EcFileDecrypter:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "测试")])
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
             "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")  # fmt: skip
    builder = (
        x509.CertificateBuilder(name, name, key.public_key(), 7)
        .not_valid_before(SEALED_AT - timedelta(days=1))
        .not_valid_after(SEALED_AT + timedelta(days=1))
    )
    if usage:
        wish = x509.KeyUsage(**{one: one == usage for one in names})
        builder = builder.add_extension(wish, critical=True)
    return EcFileDecrypter(key, builder.sign(key, SHA256()).public_bytes(Encoding.DER))


@pytest.fixture(scope="module")
def keys(authority: Authority) -> dict[Suite, Decrypter]:
    """A receiver of each kind."""
    return {
        Suite.SM: _sm2(authority),
        Suite.RSA: _other(rsa.generate_private_key(65537, 2048), usage="key_encipherment"),
        Suite.P256: _other(ec.generate_private_key(ec.SECP256R1()), usage="key_agreement"),
    }


def _seal(key: Decrypter, folder: Path, plain: bytes, transfer: str = "T-1") -> Path:
    (folder / "plain").write_bytes(plain)
    seal_to(key.certificate, folder / "plain", folder / "sealed", transfer=transfer, at=SEALED_AT, chunk=CHUNK)
    return folder / "sealed"


@pytest.mark.parametrize("suite", Suite)
@pytest.mark.parametrize("length", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_the_receiver_gets_what_was_sealed(
    keys: dict[Suite, Decrypter], tmp_path: Path, suite: Suite, length: int
) -> None:
    plain = os.urandom(length)
    sealed = _seal(keys[suite], tmp_path, plain)
    assert peek(sealed).suite is suite
    got = open_with(keys[suite], sealed, tmp_path / "opened")
    assert (tmp_path / "opened").read_bytes() == plain
    assert (got.size, got.sm3, got.header.transfer, got.header.at) == (length, sm3_hex(plain), "T-1", SEALED_AT)
    assert plain not in sealed.read_bytes() or length < 3


@pytest.mark.parametrize("suite", Suite)
@settings(max_examples=60)
@given(place=st.integers(0, 1 << 20), bit=st.integers(0, 7))
def test_one_changed_bit_anywhere_is_refused_and_leaves_no_file(
    keys: dict[Suite, Decrypter], tmp_path_factory: pytest.TempPathFactory, suite: Suite, place: int, bit: int
) -> None:
    folder = tmp_path_factory.getbasetemp()
    made = bytearray(_seal(keys[suite], folder, b"x" * 2500).read_bytes())
    made[place % len(made)] ^= 1 << bit
    _refused(keys[suite], folder, bytes(made))


def _refused(key: Decrypter, folder: Path, made: bytes) -> EnvelopeRefused:
    changed, out = folder / "changed", folder / "out" / "opened"
    changed.write_bytes(made)
    with pytest.raises(EnvelopeRefused) as caught:
        open_with(key, changed, out)
    assert not out.parent.exists() or list(out.parent.iterdir()) == []
    return caught.value


@pytest.mark.parametrize("suite", Suite)
def test_chunks_cannot_be_dropped_moved_repeated_cut_or_taken_from_another(
    keys: dict[Suite, Decrypter], tmp_path: Path, suite: Suite
) -> None:
    whole = _seal(keys[suite], tmp_path, b"a" * CHUNK * 4).read_bytes()
    other = _seal(keys[suite], tmp_path, b"b" * CHUNK * 4).read_bytes()
    sealed_chunk = CHUNK + 16
    head, first, second, third, fourth = _cut(whole, sealed_chunk)
    theirs = _cut(other, sealed_chunk)
    assert head + first + second + third + fourth == whole
    for made in (
        head + first + third + second + fourth,
        head + first + first + third + fourth,
        head + first + second + theirs[3] + fourth,
        head + first + second + third + theirs[4],
        theirs[0] + first + second + third + fourth,
        head + first + second + fourth,
        head + first + second + third,
        whole[:-1],
        whole + b"\0",
        whole + fourth,
        head,
        whole[:40],
        b"",
    ):
        _refused(keys[suite], tmp_path, made)


def _cut(sealed: bytes, length: int) -> list[bytes]:
    """Head and the four chunks."""
    start = len(sealed) - 4 * length
    return [sealed[:start], *(sealed[at : at + length] for at in range(start, len(sealed), length))]


def test_a_head_that_promises_less_does_not_shorten_the_file(keys: dict[Suite, Decrypter], tmp_path: Path) -> None:
    whole = _seal(keys[Suite.SM], tmp_path, b"a" * CHUNK * 2).read_bytes()
    shorter = whole.replace(b'"size":2048', b'"size":1024')[: -CHUNK - 16]
    assert shorter != whole[: -CHUNK - 16]
    assert _refused(keys[Suite.SM], tmp_path, shorter).fault is EnvelopeFault.ALTERED


def test_an_envelope_for_another_is_told_apart_from_an_altered_one(
    authority: Authority, keys: dict[Suite, Decrypter], tmp_path: Path
) -> None:
    sealed = _seal(keys[Suite.SM], tmp_path, b"x").read_bytes()
    for key in (_sm2(authority), keys[Suite.RSA]):
        assert _refused(key, tmp_path, sealed).fault is EnvelopeFault.RECEIVER
    assert _refused(keys[Suite.SM], tmp_path, b"PK\x03\x04" + sealed).fault is EnvelopeFault.FORM


def test_the_same_file_sealed_twice_shares_nothing_but_the_head(keys: dict[Suite, Decrypter], tmp_path: Path) -> None:
    one, two = (_seal(keys[Suite.SM], tmp_path, b"x" * 100).read_bytes() for _ in range(2))
    assert one[-116:] != two[-116:]


@pytest.mark.parametrize(
    ("days", "usage", "fault"),
    [
        (-60, ENCRYPTS, CertificateFault.NOT_YET_VALID),
        (400, ENCRYPTS, CertificateFault.EXPIRED),
        (0, Usage.DIGITAL_SIGNATURE | Usage.NON_REPUDIATION, CertificateFault.USAGE),
    ],
)
def test_nothing_is_sealed_to_a_certificate_that_is_not_for_it(
    authority: Authority, tmp_path: Path, days: int, usage: Usage, fault: CertificateFault
) -> None:
    (tmp_path / "plain").write_bytes(b"x")
    whose = _sm2(authority, usage).certificate
    with pytest.raises(CertificateRefused) as caught:
        seal_to(whose, tmp_path / "plain", tmp_path / "s", transfer="T", at=SEALED_AT + timedelta(days=days))
    assert caught.value.fault is fault
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize("key", ["rsa1024", "p384", "signs"])
def test_weak_foreign_and_signing_keys_are_not_sealed_to(tmp_path: Path, key: str) -> None:
    (tmp_path / "plain").write_bytes(b"x")
    made = {
        "rsa1024": lambda: _other(rsa.generate_private_key(65537, 1024)),
        "p384": lambda: _other(ec.generate_private_key(ec.SECP384R1())),
        "signs": lambda: _other(ec.generate_private_key(ec.SECP256R1()), usage="digital_signature"),
    }[key]()
    with pytest.raises(CertificateRefused):
        seal_to(made.certificate, tmp_path / "plain", tmp_path / "s", transfer="T", at=SEALED_AT)


def test_a_large_file_is_sealed_and_opened_in_constant_memory(keys: dict[Suite, Decrypter], tmp_path: Path) -> None:
    with (tmp_path / "plain").open("wb") as file:
        file.truncate(24 << 20)
    tracemalloc.start()
    seal_to(keys[Suite.RSA].certificate, tmp_path / "plain", tmp_path / "s", transfer="T", at=SEALED_AT)
    open_with(keys[Suite.RSA], tmp_path / "s", tmp_path / "opened")
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (tmp_path / "opened").stat().st_size == 24 << 20
    assert most < 8 << 20


_KILLED = """
import os, signal, sys
from pathlib import Path
from signing.beside import written_beside
with written_beside(Path(sys.argv[1]), 0o600) as out:
    out.write(b"half of it")
    out.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_process_killed_while_writing_leaves_nothing_at_the_place_and_is_no_hindrance(tmp_path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", _KILLED, str(tmp_path / "f")], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert not (tmp_path / "f").exists()
    with written_beside(tmp_path / "f", 0o600) as out:
        out.write(b"all")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("f", b"all")]


def test_two_at_once_do_not_write_into_one_file(tmp_path: Path, keys: dict[Suite, Decrypter]) -> None:
    sealed = _seal(keys[Suite.SM], tmp_path, b"x")
    with written_beside(tmp_path / "f", 0o600) as out:
        out.write(b"mine")
        with pytest.raises(EnvelopeNotWritten):
            open_with(keys[Suite.SM], sealed, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == b"mine"


def test_sm4_gcm_is_that_of_rfc_8998() -> None:
    # RFC 8998, appendix A.1
    key, nonce = bytes.fromhex("0123456789abcdeffedcba9876543210"), bytes.fromhex("00001234567800000000abcd")
    plain = b"".join(bytes((value,)) * 8 for value in b"\xaa\xbb\xcc\xdd\xee\xff\xee\xaa")
    cipher = Cipher(algorithms.SM4(key), modes.GCM(nonce)).encryptor()
    cipher.authenticate_additional_data(bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2"))
    assert (cipher.update(plain) + cipher.finalize()).hex() == (
        "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
        "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"
    )
    assert cipher.tag.hex() == "83de3541e4c2b58177e065a9bf7b62ec"


def _openssl(*arguments: str, data: bytes = b"") -> bytes:
    return subprocess.run(["openssl", *arguments], input=data, capture_output=True, check=True).stdout


def test_the_openssl_command_alone_opens_an_sm_envelope(authority: Authority, tmp_path: Path) -> None:
    """What docs/transfer.md says of the form is enough: another program, other code for SM2, SM3, SM4 and HKDF."""
    key, named = authority.issue("测试", usage=ENCRYPTS)
    plain = os.urandom(CHUNK + 77)
    sealed = _seal(Sm2FileDecrypter(key, named.certificate), tmp_path, plain).read_bytes()
    (tmp_path / "key.pem").write_bytes(key.encrypted_pem(b"geheim"))

    length = int.from_bytes(sealed[8:12], "big")
    head, tag, body = sealed[: 12 + length], sealed[12 + length : 44 + length], sealed[44 + length :]
    wrapped = base64.b64decode(json.loads(head[12:])["wrapped"])
    opened = ("pkeyutl", "-decrypt", "-inkey", str(tmp_path / "key.pem"), "-passin", "pass:geheim")
    secret = _openssl(*opened, data=wrapped)
    salt = _openssl("dgst", "-sm3", "-binary", data=head).hex()
    made = _openssl("kdf", "-keylen", "48", "-binary", "-kdfopt", "digest:SM3", "-kdfopt", f"hexkey:{secret.hex()}",
                    "-kdfopt", f"hexsalt:{salt}", "-kdfopt", "info:yizheng envelope 1", "HKDF")  # fmt: skip
    (tmp_path / "head").write_bytes(head)
    checked = ("mac", "-binary", "-digest", "SM3", "-macopt", f"hexkey:{made[:32].hex()}")
    assert _openssl(*checked, "-in", str(tmp_path / "head"), "HMAC") == tag
    got = b""
    for number, last in ((0, 0), (1, 1)):
        chunk = body[number * (CHUNK + 16) : (number + 1) * (CHUNK + 16)]
        counter = number.to_bytes(11, "big").hex() + f"{last:02x}" + "00000002"
        got += _openssl("enc", "-d", "-sm4-ctr", "-K", made[32:].hex(), "-iv", counter, data=chunk[:-16])
    assert got == plain
