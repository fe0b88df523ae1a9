"""What doors to the archive hand out, and an answer's facts in the words of a page."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from core.errors import HubError, Retryable
from hub.context import Hub
from hub.retrieval import get
from hub.retrieval_answer import answer, fetch
from hub.retrieval_parts import FACTS, By, Fetched, Request
from hub.told import label
from web.doors import doors

#: A file's name without letters, for browsers that do not read the other one.
_PLAIN: Final = "archive"


def handed_out(file: Fetched) -> Response:
    """A file as a download; nothing on the way keeps it, and no browser shows it in our name."""
    suffix = file.name.rpartition(".")[2]
    plain = f"{_PLAIN}.{suffix}" if suffix.isalnum() and suffix.isascii() else _PLAIN
    return Response(
        file.data,
        media_type=file.media_type,
        headers={
            "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file.name, safe='')}",
            "Cache-Control": "no-store",
        },
    )


@dataclass(frozen=True, slots=True, repr=False)
class Seen:
    """A request as a page shows it.

    Attributes:
        pick_up: told once, right after the answer was made.
        error: what kept the answer from being made; the request stays granted.
    """

    request: Request
    pick_up: str = ""
    error: HubError | None = None


def answered(hub: Hub, request: str, by: By) -> Seen:
    """Make the answer of a granted request, as far as it goes now.

    Raises:
        RequestUnknown, Retryable.
    """
    try:
        made = answer(hub, request, by)
    except Retryable:
        raise
    except HubError as error:
        return Seen(get(hub, request, by), error=error)
    return Seen(get(hub, request, by), made.pick_up)


def facts_of(hub: Hub, request: str, by: By) -> Mapping[str, Any]:
    """What the file of facts of an answer says; that it was read is logged as any other fetching.

    Raises:
        RequestUnknown, AnswerExpired.
    """
    told: dict[str, Any] = json.loads(fetch(hub, request, by, FACTS).data)
    return told


def facts_page(hub: Hub, request: str, by: By) -> dict[str, Any]:
    """What a page of facts shows: `told` as `facts_of`, the request, and the register's lines with Chinese labels.

    Raises:
        RequestUnknown, AnswerExpired.
    """
    told = facts_of(hub, request, by)
    register = told["facts"].get("register")
    fields = register["fields"] if register else {}
    lines = [(label(register["source"], name), words) for name, words in fields.items()]
    return {"told": told, "one": get(hub, request, by), "lines": lines}


def file_routes(router: APIRouter, who: Callable[..., Any]) -> None:
    """Below a request's address: its answer's files, one by one or all in one.

    Args:
        who: a dependency that says who comes for them.
    """
    comes = Depends(who)

    @router.get("/requests/{number}/files.zip")
    async def every(request: HttpRequest, number: UUID, by: By = comes) -> Response:
        return handed_out(await doors(request).ask(lambda hub: fetch(hub, str(number), by)))

    @router.get("/requests/{number}/files/{name:path}")
    async def one(request: HttpRequest, number: UUID, name: str, by: By = comes) -> Response:
        return handed_out(await doors(request).ask(lambda hub: fetch(hub, str(number), by, name)))
