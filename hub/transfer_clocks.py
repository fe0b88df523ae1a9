"""Clocks of a transfer: by when a letter is to be acted on, from when it is void, by when all is handed over."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, ClassVar

from core.clock import today
from core.errors import Permanent
from hub.context import Hub
from hub.transfer_peers import Clocks
from schemas.transfer import Side, State
from schemas.workdays import Due, working_days
from store import transfers

_LETTER_STATES = (State.REQUESTED, State.NOTIFIED, State.ASKED)
_WORDS = {
    "answer": "the letter was to be acted on",
    "void": "the letter is void",
    "hand_over": "all archives were to be handed over",
}


class TransfersOverdue(Permanent):
    """Transfers are late."""

    code: ClassVar[str] = "HUB-827"


@dataclass(frozen=True, slots=True)
class Periods:
    """The days of a letter of one day. `verified`: periods and holidays were checked."""

    answer_by: date
    void_on: date
    due: date
    verified: bool


@dataclass(frozen=True, slots=True)
class Late:
    """A transfer that is late. `what`: answer, void or hand_over; `verified` False: the day is an estimate."""

    transfer: str
    side: Side
    peer: str
    state: State
    what: str
    day: date
    days: int
    verified: bool

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "transfer": self.transfer,
            "side": self.side.value,
            "peer": self.peer,
            "state": self.state.value,
            "what": self.what,
            "due": self.day.isoformat(),
            "days_late": self.days,
            "verified": self.verified,
        }


def periods(clocks: Clocks, day: date) -> Periods:
    """Reckon the periods of a letter.

    Raises:
        CalendarBroken: a table of holidays cannot be used.
    """
    answer, void = _after(clocks, day, clocks.answer_days), _after(clocks, day, clocks.void_days)
    verified = clocks.verified and answer.verified and void.verified
    return Periods(answer.day, void.day, months_later(day, clocks.months), verified)


def months_later(day: date, months: int) -> date:
    """The same day of a later month, or its last one."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def overdue(hub: Hub) -> list[Late]:
    """Every transfer that is late on either side, the most urgent first."""
    day, found = today(hub.clock), []
    for one in transfers.listed(hub.connection, hub.vault, ended=False):
        clocks = [("hand_over", one.due)]
        if one.state in _LETTER_STATES:
            clocks += [("void", one.void_on), ("answer", one.answer_by)]
        for what, due in clocks:
            if day > due:
                late = (day - due).days
                found.append(Late(one.id, one.side, one.peer, one.state, what, due, late, one.verified))
                break
    return sorted(found, key=lambda late: (late.what != "hand_over", -late.days))


def demand_in_time(late: Sequence[Late]) -> None:
    """Raises TransfersOverdue: there is one."""
    if not late:
        return
    told = "; ".join(f"{one.transfer} ({one.side.value}): {_WORDS[one.what]} by {one.day}" for one in late[:10])
    more = f"; and {len(late) - 10} more" if len(late) > 10 else ""
    raise TransfersOverdue(
        f"{len(late)} transfers are late: {told}{more}. `hub transfer show ID` says what is next; runbook: "
        "transfer-late."
    )


def _after(clocks: Clocks, day: date, days: int) -> Due:
    if clocks.days == "calendar":
        return Due(day + timedelta(days=days), True)
    return working_days().after(day, days)
