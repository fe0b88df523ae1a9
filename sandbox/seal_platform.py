"""A unified seal platform 统一印章平台: keeps the seal and its key, takes digests, gives SES_Signatures; over HTTPS.

No public standard names such an interface and vendors differ, so this one is made up; it is described in the README.
Answers are remembered by `Idempotency-Key` while the server runs: a call repeated after a lost answer gets the same.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import ssl
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from sandbox.gm import certificates, p256, seals
from sandbox.listening import Faults, Handler, Listener

FAULTS = (
    "down", "500", "slow", "garbage", "lost_answer", "forbidden", "wrong_digest", "wrong_path", "wrong_time",
    "wrong_seal", "wrong_signer", "wrong_signature",
)  # fmt: skip
SEAL_ID = "42011200009999"
KEY_ID = "hub"
WINDOW_MS = 5 * 60 * 1000
_ORGANISATION = "模拟印章平台（测试）"
_UNIT = "11420112MB9999999K模拟区行政审批局（测试）"
_SEAL_NAME = "模拟区行政审批局电子证照专用章（测试）"
_MM = 42
_REMEMBERED = 10_000
_PICTURE = Path(__file__).with_name("test_seal.png")


class Refused(Exception):
    """A request that is not answered; `status` is HTTP's."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status


@dataclass(frozen=True, slots=True)
class Keys:
    """What the platform keeps in its folder, and where a client finds what it needs."""

    signer: certificates.Holder
    stranger: certificates.Holder
    seal: bytes
    other_seal: bytes
    secret: str
    folder: Path

    def described(self) -> dict[str, str]:
        """For the ready file."""
        return {
            "ca_file": str(self.folder / "tls-ca.pem"),
            "seal_id": SEAL_ID,
            "key_id": KEY_ID,
            "secret_file": str(self.folder / "secret"),
            "trust_file": str(self.folder / "sm2-root.pem"),
        }

    def tls(self) -> ssl.SSLContext:
        """What the server shows its clients."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self.folder / "tls.pem", self.folder / "tls.key")
        return context


def keys(folder: Path) -> Keys:
    """The keys and the seal kept in `folder`, made at the first call."""
    if not (folder / "secret").exists():
        _make(folder)
    return Keys(
        signer=certificates.load(folder, "sm2-signer"),
        stranger=certificates.load(folder, "sm2-stranger"),
        seal=(folder / "seal.esl").read_bytes(),
        other_seal=(folder / "other-seal.esl").read_bytes(),
        secret=(folder / "secret").read_text().strip(),
        folder=folder,
    )


def _make(folder: Path) -> None:
    root = certificates.issue("测试印章根证书", None, {"key_cert_sign", "crl_sign"}, unit=_ORGANISATION)
    maker = certificates.issue("测试制章者", root, {"digital_signature"}, unit=_ORGANISATION)
    uses = {"digital_signature", "non_repudiation"}
    signer = certificates.issue(SEAL_ID, root, uses, unit=_UNIT)
    for name, holder in (
        ("sm2-signer", signer), ("sm2-stranger", certificates.issue("测试外人", root, uses, unit=_UNIT))
    ):  # fmt: skip
        certificates.store(folder, name, holder)
    certificates.write(folder / "sm2-root.pem", certificates.as_pem(root.der))
    for file, es_id in (("seal.esl", SEAL_ID), ("other-seal.esl", "42011200008888")):
        draft = seals.Draft(es_id, _SEAL_NAME, _PICTURE.read_bytes(), _MM, _MM)
        certificates.write(folder / file, seals.make(draft, maker, signer))
    authority = p256.root("测试印章平台TLS根证书", _ORGANISATION)
    server = p256.tls_server(authority)
    certificates.write(folder / "tls-ca.pem", authority.as_pem)
    certificates.write(folder / "tls.pem", server.as_pem)
    certificates.write(folder / "tls.key", server.key_pem, 0o600)
    # last, so that a folder with this file is whole
    certificates.write(folder / "secret", f"{secrets.token_urlsafe(32)}\n".encode(), 0o600)


class Platform:
    """Who may ask, what is signed, and what was signed before."""

    def __init__(self, kept: Keys) -> None:
        self.kept = kept
        self._lock = threading.Lock()
        self._nonces: OrderedDict[str, int] = OrderedDict()
        self._answers: OrderedDict[str, tuple[bytes, dict[str, Any]]] = OrderedDict()

    def admit(self, method: str, path: str, headers: Mapping[str, str], body: bytes, *, allowed: bool) -> None:
        """Raise Refused unless the request is signed with the secret, fresh, not seen before, and allowed."""
        told = {name: headers.get(f"x-hub-{name}", "") for name in ("key", "time", "nonce", "signature")}
        if told["key"] != KEY_ID:
            raise Refused(401, "unknown key")
        now = int(time.time() * 1000)
        if not told["time"].isdecimal() or abs(now - int(told["time"])) > WINDOW_MS:
            raise Refused(401, "time outside five minutes")
        text = "\n".join((method, path, told["time"], told["nonce"], hashlib.sha256(body).hexdigest()))
        due = hmac.new(self.kept.secret.encode(), text.encode(), hashlib.sha256).digest()
        if not hmac.compare_digest(base64.b64encode(due).decode(), told["signature"]):
            raise Refused(401, "wrong signature")
        with self._lock:
            while self._nonces and next(iter(self._nonces.values())) < now - 2 * WINDOW_MS:
                self._nonces.popitem(last=False)
            if len(told["nonce"]) < 16 or told["nonce"] in self._nonces:
                raise Refused(401, "nonce seen before")
            self._nonces[told["nonce"]] = now
        if not allowed:
            raise Refused(403, "not allowed to use this seal")

    def seal(self, seal_id: str) -> dict[str, str]:
        """The seal and its signer's certificate."""
        self._check_known(seal_id)
        return {"seal": _text(self.kept.seal), "certificate": _text(self.kept.signer.der)}

    def once(self, key: str, body: bytes, fault: str | None, sign: str) -> dict[str, str]:
        """The answer to this body: made now, or the one it got before under this key."""
        if not 16 <= len(key) <= 128:
            raise Refused(400, "Idempotency-Key of 16 to 128 characters is missing")
        with self._lock:
            before = self._answers.get(key)
        if before is None:
            work = self._signature if sign == "seal" else self._raw
            before = body, work(_object(body), fault)
            with self._lock:
                before = self._answers.setdefault(key, before)
                if len(self._answers) > _REMEMBERED:
                    self._answers.popitem(last=False)
        if before[0] != body:
            raise Refused(409, "Idempotency-Key was used for another request")
        return before[1]

    def known(self, seal_id: str) -> None:
        """Raise Refused for a seal that is not kept here."""
        self._check_known(seal_id)

    def _check_known(self, seal_id: str) -> None:
        if seal_id != SEAL_ID:
            raise Refused(404, "no such seal")

    def _signature(self, asked: dict[str, Any], fault: str | None) -> dict[str, str]:
        data_hash, path = _digest(asked, "dataHash"), asked.get("propertyInfo")
        if not isinstance(path, str) or not path.startswith("/") or not path.isascii():
            raise Refused(422, "propertyInfo must be an absolute path")
        at = datetime.now(UTC)
        made = seals.use(
            self.kept.other_seal if fault == "wrong_seal" else self.kept.seal,
            self.kept.stranger if fault == "wrong_signer" else self.kept.signer,
            bytes(32) if fault == "wrong_digest" else data_hash,
            "/Doc_0/Signs/Sign_9/Signature.xml" if fault == "wrong_path" else path,
            at - timedelta(hours=8) if fault == "wrong_time" else at,
        )
        # the last byte is the end of s
        return {"signature": _text(made[:-1] + bytes([made[-1] ^ 1]) if fault == "wrong_signature" else made)}

    def _raw(self, asked: dict[str, Any], fault: str | None) -> dict[str, str]:
        digest = bytes(32) if fault == "wrong_digest" else _digest(asked, "digest")
        return {"signature": _text(self.kept.signer.key.sign_digest(digest))}


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        raise Refused(400, "not JSON") from None
    if not isinstance(found, dict):
        raise Refused(400, "not an object")
    return found


def _digest(asked: dict[str, Any], name: str) -> bytes:
    try:
        found = base64.b64decode(str(asked.get(name, "")), validate=True)
    except binascii.Error:
        found = b""
    if len(found) != 32:
        raise Refused(422, f"{name} must be 32 bytes in Base64")
    return found


class _Desk(Handler):
    platform: ClassVar[Platform]

    def do_GET(self) -> None:  # noqa: N802 -- the base class looks for this name
        if self.path == "/health":
            self.say(200, b"ok", "text/plain; charset=utf-8")
        else:
            self._answered(b"", None)

    def do_POST(self) -> None:  # noqa: N802 -- the base class looks for this name
        body, fault = self.body(), self.faults.take()
        if not self.spoilt(fault):
            self._answered(body, fault)

    def _answered(self, body: bytes, fault: str | None) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            self.platform.admit(self.command, self.path, headers, body, allowed=fault != "forbidden")
            found = self._found(headers, body, fault)
        except Refused as refusal:
            self.tell(refusal.status, {"error": str(refusal)})
            return
        if fault == "lost_answer":
            self.close_connection = True
        elif fault == "garbage":
            self.say(200, b"<html>ok</html>")
        else:
            self.tell(200, found)

    def _found(self, headers: Mapping[str, str], body: bytes, fault: str | None) -> dict[str, str]:
        key = headers.get("idempotency-key", "")
        match (self.command, *self.path.strip("/").split("/")):
            case ("GET", "seals", seal_id):
                return self.platform.seal(seal_id)
            case ("POST", "seals", seal_id, "signatures"):
                self.platform.known(seal_id)
                return self.platform.once(key, body, fault, "seal")
            case ("POST", "keys", seal_id, "signatures"):
                self.platform.known(seal_id)
                return self.platform.once(key, body, fault, "raw")
        raise Refused(404, "no such address")


class SealServer(Listener):
    """The platform's two ports; the front one speaks TLS."""

    def serve(self, kept: Keys) -> None:
        """Answer with these keys."""
        self.start(type("_Desk", (_Desk,), {"platform": Platform(kept)}), Faults(FAULTS), kept.tls())
