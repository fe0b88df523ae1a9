"""Signing in and out: staff by the organisation's identity provider, and in demo mode by built-in accounts."""

from __future__ import annotations

import asyncio
import logging
import secrets
from base64 import b64decode, b64encode
from typing import Annotated, Final

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from core.errors import HubError, Rejected
from hub import persons, sessions
from hub.access_file import DemoAccessRefused
from hub.caller import CallerKind
from web.doors import Doors, doors
from web.errors import answer_to
from web.oidc import Oidc, new_secret
from web.pages import Pages
from web.refused import (
    AccountUnknown,
    ProviderRefused,
    ProviderUnavailable,
    SignInNeeded,
    SignInRefused,
    TooManyRequests,
)
from web.session import (
    check_csrf,
    cookie_name,
    cookie_of,
    drop_cookie,
    local_path,
    session,
    session_if_any,
    set_cookie,
)

_LOG = logging.getLogger(__name__)

#: Cookie of a browser that is about to sign in; its forms are bound to it.
BEFORE: Final = "hub-before"
_OIDC: Final = "hub-oidc"
_BEFORE_SECONDS: Final = 15 * 60
_AFTER: Final = {"staff": "/overview", "person": "/my-data", "terminal": "/terminal"}

Text = Annotated[str, Form(max_length=200)]


def sign_in_router(pages: Pages) -> APIRouter:
    """The pages of signing in."""
    router = APIRouter(include_in_schema=False)
    kept: dict[str, Oidc] = {}

    def form(request: Request, template: str, onward: str, problem: HubError | None = None) -> Response:
        at = doors(request)
        before = request.cookies.get(cookie_name(request, BEFORE)) or secrets.token_urlsafe(32)
        answer = answer_to(problem) if problem else None
        response = pages.show(
            template,
            status=answer.status if answer else 200,
            problem=answer,
            oidc=at.access.rules().provider is not None,
            passwords=at.demo,
            csrf=sessions.csrf_of(before),
            onward=onward,
        )
        set_cookie(request, response, before, BEFORE, _BEFORE_SECONDS)
        return response

    def provider(request: Request) -> Oidc:
        """The one the access file names now; what was read of it is kept until the file names another."""
        at = doors(request)
        wanted = at.access.rules().provider
        if wanted is None:
            raise ProviderUnavailable("no identity provider is configured; enter one in the access file")
        known = kept.get("now")
        if known is None or known.provider != wanted:
            known = kept["now"] = Oidc(wanted, at.settings.access_file.parent)
        return known

    @router.get("/sign-in", response_class=HTMLResponse)
    async def ask_staff(request: Request, next: str = "") -> Response:  # noqa: A002 - the name in the address
        found = await session_if_any(request)
        if found is not None and found.kind == "staff":
            return RedirectResponse(local_path(next, _AFTER["staff"]), 303)
        return form(request, "sign_in.html", local_path(next, ""))

    @router.post("/sign-in", response_class=HTMLResponse)
    async def take_staff(request: Request, account: Text = "", password: Text = "", onward: Text = "") -> Response:
        try:
            await check_before(request)
            label = await _staff(request, account.strip(), password)
        except Rejected as error:
            return form(request, "sign_in.html", local_path(onward, ""), error)
        at, old = doors(request), cookie_of(request)
        cookie = await at.ask(lambda hub: sessions.begin(hub, "staff", account.strip(), label, instead_of=old))
        return signed_in(request, cookie, local_path(onward, _AFTER["staff"]))

    @router.api_route("/sign-in/oidc", methods=["GET", "POST"], response_class=HTMLResponse)
    async def to_provider(request: Request, next: str = "") -> Response:  # noqa: A002
        # By a link as well: a policy for forms would follow the redirect and stop it.
        secret = new_secret()
        address = await asyncio.to_thread(provider(request).begin, secret, _back(request))
        response = RedirectResponse(address, 303)
        onward = b64encode(local_path(next, _AFTER["staff"]).encode()).decode()
        set_cookie(request, response, f"{secret}.{onward}", _OIDC, _BEFORE_SECONDS)
        return response

    @router.get("/sign-in/oidc/back", response_class=HTMLResponse)
    async def from_provider(request: Request) -> Response:
        at, old = doors(request), cookie_of(request)
        secret, _, onward = request.cookies.get(cookie_name(request, _OIDC), "").partition(".")
        try:
            if not secret:
                raise ProviderRefused("a browser came back from the identity provider that had not been sent there")
            who = await asyncio.to_thread(provider(request).finish, secret, _back(request), request.query_params)
            entry = at.access.rules().staff_of(who)
            if entry is None:
                raise AccountUnknown("the identity provider knows a person for whom the access file has no account")
        except HubError as error:
            _LOG.warning("%s", error)
            response = form(request, "sign_in.html", "", error)
        else:
            cookie = await at.ask(lambda hub: sessions.begin(hub, "staff", entry.id, entry.name, instead_of=old))
            response = signed_in(request, cookie, local_path(_decoded(onward), _AFTER["staff"]))
        # Whatever came of it: what came back once does not come back again.
        drop_cookie(request, response, _OIDC)
        return response

    @router.get("/sign-in/person", response_class=HTMLResponse)
    async def ask_person(request: Request, next: str = "") -> Response:  # noqa: A002
        return form(request, "sign_in_person.html", local_path(next, ""))

    @router.post("/sign-in/person", response_class=HTMLResponse)
    async def take_person(request: Request, number: Text = "", name: Text = "", onward: Text = "") -> Response:
        at, old = doors(request), cookie_of(request)
        try:
            await check_before(request)
            known = await _person(request, number, name)
        except (Rejected, DemoAccessRefused) as error:
            return form(request, "sign_in_person.html", local_path(onward, ""), error)
        cookie = await at.ask(
            lambda hub: sessions.begin(
                hub, "person", "", known.label, subject=known.subject, subject_kind=known.kind, instead_of=old
            )
        )
        return signed_in(request, cookie, local_path(onward, _AFTER["person"]))

    @router.get("/sign-in/terminal", response_class=HTMLResponse)
    async def take_terminal(request: Request, ticket: str = "") -> Response:
        at, old = doors(request), cookie_of(request)
        number = await at.ask(lambda hub: sessions.redeem(hub, ticket)) if len(ticket) < 100 else None
        caller = at.access.caller(CallerKind.TERMINAL, number) if number else None
        if caller is None:
            raise SignInNeeded("a terminal's browser came with a ticket that is unknown, was used, or is too old")
        cookie = await at.ask(lambda hub: sessions.begin(hub, "terminal", caller.id, caller.name, instead_of=old))
        return signed_in(request, cookie, _AFTER["terminal"])

    @router.post("/sign-out")
    async def leave(request: Request) -> Response:
        found, cookie = await session(request), cookie_of(request)
        if found is not None and cookie is not None:
            await check_csrf(request, found.csrf)
            await doors(request).ask(lambda hub: sessions.end(hub, cookie))
        response = RedirectResponse("/", 303)
        drop_cookie(request, response)
        response.headers["Clear-Site-Data"] = '"cache", "storage"'
        return response

    return router


def _back(request: Request) -> str:
    """Where the provider sends the browser back to; the host is one the settings name."""
    return f"{request.url.scheme}://{request.url.netloc}/sign-in/oidc/back"


def _decoded(onward: str) -> str:
    try:
        return b64decode(onward, validate=True).decode()
    except ValueError:
        return ""


def signed_in(request: Request, cookie: str, onward: str) -> Response:
    """On to the page wanted, with a cookie that did not exist before."""
    response = RedirectResponse(onward, 303)
    drop_cookie(request, response, BEFORE)
    set_cookie(request, response, cookie)
    return response


async def check_before(request: Request) -> None:
    """Return when the form was made for this very browser: nobody signs another one in from his own page.

    Raises:
        FormStale: it was not.
    """
    before = request.cookies.get(cookie_name(request, BEFORE), "")
    await check_csrf(request, sessions.csrf_of(before) if before else "-")


def address_of(request: Request) -> str:
    """Under what a browser's failures are counted."""
    return f"address {request.client.host if request.client else ''}"


async def _staff(request: Request, account: str, password: str) -> str:
    at = doors(request)
    keys = (f"account {account}", address_of(request))
    _check_tries(at, *keys)
    entry = at.access.rules().member(CallerKind.CLERK, account)
    stored = getattr(entry, "password", None)
    # Also where there is no such account, so that both take the same time and get the same answer.
    good = await at.matches(password, stored if at.demo else None)
    if entry is None or not good:
        at.tries.failed(*keys)
        raise SignInRefused("a sign-in with a wrong account or password was refused")
    at.tries.forget(keys[0])
    return entry.name


async def _person(request: Request, number: str, name: str) -> persons.Known:
    at = doors(request)
    keys = (f"person {number.strip().upper()}", address_of(request))
    _check_tries(at, *keys)
    known = await at.ask(lambda hub: persons.recognise(hub, number, name))
    if known is None:
        at.tries.failed(*keys)
        raise SignInRefused("a sign-in with a number and a name that do not belong together was refused")
    return known


def _check_tries(at: Doors, *keys: str) -> None:
    if at.tries.too_many(at.access.rules().limits.sign_ins, *keys):
        raise TooManyRequests("an account or address failed to sign in too often; it waits a quarter of an hour")
