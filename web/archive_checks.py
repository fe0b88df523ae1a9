"""档案检测: the newest four-property checks, one check's report, and its sealed OFD, for archivists and auditors."""

from __future__ import annotations

import logging
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from hub import check_page
from hub.caller import Caller
from hub.check_reports import CheckUnknown, KeptReport, newest, report_of
from hub.check_sheets import is_sealed, sealed
from hub.check_view import VERDICTS, view_of
from hub.context import Hub
from web.doors import doors
from web.pages import Pages
from web.session import session_if_any, with_role

_LOG = logging.getLogger(__name__)

ARCHIVIST: Final = "archivist"
_AT_ONCE: Final = 50
#: The auditor reads; whoever keeps the archive puts the seal on.
Reader = Annotated[Caller, Depends(with_role(ARCHIVIST, "auditor"))]
Archivist = Annotated[Caller, Depends(with_role(ARCHIVIST))]
FileNo = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
Check = Annotated[int, Path(ge=1, le=(1 << 63) - 1)]
_REPORT: Final = "/archive/packages/{file_no}/checks/{check}"


def archive_checks_router(pages: Pages) -> APIRouter:
    """GET /archive/checks, a report below /archive/packages, and GET and POST of its sealed file."""
    router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

    @router.get("/archive/checks")
    async def listed(
        request: Request,
        _: Reader,
        verdict: Annotated[Literal["valid", "invalid", "cannot_tell", ""], Query()] = "",
        before: Annotated[int | None, Query(ge=1, le=(1 << 63) - 1)] = None,
    ) -> Response:
        found = await doors(request).ask(
            lambda hub: newest(hub, verdict=verdict or None, before=before, limit=_AT_ONCE + 1)
        )
        return pages.show(
            "archive_checks.html",
            visitor=await session_if_any(request),
            rows=[view_of(one) for one in found[:_AT_ONCE]],
            more=found[_AT_ONCE - 1].id if len(found) > _AT_ONCE else None,
            verdict=verdict,
            verdicts=VERDICTS,
        )

    @router.get("/archive/checks/report.css")
    async def style() -> Response:
        return Response(check_page.style(), media_type="text/css")

    @router.get(_REPORT)
    async def report(request: Request, caller: Reader, file_no: FileNo, check: Check) -> Response:
        def read(hub: Hub) -> tuple[KeptReport, bool]:
            kept = report_of(hub, file_no, check)
            return kept, is_sealed(hub, kept)

        kept, made = await doors(request).ask(read)
        view = view_of(kept)
        return await pages.for_visitor(
            request,
            "archive_check.html",
            view=view,
            report=check_page.fragment(view),
            made=made,
            may_seal=ARCHIVIST in caller.roles and kept.intact,
        )

    @router.post(_REPORT)
    async def seal(request: Request, caller: Archivist, file_no: FileNo, check: Check) -> Response:
        await doors(request).ask(lambda hub: sealed(hub, report_of(hub, file_no, check)))
        _LOG.info("%s had the report of check %s of package %s sealed", caller.id, check, file_no)
        return RedirectResponse(f"{request.url.path}/report.ofd", 303)

    @router.get(f"{_REPORT}/report.ofd")
    async def file(request: Request, _: Reader, file_no: FileNo, check: Check) -> Response:
        def read(hub: Hub) -> bytes:
            kept = report_of(hub, file_no, check)
            if not is_sealed(hub, kept):
                # Reading an address puts no seal on anything.
                raise CheckUnknown(
                    f"check {check} of package {file_no} has no sealed report yet; an archivist makes it"
                )
            return sealed(hub, kept)

        data = await doors(request).ask(read)
        name = f"check-{file_no}-{check}.ofd"
        return Response(
            data, media_type="application/ofd", headers={"Content-Disposition": f'attachment; filename="{name}"'}
        )

    return router
