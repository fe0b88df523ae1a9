"""What a document is called before it is made: number, identifier, validity, its QR code's token, its status place."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from core.digest import sm3
from core.errors import Permanent
from core.settings import Settings
from hub.press import Bureau
from schemas.dates import Validity
from schemas.identifiers.licence import LicenceId
from schemas.licence_types import LicenceType
from store.licences import LicenceVersion

#: Element in a document's metadata that tells its place in the status list; an extension of ours.
STATUS_ELEMENT = "KZ_ZTXH"
_TOKEN_BYTES = 16
_SIGNS = string.digits + string.ascii_uppercase
_CHANCE = 10


class PublicUrlUnset(Permanent):
    """Production mode, and nobody has said where citizens reach the web."""

    code: ClassVar[str] = "HUB-716"


@dataclass(frozen=True, slots=True, repr=False)
class Designation:
    """What only this document is.

    Attributes:
        version: 1 for a licence's first document.
        issued_on: the day printed on it.
        valid_from, validity: what it states about its own validity.
        token: 128 random bits, in the address its QR code holds; whoever has the document knows it, nobody else.
        status_index: place in the status list.
    """

    number: str
    identifier: LicenceId
    version: int
    issued_on: date
    valid_from: date
    validity: Validity
    token: str
    status_index: int

    @property
    def token_sm3(self) -> bytes:
        """What the register keeps of the token."""
        return digest_of(self.token)


def first(kind: LicenceType, bureau: Bureau, sequence: int, status_index: int, issued_on: date) -> Designation:
    """Of a new licence under a sequence number of its year."""
    return Designation(
        number=kind.number(issued_on.year, sequence),
        identifier=LicenceId.compose(kind.type_code, bureau.credit_code, new_serial(issued_on.year, sequence)),
        version=1,
        issued_on=issued_on,
        valid_from=issued_on,
        validity=kind.validity.from_day(issued_on),
        token=new_token(),
        status_index=status_index,
    )


def following(
    kind: LicenceType,
    bureau: Bureau,
    current: LicenceVersion,
    version: int,
    status_index: int,
    issued_on: date,
    *,
    valid_from: date,
    validity: Validity,
) -> Designation:
    """Of a further document of a licence: its number stays, the identifier counts on, and names who issues now."""
    before = LicenceId.parse(current.identifier)
    return Designation(
        number=current.number,
        identifier=LicenceId.compose(kind.type_code, bureau.credit_code, before.serial, version),
        version=version,
        issued_on=issued_on,
        valid_from=valid_from,
        validity=validity,
        token=new_token(),
        status_index=status_index,
    )


def new_serial(year: int, sequence: int) -> str:
    """Serial of an identifier: year, sequence, and ten signs by chance, so that nobody works out a neighbour's.

    The serial is the issuer's to choose (GB/T 36904 as implemented); Hubei takes twenty signs by chance.
    """
    return f"{year}{sequence:06d}" + "".join(secrets.choice(_SIGNS) for _ in range(_CHANCE))


def new_token() -> str:
    """22 letters, digits, `-` and `_`."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def digest_of(token: str) -> bytes:
    """By which the register finds a document of a token."""
    return sm3(token.encode())


def address_of(settings: Settings, token: str) -> str:
    """Where the QR code leads.

    Raises:
        PublicUrlUnset: nobody has said where citizens reach the web.
    """
    if settings.citizens_address is None:
        raise PublicUrlUnset(
            "production mode, and HUB_PUBLIC_URL is not set: a QR code would lead nowhere, so no licence was begun. "
            "Set it to the address under which citizens reach the web, such as https://zz.example.gov.cn."
        )
    return f"{settings.citizens_address}/v/{token}"
