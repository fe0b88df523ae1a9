"""A signer whose key lies in a PKCS#11 token: USB key, card, or hardware module with a vendor's library.

RSA and ECDSA use the standard's mechanisms. PKCS#11 has none for SM2: the vendor's manual gives a number, which is
configuration here, and no real SM2 device was at hand to try it with. Whatever the mechanism, the first signature
is checked with the certificate before the key is used.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256

from core.digest import sm3
from core.errors import HubError
from signing import der
from signing.certificates import Certificate, read_many
from signing.ec_key import certificate_der
from signing.errors import KeyRefused, SignatureInvalid, SignerUnavailable
from signing.port import Algorithm
from signing.token_library import open_library, refusals, vendor_mechanism

if TYPE_CHECKING:
    import pkcs11

_T = TypeVar("_T")
#: DigestInfo of a SHA-256 digest up to the digest itself (RFC 8017, 9.2): CKM_RSA_PKCS signs it as it is.
_DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
_COORDINATE = 32
_PROBE = sm3(b"a token's first signature, checked before it is used")
#: Modules and tokens whose PIN was refused in this process, with the SM3 of the PIN: not tried a second time.
_REFUSED_PINS: set[tuple[str, str, bytes]] = set()


@dataclass(frozen=True, slots=True)
class TokenPlace:
    """Where a key lies.

    Args:
        module: the vendor's PKCS#11 library (.so).
        token: the token's label.
        pin_file: holds the user PIN, which is its content without line ends at its end.
        key_label, key_id: one of them, or both, name the private key (and the certificate beside it).
        sm2_mechanism: the vendor's number for SM2 over a 32-byte digest; for SM2 keys only.
    """

    module: Path
    token: str
    pin_file: Path
    key_label: str | None = None
    key_id: bytes | None = field(default=None, repr=False)
    sm2_mechanism: int | None = None

    @property
    def name(self) -> str:
        """For messages: which key of which token."""
        return f"key {self.key_label or (self.key_id or b'').hex()!r} of token {self.token!r}"


class TokenKey:
    """One session with a token, kept open; safe from any thread, one signature at a time.

    After an error of the token the session is opened anew once. A refused PIN is never sent again.
    """

    def __init__(self, place: TokenPlace, algorithm: Algorithm, certificate: bytes | None = None) -> None:
        """Opens the session and has the token sign once, which is checked.

        Args:
            certificate: PEM or DER; None takes the one that lies in the token under the key's label or id.

        Raises:
            TokenLibraryMissing: python-pkcs11 or the vendor's library is not there.
            SignerUnavailable: the token is absent or does not answer.
            KeyRefused: the PIN is wrong or locked, the key or certificate is absent, or they are no pair.
            CertificateRefused: the certificate cannot be read.
        """
        if algorithm is Algorithm.SM2_SM3 and place.sm2_mechanism is None:
            raise KeyRefused(f"{place.name}: PKCS#11 has no SM2 mechanism; configure the vendor's number.")
        if place.key_label is None and place.key_id is None:
            raise KeyRefused(f"token {place.token!r}: neither label nor id names the key; configure one.")
        open_library(place.module)
        self._place = place
        self._algorithm = algorithm
        self._pin = _read_pin(place)
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._session: pkcs11.Session | None = None
        # the package's types do not say that a private key may sign
        self._key: Any = None
        try:
            if certificate is None:
                with self._lock:
                    self._certificate = self._guarded(self._stored_certificate)
            else:
                self._certificate = _read(certificate, algorithm)
            _check_pair(place, algorithm, self._certificate, self.sign_digest(_PROBE))
        except HubError:
            self.close()
            raise

    def __repr__(self) -> str:
        return f"TokenKey({self._place.name}, {self._algorithm.value})"

    @property
    def algorithm(self) -> Algorithm:
        """What the key is for."""
        return self._algorithm

    @property
    def certificate(self) -> bytes:
        """The key's certificate, DER."""
        return self._certificate

    def sign_digest(self, digest: bytes) -> bytes:
        """See `Signer.sign_digest`.

        Raises:
            SignerUnavailable: the token is gone or does not answer, also not in a new session.
            KeyRefused: the token refuses; or this is another process than the one that opened it.
        """
        if len(digest) != _COORDINATE:
            raise ValueError(f"a token signs a digest of {_COORDINATE} bytes, not {len(digest)}")
        if os.getpid() != self._process:
            raise KeyRefused(f"{self._place.name} was opened in another process; a forked process opens its own.")
        with self._lock:
            return self._guarded(lambda: self._sign(digest), again=True)

    def close(self) -> None:
        """End the session; the next signature opens a new one. Other keys of this token open theirs anew too."""
        with self._lock:
            self._drop()

    def _guarded(self, work: Callable[[], _T], *, again: bool = False) -> _T:
        """What `work` gives; its errors sorted into "later" and "never so". `again`: once more, in a new session."""
        import pkcs11

        try:
            return work()
        except refusals() as error:
            if isinstance(error, pkcs11.PinIncorrect | pkcs11.PinInvalid | pkcs11.PinLenRange):
                _REFUSED_PINS.add(self._pin_mark())
            self._drop()
            raise KeyRefused(
                f"{self._place.name}: the token refuses ({type(error).__name__}); nothing was signed. "
                "Check PIN file, label and mechanism. It was not tried again, because tokens lock."
            ) from None
        except pkcs11.PKCS11Error as error:
            self._drop()
            if again:
                return self._guarded(work)
            raise SignerUnavailable(
                f"{self._place.name} is absent or does not answer ({type(error).__name__}); nothing was signed. "
                "Put the token back and try again."
            ) from None

    def _open(self) -> Any:
        """The key, in the open session or in a new one."""
        import pkcs11

        if self._key is not None:
            return self._key
        place = self._place
        if self._pin_mark() in _REFUSED_PINS:
            raise KeyRefused(f"{place.name}: this PIN was refused before; change the PIN file and start again.")
        token = open_library(place.module).get_token(token_label=place.token)
        if token.flags & (pkcs11.TokenFlag.USER_PIN_FINAL_TRY | pkcs11.TokenFlag.USER_PIN_LOCKED):
            raise KeyRefused(
                f"{place.name}: the token allows one more PIN or none; it was not spent. Unlock the token by hand."
            )
        try:
            self._session = token.open(user_pin=self._pin)
        except pkcs11.UserAlreadyLoggedIn:
            # another key of this token is open in this process: a login is the process's, not the session's
            self._session = token.open()
        key: Any = self._session.get_key(
            object_class=pkcs11.ObjectClass.PRIVATE_KEY, label=place.key_label, id=place.key_id
        )
        # vendors give their SM2 keys a type of their own
        due = {Algorithm.RSA_SHA256: pkcs11.KeyType.RSA, Algorithm.ECDSA_SHA256: pkcs11.KeyType.EC}
        if key.key_type != due.get(self._algorithm, key.key_type):
            raise KeyRefused(f"{place.name} is of another kind than {self._algorithm.value}; nothing was signed.")
        self._key = key
        return key

    def _sign(self, digest: bytes) -> bytes:
        import pkcs11

        key = self._open()
        if self._algorithm is Algorithm.RSA_SHA256:
            return bytes(key.sign(_DIGEST_INFO + digest, mechanism=pkcs11.Mechanism.RSA_PKCS))
        number = self._place.sm2_mechanism
        sm2 = self._algorithm is Algorithm.SM2_SM3 and number is not None
        made = bytes(key.sign(digest, mechanism=vendor_mechanism(number or 0) if sm2 else pkcs11.Mechanism.ECDSA))
        # PKCS#11 gives r and s side by side; some vendors give the DER that is wanted here.
        if len(made) != 2 * _COORDINATE:
            return made
        numbers = (int.from_bytes(half, "big") for half in (made[:_COORDINATE], made[_COORDINATE:]))
        return der.sequence(*map(der.integer, numbers))

    def _stored_certificate(self) -> bytes:
        import pkcs11

        self._open()
        wanted: dict[pkcs11.Attribute, object] = {pkcs11.Attribute.CLASS: pkcs11.ObjectClass.CERTIFICATE}
        if self._place.key_label is not None:
            wanted[pkcs11.Attribute.LABEL] = self._place.key_label
        if self._place.key_id is not None:
            wanted[pkcs11.Attribute.ID] = self._place.key_id
        assert self._session is not None  # noqa: S101 -- `_open` made it
        found = [bytes(one[pkcs11.Attribute.VALUE]) for one in self._session.get_objects(wanted)]
        if len(found) != 1:
            raise KeyRefused(
                f"{self._place.name}: {len(found)} certificates lie beside it, one is due; name a certificate file."
            )
        return _read(found[0], self._algorithm)

    def _drop(self) -> None:
        import pkcs11

        session, self._session, self._key = self._session, None, None
        if session is not None:
            # a session whose token was pulled out cannot be closed, and need not be
            with contextlib.suppress(pkcs11.PKCS11Error):
                session.close()

    def _pin_mark(self) -> tuple[str, str, bytes]:
        return str(self._place.module), self._place.token, sm3(self._pin.encode())


def _read_pin(place: TokenPlace) -> str:
    try:
        pin = place.pin_file.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise KeyRefused(
            f"{place.pin_file} cannot be read ({reason}); nothing was signed. Restore the file or the right to read it."
        ) from None
    if not pin:
        raise KeyRefused(f"{place.pin_file} is empty; an empty PIN was not sent to the token.")
    return pin


def _read(certificate: bytes, algorithm: Algorithm) -> bytes:
    return read_many(certificate)[0].raw if algorithm is Algorithm.SM2_SM3 else certificate_der(certificate)


def _check_pair(place: TokenPlace, algorithm: Algorithm, certificate: bytes, signature: bytes) -> None:
    """Raise KeyRefused unless `signature` over the probe verifies with the certificate."""
    try:
        if algorithm is Algorithm.SM2_SM3:
            Certificate.read(certificate).key.verify_digest(_PROBE, signature)
            return
        key = x509.load_der_x509_certificate(certificate).public_key()
        if algorithm is Algorithm.ECDSA_SHA256 and isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, _PROBE, ec.ECDSA(Prehashed(SHA256())))
            return
        if algorithm is Algorithm.RSA_SHA256 and isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, _PROBE, padding.PKCS1v15(), Prehashed(SHA256()))
            return
    except (SignatureInvalid, InvalidSignature, UnsupportedAlgorithm, ValueError):
        pass
    raise KeyRefused(
        f"{place.name}: what the token signs does not verify with the certificate as {algorithm.value}. "
        "The certificate is another key's, or the mechanism is not the right one; the key is not used."
    )
