"""Answers kept for a short while in this process, so that no address and no history entry has to carry a number.

A POST that asked is answered by a redirect to a view under a random word; the view is found only in the session that
asked, and is gone after its time, after a number of newer ones, and with the process. Several processes behind one
address would need each visitor to stay with one of them.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import ClassVar, Generic, TypeVar

from starlette.requests import Request

from core.errors import Rejected
from hub.answer import Answer
from hub.caller import Caller
from web.desk_port import ItemChoice, PurposeChoice, Taken

#: Values kept for one session; older ones go first.
_EACH = 8


class ViewGone(Rejected):
    """An answer that was shown is no longer kept: its time is over, or it was shown once and wiped."""

    code: ClassVar[str] = "HUB-890"


@dataclass(frozen=True, slots=True, repr=False)
class View:
    """An answer and what was done with it at the counter.

    Attributes:
        opened_here: the case was opened for this very question.
        closable: the case is one of the desks' own, and ends here.
        taken: material code to what was taken for it.
        closed: the outcome, once the case was ended.
    """

    answer: Answer
    item: ItemChoice
    purpose: PurposeChoice
    caller: Caller
    opened_here: bool
    closable: bool = True
    taken: dict[str, Taken] = field(default_factory=dict)
    closed: str = ""


V = TypeVar("V")


@dataclass(slots=True)
class _Kept(Generic[V]):
    owner: str
    until: float
    value: V


class Kept(Generic[V]):
    """What is kept for sessions, each under a random word; may be used by several threads."""

    def __init__(self, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Args:
        seconds: for how long each is kept.
        clock: in place of the process's own.
        """
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, _Kept[V]] = OrderedDict()

    def keep(self, owner: str, value: V) -> str:
        """The word under which its owner finds it again."""
        word = secrets.token_urlsafe(18)
        with self._lock:
            self._expire()
            mine = [name for name, kept in self._kept.items() if kept.owner == owner]
            for name in mine[: max(len(mine) - _EACH + 1, 0)]:
                del self._kept[name]
            self._kept[word] = _Kept(owner, self._clock() + self._seconds, value)
        return word

    def of(self, word: str, owner: str) -> V:
        """What this owner kept.

        Raises:
            ViewGone: there is none under this word, or it is another's.
        """
        with self._lock:
            self._expire()
            kept = self._kept.get(word)
        if kept is None or kept.owner != owner:
            raise _gone()
        return kept.value

    def once(self, word: str, owner: str) -> V:
        """As `of`, and it is gone with that."""
        value = self.of(word, owner)
        with self._lock:
            if self._kept.pop(word, None) is None:
                raise _gone()
        return value

    def change(self, word: str, value: V) -> None:
        """Put a changed value in the place of one found before."""
        with self._lock:
            if word in self._kept:
                self._kept[word].value = value

    def forget(self, owner: str) -> None:
        """Drop everything of an owner."""
        with self._lock:
            for name in [name for name, kept in self._kept.items() if kept.owner == owner]:
                del self._kept[name]

    def __len__(self) -> int:
        with self._lock:
            self._expire()
            return len(self._kept)

    def _expire(self) -> None:
        now = self._clock()
        for name in [name for name, kept in self._kept.items() if kept.until <= now]:
            del self._kept[name]


def with_taken(view: View, taken: dict[str, Taken]) -> View:
    """The view after more was recorded."""
    return replace(view, taken=view.taken | taken)


def owner_of(request: Request, caller: Caller) -> str:
    """A caller in one session: whoever signs in later, under the same account too, finds nothing of it."""
    return f"{caller.kind.value}/{caller.id}/{request.state.csrf}"


def _gone() -> ViewGone:
    return ViewGone("an answer asked for again is no longer kept; nothing of it is left. Ask once more.")
