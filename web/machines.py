"""How programs prove who they are: partners by OAuth2 client credentials (RFC 6749, 6750), terminals and other hubs by
signed requests (RFC 9421)."""

from __future__ import annotations

import binascii
import logging
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Final
from urllib.parse import unquote_plus

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from fastapi import APIRouter, Depends
from http_message_signatures import (
    HTTPMessageSignaturesException,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    algorithms,
)
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from hub import sessions, tokens
from hub.access import with_holder
from hub.access_file import Partner, Terminal
from hub.caller import Caller, CallerKind
from hub.sessions import digest
from web.doors import Doors, doors
from web.problems import documented
from web.refused import SignatureRefused, SignInNeeded, TokenRefused

_LOG = logging.getLogger(__name__)

_ED25519: Final = "ed25519"
_ALGORITHMS: Final[Mapping[str, Any]] = {"hmac-sha256": algorithms.HMAC_SHA256, _ED25519: algorithms.ED25519}
#: What a signature must cover, beside the content's digest where there is content.
_COVERED: Final = ("@method", "@authority", "@path", "@query")
_PRESENT: Final = "x-holder-present"
_NONCE: Final = range(16, 129)
_LARGEST_TOKEN: Final = 200


def has_credentials(request: Request) -> bool:
    """Whether the request comes with a machine's credentials, good or bad."""
    return "authorization" in request.headers or "signature-input" in request.headers


async def machine(request: Request) -> Caller:
    """The partner of a bearer token, or the terminal or partner that signed the request.

    A terminal says with the covered header `X-Holder-Present: true` that the holder stands before it.

    Raises:
        SignInNeeded: neither token nor signature.
        TokenRefused, SignatureRefused: see there.
    """
    if "signature-input" in request.headers:
        head = await signed_head(request)
        head.check(await request.body())
        return head.caller
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise SignInNeeded("a call for machines came without token and without signature")
    return await _partner(request, token.strip())


def token_router() -> APIRouter:
    """Where partners get their tokens."""
    router = APIRouter()

    @router.post(
        "/oauth/token",
        responses=documented(403, 413, 503)
        | {
            400: {"description": "unsupported_grant_type"},
            401: {"description": "invalid_client"},
            429: {"description": "slow_down, or more requests than the limit"},
        },
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {
                    "application/x-www-form-urlencoded": {
                        "schema": {
                            "type": "object",
                            "properties": {"grant_type": {"const": "client_credentials"}},
                            "required": ["grant_type"],
                        }
                    }
                },
            }
        },
    )
    async def token(request: Request) -> Response:
        """A bearer token for ten minutes, for a partner's client id and secret by HTTP Basic authentication."""
        at = doors(request)
        client, secret = _basic(request.headers.get("authorization", ""))
        keys = (f"client {client}", f"address {request.client.host if request.client else ''}")
        if at.tries.too_many(at.access.rules().limits.sign_ins, *keys):
            return JSONResponse({"error": "slow_down"}, 429, {"Retry-After": "900"})
        entry = at.access.rules().member(CallerKind.PARTNER, client)
        # Also where there is no such client, so that both take the same time and get the same answer.
        if not await at.matches(secret, getattr(entry, "secret", None)):
            at.tries.failed(*keys)
            _LOG.warning("a partner with a wrong id or secret got no token")
            return JSONResponse({"error": "invalid_client"}, 401, {"WWW-Authenticate": 'Basic realm="hub"'})
        if (await _form(request)).get("grant_type") != "client_credentials":
            return JSONResponse({"error": "unsupported_grant_type"}, 400)
        made = await at.ask(lambda hub: tokens.give(hub, client))
        return JSONResponse(
            {"access_token": made, "token_type": "Bearer", "expires_in": int(tokens.LIFE.total_seconds())},
            headers={"Pragma": "no-cache"},
        )

    @router.post("/api/terminal/ticket", responses=documented(401, 403, 413, 429, 503))
    async def ticket(caller: Annotated[Caller, Depends(machine)], request: Request) -> dict[str, str]:
        """Where a terminal's browser begins its session; the address works once, within a minute."""
        if caller.kind is not CallerKind.TERMINAL:
            raise SignInNeeded("a ticket is for a terminal, and something else asked for one")
        word = await doors(request).ask(lambda hub: sessions.ticket(hub, caller.id))
        return {"address": f"/sign-in/terminal?ticket={word}"}

    return router


async def _partner(request: Request, token: str) -> Caller:
    at = doors(request)
    known = await _client(at, token) if 0 < len(token) <= _LARGEST_TOKEN else None
    caller = at.access.caller(CallerKind.PARTNER, known) if known else None
    if caller is None:
        raise TokenRefused("a partner's token is unknown or has ended; nothing was done. Get a new one.")
    return caller


async def _client(at: Doors, token: str) -> str | None:
    hashed = digest(token)
    known = at.tokens.get(hashed, at.clock.now())
    if known is not None:
        return known
    found = await at.ask(lambda hub: tokens.find(hub, hashed))
    if found is None:
        return None
    at.tokens.put(hashed, *found)
    return found[0]


@dataclass(frozen=True, slots=True)
class SignedHead:
    """Whoever signed a request, known before its body is read."""

    caller: Caller
    _prove: Callable[[bytes], object]

    def check(self, body: bytes) -> None:
        """Return when the body is the signed one. Raises SignatureRefused."""
        try:
            self._prove(body)
        except HTTPMessageSignaturesException:
            raise SignatureRefused(
                f"a request signed as {self.caller.id} was refused: its body is not the signed one"
            ) from None


async def signed_head(request: Request, *also: str) -> SignedHead:
    """The terminal or partner that signed the request; its body is neither read nor proved yet.

    Args:
        also: header fields the signature has to cover beside the usual.

    Raises:
        SignatureRefused: see there.
    """
    at = doors(request)
    for name, algorithm in _ALGORITHMS.items():
        keys = _Keys(at, name)
        verifier = HTTPMessageVerifier(signature_algorithm=algorithm, key_resolver=keys)
        try:
            results = verifier.verify(
                _Message(request), max_age=tokens.SIGNED_FOR, require_components=(*_COVERED, *also)
            )
        except HTTPMessageSignaturesException as error:
            if keys.used is None:
                continue  # the caller signs by the other algorithm, or is none
            raise SignatureRefused(f"a request signed as {keys.used.id} was refused: {type(error).__name__}") from None
        except ValueError:
            break
        caller = await _signed(request, at, results, keys.used)
        return SignedHead(caller, partial(verifier.verify_body, _Message(request), results))
    raise SignatureRefused("a signed request names nobody of the access file who signs, or its signature is unreadable")


async def _signed(request: Request, at: Doors, results: list[Any], entry: Terminal | Partner | None) -> Caller:
    (result, *others) = results
    kind = CallerKind.TERMINAL if isinstance(entry, Terminal) else CallerKind.PARTNER
    caller = at.access.caller(kind, entry.id) if entry is not None else None
    if others or caller is None:
        raise SignatureRefused("a request with several signatures was refused")
    number, nonce = caller.id, result.nonce
    if nonce is None or len(nonce) not in _NONCE:
        raise SignatureRefused(f"a request signed as {number} has no nonce of 16 to 128 characters; it was refused")
    if not await at.ask(lambda hub: tokens.first_use(hub, number, nonce)):
        raise SignatureRefused(f"a request signed as {number} came a second time; it was refused")
    if kind is not CallerKind.TERMINAL or request.headers.get(_PRESENT) != "true":
        return caller
    if f'"{_PRESENT}"' not in result.covered_components:
        raise SignatureRefused(f"a request signed as {number} says the holder is present, and does not sign that")
    return with_holder(caller)


class _Keys(HTTPSignatureKeyResolver):
    """Keys of those who sign by one algorithm; `used` is whose key was asked for."""

    def __init__(self, at: Doors, algorithm: str) -> None:
        self._at = at
        self._algorithm = algorithm
        self.used: Terminal | Partner | None = None

    def resolve_public_key(self, key_id: str) -> bytes | Ed25519PublicKey | None:
        rules = self._at.access.rules()
        entry = rules.member(CallerKind.TERMINAL, key_id) or rules.member(CallerKind.PARTNER, key_id)
        if not isinstance(entry, Terminal | Partner) or entry.key_file is None:
            return None
        if self._algorithm != (entry.algorithm if isinstance(entry, Terminal) else _ED25519):
            return None
        self.used = entry
        path = self._at.settings.access_file.parent / entry.key_file
        try:
            data = path.read_bytes()
            if self._algorithm != _ED25519:
                secret = bytes.fromhex(data.decode("ascii").strip())
                return secret if len(secret) >= 32 else None
            key = load_pem_public_key(data)
        except (OSError, ValueError) as error:
            _LOG.error("the key of %s cannot be read (%s)", entry.id, type(error).__name__)
            return None
        return key if isinstance(key, Ed25519PublicKey) else None

    def resolve_private_key(self, key_id: str) -> bytes:
        raise KeyError(key_id)


class _Message:
    """The request as the library wants it."""

    def __init__(self, request: Request) -> None:
        self.method = request.method
        self.url = str(request.url)
        self.headers = _Headers(request)


class _Headers(dict[str, str]):
    """Every field line in its order, also where a name comes twice."""

    def __init__(self, request: Request) -> None:
        super().__init__(request.headers)
        self._lines = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw]

    def items(self) -> Any:
        return self._lines


async def _form(request: Request) -> Mapping[str, Any]:
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return {}
    length = request.headers.get("content-length", "")
    return await request.form() if length.isdecimal() and int(length) < 10_000 else {}


def _basic(header: str) -> tuple[str, str]:
    """Client id and secret, percent-decoded as RFC 6749, 2.3.1 has it; empty where there are none."""
    scheme, _, coded = header.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        client, _, secret = b64decode(coded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return unquote_plus(client)[:100], unquote_plus(secret)[:200]
