"""A number together with what kind of document it is on: whoever applies may be a company, a citizen or neither."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from schemas.errors import IdentifierRefused
from schemas.identifiers.citizen import CitizenId
from schemas.identifiers.credit import CreditCode
from schemas.identifiers.value import Identifier
from schemas.text import tidied

_OTHER: Final = re.compile(r"[0-9A-Z][0-9A-Z()/\-]{1,39}")


class HolderCodeType(StrEnum):
    """Kinds of holder codes (持证主体代码类型代码) seen in licence-sharing implementations.

    `UNSTATED` is the house's own: a number stands there and its source does not say of what kind.
    """

    UNSTATED = "000"
    CREDIT_CODE = "001"
    OTHER_ORGANISATION = "099"
    CITIZEN = "111"
    MILITARY_OFFICER = "114"
    ARMED_POLICE_OFFICER = "115"
    SOLDIER = "118"
    ARMED_POLICE_SOLDIER = "119"
    MILITARY_CIVILIAN = "120"
    ARMED_POLICE_CIVILIAN = "122"
    DIPLOMATIC_PASSPORT = "411"
    SERVICE_PASSPORT = "412"
    PUBLIC_AFFAIRS_PASSPORT = "413"
    PASSPORT = "414"
    TAIWAN_PERMIT = "511"
    HONGKONG_MACAO_PERMIT = "516"
    OTHER_PERSON = "999"


@dataclass(frozen=True, slots=True, repr=False, init=False)
class HolderNumber(Identifier):
    """A number of a stated kind; `text` is `kind:number`, e.g. `414:E12345678`.

    Citizen numbers and credit codes are checked in full, all others for their shape only: nobody
    publishes a check rule for them.
    """

    @classmethod
    def parse(cls, kind: HolderCodeType, text: str) -> HolderNumber:
        """Read `text` as a number of this kind.

        Raises:
            IdentifierRefused: the reasons of `CitizenId` or `CreditCode`; R-002 for any other kind.
        """
        if kind is HolderCodeType.CITIZEN:
            citizen = CitizenId.parse(text)
            return cls._made(f"{kind.value}:{citizen.text}", citizen.notes)
        if kind is HolderCodeType.CREDIT_CODE:
            company = CreditCode.parse(text)
            return cls._made(f"{kind.value}:{company.text}", company.notes)
        number, notes = tidied(text)
        if not _OTHER.fullmatch(number):
            raise IdentifierRefused("证件号码", "R-002")
        return cls._made(f"{kind.value}:{number}", notes)

    @property
    def kind(self) -> HolderCodeType:
        """What kind of number it is."""
        return HolderCodeType(self.text[:3])

    @property
    def number(self) -> str:
        """The number without its kind."""
        return self.text[4:]

    @property
    def citizen(self) -> CitizenId | None:
        """The citizen number, None for every other kind."""
        return CitizenId.from_stored(self.number) if self.kind is HolderCodeType.CITIZEN else None

    @property
    def company(self) -> CreditCode | None:
        """The credit code, None for every other kind."""
        return CreditCode.from_stored(self.number) if self.kind is HolderCodeType.CREDIT_CODE else None

    def masked(self) -> str:
        """As the number of its kind is masked; other numbers keep their last two characters."""
        known = self.citizen or self.company
        shown = known.masked() if known else f"{'*' * (len(self.number) - 2)}{self.number[-2:]}"
        return f"{self.text[:4]}{shown}"
