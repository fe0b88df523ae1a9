"""One ID number answers what a service item needs: its fields, their source and age, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from connectors.registry import declaration as declared
from core.clock import SHANGHAI
from core.errors import HubError, Permanent, Rejected
from hub.caller import operator
from hub.context import Hub
from hub.evidence import Evidence, MaterialEvidence, gather
from hub.wording import in_words
from schemas.errors import IdentifierRefused
from schemas.identifiers.check import check
from schemas.identifiers.citizen import CitizenId
from schemas.identifiers.credit import CreditCode
from schemas.items import item as item_of
from schemas.records.base import Subject
from store import audit
from store.audit import About, Trace, Usage
from store.connection import transaction


class PurposeMissing(Permanent):
    """A lookup that does not say what it is for."""

    code: ClassVar[str] = "HUB-703"


class SubjectUnfit(Rejected):
    """The number is right, but the item does not serve its kind of subject."""

    code: ClassVar[str] = "HUB-704"


@dataclass(frozen=True, slots=True, repr=False)
class MaterialAnswer:
    """One material: its state, the released fields by their Chinese labels, the source and its age."""

    code: str
    name: str
    state: str
    source: str
    facts: tuple[dict[str, str], ...]
    as_of: datetime | None
    batch: int | None

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "code": self.code,
            "name": self.name,
            "state": self.state,
            "source": self.source,
            "facts": list(self.facts),
            "as_of": self.as_of.isoformat() if self.as_of else None,
            "batch": self.batch,
        }


@dataclass(frozen=True, slots=True, repr=False)
class Answer:
    """Everything the item needs of the one asked about."""

    item: str
    item_name: str
    complete: bool
    materials: tuple[MaterialAnswer, ...]

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "item": self.item,
            "item_name": self.item_name,
            "complete": self.complete,
            "materials": [material.to_dict() for material in self.materials],
        }


def lookup(
    hub: Hub,
    *,
    item: str,
    identifier: str,
    purpose: str,
    case_no: str | None = None,
    caller: str = "hub-command",
    organ: str = "",
) -> Answer:
    """Answer and log, in that order of commitment: the entry is in the audit log before the answer leaves.

    Args:
        item: code of the service item; it decides which fields may be released.
        identifier: citizen number or credit code, of the kind the item serves.
        purpose: what the facts are for.
        caller, organ: who asks; by default the operator of this command.

    Raises:
        PurposeMissing, ItemUnknown, IdentifierRefused, SubjectUnfit: refused, and logged as refused.
    """
    subject: Subject | None = None
    try:
        if not purpose.strip():
            raise PurposeMissing("a lookup needs a purpose; nothing was looked up. Say what the facts are for.")
        wanted = item_of(item)
        subject = _subject(identifier, wanted.roles["applicant"].kinds)
        evidence = gather(hub, wanted, subject)
    except HubError as error:
        _log(hub, item, case_no, purpose, caller, organ, subject, f"refused {error.code}", None)
        raise
    answer = Answer(
        item=wanted.code,
        item_name=wanted.name,
        complete=evidence.complete,
        materials=tuple(_answer(part) for part in evidence.materials),
    )
    _log(hub, item, case_no, purpose, caller, organ, subject, "complete" if evidence.complete else "partial", evidence)
    return answer


def released_fields(evidence: Evidence) -> dict[str, list[str]]:
    """Material code to the names of the fields given out."""
    return {part.material.code: list(part.material.release) for part in evidence.materials if part.proof is not None}


def _answer(part: MaterialEvidence) -> MaterialAnswer:
    facts: tuple[dict[str, str], ...] = ()
    if part.proof is not None:
        record = part.proof.record
        facts = ({label: in_words(getattr(record, name)) for name, label in part.material.labels().items()},)
    source = declared(part.material.resource)
    return MaterialAnswer(
        code=part.material.code,
        name=part.material.name,
        state=part.state.value,
        source=f"{source.department.zh}·{source.title}",
        facts=facts,
        as_of=part.as_of.astimezone(SHANGHAI) if part.as_of else None,
        batch=part.proof.batch if part.proof else None,
    )


def _subject(identifier: str, kinds: tuple[str, ...]) -> Subject:
    """The subject behind a number as typed; what is wrong with it is told of the kind the item serves."""
    refused: IdentifierRefused | None = None
    fits_another = False
    readers: list[tuple[str, Callable[[str], CreditCode | CitizenId]]] = [
        ("company", CreditCode.parse),
        ("citizen", CitizenId.parse),
    ]
    if check(identifier).kind == "citizen":
        # Where the item serves both, what is wrong is told of the kind the number looks like.
        readers.reverse()
    for kind, parse in readers:
        try:
            number = parse(identifier)
        except IdentifierRefused as error:
            if kind in kinds and refused is None:
                refused = error
            continue
        if kind in kinds:
            return Subject("company" if kind == "company" else "citizen", number.text)
        fits_another = True
    if fits_another or refused is None:
        raise SubjectUnfit(
            f"this item is for {' or '.join(kinds)}, and the number is of another kind; nothing was looked up. "
            "Take the applicant's number."
        )
    raise refused


def _log(
    hub: Hub,
    item: str,
    case_no: str | None,
    purpose: str,
    caller: str,
    organ: str,
    subject: Subject | None,
    outcome: str,
    evidence: Evidence | None,
) -> None:
    known = operator()
    kind, _, refusal = outcome.partition(" ")
    about: tuple[About, ...] = ()
    if subject is not None:
        fields = released_fields(evidence) if evidence else {}
        about = (About(hub.subject(subject.kind, subject.value), "applicant", fields, None, bool(fields)),)
    usage = Usage(
        channel=known.kind.value,
        user=caller,
        user_name=known.name if caller == known.id else "",
        organisation=organ or known.organisation,
        organisation_name="" if organ else known.organisation_name,
        street=None,
        place=None,
        item=item,
        item_name=evidence.item.name if evidence else "",
        item_version=evidence.item.version if evidence else None,
        case_no=case_no,
        purpose=purpose,
        basis="",
        outcome="refused" if kind == "refused" else "complete" if kind == "complete" else "partial",
        refusal=refusal or None,
        about=about,
        materials=traces(evidence) if evidence else (),
    )
    with transaction(hub.connection) as cursor:
        audit.append(cursor, usage, hub.clock.now())


def traces(evidence: Evidence) -> tuple[Trace, ...]:
    """How each material came out, as it is logged."""
    return tuple(
        Trace(part.material.code, part.state.value, None, part.material.resource, "") for part in evidence.materials
    )
