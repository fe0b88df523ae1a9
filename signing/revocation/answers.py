"""OCSP answers (RFC 6960) with an SM2-SM3 signature, and the question that gets one.

An answer is accepted from the issuer itself, or from a responder whose certificate the same issuer key
signed for that purpose. No other responder can be configured.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from core.digest import sm3
from signing import der, oids
from signing.certificates import Certificate, Usage, check_algorithm, check_issued
from signing.der import Element, Tag
from signing.errors import CertificateRefused, DerRefused, SignatureInvalid, StatusAnswerRefused
from signing.extensions import Extension, first_unknown, read_extensions, write_extension
from signing.revocation.known import Reason, Revoked, Source, Statement
from signing.revocation.lists import read_reason

_LARGEST = 1 << 20
#: A responder sends its own certificate, some send the chain above it.
_MOST_ENCLOSED = 8
_ENUMERATED = 0x0A
_GOOD, _REVOKED, _UNKNOWN = 0x80, 0xA1, 0x82
_UNDERSTOOD = frozenset((oids.OCSP_NONCE,))
_UNDERSTOOD_OF_ONE = frozenset((oids.OCSP_ARCHIVE_CUTOFF, oids.CRL_REASON, oids.INVALIDITY_DATE))
_DIGESTS: dict[str, Callable[[bytes], bytes]] = {
    oids.SM3: sm3,
    oids.SHA256: lambda data: hashlib.sha256(data).digest(),
    # Names an issuer among the few that are known; nothing rests on its strength (RFC 5019 allows no other).
    oids.SHA1: lambda data: hashlib.sha1(data, usedforsecurity=False).digest(),
}
_NOT_SUCCESSFUL = {
    1: "malformed request",
    2: "internal error",
    3: "try later",
    5: "the request must be signed",
    6: "unauthorized",
}


@dataclass(frozen=True, slots=True)
class CertId:
    """Which certificate is meant: digests of the issuer's name and key, and the serial number."""

    digest: str
    name_hash: bytes = field(repr=False)
    key_hash: bytes = field(repr=False)
    serial: int

    @classmethod
    def of(cls, certificate: Certificate, issuer: Certificate, digest: str = oids.SHA1) -> CertId:
        """For a certificate of `issuer`, by SM3, SHA-256 or SHA-1."""
        taken = _DIGESTS[digest]
        return cls(digest, taken(issuer.subject), taken(issuer.point), certificate.serial)

    @classmethod
    def read(cls, element: Element) -> CertId:
        """Raises DerRefused."""
        algorithm, name, key, serial = element.fields("certificate ID", 4)
        digest = algorithm.fields("certificate ID digest", 1, 2)[0].oid("certificate ID digest")
        return cls(digest, name.octets("name digest"), key.octets("key digest"), serial.integer("serial number"))

    def write(self) -> bytes:
        """In DER."""
        # SHA-1 with NULL, as every responder in the field writes it; the others without
        algorithm = der.sequence(der.oid(self.digest), b"\x05\x00" if self.digest == oids.SHA1 else b"")
        return der.sequence(algorithm, der.octets(self.name_hash), der.octets(self.key_hash), der.integer(self.serial))


@dataclass(frozen=True, slots=True)
class SingleAnswer:
    """What an answer says of one certificate; `known` is False for the status "unknown"."""

    id: CertId
    known: bool
    revoked: Revoked | None
    this_update: datetime
    next_update: datetime | None
    keeps_since: datetime | None


@dataclass(frozen=True, slots=True)
class StatusAnswer:
    """An OCSP answer as read; its signature is checked when it is asked about a certificate."""

    raw: bytes = field(repr=False)
    tbs: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    produced_at: datetime
    singles: tuple[SingleAnswer, ...]
    nonce: bytes | None = field(repr=False)
    certificates: tuple[Certificate, ...] = field(repr=False)

    @classmethod
    def read(cls, raw: bytes) -> StatusAnswer:
        """The OCSPResponse in DER.

        Raises:
            StatusAnswerRefused: not strict DER, not SM2, not a basic response, or one that tells of a failure.
        """
        if len(raw) > _LARGEST:
            raise StatusAnswerRefused(f"an OCSP answer has {len(raw)} bytes; it was not read.")
        try:
            return _read(raw)
        except (DerRefused, CertificateRefused) as error:
            raise StatusAnswerRefused(f"an OCSP answer cannot be read: {error.message}") from None

    def signer(self, issuer: Certificate) -> Certificate:
        """Who signed it: `issuer`, or one to whom `issuer` gave that right when the answer was made.

        Whether such a one was itself revoked is still to be asked, unless its certificate says not to.

        Raises:
            StatusAnswerRefused: neither signed it.
        """
        for candidate in (issuer, *self.certificates[:_MOST_ENCLOSED]):
            try:
                check_issued(self.tbs, self.signature, candidate.point)
                if candidate.point == issuer.point:
                    return issuer
                _check_responder(candidate, issuer, self.produced_at)
            except SignatureInvalid:
                continue
            return candidate
        raise StatusAnswerRefused("an OCSP answer is signed neither by the issuer nor by a responder of its; not used.")

    def single_on(self, certificate: Certificate, issuer: Certificate) -> SingleAnswer | None:
        """The part about a certificate of `issuer`; None when there is none."""
        for one in self.singles:
            if (
                one.id.serial == certificate.serial
                and one.id.digest in _DIGESTS
                and one.id == _id(certificate.serial, issuer.subject, issuer.point, one.id.digest)
            ):
                return one
        return None

    def statement_on(self, certificate: Certificate, issuer: Certificate) -> Statement | None:
        """What this answer says of a certificate of `issuer`; None when nothing, or that it does not know.

        Raises:
            StatusAnswerRefused: it is about the certificate, but not of one who may answer.
        """
        one = self.single_on(certificate, issuer)
        if one is None or not one.known:
            return None
        self.signer(issuer)
        ended = certificate.not_after < one.this_update
        kept = one.keeps_since is not None and one.keeps_since <= certificate.not_after
        # A responder may forget ended certificates, and then calls them good (RFC 6960, 4.4.4).
        if one.revoked is None and ended and not kept:
            return None
        return Statement(Source.ANSWER, one.this_update, one.next_update, one.revoked)


def write_request(wanted: CertId, nonce: bytes | None = None) -> bytes:
    """An unsigned OCSPRequest (DER) for one certificate.

    Args:
        nonce: 1 to 32 bytes that the answer shall repeat (RFC 8954).
    """
    extensions = b""
    if nonce is not None:
        extensions = der.wrap(0xA2, der.sequence(write_extension(oids.OCSP_NONCE, der.octets(nonce))))
    return der.sequence(der.sequence(der.sequence(der.sequence(wanted.write())), extensions))


@lru_cache(maxsize=512)
def _id(serial: int, name: bytes, point: bytes, digest: str) -> CertId:
    taken = _DIGESTS[digest]
    return CertId(digest, taken(name), taken(point), serial)


def _check_responder(responder: Certificate, issuer: Certificate, at: datetime) -> None:
    """Raises SignatureInvalid unless `issuer` let this key answer at this time."""
    may_sign = responder.usage is None or responder.usage & Usage.DIGITAL_SIGNATURE
    if (
        responder.issuer != issuer.subject
        or responder.extended_usage is None
        or oids.OCSP_SIGNING not in responder.extended_usage
        or not may_sign
        or not responder.not_before <= at <= responder.not_after
    ):
        raise SignatureInvalid("the responder has no right to answer for this issuer.")
    check_issued(responder.tbs, responder.signature, issuer.point)


@lru_cache(maxsize=256)
def _read(raw: bytes) -> StatusAnswer:
    status, *rest = der.read(raw, "OCSP answer").fields("OCSP answer", 1, 2)
    code = int.from_bytes(status.expect(_ENUMERATED, "OCSP status").content, "big")
    if code != 0 or not rest:
        raise StatusAnswerRefused(
            f"the OCSP responder did not answer the question: {_NOT_SUCCESSFUL.get(code, 'no answer')}."
        )
    kind, body = rest[0].inner("OCSP answer", Tag.CONTEXT_0).fields("OCSP answer", 2)
    if kind.oid("OCSP answer type") != oids.OCSP_BASIC:
        raise DerRefused("it is of an unknown type.")
    tbs, algorithm, signature, *enclosed = der.read(body.octets("OCSP answer"), "OCSP answer").fields(
        "OCSP answer", 3, 4
    )
    check_algorithm(algorithm, "the OCSP answer's algorithm")
    parts = tbs.fields("OCSP answer body", 3, 5)
    if parts[0].tag == Tag.CONTEXT_0 and parts.pop(0).inner("version", Tag.CONTEXT_0).integer("version") != 0:
        raise DerRefused("it is of an unknown version.")
    # The responder's name says nothing that its signature does not say better.
    if len(parts) not in (3, 4) or parts[0].tag not in (0xA1, 0xA2):
        raise DerRefused("it does not name its responder, or has parts nobody knows.")
    extensions: dict[str, Extension] = {}
    if len(parts) == 4:
        extensions = _understood(parts[3].inner("OCSP extensions", Tag.CONTEXT_1), _UNDERSTOOD)
    nonce = extensions.get(oids.OCSP_NONCE)
    return StatusAnswer(
        raw=raw,
        tbs=tbs.raw,
        signature=signature.bits("OCSP signature"),
        produced_at=parts[1].expect(Tag.GENERALIZED_TIME, "produced at").time("produced at"),
        singles=tuple(_single(one) for one in parts[2].children("OCSP answers")),
        nonce=None if nonce is None else der.read(nonce.value, "nonce").octets("nonce"),
        certificates=_enclosed(enclosed),
    )


def _enclosed(parts: list[Element]) -> tuple[Certificate, ...]:
    found = []
    for part in parts:
        for one in part.inner("OCSP certificates", Tag.CONTEXT_0).children("OCSP certificates"):
            # One of another kind cannot have signed this answer, and need not be understood.
            with suppress(CertificateRefused):
                found.append(Certificate.read(one.raw))
    return tuple(found)


def _single(element: Element) -> SingleAnswer:
    identity, status, this_update, *rest = element.fields("answer on a certificate", 3, 5)
    next_update, extensions = None, {}
    if rest and rest[0].tag == Tag.CONTEXT_0:
        next_update = rest.pop(0).inner("next update", Tag.CONTEXT_0).time("next update")
    if rest:
        listed = rest.pop(0).inner("answer extensions", Tag.CONTEXT_1)
        extensions = _understood(listed, _UNDERSTOOD_OF_ONE)
    if rest or status.tag not in (_GOOD, _REVOKED, _UNKNOWN):
        raise DerRefused("an answer has an unknown status or parts nobody knows.")
    cutoff = extensions.get(oids.OCSP_ARCHIVE_CUTOFF)
    return SingleAnswer(
        id=CertId.read(identity),
        known=status.tag != _UNKNOWN,
        revoked=_revoked(status, extensions) if status.tag == _REVOKED else None,
        this_update=this_update.expect(Tag.GENERALIZED_TIME, "this update").time("this update"),
        next_update=next_update,
        keeps_since=None if cutoff is None else der.read(cutoff.value, "archive cutoff").time("archive cutoff"),
    )


def _revoked(status: Element, extensions: dict[str, Extension]) -> Revoked:
    moment, *rest = status.children("revocation", _REVOKED) or [status]
    reason = read_reason(rest[0].inner("revocation reason", Tag.CONTEXT_0)) if rest else Reason.UNSPECIFIED
    doubted = extensions.get(oids.INVALIDITY_DATE)
    return Revoked(
        moment.time("revocation time"),
        reason,
        None if doubted is None else der.read(doubted.value, "invalidity date").time("invalidity date"),
    )


def _understood(listed: Element, known: frozenset[str]) -> dict[str, Extension]:
    extensions = read_extensions(listed, "OCSP extensions")
    unknown = first_unknown(extensions, known)
    if unknown is not None:
        raise DerRefused(f"it has the critical extension {unknown}, which is not understood here.")
    return extensions
