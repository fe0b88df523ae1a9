"""The kinds of columns: how each turns what a source sends into a value, and what it notes or refuses."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, PlainValidator, StringConstraints, ValidationInfo
from pydantic_core import PydanticCustomError

from core.clock import SHANGHAI
from schemas.dates import Validity, current_day, read_date, read_moment, read_month_end
from schemas.errors import ValueRefused
from schemas.identifiers.citizen import CitizenId
from schemas.identifiers.credit import CreditCode
from schemas.identifiers.division import DivisionCode
from schemas.identifiers.holder import HolderCodeType, HolderNumber
from schemas.identifiers.stated import number_of_unstated_kind
from schemas.money import Money, parse_amount, parse_capital
from schemas.reasons import REASONS
from schemas.text import name_form


class Reading:
    """What one validation is told and tells: handed to pydantic as its context.

    Attributes:
        today: no date that must lie in the past may be later.
        notes: (N-code, field name) of everything normalised on the way.
        unknown: source columns the schema does not know.
    """

    __slots__ = ("notes", "today", "unknown")

    def __init__(self, today: date | None = None) -> None:
        self.today = today or current_day()
        self.notes: list[tuple[str, str]] = []
        self.unknown: list[str] = []


def fault(*codes: str) -> PydanticCustomError:
    """The refusal of one value: the error's type is its R-codes joined by `+`."""
    # Texts come from the table of reasons, never from the record; a value could hold braces.
    return PydanticCustomError("+".join(codes), REASONS[codes[0]].english)


def _note(info: ValidationInfo, codes: tuple[str, ...]) -> None:
    if info.context is not None and info.field_name is not None:
        for code in codes:
            info.context.notes.append((code, info.field_name))


def _citizen(value: Any, info: ValidationInfo) -> CitizenId:
    if value.__class__ is not str:
        if isinstance(value, CitizenId):
            return value
        raise fault("R-002")
    try:
        number = CitizenId.parse(value, on=info.context.today if info.context else None)
    except ValueRefused as refusal:
        raise fault(*refusal.reasons) from None
    if number.notes:
        _note(info, number.notes)
    return number


def _credit(value: Any, info: ValidationInfo) -> CreditCode:
    if value.__class__ is not str:
        if isinstance(value, CreditCode):
            return value
        raise fault("R-002")
    try:
        code = CreditCode.parse(value)
    except ValueRefused as refusal:
        raise fault(*refusal.reasons) from None
    if code.notes:
        _note(info, code.notes)
    return code


def holder_number(kind_field: str) -> PlainValidator:
    """A number read as the kind that the field `kind_field`, declared before it, names."""

    def read(value: Any, info: ValidationInfo) -> HolderNumber | None:
        if isinstance(value, HolderNumber):
            return value
        if value.__class__ is not str:
            raise fault("R-002")
        if kind_field not in info.data:  # the kind itself is refused: nothing can be said about the number
            return None
        kind = info.data[kind_field] or HolderCodeType.UNSTATED
        try:
            number = HolderNumber.parse(HolderCodeType(kind), value)
        except ValueRefused as refusal:
            raise fault(*refusal.reasons) from None
        _note(info, number.notes)
        return number

    return PlainValidator(read)


def _unstated(value: Any, info: ValidationInfo) -> HolderNumber:
    if value.__class__ is not str:
        if isinstance(value, HolderNumber):
            return value
        raise fault("R-002")
    try:
        number = number_of_unstated_kind(value)
    except ValueRefused as refusal:
        raise fault(*refusal.reasons) from None
    if number.notes:
        _note(info, number.notes)
    return number


def _division(value: Any, info: ValidationInfo) -> DivisionCode:
    if value.__class__ is not str:
        if isinstance(value, DivisionCode):
            return value
        raise fault("R-002")
    try:
        code = DivisionCode.parse(value)
    except ValueRefused as refusal:
        raise fault(*refusal.reasons) from None
    if code.notes:
        _note(info, code.notes)
    return code


def _day(value: Any, info: ValidationInfo) -> date:
    if value.__class__ is str:
        try:
            day, notes = read_date(value)
        except ValueRefused:
            raise fault("R-040") from None
        if notes:
            _note(info, notes)
        return day
    if isinstance(value, datetime):
        return (value if value.tzinfo is None else value.astimezone(SHANGHAI)).date()
    if isinstance(value, date):
        return value
    raise fault("R-002")


def _past_day(value: Any, info: ValidationInfo) -> date:
    day = _day(value, info)
    if day > (info.context.today if info.context else current_day()):
        raise fault("R-042")
    return day


def _month_end(value: Any, info: ValidationInfo) -> date:
    if value.__class__ is not str:
        raise fault("R-002")
    try:
        return read_month_end(value)[0]
    except ValueRefused:
        raise fault("R-040") from None


def _moment(value: Any, info: ValidationInfo) -> datetime:
    if value.__class__ is str:
        try:
            moment, notes = read_moment(value)
        except ValueRefused:
            raise fault("R-040") from None
        if notes:
            _note(info, notes)
        return moment
    if isinstance(value, datetime):
        return value.replace(tzinfo=SHANGHAI) if value.tzinfo is None else value.astimezone(SHANGHAI)
    raise fault("R-002")


def _validity(value: Any, info: ValidationInfo) -> Validity:
    if isinstance(value, Validity):
        return value
    if isinstance(value, date):
        return Validity(_day(value, info))
    if not isinstance(value, str):
        raise fault("R-002")
    try:
        validity = Validity.parse(value)
    except ValueRefused:
        raise fault("R-040") from None
    _note(info, validity.notes)
    return validity


def _yuan(value: Any, info: ValidationInfo) -> Decimal:
    if value.__class__ is str:
        try:
            return parse_amount(value)
        except ValueRefused:
            raise fault("R-050") from None
    # A float has lost the amount already; int and Decimal are what an exchange database may hand out.
    if isinstance(value, Decimal | int) and not isinstance(value, bool) and (amount := Decimal(value)).is_finite():
        return amount
    raise fault("R-002")


def _quantity(value: Any, info: ValidationInfo) -> Decimal:
    """A number that is no money: the same writings, another reason when it cannot be read."""
    if value.__class__ is str:
        try:
            return parse_amount(value)
        except ValueRefused:
            raise fault("R-002") from None
    return _yuan(value, info)


def _capital(value: Any, info: ValidationInfo, bare_unit: str = "") -> Money:
    if isinstance(value, Money):
        return value
    if value.__class__ is not str:
        raise fault("R-002")
    try:
        money = parse_capital(value, bare_unit=bare_unit)
    except ValueRefused:
        raise fault("R-050") from None
    _note(info, money.notes)
    return money


def _capital_in_wan(value: Any, info: ValidationInfo) -> Money:
    return _capital(value, info, "万元")


def _name(value: str, info: ValidationInfo) -> str:
    normal = name_form(value)
    if normal is not value and normal != value:
        _note(info, ("N-005",))
    return normal


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if not isinstance(value, str):
        raise fault("R-002")
    if value in ("1", "0"):
        return value == "1"
    raise fault("R-003")


def _item_code(value: Any) -> str:
    if isinstance(value, str) and _ITEM_CODE.fullmatch(value):
        return value
    raise fault("R-002")


#: 31 characters, or 33 where a case item (业务办理项) is named.
_ITEM_CODE: Final = re.compile(r"[0-9A-Z]{31}(?:[0-9]{2})?")

Citizen = Annotated[CitizenId, PlainValidator(_citizen)]
Credit = Annotated[CreditCode, PlainValidator(_credit)]
Division = Annotated[DivisionCode, PlainValidator(_division)]
#: A number whose source does not say in a way known to us on what kind of document it stands.
AnyNumber = Annotated[HolderNumber, PlainValidator(_unstated)]
#: A day; `PastDay` must not lie in the future.
Day = Annotated[date, PlainValidator(_day)]
PastDay = Annotated[date, PlainValidator(_past_day)]
MonthEnd = Annotated[date, PlainValidator(_month_end)]
Moment = Annotated[datetime, PlainValidator(_moment)]
Until = Annotated[Validity, PlainValidator(_validity)]
Yuan = Annotated[Decimal, PlainValidator(_yuan)]
#: A number in the unit the column is defined in (m², 10,000 yuan …), which is not written behind it.
Quantity = Annotated[Decimal, PlainValidator(_quantity)]
Capital = Annotated[Money, PlainValidator(_capital)]
CapitalInWan = Annotated[Money, PlainValidator(_capital_in_wan)]
Flag = Annotated[bool, PlainValidator(_flag)]
ItemCode = Annotated[str, PlainValidator(_item_code)]
#: Lengths are the de-facto column widths where the spec names one, else generous: they catch shifted text.
Short = Annotated[str, StringConstraints(strict=True, max_length=50)]
Number = Annotated[str, StringConstraints(strict=True, max_length=128)]
Person = Annotated[str, StringConstraints(strict=True, max_length=100)]
OrgName = Annotated[str, StringConstraints(strict=True, max_length=200), AfterValidator(_name)]
Address = Annotated[str, StringConstraints(strict=True, max_length=300)]
Long = Annotated[str, StringConstraints(strict=True, max_length=2000)]


def column(alias: str, chinese: str, english: str, mark: str = "C", *, default: Any = ...) -> Any:
    """A field with its source column.

    Args:
        alias: the source's column name, lower-case; any letter case is accepted.
        chinese: what the column holds, for the data owner.
        english: the same in English.
        mark: C seen in a real department's schema; D derived; M from memory; U unverified, made for the demo.
        default: None for a column that may be absent.
    """
    return Field(
        default, validation_alias=alias, description=f"{chinese} / {english}", json_schema_extra={"source": mark}
    )
