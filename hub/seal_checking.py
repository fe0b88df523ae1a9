"""Whether a seal may be registered: its maker's, of a trusted maker, in force, and of one organ."""

from __future__ import annotations

from datetime import datetime

from core.clock import day_text
from core.digest import sm3
from schemas.identifiers.credit import CreditCode
from signing import oids
from signing.certificates import Certificate
from signing.errors import CertificateFault, CertificateRefused, SealRefused
from signing.seal.parts import Seal
from signing.trust import Trust
from store.seals import SealEntry

#: Structure versions that may still be used; version 1 is read only.
_FORMS = (4, 5)
_CREDIT_CODE = 18


def checked(seal: Seal, allowed: tuple[bytes, ...], trust: Trust, now: datetime) -> SealEntry:
    """What goes into the register, once seal, maker and signers were found good at this time.

    Args:
        allowed: certificates (DER) of those who may use the seal, given beside it where it lists digests only.

    Raises:
        SealRefused, CertificateRefused, SignatureInvalid: it is not sound, or not of who is trusted.
        TrustUnknown: nobody is trusted yet.
        IdentifierRefused: its signers' organisation does not begin with a credit code.
    """
    if seal.version not in _FORMS or seal.algorithm != oids.SM2_WITH_SM3:
        raise SealRefused(f"it is of structure version {seal.version}, and only 4 and 5 with SM2 are used.")
    if any(critical for _, critical in seal.extensions):
        raise SealRefused("it has a critical extension that is not understood here.")
    if not seal.valid_from <= now <= seal.valid_to:
        raise SealRefused(
            f"it is valid from {day_text(seal.valid_from)} to {day_text(seal.valid_to)}, and today lies outside."
        )
    maker = Certificate.read(seal.maker_certificate)
    maker.key.verify(seal.signed, seal.signature)
    if seal.allows(maker.raw):
        raise SealRefused("its maker may use it, and nobody may make a seal for himself.")
    _check_maker(trust, maker, seal.created, now)
    if not allowed or not all(seal.allows(one) for one in allowed):
        raise SealRefused(
            "it lists its signers by digest, and their certificates were not given or are others: use --signer."
        )
    signers = [Certificate.read(one) for one in allowed]
    for signer in signers:
        trust.check(signer, now)
    organisations = {one.organisation for one in signers}
    if len(organisations) != 1:
        raise SealRefused("its signers' certificates name more than one organ.")
    (organisation,) = organisations
    code = CreditCode.parse(organisation[:_CREDIT_CODE])
    return SealEntry(
        es_id=seal.es_id,
        organ=organisation[_CREDIT_CODE:],
        credit_code=code.text,
        name=seal.name,
        kind=seal.kind,
        vendor=seal.vendor,
        form=seal.version,
        picture=seal.picture,
        picture_type=seal.picture_type,
        width_mm=seal.width_mm,
        height_mm=seal.height_mm,
        sealed=seal.raw,
        sm3=sm3(seal.raw),
        maker_certificate=seal.maker_certificate,
        signer_certificates=allowed,
        valid_from=seal.valid_from,
        valid_to=seal.valid_to,
    )


def _check_maker(trust: Trust, maker: Certificate, created: datetime, now: datetime) -> None:
    try:
        trust.check(maker, now)
    except CertificateRefused as error:
        if error.fault is not CertificateFault.EXPIRED:
            raise
        # A maker's certificate that ended after the seal was made does not spoil the seal.
        trust.check(maker, created)
