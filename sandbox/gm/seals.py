"""Electronic seals of GB/T 38540 (version 4), written with asn1crypto."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from asn1crypto import core

from sandbox.gm.certificates import SM2_WITH_SM3, Holder

_VERSION = 4
_YEARS = 2


class _Header(core.Sequence):  # type: ignore[misc]
    _fields: ClassVar[list[Any]] = [("id", core.IA5String), ("version", core.Integer), ("vid", core.IA5String)]


class _Certificates(core.SequenceOf):  # type: ignore[misc]
    _child_spec = core.OctetString


class _Property(core.Sequence):  # type: ignore[misc]
    _fields: ClassVar[list[Any]] = [
        ("type", core.Integer),
        ("name", core.UTF8String),
        ("cert_list_type", core.Integer),
        ("cert_list", _Certificates),
        ("create_date", core.GeneralizedTime),
        ("valid_start", core.GeneralizedTime),
        ("valid_end", core.GeneralizedTime),
    ]


class _Picture(core.Sequence):  # type: ignore[misc]
    _fields: ClassVar[list[Any]] = [
        ("type", core.IA5String),
        ("data", core.OctetString),
        ("width", core.Integer),
        ("height", core.Integer),
    ]


class _SealInformation(core.Sequence):  # type: ignore[misc]
    _fields: ClassVar[list[Any]] = [
        ("header", _Header),
        ("es_id", core.IA5String),
        ("property", _Property),
        ("picture", _Picture),
    ]


class Seal(core.Sequence):  # type: ignore[misc]
    """SESeal."""

    _fields: ClassVar[list[Any]] = [
        ("information", _SealInformation),
        ("certificate", core.OctetString),
        ("algorithm", core.ObjectIdentifier),
        ("signature", core.OctetBitString),
    ]


class _ToSign(core.Sequence):  # type: ignore[misc]
    _fields: ClassVar[list[Any]] = [
        ("version", core.Integer),
        ("seal", Seal),
        ("time", core.GeneralizedTime),
        ("data_hash", core.OctetBitString),
        ("property_info", core.IA5String),
    ]


class _SealSignature(core.Sequence):  # type: ignore[misc]
    _fields: ClassVar[list[Any]] = [
        ("to_sign", _ToSign),
        ("certificate", core.OctetString),
        ("algorithm", core.ObjectIdentifier),
        ("signature", core.OctetBitString),
    ]


@dataclass(frozen=True, slots=True)
class Draft:
    """What a new seal shall say. Lengths in mm."""

    es_id: str
    name: str
    picture: bytes
    width: int
    height: int


def make(draft: Draft, maker: Holder, user: Holder) -> bytes:
    """A seal that `user` may use, signed by its maker; valid for two years from now."""
    now = datetime.now(UTC).replace(microsecond=0)
    information = _SealInformation(
        {
            "header": {"id": "ES", "version": _VERSION, "vid": "SANDBOX-TEST"},
            "es_id": draft.es_id,
            "property": {
                "type": 4,
                "name": draft.name,
                "cert_list_type": 1,
                "cert_list": [user.der],
                "create_date": now,
                "valid_start": now - timedelta(minutes=10),
                "valid_end": now + timedelta(days=365 * _YEARS),
            },
            "picture": {"type": "PNG", "data": draft.picture, "width": draft.width, "height": draft.height},
        }
    )
    made = Seal(
        {
            "information": information,
            "certificate": maker.der,
            "algorithm": SM2_WITH_SM3,
            "signature": maker.sign(information.dump()),
        }
    )
    return bytes(made.dump())


def use(seal: bytes, signer: Holder, data_hash: bytes, property_info: str, at: datetime) -> bytes:
    """The SES_Signature over a Signature.xml's SM3 and its path."""
    to_sign = _ToSign(
        {
            "version": _VERSION,
            "seal": Seal.load(seal),
            "time": at.astimezone(UTC).replace(microsecond=0),
            "data_hash": data_hash,
            "property_info": property_info,
        }
    )
    made = _SealSignature(
        {
            "to_sign": to_sign,
            "certificate": signer.der,
            "algorithm": SM2_WITH_SM3,
            "signature": signer.sign(to_sign.dump()),
        }
    )
    return bytes(made.dump())
