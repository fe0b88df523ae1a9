"""A signer whose P-256 or RSA key lies in an encrypted PKCS#8 file: for PDF in demo and development."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
    load_pem_private_key,
)

from signing.errors import CertificateFault, CertificateRefused, KeyRefused
from signing.key_files import read_key_files
from signing.port import Algorithm

_DIGEST = Prehashed(SHA256())
_ECDSA = ec.ECDSA(_DIGEST)
_PKCS1 = padding.PKCS1v15()
_SHORTEST_RSA = 2048


class EcFileKey:
    """One P-256 or RSA key, opened once and kept open; safe from any thread."""

    def __init__(self, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, certificate: bytes) -> None:
        """Raises KeyRefused for another curve, RSA below 2048 bits, or a certificate (DER) that is not this key's."""
        if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
            self._algorithm = Algorithm.ECDSA_SHA256
        elif isinstance(key, rsa.RSAPrivateKey) and key.key_size >= _SHORTEST_RSA:
            self._algorithm = Algorithm.RSA_SHA256
        else:
            raise KeyRefused(
                f"the key is neither on P-256 nor RSA of at least {_SHORTEST_RSA} bits; nothing was signed."
            )
        if public_key_of(certificate) != key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo):
            raise KeyRefused("the certificate belongs to another key; nothing was signed. Lay the right pair together.")
        self._key = key
        self._certificate = certificate

    def __repr__(self) -> str:
        return f"EcFileKey({self._algorithm.value})"

    @classmethod
    def open(cls, key_file: Path, certificate_file: Path, passphrase_file: Path) -> EcFileKey:
        """From an encrypted PKCS#8 file (PEM or DER), a certificate (PEM or DER) and a file with the passphrase.

        The passphrase is the file's content without line ends at its end.

        Raises:
            KeyRefused: a file is absent, the passphrase is wrong, the key is not encrypted or of another kind,
                or key and certificate are no pair.
            CertificateRefused: the certificate cannot be read.
        """
        key_bytes, certificate_bytes, passphrase = read_key_files(key_file, certificate_file, passphrase_file)
        return cls(load_private(key_bytes, passphrase), certificate_der(certificate_bytes))

    @property
    def algorithm(self) -> Algorithm:
        """ECDSA or RSA, as the key is."""
        return self._algorithm

    @property
    def certificate(self) -> bytes:
        """The key's certificate, DER."""
        return self._certificate

    def sign_digest(self, digest: bytes) -> bytes:
        """See `Signer.sign_digest`; an open file key always answers."""
        if isinstance(self._key, rsa.RSAPrivateKey):
            return self._key.sign(digest, _PKCS1, _DIGEST)
        return self._key.sign(digest, _ECDSA)


def load_private(data: bytes, passphrase: bytes) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey:
    """The elliptic or RSA key of an encrypted PKCS#8 file, PEM or DER.

    Raises:
        KeyRefused: another passphrase, not encrypted, damaged, or of another kind.
    """
    load = load_der_private_key if data.startswith(b"\x30") else load_pem_private_key
    try:
        key = load(data, passphrase or None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # TypeError: encrypted and no passphrase, or a passphrase and not encrypted
        raise KeyRefused(
            "the key does not open: another passphrase, not an encrypted PKCS#8 file, or damaged; nothing was signed."
        ) from None
    if not passphrase or not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise KeyRefused("the key is not encrypted, or neither on P-256 nor RSA; nothing was signed.")
    return key


def certificate_der(data: bytes) -> bytes:
    """The first certificate of a PEM file, or the one of a DER file, of any algorithm.

    Raises:
        CertificateRefused: it cannot be read.
    """
    try:
        found = (
            x509.load_der_x509_certificate(data) if data.startswith(b"\x30") else x509.load_pem_x509_certificate(data)
        )
    except ValueError:
        raise CertificateRefused(CertificateFault.FORM, "a certificate file cannot be read; it was not used.") from None
    return found.public_bytes(Encoding.DER)


def public_key_of(certificate: bytes) -> bytes:
    """The SubjectPublicKeyInfo (DER) of a certificate (DER) whose key is no SM2 key.

    Raises:
        CertificateRefused: the certificate or its key cannot be read.
    """
    try:
        key = x509.load_der_x509_certificate(certificate).public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise CertificateRefused(
            CertificateFault.FORM, "a certificate or its key cannot be read; it was not used."
        ) from None
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
