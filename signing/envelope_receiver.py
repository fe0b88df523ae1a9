"""Who an envelope is for: a certificate that may be encrypted to, and a content key wrapped for its key."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from core.digest import sm3
from signing.certificates import Certificate, Usage
from signing.errors import CertificateFault, CertificateRefused
from signing.port import Wrapping
from signing.sm2.encryption import encrypt
from signing.sm2.keys import SPKI_PREFIX

OAEP: Final = padding.OAEP(padding.MGF1(SHA256()), SHA256(), None)
HPKE: Final = Suite(KEM.P256, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_SHORTEST_RSA = 2048
_Key = Certificate | rsa.RSAPublicKey | ec.EllipticCurvePublicKey


@dataclass(frozen=True, slots=True)
class Receiver:
    """A certificate that may be encrypted to, and how."""

    certificate: bytes = field(repr=False)
    wrapping: Wrapping
    _key: _Key = field(repr=False)

    @property
    def digest(self) -> bytes:
        """SM3 over the certificate."""
        return sm3(self.certificate)

    @classmethod
    def of(cls, certificate: bytes, at: datetime) -> Receiver:
        """The receiver with this certificate (DER). That it is who it says, the caller has to know.

        Raises:
            CertificateRefused: it cannot be read, is not valid `at`, or its key is not for encryption.
        """
        return _sm2(certificate, at) if has_sm2_key(certificate) else _other(certificate, at)

    def wrap(self, key: bytes) -> bytes:
        """A content key (32 bytes) that only the receiver can unwrap."""
        if isinstance(self._key, Certificate):
            return encrypt(self._key.key, key)
        if isinstance(self._key, rsa.RSAPublicKey):
            return self._key.encrypt(key, OAEP)
        return HPKE.encrypt(key, self._key)


def has_sm2_key(certificate: bytes) -> bool:
    """Whether a certificate (DER) holds an SM2 key. It is only looked at; `Certificate.read` judges."""
    return SPKI_PREFIX in certificate


def _sm2(raw: bytes, at: datetime) -> Receiver:
    certificate = Certificate.read(raw)
    _check_time(certificate.not_before, certificate.not_after, at)
    if certificate.usage is not None and Usage.KEY_ENCIPHERMENT not in certificate.usage:
        raise _not_for_encryption()
    return Receiver(raw, Wrapping.SM2, certificate)


def _other(raw: bytes, at: datetime) -> Receiver:
    try:
        certificate = x509.load_der_x509_certificate(raw)
        key = certificate.public_key()
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        usage = None
    except (ValueError, UnsupportedAlgorithm):
        raise CertificateRefused(
            CertificateFault.FORM, "a receiver's certificate or its key cannot be read; nothing was sealed."
        ) from None
    _check_time(certificate.not_valid_before_utc, certificate.not_valid_after_utc, at)
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= _SHORTEST_RSA:
        wrapping, allowed = Wrapping.RSA_OAEP_SHA256, usage is None or usage.key_encipherment
    elif isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        wrapping, allowed = Wrapping.HPKE_P256, usage is None or usage.key_agreement
    else:
        raise CertificateRefused(
            CertificateFault.ALGORITHM,
            f"a receiver's key is neither SM2 nor P-256 nor RSA of at least {_SHORTEST_RSA} bits; nothing was sealed.",
        )
    if not allowed:
        raise _not_for_encryption()
    return Receiver(raw, wrapping, key)


def _check_time(begin: datetime, end: datetime, at: datetime) -> None:
    if at < begin:
        raise CertificateRefused(
            CertificateFault.NOT_YET_VALID, "a receiver's certificate is not valid yet; nothing was sealed."
        )
    if at > end:
        raise CertificateRefused(
            CertificateFault.EXPIRED,
            "a receiver's certificate has expired; nothing was sealed. Ask the receiver for its new one.",
        )


def _not_for_encryption() -> CertificateRefused:
    return CertificateRefused(
        CertificateFault.USAGE,
        "a receiver's certificate is for signing and not for encryption; nothing was sealed. Ask the receiver for "
        "its encryption certificate.",
    )
