"""A published document as anybody may see it: personal data masked, officers not named, reasons in words left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from core.clock import today
from hub.checking import CopyTold, FaceLine, Registered, SealTold, StepTold, VersionTold
from hub.context import Hub
from hub.masking import masked
from schemas.errors import LicenceTypeUnknown
from schemas.identifiers.holder import HolderCodeType
from schemas.licence_life import Status, Step
from schemas.licence_types import licence_type
from store import checked, licence_life, licences
from store.licence_life import Licence, Taken
from store.licences import LicenceVersion

#: Kinds of numbers that organisations have; the holder with any other is a person.
_ORGANISATIONS: Final = frozenset({HolderCodeType.CREDIT_CODE.value, HolderCodeType.OTHER_ORGANISATION.value})
_HOLDER_LINES: Final = frozenset({"holder", "holder_code"})
_STATUS_EN: Final[Mapping[Step, str]] = {
    Step.ISSUE: "issued",
    Step.CHANGE: "changed",
    Step.RENEW: "renewed",
    Step.REPLACE: "replaced",
    Step.RESEAL: "sealed anew",
    Step.SUSPEND: "suspended",
    Step.RESUME: "resumed",
    Step.WITHDRAW: "withdrawn",
    Step.REVOKE: "revoked",
    Step.CANCEL: "cancelled",
    Step.EXPIRE: "expired",
    Step.VOID: "void",
}
#: The step that leads to a state.
_LEADS_TO: Final[Mapping[Status, Step]] = {
    Status.SUSPENDED: Step.SUSPEND,
    Status.WITHDRAWN: Step.WITHDRAW,
    Status.REVOKED: Step.REVOKE,
    Status.CANCELLED: Step.CANCEL,
}
_SHOWN: Final = ("published", "archived")


def registered(hub: Hub, version: LicenceVersion, copy: CopyTold | None = None) -> Registered:
    """What the register says of a published document today."""
    licence = licence_life.by_id(hub.connection, version.licence)
    if licence is None:
        raise AssertionError("a document without its licence")  # a foreign key forbids it
    taken = licence_life.history(hub.connection, version.licence)
    facts = licences.facts(hub.connection, hub.vault, version)
    documents = [one for one in licences.of_licence(hub.connection, version.licence) if one.state in _SHOWN]
    status = licence.status_on(today(hub.clock))
    superseded = licence.current_version is not None and licence.current_version != version.version
    return Registered(
        number=version.number,
        identifier=version.identifier,
        type_name=facts.get("title", version.licence_type),
        issuer=facts.get("metadata", {}).get("ZZBFJG", ""),
        version=version.version,
        document_sm3=version.document_sm3,
        status=status,
        status_since=_since(licence, status),
        valid_until=licence.valid_until,
        superseded=superseded,
        newer_token=_token_of(hub, documents, licence.current_version) if superseded else None,
        entry=_entry_of(taken, version.version),
        status_step=_step_to(taken, status),
        steps=tuple(_step(one) for one in taken),
        versions=tuple(
            VersionTold(
                one.version,
                Step(one.cause).chinese,
                _STATUS_EN[Step(one.cause)],
                one.published_at,
                one.superseded_at,
            )
            for one in documents
        ),
        face=tuple(face_of(facts)),
        seals=tuple(_seals(hub, version)),
        copy=copy,
    )


def _since(licence: Licence, status: Status) -> date | None:
    """The day from which the state holds; of an end that nobody has written down yet, the day after the last."""
    if status is not licence.status and licence.valid_until is not None:
        return licence.valid_until + timedelta(days=1)
    return licence.status_since


def face_of(facts: Mapping[str, Any]) -> list[FaceLine]:
    """The lines of the face, those about persons masked."""
    personal = _personal_lines(facts)
    return [
        FaceLine(line["label"], masked(line["words"]), True)
        if line["key"] in personal
        else FaceLine(line["label"], line["words"], False)
        for line in facts.get("face", ())
    ]


def names_persons(facts: Mapping[str, Any]) -> bool:
    """Whether a line of the face that says something is about a person."""
    personal = _personal_lines(facts)
    return any(line["key"] in personal and line["words"].strip() for line in facts.get("face", ()))


def _personal_lines(facts: Mapping[str, Any]) -> frozenset[str]:
    try:
        declared = {line.key for line in licence_type(facts["kind"]).face if line.personal}
    except LicenceTypeUnknown:
        # Of a type that is not declared any more nobody can say which lines are personal.
        return frozenset(line["key"] for line in facts.get("face", ()) if line["key"] not in _OF_THE_OFFICE)
    if facts.get("metadata", {}).get("CZZTDMLXDM") not in _ORGANISATIONS:
        declared |= _HOLDER_LINES
    return frozenset(declared)


#: Lines the office itself fills in.
_OF_THE_OFFICE: Final = frozenset({"number", "identifier", "organ", "issued", "valid"})


def _token_of(hub: Hub, documents: Sequence[LicenceVersion], current: int | None) -> str | None:
    newest = next((one for one in documents if one.version == current), None)
    if newest is None:
        return None
    # The address in its QR code, frozen with its facts; documents older than the tokens have none.
    address, page, token = str(licences.facts(hub.connection, hub.vault, newest).get("qr_text", "")).rpartition("/v/")
    return token if address and page and token else None


def _entry_of(taken: Sequence[Taken], version: int) -> str | None:
    return next((one.entry for one in taken if one.version == version and one.step.makes_version), None)


def _step_to(taken: Sequence[Taken], status: Status) -> StepTold | None:
    """The last step that led to the state that holds; none for one that time alone brought."""
    leading = _LEADS_TO.get(status)
    return next((_step(one) for one in reversed(taken) if one.step is leading), None)


def _step(one: Taken) -> StepTold:
    grounds = one.grounds
    return StepTold(
        one.step.chinese, _STATUS_EN[one.step], grounds.effective_on, grounds.basis, grounds.document_no, one.entry
    )


def _seals(hub: Hub, version: LicenceVersion) -> list[SealTold]:
    if version.document_sm3 is None:
        return []
    return [
        SealTold(
            seal=one.name,
            es_id=one.es_id,
            organ=one.organ,
            signer="",
            sealed_at=one.sealed_at,
            stamped_at=None,
            timestamped=one.timestamped,
            proven=True,
        )
        for one in checked.seals_of(hub.connection, version.id, version.document_sm3)
    ]
