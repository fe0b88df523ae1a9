"""Where other hubs hand over archives: the core of tus 1.0 (resumable uploads), for announced files of known peers.

The protocol is tus's own (https://tus.io/protocols/resumable-upload, core; docs/transfer.md), so it does not stand in
the description of our API. Who signs, has the role `transfer` and was announced gets through, and nobody else.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, HTTPException
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.access_file import TRANSFER
from hub.caller import CallerKind
from hub.context import Hub
from hub.courier_inbox import Inbox
from web.doors import doors
from web.machines import SignedHead, signed_head
from web.refused import BodyTooLarge, RoleMissing, SignInNeeded

INBOX: Final = "/api/transfers/in"
VERSION: Final = "1.0.0"
#: A piece is checked whole before it is written, so it lies in memory.
LARGEST_PIECE: Final = 8 << 20
#: Seconds a known peer may be silent within a piece.
_SILENT: Final = 60.0
_PIECE_TYPE: Final = "application/offset+octet-stream"


class TusHeader:
    """ASGI middleware: every answer of tus says its version, refusals too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Tus-Resumable"] = VERSION
            await send(message)

        of_tus = scope["type"] == "http" and scope["path"].startswith(f"{INBOX}/") and scope["method"] != "OPTIONS"
        await self._app(scope, receive, send_with if of_tus else send)


def _peer(*covered: str) -> Callable[[Request], Coroutine[Any, Any, SignedHead]]:
    async def known_peer(request: Request) -> SignedHead:
        """The other hub that signed the request.

        Raises:
            SignInNeeded, SignatureRefused, RoleMissing: see there.
        """
        if "signature-input" not in request.headers:
            raise SignInNeeded("a request to the inbox came without signature")
        head = await signed_head(request, *covered)
        if head.caller.kind is not CallerKind.PARTNER or TRANSFER not in head.caller.roles:
            raise RoleMissing(
                f"{head.caller.id} hands over archives and has not the role `{TRANSFER}`; nothing was taken"
            )
        if request.headers.get("tus-resumable") != VERSION:
            raise HTTPException(412, headers={"Tus-Version": VERSION})
        return head

    return known_peer


Peer = Annotated[SignedHead, Depends(_peer())]
Sender = Annotated[SignedHead, Depends(_peer("upload-offset", "content-digest"))]


def courier_routes(inboxes: Callable[[Hub], Inbox]) -> APIRouter:
    """HEAD, PATCH, DELETE and OPTIONS of /api/transfers/in/NAME; the peer is the signer's organisation."""
    routes = APIRouter(prefix=INBOX, include_in_schema=False)

    @routes.options("/{name}")
    async def options(name: str) -> Response:
        return Response(status_code=204, headers={"Tus-Version": VERSION})

    @routes.head("/{name}")
    async def head(request: Request, name: str, peer: Peer) -> Response:
        organisation = peer.caller.organisation

        def look(hub: Hub) -> tuple[Inbox, int, int]:
            inbox = inboxes(hub)
            found = inbox.there(organisation, name)
            return inbox, found.size, found.length

        inbox, size, length = await doors(request).ask(look)
        headers = {"Upload-Offset": str(size), "Upload-Length": str(length), "Cache-Control": "no-store"}
        if "sha-256" in request.headers.get("want-repr-digest", ""):
            # Without a hub in hand: reading gigabytes takes a while.
            digest = await asyncio.to_thread(inbox.digest, organisation, name, size)
            headers["Repr-Digest"] = f"sha-256=:{b64encode(digest).decode()}:"
        return Response(status_code=200, headers=headers)

    @routes.patch("/{name}")
    async def patch(request: Request, name: str, peer: Sender) -> Response:
        if request.headers.get("content-type") != _PIECE_TYPE:
            raise HTTPException(415)
        said = request.headers["upload-offset"]
        if not (said.isascii() and said.isdecimal() and len(said) < 16):
            raise HTTPException(400)
        piece = await _piece(request)
        peer.check(piece)
        found = await doors(request).ask(lambda hub: inboxes(hub).add(peer.caller.organisation, name, int(said), piece))
        return Response(status_code=204, headers={"Upload-Offset": str(found.size)})

    @routes.delete("/{name}")
    async def drop(request: Request, name: str, peer: Peer) -> Response:
        await doors(request).ask(lambda hub: inboxes(hub).drop(peer.caller.organisation, name))
        return Response(status_code=204)

    return routes


async def _piece(request: Request) -> bytes:
    """The body.

    Raises:
        BodyTooLarge: it is, or does not say how large it is.
        HTTPException: 408, it does not arrive.
    """
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > LARGEST_PIECE:
        raise BodyTooLarge(
            f"a piece of a file has no stated length, or more than {LARGEST_PIECE} bytes; it was not read"
        )
    found, stream = bytearray(), request.stream()
    try:
        while True:
            async with asyncio.timeout(_SILENT):
                part = await anext(stream, None)
            if part is None:
                return bytes(found)
            found += part
            if len(found) > LARGEST_PIECE:
                raise BodyTooLarge("a piece of a file is larger than it said; it was not read to its end")
    except (TimeoutError, ClientDisconnect):
        raise HTTPException(408) from None
