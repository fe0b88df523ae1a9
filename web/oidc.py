"""Signing staff in by their organisation's identity provider: OpenID Connect, authorization code with PKCE.

State, nonce and code verifier follow from one secret in a cookie of the browser that began: whatever comes back to
another browser, or a second time, fits nothing.
"""

from __future__ import annotations

import hmac
import json
import logging
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from hub.access_file import Provider
from web.refused import ProviderRefused, ProviderUnavailable

_LOG = logging.getLogger(__name__)

#: Of the algorithms a provider may sign by, those that prove something to us; `none` and shared secrets do not.
_ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA")
_SECONDS: Final = 5
_KNOWN_FOR: Final = 600.0
_LEEWAY_SECONDS: Final = 30
_LARGEST: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class _Known:
    """The provider's own description and keys, as read at a time."""

    metadata: Mapping[str, Any]
    keys: KeySet
    at: float


class Oidc:
    """One provider. May be shared between threads."""

    def __init__(self, provider: Provider, folder: Path) -> None:
        self.provider = provider
        self._folder = folder
        self._known: _Known | None = None

    def begin(self, secret: str, redirect_uri: str) -> str:
        """The address of the provider to which the browser is sent.

        Raises:
            ProviderUnavailable: it does not tell where that is.
        """
        known = self._read()
        with self._session(redirect_uri) as session:
            address, _ = session.create_authorization_url(
                known.metadata["authorization_endpoint"],
                state=_derived(secret, "state"),
                code_verifier=_derived(secret, "verifier"),
                nonce=_derived(secret, "nonce"),
            )
        return str(address)

    def finish(self, secret: str, redirect_uri: str, answer: Mapping[str, str]) -> str:
        """Whom the provider's answer proves: the value of the configured claim.

        Args:
            answer: the query with which the browser came back.

        Raises:
            ProviderRefused: it proves nobody.
            ProviderUnavailable: the provider does not exchange the code.
        """
        state = _derived(secret, "state")
        if not hmac.compare_digest(answer.get("state", "").encode(), state.encode()):
            raise ProviderRefused("a browser came back from the identity provider with a state that is not its own")
        if answer.get("iss", self.provider.issuer) != self.provider.issuer:
            raise ProviderRefused("an answer came from another issuer than the configured one")
        if "code" not in answer:
            raise ProviderRefused("the identity provider gave no code; perhaps the person stopped there")
        token = self._exchange(answer["code"], secret, redirect_uri)
        claims = self._claims(str(token.get("id_token", "")), _derived(secret, "nonce"), token)
        who = claims.get(self.provider.claim)
        if not isinstance(who, str) or not who:
            raise ProviderRefused(f"the ID token has no claim {self.provider.claim}")
        return who

    def _exchange(self, code: str, secret: str, redirect_uri: str) -> Mapping[str, Any]:
        with self._session(redirect_uri) as session:
            try:
                token: Mapping[str, Any] = session.fetch_token(
                    self._read().metadata["token_endpoint"], grant_type="authorization_code", code=code,
                    code_verifier=_derived(secret, "verifier"), timeout=_SECONDS, allow_redirects=False,
                )  # fmt: skip
            except requests.RequestException as error:
                raise ProviderUnavailable(
                    f"the identity provider did not exchange a code ({type(error).__name__})"
                ) from None
            except (AuthlibBaseError, ValueError) as error:
                raise ProviderRefused(
                    f"the identity provider refused a code ({getattr(error, 'error', type(error).__name__)})"
                ) from None
        return token

    def _claims(self, id_token: str, nonce: str, token: Mapping[str, Any]) -> Mapping[str, Any]:
        """The claims of an ID token, every one of them checked (OpenID Connect Core 1.0, 3.1.3.7)."""
        try:
            try:
                read = jwt.decode(id_token, self._read().keys, algorithms=list(_ALGORITHMS))
            except (JoseError, ValueError):
                # Perhaps the provider changed its keys since they were read; once more with those of now.
                read = jwt.decode(id_token, self._read(anew=True).keys, algorithms=list(_ALGORITHMS))
            claims = CodeIDToken(
                read.claims,
                read.header,
                {
                    "iss": {"essential": True, "value": self.provider.issuer},
                    "aud": {"essential": True, "value": self.provider.client_id},
                    "exp": {"essential": True},
                    "nonce": {"essential": True, "value": nonce},
                },
                {"nonce": nonce, "client_id": self.provider.client_id, "access_token": token.get("access_token")},
            )
            claims.validate(leeway=_LEEWAY_SECONDS)
        except (JoseError, AuthlibBaseError, ValueError, TypeError) as error:
            raise ProviderRefused(f"an ID token was refused ({type(error).__name__}: {_told(error)})") from None
        found: Mapping[str, Any] = read.claims
        return found

    def _session(self, redirect_uri: str) -> OAuth2Session:
        secret = self._secret()
        return OAuth2Session(
            self.provider.client_id,
            secret,
            token_endpoint_auth_method="client_secret_basic" if secret else "none",
            scope=self.provider.scope,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
        )

    def _secret(self) -> str | None:
        if self.provider.secret_file is None:
            return None
        try:
            return (self._folder / self.provider.secret_file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ProviderUnavailable(
                f"the client secret for the identity provider cannot be read ({error.strerror})"
            ) from None

    def _read(self, *, anew: bool = False) -> _Known:
        known = self._known
        if known is not None and not anew and time.monotonic() - known.at < _KNOWN_FOR:
            return known
        issuer = self.provider.issuer
        metadata = self._get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if metadata.get("issuer") != issuer:
            raise ProviderUnavailable("the identity provider calls itself otherwise than the configured issuer")
        addresses = [metadata.get(f"{name}_endpoint") for name in ("authorization", "token")]
        if not all(isinstance(one, str) for one in [*addresses, metadata.get("jwks_uri")]):
            raise ProviderUnavailable("the identity provider's description lacks an address")
        try:
            keys = KeySet.import_key_set(self._get(metadata["jwks_uri"]))  # type: ignore[arg-type]
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise ProviderUnavailable(f"the identity provider's keys cannot be read ({type(error).__name__})") from None
        self._known = _Known(metadata, keys, time.monotonic())
        return self._known

    def _get(self, address: str) -> dict[str, Any]:
        try:
            answer = requests.get(address, timeout=_SECONDS, allow_redirects=False)
            answer.raise_for_status()
            value = json.loads(answer.content[:_LARGEST])
        except (requests.RequestException, ValueError) as error:
            raise ProviderUnavailable(f"the identity provider does not answer ({type(error).__name__})") from None
        if not isinstance(value, dict):
            raise ProviderUnavailable("the identity provider's answer cannot be read")
        return value


def new_secret() -> str:
    """What state, nonce and verifier of one sign-in follow from."""
    return secrets.token_urlsafe(32)


def _derived(secret: str, what: str) -> str:
    made = hmac.digest(secret.encode(), f"hub oidc {what}".encode(), "sha256")
    return urlsafe_b64encode(made).decode().rstrip("=")


def _told(error: Exception) -> str:
    """Which claim; never its value."""
    return str(getattr(error, "claim", "") or getattr(error, "error", ""))
