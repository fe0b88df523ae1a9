"""A small identity provider: authorization code with PKCE, signed ID tokens, a page to sign in with its own users.

It is what an organisation would run for its staff (OpenID Connect Core 1.0, discovery, RFC 7636), written apart from
the hub's reading of the same texts. It forgets everything when it stops. `spoil` makes it lie, for tests.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import json
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

CODE_SECONDS = 60.0
TOKEN_SECONDS = 300
_LARGEST_BODY = 20_000

_PAGE = """<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>统一身份认证（演示）</title></head>
<body><main><h1>统一身份认证（演示）</h1><p role="alert">{problem}</p>
<form method="post" action="/authorize"><input type="hidden" name="request" value="{request}">
<p><label>用户名 <input name="user" autocomplete="username" autofocus></label></p>
<p><label>密码 <input name="password" type="password" autocomplete="current-password"></label></p>
<p><button type="submit">登录</button></p></form></main></body></html>"""


@dataclass(slots=True)
class _Code:
    """What was asked for when a code was given, and for whom."""

    user: str
    client: str
    redirect: str
    challenge: str
    nonce: str
    until: float


@dataclass(slots=True)
class Provider:
    """Its users, its one client, and what it has given out.

    Attributes:
        users: name to password.
        redirects: addresses it sends back to, in full.
        client_secret: None for a public client, for which PKCE alone must do.
        spoil: changes the claims of an ID token before it is signed.
    """

    client_id: str = "hub"
    client_secret: str | None = field(default_factory=lambda: secrets.token_urlsafe(24))
    users: dict[str, str] = field(default_factory=dict)
    redirects: tuple[str, ...] = ()
    spoil: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    issuer: str = ""
    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))
    signing_key: rsa.RSAPrivateKey | None = None
    kid: str = field(default_factory=lambda: secrets.token_hex(8))
    codes: dict[str, _Code] = field(default_factory=dict)
    requests: dict[str, dict[str, str]] = field(default_factory=dict)

    def discovery(self) -> dict[str, Any]:
        """OpenID Connect Discovery 1.0, 4.2."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "none"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }

    def jwks(self) -> dict[str, Any]:
        """The public key."""
        numbers = self.key.public_key().public_numbers()
        return {
            "keys": [
                {
                    "kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.kid,
                    "n": _coded(numbers.n.to_bytes(256)), "e": _coded(numbers.e.to_bytes(3)),
                }
            ]
        }  # fmt: skip

    def ask(self, query: dict[str, str]) -> str:
        """Keep an authorization request and give it a name; ValueError for one that must not be answered."""
        if query.get("client_id") != self.client_id or query.get("redirect_uri") not in self.redirects:
            raise ValueError("unknown client or address")
        if query.get("response_type") != "code" or query.get("code_challenge_method") != "S256":
            raise ValueError("only codes, and only with PKCE S256")
        if len(query.get("code_challenge", "")) != 43 or "openid" not in query.get("scope", "").split():
            raise ValueError("no code challenge or no openid scope")
        name = secrets.token_urlsafe(16)
        self.requests[name] = query
        return name

    def sign_in(self, name: str, user: str, password: str) -> str | None:
        """Where the browser goes on to; None for a wrong password."""
        query = self.requests.get(name)
        known = self.users.get(user)
        if query is None or known is None or not hmac.compare_digest(known.encode(), password.encode()):
            return None
        del self.requests[name]
        code = secrets.token_urlsafe(24)
        self.codes[code] = _Code(
            user, self.client_id, query["redirect_uri"], query["code_challenge"], query.get("nonce", ""),
            time.monotonic() + CODE_SECONDS,
        )  # fmt: skip
        back = {"code": code, "iss": self.issuer} | ({"state": query["state"]} if "state" in query else {})
        return f"{query['redirect_uri']}?{urlencode(back)}"

    def exchange(self, form: dict[str, str], client: str, secret: str | None) -> dict[str, Any]:
        """Tokens for a code, once; ValueError with OAuth's word for what is wrong."""
        right = self.client_secret is None or hmac.compare_digest((secret or "").encode(), self.client_secret.encode())
        if client != self.client_id or not right:
            raise ValueError("invalid_client")
        found = self.codes.pop(form.get("code", ""), None)
        verifier = form.get("code_verifier", "")
        challenge = _coded(hashlib.sha256(verifier.encode()).digest())
        if (
            form.get("grant_type") != "authorization_code"
            or found is None
            or time.monotonic() > found.until
            or form.get("redirect_uri") != found.redirect
            or not hmac.compare_digest(challenge.encode(), found.challenge.encode())
        ):
            raise ValueError("invalid_grant")
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.issuer, "sub": found.user, "aud": self.client_id, "iat": now, "exp": now + TOKEN_SECONDS,
            "nonce": found.nonce,
        }  # fmt: skip
        if self.spoil is not None:
            claims = self.spoil(claims)
        return {
            "access_token": secrets.token_urlsafe(24), "token_type": "Bearer", "expires_in": TOKEN_SECONDS,
            "id_token": self._signed(claims),
        }  # fmt: skip

    def _signed(self, claims: dict[str, Any]) -> str:
        algorithm = claims.pop("alg", "RS256")
        header = {"alg": algorithm, "kid": self.kid, "typ": "JWT"}
        body = ".".join(_coded(json.dumps(part).encode()) for part in (header, claims))
        if algorithm == "none":
            return f"{body}."
        signature = (self.signing_key or self.key).sign(body.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{body}.{_coded(signature)}"


class ProviderServer:
    """Serves a provider on a port of the loopback address; 0 means any free one."""

    def __init__(self, provider: Provider, port: int = 0) -> None:
        handler = type("_Bound", (_Handler,), {"provider": provider})
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._server.daemon_threads = True
        provider.issuer = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    provider: ClassVar[Provider]

    def do_GET(self) -> None:
        path, query = urlsplit(self.path).path, _first(urlsplit(self.path).query)
        if path == "/.well-known/openid-configuration":
            self._json(200, self.provider.discovery())
        elif path == "/jwks":
            self._json(200, self.provider.jwks())
        elif path == "/authorize":
            try:
                self._page(self.provider.ask(query), "")
            except ValueError as problem:
                self._json(400, {"error": "invalid_request", "error_description": str(problem)})
        else:
            self._json(404, {"error": "not_found"})

    def do_POST(self) -> None:
        length = min(int(self.headers.get("content-length") or 0), _LARGEST_BODY)
        form = _first(self.rfile.read(length).decode())
        if self.path == "/authorize":
            name = form.get("request", "")
            onward = self.provider.sign_in(name, form.get("user", ""), form.get("password", ""))
            if onward is None:
                self._page(name, "用户名或密码不正确", 401)
                return
            self.send_response(303)
            self.send_header("Location", onward)
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif self.path == "/token":
            client, secret = _basic(self.headers.get("authorization", "")) or (form.get("client_id", ""), None)
            try:
                self._json(200, self.provider.exchange(form, client, secret))
            except ValueError as problem:
                self._json(401 if str(problem) == "invalid_client" else 400, {"error": str(problem)})
        else:
            self._json(404, {"error": "not_found"})

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Codes pass through the address: nothing is written down."""

    def _page(self, name: str, problem: str, status: int = 200) -> None:
        body = _PAGE.format(request=html.escape(name, quote=True), problem=html.escape(problem)).encode()
        self._send(status, "text/html; charset=utf-8", body)

    def _json(self, status: int, value: object) -> None:
        self._send(status, "application/json", json.dumps(value).encode())

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _first(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query).items()}


def _basic(header: str) -> tuple[str, str] | None:
    scheme, _, coded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    client, _, secret = base64.b64decode(coded).decode().partition(":")
    return unquote(client), unquote(secret)


def _coded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
