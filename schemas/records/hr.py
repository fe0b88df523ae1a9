"""人社: social insurance and vocational qualifications."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import ClassVar

from schemas.identifiers.citizen import Sex
from schemas.records.base import Record, Subject, person_disagreements
from schemas.records.columns import Citizen, Credit, MonthEnd, Number, OrgName, PastDay, Person, Yuan, column


class InsuranceKind(StrEnum):
    """Kinds of social insurance; the word list is unverified."""

    PENSION = "职工养老"
    MEDICAL = "职工医疗"
    UNEMPLOYMENT = "失业"
    INJURY = "工伤"
    MATERNITY = "生育"


class PaymentState(StrEnum):
    """Whether contributions are being paid."""

    NORMAL = "正常"
    INTERRUPTED = "中断"
    ENDED = "终止"


class Insurance(Record):
    """One person's insurance of one kind (hr.insurance, file cf_bx_sbxx)."""

    schema_name: ClassVar[str] = "hr.insurance"
    key_fields: ClassVar[tuple[str, ...]] = ("citizen_id", "kind")
    ignored: ClassVar[frozenset[str]] = Record.ignored | {"mz", "rybh", "lsh", "xzqh", "hkdz"}
    date_order: ClassVar[tuple[tuple[str, str], ...]] = (("born", "insured_since"),)

    citizen_id: Citizen = column("zjhm", "证件号码", "citizen number")
    name: Person = column("xm", "姓名", "name")
    sex: Sex | None = column("xb", "性别", "sex", default=None)
    born: PastDay | None = column("csrq", "出生日期", "birth date", default=None)
    employer: OrgName | None = column("dwmc", "单位名称", "employer", "U", default=None)
    employer_code: Credit | None = column("dwshxydm", "单位社会信用代码", "employer's credit code", "U", default=None)
    kind: InsuranceKind = column("xz", "险种", "kind of insurance")
    insured_since: PastDay | None = column("cbrq", "参保日期", "insured since", default=None)
    payment_state: PaymentState = column("jfzt", "缴费状态", "state of payment")
    base: Yuan | None = column("jfjs", "缴费基数（元）", "contribution base, in yuan", default=None)
    paid_through: MonthEnd | None = column(
        "jfqz", "缴费起止（至）", "last day of the last month paid", "U", default=None
    )

    def subjects(self) -> tuple[Subject, ...]:
        """The insured person."""
        return (Subject("citizen", self.citizen_id.text),)

    def disagreements(self) -> Iterator[tuple[str, str]]:
        """The number against the birth date and sex beside it."""
        yield from super().disagreements()
        yield from person_disagreements(
            self.citizen_id, born=self.born, born_field="born", sex=self.sex, sex_field="sex"
        )


class VocationalLevel(StrEnum):
    """Grades, the fifth being the lowest."""

    FIFTH = "五级"
    FOURTH = "四级"
    THIRD = "三级"
    SECOND = "二级"
    FIRST = "一级"


class Vocational(Record):
    """A vocational qualification (hr.vocational, file zyzg)."""

    schema_name: ClassVar[str] = "hr.vocational"
    key_fields: ClassVar[tuple[str, ...]] = ("certificate_no",)
    date_order: ClassVar[tuple[tuple[str, str], ...]] = (("born", "issued_on"),)

    certificate_no: Number = column("zyzgzsbh", "职业资格证书编号", "certificate number")
    citizen_id: Citizen = column("zjhm", "证件号码", "citizen number")
    name: Person = column("xm", "姓名", "name")
    sex: Sex | None = column("xb", "性别", "sex", default=None)
    born: PastDay | None = column("csrq", "出生日期", "birth date", default=None)
    occupation: Number = column("zygz", "职业（工种）", "occupation")
    level: VocationalLevel = column("zydj", "职业等级", "grade")
    issuer: OrgName | None = column("bzjg", "颁证机构", "issuing body", default=None)
    issued_on: PastDay = column("zsbfrq", "证书颁发日期", "issued on")

    def subjects(self) -> tuple[Subject, ...]:
        """The qualified person."""
        return (Subject("citizen", self.citizen_id.text),)

    def disagreements(self) -> Iterator[tuple[str, str]]:
        """The number against the birth date and sex beside it."""
        yield from super().disagreements()
        yield from person_disagreements(
            self.citizen_id, born=self.born, born_field="born", sex=self.sex, sex_field="sex"
        )
