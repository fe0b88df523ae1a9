"""The typed errors of this room (HUB-2xx); no message ever holds the value it is about."""

from __future__ import annotations

from typing import ClassVar

from core.errors import Permanent, Rejected
from schemas.reasons import REASONS


class ValueRefused(Rejected):
    """One value cannot be read as what it should be.

    Attributes:
        reasons: every record reason (R-code) that applies, the leading one first.
        what: the kind of value in Chinese, e.g. `公民身份号码`.
    """

    code: ClassVar[str] = "HUB-200"

    def __init__(self, what: str, *reasons: str) -> None:
        if not reasons:
            raise ValueError("a refusal needs at least one reason code")
        self.what = what
        self.reasons = reasons
        told = "; ".join(f"{code} {REASONS[code].english}" for code in reasons)
        super().__init__(
            f"a value given as {what} is refused: {told}. The value is not shown here; nothing was changed. "
            "Compare it with the document or have its source correct it."
        )

    def __reduce__(self) -> tuple[type[ValueRefused], tuple[str, ...]]:
        return type(self), (self.what, *self.reasons)

    @property
    def reason(self) -> str:
        """The leading R-code."""
        return self.reasons[0]


class IdentifierRefused(ValueRefused):
    """A number is not the identifier it should be: wrong shape, check character or birth date."""

    code: ClassVar[str] = "HUB-201"


class DateRefused(ValueRefused):
    """A text is no date in any of the forms the departments use."""

    code: ClassVar[str] = "HUB-202"


class AmountRefused(ValueRefused):
    """A text is no amount of money that can be read in one way only."""

    code: ClassVar[str] = "HUB-203"


class SchemaUnknown(Permanent):
    """A schema name that no model bears."""

    code: ClassVar[str] = "HUB-210"


class PayloadUnreadable(Permanent):
    """Stored bytes are not a record of the schema they are read as."""

    code: ClassVar[str] = "HUB-211"


class DeclarationBroken(Permanent):
    """A service item or licence type is declared wrongly; the TOML file has to be corrected."""

    code: ClassVar[str] = "HUB-220"


class ItemUnknown(Permanent):
    """A service item that is not declared."""

    code: ClassVar[str] = "HUB-221"


class ItemNotInForce(Permanent):
    """A service item that is declared, but not for that day, or without that version."""

    code: ClassVar[str] = "HUB-790"


class LicenceTypeUnknown(Permanent):
    """A licence type that is not declared."""

    code: ClassVar[str] = "HUB-222"


class FaceIncomplete(Rejected):
    """A field of a licence's face has no value; this licence cannot be drawn, others can."""

    code: ClassVar[str] = "HUB-223"

    def __init__(self, message: str, labels: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        #: The lines without value, as printed.
        self.labels = labels


class SchemaClash(Permanent):
    """Two models in `schemas/records/` bear one schema name, so it cannot be told which of them judges."""

    code: ClassVar[str] = "HUB-230"


class CalendarBroken(Permanent):
    """A year's table of holidays is no such table: unreadable, or it names a day of another year or one day twice."""

    code: ClassVar[str] = "HUB-231"


class OrgansBroken(Permanent):
    """The table of organs is no such table: unreadable, or it contradicts itself; nothing can be judged by it."""

    code: ClassVar[str] = "HUB-930"
