"""Check characters, computed a second time on purpose: the hub's own code must not be its own judge."""

from __future__ import annotations

from datetime import date

#: Symbols of a credit code (GB 32100): digits and letters without I, O, Z, S, V.
CODE_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_ORGANISATION_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


def citizen_check(body: str) -> str:
    """The 18th character behind 17 digits (GB 11643): position i from the right weighs 2**i mod 11."""
    remainder = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(body)) % 11
    return "10X98765432"[remainder]


def citizen_number(area: str, born: date, sequence: int) -> str:
    """A citizen number with its right check character; an odd `sequence` (0 to 999) is a man."""
    body = f"{area}{born:%Y%m%d}{sequence:03d}"
    return body + citizen_check(body)


def as_fifteen_digits(number: str) -> str:
    """The form the same number had before 1999: no century, no check character. Only right for births in 19xx."""
    return number[:6] + number[8:17]


def organisation_check(body: str) -> str:
    """The 9th character of an organisation code (GB 11714) behind its first eight."""
    values = map(_ORGANISATION_ALPHABET.index, body)
    total = sum(weight * value for weight, value in zip(_ORGANISATION_WEIGHTS, values, strict=True))
    return "0123456789X"[-total % 11]


def credit_check(body: str) -> str:
    """The 18th character of a credit code behind its first 17 (GB 32100, weights 3**i mod 31)."""
    total = sum(pow(3, place, 31) * CODE_ALPHABET.index(sign) for place, sign in enumerate(body))
    return CODE_ALPHABET[-total % 31]


def credit_code(kind: str, office: str, organisation: str) -> str:
    """A credit code: `kind` (91, 52 …), the registering office's division code, nine signs of the organisation."""
    body = kind + office + organisation
    return body + credit_check(body)
