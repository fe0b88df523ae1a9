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
from signing.sm2 import PrivateKey
from signing.sm2.keys import SPKI_PREFIX

_ALGORITHM = der.sequence(der.oid(oids.SM2_WITH_SM3))
_KEY_ID_LENGTH = 20
#: From this year on certificates write GeneralizedTime (RFC 5280, 4.1.2.5).
_LONG_TIMES_FROM = 2050


@dataclass(frozen=True, slots=True)
class Wish:
    """What a certificate shall say.

    Args:
        name: attribute OID to text, in order; the country must be two letters.
        serial: positive; unique for its issuer.
        extended: key purposes, written as critical when there are any.
    """

    name: Sequence[tuple[str, str]]
    serial: int
    not_before: datetime
    not_after: datetime
    usage: Usage
    is_authority: bool = False
    path_length: int | None = None
    extended: Sequence[str] = ()


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
    revoked: Mapping[int, datetime],
    issuer_key: PrivateKey,
    issuer: Certificate,
    *,
    number: int,
    this_update: datetime,
    next_update: datetime,
) -> bytes:
    """A version 2 revocation list (DER); `revoked` tells when each serial number was revoked."""
    entries = [der.sequence(der.integer(serial), _time(moment)) for serial, moment in sorted(revoked.items())]
    tbs = der.sequence(
        der.integer(1),
        _ALGORITHM,
        issuer.subject,
        _time(this_update),
        _time(next_update),
        *([der.sequence(*entries)] if entries else []),
        der.wrap(
            Tag.CONTEXT_0,
            der.sequence(
                _extension(oids.AUTHORITY_KEY_ID, _authority_key_id(issuer.point)),
                _extension(oids.CRL_NUMBER, der.integer(number)),
            ),
        ),
    )
    return der.sequence(tbs, _ALGORITHM, der.bits(issuer_key.sign(tbs)))


def _time(moment: datetime) -> bytes:
    moment = moment.astimezone(UTC)
    if moment.year >= _LONG_TIMES_FROM:
        return der.generalized_time(moment)
    return der.wrap(Tag.UTC_TIME, moment.strftime("%y%m%d%H%M%SZ").encode())


def _extension(kind: str, value: bytes, *, critical: bool = False) -> bytes:
    return der.sequence(der.oid(kind), *([der.boolean(True)] if critical else []), der.octets(value))


def _key_id(point: bytes) -> bytes:
    return sm3(point)[:_KEY_ID_LENGTH]


def _authority_key_id(point: bytes) -> bytes:
    return der.sequence(der.wrap(0x80, _key_id(point)))


def _extensions(wish: Wish, point: bytes, issuer_point: bytes) -> list[bytes]:
    constraints: list[bytes] = []
    if wish.is_authority:
        constraints.append(der.boolean(True))
        if wish.path_length is not None:
            constraints.append(der.integer(wish.path_length))
    found = [
        _extension(oids.BASIC_CONSTRAINTS, der.sequence(*constraints), critical=True),
        _extension(oids.KEY_USAGE, _usage_bits(wish.usage), critical=True),
        _extension(oids.SUBJECT_KEY_ID, der.octets(_key_id(point))),
        _extension(oids.AUTHORITY_KEY_ID, _authority_key_id(issuer_point)),
    ]
    if wish.extended:
        purposes = der.sequence(*map(der.oid, wish.extended))
        found.append(_extension(oids.EXTENDED_KEY_USAGE, purposes, critical=True))
    return found


def _usage_bits(usage: Usage) -> bytes:
    # A named bit list ends with its last set bit (X.690, 11.2.2); all known bits are in the first octet.
    octet = sum(0x80 >> (one.bit_length() - 1) for one in Usage if one & usage)
    unused = (octet & -octet).bit_length() - 1
    return der.wrap(Tag.BIT_STRING, bytes((unused, octet)))
