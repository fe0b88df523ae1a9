"""SM2 against the standard's example, against the `openssl` command, under threads and over time."""

from __future__ import annotations

import resource
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing import sm2
from signing.errors import KeyRefused, LibcryptoMissing, SignatureInvalid
from signing.sm2 import PrivateKey, PublicKey, message_digest
from signing.sm2.keys import SPKI_PREFIX

ORDER = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123


@pytest.fixture(scope="module")
def key() -> PrivateKey:
    return PrivateKey.generate()


def _openssl(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)


def _openssl_verifies(folder: Path, point: bytes, message: bytes, signature: bytes, user_id: str) -> bool:
    spki, text, mark = folder / "k.der", folder / "m", folder / "s"
    spki.write_bytes(SPKI_PREFIX + point)
    text.write_bytes(message)
    mark.write_bytes(signature)
    found = _openssl(
        "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", str(spki), "-rawin", "-digest", "sm3",
        "-pkeyopt", f"distid:{user_id}", "-in", str(text), "-sigfile", str(mark),
    )  # fmt: skip
    return "Verified Successfully" in found.stdout


def test_the_example_of_the_standard_is_what_the_openssl_command_accepts_too(tmp_path: Path) -> None:
    assert _openssl_verifies(tmp_path, sm2._POINT, sm2._MESSAGE, sm2._SIGNATURE, "1234567812345678")
    assert not _openssl_verifies(tmp_path, sm2._POINT, sm2._MESSAGE, sm2._SIGNATURE, "1234567812345679")
    assert message_digest(sm2._POINT, sm2._MESSAGE) == sm2._DIGEST
    PublicKey.from_point(sm2._POINT).verify(sm2._MESSAGE, sm2._SIGNATURE)


@pytest.mark.parametrize("way", ["message", "digest"])
def test_the_openssl_command_verifies_what_we_sign(key: PrivateKey, tmp_path: Path, way: str) -> None:
    message = "一证通办".encode() * 100
    signature = key.sign(message) if way == "message" else key.sign_digest(message_digest(key.point, message))
    assert _openssl_verifies(tmp_path, key.point, message, signature, "1234567812345678")
    assert not _openssl_verifies(tmp_path, key.point, message + b".", signature, "1234567812345678")


def test_we_verify_what_the_openssl_command_signs(tmp_path: Path) -> None:
    pem, public, text, mark = (tmp_path / name for name in ("k.pem", "p.der", "m", "s"))
    text.write_bytes(b"abc")
    _openssl("ecparam", "-genkey", "-name", "SM2", "-noout", "-out", str(pem))
    _openssl("pkey", "-in", str(pem), "-pubout", "-outform", "DER", "-out", str(public))
    _openssl(
        "pkeyutl", "-sign", "-inkey", str(pem), "-rawin", "-digest", "sm3", "-pkeyopt", "distid:someone",
        "-in", str(text), "-out", str(mark),
    )  # fmt: skip
    found = PublicKey.from_point(public.read_bytes()[len(SPKI_PREFIX) :])
    found.verify(b"abc", mark.read_bytes(), user_id=b"someone")
    with pytest.raises(SignatureInvalid):
        found.verify(b"abc", mark.read_bytes())


def test_keys_go_out_and_come_back_encrypted_only(key: PrivateKey, tmp_path: Path) -> None:
    for data, form in ((key.encrypted_pem(b"geheim"), "PEM"), (key.encrypted_der(b"geheim"), "DER")):
        assert PrivateKey.load(data, b"geheim").point == key.point
        file = tmp_path / form
        file.write_bytes(data)
        assert (
            "BEGIN PUBLIC KEY"
            in _openssl("pkey", "-inform", form, "-in", str(file), "-passin", "pass:geheim", "-pubout").stdout
        )
        for wrong in (b"falsch", b"", b"ge\0heim"):
            with pytest.raises(KeyRefused) as caught:
                PrivateKey.load(data, wrong)
            assert "geheim" not in str(caught.value)
    assert b"ENCRYPTED" in key.encrypted_pem(b"x")
    with pytest.raises(KeyRefused):
        key.encrypted_pem(b"")


def test_an_unencrypted_key_or_one_of_another_kind_is_refused(tmp_path: Path) -> None:
    plain, other = tmp_path / "a.pem", tmp_path / "b.pem"
    _openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:SM2", "-out", str(plain))
    _openssl(
        "genpkey",
        "-algorithm",
        "EC",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-aes256",
        "-pass",
        "pass:x",
        "-out",
        str(other),
    )
    for file in (plain, other):
        assert file.stat().st_size
        with pytest.raises(KeyRefused):
            PrivateKey.load(file.read_bytes(), b"x")


@pytest.mark.parametrize("point", [b"", b"\x00", b"\x04" + bytes(64), b"\x04" + b"\x01" * 64, b"\x02" + b"\x01" * 32])
def test_a_point_off_the_curve_is_no_key(point: bytes) -> None:
    with pytest.raises(KeyRefused):
        PublicKey.from_point(point)


def _der(r: int, s: int) -> bytes:
    def integer(value: int) -> bytes:
        raw = value.to_bytes(max(1, value.bit_length() // 8 + 1), "big")
        return b"\x02" + bytes([len(raw)]) + raw

    body = integer(r) + integer(s)
    return b"\x30" + bytes([len(body)]) + body


def test_values_out_of_range_and_other_forms_are_refused(key: PrivateKey) -> None:
    good = key.sign(b"abc")
    public = key.public()
    cut = good[4 : 4 + good[3]]
    r, s = int.from_bytes(cut, "big"), int.from_bytes(good[6 + good[3] :], "big")
    assert _der(r, s) == good
    public.verify(b"abc", good)
    for bad in (
        b"", good[:-1], good + b"\0", _der(0, s), _der(r, 0), _der(ORDER, s), _der(r, ORDER), _der(r + ORDER, s),
        _der(r, ORDER - s), _der(s, r), cut + b"", b"\x30\x80" + good[2:] + b"\0\0",
        b"\x30\x81" + good[1:], good[:2] + b"\x02" + bytes([good[3] + 1]) + b"\0" + good[4:],
    ):  # fmt: skip
        with pytest.raises(SignatureInvalid):
            public.verify(b"abc", bad)


@given(message=st.binary(max_size=200), place=st.integers(0, 1000), bit=st.integers(0, 7))
def test_one_changed_bit_in_message_or_signature_is_always_caught(message: bytes, place: int, bit: int) -> None:
    key = _shared()
    signature = key.sign(message)
    key.public().verify(message, signature)
    changed = bytearray(signature)
    changed[place % len(changed)] ^= 1 << bit
    with pytest.raises(SignatureInvalid):
        key.public().verify(message, bytes(changed))
    other = bytearray(message + b"x")
    other[place % len(other)] ^= 1 << bit
    with pytest.raises(SignatureInvalid):
        key.public().verify(bytes(other), signature)


_KEYS: list[PrivateKey] = []


def _shared() -> PrivateKey:
    if not _KEYS:
        _KEYS.append(PrivateKey.generate())
    return _KEYS[0]


def test_a_signature_is_never_made_twice(key: PrivateKey) -> None:
    assert len({key.sign(b"abc") for _ in range(200)}) == 200


def test_many_threads_sign_and_verify_with_one_key(key: PrivateKey) -> None:
    public = key.public()

    def work(number: int) -> bool:
        message = number.to_bytes(4, "big")
        signature = key.sign(message) if number % 2 else key.sign_digest(message_digest(key.point, message))
        public.verify(message, signature)
        with pytest.raises(SignatureInvalid):
            public.verify(message + b"x", signature)
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(800)))


@pytest.mark.slow
def test_memory_stays_flat_over_many_calls(key: PrivateKey) -> None:
    """The leak this guards against was 2 KB a call: 40,000 calls of it would be 80 MB."""
    public, signature = key.public(), key.sign(b"abc")
    pem = key.encrypted_pem(b"x")

    def round_(count: int) -> None:
        for number in range(count):
            if number % 4 == 0:
                key.sign(b"abc")
            public.verify(b"abc", signature)
            with pytest.raises(SignatureInvalid):
                public.verify(b"abd", signature)
            if number % 50 == 0:
                PublicKey._open(sm2.tested_library(), key.point)
                with pytest.raises(KeyRefused):
                    PublicKey._open(sm2.tested_library(), b"\x04" + bytes(64))
            if number % 500 == 0:
                PrivateKey.load(pem, b"x").encrypted_der(b"y")

    round_(1000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    round_(12_000)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 8_000


def test_a_library_that_is_not_there_says_what_to_do() -> None:
    code = (
        "from signing.sm2 import PrivateKey\nfrom signing.errors import LibcryptoMissing\n"
        "try:\n    PrivateKey.generate()\nexcept LibcryptoMissing as error:\n    print(error)\n"
    )
    for name, expected in (("libnosuch.so", "libssl3"), ("libm.so.6", "lacks")):
        found = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"HUB_LIBCRYPTO": name, "PYTHONPATH": "."},
        )
        assert "HUB-301" in found.stdout
        assert expected in found.stdout


def test_a_library_that_computes_something_else_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    sm2.tested_library.cache_clear()
    monkeypatch.setattr(sm2, "_MESSAGE", b"another message")
    with pytest.raises(LibcryptoMissing):
        sm2.tested_library()
    monkeypatch.undo()
    sm2.tested_library.cache_clear()
    sm2.tested_library()


def test_a_key_shows_nothing_of_itself(key: PrivateKey) -> None:
    assert len(repr(key)) < 40
