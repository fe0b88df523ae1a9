"""用章核查 for staff: what the latest audit of the register's seals found."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from hub.caller import Caller
from hub.seals_audit_kept import latest
from web.doors import doors
from web.pages import Pages
from web.session import session, with_role

#: Who looks after seals, or over those who do.
_ROLES: Final = ("auditor", "operator")


def seals_audit_router(pages: Pages) -> APIRouter:
    """GET /seals/audit."""
    routes = APIRouter()

    @routes.get("/seals/audit", response_class=HTMLResponse, include_in_schema=False)
    async def audit(request: Request, _: Annotated[Caller, Depends(with_role(*_ROLES))]) -> Response:
        found = await doors(request).ask(lambda hub: latest(hub.settings))
        return pages.show("seals_audit.html", visitor=await session(request), audit=found)

    return routes
