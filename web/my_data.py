"""我的数据: a person sees who looked at his facts, what is held of him, and says what is wrong with either."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from core.errors import Rejected
from hub import audit, my_data
from hub.ages import Ages
from hub.context import Hub
from hub.log_proofs import EntryWaits
from hub.my_data import LONGEST
from web.doors import doors
from web.errors import Answer, answer_to
from web.pages import Pages
from web.session import Person, Somebody, session_if_any

#: Lookups shown at once.
_PAGE: Final = 20
_STATES: Final = {
    "open": "部门核实中",
    "corrected": "部门已更正",
    "released": "核实无误",
    "dismissed": "已答复：不予更正",
}
#: What a redirect may say; the address carries the word only.
_TOLD: Final = {"doubt": "更正申请已提交，由数据所属部门核实。", "report": "您的反映已提交，由审批局核查后答复。"}

Text = Annotated[str, Form(max_length=4 * LONGEST)]


def my_data_router(pages: Pages, ages: Ages) -> APIRouter:
    """The pages of somebody who signed in to see his own data."""
    router = APIRouter(prefix="/my-data", include_in_schema=False, default_response_class=HTMLResponse)

    async def show(
        request: Request, somebody: Person, *, before: str | None = None, told: str = "", problem: Answer | None = None
    ) -> Response:
        def read(hub: Hub) -> dict[str, Any]:
            looked = my_data.looked(hub, somebody.subject, before=before, limit=_PAGE + 1)
            return {
                "looked": looked[:_PAGE],
                "older": looked[_PAGE - 1].entry if len(looked) > _PAGE else None,
                "held": my_data.held(hub, somebody.subject, ages),
                "doubts": [
                    {
                        "entry": one.entry,
                        "title": my_data.title_of(one.resource),
                        "statement": one.statement,
                        "at": one.at,
                        "state": _STATES[one.state],
                    }
                    for one in my_data.doubted(hub, somebody.subject)
                ],
                "reports": my_data.reports_of(hub, somebody.subject),
            }

        values = await doors(request).ask(read)
        return await pages.for_visitor(
            request,
            "my_data.html",
            status=problem.status if problem else 200,
            person_label=somebody.label,
            longest=LONGEST,
            told=told,
            problem=problem,
            **values,
        )

    @router.get("")
    async def mine(request: Request, somebody: Somebody, done: str = "") -> Response:
        return await show(request, somebody, told=_TOLD.get(done, ""))

    @router.post("")
    async def older(request: Request, somebody: Somebody, before: Annotated[str, Form(max_length=36)] = "") -> Response:
        return await show(request, somebody, before=before or None)

    @router.post("/doubt")
    async def doubt(
        request: Request, somebody: Somebody, resource: Text, key: Text, statement: Text, field: Text = ""
    ) -> Response:
        try:
            await doors(request).ask(
                lambda hub: my_data.doubt(
                    hub, somebody.subject, resource=resource, key=key, field=field, statement=statement
                )
            )
        except Rejected as error:
            return await show(request, somebody, problem=answer_to(error))
        return RedirectResponse("/my-data?done=doubt", status_code=303)

    @router.post("/report")
    async def report(request: Request, somebody: Somebody, entry: Text, statement: Text) -> Response:
        try:
            await doors(request).ask(
                lambda hub: my_data.report(hub, somebody.subject, entry=entry, statement=statement)
            )
        except Rejected as error:
            return await show(request, somebody, problem=answer_to(error))
        return RedirectResponse("/my-data?done=report", status_code=303)

    async def proof_of(request: Request, somebody: Person, entry: str) -> dict[str, Any] | None:
        """The proof; None while the entry waits for its number."""

        def prove(hub: Hub) -> dict[str, Any] | None:
            if not my_data.may_prove(hub, somebody.subject, entry):
                raise my_data.NotYours("this lookup was not of your facts; no proof is given. Load the page again.")
            try:
                return audit.inclusion(hub, entry)
            except EntryWaits:
                return None

        return await doors(request).ask(prove)

    @router.get("/proof/{entry}.json")
    async def proof_file(request: Request, somebody: Somebody, entry: str) -> Response:
        proof = await proof_of(request, somebody, entry)
        if proof is None:
            raise EntryWaits("the entry waits for its place in the log; ask again in a minute")
        return Response(
            json.dumps(proof, ensure_ascii=False, indent=1),
            media_type="application/json",
            headers={"Content-Disposition": f'attachment; filename="proof-{proof["number"]}.json"'},
        )

    @router.get("/proof/{entry}")
    async def proof_page(request: Request, somebody: Somebody, entry: str) -> Response:
        proof = await proof_of(request, somebody, entry)
        return pages.show(
            "proof.html", visitor=await session_if_any(request), proof=proof, entry=entry if proof else ""
        )

    return router
