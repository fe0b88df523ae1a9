"""省市共享平台: what the sharing platform itself offers, gathered from many departments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from schemas.dates import Validity
from schemas.records.base import Record, Subject, legacy_subjects
from schemas.records.columns import (
    AnyNumber,
    Credit,
    Day,
    Division,
    Long,
    Moment,
    Number,
    OrgName,
    PastDay,
    Person,
    Quantity,
    Short,
    Until,
    column,
)


class LegalPerson(Record):
    """The base record of a legal person (platform.legal_person, table ca_dj_jbxx).

    The platform merges eleven registers under a key of its own; holders from before 2015 have no credit code.
    """

    schema_name: ClassVar[str] = "platform.legal_person"
    key_fields: ClassVar[tuple[str, ...]] = ("platform_id",)
    ignored: ClassVar[frozenset[str]] = Record.ignored | {
        "frfl", "frflxl", "djzlx", "jfly", "shzzlx", "qy_lx", "qy_lxdl", "hyml", "jgsws", "gt_zcxs", "dh", "yx",
        "datasource", "datasrdep", "datakeycontent", "createtime",
    }  # fmt: skip
    date_order: ClassVar[tuple[tuple[str, str], ...]] = (("registered_on", "approved_on"),)

    platform_id: Short = column("frwybs", "法人唯一标识", "platform's own key of the legal person")
    credit_code: Credit | None = column("tyxydm", "统一社会信用代码", "credit code", default=None)
    organisation_code: Short | None = column("zzjgdm", "组织机构代码", "organisation code", default=None)
    registration_no: Short | None = column("djzch", "登记注册号", "registration number", default=None)
    name: OrgName = column("frmc", "法人名称", "name")
    legal_representative: Person | None = column("fddbr", "法定代表人", "legal representative", default=None)
    representative_number_kind: Short | None = column(
        "fr_zjlx", "法定代表人证件类型", "kind of the representative's document", default=None
    )
    representative_number: AnyNumber | None = column(
        "fr_zjhm", "法定代表人证件号码", "number of the representative's document", default=None
    )
    office: OrgName | None = column("djjg", "登记机关", "registering office", default=None)
    supervisor: OrgName | None = column("zgjg", "主管机构", "supervising body", default=None)
    registered_on: PastDay | None = column("djrq", "登记日期", "registered on", default=None)
    approved_on: PastDay | None = column("hzrq", "核准日期", "last change approved on", default=None)
    state: Short | None = column("cxzt", "存续状态（代码待核实）", "state, code unverified", default=None)
    industry: Short | None = column("hydm", "行业代码", "industry code", default=None)
    employees: Quantity | None = column("cyrs", "从业人数", "number of employees", default=None)
    scope: Long | None = column("ywfw", "业务范围", "scope of business", default=None)
    capital: Quantity | None = column(
        "zczb", "注册资本（单位待核实）", "registered capital, unit unverified", default=None
    )
    capital_currency: Short | None = column("bm_bz", "币种代码", "currency code", default=None)
    valid_from: Day | None = column("jyqsrq", "经营起始日期", "business term from", default=None)
    valid_until: Until | None = column("jyjzrq", "经营截止日期", "business term until, may be 长期", default=None)
    updated_at: Moment | None = column("update_time", "更新时间", "changed at", default=None)

    def subjects(self) -> tuple[Subject, ...]:
        """The legal person under its credit code or, where it has none, another number; and those of before 2015."""
        legacy = legacy_subjects(self.credit_code, self.registration_no, self.organisation_code)
        if self.credit_code is not None:
            return (Subject("company", self.credit_code.text), *legacy)
        return (Subject("other", self.registration_no or self.organisation_code or self.platform_id), *legacy)

    def disagreements(self) -> Iterator[tuple[str, str]]:
        """The term of business cannot end before it begins."""
        yield from super().disagreements()
        end: Validity | None = self.valid_until
        if end is not None and end.until is not None and self.valid_from is not None and end.until < self.valid_from:
            yield "R-041", "valid_until"


class Permit(Record):
    """An administrative permit of any department (platform.permit, table ce_xkz_xzxkxx)."""

    schema_name: ClassVar[str] = "platform.permit"
    key_fields: ClassVar[tuple[str, ...]] = ("permit_name", "permit_no")
    ignored: ClassVar[frozenset[str]] = Record.ignored | {"jgmc", "xkqtxx"}

    platform_id: Short | None = column("frwybs", "法人唯一标识", "platform's own key of the holder", default=None)
    holder_name: OrgName = column("dwmc", "单位名称", "holder")
    holder_code: Credit = column("tyshxydm", "统一社会信用代码", "holder's credit code")
    permit_name: Number = column("xlmc", "证照名称", "name of the permit")
    permit_no: Number = column("xkzsbh", "许可证书编号", "number of the permit")
    content: Long | None = column("xknr", "许可内容", "what is permitted", default=None)
    authority: OrgName | None = column("xkjg", "许可机关", "permitting authority", default=None)
    granted_on: PastDay = column("xkrq", "许可日期", "granted on")
    state: Short | None = column("xkzt", "许可状态（代码待核实）", "state, code unverified", default=None)
    valid_from: Day | None = column("xkqs", "有效期起", "valid from", default=None)
    valid_until: Until | None = column("xkjz", "有效期止", "valid until, may be 长期", default=None)
    updated_at: Moment | None = column("update_time", "更新时间", "changed at", default=None)

    def subjects(self) -> tuple[Subject, ...]:
        """The holder."""
        return (Subject("company", self.holder_code.text),)

    def disagreements(self) -> Iterator[tuple[str, str]]:
        """A permit cannot end before it begins."""
        yield from super().disagreements()
        end: Validity | None = self.valid_until
        if end is not None and end.until is not None and self.valid_from is not None and end.until < self.valid_from:
            yield "R-041", "valid_until"


class SharedLicence(Record):
    """A licence as the platform's licence catalogue lists it (platform.licence, table up_lic_data)."""

    schema_name: ClassVar[str] = "platform.licence"
    key_fields: ClassVar[tuple[str, ...]] = ("licence_id",)

    licence_id: Number = column("certificate_source_id", "证照来源标识", "identifier at the source")
    licence_name: Long = column("certificate_name", "证照名称", "name of the licence")
    licence_type: Long | None = column("certificate_type", "证照类型", "kind of licence", default=None)
    licence_type_code: Number | None = column(
        "certificate_type_code", "证照类型代码", "code of the kind of licence", default=None
    )
    licence_no: Number = column("certificate_number", "证照编号", "number of the licence")
    area: Division | None = column("certificate_area_code", "所属行政区划代码", "division", default=None)
    holder_name: OrgName = column("certificate_holder", "持证者名称", "holder")
    holder_number: AnyNumber = column("holder_code", "持证者号码", "holder's number")
    holder_kind: Long | None = column("holder_type", "持证者号码类型", "kind of the holder's number", default=None)
    issued_on: PastDay = column("issue_date", "颁证时间", "issued on")
    issuer: OrgName = column("issue_dept", "颁证单位", "issuing organ")
    issuer_code: Credit | None = column("issue_dept_code", "颁证单位代码", "issuing organ's credit code", default=None)
    updated_at: Moment | None = column("update_time", "更新时间", "changed at", "U", default=None)

    def subjects(self) -> tuple[Subject, ...]:
        """The holder."""
        number = self.holder_number
        return (Subject("citizen" if number.citizen else "company" if number.company else "other", number.number),)
