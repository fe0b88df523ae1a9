"""A licence as an officer sees it: face, standing, the steps of its life, its documents, and what may be done now.

Whoever looks is in the audit log before he sees anything: the holder reads there who looked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, ClassVar, Final

from core.clock import second_text, today
from core.errors import Rejected
from hub.caller import Caller
from hub.context import Hub
from hub.files import read_checked
from hub.licence_usage import logged, logged_search
from hub.life import OfficerNeeded, by_id, may_step, officer_steps
from schemas.errors import IdentifierRefused
from schemas.identifiers import CitizenId, CreditCode, LicenceId
from schemas.licence_life import Status, Step
from schemas.licence_types import all_licence_types
from store import licence_life, licences
from store.connection import transaction
from store.licence_life import Licence, Taken
from store.licences import LicenceVersion

#: Licences listed at once.
AT_ONCE: Final = 50


class VersionUnknown(Rejected):
    """The licence has no published document of this version."""

    code: ClassVar[str] = "HUB-916"


@dataclass(frozen=True, slots=True)
class Row:
    """A licence in a list, without a word about its holder."""

    id: str
    number: str
    licence_type: str
    title: str
    status: Status
    valid_until: date | None
    since: date | None

    def to_dict(self) -> dict[str, Any]:
        """For `--json` and the API."""
        return {
            "id": self.id,
            "number": self.number,
            "licence_type": self.licence_type,
            "title": self.title,
            "status": self.status.value,
            "valid_until": self.valid_until.isoformat() if self.valid_until else None,
        }


@dataclass(frozen=True, slots=True, repr=False)
class View:
    """One licence.

    Attributes:
        row: number, type and the state that holds today.
        holder: name and number as on the document; empty in what is told without personal data.
        face: label and words, line by line, of the current document.
        steps: what happened, oldest first; `reasons` has the words for those that have any, by register entry.
        versions: its documents, the first one first.
        possible: what an officer may do now.
        seen: entry of the last step; a step that is ordered from this view carries it.
    """

    row: Row
    steps: Sequence[Taken]
    versions: Sequence[LicenceVersion]
    possible: Sequence[Step]
    current: int | None
    seen: str
    holder: str = ""
    face: Sequence[tuple[str, str]] = ()
    reasons: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """For `--json` and the API: without face, holder and reasons."""
        return self.row.to_dict() | {
            "current_version": self.current,
            "seen": self.seen,
            "possible": [step.value for step in self.possible],
            "steps": [step_dict(one) for one in self.steps],
            "versions": [_version_dict(one) for one in self.versions],
        }


def plain(hub: Hub, licence: Licence) -> View:
    """A licence without a word about its holder: nothing to be logged."""
    steps = licence_life.history(hub.connection, licence.id)
    row = _row(licence, today(hub.clock))
    return View(
        row=row,
        steps=steps,
        versions=licences.of_licence(hub.connection, licence.id),
        possible=officer_steps(row.status),
        current=licence.current_version,
        seen=steps[-1].entry if steps else "",
    )


def view(hub: Hub, licence: str, caller: Caller) -> View:
    """A licence (by its id) with its face, for an officer; logged.

    Raises:
        OfficerNeeded, LicenceUnknown.
    """
    _officer(caller)
    held = by_id(hub, licence)
    found = plain(hub, held)
    shown = next((one for one in found.versions if one.version == (held.current_version or 1)), None)
    facts = licences.facts(hub.connection, hub.vault, shown) if shown is not None else {}
    face = [(line["label"], line["words"]) for line in facts.get("face", ())]
    with transaction(hub.connection) as cursor:
        logged(cursor, hub, held, caller, purpose="licence_view", told=[label for label, _ in face])
    return View(
        found.row, found.steps, found.versions, found.possible, found.current, found.seen,
        holder=facts["metadata"]["CZZT"] if facts else "",
        face=face,
        reasons=licence_life.reasons(hub.connection, hub.vault, held.id),
    )  # fmt: skip


def search(hub: Hub, text: str, caller: Caller) -> list[Row]:
    """Licences by number, identifier (with or without its root), or the holder's number; one by a holder is logged.

    Raises:
        OfficerNeeded.
    """
    _officer(caller)
    words = text.strip()
    if not words:
        return []
    day = today(hub.clock)
    found = licence_life.find(hub.connection, words)
    if found is not None:
        return [_row(found, day)]
    identifier = _identifier(words)
    if identifier is not None:
        version = licences.by_identifier(hub.connection, identifier)
        return [_row(by_id(hub, version.licence), day)] if version is not None else []
    holder = _holder(hub, words)
    if holder is None:
        return []
    rows = [_row(one, day) for one in licence_life.of_holder(hub.connection, holder)]
    with transaction(hub.connection) as cursor:
        logged_search(cursor, hub, holder, caller, found=bool(rows))
    return rows


def document(hub: Hub, licence: str, version: int, caller: Caller) -> tuple[str, bytes]:
    """A published document of a licence (by its id): name and bytes, checked against the register; logged.

    Raises:
        OfficerNeeded, LicenceUnknown.
        VersionUnknown: there is none of this version.
        FileAltered: the file is gone, or is not the one that was recorded.
    """
    _officer(caller)
    held = by_id(hub, licence)
    wanted = next((one for one in licences.of_licence(hub.connection, held.id) if one.version == version), None)
    if wanted is None or wanted.published_at is None or wanted.document_path is None or wanted.document_sm3 is None:
        raise VersionUnknown(f"licence {held.number} has no published document of version {version}")
    data = read_checked(hub.settings.home / wanted.document_path, wanted.document_sm3)
    with transaction(hub.connection) as cursor:
        logged(cursor, hub, held, caller, purpose="licence_view", told=(f"证照文件（版本{version}）",))
    return f"{held.licence_type}-{held.year}-{held.sequence:05d}-v{version}.ofd", data


def step_dict(one: Taken) -> dict[str, Any]:
    """A step as the API and `--json` tell it; the officer's name and reason stay inside."""
    return {
        "entry": one.entry,
        "at": second_text(one.at),
        "step": one.step.value,
        "before": one.before.value,
        "after": one.after.value,
        "version": one.version,
        "effective_on": one.grounds.effective_on.isoformat(),
        "basis": one.grounds.basis,
        "document_no": one.grounds.document_no,
    }


def _version_dict(one: LicenceVersion) -> dict[str, Any]:
    return {
        "version": one.version,
        "identifier": one.identifier,
        "cause": one.cause,
        "state": one.state,
        "sm3": one.document_sm3.hex() if one.document_sm3 else None,
        "valid_until": one.valid_until.isoformat() if one.valid_until else None,
        "published_at": second_text(one.published_at),
        "superseded_at": second_text(one.superseded_at),
        "trust": one.trust,
    }


def _officer(caller: Caller) -> None:
    if not may_step(caller):
        raise OfficerNeeded(f"account {caller.id} has not the role of a licence officer; nothing was shown")


def _row(licence: Licence, day: date) -> Row:
    kinds = all_licence_types()
    title = kinds[licence.licence_type].name if licence.licence_type in kinds else licence.licence_type
    status = licence.status_on(day)
    return Row(
        licence.id, licence.number, licence.licence_type, title, status, licence.valid_until, licence.status_since
    )


def _identifier(words: str) -> str | None:
    try:
        return LicenceId.parse(words).text
    except IdentifierRefused:
        return None


def _holder(hub: Hub, words: str) -> bytes | None:
    for kind, of in (("company", CreditCode), ("citizen", CitizenId)):
        try:
            return hub.subject(kind, of.parse(words).text)
        except IdentifierRefused:
            continue
    return None
