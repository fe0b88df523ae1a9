"""A log for anybody who wants to check it: signed heads and proofs, which hold hashes and nothing else."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request

from hub.kept_log import KeptLog
from hub.log_heads import to_dict
from hub.log_proofs import EntryUnknown
from web.doors import doors
from web.problems import documented

_NUMBER = 2**31 - 1


def log_routes(log: KeptLog) -> APIRouter:
    """GET /api/NAME/head, /api/NAME/inclusion/{entry} and /api/NAME/consistency of one log."""
    routes = APIRouter(prefix=f"/api/{log.name}", tags=[f"log: {log.name}"])

    @routes.get("/head", responses=documented(404, 429, 503))
    async def head(request: Request) -> dict[str, Any]:
        """The newest signed head: number of entries, root, time, signature and timestamp."""
        found = await doors(request).ask(log.head)
        if found is None:
            raise EntryUnknown(f"the log `{log.name}` has no signed head yet; one is made on a schedule")
        return to_dict(found)

    @routes.get("/inclusion/{entry}", responses=documented(404, 422, 429, 503))
    async def inclusion(
        request: Request, entry: Annotated[UUID, Path(description="number of the entry")]
    ) -> dict[str, Any]:
        """The proof that an entry is in the log (RFC 6962 with SM3); 503 while it waits for its place."""
        return await doors(request).ask(lambda hub: log.inclusion(hub, str(entry)))

    @routes.get("/consistency", responses=documented(404, 422, 429, 503))
    async def consistency(
        request: Request,
        first: Annotated[int, Query(ge=0, le=_NUMBER, description="number of the older head")],
        second: Annotated[
            int | None, Query(ge=0, le=_NUMBER, description="of the newer; the newest by default")
        ] = None,
    ) -> dict[str, Any]:
        """The proof that what an older head covers is the beginning of what a newer one covers."""
        return await doors(request).ask(lambda hub: log.consistency(hub, first, second))

    return routes
