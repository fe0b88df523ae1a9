"""凭提取码领取: whoever was given a request's number and its pick-up code fetches the files, without signing in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response

from core.errors import HubError, Retryable
from hub.retrieval_answer import fetch
from hub.retrieval_parts import PickUp
from web.archive_files import handed_out
from web.doors import doors
from web.errors import answer_to
from web.pages import Pages
from web.refused import TooManyRequests
from web.session import session_if_any
from web.sign_in import address_of

Text = Annotated[str, Form(max_length=200)]


def pick_up_router(pages: Pages) -> APIRouter:
    """GET and POST /pick-up; number and code stand in the form only."""
    router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

    async def show(request: Request, problem: HubError | None = None, number: str = "") -> Response:
        told = answer_to(problem) if problem else None
        return pages.show(
            "pick_up.html",
            status=told.status if told else 200,
            visitor=await session_if_any(request),
            problem=told,
            number=number,
        )

    @router.get("/pick-up")
    async def ask(request: Request) -> Response:
        return await show(request)

    @router.post("/pick-up")
    async def hand_out(request: Request, number: Text = "", code: Text = "") -> Response:
        at, key = doors(request), address_of(request)
        wanted, given = number.strip().upper(), PickUp(code.strip())
        try:
            if at.tries.too_many(at.access.rules().limits.sign_ins, key):
                raise TooManyRequests("an address gave wrong pick-up codes too often; it waits a quarter of an hour")
            return handed_out(await at.ask(lambda hub: fetch(hub, wanted, given)))
        except Retryable:
            raise
        except HubError as error:
            at.tries.failed(key)
            return await show(request, error, wanted)

    return router
