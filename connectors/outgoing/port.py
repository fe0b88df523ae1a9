"""How rejected rows go back: the one shape every channel is written through.

A channel hands rows over and keeps no state of its own. The caller gives each sending a `reference` (e.g. the
number of the batch and of the try) and records the `Receipt`; sending the same reference again puts the same
rows in the same place and nothing twice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, ClassVar, Protocol

from core.errors import Permanent, Retryable

_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")


@dataclass(frozen=True, slots=True)
class Sending:
    """What one sending is about. `reference` is the caller's own, letters, digits and hyphens.

    `due` is the last day on which an answer is in time; unless `due_verified`, the owner is told that it is an
    estimate (未核实).
    """

    reference: str
    resource: str
    title: str
    made_at: datetime
    due: date | None = None
    due_verified: bool = False

    def __post_init__(self) -> None:
        if not _REFERENCE.fullmatch(self.reference):
            raise ValueError("a reference is 1 to 64 letters, digits and hyphens")

    def wish(self) -> str:
        """What the owner is asked to do, and by when; one sentence without its end."""
        if self.due is None:
            return "请核对更正后重新报送"
        doubt = "" if self.due_verified else "，期限未核实"
        return f"请于 {self.due.isoformat()} 前（含当日{doubt}）核对更正后重新报送"


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """One row as its owner sent it, and why it was not taken; nothing of it shows in the repr.

    `number` is the quarantine's own, by which an answer is found again. `reasons` are whole sentences in
    Chinese, each with its code in front.
    """

    number: int
    position: int
    operation: str
    fields: Mapping[str, Any] = field(repr=False)
    reasons: tuple[str, ...]
    arrived_at: datetime

    def remark(self, length: int | None = None, *, wish: str = "") -> str:
        """All reasons in one text, cut with an ellipsis where a column is too narrow.

        Args:
            wish: what the owner is asked to do; it stands behind the reasons, and is left out before a reason is.
        """
        text = "；".join(self.reasons)
        if wish and (length is None or len(text) + len(wish) < length):
            text = f"{text}；{wish}"
        return text if length is None or len(text) <= length else f"{text[: length - 1]}…"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was handed over: `where` is for people (table, path, address), without credentials or data."""

    channel: str
    where: str
    rows: int
    handed_over: bool


class Outgoing(Protocol):
    """One resource's way back to its owner."""

    def send(self, sending: Sending, rows: Sequence[RejectedRow]) -> Receipt:
        """Hand the rows over, all or none.

        The receipt's `handed_over` is False where a person still has to send the file on.

        Raises:
            ReturnUnavailable: a Retryable; nothing of this reference is to be relied on, send it again.
            ReturnRefused: a Permanent; the channel says no, use another one.
        """
        ...


class ReturnUnavailable(Retryable):
    """The channel by which rejected rows go back does not answer now; they stay in quarantine, unsent."""

    code: ClassVar[str] = "HUB-120"


class ReturnRefused(Permanent):
    """The channel by which rejected rows go back refuses them: rights, table, columns, folder or service."""

    code: ClassVar[str] = "HUB-121"
