"""A timestamp authority 时间戳服务 (RFC 3161) over HTTP: SM3 imprints get SM2 tokens, SHA-256 ones P-256 tokens.

`POST /tsa` takes application/timestamp-query.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from asn1crypto import cms, core, tsp, x509

from sandbox.gm import certificates, p256
from sandbox.gm.certificates import SM2_WITH_SM3, SM3
from sandbox.gm.sm2 import sm3
from sandbox.listening import Faults, Handler, Listener

FAULTS = ("down", "500", "slow", "garbage", "refused", "wrong_nonce", "wrong_imprint", "wrong_signature", "late_clock")
_SHA256 = "2.16.840.1.101.3.4.2.1"
_POLICY = "1.2.3.4.1"
_ORGANISATION = "模拟时间戳机构（测试）"
_QUERY, _REPLY = "application/timestamp-query", "application/timestamp-reply"


class _Refusal(core.Sequence):  # type: ignore[misc]
    """A TimeStampResp without a token, which asn1crypto's own class does not allow."""

    _fields: ClassVar[list[Any]] = [("status", tsp.PKIStatusInfo)]


@dataclass(frozen=True, slots=True)
class Keys:
    """Both of the authority's keys, where the certificates a client needs lie, and a clock for the machine's."""

    sm2: certificates.Holder
    p256: p256.Holder
    folder: Path
    clock: Callable[[], datetime] | None = None

    def described(self) -> dict[str, str]:
        """The files for the ready file: roots to trust, and the authority's own certificates."""
        names = {
            "trust_file": "sm2-root.pem",
            "certificate_file": "sm2-tsa.pem",
            "trust_file_p256": "p256-root.pem",
            "certificate_file_p256": "p256-tsa.pem",
        }
        return {key: str(self.folder / name) for key, name in names.items()}


def keys(folder: Path, *, begins: datetime | None = None, days: int = 3650) -> Keys:
    """The keys kept in `folder`, made at the first call; the roots' keys are thrown away.

    Args:
        begins: when their certificates begin, now by default; `days`: how long the authority's own are valid.
    """
    kept = folder / "p256-tsa.key"
    if not kept.exists():
        issue = partial(certificates.issue, unit=_ORGANISATION, begins=begins)
        # two authorities are told apart by name, as in the world
        year = "" if begins is None else f"（{begins:%Y}）"
        root = issue(f"测试时间戳根证书{year}", None, {"key_cert_sign", "crl_sign"})
        own = issue("测试时间戳服务", root, {"digital_signature"}, "time_stamping", days=days)
        other_root = p256.root(f"测试时间戳根证书（P-256）{year}", _ORGANISATION, begins=begins)
        other = p256.timestamper("测试时间戳服务（P-256）", _ORGANISATION, other_root, begins=begins, days=days)
        certificates.store(folder, "sm2-tsa", own)
        for name, pem in (
            ("sm2-root", certificates.as_pem(root.der)), ("p256-root", other_root.as_pem), ("p256-tsa", other.as_pem)
        ):  # fmt: skip
            certificates.write(folder / f"{name}.pem", pem)
        # last, so that a folder with this file is whole
        certificates.write(kept, other.key_pem, 0o600)
    opened = p256.opened(kept.read_bytes(), (folder / "p256-tsa.pem").read_bytes())
    return Keys(certificates.load(folder, "sm2-tsa"), opened, folder)


def answer(kept: Keys, query: bytes, fault: str | None = None) -> bytes:
    """The TimeStampResp to a TimeStampReq, spoilt as the fault says."""
    try:
        request = tsp.TimeStampReq.load(query, strict=True)
        imprint = request["message_imprint"]
        dotted = imprint["hash_algorithm"]["algorithm"].dotted
        digest: bytes = imprint["hashed_message"].native
        nonce = request["nonce"].native
    except (ValueError, TypeError):
        return _refusal("bad_data_format")
    if dotted not in (SM3, _SHA256) or len(digest) != 32:
        return _refusal("bad_alg")
    if fault == "refused":
        return _refusal("system_failure")
    if fault == "wrong_nonce":
        nonce = secrets.randbits(63)
    at = (kept.clock() if kept.clock else datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)
    info = tsp.TSTInfo(
        {
            "version": 1,
            "policy": _POLICY,
            "message_imprint": {
                "hash_algorithm": {"algorithm": dotted},
                "hashed_message": bytes(32) if fault == "wrong_imprint" else digest,
            },
            "serial_number": secrets.randbits(127) | 1,
            # as a server whose clock says local time and calls it UTC
            "gen_time": at - timedelta(hours=8) if fault == "late_clock" else at,
            **({} if nonce is None else {"nonce": nonce}),
        }
    )
    token = _token(kept.sm2 if dotted == SM3 else kept.p256, info.dump(), spoil=fault == "wrong_signature")
    return bytes(tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": token}).dump())


def _token(holder: certificates.Holder | p256.Holder, info: bytes, *, spoil: bool) -> cms.ContentInfo:
    is_sm2 = isinstance(holder, certificates.Holder)
    certificate = x509.Certificate.load(holder.der)
    digest_algorithm = {"algorithm": SM3 if is_sm2 else "sha256"}

    def hashed(data: bytes) -> bytes:
        return sm3(data) if is_sm2 else hashlib.sha256(data).digest()

    # SHA-256 is the binding's default and is left out
    binding = {**({"hash_algorithm": digest_algorithm} if is_sm2 else {}), "cert_hash": hashed(holder.der)}
    attributes = cms.CMSAttributes(
        [
            cms.CMSAttribute({"type": "content_type", "values": ["tst_info"]}),
            cms.CMSAttribute({"type": "message_digest", "values": [hashed(info)]}),
            cms.CMSAttribute({"type": "signing_certificate_v2", "values": [{"certs": [binding]}]}),
        ]
    )
    name = {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
    signer = {
        "version": "v1",
        "sid": cms.SignerIdentifier("issuer_and_serial_number", cms.IssuerAndSerialNumber(name)),
        "digest_algorithm": digest_algorithm,
        "signed_attrs": attributes,
        "signature_algorithm": {"algorithm": SM2_WITH_SM3 if is_sm2 else "sha256_ecdsa"},
        "signature": holder.sign(attributes.dump() + (b"x" if spoil else b"")),
    }
    signed = {
        "version": "v3",
        "digest_algorithms": [digest_algorithm],
        "encap_content_info": {"content_type": "tst_info", "content": core.ParsableOctetString(info)},
        "certificates": [certificate],
        "signer_infos": [signer],
    }
    return cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(signed)})


def _refusal(why: str) -> bytes:
    status = {"status": "rejection", "status_string": ["请求不被接受"], "fail_info": {why}}
    return bytes(_Refusal({"status": status}).dump())


class _Desk(Handler):
    kept: ClassVar[Keys]

    def do_GET(self) -> None:  # noqa: N802 -- the base class looks for this name
        self.say(200, b"ok", "text/plain; charset=utf-8")

    def do_POST(self) -> None:  # noqa: N802 -- the base class looks for this name
        query = self.body()
        if self.path != "/tsa" or self.headers.get_content_type() != _QUERY:
            self.say(404 if self.path != "/tsa" else 415, b"", "text/plain")
            return
        fault = self.faults.take()
        if self.spoilt(fault):
            return
        self.say(200, b"<html>ok</html>" if fault == "garbage" else answer(self.kept, query, fault), _REPLY)


class TimestampServer(Listener):
    """The authority's two ports."""

    @property
    def url(self) -> str:
        """Where tokens are made."""
        return f"{self.base_url}/tsa"

    def serve(self, kept: Keys) -> None:
        """Answer with these keys."""
        self.start(type("_Desk", (_Desk,), {"kept": kept}), Faults(FAULTS))
