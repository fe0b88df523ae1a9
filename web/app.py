"""Builds the web application: pages and API calls, who may see them, two health answers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.staticfiles import StaticFiles

from core.clock import Clock, SystemClock
from core.errors import HubError
from core.settings import Mode, Settings
from hub import retrieval_rules
from hub.access import Access
from hub.caller import CallerKind
from hub.context import Hub
from hub.courier_inbox import Inbox
from hub.kept_logs import LOGS
from hub.sessions import Session
from hub.transfer_inbox import inbox_of
from web.archive_api import archive_api
from web.archive_checks import archive_checks_router
from web.archive_desk import archive_desk_router
from web.archive_requests import archive_requests_router
from web.check import check_router
from web.check_api import check_routes
from web.check_port import CheckVerbs
from web.copies_api import copies_routes
from web.counter_verbs import HubCounter
from web.courier_api import TusHeader, courier_routes
from web.desk import desk_router
from web.desk_port import DeskVerbs
from web.doors import Doors
from web.errors import Answer, answer_to
from web.guard import HEADERS, SecurityHeaders
from web.licences import licences_router
from web.licences_api import licences_api
from web.limits import Doorkeeper
from web.log_api import log_routes
from web.lookup_api import lookup_routes
from web.machines import token_router
from web.my_archive import my_archive_router
from web.my_copies import my_copies_router
from web.my_data import my_data_router
from web.pages import STATIC, Pages
from web.pick_up import pick_up_router
from web.port import Verbs
from web.problems import documented
from web.quiet_log import hide_tokens
from web.refused import SignInNeeded
from web.register_api import register_routes
from web.register_pages import register_pages
from web.seals_audit import seals_audit_router
from web.service import Service
from web.session import caller, session_if_any, sign_in_address, staff
from web.sign_in import sign_in_router
from web.terminal import terminal_router
from web.transfers import transfers_router
from web.turns import Turns

_LOG = logging.getLogger(__name__)

#: Files, and questions to the register, that are checked at one time; how long a further visitor waits for a turn.
_FILES_AT_ONCE = 4
_QUESTIONS_AT_ONCE = 4
_WAIT_SECONDS = 15
#: Names this server goes by: a page of another site cannot reach it under its own name (DNS rebinding).
_HOSTS = ["127.0.0.1", "localhost"]
_UNKNOWN = Answer(
    500,
    "HUB-000",
    "系统出现问题，操作未完成。",
    "Something went wrong; tell the operator.",
    "请稍后重试；仍不行请联系运维人员，并告知错误代码和时间。",
)
_UNFIT = Answer(
    422, "HTTP-422", "提交的内容不完整或不正确。", "A field is missing or not of its kind.", "请核对后重新提交。"
)
Visitor = Annotated[Session | None, Depends(session_if_any)]
_STAFF = [Depends(staff)]
_HTTP = {
    404: ("没有这个页面。", "There is no such page.", "请核对网址，或从上方导航重新进入。"),
    405: ("该地址不支持这种请求方式。", "This address does not take that method.", "请从上方导航重新进入。"),
}


def create_app(
    settings: Settings,
    verbs: Verbs | None = None,
    clock: Clock | None = None,
    doors: Doors | None = None,
    counter: DeskVerbs | None = None,
    checks: CheckVerbs | None = None,
    inboxes: Callable[[Hub], Inbox] = inbox_of,
) -> FastAPI:
    """The application for one hub; nothing is connected until the first request.

    Args:
        settings: where the hub's database, keys and home are.
        verbs: what answers in place of the hub itself.
        clock: what time a report is stamped with.
        doors: who is let in, in place of the access file and the store.
        counter: what desk and terminals ask, in place of the hub.
        checks: what the public check asks, in place of the hub.
        inboxes: where files of other hubs arrive, and which are expected.

    Raises:
        AccessFileBroken, DemoAccessRefused: the access file cannot be taken.
    """
    if verbs is None:
        # Imported when wanted: the hub brings the database driver and every connector with it.
        from web.verbs import HubVerbs

        verbs = HubVerbs(settings)
    hub = verbs
    watch = clock or SystemClock()
    access = doors.access if doors is not None else Access.open(settings, watch)

    def roles_of(visitor: Session | None) -> frozenset[str]:
        known = access.caller(CallerKind.CLERK, visitor.account) if visitor and visitor.kind == "staff" else None
        return known.roles if known else frozenset()

    pages = Pages(demo=settings.mode is Mode.DEMO, roles_of=roles_of)
    service = Service(settings, access, clock)
    # The interactive API pages would load scripts from elsewhere, so they stay off.
    app = FastAPI(
        title="一证通办数据共享枢纽",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        lifespan=service.lifespan,
    )
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.state.doors = doors or Doors.of(settings, access, clock, service.pool.hub)
    app.include_router(sign_in_router(pages))
    app.include_router(token_router())
    app.include_router(lookup_routes(service))
    for log in LOGS:
        app.include_router(log_routes(log))
    app.include_router(register_routes())
    app.include_router(register_pages(pages))
    app.include_router(seals_audit_router(pages))
    app.include_router(archive_checks_router(pages))
    app.include_router(transfers_router(pages))
    app.include_router(licences_router(pages))
    app.include_router(licences_api())
    app.include_router(my_data_router(pages, service.means.ages))
    app.include_router(my_copies_router(pages))
    app.include_router(copies_routes())
    app.include_router(my_archive_router(pages))
    app.include_router(archive_desk_router(pages))
    app.include_router(archive_api())
    app.include_router(archive_requests_router(pages))
    app.include_router(pick_up_router(pages))
    app.include_router(courier_routes(inboxes))
    at_counter = counter or HubCounter(service)
    app.include_router(desk_router(pages, at_counter, watch.now))
    app.include_router(terminal_router(pages, at_counter, watch.now))
    if checks is None:
        from web.check_verbs import HubChecks

        checks = HubChecks(settings, service.pool.hub, watch)
    files, questions = Turns(_FILES_AT_ONCE, _WAIT_SECONDS), Turns(_QUESTIONS_AT_ONCE, _WAIT_SECONDS)
    app.include_router(check_routes(checks, files, questions))
    app.include_router(check_router(pages, checks, files, questions, watch))
    hide_tokens()

    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    async def home(visitor: Visitor) -> Response:
        return pages.show("home.html", visitor=visitor)

    @app.get("/overview", response_class=HTMLResponse, include_in_schema=False, dependencies=_STAFF)
    async def overview(visitor: Visitor) -> Response:
        found = await asyncio.to_thread(hub.overview)
        return pages.show("overview.html", overview=found, now=watch.now(), visitor=visitor)

    @app.get("/quarantine", response_class=HTMLResponse, include_in_schema=False, dependencies=_STAFF)
    async def quarantine(visitor: Visitor) -> Response:
        rows = await asyncio.to_thread(hub.returns)
        return pages.show("quarantine.html", rows=rows, now=watch.now(), visitor=visitor)

    @app.get("/api/sources", dependencies=[Depends(caller)], responses=documented(401, 403, 429, 500, 503))
    async def api_sources() -> dict[str, Any]:
        """Every source with pulled = accepted + unchanged + quarantined, licences by type, and what waits."""
        overview = await asyncio.to_thread(hub.overview)
        return {
            "sources": [row.to_dict() for row in overview.sources],
            "licences": [{"title": r.title, "issued": r.issued, "packed": r.packed} for r in overview.licences],
            "waiting": overview.waiting,
            "not_granted": overview.not_granted,
        }

    @app.get("/api/quarantine", dependencies=[Depends(caller)], responses=documented(401, 403, 429, 500, 503))
    async def api_quarantine() -> list[dict[str, Any]]:
        """Rows set aside of each resource, counted by how far they are on their way back to their owner."""
        return [row.to_dict() for row in await asyncio.to_thread(hub.returns)]

    @app.get("/health/live")
    async def live() -> dict[str, str]:
        """This process answers."""
        return {"status": "ok"}

    @app.get("/health/ready", responses={503: {"description": "it cannot; `code` says why"}})
    async def ready() -> Response:
        """The database and the keys answer too, and a licence could be sealed; 503 with a code when not."""
        try:
            await asyncio.to_thread(hub.check_ready)
        except HubError as error:
            _LOG.warning("not ready: %s", error)
            because = getattr(error, "because", "")
            told = {"status": "not ready", "code": error.code} | ({"because": because} if because else {})
            return JSONResponse(told, status_code=503)
        trouble = app.state.doors.access.trouble
        archive = await asyncio.to_thread(retrieval_rules.trouble, settings)
        # The rules before the broken change are in force, and nobody sees an archive while its table is broken: so it
        # can work; but somebody should look.
        told = {"status": "ok"} | ({"access": trouble.code} if trouble else {})
        return JSONResponse(told | ({"retrieval": archive} if archive else {}))

    def tell(request: Request, answer: Answer, headers: Mapping[str, str] | None = None) -> Response:
        if request.url.path.startswith(("/api/", "/health/", "/oauth/")):
            return JSONResponse(
                {"code": answer.code, "zh": answer.zh, "en": answer.en, "do": answer.do},
                status_code=answer.status,
                headers=headers,
            )
        visitor = getattr(request.state, "session", None)
        template = "terminal_problem.html" if request.url.path.startswith("/terminal") else "problem.html"
        response = pages.show(template, problem=answer, status=answer.status, visitor=visitor)
        response.headers.update(headers or {})
        if request.headers.get("hx-request") == "true":
            # Part of a page was asked for, and a whole one comes instead.
            response.headers.update({"HX-Retarget": "body", "HX-Reswap": "innerHTML"})
        return response

    app.add_middleware(
        Doorkeeper,
        limits=lambda: app.state.doors.access.rules().limits,
        tell=lambda request, error: tell(request, answer_to(error)),
    )
    app.add_middleware(TusHeader)
    # Last, so outermost: their headers and their refusal of other hosts hold for every answer.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*_HOSTS, *settings.web_hosts], www_redirect=False)
    app.add_middleware(SecurityHeaders)

    @app.exception_handler(SignInNeeded)
    async def sign_in_first(request: Request, error: SignInNeeded) -> Response:
        if request.url.path.startswith("/api/"):
            return tell(request, answer_to(error), {"WWW-Authenticate": 'Bearer realm="hub"'})
        if request.url.path.startswith("/terminal"):
            return tell(request, answer_to(error))  # nobody before it can sign it in
        if request.headers.get("hx-request") == "true":
            # Part of a page was asked for: the whole page goes to sign in, not the part.
            return Response(status_code=401, headers={"HX-Redirect": sign_in_address(request)})
        return RedirectResponse(sign_in_address(request), 303)

    @app.exception_handler(RequestValidationError)
    async def unfit(request: Request, _: Exception) -> Response:
        # FastAPI's own answer would repeat what was sent, a password or a person's number.
        return tell(request, _UNFIT)

    @app.exception_handler(HubError)
    async def typed(request: Request, error: Exception) -> Response:
        _LOG.warning("%s", error)
        return tell(request, answer_to(error) if isinstance(error, HubError) else _UNKNOWN)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        zh, en, do = _HTTP.get(status, ("请求无法处理。", "The request cannot be processed.", "请返回后重试。"))
        headers = error.headers if isinstance(error, HTTPException) else None
        return tell(request, Answer(status, f"HTTP-{status}", zh, en, do), headers)

    @app.exception_handler(Exception)
    async def unexpected(request: Request, _: Exception) -> Response:
        # Answered outside the middleware, so the headers are put on by hand; the server logs the traceback.
        return tell(request, _UNKNOWN, HEADERS)

    return app
