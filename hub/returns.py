"""Rows set aside on their way back to their owner: what is about to be sent is recorded, sent, and its receipt kept."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Final

from connectors.access import WorkbookReturn
from connectors.declaration import Declaration
from connectors.endpoints import Endpoints
from connectors.outgoing.port import Outgoing, RejectedRow, Sending
from connectors.outgoing.registry import open_outgoing
from connectors.registry import declaration as declared
from connectors.registry import declarations
from core.clock import SHANGHAI, second_text, today
from core.errors import HubError, Permanent
from hub.context import Hub, OnStep, no_step
from schemas.reasons import meaning
from schemas.workdays import Due, working_days
from store import quarantine, quarantine_acts, returns, sendings
from store.connection import transaction
from store.sendings import SendingRow

#: Rows of one sending at most: it is held in memory whole, and a person opens the file.
_MOST: Final = 5000
#: A record sent back so often and wrong again goes back only because a person says so.
ENOUGH: Final = 2
#: What each stage is called where people read it.
STAGE_NAMES: Final[Mapping[str, str]] = {
    "waiting": "待退回",
    "handover": "待转交",
    "sent": "已退回",
    "overdue": "超期",
    "answered": "已另报",
    "corrected": "已更正",
    "released": "已放行",
    "dismissed": "已撤销",
}


class HandoverRefused(Permanent):
    """A sending cannot be confirmed as handed over: its file is not written yet, or the channel refused it."""

    code: ClassVar[str] = "HUB-726"


@dataclass(frozen=True, slots=True)
class SendingView:
    """One sending as an operator sees it. `told` is one word: prepared, failed, to hand over, sent, overdue, answered.

    Attributes:
        still_open: rows of it that are open and await this answer.
        place: table, file or path; None until something was handed over.
    """

    reference: str
    resource: str
    channel: str
    place: str | None
    rows: int
    still_open: int
    made_at: str
    due: str
    due_verified: bool
    state: str
    told: str
    tries: int
    handed_over_at: str | None
    trouble: str | None

    def due_words(self) -> str:
        """The due day, marked where it is an estimate."""
        return due_words(self.due, self.due_verified)

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class SentBack:
    """What one sending back did.

    Attributes:
        sendings: those whose receipt was recorded now, the ones an earlier process had left included.
        left: rows that wait for a person's word, because their record was sent back twice already.
        overdue: rows whose owner has not answered in time; `again` sends them.
    """

    resource: str
    sendings: tuple[SendingView, ...]
    left: int
    overdue: int

    @property
    def rows(self) -> int:
        return sum(one.rows for one in self.sendings)

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "resource": self.resource,
            "rows": self.rows,
            "sendings": [one.to_dict() for one in self.sendings],
            "left": self.left,
            "overdue": self.overdue,
        }


def send_back(hub: Hub, resource: str, *, again: bool = False, on_step: OnStep = no_step) -> SentBack:
    """Send every row that waits back to its owner, by the declared channel or as a workbook for a person to send on.

    A sending that an earlier process left goes first: the same rows under the same reference, which the channel
    knows and puts in the same place.

    Args:
        again: also what is overdue, and what was sent back twice and came wrong again; in a new sending.
        on_step: told after each step that survives a crash.

    Raises:
        UnknownResource: no file declares the resource.
        ReturnsBusy: another process is at it.
        ReturnUnavailable: a Retryable; the channel does not answer, the sending stays prepared.
        ReturnRefused, ReturnUnfit, SourceNotConfigured: a person has to look at the channel; the rows wait.
    """
    declaration = declared(resource)
    done = []
    with sendings.only_sender(hub.connection, resource):
        for row in sendings.unfinished(hub.connection, resource):
            if row.channel != declaration.rejected.channel:
                sendings.give_up(
                    hub.connection,
                    row.id,
                    f"the declared channel is now {declaration.rejected.channel}; not tried again",
                )
                continue
            done.append(_send(hub, declaration, _way(hub, declaration), row, on_step))
        while (prepared := _prepare(hub, declaration, again=again)) is not None:
            on_step("sending.prepared")
            done.append(_send(hub, declaration, *prepared, on_step))
    counted = returns.counts(hub.connection, today=today(hub.clock)).get(resource, {})
    return SentBack(resource, tuple(done), counted.get("waiting", 0), counted.get("overdue", 0))


def confirm(hub: Hub, reference: str, *, who: str) -> SendingView:
    """A person has sent the file of a sending on: from today its owner's clock runs. Twice changes nothing.

    Raises:
        NotInStore: no sending bears the reference.
        HandoverRefused: there is no file of it to send on.
    """
    row = sendings.by_reference(hub.connection, reference)
    if row.state != "sent":
        raise HandoverRefused(
            f"{reference} is {row.state}: no file of it is ready, so nobody can have sent it on. Run "
            f"`hub quarantine send-back {row.resource}` first."
        )
    # the owner was told the day on the paper; who gets it late keeps the whole term
    due = _due(declared(row.resource), today(hub.clock))
    if due.day < row.due:
        due = Due(row.due, row.due_verified)
    hub.vault.ready(row.resource)
    with transaction(hub.connection) as cursor:
        now = hub.clock.now()
        if sendings.note_handover(cursor, row.id, due=due.day, due_verified=due.verified, now=now):
            quarantine_acts.record(
                cursor, hub.vault, "handed over", who=who, resource=row.resource, at=now, sending=row.id
            )
    return view(sendings.by_reference(hub.connection, reference), today(hub.clock))


def listed(hub: Hub, *, resource: str | None = None, only_open: bool = False, limit: int = 1000) -> list[SendingView]:
    """Sendings, newest first.

    Raises:
        UnknownResource: there is none, and no such resource either.
    """
    found = sendings.every(hub.connection, resource=resource, only_open=only_open, limit=limit)
    if resource is not None and not found:
        declared(resource)
    return [view(row, today(hub.clock)) for row in found]


@dataclass(frozen=True, slots=True)
class Loop:
    """Rows set aside of one resource by stage; `channel` is how they go back, `by_hand` where a person sends a file."""

    resource: str
    title: str
    department: str
    channel: str
    stages: Mapping[str, int]
    next_due: date | None
    next_due_verified: bool

    @property
    def by_hand(self) -> bool:
        return self.channel == "workbook"


def loops(hub: Hub) -> list[Loop]:
    """Every declared resource that can be read or ever had a row set aside, in the order of the declarations."""
    counted = returns.counts(hub.connection, today=today(hub.clock))
    awaited: dict[str, SendingRow] = {}
    for row in sendings.every(hub.connection, only_open=True, limit=100_000):
        if row.handed_over_at is not None and row.due >= today(hub.clock):
            first = awaited.get(row.resource)
            if first is None or row.due < first.due:
                awaited[row.resource] = row
    return [
        Loop(
            resource=name,
            title=declaration.title,
            department=declaration.department.zh,
            channel=declaration.rejected.channel,
            stages={stage: counted.get(name, {}).get(stage, 0) for stage in returns.STAGES},
            next_due=awaited[name].due if name in awaited else None,
            next_due_verified=awaited[name].due_verified if name in awaited else False,
        )
        for name, declaration in declarations().items()
        if declaration.reach.open or name in counted
    ]


def is_worked(hub: Hub) -> bool:
    """Whether offices work today, as far as the holiday tables know."""
    return working_days().is_worked(today(hub.clock))


def view(row: SendingRow, on: date) -> SendingView:
    """A sending in the words an operator reads."""
    told = row.state
    if row.state == "sent":
        told = "answered" if not row.still_open else "sent"
        if row.handed_over_at is None:
            told = "to hand over" if row.still_open else told
        elif row.still_open and row.due < on:
            told = "overdue"
    return SendingView(
        reference=row.reference,
        resource=row.resource,
        channel=row.channel,
        place=row.place,
        rows=row.rows,
        still_open=row.still_open,
        made_at=second_text(row.made_at) or "",
        due=row.due.isoformat(),
        due_verified=row.due_verified,
        state=row.state,
        told=told,
        tries=row.tries,
        handed_over_at=second_text(row.handed_over_at),
        trouble=" ".join(part for part in row.trouble if part) if row.trouble else None,
    )


def due_words(day: str, verified: bool | None) -> str:
    """`2026-03-16`, or `2026-03-16 未核实` where the day is an estimate."""
    return day if verified else f"{day} 未核实"


def sentence(reason: Mapping[str, str]) -> str:
    """One reason as its owner reads it: `R-011 公民身份号码校验码不符（zjhm）`, with the source's own column."""
    where = f"（{reason['column']}）" if reason.get("column") else ""
    return f"{reason['code']} {meaning(reason['code']).chinese}{where}"


def reason_words(entries: Iterable[Sequence[Mapping[str, str]]]) -> str:
    """Counts by reason in words, most frequent first: `R-011 公民身份号码校验码不符 3 行；…`; nothing of any row."""
    counted: dict[str, int] = {}
    for reasons in entries:
        for code in {reason["code"] for reason in reasons}:
            counted[code] = counted.get(code, 0) + 1
    ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return "；".join(f"{code} {meaning(code).chinese} {number} 行" for code, number in ordered)


def _prepare(hub: Hub, declaration: Declaration, *, again: bool) -> tuple[Outgoing, SendingRow] | None:
    """Write the next sending down; None when nothing waits. The way is opened first, so that one that is not
    configured leaves no sending behind."""
    day = today(hub.clock)
    due = _due(declaration, day)
    reference = f"{day:%Y%m%d}-{secrets.token_hex(4)}"
    with transaction(hub.connection) as cursor:
        entries = returns.to_send(
            cursor, declaration.name, today=day, most=_MOST, tries=None if again else ENOUGH, again=again
        )
        if not entries:
            return None
        way = _way(hub, declaration)
        sendings.prepare(
            cursor,
            resource=declaration.name,
            channel=declaration.rejected.channel,
            reference=reference,
            entries=entries,
            due=due.day,
            due_verified=due.verified,
            now=hub.clock.now(),
        )
    return way, sendings.by_reference(hub.connection, reference)


def _send(hub: Hub, declaration: Declaration, way: Outgoing, row: SendingRow, on_step: OnStep) -> SendingView:
    due = _due(declaration, today(hub.clock))
    sendings.begin_try(hub.connection, row.id, due=due.day, due_verified=due.verified)
    on_step("sending.begun")
    sending = Sending(
        reference=row.reference,
        resource=declaration.name,
        title=declaration.title,
        made_at=row.made_at.astimezone(SHANGHAI),
        due=due.day,
        due_verified=due.verified,
    )
    try:
        receipt = way.send(sending, _rows(hub, row.id))
    except HubError as error:
        sendings.note_trouble(hub.connection, row.id, error)
        raise
    on_step("sending.sent")
    sendings.note_receipt(
        hub.connection, row.id, place=receipt.where, handed_over=receipt.handed_over, now=hub.clock.now()
    )
    on_step("sending.recorded")
    return view(sendings.by_reference(hub.connection, row.reference), today(hub.clock))


def _rows(hub: Hub, sending: int) -> list[RejectedRow]:
    rows = []
    for number in sendings.entries_of(hub.connection, sending):
        entry = quarantine.get_entry(hub.connection, number)
        content = quarantine.open_content(hub.connection, hub.vault, number)
        rows.append(
            RejectedRow(
                number=number,
                position=entry.position,
                operation=content.operation,
                fields=json.loads(content.fields),
                reasons=tuple(map(sentence, entry.reasons)),
                arrived_at=entry.seen_at.astimezone(SHANGHAI),
            )
        )
    return rows


def _way(hub: Hub, declaration: Declaration) -> Outgoing:
    by_hand = isinstance(declaration.rejected, WorkbookReturn)
    folder = hub.settings.home / "returns"
    if by_hand:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    endpoints = Endpoints.empty() if by_hand else Endpoints.load(hub.settings.sources_file)
    return open_outgoing(declaration, endpoints, folder=folder / declaration.name)


def _due(declaration: Declaration, day: date) -> Due:
    return declaration.clocks.correction_due(day, working_days())
