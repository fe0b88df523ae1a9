"""审批局: cases of the bureau's own approval system, as the national case tables have them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar

from schemas.identifiers.holder import HolderCodeType, HolderNumber
from schemas.records.base import Record, Subject
from schemas.records.columns import (
    Address,
    Credit,
    Day,
    Flag,
    ItemCode,
    Long,
    Number,
    OrgName,
    PastDay,
    Person,
    Short,
    column,
    holder_number,
)


class ApplicantKind(StrEnum):
    """Who applies."""

    PERSON = "1"
    ORGANISATION = "2"


class Accept(Record):
    """An accepted case (bureau.accept, exchange table up_pro_accept)."""

    schema_name: ClassVar[str] = "bureau.accept"
    key_fields: ClassVar[tuple[str, ...]] = ("project_no",)
    ignored: ClassVar[frozenset[str]] = Record.ignored | {
        "task_handle_item", "catalog_code", "local_catalog_code", "local_task_code", "zip_code",
    }  # fmt: skip
    date_order: ClassVar[tuple[tuple[str, str], ...]] = (("applied_on", "accepted_on"), ("accepted_on", "promised_on"))

    project_no: Short = column("project_no", "办件编号", "case number")
    item_code: ItemCode = column("task_code", "事项实施编码", "code of the service item")
    item_name: Long | None = column("task_name", "事项名称", "name of the service item", default=None)
    item_version: Short | None = column("task_version", "事项版本", "version of the service item", default=None)
    project_name: Long | None = column("project_name", "申报名称", "name of the application", default=None)
    applicant_name: OrgName = column("applyer_name", "申请人名称", "applicant's name")
    applicant_kind: ApplicantKind = column("applyer_type", "申请人类型", "kind of applicant")
    applicant_number_type: HolderCodeType = column(
        "applyer_page_type", "申请人证件类型", "kind of the applicant's number"
    )
    applicant_number: Annotated[HolderNumber, holder_number("applicant_number_type")] = column(
        "applyer_page_code", "申请人证件号码", "applicant's number"
    )
    legal_representative: Person | None = column("legal", "法定代表人", "legal representative", default=None)
    contact_name: Person | None = column("contact_name", "联系人姓名", "contact person", default=None)
    contact_number_type: HolderCodeType | None = column(
        "contact_type", "联系人证件类型", "kind of the contact person's number", default=None
    )
    contact_number: Annotated[HolderNumber, holder_number("contact_number_type")] | None = column(
        "contact_code", "联系人证件号码", "contact person's number", default=None
    )
    contact_mobile: Short | None = column("contact_mobile", "联系人手机", "contact person's telephone", default=None)
    address: Address | None = column("address", "地址", "address", default=None)
    applied_on: PastDay = column("apply_date", "申请日期", "applied on")
    accepted_on: PastDay = column("accept_date", "受理日期", "accepted on")
    promised_on: Day | None = column("promise_date", "承诺办结日期", "promised by", default=None)
    apply_way: Short = column("apply_type", "申请方式", "how it was applied for")
    project_type: Short = column("project_type", "办件类型", "kind of case")
    office_code: Credit = column("org_code", "受理部门代码", "accepting office's credit code")
    office_name: OrgName = column("org_name", "受理部门", "accepting office")
    clerk: Person | None = column("handle_user_name", "受理人", "accepting clerk", default=None)
    document_no: Number | None = column(
        "accept_doc_no", "受理文书编号", "number of the notice of acceptance", default=None
    )

    def subjects(self) -> tuple[Subject, ...]:
        """The applicant and the case."""
        number = self.applicant_number
        kind: Subject
        if number.citizen:
            kind = Subject("citizen", number.number)
        elif number.company:
            kind = Subject("company", number.number)
        else:
            kind = Subject("other", number.number)
        return (kind, Subject("case", self.project_no))


class Decision(StrEnum):
    """How a case ended."""

    GRANTED = "1"
    REFUSED = "2"
    WITHDRAWN = "3"


class Result(Record):
    """A case's result (bureau.result, exchange table up_pro_result)."""

    schema_name: ClassVar[str] = "bureau.result"
    key_fields: ClassVar[tuple[str, ...]] = ("project_no",)
    ignored: ClassVar[frozenset[str]] = Record.ignored | {"satisfaction"}

    project_no: Short = column("project_no", "办件编号", "case number")
    decision: Decision = column("result_type", "办理结果", "decision")
    decided_on: PastDay = column("result_date", "办结日期", "decided on")
    explanation: Long | None = column("result_explain", "结果说明", "explanation", default=None)
    certificate_name: Long | None = column(
        "result_cetr_name", "结果证照名称", "name of the resulting licence", default=None
    )
    certificate_no: Long | None = column(
        "result_cetr_no", "结果证照编号", "numbers of the resulting licences", default=None
    )
    delivered: Flag | None = column("is_delivery_results", "是否送达", "whether it was delivered", default=None)

    def subjects(self) -> tuple[Subject, ...]:
        """The case."""
        return (Subject("case", self.project_no),)
