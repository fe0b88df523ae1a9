"""The seal on a platform: sealed files verify, wrong answers are found out, a repeated call gives the same."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from documents.package import Package
from sandbox import seal_platform, tsa
from signing.certificates import Certificate
from signing.errors import KeyRefused, PlatformAnsweredWrong, SignerUnavailable, TimestampUnavailable
from signing.ofd.seal import Stamp, seal
from signing.platform_client import PlatformClient
from signing.port import sign_message
from signing.seal.parts import Seal, SealSignature
from signing.seal_platform import RemoteKey, SealPlatform
from signing.timestamp import Token
from signing.tsa import TimestampClient

DIGEST, PATH = bytes(range(32)), "/Doc_0/Signs/Sign_0/Signature.xml"


class Running:
    """The simulated platform and clients of it."""

    def __init__(self, folder: Path) -> None:
        self.keys = seal_platform.keys(folder)
        self.server = seal_platform.SealServer()
        self.server.serve(self.keys)
        self.where = self.keys.described()

    def order(self, kind: str | None, times: int = 1) -> None:
        requests.post(f"{self.server.admin_url}/_fault", json={"kind": kind, "times": times}, timeout=5)

    def client(self, **changes: Any) -> PlatformClient:
        usual = {
            "key_id": "hub",
            "secret_file": Path(self.where["secret_file"]),
            "ca_file": Path(self.where["ca_file"]),
            "read_seconds": 2.0,
        }
        return PlatformClient(self.server.base_url, **(usual | changes))

    def platform(self, **changes: Any) -> SealPlatform:
        return SealPlatform(self.client(), seal_platform.SEAL_ID, **changes)


@pytest.fixture(scope="module")
def _running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    made = Running(tmp_path_factory.mktemp("platform"))
    yield made
    made.server.stop()


@pytest.fixture
def running(_running: Running) -> Iterator[Running]:
    yield _running
    _running.order(None)


def test_a_file_sealed_on_the_platform_is_found_valid(running: Running, ofd: Callable[..., Package]) -> None:
    from signing.ofd.verify import verify
    from signing.report import Verdict
    from signing.trust import Trust

    now = datetime.now(UTC)
    sealed = seal(ofd(), running.platform(), stamps=[Stamp(0, 140, 220, 42, 42)], at=now)
    trust = Trust.of([Path(running.where["trust_file"]).read_bytes()])
    report = verify(sealed.to_bytes(), trust=trust, at=now + timedelta(seconds=5))
    assert report.verdict is Verdict.VALID, report


def test_a_timestamp_may_be_put_over_the_platforms_signature(running: Running, tmp_path: Path) -> None:
    server = tsa.TimestampServer()
    server.serve(tsa.keys(tmp_path))
    platform = running.platform(timestamp=TimestampClient(server.url))
    made = SealSignature.read(platform.sign(DIGEST, PATH, datetime.now(UTC)))
    server.stop()
    assert made.timestamp is not None
    Token.check(made.timestamp, made.signature)
    with pytest.raises(TimestampUnavailable):
        running.platform(timestamp=TimestampClient(server.url)).sign(bytes(32), PATH, datetime.now(UTC))
    unmarked = running.platform(timestamp=lambda _: None)
    assert SealSignature.read(unmarked.sign(bytes(32), PATH, datetime.now(UTC))).timestamp is None


def test_a_call_repeated_after_a_lost_answer_gets_the_same_signature(running: Running) -> None:
    platform, at = running.platform(), datetime.now(UTC)
    running.order("lost_answer")
    with pytest.raises(SignerUnavailable, match="may be repeated"):
        platform.sign(DIGEST, PATH, at)
    first = platform.sign(DIGEST, PATH, at)
    assert running.platform().sign(DIGEST, PATH, at) == first
    assert platform.sign(bytes(32), PATH, at) != first


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("wrong_digest", "over another digest"),
        ("wrong_path", "another file"),
        ("wrong_time", "compare the clocks"),
        ("wrong_seal", "another seal"),
        ("wrong_signer", "another certificate"),
        ("wrong_signature", "does not verify"),
        ("garbage", "does not hold signature"),
    ],
)
def test_every_wrong_signature_is_found_out(running: Running, kind: str, told: str) -> None:
    platform, at = running.platform(), datetime.now(UTC)
    running.order(kind)
    # a digest of its own: the platform remembers its answers, wrong ones too
    with pytest.raises(PlatformAnsweredWrong, match=told):
        platform.sign(kind.encode().ljust(32), PATH, at)


@pytest.mark.parametrize(
    ("kind", "error", "told"),
    [
        ("down", SignerUnavailable, "does not answer"),
        ("500", SignerUnavailable, "HTTP 500"),
        ("slow", SignerUnavailable, "ReadTimeout"),
        ("forbidden", KeyRefused, "HTTP 403"),
    ],
)
def test_what_to_do_next_is_told_by_the_kind_of_error(
    running: Running, kind: str, error: type[Exception], told: str
) -> None:
    platform = SealPlatform(running.client(read_seconds=0.4), seal_platform.SEAL_ID)
    running.order(kind)
    began = time.monotonic()
    with pytest.raises(error, match=told):
        platform.sign(DIGEST, PATH, datetime.now(UTC))
    assert time.monotonic() - began < 3


def test_every_fault_of_the_simulated_platform_is_tried_here() -> None:
    wrong = {"wrong_digest", "wrong_path", "wrong_time", "wrong_seal", "wrong_signer", "wrong_signature", "garbage"}
    assert wrong | {"down", "500", "slow", "forbidden", "lost_answer"} == set(seal_platform.FAULTS)


def test_another_seal_than_the_registered_one_is_refused(running: Running) -> None:
    assert running.platform(registered=Seal.read(running.keys.seal)).seal.es_id == seal_platform.SEAL_ID
    with pytest.raises(PlatformAnsweredWrong, match="register the new one"):
        running.platform(registered=Seal.read(running.keys.other_seal))


def test_a_wrong_secret_an_unknown_key_and_an_unknown_seal_are_refused(running: Running, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("another secret, long enough\n")
    for client in (running.client(secret_file=tmp_path / "secret"), running.client(key_id="stranger")):
        with pytest.raises(KeyRefused, match="HTTP 401") as caught:
            SealPlatform(client, seal_platform.SEAL_ID)
        assert "another secret" not in str(caught.value)
    with pytest.raises(KeyRefused, match="HTTP 404"):
        SealPlatform(running.client(), "42011200000000")
    for bad in ("", "../keys", "a/b", ".", "é"):
        with pytest.raises(ValueError, match="ASCII letters"):
            SealPlatform(running.client(), bad)


def test_a_platform_that_another_authority_vouches_for_gets_nothing(running: Running, tmp_path: Path) -> None:
    other = seal_platform.keys(tmp_path / "other").described()["ca_file"]
    with pytest.raises(KeyRefused, match="do not vouch"):
        SealPlatform(running.client(ca_file=Path(other)), seal_platform.SEAL_ID)


def test_what_cannot_be_used_is_said_before_anything_is_asked(running: Running, tmp_path: Path) -> None:
    (tmp_path / "short").write_text("short\n")
    for changes, told in (
        ({"secret_file": tmp_path / "absent"}, "is not there"),
        ({"ca_file": tmp_path / "absent"}, "is not there"),
        ({"secret_file": tmp_path / "short"}, "fewer than 16"),
    ):
        with pytest.raises(KeyRefused, match=told):
            running.client(**changes)
    for url in ("http://127.0.0.1:1", "https://", "https://user:word@host", "https://host/?x=1", "file:///etc"):
        with pytest.raises(ValueError, match="https address"):
            PlatformClient(url, key_id="hub", secret_file=tmp_path / "short", ca_file=tmp_path / "short")


def test_a_remote_key_signs_digests_and_is_checked(running: Running) -> None:
    key = RemoteKey(running.client(), seal_platform.SEAL_ID, running.platform().certificate)
    signature = sign_message(key, b"message")
    Certificate.read(key.certificate).key.verify(b"message", signature)
    assert sign_message(key, b"message") == signature, "the same call, the same answer"
    running.order("wrong_digest")
    with pytest.raises(PlatformAnsweredWrong, match="does not verify"):
        key.sign_digest(b"another digest, of just 32 bytes")


def test_no_secret_and_no_text_of_a_licence_crosses_the_wire(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    platform, seen = running.platform(), []
    send = requests.adapters.HTTPAdapter.send

    def watched(self: Any, request: Any, **options: Any) -> Any:
        seen.append((request.body, dict(request.headers)))
        return send(self, request, **options)

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", watched)
    platform.sign(DIGEST, PATH, datetime.now(UTC))
    ((body, headers),) = seen
    assert set(json.loads(body)) == {"dataHash", "propertyInfo", "time"}
    assert base64.b64decode(json.loads(body)["dataHash"]) == DIGEST
    assert running.keys.secret not in f"{body!r} {headers}"
    assert running.keys.secret not in repr(platform)
