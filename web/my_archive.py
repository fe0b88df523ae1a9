"""企业档案自助查询: a company, or anybody else the archive has files of, reads its volume and fetches what it wants."""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from core.errors import HubError, Retryable
from hub.context import Hub
from hub.retrieval import ask, get, of_holder, withdraw
from hub.retrieval_answer import answer
from hub.retrieval_errors import HolderNotHeld
from hub.retrieval_parts import LONGEST_PURPOSE, LONGEST_REASON, Asked, Holder, Proof, Requester
from hub.retrieval_parts import Form as SeenAs
from hub.retrieval_rules import Row, Rules, rules_of
from hub.retrieval_volume import moves_of, own_volume, scope_of, uses_of
from web import licence_words
from web.archive_files import facts_page, file_routes
from web.doors import doors
from web.errors import answer_to
from web.pages import Pages
from web.session import Person, Somebody

#: Requests, and uses by others, shown at once.
_OWN: Final = 20
_OTHERS: Final = 10

Text = Annotated[str, Form(max_length=2000)]
Files = Annotated[list[str] | None, Form(max_length=2000)]


async def holder(somebody: Somebody) -> Holder:
    """Whoever signed in, as the archive knows him."""
    return Holder(somebody.subject, somebody.label)


Own = Annotated[Holder, Depends(holder)]


def my_archive_router(pages: Pages) -> APIRouter:
    """The pages of a company's legal representative."""
    router = APIRouter(prefix="/my-archive", include_in_schema=False, default_response_class=HTMLResponse)

    async def show(request: Request, template: str, status: int = 200, **values: Any) -> Response:
        return await pages.for_visitor(request, template, status=status, colours=licence_words.COLOURS, **values)

    async def mine(
        request: Request, somebody: Person, own: Holder, problem: HubError | None = None, **typed: Any
    ) -> Response:
        def read(hub: Hub) -> dict[str, Any]:
            try:
                volume = own_volume(hub, own)
            except HolderNotHeld:
                volume = None
            return {
                "volume": volume,
                "requests": of_holder(hub, own)[:_OWN],
                "moves": moves_of(hub, own),
                "others": uses_of(hub, own, _OTHERS),
                "ways": _ways(rules_of(hub.settings)),
            }

        found = await doors(request).ask(read)
        told = answer_to(problem) if problem else None
        return await show(
            request,
            "my_archive.html",
            told.status if told else 200,
            person_label=somebody.label,
            company=somebody.kind == "company",
            problem=told,
            longest=LONGEST_PURPOSE,
            typed={"form": SeenAs.FACTS.value, "purpose": "", "files": ()} | typed,
            **found,
        )

    async def one(request: Request, own: Holder, number: UUID, problem: HubError | None = None) -> Response:
        found = await doors(request).ask(lambda hub: get(hub, str(number), own))
        told = answer_to(problem) if problem else None
        return await show(
            request,
            "my_archive_request.html",
            told.status if told else 200,
            one=found,
            at=f"/my-archive/requests/{number}",
            problem=told,
            longest=LONGEST_REASON,
        )

    @router.get("")
    async def home(request: Request, somebody: Somebody, own: Own) -> Response:
        return await mine(request, somebody, own)

    @router.post("/requests")
    async def take_in(
        request: Request,
        somebody: Somebody,
        own: Own,
        form: Annotated[SeenAs, Form()],
        purpose: Text = "",
        file: Files = None,
    ) -> Response:
        # A box beside a part's name holds the numbers of all its files.
        chosen = " ".join(file or ()).split() if form is SeenAs.ORIGINALS else []
        asked = Asked(Requester.ENTITY, None, None, "", form, purpose, scope=scope_of(chosen, ()))
        try:
            taken = await doors(request).ask(lambda hub: ask(hub, asked, own))
        except Retryable:
            raise
        except HubError as error:
            return await mine(request, somebody, own, error, form=form.value, purpose=purpose, files=frozenset(chosen))
        return await go_on(request, own, taken.id, form)

    async def go_on(request: Request, own: Holder, number: str, form: SeenAs) -> Response:
        """Have the answer made; facts are shown at once."""
        try:
            await doors(request).ask(lambda hub: answer(hub, number, own))
        except Retryable:
            raise
        except HubError as error:
            return await one(request, own, UUID(number), error)
        onward = "/facts" if form is SeenAs.FACTS else ""
        return RedirectResponse(f"/my-archive/requests/{number}{onward}", 303)

    @router.get("/requests/{number}")
    async def request_page(request: Request, own: Own, number: UUID) -> Response:
        return await one(request, own, number)

    @router.post("/requests/{number}/answer")
    async def answer_now(request: Request, own: Own, number: UUID) -> Response:
        found = await doors(request).ask(lambda hub: get(hub, str(number), own))
        return await go_on(request, own, found.id, found.form)

    @router.post("/requests/{number}/withdraw")
    async def take_back(request: Request, own: Own, number: UUID, reason: Text = "") -> Response:
        try:
            await doors(request).ask(lambda hub: withdraw(hub, str(number), own, reason))
        except Retryable:
            raise
        except HubError as error:
            return await one(request, own, number, error)
        return RedirectResponse(f"/my-archive/requests/{number}", 303)

    @router.get("/requests/{number}/facts")
    async def facts(request: Request, own: Own, number: UUID) -> Response:
        found = await doors(request).ask(lambda hub: facts_page(hub, str(number), own))
        return await show(
            request, "archive_facts.html", at=f"/my-archive/requests/{number}", active="my_archive", **found
        )

    file_routes(router, holder)
    return router


def _ways(rules: Rules) -> dict[str, Row]:
    """The forms that whoever signed in may ask for by himself, each with the row that lets him."""
    return {
        form.value: row
        for form in SeenAs
        for row in rules.rows_for(Requester.ENTITY, form)
        if set(row.proofs) == {Proof.SIGNED_IN}
    }
