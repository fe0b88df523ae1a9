"""A licence's metadata under the element codes of GB/T 36903, as real-estate registration code implements them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from typing import Annotated, Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator, model_validator
from pydantic_core import PydanticCustomError

from core.clock import SHANGHAI
from schemas.dates import Validity, read_date, read_moment
from schemas.errors import ValueRefused
from schemas.identifiers.credit import CreditCode
from schemas.identifiers.holder import HolderCodeType, HolderNumber
from schemas.identifiers.licence import LicenceId
from schemas.reasons import REASONS

T = TypeVar("T")


def _day(value: Any) -> date:
    if isinstance(value, str):
        return _read(read_date, value)[0]
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise PydanticCustomError("day", "a day is a date or its text")


def _moment(value: Any) -> datetime:
    if isinstance(value, str):
        return _read(read_moment, value)[0]
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(SHANGHAI)
    raise PydanticCustomError("moment", "a moment is a datetime with a time zone or its text")


def _end(value: Any) -> Validity:
    return value if isinstance(value, Validity) else _read(Validity.parse, str(value))


def _licence_id(value: Any) -> str:
    return _read(LicenceId.parse, str(value)).text


def _credit_code(value: Any) -> str:
    return _read(CreditCode.parse, str(value)).text


def _read(read: Callable[[str], T], text: str) -> T:
    """The value, or pydantic's own kind of error: ours would fly past it."""
    try:
        return read(text)
    except ValueRefused as refusal:
        raise PydanticCustomError("+".join(refusal.reasons), REASONS[refusal.reason].english) from None


Day = Annotated[date, PlainValidator(_day), PlainSerializer(lambda day: day.isoformat(), str)]
Moment = Annotated[datetime, PlainValidator(_moment), PlainSerializer(lambda at: f"{at:%Y-%m-%d %H:%M:%S}", str)]
End = Annotated[
    Validity,
    PlainValidator(_end),
    PlainSerializer(lambda validity: validity.text, str),
]
Text = Annotated[str, Field(min_length=1, max_length=2000)]
#: The word for a holder's kind of number (CZZTDMLX); kinds without a common word keep their code.
HOLDER_WORDS = {
    HolderCodeType.CREDIT_CODE: "统一社会信用代码",
    HolderCodeType.CITIZEN: "公民身份号码",
    HolderCodeType.PASSPORT: "普通护照",
}


def _element(code: str, chinese: str, *, default: Any = ...) -> Any:
    """A field under its element code. Not pydantic's `alias`, which would hide the English name from type checkers."""
    return Field(default, validation_alias=code, serialization_alias=code, description=chinese)


class LicenceMetadata(BaseModel):
    """What a licence file says about itself; embedded in it and sent with it.

    It is refused when the identifier's issuer or type is not the one beside it: a face, an
    identifier and an issuer that disagree are exactly what a verifier looks for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, hide_input_in_errors=True)

    name: Text = _element("ZZMC", "证照名称")
    type_code: Annotated[str, Field(pattern=r"^[0-9A-Z]{18}[0-9]{3}$")] = _element("ZZLXDM", "证照类型代码")
    number: Text = _element("ZZBH", "证照编号")
    identifier: Annotated[str, PlainValidator(_licence_id)] = _element("ZZBS", "证照标识")
    issuer: Text = _element("ZZBFJG", "证照颁发机构")
    issuer_code: Annotated[str, PlainValidator(_credit_code)] = _element("ZZBFJGDM", "证照颁发机构代码")
    issued_on: Day = _element("ZZBFRQ", "证照颁发日期")
    holder: Text = _element("CZZT", "持证主体")
    holder_code: Text = _element("CZZTDM", "持证主体代码")
    holder_code_word: Text = _element("CZZTDMLX", "持证主体代码类型")
    holder_code_type: HolderCodeType = _element("CZZTDMLXDM", "持证主体代码类型代码")
    valid_from: Day = _element("ZZYXQQSRQ", "有效期起始日期")
    valid_until: End = _element("ZZYXQJZRQ", "有效期截止日期，可为“长期”")
    signer: Text | None = _element("ZZQZR", "签章人", default=None)
    sealed_at: Moment | None = _element("ZZQZSJ", "签章时间", default=None)
    seal_name: Text | None = _element("ZZQZMC", "签章名称", default=None)
    created_at: Moment = _element("CJSJ", "创建时间")
    copy_made_at: Moment | None = _element("JZJZZSJ", "加注件制作时间", default=None)
    copy_made_by: Text | None = _element("JZJZZZ", "加注件制作者", default=None)
    copy_reason: Text | None = _element("JZJZZSY", "加注件制作事由", default=None)
    copy_valid_until: Moment | None = _element("JZJYXQJZSJ", "加注件有效截止时间", default=None)
    #: Elements of one licence type, under names that begin with KZ_.
    extension: dict[Annotated[str, Field(pattern=r"^KZ_[0-9A-Za-z_]+$")], str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        identifier = LicenceId.from_stored(self.identifier)
        if identifier.issuer != self.issuer_code:
            raise ValueError("the identifier's issuer is not ZZBFJGDM")
        if identifier.type_code != self.type_code:
            raise ValueError("the identifier's type is not ZZLXDM")
        _read(partial(HolderNumber.parse, self.holder_code_type), self.holder_code)
        if self.valid_until.until is not None and self.valid_until.until < self.valid_from:
            raise ValueError("the validity ends before it begins")
        return self

    def elements(self) -> dict[str, str]:
        """Element code to text, in the standard's order, absent ones left out: for the file's custom data."""
        known: dict[str, str] = self.model_dump(by_alias=True, exclude_none=True, exclude={"extension"}, mode="json")
        return {**known, **dict(sorted(self.extension.items()))}

    @classmethod
    def of_elements(cls, elements: dict[str, str]) -> LicenceMetadata:
        """Back from `elements`; pydantic's ValidationError, without values, when they are none."""
        extension = {name: text for name, text in elements.items() if name.startswith("KZ_")}
        known = {name: text for name, text in elements.items() if name not in extension}
        return cls.model_validate({**known, "extension": extension})

    def __repr__(self) -> str:
        return f"LicenceMetadata({self.name}, hidden)"

    __str__ = __repr__


#: Element code to its Chinese name, without what is said of how it is written.
ELEMENT_NAMES = {
    field.serialization_alias: (field.description or "").partition("，")[0]
    for field in LicenceMetadata.model_fields.values()
    if field.serialization_alias
}
