"""SM2 certificates and revocation lists, read strictly over their original bytes."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntFlag
from functools import lru_cache

from signing import der, oids
from signing.der import Element, Tag
from signing.errors import CertificateFault, CertificateRefused, DerRefused, KeyRefused
from signing.sm2 import PublicKey
from signing.sm2.keys import SPKI_PREFIX

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)
_TEXT_TAGS = (Tag.UTF8, Tag.PRINTABLE, Tag.IA5)
_BMP_STRING = 0x1E
#: Extensions that are read or say nothing about whether the key may sign; any other critical one is refused.
_UNDERSTOOD = frozenset(
    (oids.KEY_USAGE, oids.BASIC_CONSTRAINTS, oids.EXTENDED_KEY_USAGE, oids.SUBJECT_KEY_ID, oids.AUTHORITY_KEY_ID)
)
_LARGEST = 64 << 10
_LARGEST_LIST = 32 << 20


class Usage(IntFlag):
    """Bits of KeyUsage by their place (RFC 5280, 4.2.1.3)."""

    DIGITAL_SIGNATURE = 1 << 0
    NON_REPUDIATION = 1 << 1
    KEY_CERT_SIGN = 1 << 5
    CRL_SIGN = 1 << 6


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a version 3 certificate with an SM2 key and an SM2-SM3 signature says; nothing in it is checked yet.

    `usage` and `extended_usage` are None when the certificate does not restrict its key.
    """

    raw: bytes = field(repr=False)
    tbs: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    serial: int
    issuer: bytes = field(repr=False)
    subject: bytes = field(repr=False)
    common_name: str
    organisation: str
    not_before: datetime
    not_after: datetime
    point: bytes = field(repr=False)
    is_authority: bool
    path_length: int | None
    usage: Usage | None
    extended_usage: frozenset[str] | None

    @classmethod
    def read(cls, raw: bytes) -> Certificate:
        """The certificate in DER.

        Raises:
            CertificateRefused: not strict DER, not version 3, not SM2, or with an unknown critical extension.
        """
        if len(raw) > _LARGEST:
            raise _refused(f"a certificate has {len(raw)} bytes, more than any real one; it was not read.")
        return _read(raw)

    @property
    def key(self) -> PublicKey:
        """The public key, kept open between calls."""
        return PublicKey.from_point(self.point)

    @property
    def self_issued(self) -> bool:
        """Whether issuer and subject are one name."""
        return self.issuer == self.subject


def read_many(data: bytes) -> list[Certificate]:
    """Every certificate of a PEM file, or the one of a DER file.

    Raises:
        CertificateRefused: there is none, or one cannot be read.
    """
    if data.startswith(b"\x30"):
        return [Certificate.read(data)]
    try:
        found = [base64.b64decode(b"".join(body.split()), validate=True) for body in _PEM.findall(data)]
    except ValueError:
        raise _refused("a certificate file is damaged PEM; it was not read.") from None
    if not found:
        raise _refused("a certificate file holds neither PEM nor DER; it was not read.")
    return [Certificate.read(raw) for raw in found]


def as_pem(raw: bytes) -> bytes:
    """A DER certificate as PEM."""
    body = base64.b64encode(raw)
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    return b"\n".join((b"-----BEGIN CERTIFICATE-----", *lines, b"-----END CERTIFICATE-----", b""))


def _refused(message: str, fault: CertificateFault = CertificateFault.FORM) -> CertificateRefused:
    return CertificateRefused(fault, message)


def check_algorithm(element: Element, what: str) -> None:
    """Raise CertificateRefused unless an AlgorithmIdentifier is SM2-with-SM3, with or without NULL."""
    parts = element.fields(what, 1, 2)
    if parts[0].oid(what) != oids.SM2_WITH_SM3 or (len(parts) == 2 and parts[1].raw != b"\x05\x00"):
        raise _refused(f"{what} is not SM2 with SM3; nothing else is accepted.", CertificateFault.ALGORITHM)


@lru_cache(maxsize=512)
def _read(raw: bytes) -> Certificate:
    try:
        return _parsed(raw)
    except DerRefused as error:
        raise _refused(f"a certificate cannot be read: {error.message}") from None
    except KeyRefused as error:
        raise _refused(f"a certificate's key cannot be used: {error.message}") from None


def _parsed(raw: bytes) -> Certificate:
    tbs, algorithm, signature = der.read(raw, "certificate").fields("certificate", 3)
    parts = tbs.fields("certificate body", 7, 10)
    if parts[0].tag != Tag.CONTEXT_0 or parts[0].inner("certificate version", Tag.CONTEXT_0).integer("version") != 2:
        raise _refused("a certificate is not of version 3; it was not used.")
    serial, inner_algorithm, issuer, validity, subject, key = parts[1:7]
    if inner_algorithm.raw != algorithm.raw:
        raise _refused("a certificate names two signature algorithms; it was not used.", CertificateFault.ALGORITHM)
    check_algorithm(algorithm, "certificate signature algorithm")
    begin, end = (moment.time("certificate validity") for moment in validity.fields("certificate validity", 2))
    if not key.raw.startswith(SPKI_PREFIX):
        raise _refused("a certificate's key is not an SM2 key; it was not used.", CertificateFault.ALGORITHM)
    point = key.raw[len(SPKI_PREFIX) :]
    PublicKey.from_point(point)
    extensions = _extensions(parts[7:])
    is_authority, path_length = _constraints(extensions.get(oids.BASIC_CONSTRAINTS))
    return Certificate(
        raw=raw,
        tbs=tbs.raw,
        signature=signature.bits("certificate signature"),
        serial=serial.integer("certificate serial number"),
        issuer=issuer.expect(Tag.SEQUENCE, "issuer").raw,
        subject=subject.expect(Tag.SEQUENCE, "subject").raw,
        common_name=name_part(subject, oids.COMMON_NAME),
        organisation=name_part(subject, oids.ORGANISATION),
        not_before=begin,
        not_after=end,
        point=point,
        is_authority=is_authority,
        path_length=path_length,
        usage=_usage(extensions.get(oids.KEY_USAGE)),
        extended_usage=_extended(extensions.get(oids.EXTENDED_KEY_USAGE)),
    )


def name_part(name: Element, wanted: str) -> str:
    """The first attribute `wanted` of a Name, "" when there is none."""
    for relative in name.children("name"):
        for attribute in relative.children("name part", Tag.SET):
            kind, value = attribute.fields("name attribute", 2)
            if kind.oid("name attribute") == wanted:
                if value.tag == _BMP_STRING:
                    return value.content.decode("utf-16-be", "replace")
                return value.text("name attribute", *_TEXT_TAGS)
    return ""


def _extensions(rest: list[Element]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for part in rest:
        if part.tag != 0xA3:
            continue
        for extension in part.inner("extensions", 0xA3).children("extensions"):
            fields = extension.fields("extension", 2, 3)
            kind = fields[0].oid("extension")
            critical = len(fields) == 3 and fields[1].boolean("extension")
            if kind in found:
                raise _refused("a certificate has one extension twice; it was not used.")
            if critical and kind not in _UNDERSTOOD:
                raise _refused(f"a certificate has the critical extension {kind}, which is not understood here.")
            found[kind] = fields[-1].octets("extension")
    return found


def _constraints(value: bytes | None) -> tuple[bool, int | None]:
    if value is None:
        return False, None
    fields = der.read(value, "basic constraints").fields("basic constraints", 0, 2)
    is_authority = bool(fields) and fields[0].tag == Tag.BOOLEAN and fields[0].boolean("basic constraints")
    path_length = fields[-1].integer("path length") if fields and fields[-1].tag == Tag.INTEGER else None
    return is_authority, path_length


def _usage(value: bytes | None) -> Usage | None:
    if value is None:
        return None
    content = der.read(value, "key usage").expect(Tag.BIT_STRING, "key usage").content
    if not 1 <= len(content) <= 3:
        raise _refused("a certificate's key usage cannot be read; it was not used.")
    found = Usage(0)
    for usage in Usage:
        place = usage.bit_length() - 1
        if place // 8 + 1 < len(content) and content[place // 8 + 1] & 0x80 >> place % 8:
            found |= usage
    return found


def _extended(value: bytes | None) -> frozenset[str] | None:
    if value is None:
        return None
    return frozenset(one.oid("key purpose") for one in der.read(value, "key purposes").children("key purposes"))


@dataclass(frozen=True, slots=True)
class RevocationList:
    """A complete CRL with an SM2-SM3 signature, not checked yet; `revoked` tells each serial number's date."""

    tbs: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    issuer: bytes = field(repr=False)
    this_update: datetime
    next_update: datetime | None
    revoked: dict[int, datetime] = field(repr=False)

    @classmethod
    def read(cls, raw: bytes) -> RevocationList:
        """The list in DER.

        Raises:
            CertificateRefused: not strict DER, not SM2, or partial (delta or by distribution point).
        """
        if len(raw) > _LARGEST_LIST:
            raise _refused(f"a revocation list has {len(raw)} bytes; it was not read.")
        try:
            return cls._parsed(raw)
        except DerRefused as error:
            raise _refused(f"a revocation list cannot be read: {error.message}") from None

    @classmethod
    def _parsed(cls, raw: bytes) -> RevocationList:
        tbs, algorithm, signature = der.read(raw, "revocation list").fields("revocation list", 3)
        check_algorithm(algorithm, "revocation list algorithm")
        parts = tbs.fields("revocation list body", 3, 7)
        if parts[0].tag == Tag.INTEGER:
            parts = parts[1:]
        inner, issuer, this_update, *rest = parts
        if inner.raw != algorithm.raw:
            raise _refused("a revocation list names two algorithms; it was not used.", CertificateFault.ALGORITHM)
        next_update = None
        if rest and rest[0].tag in (Tag.UTC_TIME, Tag.GENERALIZED_TIME):
            next_update = rest.pop(0).time("next update")
        revoked: dict[int, datetime] = {}
        if rest and rest[0].tag == Tag.SEQUENCE:
            for entry in rest.pop(0).children("revoked certificates"):
                serial, moment = entry.fields("revoked certificate", 2, 3)[:2]
                revoked[serial.integer("serial number")] = moment.time("revocation date")
        for part in rest:
            for extension in part.inner("list extensions", Tag.CONTEXT_0).children("list extensions"):
                fields = extension.fields("extension", 2, 3)
                if len(fields) == 3 and fields[1].boolean("extension"):
                    raise _refused("a revocation list is partial (critical extension); a complete one is needed.")
        return cls(
            tbs=tbs.raw,
            signature=signature.bits("revocation list signature"),
            issuer=issuer.raw,
            this_update=this_update.time("this update"),
            next_update=next_update,
            revoked=revoked,
        )
