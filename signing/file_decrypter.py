"""A receiver's key in an encrypted PKCS#8 file, SM2, P-256 or RSA: for demo, development and hubs without a device."""

from __future__ import annotations

from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from signing.certificates import Certificate, read_many
from signing.ec_key import certificate_der, load_private, public_key_of
from signing.envelope_receiver import HPKE, OAEP, has_sm2_key
from signing.errors import CiphertextRefused, KeyRefused
from signing.key_files import read_key_files
from signing.port import Decrypter, Wrapping
from signing.sm2 import PrivateKey
from signing.sm2.encryption import decrypt

_NO_PAIR = "the certificate belongs to another key; nothing can be decrypted. Lay the right pair together."
_REFUSED = "a wrapped key is not for this private key, or was changed; nothing was decrypted."


class Sm2FileDecrypter:
    """One SM2 key, opened once and kept open; safe from any thread."""

    wrapping = Wrapping.SM2

    def __init__(self, key: PrivateKey, certificate: bytes) -> None:
        """Raises KeyRefused when the certificate (DER) is not this key's."""
        if Certificate.read(certificate).point != key.point:
            raise KeyRefused(_NO_PAIR)
        self._key = key
        self._certificate = certificate

    def __repr__(self) -> str:
        return f"Sm2FileDecrypter({self._key!r})"

    @property
    def certificate(self) -> bytes:
        """The key's certificate, DER."""
        return self._certificate

    def unwrap(self, wrapped: bytes) -> bytes:
        """See `Decrypter.unwrap`."""
        return decrypt(self._key, wrapped)


class EcFileDecrypter:
    """One P-256 or RSA key, opened once and kept open; safe from any thread."""

    def __init__(self, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, certificate: bytes) -> None:
        """Raises KeyRefused when the certificate (DER) is not this key's."""
        if public_key_of(certificate) != key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo):
            raise KeyRefused(_NO_PAIR)
        self._key = key
        self._certificate = certificate

    def __repr__(self) -> str:
        return f"EcFileDecrypter({self.wrapping.value})"

    @property
    def wrapping(self) -> Wrapping:
        """RSA-OAEP or HPKE, as the key is."""
        return Wrapping.RSA_OAEP_SHA256 if isinstance(self._key, rsa.RSAPrivateKey) else Wrapping.HPKE_P256

    @property
    def certificate(self) -> bytes:
        """The key's certificate, DER."""
        return self._certificate

    def unwrap(self, wrapped: bytes) -> bytes:
        """See `Decrypter.unwrap`."""
        try:
            if isinstance(self._key, rsa.RSAPrivateKey):
                return self._key.decrypt(wrapped, OAEP)
            return HPKE.decrypt(wrapped, self._key)
        except (ValueError, InvalidTag):
            raise CiphertextRefused(_REFUSED) from None


def open_decrypter(key_file: Path, certificate_file: Path, passphrase_file: Path) -> Decrypter:
    """From an encrypted PKCS#8 file (PEM or DER), a certificate (PEM or DER) and a file with the passphrase.

    Raises:
        KeyRefused: a file is absent, the passphrase is wrong, the key is of another kind, or key and certificate
            are no pair.
        CertificateRefused: the certificate cannot be read.
    """
    key, certificate, passphrase = read_key_files(key_file, certificate_file, passphrase_file)
    whose = certificate_der(certificate)
    if has_sm2_key(whose):
        return Sm2FileDecrypter(PrivateKey.load(key, passphrase), read_many(certificate)[0].raw)
    return EcFileDecrypter(load_private(key, passphrase), whose)
