"""迁移调档: transfers of archives and how each stands, for archivists and auditors. Nothing is moved from a page."""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response

from hub.caller import Caller
from hub.context import Hub
from hub.transfer_clocks import Late, overdue
from hub.transfer_told import Line, line_of, listed, told_in_words
from web.doors import doors
from web.pages import Pages
from web.session import session_if_any, with_role

Reader = Annotated[Caller, Depends(with_role("archivist", "auditor"))]
#: Colour of a state: done, waiting for somebody, on its way, ended without.
LOOKS: Final = {
    "settled": "good", "asked": "warn", "partial": "warn", "returned": "idle",
}  # fmt: skip


def transfers_router(pages: Pages) -> APIRouter:
    """GET /archive/transfers and /archive/transfers/ID."""
    router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

    @router.get("/archive/transfers")
    async def every(request: Request, _: Reader, ended: Annotated[bool, Query(alias="all")] = False) -> Response:
        def read(hub: Hub) -> tuple[list[Line], dict[str, Late]]:
            return [line_of(one) for one in listed(hub, ended=ended)], {one.transfer: one for one in overdue(hub)}

        rows, late = await doors(request).ask(read)
        return pages.show(
            "transfers.html", visitor=await session_if_any(request), rows=rows, late=late, ended=ended, looks=LOOKS
        )

    @router.get("/archive/transfers/{id_}")
    async def one(request: Request, _: Reader, id_: UUID) -> Response:
        def read(hub: Hub) -> tuple[dict[str, Any], Late | None]:
            late = next((late for late in overdue(hub) if late.transfer == str(id_)), None)
            return told_in_words(hub, str(id_)), late

        view, late = await doors(request).ask(read)
        return pages.show("transfer.html", visitor=await session_if_any(request), view=view, late=late, looks=LOOKS)

    return router
