"""SM2 certificates, read strictly over their original bytes.

`cryptography` reads an SM2 certificate too, and faster, but neither its key nor the address of every
kind in it, and it accepts forms that are not DER; what is judged here is what was signed.
"""

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
from signing.extensions import (
    Extension,
    access_addresses,
    address_of,
    authority_key_id,
    first_unknown,
    list_names,
    read_extensions,
    subject_key_id,
)
from signing.sm2 import PublicKey
from signing.sm2.keys import SPKI_PREFIX

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)
#: How the types of text in names are written; makers put Chinese into types that have no room for it.
_TEXTS = {
    0x12: "ascii",  # NumericString
    Tag.PRINTABLE: "gb18030",
    0x14: "gb18030",  # T61String
    Tag.IA5: "gb18030",
    0x1A: "gb18030",  # VisibleString
    0x1C: "utf-32-be",  # UniversalString
    0x1E: "utf-16-be",  # BMPString
}
#: Extensions that are read or say nothing about whether the key may sign; any other critical one is refused.
#: Policies are among them because every policy is accepted here.
_UNDERSTOOD = frozenset(
    (
        oids.KEY_USAGE,
        oids.BASIC_CONSTRAINTS,
        oids.EXTENDED_KEY_USAGE,
        oids.SUBJECT_KEY_ID,
        oids.AUTHORITY_KEY_ID,
        oids.SUBJECT_ALT_NAME,
        oids.ISSUER_ALT_NAME,
        oids.CERTIFICATE_POLICIES,
        oids.CRL_DISTRIBUTION_POINTS,
        oids.OCSP_NO_CHECK,
    )
)
_LARGEST = 64 << 10


class Usage(IntFlag):
    """Bits of KeyUsage by their place (RFC 5280, 4.2.1.3)."""

    DIGITAL_SIGNATURE = 1 << 0
    NON_REPUDIATION = 1 << 1
    KEY_ENCIPHERMENT = 1 << 2
    DATA_ENCIPHERMENT = 1 << 3
    KEY_AGREEMENT = 1 << 4
    KEY_CERT_SIGN = 1 << 5
    CRL_SIGN = 1 << 6


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a version 3 certificate with an SM2 key and an SM2-SM3 signature says; nothing in it is checked yet.

    `usage` and `extended_usage` are None when the certificate does not restrict its key.

    `list_names` are the places of the issuer's complete revocation list as they stand (GeneralName, DER);
    `crl_urls`, `ocsp_urls` and `issuer_urls` are addresses of any scheme, in the order of the certificate,
    and a directory named without a host is "ldap:". `no_check` tells that an OCSP responder asks not to be
    asked about itself.
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
    subject_key_id: bytes | None = field(default=None, repr=False)
    authority_key_id: bytes | None = field(default=None, repr=False)
    list_names: tuple[bytes, ...] = field(default=(), repr=False)
    ocsp_urls: tuple[str, ...] = ()
    issuer_urls: tuple[str, ...] = ()
    no_check: bool = False

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

    @property
    def crl_urls(self) -> tuple[str, ...]:
        """Where the issuer's revocation list is said to be found."""
        found = (address_of(name) for name in self.list_names)
        return tuple(address for address in found if address is not None)


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


@lru_cache(maxsize=1024)
def check_issued(tbs: bytes, signature: bytes, point: bytes) -> None:
    """Return when `signature` over the body `tbs` is that of the key with this point.

    Remembered when good: a bureau's certificate is met again with every licence.

    Raises:
        SignatureInvalid: it is not.
    """
    PublicKey.from_point(point).verify(tbs, signature)


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
    access = access_addresses(extensions.get(oids.AUTHORITY_INFORMATION))
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
        subject_key_id=subject_key_id(extensions.get(oids.SUBJECT_KEY_ID)),
        authority_key_id=authority_key_id(extensions.get(oids.AUTHORITY_KEY_ID)),
        list_names=list_names(extensions.get(oids.CRL_DISTRIBUTION_POINTS)),
        ocsp_urls=access.get(oids.OCSP, ()),
        issuer_urls=access.get(oids.CA_ISSUERS, ()),
        no_check=oids.OCSP_NO_CHECK in extensions,
    )


def name_part(name: Element, wanted: str) -> str:
    """The first attribute `wanted` of a Name, "" when there is none."""
    for relative in name.children("name"):
        for attribute in relative.children("name part", Tag.SET):
            kind, value = attribute.fields("name attribute", 2)
            if kind.oid("name attribute") == wanted:
                if value.tag in _TEXTS:
                    return value.content.decode(_TEXTS[value.tag], "replace")
                return value.text("name attribute", Tag.UTF8)
    return ""


def _extensions(rest: list[Element]) -> dict[str, Extension]:
    parts = [part for part in rest if part.tag == 0xA3]
    if len(parts) > 1:
        raise _refused("a certificate has extensions twice; it was not used.")
    if not parts:
        return {}
    found = read_extensions(parts[0].inner("certificate extensions", 0xA3), "certificate extensions")
    unknown = first_unknown(found, _UNDERSTOOD)
    if unknown is not None:
        raise _refused(f"a certificate has the critical extension {unknown}, which is not understood here.")
    return found


def _constraints(extension: Extension | None) -> tuple[bool, int | None]:
    if extension is None:
        return False, None
    fields = der.read(extension.value, "basic constraints").fields("basic constraints", 0, 2)
    is_authority = bool(fields) and fields[0].tag == Tag.BOOLEAN and fields[0].boolean("basic constraints")
    path_length = fields[-1].integer("path length") if fields and fields[-1].tag == Tag.INTEGER else None
    return is_authority, path_length


def _usage(extension: Extension | None) -> Usage | None:
    if extension is None:
        return None
    content = der.read(extension.value, "key usage").expect(Tag.BIT_STRING, "key usage").content
    if not 1 <= len(content) <= 3:
        raise _refused("a certificate's key usage cannot be read; it was not used.")
    found = Usage(0)
    for usage in Usage:
        place = usage.bit_length() - 1
        if place // 8 + 1 < len(content) and content[place // 8 + 1] & 0x80 >> place % 8:
            found |= usage
    return found


def _extended(extension: Extension | None) -> frozenset[str] | None:
    if extension is None:
        return None
    purposes = der.read(extension.value, "key purposes").children("key purposes")
    return frozenset(one.oid("key purpose") for one in purposes)
