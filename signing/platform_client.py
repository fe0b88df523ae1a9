"""The HTTPS side of a unified seal platform 统一印章平台: calls that are signed, repeatable and bounded.

No public standard names the interface of such a platform, and vendors differ. The small one spoken here is ours;
another vendor's is another file like this one. All of it is JSON over HTTPS, bytes in Base64:

    GET  /seals/{id}             -> {"seal": SESeal DER, "certificate": the signer's, DER}
    POST /seals/{id}/signatures  {"dataHash", "propertyInfo", "time"}  -> {"signature": SES_Signature DER}
    POST /keys/{id}/signatures   {"digest"}                            -> {"signature": DER of r and s}

A POST bears an `Idempotency-Key` made from what is signed, so that a call repeated after a lost answer gets the same
signature. Every call is signed: `X-Hub-Key` (whose secret), `X-Hub-Time` (milliseconds), `X-Hub-Nonce`, and
`X-Hub-Signature` = Base64(HMAC-SHA256(secret, method LF path LF time LF nonce LF hex(SHA-256(body)))).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from signing.answer_body import AnswerTooMuch, read_body
from signing.errors import KeyRefused, PlatformAnsweredWrong, SignerUnavailable

#: An SES_Signature with a picture has some 10 KB, a tax bureau's seal with an OFD in it some 100.
_LARGEST_ANSWER = 4 << 20
_SHORTEST_SECRET = 16
_REFUSALS = frozenset((401, 403, 404))


class PlatformClient:
    """Speaks with one platform: signs what is asked, bounds what is answered. Safe from any thread."""

    def __init__(
        self,
        url: str,
        *,
        key_id: str,
        secret_file: Path,
        ca_file: Path,
        connect_seconds: float = 2.0,
        read_seconds: float = 10.0,
    ) -> None:
        """Nothing is asked yet.

        Args:
            secret_file: holds the shared secret, its content without line ends at its end.
            ca_file: PEM of the only authorities that may vouch for the platform.

        Raises:
            KeyRefused: the secret or the authorities' file cannot be read, or the secret is shorter than 16 bytes.
            ValueError: the address is not https, or holds a user name or password.
        """
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname or parts.username or parts.password or parts.query:
            raise ValueError("a seal platform has an https address without a user name or a query in it")
        for path in (secret_file, ca_file):
            if not path.is_file():
                raise KeyRefused(
                    f"{path} is not there; nothing was signed. Put back what the platform's operator gave."
                )
        self._url, self._path, self.host = url.rstrip("/"), parts.path.rstrip("/"), parts.netloc
        self._key_id = key_id
        self._secret = secret_file.read_bytes().rstrip(b"\r\n")
        if len(self._secret) < _SHORTEST_SECRET:
            raise KeyRefused(f"{secret_file} holds fewer than {_SHORTEST_SECRET} bytes; it is not used as a secret.")
        self._timeout = (connect_seconds, read_seconds)
        self._session = requests.Session()
        # neither a proxy, nor a password, nor other authorities from the environment
        self._session.trust_env = False
        self._session.verify = str(ca_file)

    def get(self, path: str, *names: str) -> list[bytes]:
        """The named fields of an answer. Raises as `post` does."""
        return _fields(self._call("GET", path, b"", {}), names)

    def post(self, path: str, content: Mapping[str, str], *names: str) -> list[bytes]:
        """The named fields of the answer to `content`; the same content gets the same answer.

        Raises:
            SignerUnavailable: no answer, too late, or the platform's own failure; the call may have been carried out.
            KeyRefused: the platform does not know or does not allow it.
            PlatformAnsweredWrong: the answer is not of the agreed form.
        """
        body = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
        key = hashlib.sha256(path.encode() + b"\n" + body).hexdigest()
        return _fields(
            self._call("POST", path, body, {"Idempotency-Key": key, "Content-Type": "application/json"}), names
        )

    def _call(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
        until = time.monotonic() + sum(self._timeout)
        try:
            with self._session.request(
                method,
                self._url + path,
                data=body or None,
                headers={**headers, "Accept-Encoding": "identity", **self._signed(method, self._path + path, body)},
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            ) as answer:
                self._check_status(answer.status_code)
                return read_body(answer, _LARGEST_ANSWER, until)
        except AnswerTooMuch as error:
            raise self._unavailable(f"gave no usable answer: {error}") from None
        except requests.exceptions.SSLError:
            raise KeyRefused(
                f"the seal platform {self.host} shows a certificate that the configured authorities do not vouch for; "
                "nothing was handed over. Ask its operator for the authority's certificate, or find out who answers."
            ) from None
        except requests.RequestException as error:
            raise self._unavailable(f"does not answer ({type(error).__name__})") from None

    def _signed(self, method: str, path: str, body: bytes) -> dict[str, str]:
        now, nonce = str(int(time.time() * 1000)), secrets.token_hex(16)
        text = "\n".join((method, path, now, nonce, hashlib.sha256(body).hexdigest()))
        mark = hmac.new(self._secret, text.encode(), hashlib.sha256).digest()
        return {
            "X-Hub-Key": self._key_id,
            "X-Hub-Time": now,
            "X-Hub-Nonce": nonce,
            "X-Hub-Signature": base64.b64encode(mark).decode(),
        }

    def _check_status(self, status: int) -> None:
        if status == requests.codes.ok:
            return
        if status in _REFUSALS:
            raise KeyRefused(
                f"the seal platform {self.host} refuses (HTTP {status}); nothing was signed. Check seal ID, key ID, "
                "secret and this machine's clock, and ask its operator whether the seal may be used."
            )
        if status >= requests.codes.internal_server_error or status == requests.codes.too_many_requests:
            raise self._unavailable(f"fails (HTTP {status})")
        raise PlatformAnsweredWrong(f"the seal platform {self.host} answers HTTP {status}, which is not agreed on.")

    def _unavailable(self, what: str) -> SignerUnavailable:
        return SignerUnavailable(
            f"the seal platform {self.host} {what}. Nothing is kept here; the same call may be repeated and gets the "
            "signature that was perhaps made."
        )


def _fields(body: bytes, names: tuple[str, ...]) -> list[bytes]:
    try:
        answer: Any = json.loads(body)
        return [base64.b64decode(answer[name], validate=True) for name in names]
    except (ValueError, TypeError, KeyError, RecursionError, binascii.Error):
        raise PlatformAnsweredWrong(
            f"the seal platform's answer does not hold {', '.join(names)} as agreed; it was not used."
        ) from None
