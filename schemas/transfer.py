"""迁移调档: the states of a transfer of archives between two hubs, and who moves it from which to which.

One table for both sides: the destination 迁入地 asks and takes in, the origin 迁出地 may not refuse and hands over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final

from core.errors import Permanent


class NotNow(Permanent):
    """A transfer in this state does not take this move."""

    code: ClassVar[str] = "HUB-819"


class Side(StrEnum):
    """Which end of the transfer this hub is."""

    IN = "in"
    OUT = "out"

    @property
    def chinese(self) -> str:
        """`迁入`, `迁出`."""
        return {"in": "迁入", "out": "迁出"}[self.value]


class State(StrEnum):
    """Where a transfer stands, as this side knows it."""

    REQUESTED = "requested"
    """The notice is written and signed; it may not have left yet."""
    NOTIFIED = "notified"
    PROMISED = "promised"
    """The origin has said that it will hand over."""
    RECEIVED = "received"
    """A parcel came whose manifest is good; its packages are being taken in."""
    RECEIPTED = "receipted"
    """The receipt is signed; it may not have left yet."""
    ASKED = "asked"
    ACCEPTED = "accepted"
    ASSEMBLED = "assembled"
    """The parcel is packed and signed; it may not have left yet."""
    SENT = "sent"
    PARTIAL = "partial"
    """Not everything was accepted: the origin has to send the rest."""
    RETURNED = "returned"
    """Ended: the notice had a formal fault."""
    SETTLED = "settled"
    """Ended: everything was accepted, or given up with a reason."""

    @property
    def chinese(self) -> str:
        """`已发函`, `已接收` …"""
        return _STATE_ZH[self]

    @property
    def ended(self) -> bool:
        """Whether nothing is to come any more."""
        return self in (State.RETURNED, State.SETTLED)


class Who(StrEnum):
    """By whom a move is made: a person of the bureau, the hub by itself, or the other hub by a letter."""

    OFFICER = "officer"
    HUB = "hub"
    PEER = "peer"


class Move(StrEnum):
    """What may happen to a transfer."""

    REQUEST = "request"
    ASK = "ask"
    ACCEPT = "accept"
    RETURN = "return"
    ANSWER = "answer"
    ASSEMBLE = "assemble"
    SEND = "send"
    RECEIVE = "receive"
    RECEIPT = "receipt"
    ACKNOWLEDGE = "acknowledge"
    SETTLE = "settle"

    @property
    def chinese(self) -> str:
        """`拟函`, `组卷` …"""
        return _MOVE_ZH[self]


class Letter(StrEnum):
    """What one hub writes to the other."""

    NOTICE = "notice"
    ANSWER = "answer"
    PARCEL = "parcel"
    RECEIPT = "receipt"

    @property
    def chinese(self) -> str:
        """`企业迁移登记注册通知函` …"""
        return _LETTER_ZH[self]

    @property
    def reader(self) -> Side:
        """The side it is written to."""
        return Side.OUT if self in (Letter.NOTICE, Letter.RECEIPT) else Side.IN


class Fault(StrEnum):
    """Why a notice may be returned; the origin has no other ground (市场主体登记管理条例 art. 27)."""

    NOTHING_HELD = "nothing_held"
    WRONG_COMPANY = "wrong_company"

    @property
    def chinese(self) -> str:
        """For people."""
        return {"nothing_held": "本馆无该企业档案", "wrong_company": "企业名称与统一社会信用代码不符"}[self.value]


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table. No state in `before`: the move begins the transfer."""

    side: Side
    move: Move
    before: tuple[State, ...]
    after: State
    who: tuple[Who, ...]


_S, _W = State, Who
#: The whole machine.
RULES: Final = (
    Rule(Side.IN, Move.REQUEST, (), _S.REQUESTED, (_W.OFFICER,)),
    Rule(Side.IN, Move.SEND, (_S.REQUESTED,), _S.NOTIFIED, (_W.HUB,)),
    Rule(Side.IN, Move.ACCEPT, (_S.REQUESTED, _S.NOTIFIED), _S.PROMISED, (_W.PEER,)),
    Rule(Side.IN, Move.RETURN, (_S.REQUESTED, _S.NOTIFIED), _S.RETURNED, (_W.PEER,)),
    Rule(Side.IN, Move.RECEIVE, (_S.NOTIFIED, _S.PROMISED, _S.PARTIAL), _S.RECEIVED, (_W.PEER,)),
    Rule(Side.IN, Move.RECEIPT, (_S.RECEIVED,), _S.RECEIPTED, (_W.HUB,)),
    Rule(Side.IN, Move.ACKNOWLEDGE, (_S.RECEIPTED,), _S.PARTIAL, (_W.HUB,)),
    Rule(Side.IN, Move.SETTLE, (_S.RECEIPTED,), _S.SETTLED, (_W.HUB,)),
    Rule(Side.OUT, Move.ASK, (), _S.ASKED, (_W.PEER,)),
    Rule(Side.OUT, Move.ACCEPT, (_S.ASKED,), _S.ACCEPTED, (_W.OFFICER, _W.HUB)),
    Rule(Side.OUT, Move.RETURN, (_S.ASKED,), _S.RETURNED, (_W.OFFICER, _W.HUB)),
    Rule(Side.OUT, Move.ANSWER, (_S.ACCEPTED,), _S.ACCEPTED, (_W.HUB,)),
    Rule(Side.OUT, Move.ANSWER, (_S.RETURNED,), _S.RETURNED, (_W.HUB,)),
    Rule(Side.OUT, Move.ANSWER, (_S.ASSEMBLED,), _S.ASSEMBLED, (_W.HUB,)),
    Rule(Side.OUT, Move.ASSEMBLE, (_S.ACCEPTED, _S.PARTIAL), _S.ASSEMBLED, (_W.OFFICER, _W.HUB)),
    Rule(Side.OUT, Move.SEND, (_S.ASSEMBLED,), _S.SENT, (_W.HUB,)),
    Rule(Side.OUT, Move.ACKNOWLEDGE, (_S.SENT,), _S.PARTIAL, (_W.PEER,)),
    Rule(Side.OUT, Move.SETTLE, (_S.SENT,), _S.SETTLED, (_W.PEER,)),
)

_STATE_ZH: Final[Mapping[State, str]] = {
    State.REQUESTED: "已拟函",
    State.NOTIFIED: "已发函",
    State.PROMISED: "对方已受理",
    State.RECEIVED: "接收中",
    State.RECEIPTED: "已出回执",
    State.ASKED: "已收函",
    State.ACCEPTED: "已受理",
    State.ASSEMBLED: "已组卷",
    State.SENT: "已移交",
    State.PARTIAL: "待补交",
    State.RETURNED: "已退回",
    State.SETTLED: "已办结",
}
_MOVE_ZH: Final[Mapping[Move, str]] = {
    Move.REQUEST: "拟函",
    Move.ASK: "收函",
    Move.ACCEPT: "受理",
    Move.RETURN: "退回",
    Move.ANSWER: "送出复函",
    Move.ASSEMBLE: "组卷",
    Move.SEND: "送出",
    Move.RECEIVE: "收到移交包",
    Move.RECEIPT: "出具回执",
    Move.ACKNOWLEDGE: "回执：须补交",
    Move.SETTLE: "回执：全部接收",
}
_LETTER_ZH: Final[Mapping[Letter, str]] = {
    Letter.NOTICE: "企业迁移登记注册通知函",
    Letter.ANSWER: "调档复函",
    Letter.PARCEL: "移交包",
    Letter.RECEIPT: "接收回执",
}


def after(side: Side, move: Move, before: State | None) -> State:
    """The state a move leads to; asked before a letter is written too, as one that is there must not be written over.

    Raises:
        NotNow: the table has no such line.
    """
    for rule in RULES:
        if (rule.side, rule.move) == (side, move) and (before in rule.before or (before is None and not rule.before)):
            return rule.after
    standing = "not begun" if before is None else before.value
    raise NotNow(
        f"a transfer that is {standing} on the side `{side.value}` does not take the move `{move.value}`; nothing was "
        "changed. `hub transfer show` says what comes next."
    )
