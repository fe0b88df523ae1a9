"""Complete revocation lists (RFC 5280, section 5) with an SM2-SM3 signature.

A list is used when it speaks for the whole of what it covers: delta lists, lists of another authority's
certificates and lists of attribute certificates are refused when read; a list by distribution point, of user
certificates only or of authorities only, says "not revoked" only of what belongs to it. What it lists as revoked
is revoked in any case: a serial number is an issuer's only once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from signing import der, oids
from signing.certificates import Certificate, Usage, check_algorithm
from signing.der import Element, Tag
from signing.errors import CertificateRefused, DerRefused, RevocationListRefused, SignatureInvalid
from signing.extensions import Extension, first_unknown, point_names, read_extensions
from signing.revocation.known import Reason, Revoked, Source, Statement
from signing.sm2 import PublicKey

_LARGEST = 32 << 20
_UNDERSTOOD = frozenset(
    (
        oids.AUTHORITY_KEY_ID,
        oids.CRL_NUMBER,
        oids.ISSUING_DISTRIBUTION_POINT,
        oids.EXPIRED_CERTIFICATES_ON_LIST,
        oids.ISSUER_ALT_NAME,
    )
)
_UNDERSTOOD_OF_ENTRY = frozenset((oids.CRL_REASON, oids.INVALIDITY_DATE))
_ENUMERATED = 0x0A


@dataclass(frozen=True, slots=True)
class Scope:
    """What a list speaks for (IssuingDistributionPoint); by default every certificate of its issuer."""

    users: bool = True
    authorities: bool = True
    all_reasons: bool = True
    names: frozenset[bytes] | None = None

    def includes(self, certificate: Certificate) -> bool:
        """Whether not being on the list means not being revoked."""
        if not self.all_reasons or not (self.authorities if certificate.is_authority else self.users):
            return False
        return self.names is None or not self.names.isdisjoint(certificate.list_names)


@dataclass(frozen=True, slots=True)
class RevocationList:
    """A list as read; its signature is checked when it is asked about a certificate.

    `revoked` holds the entries by serial number; one that a complete list cannot have (removed again) is None
    there: the list then says nothing about that certificate.
    """

    raw: bytes = field(repr=False)
    tbs: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    issuer: bytes = field(repr=False)
    this_update: datetime
    next_update: datetime | None
    revoked: Mapping[int, Revoked | None] = field(repr=False)
    scope: Scope
    #: From when on ended certificates are kept on the list; None: they may have been taken off.
    keeps_since: datetime | None

    @classmethod
    def read(cls, raw: bytes) -> RevocationList:
        """The list in DER.

        Raises:
            RevocationListRefused: not strict DER, not SM2, or one that speaks for no whole set of certificates.
        """
        if len(raw) > _LARGEST:
            raise RevocationListRefused(f"a revocation list has {len(raw)} bytes; it was not read.")
        try:
            return _parsed(raw)
        except (DerRefused, CertificateRefused) as error:
            raise RevocationListRefused(f"a revocation list cannot be read: {error.message}") from None

    def check_signed(self, issuer: Certificate) -> None:
        """Return when this list is that of `issuer`.

        Raises:
            RevocationListRefused: of another name, signed with another key, or by one who may not sign lists.
        """
        if self.issuer != issuer.subject:
            raise RevocationListRefused("a revocation list is another authority's; it says nothing here.")
        if issuer.usage is not None and not issuer.usage & Usage.CRL_SIGN:
            raise RevocationListRefused("a revocation list is signed with a key that may not sign lists; not used.")
        try:
            _check_list(self.tbs, self.signature, issuer.point)
        except SignatureInvalid:
            raise RevocationListRefused("a revocation list is not signed by its issuer's key; not used.") from None

    def statement_on(self, certificate: Certificate, issuer: Certificate) -> Statement | None:
        """What this list says of a certificate of `issuer`; None when it says nothing.

        Raises:
            RevocationListRefused: it is not the issuer's list.
        """
        self.check_signed(issuer)
        entry = self.revoked.get(certificate.serial)
        if entry is None:
            ended = certificate.not_after < self.this_update
            kept = self.keeps_since is not None and self.keeps_since <= certificate.not_after
            # Ended certificates are taken off lists (RFC 5280, 3.3): their absence then means nothing.
            if certificate.serial in self.revoked or not self.scope.includes(certificate) or (ended and not kept):
                return None
        return Statement(Source.LIST, self.this_update, self.next_update, entry)


@lru_cache(maxsize=32)
def _check_list(tbs: bytes, signature: bytes, point: bytes) -> None:
    """Remembered when good, apart from certificates: a list may have megabytes."""
    PublicKey.from_point(point).verify(tbs, signature)


@lru_cache(maxsize=16)
def _parsed(raw: bytes) -> RevocationList:
    tbs, algorithm, signature = der.read(raw, "revocation list").fields("revocation list", 3)
    check_algorithm(algorithm, "the revocation list's algorithm")
    parts = tbs.fields("revocation list body", 3, 7)
    if parts[0].tag == Tag.INTEGER and parts.pop(0).integer("revocation list version") != 1:
        raise DerRefused("it is of an unknown version.")
    if len(parts) < 3 or parts[0].raw != algorithm.raw:
        raise DerRefused("it names two algorithms, or its dates are missing.")
    issuer, this_update, *rest = parts[1:]
    next_update = None
    if rest and rest[0].tag in (Tag.UTC_TIME, Tag.GENERALIZED_TIME):
        next_update = rest.pop(0).time("next update")
    revoked = _entries(rest.pop(0)) if rest and rest[0].tag == Tag.SEQUENCE else {}
    extensions: dict[str, Extension] = {}
    if rest:
        listed = rest.pop(0).inner("list extensions", Tag.CONTEXT_0)
        extensions = read_extensions(listed, "list extensions")
    if rest:
        raise DerRefused("it has parts nobody knows.")
    unknown = first_unknown(extensions, _UNDERSTOOD)
    if unknown is not None:
        raise DerRefused(f"it is partial, or changed by the critical extension {unknown}; a complete one is needed.")
    kept = extensions.get(oids.EXPIRED_CERTIFICATES_ON_LIST)
    return RevocationList(
        raw=raw,
        tbs=tbs.raw,
        signature=signature.bits("revocation list signature"),
        issuer=issuer.expect(Tag.SEQUENCE, "list issuer").raw,
        this_update=this_update.time("this update"),
        next_update=next_update,
        revoked=revoked,
        scope=_scope(extensions.get(oids.ISSUING_DISTRIBUTION_POINT)),
        keeps_since=None if kept is None else der.read(kept.value, "kept since").time("kept since"),
    )


def _scope(extension: Extension | None) -> Scope:
    if extension is None:
        return Scope()
    parts: dict[int, Element] = {}
    for part in der.read(extension.value, "list scope").children("list scope"):
        if part.tag in parts:
            raise DerRefused("its scope says one thing twice.")
        parts[part.tag] = part
    if parts.keys() - {0xA0, 0x81, 0x82, 0x83, 0x84, 0x85}:
        raise DerRefused("its scope has parts nobody knows.")
    if _true(parts, 0x84) or _true(parts, 0x85):
        raise DerRefused("it is of other authorities' certificates or of attribute certificates only.")
    names = frozenset(point_names(parts[0xA0].inner("list scope", 0xA0))) if 0xA0 in parts else None
    return Scope(
        users=not _true(parts, 0x82), authorities=not _true(parts, 0x81), all_reasons=0x83 not in parts, names=names
    )


def _true(parts: Mapping[int, Element], tag: int) -> bool:
    if tag not in parts:
        return False
    return der.read(der.wrap(Tag.BOOLEAN, parts[tag].content), "list scope").boolean("list scope")


def _entries(listed: Element) -> dict[int, Revoked | None]:
    found: dict[int, Revoked | None] = {}
    # Most entries of a long list have the same few extensions.
    known: dict[bytes, tuple[Reason, datetime | None]] = {b"": (Reason.UNSPECIFIED, None)}
    for entry in listed.children("revoked certificates"):
        fields = entry.fields("revoked certificate", 2, 3)
        serial, moment = fields[0].integer("serial number"), fields[1].time("revocation date")
        told = fields[2].raw if len(fields) == 3 else b""
        if told not in known:
            known[told] = _told(fields[2])
        reason, invalid_from = known[told]
        one = None if reason is Reason.REMOVE_FROM_LIST else Revoked(moment, reason, invalid_from)
        before = found.get(serial)
        # Twice on a list: the earlier one counts.
        if before is None or (one is not None and one.counts_from < before.counts_from):
            found[serial] = one
    return found


def _told(listed: Element) -> tuple[Reason, datetime | None]:
    extensions = read_extensions(listed, "entry extensions")
    unknown = first_unknown(extensions, _UNDERSTOOD_OF_ENTRY)
    if unknown is not None:
        raise DerRefused(f"an entry has the critical extension {unknown}, which is not understood here.")
    reason, date = extensions.get(oids.CRL_REASON), extensions.get(oids.INVALIDITY_DATE)
    return (
        Reason.UNSPECIFIED if reason is None else read_reason(der.read(reason.value, "reason")),
        None if date is None else der.read(date.value, "invalidity date").time("invalidity date"),
    )


def read_reason(element: Element) -> Reason:
    """A CRLReason; a number no standard names still means revoked, without a reason."""
    content = element.expect(_ENUMERATED, "revocation reason").content
    try:
        return Reason(int.from_bytes(content, "big"))
    except ValueError:
        return Reason.UNSPECIFIED
