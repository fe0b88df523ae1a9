"""不动产/住建: titles to real estate and housing-fund accounts."""

from __future__ import annotations

from typing import ClassVar

from schemas.records.base import Record, Subject
from schemas.records.columns import (
    Address,
    AnyNumber,
    Long,
    Number,
    OrgName,
    PastDay,
    Person,
    Quantity,
    Short,
    Yuan,
    column,
)


class Title(Record):
    """One owner's title to one unit of real estate (housing.title).

    A unit with two owners is two rows here: how a source joins several owners in one column is not
    known to us, and a number that is two numbers is refused rather than cut by guess.
    """

    schema_name: ClassVar[str] = "housing.title"
    key_fields: ClassVar[tuple[str, ...]] = ("title_no", "unit_no", "owner_number")

    title_no: Number = column("bdcqzh", "不动产权证号", "number of the title certificate")
    unit_no: Number = column("bdcdyh", "不动产单元号", "number of the real-estate unit")
    owner_name: OrgName = column("qlr", "权利人", "owner")
    owner_number: AnyNumber = column("qlrzjh", "权利人证件号", "number of the owner's document")
    location: Address = column("zl", "坐落", "location")
    right_kind: Short | None = column("qllx", "权利类型", "kind of right", default=None)
    right_nature: Short | None = column("qlxz", "权利性质", "nature of the right", default=None)
    use: Short | None = column("yt", "用途", "use", default=None)
    area: Quantity | None = column("mj", "面积（平方米，单位待核实）", "area, in square metres", default=None)
    term: Long | None = column("syqx", "使用期限", "term of use, as written", default=None)
    shares: Short | None = column("gyqk", "共有情况", "sole or joint ownership", default=None)
    registered_on: PastDay | None = column("djsj", "登记时间", "registered on", default=None)
    remark: Long | None = column("fj", "附记", "remarks", default=None)

    def subjects(self) -> tuple[Subject, ...]:
        """The owner and the unit."""
        number = self.owner_number
        kind = Subject("citizen" if number.citizen else "company" if number.company else "other", number.number)
        return (kind, Subject("other", self.unit_no))


class FundAccount(Record):
    """One person's account of the housing fund (housing.fund)."""

    schema_name: ClassVar[str] = "housing.fund"
    key_fields: ClassVar[tuple[str, ...]] = ("account_no",)

    account_no: Number = column("grzh", "个人账号", "personal account")
    employer_account_no: Number | None = column("dwzh", "单位账号", "employer's account", default=None)
    branch: Short | None = column("jgh", "机构号", "branch", default=None)
    name: Person = column("xm", "姓名", "name")
    number_kind: Short | None = column("zjlx", "证件类型", "kind of document", default=None)
    number: AnyNumber = column("zjhm", "证件号码", "number of the document")
    base: Yuan | None = column("grjcjs", "个人缴存基数（元，单位待核实）", "contribution base, in yuan", default=None)

    def subjects(self) -> tuple[Subject, ...]:
        """The account's holder."""
        return (Subject("citizen" if self.number.citizen else "other", self.number.number),)
