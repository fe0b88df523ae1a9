"""Uploaded files, bounded, and kept in memory only: a licence must not lie in a temporary folder."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from core.errors import HubError
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


async def read_upload(request: Request) -> Upload:
    """The file of the form field `file`.

    Raises:
        UploadTooLarge: over 20 MB; reading stops there, whatever the request says about its length.
        UploadRefused: no form, no file, an empty one, or more than one.
        UploadTooSlow: it did not arrive within three minutes.
    """
    async with multipart(request, largest=LARGEST_FILE, files=1, fields=4, too_large=_too_large) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise UploadRefused("a request to verify had no field `file` with a file in it; nothing was verified")
        data = await file.read()
    if len(data) > LARGEST_FILE:
        raise _too_large()
    if not data:
        raise UploadRefused("a request to verify carried an empty file; nothing was verified")
    return Upload((file.filename or "").replace("\\", "/").rpartition("/")[2][:120], data)


@asynccontextmanager
async def multipart(
    request: Request, *, largest: int, files: int, fields: int, too_large: Callable[[], HubError]
) -> AsyncGenerator[FormData, None]:
    """A form with files, closed afterwards.

    Args:
        largest: bytes of all files together; beyond that, and some room for the form, reading stops with `too_large`.
        files, fields: the most of each.

    Raises:
        UploadRefused: no multipart form, or not readable, or too many fields or files.
        UploadTooSlow: it did not arrive within three minutes.
    """
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise UploadRefused("a request with a file was no multipart form; nothing was read")
    most = largest + _ROOM_FOR_FORM
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > most:
        raise too_large()
    stream = _bounded(request, most, too_large)
    parser = MultiPartParser(request.headers, stream, max_files=files, max_fields=fields, max_part_size=4096)
    # Above this starlette would write a file to disk; none this large is let in.
    parser.spool_max_size = most
    try:
        async with asyncio.timeout(_SECONDS):
            form = await parser.parse()
    except TimeoutError:
        raise UploadTooSlow("an uploaded file did not arrive in time; it was not looked at") from None
    except (MultiPartException, ClientDisconnect, ValueError) as problem:
        raise UploadRefused(f"a request with a file was not a readable form ({type(problem).__name__})") from None
    try:
        yield form
    finally:
        await form.close()


async def _bounded(request: Request, most: int, too_large: Callable[[], HubError]) -> AsyncGenerator[bytes, None]:
    taken = 0
    async for chunk in request.stream():
        taken += len(chunk)
        if taken > most:
            raise too_large()
        yield chunk


def _too_large() -> UploadTooLarge:
    return UploadTooLarge("an uploaded file is over 20 MB; it was not read to its end and not verified")
