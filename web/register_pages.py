"""/register: the published months of the licence register for everybody, how to check, and the files themselves."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from core.clock import second_text
from hub import licence_register, register_months
from hub.context import Hub
from hub.log_heads import Head
from hub.register_months import PublishedMonth
from hub.sessions import Session
from web.doors import doors
from web.pages import Pages
from web.problems import documented
from web.session import session_if_any

Visitor = Annotated[Session | None, Depends(session_if_any)]
_KINDS = {"ofd": "application/ofd", "json": "application/json"}


def register_pages(pages: Pages) -> APIRouter:
    """GET /register, GET /register/{name} and GET /api/register/months."""
    routes = APIRouter()

    @routes.get("/register", response_class=HTMLResponse, include_in_schema=False)
    async def register(request: Request, visitor: Visitor) -> Response:
        def look(hub: Hub) -> tuple[list[PublishedMonth], Head | None]:
            return register_months.every(hub), licence_register.head(hub)

        months, newest = await doors(request).ask(look)
        return pages.show("register.html", visitor=visitor, months=months, newest=newest)

    @routes.get("/register/{name}", include_in_schema=False)
    async def file(request: Request, name: Annotated[str, Path(max_length=20)]) -> Response:
        data = await doors(request).ask(lambda hub: register_months.read_file(hub, name))
        headers = {"Content-Disposition": f'attachment; filename="register-{name}"'}
        return Response(data, media_type=_KINDS[name.rpartition(".")[2]], headers=headers)

    @routes.get("/api/register/months", tags=["licence register"], responses=documented(429, 503))
    async def months(request: Request) -> list[dict[str, Any]]:
        """Months that were published under the bureau's seal, the newest first, with the addresses of their files."""
        return [
            {
                "month": one.month,
                "head": one.head,
                "entries": one.entries,
                "published_at": second_text(one.published_at),
                "notice": f"/register/{one.month}.ofd",
                "notice_sm3": one.document_sm3.hex(),
                "head_file": f"/register/{one.month}.json",
            }
            for one in await doors(request).ask(register_months.every)
        ]

    return routes
