"""Quarantine as a person works with it: list, look without seeing a citizen, try again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from connectors.port import Operation, RawRecord
from connectors.registry import declaration as declared
from connectors.registry import declarations
from core.clock import second_text, today
from hub.collect import judge_row
from hub.context import Hub
from hub.returns import STAGE_NAMES, due_words
from schemas.reasons import meaning
from schemas.rules import rules_mark
from store import batches, quarantine_acts, returns
from store import quarantine as rows
from store.returns import Standing
from store.versions import GoodRow


@dataclass(frozen=True, slots=True)
class EntryView:
    """One entry with its reasons in words.

    Attributes:
        stage: how far it has come on its way back; see `store.returns.STAGES`.
        sent_back: how often its record was sent back; `reference` and `due` are those of the last sending it went in.
    """

    id: int
    resource: str
    state: str
    stage: str
    reasons: tuple[dict[str, str], ...]
    position: int
    page_sm3: str
    batch: int
    seen_at: str
    closed_at: str | None
    sent_back: int
    reference: str | None
    due: str | None
    due_verified: bool | None
    retries: int
    retried_at: str | None

    def stage_words(self) -> str:
        """`已退回 sent, due 2026-03-16 未核实`."""
        words = f"{STAGE_NAMES[self.stage]} {self.stage}"
        if self.stage in ("sent", "overdue") and self.due:
            words += f", due {due_words(self.due, self.due_verified)}"
        return words

    def reason_lines(self) -> list[str]:
        """`R-011 公民身份号码校验码不符 (holder_id)`, one a reason."""
        return [
            f"{reason['code']} {meaning(reason['code']).chinese}" + (f" ({reason['field']})" if reason["field"] else "")
            for reason in self.reasons
        ]

    def to_dict(self) -> dict[str, Any]:
        """For `--json`: the reasons carry both texts."""
        return {
            "id": self.id,
            "resource": self.resource,
            "state": self.state,
            "stage": self.stage,
            "position": self.position,
            "page_sm3": self.page_sm3,
            "batch": self.batch,
            "seen_at": self.seen_at,
            "closed_at": self.closed_at,
            "sent_back": self.sent_back,
            "reference": self.reference,
            "due": self.due,
            "due_verified": self.due_verified,
            "retries": self.retries,
            "retried_at": self.retried_at,
            "reasons": [
                {**reason, "zh": meaning(reason["code"]).chinese, "en": meaning(reason["code"]).english}
                for reason in self.reasons
            ],
        }


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry, its columns with the values masked, and what people did about it."""

    entry: EntryView
    operation: str
    problem: str | None
    masked_fields: dict[str, str]
    acts: tuple[quarantine_acts.Act, ...]

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            **self.entry.to_dict(),
            "operation": self.operation,
            "problem": self.problem,
            "fields": self.masked_fields,
            "acts": [
                {
                    "at": second_text(act.at),
                    "who": act.who,
                    "act": act.act,
                    "reference": act.reference,
                    "why": act.why,
                    "note": act.note,
                    "bytes": act.bytes,
                }
                for act in self.acts
            ],
        }


@dataclass(frozen=True, slots=True)
class Retried:
    """What a retry came to. `closed` entries were no longer open."""

    tried: int
    released: int
    refused: int
    closed: int

    def __add__(self, other: Retried) -> Retried:
        return Retried(
            self.tried + other.tried,
            self.released + other.released,
            self.refused + other.refused,
            self.closed + other.closed,
        )

    def to_dict(self) -> dict[str, int]:
        """For `--json`."""
        return {"tried": self.tried, "released": self.released, "refused": self.refused, "closed": self.closed}


def entries(
    hub: Hub, *, resource: str | None, state: str | None = None, stages: Sequence[str] | None = None, limit: int
) -> list[EntryView]:
    """Entries, oldest first; `None` means any state or any stage.

    Raises:
        UnknownResource: there is no entry, and no such resource either.
    """
    wanted = returns.STAGES if stages is None else tuple(stages)
    if state is not None:
        wanted = tuple(stage for stage in wanted if (stage in returns.OPEN_STAGES) == (state == "open"))
        wanted = tuple(stage for stage in wanted if state in ("open", stage))
    found = returns.standings(hub.connection, today=today(hub.clock), resource=resource, stages=wanted, limit=limit)
    if resource is not None and not found:
        declared(resource)
    return [_view(standing) for standing in found]


def show(hub: Hub, number: int) -> Shown:
    """One entry with masked values.

    Raises:
        NotInStore: there is no such entry.
    """
    standing = returns.standing(hub.connection, number, today=today(hub.clock))
    content = rows.open_content(hub.connection, hub.vault, number)
    fields: dict[str, Any] = json.loads(content.fields)
    return Shown(
        _view(standing),
        content.operation,
        content.problem,
        {name: mask(fields[name]) for name in fields},
        tuple(quarantine_acts.of_entry(hub.connection, hub.vault, number)),
    )


def retry(hub: Hub, *, numbers: Sequence[int] = (), resource: str | None = None) -> Retried:
    """Judge entries again by the schemas of today, each in a transaction of its own.

    Raises:
        NotInStore: a number is not there; none was tried.
        UnknownResource: no file declares the resource.
        BatchBusy: the resource is being collected; entries of other resources may have been tried.
    """
    chosen = [rows.get_entry(hub.connection, number) for number in numbers]
    if resource is not None:
        declared(resource)
        chosen += rows.list_entries(hub.connection, resource=resource, limit=1_000_000)
    return _judged_again(hub, chosen)


def retry_changed(hub: Hub) -> Retried:
    """Judge those open entries again that another edition of the schemas judged last; each once an edition."""
    now, after, total = rules_mark(), 0, Retried(0, 0, 0, 0)
    while chosen := rows.judged_otherwise(hub.connection, now, after=after):
        after = chosen[-1].id
        # a resource whose declaration is gone has nothing to be judged by; its rows stay as they are
        part = _judged_again(hub, [entry for entry in chosen if entry.resource in declarations()])
        total += part
    return total


def _judged_again(hub: Hub, chosen: Sequence[rows.Entry]) -> Retried:
    """In the order of the entries of each resource, which nobody may collect meanwhile."""
    total = Retried(0, 0, 0, 0)
    by_resource: dict[str, list[rows.Entry]] = {}
    for entry in chosen:
        by_resource.setdefault(entry.resource, []).append(entry)
    for resource, entries in by_resource.items():
        with batches.only_reader(hub.connection, resource):
            total += _judged_of_one(hub, entries)
    return total


def _judged_of_one(hub: Hub, chosen: Sequence[rows.Entry]) -> Retried:
    released = refused = closed = 0
    for entry in chosen:
        if entry.state != "open":
            closed += 1
            continue
        if entry.doubted:  # the schemas find it good; what is doubted only its owner can say
            refused += 1
            continue
        content = rows.open_content(hub.connection, hub.vault, entry.id)
        row = RawRecord(
            position=entry.position,
            fields=json.loads(content.fields),
            raw=content.raw,
            operation=Operation(content.operation),
            problem=content.problem,
        )
        judged, _ = judge_row(hub, declared(entry.resource), row)
        rows.note_try(hub.connection, entry.id, rules_mark(), hub.clock.now())
        if isinstance(judged, GoodRow):
            rows.release(hub.connection, hub.vault, entry, judged, hub.clock.now())
            released += 1
        else:
            rows.note_reasons(hub.connection, entry.id, judged.reasons, judged.key)
            refused += 1
    return Retried(len(chosen), released, refused, closed)


def mask(value: object) -> str:
    """Enough of a value to recognise its shape: kinds of characters stay, the characters go."""
    text = "" if value is None else str(value)
    shape = "".join(_kind(character) for character in text)
    return shape if len(shape) <= 40 else f"{shape[:38]}…（共 {len(shape)} 字）"


def _kind(character: str) -> str:
    if character.isdigit():
        return "9"
    if character.isalpha():
        return "A" if character.isascii() else "字"
    return character


def _view(standing: Standing) -> EntryView:
    entry = standing.entry
    return EntryView(
        id=entry.id,
        resource=entry.resource,
        state=entry.state,
        stage=standing.stage,
        reasons=entry.reasons,
        position=entry.position,
        page_sm3=entry.page_sm3.hex(),
        batch=entry.batch,
        seen_at=second_text(entry.seen_at) or "",
        closed_at=second_text(entry.closed_at),
        sent_back=standing.sent_back,
        reference=standing.reference,
        due=standing.due.isoformat() if standing.due else None,
        due_verified=standing.due_verified,
        retries=standing.retries,
        retried_at=second_text(standing.retried_at),
    )
