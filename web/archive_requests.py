"""Requests to see an archive at the counter: taken in with their proofs, decided by another, answered, handed out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from core.errors import HubError, Rejected, Retryable
from hub.caller import Caller
from hub.context import Hub
from hub.retrieval import ask, decide, get, offered, withdraw
from hub.retrieval_answer import proof_file
from hub.retrieval_parts import (
    LARGEST_PROOF,
    LONGEST_NAME,
    LONGEST_PURPOSE,
    LONGEST_REASON,
    MOST_PROOFS,
    Form,
    Requester,
)
from hub.retrieval_rules import rules_of
from web.archive_files import Seen, answered, facts_page, file_routes, handed_out
from web.archive_form import AskForm
from web.archive_upload import LARGEST, Inbox
from web.counter_form import FormRefused, read_form
from web.doors import doors
from web.errors import answer_to
from web.pages import Pages
from web.session import Sender, sending, with_role

_COUNTER: Final = ("archivist", "clerk")

_counter = with_role(*_COUNTER)
Counter = Annotated[Caller, Depends(_counter)]
Sending = Annotated[Sender, Depends(sending(*_COUNTER))]
Archivist = Annotated[Caller, Depends(with_role("archivist"))]


def archive_requests_router(pages: Pages) -> APIRouter:
    """The addresses of requests; a request's id stands in them, a holder's number in none."""
    router = APIRouter(prefix="/archive", include_in_schema=False, default_response_class=HTMLResponse)
    inbox = Inbox()

    async def show(request: Request, template: str, caller: Caller, *, status: int = 200, **values: Any) -> Response:
        return await pages.for_visitor(request, template, status=status, caller=caller, active="archive", **values)

    async def form_page(request: Request, caller: Caller, form: AskForm, problem: HubError | None = None) -> Response:
        told = answer_to(problem) if problem else None
        return await show(
            request,
            "archive_ask.html" if form.choices is None else "archive_ask_more.html",
            caller,
            status=told.status if told else 422 if form.wrong else 200,
            q=form,
            problem=told,
            requesters=list(Requester),
            forms=list(Form),
            longest=LONGEST_PURPOSE,
            longest_name=LONGEST_NAME,
            largest=LARGEST_PROOF // 1_000_000,
            together=LARGEST // 1024 // 1024,
            most=MOST_PROOFS,
        )

    async def one(
        request: Request, caller: Caller, number: UUID, seen: Seen | None = None, problem: HubError | None = None
    ) -> Response:
        if seen is None:
            seen = Seen(await doors(request).ask(lambda hub: get(hub, str(number), caller)), error=problem)
        told = answer_to(seen.error) if seen.error else None
        return await show(
            request,
            "archive_request.html",
            caller,
            status=told.status if told else 200,
            one=seen.request,
            pick_up=seen.pick_up,
            at=f"/archive/requests/{number}",
            problem=told,
            archivist="archivist" in caller.roles,
            longest=LONGEST_REASON,
        )

    @router.get("/requests/new")
    async def begin(request: Request, caller: Counter) -> Response:
        return await form_page(request, caller, AskForm())

    @router.post("/requests/new")
    async def go_on(request: Request, caller: Counter) -> Response:
        sent = await read_form(request)
        form = AskForm()

        def work(hub: Hub) -> None:
            form.first(sent.get("requester", ""), sent.get("form", ""), sent.get("number", ""), rules_of(hub.settings))
            if not form.wrong:
                form.choices = offered(hub, caller, form.bare_number)

        return await filled(request, caller, form, work)

    @router.post("/requests")
    async def take_in(request: Request, sender: Sending) -> Response:
        caller, sent = sender.caller, await inbox.read(request, sender)
        form = AskForm()

        def work(hub: Hub) -> str | None:
            """The id of the request; the volume to choose from is looked at only where the form has to be shown."""
            form.first(sent.text("requester"), sent.text("form"), sent.text("number"), rules_of(hub.settings))
            if form.wrong:
                return None
            form.second(sent)
            try:
                if not form.wrong:
                    return ask(hub, form.asked(sent), caller).id
            except Rejected:
                form.choices = offered(hub, caller, form.bare_number)
                raise
            form.choices = offered(hub, caller, form.bare_number)
            return None

        return await filled(request, caller, form, work)

    async def filled(request: Request, caller: Caller, form: AskForm, work: Callable[[Hub], str | None]) -> Response:
        """On to the request once there is one, else the form again."""
        try:
            taken = await doors(request).ask(work)
        except Retryable:
            raise
        except HubError as error:
            return await form_page(request, caller, form, error)
        return RedirectResponse(f"/archive/requests/{taken}", 303) if taken else await form_page(request, caller, form)

    @router.get("/requests/{number}")
    async def request_page(request: Request, caller: Counter, number: UUID) -> Response:
        return await one(request, caller, number)

    @router.post("/requests/{number}/decide")
    async def decided(request: Request, caller: Archivist, number: UUID) -> Response:
        form = await read_form(request, longest=LONGEST_REASON)
        act = form.get("act", "")
        if act not in ("grant", "refuse"):
            raise FormRefused("a request was to be decided in a way there is not; it still waits")

        def work(hub: Hub) -> Seen:
            found = decide(
                hub, str(number), caller, grant=act == "grant", reason=form.get("reason", ""),
                masked=form.get("unmasked") != "yes",
            )  # fmt: skip
            return answered(hub, found.id, caller) if act == "grant" else Seen(found)

        return await step(request, caller, number, work)

    @router.post("/requests/{number}/answer")
    async def answer_now(request: Request, caller: Counter, number: UUID) -> Response:
        return await step(request, caller, number, lambda hub: answered(hub, str(number), caller))

    @router.post("/requests/{number}/withdraw")
    async def take_back(request: Request, caller: Counter, number: UUID) -> Response:
        form = await read_form(request, longest=LONGEST_REASON)
        reason = form.get("reason", "")
        return await step(request, caller, number, lambda hub: Seen(withdraw(hub, str(number), caller, reason)))

    async def step(request: Request, caller: Caller, number: UUID, work: Callable[[Hub], Seen]) -> Response:
        """Take a step; what comes of it is shown at once where it is told only once."""
        try:
            seen = await doors(request).ask(work)
        except Retryable:
            raise
        except HubError as error:
            return await one(request, caller, number, problem=error)
        if seen.pick_up or seen.error:
            return await one(request, caller, number, seen)
        return RedirectResponse(f"/archive/requests/{number}", 303)

    @router.get("/requests/{number}/facts")
    async def facts(request: Request, caller: Counter, number: UUID) -> Response:
        found = await doors(request).ask(lambda hub: facts_page(hub, str(number), caller))
        return await show(request, "archive_facts.html", caller, at=f"/archive/requests/{number}", **found)

    @router.get("/requests/{number}/proofs/{part}")
    async def proof(request: Request, caller: Counter, number: UUID, part: int) -> Response:
        return handed_out(await doors(request).ask(lambda hub: proof_file(hub, str(number), caller, part)))

    file_routes(router, _counter)
    return router
