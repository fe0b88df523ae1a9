"""Identifiers as value types: made only by `parse`, frozen, and unable to leak through a log."""

from schemas.errors import IdentifierRefused
from schemas.identifiers.check import IdVerdict, check
from schemas.identifiers.citizen import CitizenId, Sex
from schemas.identifiers.credit import CreditCode
from schemas.identifiers.division import DivisionCode
from schemas.identifiers.holder import HolderCodeType, HolderNumber
from schemas.identifiers.licence import LicenceId

__all__ = [
    "CitizenId",
    "CreditCode",
    "DivisionCode",
    "HolderCodeType",
    "HolderNumber",
    "IdVerdict",
    "IdentifierRefused",
    "LicenceId",
    "Sex",
    "check",
]
