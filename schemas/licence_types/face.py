"""From records to the words on a licence's face."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from schemas.dates import Validity, chinese_date
from schemas.errors import FaceIncomplete
from schemas.identifiers.credit import CreditCode
from schemas.identifiers.licence import LicenceId
from schemas.licence_types.model import FaceField, LicenceType
from schemas.money import Money
from schemas.records import Accept, Record, Result


@dataclass(frozen=True, slots=True)
class FaceSources:
    """Where the words of one licence come from.

    Attributes:
        evidence: material code to the record that proved it.
        accept: the case as accepted.
        result: the case's decision.
        number: the licence's number.
        identifier: its identifier.
        issued_on: the day printed as date of issue.
        validity: until when.
        issuer_name: the issuing organ as it stands on the face.
        issuer_code: its credit code.
    """

    evidence: Mapping[str, Record]
    accept: Accept
    result: Result
    number: str
    identifier: LicenceId
    issued_on: date
    validity: Validity
    issuer_name: str
    issuer_code: CreditCode


def fill(kind: LicenceType, sources: FaceSources) -> tuple[tuple[FaceField, str], ...]:
    """Every line of the face with its words, in order.

    Raises:
        FaceIncomplete: a line has no value; the message names the lines.
    """
    lines = tuple((line, _words(_value(line, sources))) for line in kind.face)
    empty = [line.label for line, words in lines if not words]
    if empty:
        raise FaceIncomplete(
            f"{kind.name}: no value for {'、'.join(empty)}; nothing was drawn and no number was used. "
            "Have the department complete the record, then run the issue again.",
            tuple(empty),
        )
    return lines


def _value(line: FaceField, sources: FaceSources) -> Any:
    name = line.field or ""
    if line.source == "text":
        return line.text
    if line.source == "evidence":
        record = sources.evidence.get(line.material or "")
        return None if record is None else getattr(record, name)
    if line.source == "issuer":
        return {"name": sources.issuer_name, "credit_code": sources.issuer_code}[name]
    if line.source == "licence":
        return getattr(sources, name)
    return getattr(sources.accept if line.source == "accept" else sources.result, name)


def _words(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Money | Validity):
        return value.chinese
    if isinstance(value, CreditCode | LicenceId):
        return value.text
    if isinstance(value, date):
        return chinese_date(value)
    return str(value)
