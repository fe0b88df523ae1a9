"""档案查询 for staff: find a holder's archive, look at its volume, see what requests wait and how long they take.

A search runs when Enter is pressed and not while it is typed: each one is told to the holders it finds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, Response

from core.clock import today
from core.errors import Rejected
from hub.caller import Caller
from hub.context import Hub
from hub.find_packages import Bounds, Found, Place, SearchUnfit, find
from hub.retrieval import open_requests
from hub.retrieval_report import report
from hub.retrieval_volume import PARTS, found_volume
from web import licence_words
from web.archive_words import ROLES
from web.counter_form import read_form
from web.doors import doors
from web.errors import answer_to
from web.pages import Pages
from web.session import with_role

#: Who searches the archive; who takes requests in or decides them.
SEARCHERS: Final = ("archivist", "operator")
_COUNTER: Final = frozenset({"archivist", "clerk"})
#: Days the median on the first page is of.
_RECENT: Final = 30

Counter = Annotated[Caller, Depends(with_role(*sorted(ROLES)))]
Searcher = Annotated[Caller, Depends(with_role(*SEARCHERS))]


@dataclass(slots=True)
class Search:
    """The search form as it is filled in; `after` is the line a list goes on from."""

    query: str = ""
    since: str = ""
    until: str = ""
    part: str = ""
    after: str = ""

    @classmethod
    def of(cls, form: Mapping[str, str]) -> Search:
        """What a form says."""
        said = {name: form.get(name, "").strip() for name in ("query", "since", "until", "part", "after")}
        return cls(**said)

    @property
    def bounds(self) -> Bounds:
        """Raises SearchUnfit for what is no day."""
        return Bounds(_day(self.since), _day(self.until), self.part or None)

    @property
    def place(self) -> Place | None:
        """Raises SearchUnfit for what no page of ours sends."""
        day, _, file_no = self.after.partition(" ")
        decided = _day(day)
        return Place(decided, file_no) if decided is not None and file_no else None


def archive_desk_router(pages: Pages) -> APIRouter:
    """The addresses of search, volume and report. No number of a holder stands in any of them."""
    router = APIRouter(prefix="/archive", include_in_schema=False, default_response_class=HTMLResponse)

    async def show(request: Request, template: str, caller: Caller, *, status: int = 200, **values: Any) -> Response:
        return await pages.for_visitor(
            request,
            template,
            status=status,
            caller=caller,
            colours=licence_words.COLOURS,
            searches=not caller.roles.isdisjoint(SEARCHERS),
            counts=not caller.roles.isdisjoint(_COUNTER),
            **values,
        )

    async def desk(
        request: Request, caller: Caller, search: Search, found: Found | None = None, problem: Rejected | None = None
    ) -> Response:
        told = answer_to(problem) if problem else None
        values: dict[str, Any] = {"q": search, "found": found, "problem": told, "parts": PARTS}
        status = told.status if told else 200
        if request.headers.get("hx-request") == "true":
            return await show(request, "archive_found.html", caller, status=status, **values)
        day = today(doors(request).clock)

        def read(hub: Hub) -> dict[str, Any]:
            asked = open_requests(hub, caller) if not caller.roles.isdisjoint(_COUNTER) else ()
            return {
                "waiting": [one for one in asked if one.answer is None],
                "answered": [one for one in asked if one.answer is not None],
                "median": report(hub, day - timedelta(days=_RECENT), day)[0],
                "recent": _RECENT,
            }

        return await show(request, "archive.html", caller, status=status, **values, **await doors(request).ask(read))

    @router.get("")
    async def home(request: Request, caller: Counter) -> Response:
        return await desk(request, caller, Search())

    @router.post("")
    async def search(request: Request, caller: Searcher) -> Response:
        asked = Search.of(await read_form(request))
        try:
            bounds, after = asked.bounds, asked.place
            found = await doors(request).ask(lambda hub: find(hub, asked.query, caller, bounds=bounds, after=after))
        except Rejected as error:
            return await desk(request, caller, asked, problem=error)
        return await desk(request, caller, asked, found)

    @router.get("/volumes/{party}")
    async def volume(request: Request, caller: Searcher, party: UUID) -> Response:
        found = await doors(request).ask(lambda hub: found_volume(hub, str(party), caller))
        return await show(request, "archive_volume.html", caller, volume=found)

    @router.get("/report")
    async def figures(request: Request, caller: Searcher, since: str = "", until: str = "") -> Response:
        now = today(doors(request).clock)
        first, last = _day(since) or now - timedelta(days=_RECENT), _day(until) or now
        rows = await doors(request).ask(lambda hub: report(hub, first, last))
        return await show(request, "archive_report.html", caller, rows=rows, since=first, until=last)

    return router


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise SearchUnfit("a day was given that is none; nothing was looked up. Write it as 2026-11-20.") from None
