"""公安: household registration and birth registration."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from schemas.identifiers.citizen import CitizenId, Sex
from schemas.records.base import Record, Subject, person_disagreements
from schemas.records.columns import Citizen, Number, PastDay, Person, Short, column


class Household(Record):
    """One person of the household register (police.household).

    Only what a material needs is taken of a table of more than a hundred columns.
    """

    schema_name: ClassVar[str] = "police.household"
    key_fields: ClassVar[tuple[str, ...]] = ("citizen_id",)

    citizen_id: Citizen = column("gmsfhm", "公民身份号码", "citizen number")
    name: Person = column("xm", "姓名", "name")
    sex: Sex = column("xb", "性别", "sex")
    ethnicity: Short | None = column("mz", "民族", "ethnic group", default=None)
    born: PastDay = column("csrq", "出生日期", "birth date")
    household_no: Number | None = column("hh", "户号", "number of the household", default=None)
    relation: Short | None = column("yhzgx", "与户主关系", "relation to the head of the household", default=None)
    station: Number | None = column("pcs", "派出所", "police station", default=None)

    def subjects(self) -> tuple[Subject, ...]:
        """The person."""
        return (Subject("citizen", self.citizen_id.text),)

    def disagreements(self) -> Iterator[tuple[str, str]]:
        """The number against the birth date and sex beside it."""
        yield from super().disagreements()
        yield from person_disagreements(
            self.citizen_id, born=self.born, born_field="born", sex=self.sex, sex_field="sex"
        )


class BirthRegistration(Record):
    """The registration of a birth (police.birth)."""

    schema_name: ClassVar[str] = "police.birth"
    key_fields: ClassVar[tuple[str, ...]] = ("registration_no",)

    registration_no: Number = column("ywlsh", "业务流水号", "number of the registration")
    certificate_no: Number | None = column("cszmbh", "出生证明编号", "number of the birth certificate", default=None)
    citizen_id: Citizen = column("gmsfhm", "公民身份号码", "child's citizen number")
    name: Person = column("xm", "姓名", "child's name")
    sex: Sex = column("xb", "性别", "child's sex")
    born: PastDay = column("csrq", "出生日期", "child's birth date")
    father_name: Person | None = column("fqxm", "父亲姓名", "father's name", default=None)
    father_id: Citizen | None = column("fqgmsfhm", "父亲公民身份号码", "father's citizen number", default=None)
    mother_name: Person | None = column("mqxm", "母亲姓名", "mother's name", default=None)
    mother_id: Citizen | None = column("mqgmsfhm", "母亲公民身份号码", "mother's citizen number", default=None)
    guardian_name: Person | None = column("jhryxm", "监护人一姓名", "first guardian's name", default=None)
    guardian_id: Citizen | None = column(
        "jhrygmsfhm", "监护人一公民身份号码", "first guardian's citizen number", default=None
    )
    station: Number | None = column("pcs", "派出所", "police station", default=None)

    def subjects(self) -> tuple[Subject, ...]:
        """The child, the parents and the guardian, each once."""
        people: dict[str, CitizenId] = {
            number.text: number
            for number in (self.citizen_id, self.father_id, self.mother_id, self.guardian_id)
            if number is not None
        }
        return tuple(Subject("citizen", text) for text in people)

    def disagreements(self) -> Iterator[tuple[str, str]]:
        """Each number against what stands beside it: the child's dates, a father's and a mother's sex."""
        yield from super().disagreements()
        yield from person_disagreements(
            self.citizen_id, born=self.born, born_field="born", sex=self.sex, sex_field="sex"
        )
        yield from person_disagreements(self.father_id, born=None, born_field="", sex=Sex.MALE, sex_field="father_id")
        yield from person_disagreements(self.mother_id, born=None, born_field="", sex=Sex.FEMALE, sex_field="mother_id")
