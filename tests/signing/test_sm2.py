"""SM2 against the standard's example, against the `openssl` command, under threads and over time."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.digest import sm3_hex
from signing import sm2
from signing.errors import KeyRefused, LibcryptoMissing, SignatureInvalid
from signing.sm2 import PrivateKey, PublicKey, message_digest
from signing.sm2.keys import SPKI_PREFIX

REPOSITORY = Path(__file__).resolve().parents[2]
VECTORS = Path(__file__).with_name("vectors")
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


def test_public_keys_go_out_and_come_back_as_the_openssl_command_writes_them(key: PrivateKey, tmp_path: Path) -> None:
    public = key.public()
    for form, ours in (("PEM", public.pem()), ("DER", public.der())):
        file, again = tmp_path / form, tmp_path / f"{form}.out"
        file.write_bytes(ours)
        _openssl("pkey", "-pubin", "-inform", form, "-in", str(file), "-pubout", "-outform", form, "-out", str(again))
        assert again.read_bytes() == ours
        assert PublicKey.load(ours).point == key.point
    assert PublicKey.load(b"some words before\r\n" + public.pem().replace(b"\n", b"\r\n")).point == key.point


def test_what_is_no_sm2_public_key_is_refused(key: PrivateKey, tmp_path: Path) -> None:
    other = tmp_path / "p256.pem"
    _openssl("ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", str(tmp_path / "k"))
    _openssl("ec", "-in", str(tmp_path / "k"), "-pubout", "-out", str(other))
    pem, der = key.public().pem(), key.public().der()
    assert b"PUBLIC KEY" in other.read_bytes()
    for bad in (
        b"", b"0", der[:-1], der + b"\0", der[:-1] + bytes([der[-1] ^ 1]), pem.replace(b"A", b"", 1), pem[:60],
        other.read_bytes(), key.encrypted_pem(b"x"),
    ):  # fmt: skip
        with pytest.raises(KeyRefused):
            PublicKey.load(bad)


def test_a_private_key_with_another_keys_public_part_is_refused(tmp_path: Path) -> None:
    made = []
    for name in ("a", "b"):
        file = tmp_path / name
        _openssl(
            "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:SM2", "-outform", "DER", "-out", str(file)
        )
        made.append(file.read_bytes())
    # the public part comes last in the file
    for name, plain in (("good", made[0]), ("mixed", made[0][:-65] + made[1][-65:])):
        (tmp_path / "plain").write_bytes(plain)
        _openssl(
            "pkcs8", "-topk8", "-inform", "DER", "-in", str(tmp_path / "plain"), "-passout", "pass:x", "-v2",
            "aes-256-cbc", "-out", str(tmp_path / name),
        )  # fmt: skip
    assert PrivateKey.load((tmp_path / "good").read_bytes(), b"x").point == made[0][-65:]
    with pytest.raises(KeyRefused, match="no pair"):
        PrivateKey.load((tmp_path / "mixed").read_bytes(), b"x")


def test_the_message_and_its_digest_are_two_ways_to_one_signature(key: PrivateKey) -> None:
    public, digest = key.public(), message_digest(key.point, b"abc", b"someone")
    public.verify_digest(digest, key.sign(b"abc", user_id=b"someone"))
    public.verify(b"abc", key.sign_digest(digest), user_id=b"someone")
    with pytest.raises(SignatureInvalid):
        public.verify_digest(digest, key.sign(b"abc"))
    for wrong in (b"", digest[:-1], digest + b"\0"):
        with pytest.raises(ValueError, match="32 bytes"):
            public.verify_digest(wrong, key.sign(b"abc"))
        with pytest.raises(ValueError, match="32 bytes"):
            key.sign_digest(wrong)
    for user_id in (b"", b"x" * 8192):
        with pytest.raises(ValueError, match="user ID"):
            key.sign(b"abc", user_id=user_id)


def test_the_two_examples_of_the_sm3_standard(tmp_path: Path) -> None:
    """GB/T 32905 (GM/T 0004), examples 1 and 2; the `openssl` command is asked too."""
    for message, digest in (
        (b"abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
        (b"abcd" * 16, "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"),
    ):
        assert sm3_hex(message) == digest
        (tmp_path / "m").write_bytes(message)
        assert digest in _openssl("dgst", "-sm3", str(tmp_path / "m")).stdout


def _vectors() -> list[tuple[str, str, bytes, bytes, bytes]]:
    lines = [line.split() for line in (VECTORS / "hmac_sm3.txt").read_text().splitlines() if not line.startswith("#")]
    return [
        (number, result, bytes.fromhex(key), b"" if message == "-" else bytes.fromhex(message), bytes.fromhex(tag))
        for number, result, key, message, tag in lines
    ]


@pytest.mark.parametrize(("number", "result", "key", "message", "tag"), _vectors())
def test_the_keyed_hash_of_the_store_is_wycheproofs(
    number: str, result: str, key: bytes, message: bytes, tag: bytes
) -> None:
    from store.hashes import Hashes

    assert (Hashes(key).fingerprint(message) == tag) is (result == "valid"), number


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


def test_memory_stays_flat_over_many_calls() -> None:
    """A context that is not given back costs some 200 bytes, a key some 2 KB: 6,000 mixed calls of either would show.

    In a process of its own, where nothing else takes memory; `python -m benchmarks.sm2 --leak` makes more calls.
    """
    code = (
        "from benchmarks.sm2 import mixed, resident_kb\n"
        "mixed(3000)\nbefore = resident_kb()\nmixed(6000)\nprint(resident_kb() - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPOSITORY)
    assert int(done.stdout) < 400, "KB more after 6,000 calls"


def test_other_threads_run_while_the_library_works() -> None:
    """A `PyDLL` would hold the interpreter's lock during every call."""
    assert not isinstance(sm2.tested_library(), ctypes.PyDLL)


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
