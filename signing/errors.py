"""What can go wrong with keys, certificates, seals and signatures; the codes are listed in docs/errors.md."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from core.errors import Permanent, Rejected, Retryable


class LibcryptoMissing(Permanent):
    """The system's OpenSSL library is absent, too old, built without SM2, or fails its known-answer test."""

    code: ClassVar[str] = "HUB-301"


class KeyRefused(Permanent):
    """A private key is absent, locked, damaged, not an SM2 key, or does not belong to its certificate."""

    code: ClassVar[str] = "HUB-302"


class SignatureInvalid(Rejected):
    """A signature does not verify over the bytes it is said to cover."""

    code: ClassVar[str] = "HUB-303"


class SignerUnavailable(Retryable):
    """The device or server that holds the key does not answer; nothing was signed."""

    code: ClassVar[str] = "HUB-304"


class DerRefused(Rejected):
    """Bytes are not the strict DER structure they should be."""

    code: ClassVar[str] = "HUB-305"


class CertificateFault(StrEnum):
    """Why a certificate was refused; the value is stable and goes into reports."""

    FORM = "form"
    ALGORITHM = "algorithm"
    UNTRUSTED = "untrusted"
    SIGNATURE = "signature"
    NOT_YET_VALID = "not-yet-valid"
    EXPIRED = "expired"
    USAGE = "usage"
    REVOKED = "revoked"


class CertificateRefused(Rejected):
    """A certificate cannot be relied on for this use at this time."""

    code: ClassVar[str] = "HUB-306"

    def __init__(self, fault: CertificateFault, message: str) -> None:
        super().__init__(message)
        self.fault = fault


class SealRefused(Rejected):
    """A seal or a seal signature is not of a known version, or contradicts itself."""

    code: ClassVar[str] = "HUB-307"


class NotSealable(Rejected):
    """A package cannot take this seal: it is locked, lacks a part, or the seal is not this signer's."""

    code: ClassVar[str] = "HUB-308"


class SignedDataRefused(Rejected):
    """A detached signature (GB/T 35275 SignedData) is not of the accepted form."""

    code: ClassVar[str] = "HUB-309"


class LayoutRefused(Rejected):
    """A file of the package, `file`, is missing or not of the shape a sealed document has."""

    code: ClassVar[str] = "HUB-313"

    def __init__(self, file: str, message: str) -> None:
        super().__init__(f"{file}: {message}")
        self.file = file
        self.detail = message


class LibcryptoFault(Permanent):
    """The system's OpenSSL library failed at something it can do; the process is in doubt."""

    code: ClassVar[str] = "HUB-310"


class TrustUnknown(Permanent):
    """Whether to trust cannot be told: no trust anchor is configured, or no revocation list covers the issuer."""

    code: ClassVar[str] = "HUB-311"


class DemoKeysBroken(Permanent):
    """The folder of demo keys is incomplete or was changed; it is not repaired by guessing."""

    code: ClassVar[str] = "HUB-312"


class TimestampUnavailable(Retryable):
    """The timestamp authority does not answer, or answers with something that is no token for this request."""

    code: ClassVar[str] = "HUB-314"
