"""卫健: birth certificates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from schemas.identifiers.citizen import Sex
from schemas.records.base import Record, Subject, person_disagreements
from schemas.records.columns import AnyNumber, Number, PastDay, Person, column

#: Of the 33 elements of the data set HRB01.01 these seven answer who was born when to whom.
_TAKEN = (1, 2, 4, 20, 24, 25, 29)


class BirthCertificate(Record):
    """A medical certificate of birth (health.birth_certificate, data set HRB01.01).

    The other 26 elements (place, weeks, weight, health …) are nobody's business here and are left out.
    """

    schema_name: ClassVar[str] = "health.birth_certificate"
    key_fields: ClassVar[tuple[str, ...]] = ("certificate_no",)
    # `update_time` orders the rows of the service and is no element of the data set
    ignored: ClassVar[frozenset[str]] = (
        Record.ignored | {"update_time"} | {f"hrb01_01_{number:03d}" for number in range(1, 34) if number not in _TAKEN}
    )

    certificate_no: Number = column("hrb01_01_001", "出生医学证明编号", "certificate number")
    name: Person = column("hrb01_01_002", "新生儿姓名", "child's name")
    born: PastDay = column("hrb01_01_004", "新生儿出生日期时间", "child's birth date")
    mother_name: Person = column("hrb01_01_020", "母亲姓名", "mother's name")
    mother_number: AnyNumber = column("hrb01_01_024", "母亲身份证件号码", "number of the mother's document")
    father_name: Person | None = column("hrb01_01_025", "父亲姓名", "father's name", default=None)
    father_number: AnyNumber | None = column(
        "hrb01_01_029", "父亲身份证件号码", "number of the father's document", default=None
    )

    def subjects(self) -> tuple[Subject, ...]:
        """The parents; the child has no number yet and is found by the certificate's."""
        parents = [number for number in (self.mother_number, self.father_number) if number is not None]
        return (
            *(Subject("citizen" if number.citizen else "other", number.number) for number in parents),
            Subject("other", self.certificate_no),
        )

    def disagreements(self) -> Iterator[tuple[str, str]]:
        """A mother's and a father's citizen number says their sex."""
        yield from super().disagreements()
        for side, number, sex in (
            ("mother_number", self.mother_number, Sex.FEMALE),
            ("father_number", self.father_number, Sex.MALE),
        ):
            if number is not None:
                yield from person_disagreements(number.citizen, born=None, born_field="", sex=sex, sex_field=side)
