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


class RevocationListRefused(Rejected):
    """A revocation list is not strict DER, not SM2 with SM3, not complete, or not signed by the issuer it names."""

    code: ClassVar[str] = "HUB-320"


class StatusAnswerRefused(Rejected):
    """An OCSP answer is not readable, reports a failure, or is not signed by one who may answer for the issuer."""

    code: ClassVar[str] = "HUB-321"


class RevocationUnknown(TrustUnknown):
    """Whether a certificate was revoked cannot be told: nothing covers it, or what it names cannot be fetched."""

    code: ClassVar[str] = "HUB-322"


class AddressRefused(Permanent):
    """An address that a certificate names must not or cannot be called: LDAP, a private network, another host."""

    code: ClassVar[str] = "HUB-323"


class FetchFailed(Retryable):
    """A server for revocation lists or OCSP does not answer, too late, with an error, or with too much."""

    code: ClassVar[str] = "HUB-324"


class PdfNotSealable(Rejected):
    """A PDF cannot take this seal: a place is not on its page, or the signer's certificate is not valid then."""

    code: ClassVar[str] = "HUB-330"


class ContentsTooSmall(Permanent):
    """A PDF signature with its chain and its timestamp is larger than the room kept for it; nothing was sealed."""

    code: ClassVar[str] = "HUB-331"


class PdfRefused(Rejected):
    """A file is no PDF, is encrypted or too large, or a signature in it leaves out more than itself.

    `zh` and `detail` say what is wrong, in Chinese and English.
    """

    code: ClassVar[str] = "HUB-332"

    def __init__(self, zh: str, detail: str) -> None:
        super().__init__(f"{detail}; it was not judged further.")
        self.zh = zh
        self.detail = detail


class SignatureForeign(Rejected):
    """A PDF signature is made in a way that is not judged here, e.g. with SM2: neither right nor wrong.

    `zh` and `detail` say what is foreign, in Chinese and English.
    """

    code: ClassVar[str] = "HUB-333"

    def __init__(self, zh: str, detail: str) -> None:
        super().__init__(f"the signature is not judged here: {detail}. Ask the software that made it.")
        self.zh = zh
        self.detail = detail


class PlatformAnsweredWrong(Permanent):
    """The seal platform gave something else than was asked: another seal, digest, time, signer or a bad signature."""

    code: ClassVar[str] = "HUB-315"


class TokenLibraryMissing(Permanent):
    """The package python-pkcs11 or the token vendor's PKCS#11 library is absent or cannot be loaded."""

    code: ClassVar[str] = "HUB-316"


class EnvelopeFault(StrEnum):
    """Why an envelope was refused; the value is stable and goes into reports."""

    FORM = "form"
    RECEIVER = "receiver"
    ALTERED = "altered"


class EnvelopeRefused(Rejected):
    """A digital envelope is of no known form, is for another receiver, or was altered, cut or put together anew."""

    code: ClassVar[str] = "HUB-996"

    def __init__(self, fault: EnvelopeFault, message: str) -> None:
        super().__init__(message)
        self.fault = fault


class CiphertextRefused(Rejected):
    """A wrapped key is not for this private key, or was changed."""

    code: ClassVar[str] = "HUB-997"


class EnvelopeNotWritten(Retryable):
    """A file of an envelope cannot be read or written: no room, no right, or it is gone."""

    code: ClassVar[str] = "HUB-998"


class PlaintextChanged(Retryable):
    """A file changed its size while it was sealed; no envelope was made."""

    code: ClassVar[str] = "HUB-999"
