"""Carries files to another hub's inbox over HTTPS, by the core of tus 1.0 (resumable uploads), each request signed.

`HEAD` tells how much is there, `PATCH` adds a piece behind it. The address of an upload needs no making: the other hub
takes what was announced to it, under the name it was announced by. Beyond tus, and unknown to no tus server: with
`Want-Repr-Digest: sha-256=1` (RFC 9530) `HEAD` also tells the digest of what is there, every piece has its
`Content-Digest`, every request a signature (RFC 9421), and `DELETE` throws an unfinished upload away.
"""

from __future__ import annotations

import os
import secrets
from base64 import b64decode
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from http_message_signatures import HTTPMessageSigner, HTTPSignatureKeyResolver, algorithms

from connectors.courier import (
    Carried,
    CourierDiffers,
    CourierInterrupted,
    CourierNoRoom,
    CourierNotConfigured,
    CourierRefused,
    Have,
    Progress,
    check_name,
    tell,
)
from connectors.courier_trying import Tally, persistently
from connectors.endpoints import HubEndpoint
from connectors.http_bytes import private_session
from connectors.retrying import Patience
from core.digest import sha256_of_start

#: Below the other hub's address.
INBOX: Final = "/api/transfers/in/"
#: What a request adds; a piece that breaks is sent again whole.
PIECE: Final = 4 << 20
#: What the other hub calls a file that is there whole.
_FINISHED: Final = "HUB-818"
_COVERED: Final[tuple[str, ...]] = ("@method", "@authority", "@path", "@query")
#: How fast the other hub reads its own disk at least; bytes per second.
_SLOW_DISK: Final = 50e6


class HttpsCourier:
    """To one other hub."""

    def __init__(self, endpoint: HubEndpoint, *, patience: Patience | None = None, piece: int = PIECE) -> None:
        """Raises CourierNotConfigured when our private key cannot be read."""
        self._endpoint = endpoint
        self._whom = endpoint.url.partition("://")[2]
        self._signer = HTTPMessageSigner(signature_algorithm=algorithms.ED25519, key_resolver=_OwnKey(endpoint))
        self._patience = patience or Patience()
        self._piece = piece

    def have(self, name: str) -> Have:
        """See `Courier.have`."""
        with private_session(self._endpoint.ca_file) as session:
            there, length, _ = self._head(session, check_name(name))
            return Have(there, there == length)

    def send(self, path: Path, name: str, on_progress: Progress | None = None) -> Carried:
        """See `Courier.send`. The other hub must know name and size from the announcement."""
        check_name(name)
        return persistently(lambda tally: self._send(path, name, tally, on_progress), name, self._patience)

    def _send(self, path: Path, name: str, tally: Tally, on_progress: Progress | None) -> Carried:
        with path.open("rb") as file, private_session(self._endpoint.ca_file) as session:
            size = os.fstat(file.fileno()).st_size
            at, length, digest = self._head(session, name, digest_of=size)
            if length != size:
                raise CourierRefused(
                    f"{name} has {size} bytes, and {self._whom} expects {length}; nothing was sent. Announce it anew."
                )
            if digest != sha256_of_start(file, at):
                # Refused where it is finished: then it is another file.
                self._call(session, "DELETE", name)
                at = 0
            elif at == size:
                # Whole; or its last piece arrived and the other hub was killed before it put the file in its place.
                self._call(session, "PATCH", name, b"", at)
            begun = at
            tally.there = max(tally.there, begun)
            tell(on_progress, at, size)
            file.seek(at)
            while at < size:
                piece = file.read(self._piece)
                if not piece:
                    raise CourierRefused(f"{name} became shorter while it was sent. Seal it anew and announce it anew.")
                tally.sent += len(piece)
                answer = self._call(session, "PATCH", name, piece, at)
                if _number(answer, "Upload-Offset") != at + len(piece):
                    raise CourierInterrupted(f"{self._whom} says another offset than the one behind what was sent")
                at += len(piece)
                tally.there = at
                tell(on_progress, at, size)
            return Carried(name, size, begun, tally.sent)

    def _head(self, session: requests.Session, name: str, digest_of: int | None = None) -> tuple[int, int, bytes]:
        """Bytes there, bytes of the whole, and SHA-256 of what is there where it was asked for."""
        answer = self._call(session, "HEAD", name, digest_of=digest_of)
        there, length = _number(answer, "Upload-Offset"), _number(answer, "Upload-Length")
        if there is None or length is None or there > length:
            raise CourierRefused(f"{self._whom} answers, and not as a hub that takes archives. Check the url.")
        return there, length, _told_digest(answer)

    def _call(
        self,
        session: requests.Session,
        method: str,
        name: str,
        piece: bytes | None = None,
        at: int | None = None,
        digest_of: int | None = None,
    ) -> requests.Response:
        headers = {"Tus-Resumable": "1.0.0", "Accept-Encoding": "identity"}
        covered = _COVERED
        if piece is not None:
            headers |= {"Content-Type": "application/offset+octet-stream", "Upload-Offset": str(at)}
            covered = (*covered, "upload-offset")
        waits = self._endpoint.timeout_s
        if digest_of is not None:
            headers["Want-Repr-Digest"] = "sha-256=1"
            waits += digest_of / _SLOW_DISK
        asked = session.prepare_request(
            requests.Request(method, f"{self._endpoint.url}{INBOX}{name}", headers=headers, data=piece)
        )
        self._signer.sign(
            asked,
            key_id=self._endpoint.key_id,
            created=datetime.now(UTC),
            nonce=secrets.token_urlsafe(24),
            covered_component_ids=covered,
            body=piece,
        )
        connecting = min(10.0, self._endpoint.timeout_s)
        try:
            answer = session.send(
                asked, timeout=(connecting, waits), allow_redirects=False, verify=session.verify, proxies={}
            )
        except requests.exceptions.SSLError:
            raise CourierRefused(
                f"the certificate of {self._whom} is not one we trust. Nothing was sent; check ca_file and the address "
                "with the peer before anything else."
            ) from None
        except requests.exceptions.Timeout:
            raise CourierInterrupted(f"no answer from {self._whom} in {waits:g} s") from None
        except (requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError):
            raise CourierInterrupted(f"no connection to {self._whom}, or it was dropped") from None
        except OSError as error:  # what else requests raises, and a ca_file that is not there
            raise CourierNotConfigured(
                f"{self._whom} cannot be called ({type(error).__name__}). Check url and ca_file."
            ) from None
        _judge(answer, self._whom, method, name)
        return answer


class _OwnKey(HTTPSignatureKeyResolver):
    def __init__(self, endpoint: HubEndpoint) -> None:
        try:
            key = load_pem_private_key(endpoint.key_file.read_bytes(), None)
        except (OSError, ValueError, TypeError) as error:
            raise CourierNotConfigured(
                f"our key for {endpoint.url} cannot be read ({type(error).__name__}). Put an Ed25519 private key (PEM) "
                "where `key_file` says, and its public half into the peer's access file."
            ) from None
        if not isinstance(key, Ed25519PrivateKey):
            raise CourierNotConfigured(
                f"our key for {endpoint.url} is no Ed25519 key. Make one with `openssl genpkey`."
            )
        self._key = key

    def resolve_private_key(self, key_id: str) -> Ed25519PrivateKey:
        return self._key

    def resolve_public_key(self, key_id: str) -> bytes:
        raise KeyError(key_id)


def _judge(answer: requests.Response, whom: str, method: str, name: str) -> None:
    status = answer.status_code
    if status in (200, 204):
        return
    if status == 507:
        raise CourierNoRoom(
            f"{whom} has no room for {name}. What arrived is kept; have room made, the next try goes on."
        )
    if status == 409 and method == "DELETE" and _code(answer) == _FINISHED:
        raise CourierDiffers(
            f"{name} is at {whom} already and is another file; nothing was written over it. Find out which of the two "
            "is right."
        )
    if status in (409, 423):
        raise CourierInterrupted(f"{name} is being written at {whom} by somebody else, or was")
    if status in (408, 429) or status >= 500:
        raise CourierInterrupted(f"{whom} answers HTTP {status}")
    why = {
        401: "it does not know our signature: compare key_id and key, and the clocks of both machines",
        403: "it knows us and has not granted us `transfer`",
        404: "it expects no such file from us: has it taken the announcement?",
        413: "the file is larger than it takes",
    }.get(status, "is it a hub that takes archives, of this version?")
    raise CourierRefused(f"{whom} refuses {name} (HTTP {status}): {why}. Nothing more was sent.")


def _code(answer: requests.Response) -> str:
    try:
        return str(answer.json()["code"])
    except (ValueError, KeyError, TypeError):
        return ""


def _number(answer: requests.Response, name: str) -> int | None:
    text = answer.headers.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else None


def _told_digest(answer: requests.Response) -> bytes:
    """The SHA-256 of `Repr-Digest`; empty where none is told, which equals no digest."""
    for one in answer.headers.get("Repr-Digest", "").split(","):
        algorithm, _, value = one.strip().partition("=")
        if algorithm == "sha-256":
            try:
                return b64decode(value.strip(":"), validate=True)
            except ValueError:
                return b""
    return b""
