"""Who is asking: dependencies for pages and API calls. Each says who it is, or raises why it cannot be told.

`machine` is of programs: a partner's bearer token, or a terminal's signed request; `caller` takes a machine or staff.
`staff`, `person` and `terminal` are of browsers with a session. On an unsafe method they also demand the session's CSRF
token, as form field `csrf` or header `X-CSRF-Token`; `request.state.csrf` has it for the next form.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Collection, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote, urlsplit

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import Response

from core.errors import Retryable
from hub import sessions
from hub.access import with_holder
from hub.caller import Caller
from hub.sessions import CALLER_KIND, Session
from web.doors import Doors, doors
from web.machines import has_credentials, machine
from web.refused import FormStale, RoleMissing, SignInNeeded

__all__ = [
    "Asker",
    "Clerk",
    "Machine",
    "Person",
    "Somebody",
    "Staff",
    "Terminal",
    "caller",
    "machine",
    "person",
    "session",
    "session_if_any",
    "staff",
    "terminal",
    "with_role",
]

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
#: A form with a token in it is small; a larger one carries the token in the header.
_LARGEST_FORM: Final = 256 * 1024


@dataclass(frozen=True, slots=True, repr=False)
class Person:
    """A citizen, or whoever speaks for a company, looking at what is stored about him.

    Attributes:
        subject: keyed hash of the number, as in the store.
        label: his name with all but the first character hidden.
    """

    kind: Literal["citizen", "company"]
    subject: bytes
    label: str


async def session(request: Request) -> Session | None:
    """The session of the request's cookie, None without one. Asks the store once a request."""
    known: Session | None
    if hasattr(request.state, "session"):
        known = request.state.session
        return known
    cookie = cookie_of(request)
    known = await doors(request).ask(lambda hub: sessions.find(hub, cookie)) if cookie else None
    request.state.session = known
    request.state.csrf = known.csrf if known else ""
    return known


async def session_if_any(request: Request) -> Session | None:
    """The same, for pages that are for everybody: a store that does not answer keeps nobody out of them."""
    try:
        return await session(request)
    except Retryable:
        request.state.session, request.state.csrf = None, ""
        return None


async def staff(request: Request) -> Caller:
    """Whoever works for an organisation and has signed in.

    Raises:
        SignInNeeded: nobody has, or the account was taken away since.
        FormStale: see there.
    """
    return await _caller(request, "staff")


async def terminal(request: Request) -> Caller:
    """The registered terminal whose browser this is.

    With form field or header `present` = true (`X-Holder-Present`) it is one before which the holder stands.

    Raises:
        SignInNeeded: it is none, or was taken from the file since.
        FormStale: see there.
    """
    found = await _caller(request, "terminal")
    said = request.headers.get("x-holder-present") or (await _form_field(request, "present"))
    return with_holder(found) if said == "true" else found


async def person(request: Request) -> Person:
    """Whoever looks at his own data.

    Raises:
        SignInNeeded: nobody has signed in so.
        FormStale: see there.
    """
    found = await session(request)
    if found is None or found.kind != "person" or found.subject is None or found.subject_kind is None:
        raise SignInNeeded("a page is for people who signed in to see their own data")
    await check_csrf(request, found.csrf)
    return Person(found.subject_kind, found.subject, found.label)


def with_role(*roles: str) -> Callable[[Caller], Coroutine[Any, Any, Caller]]:
    """A dependency: staff with one of the roles.

    Raises:
        RoleMissing: signed in, without any of them.
    """

    async def checked(found: Annotated[Caller, Depends(staff)]) -> Caller:
        return _has_role(found, roles)

    return checked


@dataclass(frozen=True, slots=True, repr=False)
class Sender:
    """Staff about to send a form too large to look into for its token; whoever reads it holds it against `csrf`."""

    caller: Caller
    csrf: str


def sending(*roles: str) -> Callable[[Request], Coroutine[Any, Any, Sender]]:
    """A dependency: staff with one of the roles, before anything of the form was read.

    Whoever reads the form calls `check_token` with what it holds, as that is done for no such form by itself.

    Raises:
        SignInNeeded, RoleMissing.
    """

    async def sender(request: Request) -> Sender:
        known, csrf = await _known(request, "staff")
        return Sender(_has_role(known, roles), csrf)

    return sender


def _has_role(found: Caller, roles: Collection[str]) -> Caller:
    if found.roles.isdisjoint(roles):
        raise RoleMissing(f"account {found.id} has none of the roles {', '.join(roles)}; the page was not shown")
    return found


async def caller(request: Request) -> Caller:
    """A machine by its credentials, or staff by their session.

    Raises:
        SignInNeeded, FormStale, TokenRefused, SignatureRefused: see there.
    """
    return await machine(request) if has_credentials(request) else await staff(request)


Staff = Annotated[Caller, Depends(staff)]
Clerk = Annotated[Caller, Depends(with_role("clerk"))]
Machine = Annotated[Caller, Depends(machine)]
Asker = Annotated[Caller, Depends(caller)]
Terminal = Annotated[Caller, Depends(terminal)]
Somebody = Annotated[Person, Depends(person)]


async def check_csrf(request: Request, csrf: str) -> None:
    """Return when the method changes nothing, or the request carries the token.

    Raises:
        FormStale: it does not.
    """
    if request.method not in SAFE:
        check_token(request.headers.get("x-csrf-token") or await _form_field(request, "csrf"), csrf)


def check_token(given: str | None, csrf: str) -> None:
    """Return when the token that came is the session's.

    Raises:
        FormStale: it is not.
    """
    if not given or not hmac.compare_digest(given.encode(), csrf.encode()):
        raise FormStale("a form came without its session's token; nothing was done")


def cookie_of(request: Request) -> str | None:
    """The session cookie's value."""
    return request.cookies.get(cookie_name(request))


def cookie_name(request: Request, name: str = "hub") -> str:
    """Over https no other host and no plain connection can set it."""
    return f"__Host-{name}" if secure(request) else name


def secure(request: Request) -> bool:
    """Whether cookies go over https only: always in production."""
    return request.url.scheme == "https" or not doors(request).demo


def set_cookie(request: Request, response: Response, value: str, name: str = "hub", seconds: int | None = None) -> None:
    """A cookie no script reads; it comes along with links from other sites, but not with their forms."""
    response.set_cookie(
        cookie_name(request, name), value, max_age=seconds, path="/", secure=secure(request), httponly=True,
        samesite="lax",
    )  # fmt: skip


def drop_cookie(request: Request, response: Response, name: str = "hub") -> None:
    """Take it back."""
    response.delete_cookie(cookie_name(request, name), path="/", secure=secure(request), httponly=True, samesite="lax")


def local_path(path: str | None, otherwise: str = "/") -> str:
    """The path if it is one of ours, so that a link cannot send somebody elsewhere after he signed in."""
    if not path or not path.startswith("/") or path.startswith(("//", "/\\")):
        return otherwise
    if any(ord(char) < 0x21 or char in "\\\x7f" for char in path):
        return otherwise
    parts = urlsplit(path)
    return otherwise if parts.scheme or parts.netloc else path


def sign_in_address(request: Request) -> str:
    """Where a visitor signs in, and comes back from to the page he wanted."""
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if request.method not in SAFE:
        path = "/"
    own = request.url.path.startswith(("/my-data", "/my-archive"))
    wanted = "/sign-in/person" if own else "/sign-in"
    return f"{wanted}?next={quote(path, safe='')}"


async def _caller(request: Request, kind: Literal["staff", "terminal"]) -> Caller:
    known, csrf = await _known(request, kind)
    await check_csrf(request, csrf)
    return known


async def _known(request: Request, kind: Literal["staff", "terminal"]) -> tuple[Caller, str]:
    found = await session(request)
    if found is None or found.kind != kind:
        raise SignInNeeded("a page is for signed-in staff or registered terminals")
    return known_caller(doors(request), found), found.csrf


def known_caller(at: Doors, found: Session) -> Caller:
    """Whom the session stands for, as the access file says now."""
    known = at.access.caller(CALLER_KIND[found.kind], found.account)
    if known is None:
        raise SignInNeeded("the account of a session is no longer in the access file")
    return known


async def _form_field(request: Request, name: str) -> str | None:
    kind = request.headers.get("content-type", "")
    if not kind.startswith(("application/x-www-form-urlencoded", "multipart/form-data")):
        return None
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > _LARGEST_FORM:
        return None
    value = (await request.form()).get(name)
    return value if isinstance(value, str) else None
