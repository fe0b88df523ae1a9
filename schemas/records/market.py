"""市场监管: companies as an open data set publishes them, and the register's own tables of entities and people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import Field

from schemas.dates import Validity
from schemas.errors import AmountRefused
from schemas.money import parse_capital
from schemas.records.base import Record, Subject, legacy_subjects
from schemas.records.columns import (
    Address,
    AnyNumber,
    Capital,
    Credit,
    Day,
    Flag,
    Number,
    OrgName,
    PastDay,
    Person,
    Quantity,
    Short,
    Until,
    column,
)


class Company(Record):
    """A registered company (market.company, CSV file).

    The division inside the credit code is the registering office's and need not be the address's.
    """

    schema_name: ClassVar[str] = "market.company"
    key_fields: ClassVar[tuple[str, ...]] = ("credit_code",)

    source_year: Annotated[int, Field(ge=1900, le=2999)] | None = column(
        "source_year", "数据年份", "year of the data", default=None
    )
    name: OrgName = column("name", "企业名称", "name")
    credit_code: Credit = column("code", "统一社会信用代码", "credit code")
    registered_on: PastDay = column("registered_on", "成立日期", "registered on")
    kind: Number | None = column("type", "企业类型", "kind of company", default=None)
    legal_representative: Person | None = column(
        "legal_rep_masked", "法定代表人（已脱敏）", "legal representative, masked by the publisher", default=None
    )
    capital: Capital | None = column("capital", "注册资本", "registered capital", default=None)
    scope: Annotated[str, Field(strict=True, max_length=4000)] | None = column(
        "scope", "经营范围", "scope of business", default=None
    )
    province: Short | None = column("province", "省份", "province", default=None)
    city: Short | None = column("city", "城市", "city", default=None)
    address: Address | None = column("address", "地址", "address", default=None)
    code_class: Short | None = column("code_class", "代码类别", "publisher's remark on the code", "D", default=None)
    flags: Number | None = column("flags", "清洗标记", "publisher's remarks on the row", "D", default=None)

    def subjects(self) -> tuple[Subject, ...]:
        """The company."""
        return (Subject("company", self.credit_code.text),)

    def disagreements(self) -> Iterator[tuple[str, str]]:
        """A capital under `type` is the sign of a row shifted by an unquoted comma."""
        yield from super().disagreements()
        if self.kind is not None and self.kind[0].isdigit():
            try:
                parse_capital(self.kind)
            except AmountRefused:
                return
            yield "R-005", ""


class Entity(Record):
    """A registered entity as the register itself keeps it (market.entity, table E_BASEINFO).

    The register's own key is `pripid`: holders from before 2015 have a registration number and no
    credit code. The capital is a bare number whose currency stands in a column of its own.
    """

    schema_name: ClassVar[str] = "market.entity"
    key_fields: ClassVar[tuple[str, ...]] = ("entity_id",)
    date_order: ClassVar[tuple[tuple[str, str], ...]] = (("established_on", "approved_on"),)

    entity_id: Number = column("pripid", "主体身份代码", "register's own key of the entity")
    credit_code: Credit | None = column("uniscid", "统一社会信用代码", "credit code", default=None)
    registration_no: Short | None = column("regno", "注册号", "registration number", default=None)
    entity_name: OrgName = column("entname", "企业名称", "name")
    legal_representative: Person | None = column("name", "法定代表人姓名", "legal representative", default=None)
    office: Short | None = column("regorg", "登记机关", "registering office", default=None)
    established_on: PastDay = column("estdate", "成立日期", "established on")
    state: Short = column("regstate", "登记状态（代码待核实）", "state, code unverified")
    scope: Annotated[str, Field(strict=True, max_length=4000)] | None = column(
        "opscope", "经营范围", "scope of business", default=None
    )
    capital: Quantity | None = column(
        "regcap", "注册资本（万元，单位待核实）", "registered capital, in 10,000 of the currency", default=None
    )
    capital_currency: Short | None = column("regcapcur", "注册资本币种", "currency of the capital", default=None)
    industry: Short | None = column("industryco", "行业代码", "industry code", default=None)
    approved_on: PastDay | None = column("apprdate", "核准日期", "last change approved on", default=None)
    valid_from: Day | None = column("opfrom", "经营期限自", "business term from", default=None)
    valid_until: Until | None = column("opto", "经营期限至", "business term until, may be 长期", default=None)
    report_kind: Short | None = column("reporttype", "年报类型", "kind of annual report", default=None)

    def subjects(self) -> tuple[Subject, ...]:
        """The entity under its credit code where it has one, the register's own key, and its numbers of before 2015."""
        found = () if self.credit_code is None else (Subject("company", self.credit_code.text),)
        legacy = legacy_subjects(self.credit_code, self.registration_no, None)
        return (*found, Subject("other", self.entity_id), *legacy)

    def disagreements(self) -> Iterator[tuple[str, str]]:
        """The term of business cannot end before it begins."""
        yield from super().disagreements()
        end: Validity | None = self.valid_until
        if end is not None and end.until is not None and self.valid_from is not None and end.until < self.valid_from:
            yield "R-041", "valid_until"


class Officer(Record):
    """A person in office at an entity (market.person, table E_PRI_PERSON); one row an office."""

    schema_name: ClassVar[str] = "market.person"
    key_fields: ClassVar[tuple[str, ...]] = ("entity_id", "number", "position")
    ignored: ClassVar[frozenset[str]] = Record.ignored | {
        "sex", "natdate", "dom", "postalcode", "tel", "litdeg", "nation", "polstand", "occst",
    }  # fmt: skip

    entity_id: Number = column("pripid", "主体身份代码", "register's own key of the entity")
    name: Person = column("name", "姓名", "name")
    position: Short = column("position", "职务", "office held")
    legal_representative: Flag | None = column(
        "lerepsign", "法定代表人标志", "whether the person represents the entity", default=None
    )
    number_kind: Short | None = column(
        "certype", "证件类型（代码待核实）", "kind of document, code unverified", default=None
    )
    number: AnyNumber = column("cerno", "证件号码", "number of the document")
    country: Short | None = column("country", "国别", "country", default=None)

    def subjects(self) -> tuple[Subject, ...]:
        """The person, and the entity under the register's own key."""
        return (
            Subject("citizen" if self.number.citizen else "other", self.number.number),
            Subject("other", self.entity_id),
        )
