"""SM2 encryption against the standard's example and against the `openssl` command."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import der
from signing.errors import CiphertextRefused
from signing.sm2 import PrivateKey
from signing.sm2.encryption import LONGEST, decrypt, encrypt

# GB/T 32918.5, appendix C (the example of encryption on the recommended curve).
_SECRET = "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8"
_POINT = (
    "04"
    "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
)
_C1 = (
    0x04EBFC718E8D1798620432268E77FEB6415E2EDE0E073C0F4F640ECD2E149A73,
    0xE858F9D81E5430A57B36DAAB8F950A3C64E6EE6A63094D99283AFF767E124DF0,
)
_C3 = "59983c18f809e262923c53aec295d30383b54e39d609d160afcb1908d0bd8766"
_C2 = "21886ca989ca9c7d58087307ca93092d651efa"


@pytest.fixture(scope="module")
def key() -> PrivateKey:
    return PrivateKey.generate()


def _openssl(*arguments: str, data: bytes) -> bytes:
    return subprocess.run(["openssl", *arguments], input=data, capture_output=True, check=True).stdout


def test_the_example_of_the_standard_is_decrypted(tmp_path: Path) -> None:
    version, curve = der.integer(1), der.oid("1.2.156.10197.1.301")
    private = der.sequence(version, der.octets(bytes.fromhex(_SECRET)), der.wrap(0xA0, curve),
                           der.wrap(0xA1, der.bits(bytes.fromhex(_POINT))))  # fmt: skip
    pem = _openssl("pkcs8", "-topk8", "-inform", "DER", "-passout", "pass:geheim", data=private)
    ciphertext = der.sequence(
        *map(der.integer, _C1), der.octets(bytes.fromhex(_C3)), der.octets(bytes.fromhex(_C2))
    )  # fmt: skip
    assert decrypt(PrivateKey.load(pem, b"geheim"), ciphertext) == b"encryption standard"


def test_the_openssl_command_and_we_read_each_other(key: PrivateKey, tmp_path: Path) -> None:
    private, public = tmp_path / "key.pem", tmp_path / "public.pem"
    private.write_bytes(key.encrypted_pem(b"geheim"))
    public.write_bytes(key.public().pem())
    for message in (b"k" * 32, b"\0", bytes(range(200))):
        theirs = _openssl("pkeyutl", "-encrypt", "-pubin", "-inkey", str(public), data=message)
        assert decrypt(key, theirs) == message
        ours = encrypt(key.public(), message)
        opened = _openssl("pkeyutl", "-decrypt", "-inkey", str(private), "-passin", "pass:geheim", data=ours)
        assert opened == message


def test_two_ciphertexts_of_one_message_differ(key: PrivateKey) -> None:
    assert encrypt(key.public(), b"x" * 32) != encrypt(key.public(), b"x" * 32)


@settings(max_examples=50)
@given(place=st.integers(0, 1 << 16), bit=st.integers(0, 7), message=st.binary(min_size=1, max_size=40))
def test_a_changed_ciphertext_is_refused(key: PrivateKey, place: int, bit: int, message: bytes) -> None:
    made = bytearray(encrypt(key.public(), message))
    made[place % len(made)] ^= 1 << bit
    with pytest.raises(CiphertextRefused):
        decrypt(key, bytes(made))


@pytest.mark.parametrize("made", [b"", b"\x30\x00", b"\x04" + b"x" * 96])
def test_what_is_no_ciphertext_is_refused(key: PrivateKey, made: bytes) -> None:
    with pytest.raises(CiphertextRefused):
        decrypt(key, made)


def test_another_key_and_bytes_behind_it_are_refused(key: PrivateKey) -> None:
    made = encrypt(key.public(), b"x" * 32)
    for whose, what in ((PrivateKey.generate(), made), (key, made + b"\0")):
        with pytest.raises(CiphertextRefused):
            decrypt(whose, what)


@pytest.mark.parametrize("length", [0, LONGEST + 1])
def test_nothing_and_too_much_are_not_encrypted(key: PrivateKey, length: int) -> None:
    with pytest.raises(ValueError, match="1 to 256"):
        encrypt(key.public(), b"x" * length)
