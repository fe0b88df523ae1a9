"""The seam to whatever holds a private key: encrypted file, token, SDF card, seal server."""

from __future__ import annotations

from typing import Protocol

from signing.certificates import Certificate
from signing.sm2 import DEFAULT_USER_ID, message_digest


class Signer(Protocol):
    """Holds one SM2 private key and never shows it.

    What crosses the seam is the 32-byte digest e = SM3(Z ‖ M), made on this side: it is what devices
    (GM/T 0018) and remote seal servers take, and no licence text leaves the house with it.
    """

    @property
    def certificate(self) -> bytes:
        """The key's certificate, DER."""
        ...

    def sign_digest(self, digest: bytes) -> bytes:
        """The DER `SEQUENCE { r, s }` (GB/T 35276) over a 32-byte digest.

        Raises:
            SignerUnavailable: a Retryable; the device or server does not answer.
            KeyRefused: a Permanent; absent, locked, or not for this use.
        """
        ...


def sign_message(signer: Signer, message: bytes, *, user_id: bytes = DEFAULT_USER_ID) -> bytes:
    """The DER signature of `signer` over the whole message.

    Raises:
        SignerUnavailable, KeyRefused: from the signer.
        CertificateRefused: the signer's certificate is not an SM2 certificate.
    """
    return signer.sign_digest(message_digest(Certificate.read(signer.certificate).point, message, user_id))
