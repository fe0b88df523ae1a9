"""Headers every answer carries: nothing is loaded from elsewhere, framed, sniffed, cached or referred."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}


#: What is the same for everybody and signed may be kept by caches; it says for how long.
CACHEABLE = frozenset({"/api/status-list"})


class SecurityHeaders:
    """ASGI middleware; also covers answers of other middleware and of unexpected errors."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                may_be_kept = scope["path"] in CACHEABLE and message["status"] in (200, 304)
                for name, value in HEADERS.items():
                    if not (may_be_kept and name == "Cache-Control" and name in headers):
                        headers[name] = value
            await send(message)

        await self._app(scope, receive, send_guarded if scope["type"] == "http" else send)
