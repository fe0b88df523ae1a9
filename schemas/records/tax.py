"""税务: registrations and payments."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from schemas.records.base import Record, Subject
from schemas.records.columns import (
    Address,
    Capital,
    Citizen,
    Credit,
    Day,
    Long,
    Moment,
    Number,
    OrgName,
    PastDay,
    Person,
    Short,
    Yuan,
    column,
)


class TaxpayerState(StrEnum):
    """State of a tax registration; the word list is unverified."""

    NORMAL = "正常"
    SUSPENDED = "停业"
    ABNORMAL = "非正常"
    CANCELLED = "注销"


class TaxRegistration(Record):
    """A tax registration (tax.registration, interface cf_ss_swdjxx)."""

    schema_name: ClassVar[str] = "tax.registration"
    key_fields: ClassVar[tuple[str, ...]] = ("taxpayer_no",)
    ignored: ClassVar[frozenset[str]] = Record.ignored | {"zzjgdm", "yhzh"}
    date_order: ClassVar[tuple[tuple[str, str], ...]] = (("registered_on", "abnormal_since"),)

    taxpayer_no: Short = column("nsrsbh", "纳税人识别号", "taxpayer number")
    taxpayer_name: OrgName = column("nsrmc", "纳税人名称", "taxpayer's name")
    credit_code: Credit = column("shxydm", "社会信用代码", "credit code")
    legal_representative: Person = column("fddbrxm", "法定代表人姓名", "legal representative")
    legal_representative_id: Citizen = column("sfzhm", "法定代表人身份证号码", "legal representative's citizen number")
    authority: OrgName | None = column("zgbm", "主管税务部门", "competent tax office", default=None)
    registered_on: PastDay = column("djrq", "登记日期", "registered on")
    state: TaxpayerState = column("qyzt", "企业状态", "taxpayer's state")
    abnormal_since: PastDay | None = column("fzch", "非正常认定日", "declared abnormal on", default=None)
    registration_type: Short | None = column("djzclxmc", "登记注册类型", "kind of registration", default=None)
    capital: Capital | None = column("zczb", "注册资本", "registered capital", "U", default=None)
    scope: Long | None = column("jyfw", "经营范围", "scope of business", "U", default=None)
    address: Address | None = column("zcdz", "注册地址", "registered address", "U", default=None)
    updated_at: Moment | None = column("update_time", "更新时间", "changed at", default=None)

    def subjects(self) -> tuple[Subject, ...]:
        """The taxpayer."""
        return (Subject("company", self.credit_code.text),)


class ClearanceState(StrEnum):
    """What a certificate of payment says."""

    PAID = "已完税"
    IN_ARREARS = "欠税"
    CLEARED = "已清税"


class TaxClearance(Record):
    """A certificate of tax payment (tax.clearance, interface cf_ss_wqxx).

    The columns of the real clearance certificate (清税证明) are not known to us: all of them are
    unverified.
    """

    schema_name: ClassVar[str] = "tax.clearance"
    key_fields: ClassVar[tuple[str, ...]] = ("certificate_no",)
    date_order: ClassVar[tuple[tuple[str, str], ...]] = (("period_from", "period_to"),)

    certificate_no: Number = column("zmbh", "证明编号", "certificate number", "U")
    credit_code: Credit = column("shxydm", "社会信用代码", "credit code", "U")
    taxpayer_name: OrgName = column("nsrmc", "纳税人名称", "taxpayer's name", "U")
    period_from: Day | None = column("skssqz", "税款所属期起", "tax period from", "U", default=None)
    period_to: Day | None = column("skssqz_end", "税款所属期止", "tax period to", "U", default=None)
    paid: Yuan | None = column("sjje", "实缴金额（元）", "tax paid, in yuan", "U", default=None)
    arrears: Yuan | None = column("qsje", "欠税金额（元）", "tax owed, in yuan", "U", default=None)
    issued_on: PastDay = column("kjrq", "开具日期", "issued on", "U")
    state: ClearanceState = column("zt", "状态", "state", "U")
    updated_at: Moment | None = column("update_time", "更新时间", "changed at", "U", default=None)

    def subjects(self) -> tuple[Subject, ...]:
        """The taxpayer."""
        return (Subject("company", self.credit_code.text),)
