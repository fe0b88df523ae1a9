"""A key in a token, tried on SoftHSM 2: what it signs is verified by `cryptography`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import keys, pem
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from signing import token_key
from signing.certificates import as_pem
from signing.errors import KeyRefused, SignerUnavailable, TokenLibraryMissing
from signing.port import Algorithm
from signing.token_key import TokenKey, TokenPlace

MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so", "/usr/lib64/libsofthsm2.so")
MODULE = next((Path(one) for one in MODULES if Path(one).exists()), None)
REPOSITORY = Path(__file__).resolve().parents[2]
DIGEST = bytes(range(32))
PIN, TOKEN = "2468-pin", "hub test"
CKM_ECDSA = 0x1041

pytestmark = pytest.mark.skipif(
    MODULE is None or shutil.which("softhsm2-util") is None,
    reason="SoftHSM 2 is not installed (Debian: apt-get install softhsm2)",
)


def _certificate(key: Any, name: str) -> bytes:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=3650))
        .sign(key, SHA256())
    )
    return made.public_bytes(Encoding.DER)


class Device:
    """A token with an RSA and a P-256 key, made in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "tokens").mkdir()
        (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n")
        self.environment = os.environ | {"SOFTHSM2_CONF": str(folder / "softhsm2.conf"), "PYTHONPATH": str(REPOSITORY)}
        self.util("--init-token", "--free", "--label", TOKEN, "--so-pin", "13579-so", "--pin", PIN)
        self.pin_file = folder / "pin"
        self.pin_file.write_text(PIN + "\n")
        self.keys = {
            "rsa": rsa.generate_private_key(public_exponent=65537, key_size=2048),
            "ec": ec.generate_private_key(ec.SECP256R1()),
        }
        self.certificates = {name: _certificate(key, name) for name, key in self.keys.items()}
        for number, (name, key) in enumerate(self.keys.items(), 1):
            self.store(name, f"0{number}", key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    def util(self, *words: str) -> None:
        subprocess.run(["softhsm2-util", *words], env=self.environment, check=True, capture_output=True)

    def store(self, label: str, number: str, pem: bytes) -> None:
        (self.folder / "key.pem").write_bytes(pem)
        self.util("--import", str(self.folder / "key.pem"), "--token", TOKEN, "--label", label, "--id", number,
                  "--pin", PIN)  # fmt: skip

    def place(self, label: str | None, **changes: Any) -> TokenPlace:
        usual: dict[str, Any] = {"module": MODULE, "token": TOKEN, "pin_file": self.pin_file, "key_label": label}
        return TokenPlace(**(usual | changes))

    def pin(self, text: str) -> Path:
        path = self.folder / f"pin-{len(list(self.folder.iterdir()))}"
        path.write_text(text)
        return path


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Device]:
    pytest.importorskip("pkcs11", reason="python-pkcs11 is not installed")
    made = Device(tmp_path_factory.mktemp("softhsm"))
    before = os.environ.get("SOFTHSM2_CONF")
    # the library reads it when it is first loaded in this process
    os.environ["SOFTHSM2_CONF"] = made.environment["SOFTHSM2_CONF"]
    yield made
    if before is None:
        del os.environ["SOFTHSM2_CONF"]
    else:
        os.environ["SOFTHSM2_CONF"] = before


@pytest.fixture(autouse=True)
def _forget_refused_pins() -> Iterator[None]:
    yield
    token_key._REFUSED_PINS.clear()


@pytest.fixture
def opened(device: Device) -> Iterator[Any]:
    made: list[TokenKey] = []

    def open_(name: str, **changes: Any) -> TokenKey:
        algorithm = Algorithm.RSA_SHA256 if name == "rsa" else Algorithm.ECDSA_SHA256
        made.append(TokenKey(device.place(name, **changes), algorithm, device.certificates[name]))
        return made[-1]

    yield open_
    for one in made:
        one.close()


def _verify(certificate: bytes, digest: bytes, signature: bytes) -> None:
    key = x509.load_der_x509_certificate(certificate).public_key()
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, digest, padding.PKCS1v15(), Prehashed(SHA256()))
    else:
        assert isinstance(key, ec.EllipticCurvePublicKey)
        key.verify(signature, digest, ec.ECDSA(Prehashed(SHA256())))


@pytest.mark.parametrize("name", ["rsa", "ec"])
def test_what_the_token_signs_verifies_with_the_certificate(opened: Any, name: str) -> None:
    key = opened(name)
    for number in range(20):
        digest = bytes([number]) * 32
        _verify(key.certificate, digest, key.sign_digest(digest))
    with pytest.raises(InvalidSignature):
        _verify(key.certificate, DIGEST, key.sign_digest(digest))
    with pytest.raises(ValueError, match="32 bytes"):
        key.sign_digest(b"x")


def test_the_certificate_may_lie_in_the_token(device: Device, opened: Any) -> None:
    import pkcs11

    opened("ec")
    token = pkcs11.lib(str(MODULE)).get_token(token_label=TOKEN)
    wanted = {
        pkcs11.Attribute.CLASS: pkcs11.ObjectClass.CERTIFICATE,
        pkcs11.Attribute.CERTIFICATE_TYPE: pkcs11.CertificateType.X_509,
        pkcs11.Attribute.LABEL: "ec",
        pkcs11.Attribute.ID: b"\x02",
        pkcs11.Attribute.SUBJECT: b"0\0",
        pkcs11.Attribute.VALUE: device.certificates["ec"],
        pkcs11.Attribute.TOKEN: True,
    }
    session = token.open(rw=True)
    with pytest.raises(KeyRefused, match="0 certificates"):
        TokenKey(device.place("ec"), Algorithm.ECDSA_SHA256)
    opened("ec")
    stored = session.create_object(wanted)
    key = TokenKey(device.place(None, key_id=b"\x02"), Algorithm.ECDSA_SHA256)
    assert key.certificate == device.certificates["ec"]
    _verify(key.certificate, DIGEST, key.sign_digest(DIGEST))
    stored.destroy()
    session.close()


def test_many_threads_sign_with_one_token(opened: Any) -> None:
    key = opened("ec")
    with ThreadPoolExecutor(8) as pool:
        for digest, made in [(bytes([n]) * 32, pool.submit(key.sign_digest, bytes([n]) * 32)) for n in range(200)]:
            _verify(key.certificate, digest, made.result())


def test_two_keys_of_one_token_live_beside_each_other(opened: Any) -> None:
    one, other = opened("rsa"), opened("ec")
    for key in (one, other, one):
        _verify(key.certificate, DIGEST, key.sign_digest(DIGEST))
    # the first one's login was the whole process's; the other finds itself logged out and opens anew
    one.close()
    for key in (other, one):
        _verify(key.certificate, DIGEST, key.sign_digest(DIGEST))


def test_a_lost_session_is_opened_anew_once(opened: Any) -> None:
    key = opened("ec")
    key._session.close()
    _verify(key.certificate, DIGEST, key.sign_digest(DIGEST))


def test_a_token_that_is_not_there_is_worth_another_try(device: Device) -> None:
    with pytest.raises(SignerUnavailable, match="absent"):
        TokenKey(device.place("ec", token="another"), Algorithm.ECDSA_SHA256, device.certificates["ec"])


def test_a_token_taken_away_is_worth_another_try_and_signs_when_it_is_back(device: Device, tmp_path: Path) -> None:
    """In a process of its own: the library looks for tokens anew only when it starts."""
    code = f"""
import sys, shutil
from pathlib import Path
import pkcs11
from signing.errors import SignerUnavailable
from signing.port import Algorithm
from signing.token_key import TokenKey, TokenPlace
place = TokenPlace(Path({str(MODULE)!r}), {TOKEN!r}, Path({str(device.pin_file)!r}), key_label="ec")
key = TokenKey(place, Algorithm.ECDSA_SHA256, bytes.fromhex({device.certificates["ec"].hex()!r}))
library = pkcs11.lib({str(MODULE)!r})
tokens, away = Path({str(device.folder / "tokens")!r}), Path({str(tmp_path)!r}) / "t"
key.sign_digest(bytes(32))
shutil.copytree(tokens, away); [shutil.rmtree(one) for one in tokens.iterdir()]; library.reinitialize()
try:
    key.sign_digest(bytes(32))
except SignerUnavailable as error:
    print("gone:", error)
shutil.copytree(away, tokens, dirs_exist_ok=True); library.reinitialize()
print("back:", len(key.sign_digest(bytes(32))) > 64)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=device.environment, capture_output=True, text=True, check=False
    )
    assert "gone: HUB-304" in done.stdout and "back: True" in done.stdout, done.stderr


def test_a_wrong_pin_is_sent_once_and_never_shown(device: Device, caplog: pytest.LogCaptureFixture) -> None:
    import pkcs11

    place = device.place("ec", pin_file=device.pin("99998888"))
    for told in ("refuses", "refused before", "refused before"):
        with pytest.raises(KeyRefused, match=told) as caught:
            TokenKey(place, Algorithm.ECDSA_SHA256, device.certificates["ec"])
        assert "99998888" not in f"{caught.value} {caught.value.__context__} {caplog.text}"
    assert "99998888" not in repr(place)
    flags = pkcs11.lib(str(MODULE)).get_token(token_label=TOKEN).flags
    assert not flags & (pkcs11.TokenFlag.USER_PIN_LOCKED | pkcs11.TokenFlag.USER_PIN_FINAL_TRY)
    TokenKey(device.place("ec"), Algorithm.ECDSA_SHA256, device.certificates["ec"]).close()


def test_what_names_no_usable_key_is_refused(device: Device) -> None:
    certificate = device.certificates["ec"]
    for place, algorithm, told in (
        (device.place("nobody"), Algorithm.ECDSA_SHA256, "NoSuchKey"),
        (device.place(None), Algorithm.ECDSA_SHA256, "neither label nor id"),
        (device.place("ec"), Algorithm.SM2_SM3, "vendor's number"),
        (device.place("ec", pin_file=device.folder / "absent"), Algorithm.ECDSA_SHA256, "cannot be read"),
        (device.place("ec", pin_file=device.pin("\n")), Algorithm.ECDSA_SHA256, "is empty"),
        (device.place("rsa"), Algorithm.ECDSA_SHA256, "of another kind"),
        (device.place("ec"), Algorithm.RSA_SHA256, "of another kind"),
    ):
        with pytest.raises(KeyRefused, match=told):
            TokenKey(place, algorithm, certificate)


def test_another_keys_certificate_is_refused(device: Device) -> None:
    other = _certificate(ec.generate_private_key(ec.SECP256R1()), "other")
    with pytest.raises(KeyRefused, match="does not verify"):
        TokenKey(device.place("ec"), Algorithm.ECDSA_SHA256, other)


def test_a_mechanism_that_is_not_sm2_is_found_out_before_it_is_used(
    device: Device, authority: Any, tmp_path: Path
) -> None:
    """SoftHSM takes a key on the SM2 curve and signs ECDSA with it: the mistake a wrong vendor number makes."""
    import pkcs11

    key, signer = authority.issue("token")
    (tmp_path / "k").write_bytes(key.encrypted_pem(b"x"))
    plain = subprocess.run(
        ["openssl", "pkey", "-in", str(tmp_path / "k"), "-passin", "pass:x"], check=True, capture_output=True
    ).stdout
    private = keys.PrivateKeyInfo.load(pem.unarmor(plain)[2])
    session = pkcs11.lib(str(MODULE)).get_token(token_label=TOKEN).open(rw=True, user_pin=PIN)
    stored = session.create_object(
        {
            pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY,
            pkcs11.Attribute.KEY_TYPE: pkcs11.KeyType.EC,
            pkcs11.Attribute.LABEL: "sm2",
            pkcs11.Attribute.EC_PARAMS: private["private_key_algorithm"]["parameters"].dump(),
            pkcs11.Attribute.VALUE: private["private_key"].parsed["private_key"].contents,
            pkcs11.Attribute.SIGN: True,
            pkcs11.Attribute.TOKEN: True,
        }
    )
    place = device.place("sm2", sm2_mechanism=CKM_ECDSA)
    with pytest.raises(KeyRefused, match="does not verify with the certificate as sm2-sm3"):
        TokenKey(place, Algorithm.SM2_SM3, as_pem(signer.certificate))
    with pytest.raises(KeyRefused, match="MechanismInvalid"):
        TokenKey(device.place("sm2", sm2_mechanism=0x80000123), Algorithm.SM2_SM3, signer.certificate)
    stored.destroy()
    session.close()


def test_a_forked_process_does_not_use_the_parents_session(opened: Any) -> None:
    key = opened("ec")
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            key.sign_digest(DIGEST)
        except KeyRefused as error:
            os.write(writer, error.message.encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(writer)
    assert b"another process" in os.read(reader, 4096)
    os.close(reader)
    _verify(key.certificate, DIGEST, key.sign_digest(DIGEST))


def test_a_library_that_is_not_there_says_what_to_install(device: Device, tmp_path: Path) -> None:
    (tmp_path / "text.so").write_text("no library")
    for module, told in ((tmp_path / "absent.so", "is not there"), (tmp_path / "text.so", "cannot be loaded")):
        with pytest.raises(TokenLibraryMissing, match=told):
            TokenKey(device.place("ec", module=module), Algorithm.ECDSA_SHA256, device.certificates["ec"])


def test_without_the_package_everything_else_still_works() -> None:
    code = """
import sys
sys.modules["pkcs11"] = None
from pathlib import Path
from signing.errors import TokenLibraryMissing
from signing.port import Algorithm
from signing.token_key import TokenKey, TokenPlace
try:
    TokenKey(TokenPlace(Path("/m.so"), "t", Path("/pin"), "k"), Algorithm.RSA_SHA256)
except TokenLibraryMissing as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert "HUB-316" in done.stdout and "pip install python-pkcs11" in done.stdout
