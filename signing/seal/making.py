"""Making seals (GB/T 38540, version 4; or 5) and seal signatures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from core.digest import sm3
from signing import der, oids
from signing.der import Tag
from signing.errors import SealRefused
from signing.port import Signer, sign_message
from signing.seal.parts import Seal

#: Takes the signature value, gives a timestamp token (DER) whose imprint is SM3 of it; None when there is no
#: answer from the authority and the house's rule is to go on without one.
Timestamp = Callable[[bytes], bytes | None]


@dataclass(frozen=True, slots=True)
class SealDraft:
    """What a new seal shall say.

    Args:
        vendor: the maker's mark (ASCII).
        es_id: 14 digits for a government seal, region code first.
        kind: the standard leaves the number free.
        users: certificates (DER) that may use the seal.
        by_digest: list the users by the SM3 of their certificates instead of the certificates.
        picture_type: PNG, for instance. Lengths in whole mm.
        version: 4 or 5.
    """

    vendor: str
    es_id: str
    kind: int
    name: str
    users: Sequence[bytes] = field(repr=False)
    created: datetime
    valid_from: datetime
    valid_to: datetime
    picture_type: str
    picture: bytes = field(repr=False)
    width_mm: int
    height_mm: int
    by_digest: bool = False
    version: int = 4


def make_seal(draft: SealDraft, maker: Signer) -> Seal:
    """The seal, signed by its maker.

    Raises:
        SealRefused: the draft contradicts itself.
        SignerUnavailable, KeyRefused: from the maker's signer.
    """
    if draft.version not in (4, 5) or not draft.users or draft.valid_from >= draft.valid_to:
        raise SealRefused(
            "a seal draft is of no version made here, has no user or no time of validity; nothing was made."
        )
    if draft.by_digest:
        users = [der.sequence(der.text(Tag.PRINTABLE, "SM3"), der.octets(sm3(one))) for one in draft.users]
    else:
        users = [der.octets(one) for one in draft.users]
    information = der.sequence(
        der.sequence(der.text(Tag.IA5, "ES"), der.integer(draft.version), der.text(Tag.IA5, draft.vendor)),
        der.text(Tag.IA5, draft.es_id),
        der.sequence(
            der.integer(draft.kind),
            der.text(Tag.UTF8, draft.name),
            der.integer(2 if draft.by_digest else 1),
            der.sequence(*users),
            der.generalized_time(draft.created),
            der.generalized_time(draft.valid_from),
            der.generalized_time(draft.valid_to),
        ),
        der.sequence(
            der.text(Tag.IA5, draft.picture_type),
            der.octets(draft.picture),
            der.integer(draft.width_mm),
            der.integer(draft.height_mm),
        ),
    )
    return Seal.read(
        der.sequence(
            information,
            der.octets(maker.certificate),
            der.oid(oids.SM2_WITH_SM3),
            der.bits(sign_message(maker, information)),
        )
    )


def sign_with_seal(
    seal: Seal, signer: Signer, at: datetime, data_hash: bytes, property_info: str, timestamp: Timestamp | None = None
) -> bytes:
    """A SES_Signature (DER) over a file's SM3 and its absolute path in the package.

    Raises:
        SealRefused: a version 1 seal, which is read but no longer used.
        SignerUnavailable, KeyRefused: from the signer.
    """
    if seal.version not in (4, 5):
        raise SealRefused(f"a seal of version {seal.version} is read but not used to sign; have it made anew.")
    to_sign = der.sequence(
        der.integer(seal.version),
        seal.raw,
        der.generalized_time(at),
        der.bits(data_hash),
        der.text(Tag.IA5, property_info),
    )
    signature = sign_message(signer, to_sign)
    parts = [to_sign, der.octets(signer.certificate), der.oid(oids.SM2_WITH_SM3), der.bits(signature)]
    token = timestamp(signature) if timestamp is not None else None
    if token is not None:
        parts.append(der.wrap(Tag.CONTEXT_0, der.bits(token)))
    return der.sequence(*parts)
