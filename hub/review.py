"""What about rows set aside only a person can decide, put as a question a resource, and the answer carried out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from connectors.registry import declarations
from core.clock import today
from hub.answers import Answer
from hub.context import Hub
from hub.quarantine_acts import dismiss
from hub.returns import ENOUGH, confirm, due_words, reason_words, send_back
from store import quarantine_acts, returns, sendings
from store.connection import transaction
from store.returns import Standing

#: Entries looked at for one question; more are told of, and asked about once these are decided.
_MOST: Final = 10_000


@dataclass(frozen=True, slots=True)
class Question:
    """One resource about which somebody has to decide. Counts, names of reasons and references; nothing of a row.

    Attributes:
        upto: the highest entry number the question speaks of; what came later is not decided with it.
        references: workbooks that wait to be handed over, as the question names them.
    """

    resource: str
    subject: str
    body: str
    upto: int
    references: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """For Airflow, which hands it from task to task."""
        return {
            "resource": self.resource,
            "subject": self.subject,
            "body": self.body,
            "upto": self.upto,
            "references": list(self.references),
        }


@dataclass(frozen=True, slots=True)
class Decided:
    """What an answer came to."""

    resource: str
    answer: str
    who: str
    sent_again: int = 0
    handed_over: int = 0
    dismissed: int = 0

    def to_dict(self) -> dict[str, Any]:
        """For the task's result."""
        return {name: getattr(self, name) for name in self.__slots__}


def questions(hub: Hub) -> list[Question]:
    """A question for each resource with an overdue row, a row that was sent back twice and came wrong again, or a
    workbook that somebody has to send on."""
    found = []
    for name, declaration in declarations().items():
        overdue, wrong_again = _undecided(hub, name)
        files = [row for row in sendings.every(hub.connection, resource=name, only_open=True) if _by_hand(row)]
        if not (overdue or wrong_again or files):
            continue
        title = f"{declaration.department.zh}·{declaration.title}"
        parts, lines, hints = [], [], []
        if overdue:
            first = min(overdue, key=lambda standing: str(standing.due))
            parts.append(f"超期 {len(overdue)} 行")
            lines.append(
                f"- **超期未更正** {len(overdue)} 行，最早期限 {due_words(str(first.due), first.due_verified)}"
            )
        if wrong_again:
            parts.append(f"两次退回仍有误 {len(wrong_again)} 行")
            lines.append(f"- **退回 {ENOUGH} 次仍有误** {len(wrong_again)} 行，不再自动退回")
        by_hand: list[Standing] = []
        if files:
            parts.append(f"待转交 {len(files)} 份")
            lines += [f"- **待人工转交** {row.rows} 行：`{row.place}`（批次 `{row.reference}`）" for row in files]
            by_hand = _standings(hub, name, "handover")
            hints.append(f"- {Answer.HANDED_OVER}：上列文件已经由您转交，自今日起算期限。")
        if overdue or wrong_again:
            hints += [
                f"- {Answer.AGAIN}：超期的和两次退回仍有误的行，按约定通道再退回一次，期限重新起算。",
                f"- {Answer.DISMISS}：超期的和两次退回仍有误的行不再追，请选择原因；记录保留，不入库。",
            ]
        hints.append(f"- {Answer.NOT_NOW}：今天不动，下个工作日再问。")
        reasons = reason_words(standing.entry.reasons for standing in (*overdue, *wrong_again, *by_hand))
        lines.append(f"- **原因**：{reasons}")
        ids = [standing.entry.id for standing in (*overdue, *wrong_again)]
        found.append(
            Question(
                resource=name,
                subject=f"{title}：{'，'.join(parts)}",
                body="\n".join([f"资源 `{name}`", "", *lines, "", "可选的处理：", "", *hints]),
                upto=max(ids, default=0),
                references=tuple(row.reference for row in files),
            )
        )
    return found


def carry_out(
    hub: Hub,
    answer: Answer,
    *,
    resource: str,
    who: str,
    upto: int,
    references: Sequence[str] = (),
    why: str = "owner_cannot",
    note: str = "",
) -> Decided:
    """Do what a person answered, in that person's name. Run again it finds nothing left to do.

    Raises:
        DismissRefused: the answer was to give up, and the reason or the note does not do.
        Retryable, Permanent: see `hub.returns.send_back`; what was decided is decided anew by the next run.
    """
    match answer:
        case Answer.NOT_NOW:
            _note(hub, "left", who=who, resource=resource)
            return Decided(resource, answer.value, who)
        case Answer.HANDED_OVER:
            for reference in references:
                confirm(hub, reference, who=who)
            return Decided(resource, answer.value, who, handed_over=len(references))
        case Answer.DISMISS:
            overdue, wrong_again = _undecided(hub, resource)
            numbers = [standing.entry.id for standing in (*overdue, *wrong_again) if standing.entry.id <= upto]
            done = dismiss(hub, numbers, why=why, note=note, who=who)
            return Decided(resource, answer.value, who, dismissed=done.dismissed)
        case Answer.AGAIN:
            _note(hub, "sent again", who=who, resource=resource)
            return Decided(resource, answer.value, who, sent_again=send_back(hub, resource, again=True).rows)


def carry_out_said(
    hub: Hub, said: Mapping[str, Any], *, resource: str, upto: int, references: Sequence[str]
) -> Decided:
    """The same for an answer as Airflow hands it on; one that nobody gave leaves everything as it is.

    Args:
        said: `chosen_options`, `params_input` (`why`, `note`) and `responded_by_user` of its human-in-the-loop task.
    """
    user = said.get("responded_by_user")
    answer = Answer(said["chosen_options"][0])
    if user is None:  # the time ran out: nobody decided, so nothing is written under anybody's name
        return Decided(resource, Answer.NOT_NOW.value, "")
    given = said.get("params_input") or {}
    return carry_out(
        hub,
        answer,
        resource=resource,
        who=f"airflow:{user['name']}",
        upto=upto,
        references=references,
        why=given.get("why") or "owner_cannot",
        note=given.get("note") or "",
    )


def _undecided(hub: Hub, resource: str) -> tuple[list[Standing], list[Standing]]:
    found = _standings(hub, resource, "waiting", "overdue")
    overdue = [standing for standing in found if standing.stage == "overdue"]
    return overdue, [standing for standing in found if standing.stage == "waiting" and standing.sent_back >= ENOUGH]


def _standings(hub: Hub, resource: str, *stages: str) -> list[Standing]:
    return returns.standings(hub.connection, today=today(hub.clock), resource=resource, stages=stages, limit=_MOST)


def _by_hand(row: sendings.SendingRow) -> bool:
    return row.state == "sent" and row.handed_over_at is None


def _note(hub: Hub, act: str, *, who: str, resource: str) -> None:
    with transaction(hub.connection) as cursor:
        quarantine_acts.record(cursor, hub.vault, act, who=who, resource=resource, at=hub.clock.now())
