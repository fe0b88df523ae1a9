"""The pages: templates filled with plain values. Everything is escaped; an unknown name is an error."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from core.clock import SHANGHAI
from hub import checking_outcome
from web import archive_words, counter_words
from web.check_answer import proof_path
from web.doors import doors
from web.port import SourceState, StepState
from web.session import session_if_any

_ROOM = Path(__file__).parent
STATIC = _ROOM / "static"

_SOURCE_STATES = {
    SourceState.UP_TO_DATE: ("good", "正常"),
    SourceState.LATE: ("warn", "迟到"),
    SourceState.MISSING: ("warn", "缺报"),
    SourceState.IN_TROUBLE: ("bad", "采集异常"),
    SourceState.NEVER_READ: ("idle", "尚未采集"),
    SourceState.NOT_OPEN: ("idle", "未开通"),
    SourceState.AWAITING: ("warn", "待授权"),
}
#: What should have been done by the deadline: we had to read it, or its department had to deliver.
_OVERDUE = {SourceState.LATE: "采集", SourceState.MISSING: "报送"}
_STEP_STATES = {
    StepState.PASSED: ("good", "通过"),
    StepState.FAILED: ("bad", "不通过"),
    StepState.CANNOT_TELL: ("warn", "无法判断"),
    StepState.SKIPPED: ("idle", "不适用"),
}


def _moment(moment: datetime | None) -> str:
    return "—" if moment is None else moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


def _count(number: int) -> str:
    return f"{number:,}"


def _count_or_dash(number: int) -> str:
    """In a table of many columns a dash is passed over more easily than a nought."""
    return _count(number) if number else "–"


def _no_roles(_: Any) -> frozenset[str]:
    return frozenset()


class Pages:
    """Renders templates.

    Args:
        demo: puts the notice on every page that this is no real office.
        roles_of: roles of a visitor's session, so that a page leads nobody to a door that is closed to him.
    """

    def __init__(self, *, demo: bool, roles_of: Callable[[Any], frozenset[str]] = _no_roles) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(_ROOM / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        self._environment.filters["moment"] = _moment
        self._environment.filters["count"] = _count
        self._environment.filters["count_or_dash"] = _count_or_dash
        self._environment.globals.update(
            demo=demo,
            visitor=None,
            roles_of=roles_of,
            source_states=_SOURCE_STATES,
            overdue_states=_OVERDUE,
            step_states=_STEP_STATES,
            outcomes_of_check=checking_outcome.WORDS,
            proof_path=proof_path,
            looks=counter_words.LOOKS,
            taken_words=counter_words.TAKEN,
            outcomes=counter_words.OUTCOMES,
            kinds=counter_words.KINDS,
            roles=counter_words.ROLES,
            archive=archive_words,
            archive_roles=archive_words.ROLES,
            age=counter_words.age,
            source=counter_words.source,
            office=counter_words.office,
            advice=counter_words.advice,
            choices=counter_words.choices,
            still_open=counter_words.still_open,
            count_held=counter_words.count_held,
        )

    def show(self, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """One page as an answer."""
        return HTMLResponse(self._environment.get_template(template).render(**values), status_code=status)

    async def for_visitor(self, request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """One page for somebody who signed in: with his session, the token for the next form, and the time."""
        return self.show(
            template,
            status=status,
            visitor=await session_if_any(request),
            csrf=request.state.csrf,
            now=doors(request).clock.now(),
            **values,
        )
