"""A signer whose key lies in an encrypted PKCS#8 file: for demo and development, not for a bureau's real seal."""

from __future__ import annotations

from pathlib import Path

from signing.certificates import read_many
from signing.errors import KeyRefused
from signing.key_files import read_key_files
from signing.port import Algorithm
from signing.sm2 import PrivateKey


class FileKey:
    """One key, opened once and kept open; safe from any thread."""

    def __init__(self, key: PrivateKey, certificate: bytes) -> None:
        """Raises KeyRefused when the certificate (DER) is not this key's."""
        if read_many(certificate)[0].point != key.point:
            raise KeyRefused("the certificate belongs to another key; nothing was signed. Lay the right pair together.")
        self._key = key
        self._certificate = certificate

    def __repr__(self) -> str:
        return f"FileKey({self._key!r})"

    @classmethod
    def open(cls, key_file: Path, certificate_file: Path, passphrase_file: Path) -> FileKey:
        """From an encrypted PKCS#8 file (PEM or DER), a certificate (PEM or DER) and a file with the passphrase.

        The passphrase is the file's content without line ends at its end.

        Raises:
            KeyRefused: a file is absent, the passphrase is wrong, or key and certificate are no pair.
            CertificateRefused: the certificate cannot be read.
        """
        key_bytes, certificate_bytes, passphrase = read_key_files(key_file, certificate_file, passphrase_file)
        return cls(PrivateKey.load(key_bytes, passphrase), read_many(certificate_bytes)[0].raw)

    @property
    def algorithm(self) -> Algorithm:
        """SM2 with SM3."""
        return Algorithm.SM2_SM3

    @property
    def certificate(self) -> bytes:
        """The key's certificate, DER."""
        return self._certificate

    def sign_digest(self, digest: bytes) -> bytes:
        """See `Signer.sign_digest`; an open file key always answers."""
        return self._key.sign_digest(digest)
