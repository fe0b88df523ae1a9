"""The seam to whatever uses a seal: a key beside us, or a unified seal platform far away."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from signing.port import Signer
from signing.seal.making import Timestamp, sign_with_seal
from signing.seal.parts import Seal


class Sealer(Protocol):
    """Uses one seal. What crosses the seam is a digest and a path inside the package; no licence text does."""

    @property
    def seal(self) -> Seal:
        """The seal it uses."""
        ...

    @property
    def certificate(self) -> bytes:
        """The signer's certificate (DER), which the seal lists."""
        ...

    def sign(self, data_hash: bytes, property_info: str, at: datetime) -> bytes:
        """The SES_Signature (DER) over a Signature.xml's SM3 (32 bytes) and its absolute path in the package.

        Args:
            at: the time written into the signature, with a zone; a platform writes its own, close to it.

        Raises:
            SignerUnavailable, TimestampUnavailable: a Retryable; nothing was signed that anyone keeps.
            KeyRefused: a Permanent; absent, locked, or not for this use.
            SealRefused: the seal is of a version that is no longer used, or the platform answered with another.
        """
        ...


class LocalSealer:
    """A seal whose key stands behind a signer of ours."""

    def __init__(self, seal: Seal, signer: Signer, timestamp: Timestamp | None = None) -> None:
        """`timestamp` is asked for a token over every signature value; what it raises passes through."""
        self._seal = seal
        self._signer = signer
        self._timestamp = timestamp

    @property
    def seal(self) -> Seal:
        """The seal it uses."""
        return self._seal

    @property
    def certificate(self) -> bytes:
        """The signer's certificate (DER)."""
        return self._signer.certificate

    @property
    def signer(self) -> Signer:
        """What holds the seal's key."""
        return self._signer

    def sign(self, data_hash: bytes, property_info: str, at: datetime) -> bytes:
        """See `Sealer.sign`."""
        return sign_with_seal(self._seal, self._signer, at, data_hash, property_info, self._timestamp)
