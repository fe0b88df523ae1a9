"""The desk 窗口查询: a clerk chooses an item, reads a number, and sees what the applicant need not bring."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from core.errors import HubError
from hub.answer import Answer
from hub.caller import Caller
from web.counter_form import FormRefused, Question, read_form
from web.counter_words import choices
from web.desk_port import DeskVerbs, ItemChoice, Outcome, Taken
from web.errors import answer_to
from web.kept import Kept, View, owner_of, with_taken
from web.pages import Pages
from web.session import Clerk, secure
from web.typed_number import judge

_LOG = logging.getLogger(__name__)

#: An applicant is served well within this; then the answer leaves the server's memory.
KEPT_SECONDS: Final = 30 * 60
_SHOWN: Final = 5
_RECENT: Final = 5
_COOKIE: Final = "desk-items"
#: Which field of the form an error is about.
_ABOUT: Final = {
    "IdentifierRefused": "number",
    "SubjectUnfit": "number",
    "LegacyNumberUnknown": "number",
    "LegacyNumberAmbiguous": "number",
    "ItemUnknown": "item",
    "NotAllowed": "purpose",
    "CaseMissing": "case_no",
    "CaseUnknown": "case_no",
    "CaseClosed": "case_no",
    "CaseOfAnother": "case_no",
}


def desk_router(pages: Pages, verbs: DeskVerbs, now: Callable[[], datetime]) -> APIRouter:
    """The desk's addresses; an answer is kept between the question and what is done with it."""
    views: Kept[View] = Kept(KEPT_SECONDS)
    router = APIRouter(prefix="/desk", include_in_schema=False, default_response_class=HTMLResponse)

    def show(request: Request, caller: Caller, question: Question, status: int = 200, **more: Any) -> Response:
        values: dict[str, Any] = {"view": None, "word": "", "problem": None, "handed": False} | more
        whole = request.headers.get("hx-request") != "true"
        return pages.show(
            "desk.html" if whole else "desk_body.html",
            status=status,
            csrf=request.state.csrf,
            visitor=request.state.session,
            caller=caller,
            q=question,
            now=now(),
            **values,
        )

    def find(request: Request, caller: Caller, text: str) -> Question:
        """A form without an item: what answers the search, what was used last."""
        found = tuple(verbs.find_items(text, caller))
        recent = () if text else _recent(request, found)
        known = {one.code for one in recent}
        rest = [one for one in found if one.code not in known]
        shown = tuple(rest[: max(_SHOWN - len(recent), 0)])
        return Question(search=text, found=shown, more=len(rest) - len(shown), recent=recent)

    def filled(request: Request, caller: Caller, form: Mapping[str, str]) -> Question:
        """The form as it was sent."""
        code = form.get("item", "")
        question = (
            Question(item=verbs.item(code, caller)) if code else find(request, caller, form.get("search", "").strip())
        )
        question.purpose = form.get("purpose", "") or (question.purposes[0].code if question.purposes else "")
        question.case = "existing" if form.get("case") == "existing" else "new"
        question.case_no = form.get("case_no", "").strip()
        question.number = form.get("number", "")
        return question

    def ask(question: Question, caller: Caller) -> View:
        """Look up for a form that was found right; a case is opened first where none is named."""
        item, purpose = question.item, question.check()
        if item is None or purpose is None:
            raise FormRefused("an unchecked form was about to be asked; nothing was looked up")
        opened = question.case == "new"
        number = question.bare_number
        if opened:
            question.case_no = verbs.open_case(caller=caller, item=item.code, identifier=number)
            question.case = "existing"  # what goes wrong from here on leaves the case open for the next try
        answer = verbs.lookup(
            caller=caller, item=item.code, identifier=number, purpose=purpose.code, case_no=question.case_no
        )
        closable = verbs.may_close(question.case_no)
        before = {} if opened else _still_needed(answer, verbs.taken(case_no=question.case_no))
        return View(answer, item, purpose, caller, opened, closable, before)

    @router.get("")
    async def desk(request: Request, caller: Clerk, item: str = "", purpose: str = "") -> Response:
        form = {"item": item, "purpose": purpose}
        return show(request, caller, await asyncio.to_thread(filled, request, caller, form))

    @router.post("")
    async def posted(request: Request, caller: Clerk) -> Response:
        form = await read_form(request)
        act = form.get("act", "ask")
        if picked := form.get("pick", ""):
            chosen = {name: text for name, text in form.items() if name != "purpose"} | {"item": picked}
            return show(request, caller, await asyncio.to_thread(filled, request, caller, chosen), focus="number")
        if act in ("find", "change") or _only_searched(form):
            dropped = {name: text for name, text in form.items() if name != "item"}
            return show(request, caller, await asyncio.to_thread(filled, request, caller, dropped), focus="search")
        question = await asyncio.to_thread(filled, request, caller, form)
        question.check()
        if question.wrong:
            return show(request, caller, question, 422, focus="errors")
        try:
            view = await asyncio.to_thread(ask, question, caller)
        except HubError as error:
            _LOG.warning("%s", error)
            told = answer_to(error)
            about = _ABOUT.get(type(error).__name__)
            if about is None:
                return show(request, caller, question, told.status, focus="errors", problem=told)
            question.wrong[about] = f"{told.zh.rstrip('。')}（{told.code}）"
            return show(request, caller, question, told.status, focus="errors")
        word = views.keep(owner_of(request, caller), view)
        if request.headers.get("hx-request") == "true":
            response = show(request, caller, _next(view), view=view, word=word, focus="verdict")
        else:
            response = RedirectResponse(f"/desk/answer/{word}", 303)
        response.set_cookie(
            _COOKIE,
            ".".join(_used(request, view.item.code)),
            path="/desk",
            httponly=True,
            samesite="strict",
            secure=secure(request),
            max_age=90 * 24 * 3600,
        )
        return response

    @router.post("/items")
    async def items(request: Request, caller: Clerk) -> Response:
        """The list under the search field, while it is being typed."""
        form = await read_form(request)
        question = await asyncio.to_thread(find, request, caller, form.get("search", "").strip())
        return pages.show("desk_items.html", q=question)

    @router.post("/number")
    async def number(request: Request, caller: Clerk) -> Response:
        """The words beside the number, while it is being typed."""
        form = await read_form(request)
        code = form.get("item", "")
        kinds = (await asyncio.to_thread(verbs.item, code, caller)).kinds if code else ("citizen", "company")
        return pages.show("desk_number.html", verdict=judge(form.get("number", ""), kinds))

    @router.get("/answer/{word}")
    async def answer(request: Request, word: str, caller: Clerk) -> Response:
        view = views.of(word, owner_of(request, caller))
        return show(request, caller, _next(view), view=view, word=word)

    @router.post("/answer/{word}/taken")
    async def taken(request: Request, word: str, caller: Clerk) -> Response:
        form = await read_form(request)
        view = views.of(word, owner_of(request, caller))
        chosen = _chosen(view, form)
        for code, way in chosen.items():
            material = next(one for one in view.answer.materials if one.code == code)
            await asyncio.to_thread(
                verbs.settle,
                caller=caller,
                case_no=view.answer.case_no or "",
                item=view.item.code,
                material=material,
                way=way,
            )
            view = with_taken(view, {code: way})
            views.change(word, view)
        return done(request, caller, word, view, handed=True)

    @router.post("/answer/{word}/close")
    async def close(request: Request, word: str, caller: Clerk) -> Response:
        form = await read_form(request)
        view = views.of(word, owner_of(request, caller))
        outcome = _outcome(form.get("outcome", ""))
        await asyncio.to_thread(verbs.close_case, caller=caller, case_no=view.answer.case_no or "", outcome=outcome)
        view = replace(view, closed=outcome.value)
        views.change(word, view)
        return done(request, caller, word, view)

    def done(request: Request, caller: Caller, word: str, view: View, *, handed: bool = False) -> Response:
        if request.headers.get("hx-request") != "true":
            return RedirectResponse(f"/desk/answer/{word}", 303)
        return show(request, caller, _next(view), view=view, word=word, focus="verdict", handed=handed)

    return router


def _next(view: View) -> Question:
    """The form for whoever comes next: the same item and purpose, no number, a case of his own."""
    return Question(item=view.item, purpose=view.purpose.code)


def _still_needed(answer: Answer, taken: Mapping[str, Taken]) -> dict[str, Taken]:
    """What was taken before, without what the hub has by now."""
    open_now = {one.code for one in answer.materials if not one.state.needs_nothing}
    return {code: way for code, way in taken.items() if code in open_now}


def _only_searched(form: Mapping[str, str]) -> bool:
    """Enter in the search field of a browser without scripts."""
    return not form.get("item") and bool(form.get("search")) and not form.get("number")


def _chosen(view: View, form: Mapping[str, str]) -> dict[str, Taken]:
    """What was ticked, as far as the item allows it; FormRefused for anything else."""
    chosen = {}
    for material in view.answer.materials:
        ticked = form.get(f"take-{material.code}", "")
        if not ticked or view.taken.get(material.code, Taken.LATER) != Taken.LATER:
            continue
        if ticked not in choices(material):
            raise FormRefused("a form took a material in a way the item does not allow; nothing was recorded of it")
        chosen[material.code] = Taken(ticked)
    return chosen


def _outcome(text: str) -> Outcome:
    try:
        return Outcome(text)
    except ValueError:
        raise FormRefused("a case was to be ended in a way there is not; it stays open") from None


def _codes(request: Request) -> list[str]:
    return [code for code in request.cookies.get(_COOKIE, "").split(".") if code.isalnum()][:_RECENT]


def _recent(request: Request, found: tuple[ItemChoice, ...]) -> tuple[ItemChoice, ...]:
    by_code = {one.code: one for one in found}
    return tuple(by_code[code] for code in _codes(request) if code in by_code)


def _used(request: Request, code: str) -> list[str]:
    return [code, *(old for old in _codes(request) if old != code)][:_RECENT]
