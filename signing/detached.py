"""Signatures as GB/T 35275 SignedData: detached ones over a file beside them, and ones that enclose what is signed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from core.digest import sm3
from signing import der, oids
from signing.certificates import Certificate
from signing.der import Tag
from signing.errors import KeyRefused, SignatureInvalid
from signing.port import Algorithm, Signer, sign_message
from signing.signed_data import SignedData
from signing.trust import Trust

_SM3 = der.sequence(der.oid(oids.SM3))


@dataclass(frozen=True, slots=True)
class SignerInfo:
    """Who signed, when by the signer's own word, and until when the certificate is valid."""

    common_name: str
    organisation: str
    serial: int
    signed_at: datetime
    certificate_until: datetime


def sign_detached(data: bytes, signer: Signer, at: datetime) -> bytes:
    """The signature (DER) of `signer` over `data`, which is not in it; the time and the digest are signed along.

    Raises:
        KeyRefused: the key is not an SM2 key, or refused by the signer.
        SignerUnavailable: from the signer.
    """
    return _sign(data, b"", signer, at)


def sign_enclosed(content: bytes, signer: Signer, at: datetime) -> bytes:
    """The same with `content` in it, as an OFD's Type=Sign signatures hold the SM3 of their Signature.xml.

    Raises:
        KeyRefused, SignerUnavailable: as for `sign_detached`.
    """
    return _sign(content, der.wrap(Tag.CONTEXT_0, der.octets(content)), signer, at)


def _sign(data: bytes, enclosed: bytes, signer: Signer, at: datetime) -> bytes:
    if signer.algorithm is not Algorithm.SM2_SM3:
        raise KeyRefused(f"GB/T 35275 takes an SM2 key, not {signer.algorithm}; nothing was signed. Take the SM2 key.")
    certificate = Certificate.read(signer.certificate)
    attributes = b"".join(
        sorted(
            der.sequence(der.oid(kind), der.wrap(Tag.SET, value))
            for kind, value in (
                (oids.CONTENT_TYPE, der.oid(oids.GM_DATA)),
                (oids.MESSAGE_DIGEST, der.octets(sm3(data))),
                (oids.SIGNING_TIME, _time(at)),
            )
        )
    )
    signature = sign_message(signer, der.wrap(Tag.SET, attributes))
    info = der.sequence(
        der.integer(1),
        der.sequence(certificate.issuer, der.integer(certificate.serial)),
        _SM3,
        der.wrap(Tag.CONTEXT_0, attributes),
        der.sequence(der.oid(oids.SM2_SIGN)),
        der.octets(signature),
    )
    signed = der.sequence(
        der.integer(1),
        der.wrap(Tag.SET, _SM3),
        der.sequence(der.oid(oids.GM_DATA), enclosed),
        der.wrap(Tag.CONTEXT_0, certificate.raw),
        der.wrap(Tag.SET, info),
    )
    return der.sequence(der.oid(oids.GM_SIGNED_DATA), der.wrap(Tag.CONTEXT_0, signed))


def verify_detached(data: bytes, signature: bytes, trust: Trust, at: datetime | None = None) -> SignerInfo:
    """Return who signed `data`, once everything about the signature was found right.

    Args:
        at: the moment of asking, now by default; a signature from later is refused. The certificate is
            judged at the signing time that is signed along.

    Raises:
        SignatureInvalid: not this signer's signature over these bytes, without a time, or from the future.
        DerRefused, SignedDataRefused: not a detached signature of the accepted form.
        CertificateRefused: the signer could not be relied on then.
        TrustUnknown: nobody said whom to trust.
    """
    found = SignedData.read(signature)
    if found.content is not None:
        raise SignatureInvalid("the signature brings its own content; a detached one was expected.")
    found.check(data)
    signed_at = found.signing_time
    if signed_at is None or signed_at > (at or datetime.now(UTC)):
        raise SignatureInvalid("the signature has no signing time, or one that lies in the future.")
    trust.check(found.signer, signed_at, others=found.certificates)
    by = found.signer
    return SignerInfo(by.common_name, by.organisation, by.serial, signed_at, by.not_after)


def _time(moment: datetime) -> bytes:
    # signingTime is UTCTime until 2049 (RFC 5652, 11.3).
    moment = moment.astimezone(UTC)
    if moment.year >= 2050:
        return der.generalized_time(moment)
    return der.wrap(Tag.UTC_TIME, moment.strftime("%y%m%d%H%M%SZ").encode())
