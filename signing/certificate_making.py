"""Making SM2 certificates and revocation lists, for the demo authority and for tests.

A real bureau's certificates come from a licensed authority; nothing here replaces one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from core.digest import sm3
from signing import der, oids
from signing.certificates import Certificate, Usage
from signing.der import Tag
from signing.extensions import (
    write_access,
    write_authority_key_id,
    write_extension,
    write_list_points,
    write_point_name,
)
from signing.revocation.known import Reason, Revoked
from signing.sm2 import PrivateKey
from signing.sm2.keys import SPKI_PREFIX

_ALGORITHM = der.sequence(der.oid(oids.SM2_WITH_SM3))
_KEY_ID_LENGTH = 20
_ENUMERATED = 0x0A
#: From this year on certificates write GeneralizedTime (RFC 5280, 4.1.2.5).
_LONG_TIMES_FROM = 2050


@dataclass(frozen=True, slots=True)
class Wish:
    """What a certificate shall say.

    Args:
        name: attribute OID to text, in order; the country must be two letters.
        serial: positive; unique for its issuer.
        extended: key purposes, written as critical when there are any.
        list_urls, ocsp_urls, issuer_urls: where the issuer's list, its responder and its certificate are found.
        no_check: an OCSP responder that asks not to be asked about itself.
    """

    name: Sequence[tuple[str, str]]
    serial: int
    not_before: datetime
    not_after: datetime
    usage: Usage
    is_authority: bool = False
    path_length: int | None = None
    extended: Sequence[str] = ()
    list_urls: tuple[str, ...] = ()
    ocsp_urls: tuple[str, ...] = ()
    issuer_urls: tuple[str, ...] = ()
    no_check: bool = False


@dataclass(frozen=True, slots=True)
class ListScope:
    """What a revocation list says it is for (IssuingDistributionPoint)."""

    users_only: bool = False
    authorities_only: bool = False
    some_reasons_only: bool = False
    indirect: bool = False
    addresses: tuple[str, ...] = ()


def write_name(parts: Sequence[tuple[str, str]]) -> bytes:
    """A Name of one attribute a step; UTF8String but for the country."""
    return der.sequence(
        *(
            der.wrap(
                Tag.SET,
                der.sequence(der.oid(kind), der.text(Tag.PRINTABLE if kind == oids.COUNTRY else Tag.UTF8, value)),
            )
            for kind, value in parts
        )
    )


def make_certificate(wish: Wish, point: bytes, issuer_key: PrivateKey, issuer: Certificate | None = None) -> bytes:
    """A version 3 certificate (DER) for the key with this point; without `issuer` it is self-signed."""
    subject = write_name(wish.name)
    issuer_name, issuer_point = (subject, point) if issuer is None else (issuer.subject, issuer.point)
    tbs = der.sequence(
        der.wrap(Tag.CONTEXT_0, der.integer(2)),
        der.integer(wish.serial),
        _ALGORITHM,
        issuer_name,
        der.sequence(_time(wish.not_before), _time(wish.not_after)),
        subject,
        SPKI_PREFIX + point,
        der.wrap(0xA3, der.sequence(*_extensions(wish, point, issuer_point))),
    )
    return der.sequence(tbs, _ALGORITHM, der.bits(issuer_key.sign(tbs)))


def make_revocation_list(
    revoked: Mapping[int, datetime | Revoked],
    issuer_key: PrivateKey,
    issuer: Certificate,
    *,
    number: int,
    this_update: datetime,
    next_update: datetime | None,
    scope: ListScope | None = None,
    keeps_since: datetime | None = None,
) -> bytes:
    """A version 2 revocation list (DER).

    Args:
        revoked: when each serial number was revoked, or also why and since when its key is in doubt.
        scope: what the list is for; None = all certificates of the issuer.
        keeps_since: ended certificates are kept on the list from then on.
    """
    extensions = [
        write_extension(oids.AUTHORITY_KEY_ID, write_authority_key_id(_key_id(issuer.point))),
        write_extension(oids.CRL_NUMBER, der.integer(number)),
    ]
    if scope is not None:
        extensions.append(write_extension(oids.ISSUING_DISTRIBUTION_POINT, _scope(scope), critical=True))
    if keeps_since is not None:
        extensions.append(write_extension(oids.EXPIRED_CERTIFICATES_ON_LIST, der.generalized_time(keeps_since)))
    entries = [_entry(serial, told) for serial, told in sorted(revoked.items())]
    tbs = der.sequence(
        der.integer(1),
        _ALGORITHM,
        issuer.subject,
        _time(this_update),
        b"" if next_update is None else _time(next_update),
        *([der.sequence(*entries)] if entries else []),
        der.wrap(Tag.CONTEXT_0, der.sequence(*extensions)),
    )
    return der.sequence(tbs, _ALGORITHM, der.bits(issuer_key.sign(tbs)))


def _entry(serial: int, told: datetime | Revoked) -> bytes:
    one = told if isinstance(told, Revoked) else Revoked(told)
    extensions = []
    # UNSPECIFIED is told by saying nothing (RFC 5280, 5.3.1).
    if one.reason is not Reason.UNSPECIFIED:
        extensions.append(write_extension(oids.CRL_REASON, der.wrap(_ENUMERATED, bytes((one.reason,)))))
    if one.invalid_from is not None:
        extensions.append(write_extension(oids.INVALIDITY_DATE, der.generalized_time(one.invalid_from)))
    return der.sequence(der.integer(serial), _time(one.at), der.sequence(*extensions) if extensions else b"")


def _scope(scope: ListScope) -> bytes:
    said = (scope.users_only, 0x81), (scope.authorities_only, 0x82), (scope.indirect, 0x84)
    parts = [write_point_name(scope.addresses)] if scope.addresses else []
    parts += [der.wrap(tag, b"\xff") for true, tag in said if true]
    if scope.some_reasons_only:
        # key compromise only
        parts.append(der.wrap(0x83, b"\x06\x40"))
    return der.sequence(*sorted(parts, key=lambda part: part[0] & 0x1F))


def _time(moment: datetime) -> bytes:
    moment = moment.astimezone(UTC)
    if moment.year >= _LONG_TIMES_FROM:
        return der.generalized_time(moment)
    return der.wrap(Tag.UTC_TIME, moment.strftime("%y%m%d%H%M%SZ").encode())


def _key_id(point: bytes) -> bytes:
    return sm3(point)[:_KEY_ID_LENGTH]


def _extensions(wish: Wish, point: bytes, issuer_point: bytes) -> list[bytes]:
    constraints: list[bytes] = []
    if wish.is_authority:
        constraints.append(der.boolean(True))
        if wish.path_length is not None:
            constraints.append(der.integer(wish.path_length))
    found = [
        write_extension(oids.BASIC_CONSTRAINTS, der.sequence(*constraints), critical=True),
        write_extension(oids.KEY_USAGE, _usage_bits(wish.usage), critical=True),
        write_extension(oids.SUBJECT_KEY_ID, der.octets(_key_id(point))),
        write_extension(oids.AUTHORITY_KEY_ID, write_authority_key_id(_key_id(issuer_point))),
    ]
    if wish.extended:
        purposes = der.sequence(*map(der.oid, wish.extended))
        found.append(write_extension(oids.EXTENDED_KEY_USAGE, purposes, critical=True))
    if wish.list_urls:
        found.append(write_extension(oids.CRL_DISTRIBUTION_POINTS, write_list_points(wish.list_urls)))
    if wish.ocsp_urls or wish.issuer_urls:
        found.append(write_extension(oids.AUTHORITY_INFORMATION, write_access(wish.ocsp_urls, wish.issuer_urls)))
    if wish.no_check:
        found.append(write_extension(oids.OCSP_NO_CHECK, b"\x05\x00"))
    return found


def _usage_bits(usage: Usage) -> bytes:
    # A named bit list ends with its last set bit (X.690, 11.2.2); all known bits are in the first octet.
    octet = sum(0x80 >> (one.bit_length() - 1) for one in Usage if one & usage)
    unused = (octet & -octet).bit_length() - 1
    return der.wrap(Tag.BIT_STRING, bytes((unused, octet)))
