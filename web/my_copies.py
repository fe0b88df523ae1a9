"""我的证照: the holder sees his licences and has an annotated copy made for whoever asked him for one."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response

from core.errors import HubError, Retryable
from hub import annotated_asking
from hub.annotated import LONGEST_CAUSE, LONGEST_RECEIVER, Wanted, last_moment
from hub.annotated import Annotated as Made
from hub.annotated import Form as CopyForm
from hub.context import Hub
from web.copies_api import file_of
from web.doors import doors
from web.errors import Answer, answer_to
from web.pages import Pages
from web.session import Person, Somebody

#: How long a copy may hold, in days; as far as the access file lets it.
_DAYS: Final = (7, 30, 90)

Text = Annotated[str, Form(max_length=1000)]


def my_copies_router(pages: Pages) -> APIRouter:
    """The page of somebody who signed in to see his own data."""
    router = APIRouter(prefix="/my-data", include_in_schema=False, default_response_class=HTMLResponse)

    async def show(request: Request, somebody: Person, problem: Answer | None = None, **typed: str) -> Response:
        at = doors(request)
        found = await at.ask(lambda hub: annotated_asking.licences_of(hub, somebody.subject))
        most = at.access.rules().copies.most_days
        return await pages.for_visitor(
            request,
            "my_licences.html",
            status=problem.status if problem else 200,
            person_label=somebody.label,
            licences=found,
            days=[days for days in _DAYS if days <= most] or [most],
            longest_receiver=LONGEST_RECEIVER,
            longest_cause=LONGEST_CAUSE,
            problem=problem,
            typed={"licence": "", "receiver": "", "cause": ""} | typed,
        )

    @router.get("/licences")
    async def mine(request: Request, somebody: Somebody) -> Response:
        return await show(request, somebody)

    @router.post("/licences/copy")
    async def copy(
        request: Request,
        somebody: Somebody,
        licence: Text,
        receiver: Text = "",
        cause: Text = "",
        days: Annotated[int, Form(ge=0, le=3660)] = 30,
        form: Annotated[CopyForm, Form()] = CopyForm.OFD,
    ) -> Response:
        at = doors(request)

        def work(hub: Hub) -> Made:
            wanted = Wanted(licence, receiver, cause, last_moment(hub.clock.now(), days), form)
            return annotated_asking.for_holder(hub, at.access, somebody.subject, wanted)

        try:
            return file_of(await at.ask(work))
        except Retryable:
            raise
        except HubError as error:
            return await show(request, somebody, answer_to(error), licence=licence, receiver=receiver, cause=cause)

    return router
