"""我的数据: what the hub holds of a person, who looked at it, and what he may say about either.

Everything here is about the person who signed in. An entry of the log is told to him only as far as his own facts go:
fields about others are left out, and where he is not the applicant the number of somebody else's case too, so that
nothing about a relative follows from it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final

from connectors.registry import declaration, declarations
from core.clock import SHANGHAI, today
from core.errors import Rejected
from hub import archive_words
from hub.ages import Ages
from hub.context import Hub
from hub.told import label
from hub.usage import OWN_PURPOSE, own_usage
from hub.weighing import ELEMENTS
from hub.wording import in_words
from schemas.identifiers.citizen import CitizenId
from schemas.identifiers.holder import HolderNumber
from schemas.items.purposes import all_purposes
from schemas.judge import restore
from schemas.licence_metadata import ELEMENT_NAMES
from schemas.reasons import Reason
from schemas.records import Record
from store import audit, doubts, reports
from store.audit import About, Seen
from store.connection import transaction
from store.doubts import Doubt
from store.records import SealedRecord, select_subject

#: Statements longer than this are refused: they are for a department to read.
LONGEST: Final = 500
#: Roles in which a person sees the number of the case: it is his own, or his company's.
_OWN_CASE: Final = ("applicant", "legal_rep")
_CHANNELS: Final = {
    "clerk": "窗口工作人员",
    "terminal": "自助终端",
    "partner": "共享单位系统",
    "system": "数据共享枢纽",
    "person": "本人",
    "pick_up": "凭提取码领取",
}
_ITEM_NAME: Final = "我的数据"
#: Purposes that no item names.
_OWN_PURPOSES: Final = {
    OWN_PURPOSE: "本人查看",
    "annotated_copy": "制作加注件",
    "licence_view": "证照管理",
    "licence_step": "证照环节办理",
    "licence_reminder": "证照到期提醒",
}
_OWN_OUTCOMES: Final = {
    "licence_view": "已查阅",
    "licence_step": "已办理",
    "licence_reminder": "已列入提醒名单",
    "archive_request": "已办理",
    "archive_search": "已检索",
    "archive_volume": "已查阅",
    "archive_succession": "已登记",
}
_OUTCOMES: Final = {"complete": "材料齐备", "partial": "部分材料齐备", "refused": "已拒绝"}


class StatementUnfit(Rejected):
    """What a person wrote is empty or too long."""

    code: ClassVar[str] = "HUB-770"


class NotYours(Rejected):
    """A record or a log entry that is not about the person who asks, or that is not there any more."""

    code: ClassVar[str] = "HUB-771"


@dataclass(frozen=True, slots=True, repr=False)
class HeldField:
    """One field of a record; `field` is its English name."""

    field: str
    label: str
    text: str


@dataclass(frozen=True, slots=True, repr=False)
class Held:
    """One record the hub holds about the person. `key` names it within the resource."""

    resource: str
    key: str
    department: str
    title: str
    as_of: datetime | None
    since: datetime
    fields: tuple[HeldField, ...]


@dataclass(frozen=True, slots=True)
class Looked:
    """A lookup of the person's facts, as far as he is concerned.

    Attributes:
        entry: its number in the audit log, under which a proof can be had.
        own: he looked at his own data here, or used it.
        facts_told: `facts` are worth telling of an entry of his own too, as it is not all that is held of him.
        of_archive: it was about his archive.
        number: its place in the log, from 0; None while it waits for one.
        user: clerk's or terminal's number is not told; what kind of caller it was is.
        case_no: None where the case is somebody else's.
        facts: department and title of a source, and the labels of the fields given out.
        withheld_until: a law kept it from him until then.
    """

    entry: str
    at: datetime
    number: int | None
    organisation: str
    channel: str
    place: str
    item: str
    purpose: str
    basis: str
    case_no: str | None
    of_another: bool
    outcome: str
    refused: bool
    facts: tuple[tuple[str, tuple[str, ...]], ...]
    withheld_until: str | None
    reported: bool
    own: bool
    facts_told: bool = False
    of_archive: bool = False


def held(hub: Hub, own: bytes, ages: Ages) -> list[Held]:
    """Every record that speaks of the person, department by department; that he looked is logged like any lookup.

    Args:
        own: keyed hash of the person's number, as records stand under it; so for all functions here.
    """
    names = sorted(name for name, declared in declarations().items() if declared.reach.open)
    with transaction(hub.connection) as cursor:
        read = ages.of(cursor, names)
        rows = select_subject(cursor, own, names)
        opened = [(row, restore(row.resource, row.open(hub.vault).payload)) for name in names for row in rows[name]]
        seen = {name: [f"{name}.{field}" for field in _told(opened, name)] for name in names if rows[name]}
        about = About(own, "applicant", seen, None, bool(seen))
        audit.append(cursor, own_usage(_ITEM_NAME, about=(about,)), hub.clock.now())
    return [_held(hub, row, record, own, read.get(row.resource)) for row, record in opened]


def looked(hub: Hub, own: bytes, *, before: str | None = None, limit: int = 50) -> list[Looked]:
    """Lookups of the person's facts, refused ones too, the newest first.

    Args:
        before: number of the last entry of the page before.
    """
    entries = audit.of_subject(hub.connection, own, now=hub.clock.now(), before=before, limit=limit)
    reported = reports.reported(hub.connection, own)
    return [_looked(entry, reported) for entry in entries]


def doubt(hub: Hub, own: bytes, *, resource: str, key: str, field: str, statement: str) -> int:
    """Ask the department to check a record (数据校核); number of the quarantine entry it works through.

    Args:
        key: as `Held.key`; field: English name, or empty for the record as a whole.

    Raises:
        StatementUnfit, NotYours.
    """
    words = _words(statement)
    with transaction(hub.connection) as cursor:
        found = select_subject(cursor, own, [resource] if resource in declarations() else [])
    row = next((row for row in found.get(resource, []) if row.key.hex() == key), None)
    if row is None:
        raise NotYours("this record is not about you, or is not there any more; nothing was sent. Load the page again.")
    record = restore(resource, row.open(hub.vault).payload)
    if field and field not in type(record).model_fields:
        raise NotYours("the record has no such field; nothing was sent. Load the page again.")
    column = type(record).column_of[field] if field else ""
    reason = Reason.of("R-080", field, column)
    entry, _ = doubts.open_doubt(
        hub.connection,
        hub.vault,
        row,
        subject=own,
        field=field,
        statement=words,
        fields=_for_owner(record, column, words),
        reasons=[{"code": reason.code, "field": reason.field, "column": reason.column, "text": reason.text}],
        now=hub.clock.now(),
    )
    return entry


def doubted(hub: Hub, own: bytes) -> list[Doubt]:
    """What the person has asked to be checked, and how far it has come."""
    return doubts.of_subject(hub.connection, hub.vault, own)


def report(hub: Hub, own: bytes, *, entry: str, statement: str) -> None:
    """Say that a lookup was improper; somebody of the bureau has to answer.

    Raises:
        StatementUnfit, NotYours.
    """
    words = _words(statement)
    if not reports.is_about(hub.connection, entry, own, today(hub.clock)):
        raise NotYours("this lookup was not of your facts; nothing was sent. Load the page again.")
    reports.add(hub.connection, hub.vault, log_entry=entry, subject=own, statement=words, now=hub.clock.now())


def reports_of(hub: Hub, own: bytes) -> list[reports.Report]:
    """What the person reported, with the answers."""
    return reports.of_subject(hub.connection, hub.vault, own)


def title_of(resource: str) -> str:
    """A resource as a person knows it."""
    known = declarations().get(resource)
    return f"{known.department.zh}·{known.title}" if known else resource


def may_prove(hub: Hub, own: bytes, entry: str) -> bool:
    """Whether an entry is about the person and may be known to him."""
    return reports.is_about(hub.connection, entry, own, today(hub.clock))


def _words(statement: str) -> str:
    words = statement.strip()
    if not words or len(words) > LONGEST:
        raise StatementUnfit(
            f"a statement needs 1 to {LONGEST} characters, this has {len(words)}; nothing was sent. "
            "Write in a few words what is wrong."
        )
    return words


def _held(hub: Hub, row: SealedRecord, record: Record, own: bytes, read: datetime | None) -> Held:
    declared = declaration(row.resource)
    fields = tuple(
        HeldField(name, label(row.resource, name), _shown(hub, value, own))
        for name in type(record).model_fields
        if (value := getattr(record, name)) is not None
    )
    return Held(
        row.resource,
        row.key.hex(),
        declared.department.zh,
        declared.title,
        read.astimezone(SHANGHAI) if read else None,
        row.valid_from.astimezone(SHANGHAI),
        fields,
    )


def _shown(hub: Hub, value: Any, own: bytes) -> str:
    """The value in words; a citizen's number that is not his own has its middle hidden."""
    citizen = value.citizen if isinstance(value, HolderNumber) else value
    if isinstance(citizen, CitizenId) and hub.subject("citizen", citizen.text) != own:
        return citizen.masked()
    return in_words(value)


def _told(opened: Sequence[tuple[SealedRecord, Record]], resource: str) -> list[str]:
    names: dict[str, None] = {}
    for row, record in opened:
        if row.resource == resource:
            names |= dict.fromkeys(name for name in type(record).model_fields if getattr(record, name) is not None)
    return list(names)


def _for_owner(record: Record, column: str, words: str) -> bytes:
    row = {type(record).column_of[name]: in_words(getattr(record, name)) for name in type(record).model_fields}
    return json.dumps(row | {"异议字段": column, "本人说明": words}, ensure_ascii=False).encode()


def _looked(seen: Seen, reported: frozenset[str]) -> Looked:
    body = seen.body
    another = not any(part["role"] in _OWN_CASE for part in body["about"])
    return Looked(
        entry=seen.id,
        at=seen.at.astimezone(SHANGHAI),
        number=seen.seq,
        organisation=body["organisation_name"],
        channel=_CHANNELS.get(body["channel"], body["channel"]),
        place=body["place"] or "",
        item=body["item_name"] or "（未登记的事项）",
        purpose=_purpose(body["purpose"]),
        basis=body["basis"],
        case_no=None if another else body["case"],
        of_another=another,
        outcome=_outcome(body["purpose"], body["outcome"]),
        refused=body["outcome"] == "refused",
        facts=tuple(_by_source(body["about"])),
        withheld_until=body["withheld_until"],
        reported=seen.id in reported,
        own=body["channel"] == "person",
        facts_told=body["item_name"] != _ITEM_NAME,
        of_archive=body["purpose"].startswith("archive"),
    )


def _by_source(mine: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """His own fields of an entry, by source; a source the hub no longer knows keeps its code."""
    found: dict[str, dict[str, None]] = {}
    for part in mine:
        for names in part["fields"].values():
            for name in names:
                resource, _, field = name.rpartition(".")
                found.setdefault(resource, {})[field] = None
    known = declarations()
    for resource, fields in found.items():
        if resource == "licence":
            yield (
                "电子证照库",
                tuple(dict.fromkeys(ELEMENTS.get(field) or ELEMENT_NAMES.get(field, field) for field in fields)),
            )
        elif resource == archive_words.RESOURCE:
            yield archive_words.TITLE, tuple(archive_words.FIELDS.get(field, field) for field in fields)
        elif resource in known:
            source = known[resource]
            yield f"{source.department.zh}·{source.title}", tuple(_label(resource, field) for field in fields)
        else:
            yield resource, tuple(fields)


def _outcome(purpose: str, outcome: str) -> str:
    if outcome != "refused" and purpose in _OWN_OUTCOMES:
        return _OWN_OUTCOMES[purpose]
    return _OUTCOMES.get(outcome, outcome)


def _purpose(code: str) -> str:
    word = all_purposes().get(code)
    return _OWN_PURPOSES.get(code) or archive_words.PURPOSES.get(code) or (word.name if word else code)


def _label(resource: str, field: str) -> str:
    try:
        return label(declaration(resource).schema_name, field)
    except KeyError:
        return field
