"""The seams to whatever holds a private key: encrypted file, token, SDF card, seal server."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Protocol

from signing.certificates import Certificate
from signing.sm2 import DEFAULT_USER_ID, message_digest


class Algorithm(StrEnum):
    """How a key signs a digest of 32 bytes."""

    #: GB/T 32918 over e = SM3(Z ‖ M): seals, OFD, GB/T 35275.
    SM2_SM3 = "sm2-sm3"
    #: ECDSA over SHA-256(M): PDF for readers outside the OFD world.
    ECDSA_SHA256 = "ecdsa-sha256"
    #: RSA PKCS #1 v1.5 over SHA-256(M).
    RSA_SHA256 = "rsa-sha256"


class Signer(Protocol):
    """Holds one private key and never shows it.

    What crosses the seam is a 32-byte digest, made on this side (for SM2 e = SM3(Z ‖ M)): it is what devices
    (GM/T 0018) and remote seal servers take, and no licence text leaves the house with it.
    """

    @property
    def algorithm(self) -> Algorithm:
        """What the key is for; a digest made for another algorithm must not be handed over."""
        ...

    @property
    def certificate(self) -> bytes:
        """The key's certificate, DER."""
        ...

    def sign_digest(self, digest: bytes) -> bytes:
        """The signature over a 32-byte digest: DER `SEQUENCE { r, s }` (GB/T 35276, ECDSA), or RSA's bytes.

        Raises:
            SignerUnavailable: a Retryable; the device or server does not answer.
            KeyRefused: a Permanent; absent, locked, or not for this use.
        """
        ...


class Wrapping(StrEnum):
    """How a content key is encrypted to a receiver's key."""

    #: GB/T 32918.4, ciphertext as DER of GM/T 0009.
    SM2 = "sm2"
    #: RSAES-OAEP with SHA-256 (RFC 8017) and an empty label.
    RSA_OAEP_SHA256 = "rsa-oaep-sha256"
    #: HPKE base mode (RFC 9180): DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM; `enc ‖ ct`, info empty.
    HPKE_P256 = "hpke-p256"


class Decrypter(Protocol):
    """Holds one private key that content keys are encrypted to, and never shows it.

    What crosses the seam is the wrapped key and the key in it: it is what devices (GM/T 0018) take and give.
    """

    @property
    def wrapping(self) -> Wrapping:
        """What the key is for; a content key wrapped otherwise must not be handed over."""
        ...

    @property
    def certificate(self) -> bytes:
        """The key's certificate, DER."""
        ...

    def unwrap(self, wrapped: bytes) -> bytes:
        """The content key.

        Raises:
            CiphertextRefused: a Rejected; it is not for this key, or was changed.
            SignerUnavailable: a Retryable; the device does not answer.
            KeyRefused: a Permanent; absent, locked, or not for this use.
        """
        ...


def sign_message(signer: Signer, message: bytes, *, user_id: bytes = DEFAULT_USER_ID) -> bytes:
    """The signature of `signer` over the whole message.

    Args:
        user_id: enters an SM2 digest only.

    Raises:
        SignerUnavailable, KeyRefused: from the signer.
        CertificateRefused: an SM2 signer's certificate is not an SM2 certificate.
    """
    if signer.algorithm is Algorithm.SM2_SM3:
        return signer.sign_digest(message_digest(Certificate.read(signer.certificate).point, message, user_id))
    return signer.sign_digest(hashlib.sha256(message).digest())
