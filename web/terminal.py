"""Terminal mode 自助终端: one holder, present, one item, one answer that is shown once and wiped."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from core.errors import HubError, Rejected
from hub.caller import Caller
from web.counter_form import read_form
from web.desk_port import DeskVerbs, ItemChoice, PurposeChoice
from web.errors import answer_to
from web.kept import Kept, View, owner_of
from web.pages import Pages
from web.session import Terminal
from web.typed_number import bare, judge

_LOG = logging.getLogger(__name__)

#: From the redirect to the page; after that the server has nothing left of it.
KEPT_SECONDS: Final = 60
#: Without a touch, in seconds, the screen is wiped.
IDLE_SECONDS: Final = 60
_BUTTONS: Final = 8
_PURPOSE: Final = "self_service"


class PresenceMissing(Rejected):
    """At a terminal the holder did not confirm that he is there and agrees."""

    code: ClassVar[str] = "HUB-892"


class NotAtTerminals(Rejected):
    """An item whose facts may not be asked for by the holder himself at a terminal."""

    code: ClassVar[str] = "HUB-893"


@dataclass(frozen=True, slots=True)
class Wrong:
    """What went wrong with a reading, in words for the holder."""

    what: str
    do: str
    code: str


def terminal_router(pages: Pages, verbs: DeskVerbs, now: Callable[[], datetime]) -> APIRouter:
    """The terminal's addresses; each answer is given out once."""
    views: Kept[View] = Kept(KEPT_SECONDS)
    notes: Kept[Wrong] = Kept(KEPT_SECONDS)
    router = APIRouter(prefix="/terminal", include_in_schema=False, default_response_class=HTMLResponse)

    def show(request: Request, template: str, caller: Caller, status: int = 200, **values: Any) -> Response:
        return pages.show(
            template,
            status=status,
            csrf=request.state.csrf,
            caller=caller,
            now=now(),
            idle=IDLE_SECONDS,
            **values,
        )

    def offered(text: str, caller: Caller) -> dict[str, Any]:
        found = [one for one in verbs.find_items(text, caller) if _own_purpose(one)]
        if not text:
            # Who stands before a terminal is most often a citizen in his own matter.
            found.sort(key=lambda one: "citizen" not in one.kinds)
        return {"search": text, "items": found[:_BUTTONS], "more": max(len(found) - _BUTTONS, 0)}

    @router.get("")
    async def start(request: Request, caller: Terminal) -> Response:
        return show(request, "terminal_start.html", caller, **await asyncio.to_thread(offered, "", caller))

    @router.post("")
    async def search(request: Request, caller: Terminal) -> Response:
        text = _search(await read_form(request))
        values = await asyncio.to_thread(offered, text, caller)
        partly = request.headers.get("hx-request") == "true"
        return show(request, "terminal_items.html" if partly else "terminal_start.html", caller, **values)

    @router.get("/item/{code}")
    async def item(request: Request, code: str, caller: Terminal) -> Response:
        chosen = await asyncio.to_thread(verbs.item, code, caller)
        _required_purpose(chosen)
        return show(request, "terminal_item.html", caller, item=chosen)

    @router.get("/item/{code}/card")
    async def card(request: Request, code: str, caller: Terminal, present: str = "", note: str = "") -> Response:
        chosen = await asyncio.to_thread(verbs.item, code, caller)
        _required_purpose(chosen)
        if present != "true":
            raise PresenceMissing("a terminal was to read a number and the holder had not confirmed; nothing was read")
        return show(
            request, "terminal_read.html", caller, item=chosen, wrong=_noted(notes, note, owner_of(request, caller))
        )

    @router.post("/ask")
    async def ask(request: Request, caller: Terminal) -> Response:
        """Every way out is a redirect: what was sent must not come back when somebody goes back."""
        form = await read_form(request)
        chosen = await asyncio.to_thread(verbs.item, form.get("item", ""), caller)
        purpose = _required_purpose(chosen)
        if form.get("present") != "true":
            raise PresenceMissing("a terminal was to look up and the holder had not confirmed; nothing was looked up")
        number = form.get("number", "")
        verdict = judge(number, chosen.kinds, finished=True)
        if verdict.state != "good":
            wrong = Wrong("没有读好", f"{verdict.words}。请重新放置证件。", "")
        else:
            try:
                view = await asyncio.to_thread(_asked, verbs, caller, chosen, purpose, bare(number))
                return RedirectResponse(f"/terminal/answer/{views.keep(owner_of(request, caller), view)}", 303)
            except HubError as error:
                _LOG.warning("%s", error)
                told = answer_to(error)
                wrong = Wrong(told.zh, "没有查到结果，也没有留下您的证件号码。可以重试，或到窗口办理。", told.code)
        place = f"/terminal/item/{chosen.code}/card?present=true&note={notes.keep(owner_of(request, caller), wrong)}"
        return RedirectResponse(place, 303)

    @router.get("/answer/{word}")
    async def answer(request: Request, word: str, caller: Terminal) -> Response:
        try:
            view = views.once(word, owner_of(request, caller))
        except HubError:
            # Shown before and wiped: somebody went back. He finds the beginning, and nothing of whoever was here.
            return RedirectResponse("/terminal", 303)
        return show(request, "terminal_answer.html", caller, view=view)

    @router.post("/wipe")
    async def wipe(request: Request, caller: Terminal) -> Response:
        await read_form(request)
        views.forget(owner_of(request, caller))
        notes.forget(owner_of(request, caller))
        return RedirectResponse("/terminal", 303)

    return router


def _asked(verbs: DeskVerbs, caller: Caller, item: ItemChoice, purpose: PurposeChoice, number: str) -> View:
    case_no = verbs.open_case(caller=caller, item=item.code, identifier=number)
    answer = verbs.lookup(caller=caller, item=item.code, identifier=number, purpose=purpose.code, case_no=case_no)
    return View(answer, item, purpose, caller, opened_here=True)


def _noted(notes: Kept[Wrong], word: str, owner: str) -> Wrong | None:
    """What was wrong with the reading before; said once."""
    try:
        return notes.once(word, owner) if word else None
    except HubError:
        return None


def _own_purpose(item: ItemChoice) -> PurposeChoice | None:
    return next((one for one in item.purposes if one.code == _PURPOSE), None)


def _required_purpose(item: ItemChoice) -> PurposeChoice:
    purpose = _own_purpose(item)
    if purpose is None:
        raise NotAtTerminals(
            "an item was chosen at a terminal that names no purpose self_service; nothing was looked up. "
            "The desk can look it up."
        )
    return purpose


def _search(form: Mapping[str, str]) -> str:
    """What was typed, with the key of the screen's keyboard that was pressed, if one was."""
    text = form.get("search", "").strip()
    key = form.get("key", "")
    if key == "back":
        return text[:-1]
    if key == "clear":
        return ""
    return text + key if len(key) == 1 and key.isascii() and key.isalpha() else text
