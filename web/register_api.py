"""The status list for caches and banks, the state of one document for machines with a right, and published months."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from starlette.responses import Response

from core.digest import sm3_hex
from core.errors import Retryable
from hub import licence_status, status_list
from hub.status_reading import StatusList, StatusListRefused, StatusListStale
from web.doors import doors
from web.problems import documented
from web.session import Asker

#: Seconds a cache may keep a list; a change reaches everybody as much later.
_KEEP: Final = 300


class StatusListMissing(Retryable):
    """No status list was made yet, or what lies there is none."""

    code: ClassVar[str] = "HUB-925"


class StatusAnswer(BaseModel):
    """How a document stands. `state` is its own, `licence_status` that of the licence."""

    identifier: str
    number: str
    licence_type: str
    version: int
    document_sm3: str
    state: str
    superseded_by: str | None
    licence_status: str
    licence_status_zh: str
    since: str | None
    valid_until: str | None
    entry: str | None
    as_of: str


def register_routes() -> APIRouter:
    """GET /api/status-list and GET /api/licences/status."""
    routes = APIRouter(prefix="/api", tags=["licence register"])
    kept = _Kept()

    @routes.get(
        "/status-list",
        responses=documented(429, 503)
        | {
            200: {"content": {"application/json": {}}, "description": "the list, as docs/status-list.md describes it"},
            304: {"description": "what the caller has is the newest"},
        },
    )
    async def status_list_file(request: Request) -> Response:
        """The signed status list of every document. Anybody may fetch and keep it."""
        at = doors(request)
        found = await asyncio.to_thread(kept.newest, status_list.path_of(at.settings))
        left = found.read.valid_until - at.clock.now()
        if left <= timedelta():
            raise StatusListStale("the status list has ended and nobody made a new one (runbook: status-list-old).")
        headers = {
            "ETag": f'"{found.sm3}"',
            "Last-Modified": format_datetime(found.read.issued_at.astimezone(UTC), usegmt=True),
            "Cache-Control": f"public, max-age={min(_KEEP, int(left.total_seconds()))}",
        }
        if _has_it(request, found):
            return Response(status_code=304, headers=headers)
        return Response(found.data, media_type="application/json", headers=headers)

    @routes.get("/licences/status", response_model=StatusAnswer, responses=documented(401, 403, 404, 422, 429, 503))
    async def licence_status_of(
        request: Request,
        caller: Asker,
        licence: Annotated[str, Query(max_length=200, description="licence identifier, as on the document's face")],
    ) -> dict[str, Any]:
        """How a document stands today, for callers the access file gives the right; all unknown ones get one answer."""
        at = doors(request)
        at.access.check_status(caller)
        return await at.ask(lambda hub: licence_status.status_of(hub, licence.strip().replace("\0", "")))

    return routes


class _File:
    """A list as it lies on disk."""

    def __init__(self, data: bytes) -> None:
        self.data, self.sm3, self.read = data, sm3_hex(data), StatusList.read(data)


class _Kept:
    """The newest list, read again once its file changes."""

    def __init__(self) -> None:
        self._stamp: tuple[int, int, int] | None = None
        self._file: _File | None = None

    def newest(self, path: Path) -> _File:
        try:
            seen = path.stat()
            stamp = (seen.st_mtime_ns, seen.st_ino, seen.st_size)
            if self._file is None or stamp != self._stamp:
                self._file, self._stamp = _File(path.read_bytes()), stamp
        except (OSError, StatusListRefused):
            raise StatusListMissing(
                "there is no status list that can be given out; it is made every hour and at every change "
                "(runbook: status-list-old)."
            ) from None
        return self._file


def _has_it(request: Request, found: _File) -> bool:
    """Whether the caller has this list; a proxy that packed it made the tag a weak one."""
    tags = request.headers.get("if-none-match")
    if tags is not None:
        return any(tag.strip().removeprefix("W/") in (f'"{found.sm3}"', "*") for tag in tags.split(","))
    since = _moment(request.headers.get("if-modified-since"))
    return since is not None and found.read.issued_at <= since


def _moment(text: str | None) -> datetime | None:
    try:
        found = parsedate_to_datetime(text) if text else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None
