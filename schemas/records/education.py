"""教育: enrolments and qualifications. What the department's own columns are called is not known to us.

The columns below bear the hub's own English names, so that nothing here can be mistaken for a name
somebody has seen; every one is marked U. When the department has sent its real columns, they become
the aliases, and the schema's version goes up.
"""

from __future__ import annotations

from typing import ClassVar

from schemas.records.base import Record, Subject
from schemas.records.columns import Citizen, Number, OrgName, PastDay, Person, Short, column


class Enrolment(Record):
    """A pupil's or student's enrolment 学籍 (education.enrolment); every column is unverified."""

    schema_name: ClassVar[str] = "education.enrolment"
    key_fields: ClassVar[tuple[str, ...]] = ("citizen_id", "school_name", "enrolled_on")

    citizen_id: Citizen = column("citizen_id", "公民身份号码", "citizen number", "U")
    name: Person = column("name", "姓名", "name", "U")
    school_name: OrgName = column("school_name", "学校名称", "school", "U")
    grade: Short | None = column("grade", "年级", "grade", "U", default=None)
    enrolled_on: PastDay = column("enrolled_on", "入学日期", "enrolled on", "U")
    state: Short | None = column("state", "学籍状态", "state of the enrolment", "U", default=None)

    def subjects(self) -> tuple[Subject, ...]:
        """The pupil."""
        return (Subject("citizen", self.citizen_id.text),)


class Qualification(Record):
    """A graduate's qualification 学历 (education.qualification); every column is unverified."""

    schema_name: ClassVar[str] = "education.qualification"
    key_fields: ClassVar[tuple[str, ...]] = ("certificate_no",)
    date_order: ClassVar[tuple[tuple[str, str], ...]] = (("enrolled_on", "graduated_on"),)

    certificate_no: Number = column("certificate_no", "证书编号", "certificate number", "U")
    citizen_id: Citizen = column("citizen_id", "公民身份号码", "citizen number", "U")
    name: Person = column("name", "姓名", "name", "U")
    school_name: OrgName = column("school_name", "学校名称", "school", "U")
    level: Short = column("level", "学历层次", "level", "U")
    subject: Number | None = column("subject", "专业名称", "subject of study", "U", default=None)
    enrolled_on: PastDay | None = column("enrolled_on", "入学日期", "enrolled on", "U", default=None)
    graduated_on: PastDay = column("graduated_on", "毕业日期", "graduated on", "U")

    def subjects(self) -> tuple[Subject, ...]:
        """The graduate."""
        return (Subject("citizen", self.citizen_id.text),)
