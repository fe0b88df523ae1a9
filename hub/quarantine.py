"""Quarantine as a person works with it: list, look without seeing a citizen, try again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from connectors.port import Operation, RawRecord
from connectors.registry import declaration as declared
from core.clock import SHANGHAI
from hub.collect import judge_row
from hub.context import Hub
from schemas.reasons import meaning
from store import quarantine as rows
from store.landing import GoodRow


@dataclass(frozen=True, slots=True)
class EntryView:
    """One entry with its reasons in words."""

    id: int
    resource: str
    state: str
    reasons: tuple[dict[str, str], ...]
    position: int
    page_sm3: str
    batch: int
    seen_at: str
    closed_at: str | None

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
            "position": self.position,
            "page_sm3": self.page_sm3,
            "batch": self.batch,
            "seen_at": self.seen_at,
            "closed_at": self.closed_at,
            "reasons": [
                {**reason, "zh": meaning(reason["code"]).chinese, "en": meaning(reason["code"]).english}
                for reason in self.reasons
            ],
        }


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry and its columns, the values masked."""

    entry: EntryView
    operation: str
    problem: str | None
    masked_fields: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            **self.entry.to_dict(),
            "operation": self.operation,
            "problem": self.problem,
            "fields": self.masked_fields,
        }


@dataclass(frozen=True, slots=True)
class Retried:
    """What a retry came to. `closed` entries were no longer open."""

    tried: int
    released: int
    refused: int
    closed: int

    def to_dict(self) -> dict[str, int]:
        """For `--json`."""
        return {"tried": self.tried, "released": self.released, "refused": self.refused, "closed": self.closed}


def entries(hub: Hub, *, resource: str | None, state: str | None, limit: int) -> list[EntryView]:
    """Entries, oldest first.

    Raises:
        UnknownResource: there is no entry, and no such resource either.
    """
    found = rows.list_entries(hub.connection, resource=resource, state=state, limit=limit)
    if resource is not None and not found:
        declared(resource)
    return [_view(entry) for entry in found]


def show(hub: Hub, number: int) -> Shown:
    """One entry with masked values.

    Raises:
        NotInStore: there is no such entry.
    """
    entry = rows.get_entry(hub.connection, number)
    content = rows.open_content(hub.connection, hub.vault, number)
    fields: dict[str, Any] = json.loads(content.fields)
    return Shown(_view(entry), content.operation, content.problem, {name: mask(fields[name]) for name in fields})


def retry(hub: Hub, *, numbers: Sequence[int] = (), resource: str | None = None) -> Retried:
    """Judge entries again by the schemas of today, each in a transaction of its own.

    Raises:
        NotInStore: a number is not there; none was tried.
        UnknownResource: no file declares the resource.
    """
    chosen = [rows.get_entry(hub.connection, number) for number in numbers]
    if resource is not None:
        declared(resource)
        chosen += rows.list_entries(hub.connection, resource=resource, limit=1_000_000)
    released = refused = closed = 0
    for entry in chosen:
        if entry.state != "open":
            closed += 1
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
        if isinstance(judged, GoodRow):
            rows.release(hub.connection, hub.vault, entry, judged, hub.clock.now())
            released += 1
        else:
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


def _view(entry: rows.Entry) -> EntryView:
    def moment(value: Any) -> str | None:
        return value.astimezone(SHANGHAI).isoformat(timespec="seconds") if value else None

    return EntryView(
        entry.id,
        entry.resource,
        entry.state,
        entry.reasons,
        entry.position,
        entry.page_sm3.hex(),
        entry.batch,
        moment(entry.seen_at) or "",
        moment(entry.closed_at),
    )
