"""How long requests take from being asked to being answered: the figure auditors ask for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from statistics import median
from typing import Any

from core.clock import SHANGHAI
from hub.context import Hub
from hub.retrieval_parts import Form, Requester, Stage
from store import archive_requests
from store.archive_requests import Times


@dataclass(frozen=True, slots=True)
class Figure:
    """The requests of one kind.

    Attributes:
        asked: how many; `stages` by how far they have come.
        answered: of how many the times are; a median without that number says nothing.
        to_answer: median time from request to answer, None where none was answered; `to_decision` from request to
            decision, of those a person decided.
    """

    requester: Requester | None
    form: Form | None
    asked: int
    stages: dict[str, int]
    answered: int
    to_answer: timedelta | None
    decided: int
    to_decision: timedelta | None

    def to_dict(self) -> dict[str, Any]:
        """For `--json`; times in seconds."""
        return {
            "requester": self.requester.value if self.requester else None,
            "form": self.form.value if self.form else None,
            "asked": self.asked,
            "stages": self.stages,
            "answered": self.answered,
            "median_to_answer_s": None if self.to_answer is None else self.to_answer.total_seconds(),
            "decided_by_person": self.decided,
            "median_to_decision_s": None if self.to_decision is None else self.to_decision.total_seconds(),
        }


def report(hub: Hub, since: date, until: date) -> list[Figure]:
    """All requests asked from the first to the last of these days (Asia/Shanghai), then each kind there was."""
    first, end = _begin(since), _begin(until + timedelta(days=1))
    times = archive_requests.times(hub.connection, first, end)
    kinds = sorted({(one.requester, one.form) for one in times})
    return [
        _figure(None, None, times),
        *(
            _figure(Requester(r), Form(f), [one for one in times if (one.requester, one.form) == (r, f)])
            for r, f in kinds
        ),
    ]


def _figure(requester: Requester | None, form: Form | None, times: Sequence[Times]) -> Figure:
    answers = [one.answered_at - one.asked_at for one in times if one.answered_at is not None]
    decisions = [one.decided_at - one.asked_at for one in times if one.decided_at is not None and not one.automatic]
    counted = Counter(one.stage for one in times)
    return Figure(
        requester,
        form,
        len(times),
        {stage.value: counted[stage.value] for stage in Stage if counted[stage.value]},
        len(answers),
        _median(answers),
        len(decisions),
        _median(decisions),
    )


def _median(times: Sequence[timedelta]) -> timedelta | None:
    return timedelta(seconds=median(one.total_seconds() for one in times)) if times else None


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI)
