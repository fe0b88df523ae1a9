"""What stands agreed or expected of a resource: is it open at all, how much comes, by when.

A legacy system that nobody can reach is declared like any other, with whom was asked and when, so
that it is in the register and never looks healthy.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from schemas.workdays import Due, WorkingDays

#: 校核: how long an owner has to answer a record sent back, in working days. From memory of the State
#: Council's rules on sharing, not compared with their text: every declaration may say otherwise.
CORRECTION_WORKING_DAYS: Final = 10

Text = Annotated[str, Field(min_length=1)]
Share = Annotated[float, Field(ge=0, le=1)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class ReachState(StrEnum):
    """How far a source has come: 未开通 not opened, 待授权 asked and not granted yet, 已通 open."""

    NOT_OPENED = "未开通"
    AWAITING = "待授权"
    OPEN = "已通"


class Asked(_Frozen):
    """One time somebody was asked to open the source."""

    who: Text
    on: date
    answer: Text | None = None


class Reach(_Frozen):
    """Whether the source can be read, and what was done about it where it cannot.

    Attributes:
        state: see `ReachState`.
        asked: whom we asked and when, in order; nobody is made up, so an empty list means that nobody was.
        note: why it stands as it does.
    """

    state: ReachState
    asked: tuple[Asked, ...] = ()
    note: Text | None = None

    @model_validator(mode="after")
    def _hangs_together(self) -> Reach:
        if self.state is ReachState.AWAITING and not self.asked:
            raise ValueError("待授权 needs under `asked` who was asked and when; where nobody was, it is 未开通")
        if self.state is ReachState.NOT_OPENED and not self.asked and self.note is None:
            raise ValueError("未开通 needs a `note` saying why, or under `asked` who was asked and when")
        return self

    @property
    def open(self) -> bool:
        """Whether reading it makes sense."""
        return self.state is ReachState.OPEN

    @property
    def zh(self) -> str:
        """One line for a person: the state, its reason and the last time somebody was asked."""
        if self.open:
            return f"{self.state}{f'（{self.note}）' if self.note else ''}"
        last = self.asked[-1] if self.asked else None
        told = [self.note] if self.note else []
        if last is None:
            told.append("尚未向任何单位提出")
        else:
            told.append(f"{last.on:%Y-%m-%d} 已向{last.who}提出，{last.answer or '未答复'}")
        return f"{self.state}：{'；'.join(told)}"


#: What silence about it means: nobody may take a source for open because its declaration forgot to say.
UNSTATED: Final = Reach(state=ReachState.NOT_OPENED, note="声明没有写明是否已通")


class Band(_Frozen):
    """What a batch is expected to look like. Outside it something is wrong with the source, not with the rows.

    Attributes:
        rows: fewest and most rows of one batch; None where nobody can say.
        rejected: least and greatest share of rows that are set aside.
        verified: whether the figures come from the owner or from batches seen, not from a guess.
    """

    rows: tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]] | None = None
    rejected: tuple[Share, Share] = (0.0, 1.0)
    verified: bool = False

    @model_validator(mode="after")
    def _in_order(self) -> Band:
        for name, pair in (("rows", self.rows), ("rejected", self.rejected)):
            if pair is not None and pair[0] > pair[1]:
                raise ValueError(f"`{name}` gives the greater bound first")
        return self

    @property
    def bounds(self) -> bool:
        """Whether there is anything a batch could leave."""
        return self.rows is not None or self.rejected != (0.0, 1.0)

    def outside(self, rows: int, rejected: int) -> tuple[str, ...]:
        """Every bound a batch of so many rows, so many of them set aside, leaves; empty when it is as expected."""
        left = []
        if self.rows is not None and not self.rows[0] <= rows <= self.rows[1]:
            left.append(f"{rows} rows, expected {self.rows[0]} to {self.rows[1]}")
        share = rejected / rows if rows else 0.0
        if rows and not self.rejected[0] <= share <= self.rejected[1]:
            left.append(f"{share:.1%} of the rows set aside, expected {self.rejected[0]:.1%} to {self.rejected[1]:.1%}")
        return tuple(left)


class Snapshot(_Frozen):
    """Says that every file or answer holds everything there is, so that what it lacks has ended.

    Attributes:
        most_absent: the greatest share of the records held that one snapshot may end; more of them missing looks
            like half a file, and a person has to say that it is right.
    """

    most_absent: Share = 0.1


class Clocks(_Frozen):
    """Deadlines in working days; hours stand in `late_after_hours`.

    Attributes:
        update_working_days: the owner's new data are due on this working day after the last; None where
            only hours are agreed.
        deliveries: whether data that do not come are missed (缺报), or nothing new is an answer as well; None: as
            its protocol has it, see `expects_deliveries`.
        correction_working_days: 校核, how long the owner has for a record sent back.
        verified: whether the owner has agreed to both.
    """

    update_working_days: Annotated[int, Field(ge=1)] | None = None
    deliveries: Literal["expected", "empty is an answer"] | None = None
    correction_working_days: Annotated[int, Field(ge=1)] = CORRECTION_WORKING_DAYS
    verified: bool = False

    def update_due(self, last: date, calendar: WorkingDays) -> Due | None:
        """By when the next data are due; None where only hours are agreed."""
        if self.update_working_days is None:
            return None
        due = calendar.after(last, self.update_working_days)
        return Due(due.day, due.verified and self.verified)

    def correction_due(self, sent_back: date, calendar: WorkingDays) -> Due:
        """By when a record sent back on `sent_back` has to be answered."""
        due = calendar.after(sent_back, self.correction_working_days)
        return Due(due.day, due.verified and self.verified)
