"""One uploaded file, bounded, and kept in memory only: a licence must not lie in a temporary folder."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from web.errors import UploadRefused, UploadTooLarge, UploadTooSlow

LARGEST_FILE = 20 * 1024 * 1024
#: Enough for 20 MB over a slow mobile line; who needs longer takes the room of others.
_SECONDS = 180.0
#: The form around the file: boundary lines and headers.
_ROOM_FOR_FORM = 64 * 1024


@dataclass(frozen=True, slots=True)
class Upload:
    name: str = field(repr=False)
    data: bytes = field(repr=False)


class _InMemory(MultiPartParser):
    #: Above this starlette would write the file to disk; no file this large is let in.
    spool_max_size = LARGEST_FILE + _ROOM_FOR_FORM


async def read_upload(request: Request) -> Upload:
    """The file of the form field `file`.

    Raises:
        UploadTooLarge: over 20 MB; reading stops there, whatever the request says about its length.
        UploadRefused: no form, no file, an empty one, or more than one.
        UploadTooSlow: it did not arrive within three minutes.
    """
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise UploadRefused("a request to verify was no multipart form; nothing was read")
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > LARGEST_FILE + _ROOM_FOR_FORM:
        raise _too_large()
    parser = _InMemory(request.headers, _bounded(request), max_files=1, max_fields=4, max_part_size=4096)
    try:
        async with asyncio.timeout(_SECONDS):
            form = await parser.parse()
    except TimeoutError:
        raise UploadTooSlow("an uploaded file did not arrive in time; it was not verified") from None
    except (MultiPartException, ClientDisconnect, ValueError) as problem:
        raise UploadRefused(f"a request to verify was not a readable form ({type(problem).__name__})") from None
    try:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise UploadRefused("a request to verify had no field `file` with a file in it; nothing was verified")
        data = await file.read()
    finally:
        await form.close()
    if len(data) > LARGEST_FILE:
        raise _too_large()
    if not data:
        raise UploadRefused("a request to verify carried an empty file; nothing was verified")
    return Upload((file.filename or "").replace("\\", "/").rpartition("/")[2][:120], data)


async def _bounded(request: Request) -> AsyncGenerator[bytes, None]:
    taken = 0
    async for chunk in request.stream():
        taken += len(chunk)
        if taken > LARGEST_FILE + _ROOM_FOR_FORM:
            raise _too_large()
        yield chunk


def _too_large() -> UploadTooLarge:
    return UploadTooLarge("an uploaded file is over 20 MB; it was not read to its end and not verified")
