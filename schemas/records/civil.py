"""民政: marriage registrations and social organisations."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar

from schemas.dates import Validity
from schemas.identifiers.citizen import CitizenId, Sex
from schemas.identifiers.holder import HolderCodeType, HolderNumber
from schemas.records.base import Record, Subject, person_disagreements
from schemas.records.columns import (
    Address,
    CapitalInWan,
    Citizen,
    Credit,
    Flag,
    Long,
    Number,
    OrgName,
    PastDay,
    Person,
    Short,
    Until,
    column,
    holder_number,
)


class MarriageOperation(StrEnum):
    """What was registered."""

    MARRIAGE = "IA"
    DIVORCE = "IB"
    MARRIAGE_REISSUE = "ICA"
    DIVORCE_REISSUE = "ICB"


class Marriage(Record):
    """A marriage or divorce registration (civil.marriage, exchange table up_marriage)."""

    schema_name: ClassVar[str] = "civil.marriage"
    key_fields: ClassVar[tuple[str, ...]] = ("certificate_no",)
    ignored: ClassVar[frozenset[str]] = Record.ignored | {
        "print_num", "old_cert_no", "doc_code", "doc_year", "doc_no",
        "reg_detail_man", "reg_detail_woman", "marry_status_man", "marry_status_woman",
    }  # fmt: skip
    date_order: ClassVar[tuple[tuple[str, str], ...]] = (("man_born", "registered_on"), ("woman_born", "registered_on"))

    operation: MarriageOperation = column("op_type", "业务类型", "kind of registration")
    certificate_no: Number = column("cert_no", "证件字号", "certificate number")
    registered_on: PastDay = column("op_date", "登记日期", "registered on")
    office_code: Short | None = column("dept_code", "登记机关代码", "registering office's code", default=None)
    office_name: OrgName | None = column("dept_name", "登记机关", "registering office", default=None)
    man_name: Person = column("name_man", "男方姓名", "man's name")
    man_born: PastDay | None = column("birth_man", "男方出生日期", "man's birth date", default=None)
    man_number_type: HolderCodeType = column("cert_type_man", "男方证件类型", "kind of the man's document")
    man_number: Annotated[HolderNumber, holder_number("man_number_type")] = column(
        "cert_num_man", "男方证件号码", "number of the man's document"
    )
    man_nationality: Short | None = column("nation_man", "男方国籍", "man's nationality", default=None)
    man_ethnicity: Short | None = column("folk_man", "男方民族", "man's ethnic group", default=None)
    woman_name: Person = column("name_woman", "女方姓名", "woman's name")
    woman_born: PastDay | None = column("birth_woman", "女方出生日期", "woman's birth date", default=None)
    woman_number_type: HolderCodeType = column("cert_type_woman", "女方证件类型", "kind of the woman's document")
    woman_number: Annotated[HolderNumber, holder_number("woman_number_type")] = column(
        "cert_num_woman", "女方证件号码", "number of the woman's document"
    )
    woman_nationality: Short | None = column("nation_woman", "女方国籍", "woman's nationality", default=None)
    woman_ethnicity: Short | None = column("folk_woman", "女方民族", "woman's ethnic group", default=None)
    valid: Flag = column("valid_flag", "有效标志", "whether the registration is in force")

    def subjects(self) -> tuple[Subject, ...]:
        """Both people."""
        return tuple(
            Subject("citizen" if number.citizen else "other", number.number)
            for number in (self.man_number, self.woman_number)
        )

    def disagreements(self) -> Iterator[tuple[str, str]]:
        """Each number against the birth date and side it stands on."""
        yield from super().disagreements()
        sides: tuple[tuple[str, HolderNumber | None, date | None, Sex], ...] = (
            ("man", self.man_number, self.man_born, Sex.MALE),
            ("woman", self.woman_number, self.woman_born, Sex.FEMALE),
        )
        for side, number, born, sex in sides:
            citizen: CitizenId | None = number.citizen if number else None
            yield from person_disagreements(
                citizen, born=born, born_field=f"{side}_born", sex=sex, sex_field=f"{side}_number"
            )


class SocialOrgKind(StrEnum):
    """The three kinds of social organisations."""

    ASSOCIATION = "社会团体"
    PRIVATE_NON_ENTERPRISE = "民办非企业单位"
    FOUNDATION = "基金会"


class SocialOrgState(StrEnum):
    """Registration state."""

    NORMAL = "正常"
    CANCELLED = "注销"
    REVOKED = "撤销"


class SocialOrg(Record):
    """A registered social organisation (civil.social_org, exchange table up_social_org)."""

    schema_name: ClassVar[str] = "civil.social_org"
    key_fields: ClassVar[tuple[str, ...]] = ("credit_code",)
    ignored: ClassVar[frozenset[str]] = Record.ignored | {"id"}

    credit_code: Credit = column("tyxydm", "统一社会信用代码", "credit code")
    name: OrgName = column("dwmc", "单位名称", "name")
    kind: SocialOrgKind = column("zzlx", "组织类型", "kind", "U")
    legal_representative: Person = column("frxm", "法定代表人姓名", "legal representative")
    legal_representative_id: Citizen = column("frsfz", "法定代表人身份证号", "legal representative's citizen number")
    supervisor: OrgName | None = column("ywzgdw", "业务主管单位", "supervising unit", default=None)
    established_on: PastDay = column("clsj", "成立时间", "established on")
    scope: Long | None = column("ywfw", "业务范围", "scope of business", default=None)
    capital: CapitalInWan | None = column("kbzj", "开办资金（万元）", "founding funds, in 10,000 yuan", default=None)
    address: Address | None = column("zs", "住所", "address", "U", default=None)
    state: SocialOrgState = column("zt", "状态", "state", "U")
    valid_until: Until | None = column("yxqz", "有效期至", "valid until, may be 长期", "U", default=None)

    def subjects(self) -> tuple[Subject, ...]:
        """The organisation."""
        return (Subject("company", self.credit_code.text),)

    def disagreements(self) -> Iterator[tuple[str, str]]:
        """The certificate cannot end before the organisation began."""
        yield from super().disagreements()
        end: Validity | None = self.valid_until
        if (
            end is not None
            and end.until is not None
            and self.established_on is not None
            and end.until < self.established_on
        ):
            yield "R-041", "valid_until"
