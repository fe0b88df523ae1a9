"""A number whose source does not say of what kind it is: citizen number, credit code, or something else."""

from __future__ import annotations

from schemas.errors import IdentifierRefused
from schemas.identifiers.credit import ALPHABET, CreditCode
from schemas.identifiers.holder import HolderCodeType, HolderNumber
from schemas.text import tidied

_COMPANY_HEADS = frozenset({"91", "92", "93"})
_SYMBOLS = frozenset(ALPHABET)


def number_of_unstated_kind(text: str) -> HolderNumber:
    """Read `text` as the kind its form says.

    Seventeen digits and a digit or X are a citizen number, eighteen other symbols of the credit code's
    alphabet with a division inside are a credit code; both are checked in full. A number that both checks
    accept counts as a company's only where it begins as companies' do. Anything else is kept as a number
    of unstated kind: nothing is known by which it could be refused but its shape.

    Raises:
        IdentifierRefused: the reasons of `CitizenId` or `CreditCode`; R-002 for what is no number.
    """
    bare = text if text.isalnum() and text.upper() == text and text.isascii() else tidied(text)[0]
    if len(bare) == 18 and bare.isascii():
        if bare[:17].isdecimal():
            return HolderNumber.parse(_of_digits(bare), text)
        if bare[2:8].isdecimal() and _SYMBOLS.issuperset(bare):
            return HolderNumber.parse(HolderCodeType.CREDIT_CODE, text)
    return HolderNumber.parse(HolderCodeType.UNSTATED, text)


def _of_digits(bare: str) -> HolderCodeType:
    if bare[:2] not in _COMPANY_HEADS:
        return HolderCodeType.CITIZEN
    try:
        CreditCode.parse(bare)
    except IdentifierRefused:
        return HolderCodeType.CITIZEN
    return HolderCodeType.CREDIT_CODE
