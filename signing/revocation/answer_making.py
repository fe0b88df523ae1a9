"""Making OCSP answers, for a demo responder and for tests. Nothing here decides what is revoked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from signing import der, oids
from signing.certificates import Certificate
from signing.der import Tag
from signing.extensions import write_extension
from signing.port import Signer, sign_message
from signing.revocation.answers import CertId
from signing.revocation.known import Revoked

_ALGORITHM = der.sequence(der.oid(oids.SM2_WITH_SM3))
_ENUMERATED = 0x0A


@dataclass(frozen=True, slots=True)
class Status:
    """What an OCSP answer shall say of one certificate: revoked, unknown, or else good."""

    id: CertId
    this_update: datetime
    next_update: datetime | None = None
    revoked: Revoked | None = None
    unknown: bool = False
    keeps_since: datetime | None = None


def make_status_answer(
    statuses: Sequence[Status],
    responder: Signer,
    *,
    produced_at: datetime,
    nonce: bytes | None = None,
    enclosed: Sequence[bytes] = (),
) -> bytes:
    """An OCSP answer (DER).

    Args:
        responder: the issuer's key, or one the issuer gave the right to answer.
        nonce: the request's, repeated.
        enclosed: certificates (DER) sent along: the responder's, unless it is the issuer.
    """
    extensions = b""
    if nonce is not None:
        extensions = der.wrap(Tag.CONTEXT_1, der.sequence(write_extension(oids.OCSP_NONCE, der.octets(nonce))))
    tbs = der.sequence(
        der.wrap(0xA1, Certificate.read(responder.certificate).subject),
        der.generalized_time(produced_at),
        der.sequence(*map(_single, statuses)),
        extensions,
    )
    certificates = der.wrap(Tag.CONTEXT_0, der.sequence(*enclosed)) if enclosed else b""
    basic = der.sequence(tbs, _ALGORITHM, der.bits(sign_message(responder, tbs)), certificates)
    body = der.sequence(der.oid(oids.OCSP_BASIC), der.octets(basic))
    return der.sequence(der.wrap(_ENUMERATED, b"\x00"), der.wrap(Tag.CONTEXT_0, body))


def _single(status: Status) -> bytes:
    if status.unknown:
        told = der.wrap(0x82, b"")
    elif status.revoked is None:
        told = der.wrap(0x80, b"")
    else:
        reason = der.wrap(Tag.CONTEXT_0, der.wrap(_ENUMERATED, bytes((status.revoked.reason,))))
        told = der.wrap(0xA1, der.generalized_time(status.revoked.at) + reason)
    extensions = []
    if status.keeps_since is not None:
        extensions.append(write_extension(oids.OCSP_ARCHIVE_CUTOFF, der.generalized_time(status.keeps_since)))
    if status.revoked is not None and status.revoked.invalid_from is not None:
        extensions.append(write_extension(oids.INVALIDITY_DATE, der.generalized_time(status.revoked.invalid_from)))
    next_update = status.next_update
    return der.sequence(
        status.id.write(),
        told,
        der.generalized_time(status.this_update),
        b"" if next_update is None else der.wrap(Tag.CONTEXT_0, der.generalized_time(next_update)),
        der.wrap(Tag.CONTEXT_1, der.sequence(*extensions)) if extensions else b"",
    )
