"""市场监管: companies as an open data set publishes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import Field

from schemas.errors import AmountRefused
from schemas.money import parse_capital
from schemas.records.base import Record, Subject
from schemas.records.columns import Address, Capital, Credit, Number, OrgName, PastDay, Person, Short, column


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
