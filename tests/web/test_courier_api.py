"""The inbox as another hub meets it: tus 1.0 to the letter, and nothing for who is not known, announced and signed."""

from __future__ import annotations

import hashlib
import secrets
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from http_message_signatures import HTTPMessageSigner, MappingKeyResolver, algorithms
from starlette.testclient import TestClient

from core.settings import Mode, Settings
from hub.courier_inbox import Inbox
from store.vault import make_keyring
from tests.hub.access_files import access_text, write
from web.app import create_app
from web.courier_api import LARGEST_PIECE

NAME = "T-1.env"
URL = f"http://127.0.0.1/api/transfers/in/{NAME}"
BASE: tuple[str, ...] = ("@method", "@authority", "@path", "@query")
PEER = """
[[organisations]]
code = "jianghan"
name = "江汉区行政审批局（测试）"

[[partners]]
id = "jianghan-hub"
name = "江汉区枢纽（测试）"
organisation = "jianghan"
key_file = "peer.pem"
roles = ["transfer"]
"""


class Peer:
    """Another hub, written by the library's own signer."""

    def __init__(self, client: TestClient, key: Ed25519PrivateKey, folder: Path) -> None:
        self.client, self.key, self.folder = client, key, folder

    def request(
        self, method: str, body: bytes | None = None, at: object = None, *, url: str = URL, **headers: str
    ) -> httpx.Request:
        covered = BASE
        sent = {"Tus-Resumable": "1.0.0"}
        if body is not None:
            sent |= {"Content-Type": "application/offset+octet-stream", "Upload-Offset": str(at)}
            covered = (*covered, "upload-offset")
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        request = httpx.Request(method, url, content=body, headers=sent)
        keys = MappingKeyResolver(public_keys={}, private_keys={"jianghan-hub": self.key})
        HTTPMessageSigner(signature_algorithm=algorithms.ED25519, key_resolver=keys).sign(
            request, key_id="jianghan-hub", created=datetime.now(UTC), nonce=secrets.token_hex(16),
            covered_component_ids=covered, body=body,
        )  # fmt: skip
        return request

    def __call__(self, *args: Any, **more: Any) -> httpx.Response:
        return self.client.send(self.request(*args, **more))  # type: ignore[return-value,arg-type]


@pytest.fixture
def far(module_database_url: str, tmp_path: Path) -> Settings:
    make_keyring(tmp_path / "keys")
    write(tmp_path / "access.toml")
    return Settings(tmp_path, module_database_url, tmp_path / "sources.toml", tmp_path / "keys", Mode.DEMO, signs=False)


@pytest.fixture
def peer(far: Settings) -> Iterator[Peer]:
    key = Ed25519PrivateKey.generate()
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (far.home / "peer.pem").write_bytes(pem)
    far.access_file.write_text(access_text() + PEER, encoding="utf-8")
    folder = far.home / "in"
    lengths = {("jianghan", NAME): 10, ("jianghan", "T-2.env"): 10, ("jianghan", "big.env"): 1000}
    app = create_app(
        far,
        inboxes=lambda _: Inbox(folder, lambda *asked: lengths.get(asked), quota=25, largest=100, reserve=0),
    )
    yield Peer(TestClient(app, base_url="http://127.0.0.1"), key, folder / "jianghan")


def test_a_file_arrives_in_pieces_as_tus_has_it(peer: Peer) -> None:
    asked = peer.client.options(URL)
    assert (asked.status_code, asked.headers["tus-version"]) == (204, "1.0.0")
    begun = peer("HEAD")
    assert begun.status_code == 200
    told = ("upload-offset", "upload-length", "tus-resumable", "cache-control")
    assert [begun.headers[name] for name in told] == ["0", "10", "1.0.0", "no-store"]
    added = peer("PATCH", b"01234", 0)
    assert (added.status_code, added.headers["upload-offset"], added.content) == (204, "5", b"")
    there = peer("HEAD", Want_Repr_Digest="sha-256=1")
    digest = b64encode(hashlib.sha256(b"01234").digest()).decode()
    assert (there.headers["upload-offset"], there.headers["repr-digest"]) == ("5", f"sha-256=:{digest}:")
    assert peer("PATCH", b"56789", 5).headers["upload-offset"] == "10"
    assert peer("HEAD").headers["upload-offset"] == "10"
    assert [(path.name, path.read_bytes()) for path in peer.folder.iterdir()] == [(NAME, b"0123456789")]
    assert (peer.folder / NAME).stat().st_mode & 0o077 == 0


def test_what_does_not_fit_is_refused_and_changes_nothing(peer: Peer) -> None:
    peer("PATCH", b"01234", 0)
    for status, code, answer in (
        (409, "HUB-816", peer("PATCH", b"56789", 4)),
        (409, "HUB-816", peer("PATCH", b"56789", 6)),
        (409, "HUB-816", peer("PATCH", b"567890", 5)),
        (400, "HTTP-400", peer("PATCH", b"56789", "-5")),
        (415, "HTTP-415", peer("PATCH", b"56789", 5, Content_Type="text/plain")),
        (412, "HTTP-412", peer("PATCH", b"56789", 5, Tus_Resumable="0.2.2")),
        (413, "HUB-882", peer("PATCH", bytes(LARGEST_PIECE + 1), 5)),
        (404, "HUB-814", peer("PATCH", b"x", 0, url=URL.replace("T-1", "T-9"))),
        (404, "HUB-814", peer("PATCH", b"x", 0, url=URL.replace("T-1", ".T-1"))),
        (404, "HUB-814", peer("PATCH", b"x", 0, url=URL.replace("T-1", "big"))),
    ):
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.headers["tus-resumable"] == "1.0.0"
        assert status != 412 or answer.headers["tus-version"] == "1.0.0"
    assert [path.read_bytes() for path in peer.folder.iterdir()] == [b"01234"]


def test_a_finished_file_stays_as_it_is(peer: Peer) -> None:
    peer("PATCH", b"0123456789", 0)
    for answer in (peer("PATCH", b"x", 0), peer("DELETE")):
        assert (answer.status_code, answer.json()["code"]) == (409, "HUB-818")
    assert peer("PATCH", b"", 10).status_code == 204
    assert [(path.name, path.read_bytes()) for path in peer.folder.iterdir()] == [(NAME, b"0123456789")]


def test_an_unfinished_file_is_thrown_away_when_its_sender_says_so(peer: Peer) -> None:
    peer("PATCH", b"01234", 0)
    assert peer("DELETE").status_code == 204
    assert peer("HEAD").headers["upload-offset"] == "0"
    assert list(peer.folder.iterdir()) == []


def test_the_quota_bounds_all_that_is_there(peer: Peer) -> None:
    peer.folder.mkdir(parents=True)
    (peer.folder / "earlier.env").write_bytes(bytes(16))
    full = peer("PATCH", b"01234", 0)  # five bytes would fit, all ten would not
    assert (full.status_code, full.json()["code"]) == (507, "HUB-815")
    (peer.folder / "earlier.env").unlink()
    assert peer("PATCH", b"01234", 0).status_code == 204


def test_who_does_not_sign_all_of_it_brings_nothing(peer: Peer) -> None:
    assert peer.client.head(URL).status_code == 401
    assert peer.client.patch(URL, content=b"01234").status_code == 401
    good = peer.request("PATCH", b"01234", 0)
    for name, value in (("Upload-Offset", "1"), ("Content-Digest", "sha-256=:AAAA:"), ("Host", "localhost")):
        changed = peer.request("PATCH", b"01234", 0)
        changed.headers[name] = value
        assert peer.client.send(changed).status_code == 401, name  # type: ignore[arg-type]
    forged = httpx.Request("PATCH", URL, content=b"evil!", headers=good.headers)
    assert peer.client.send(forged).status_code == 401  # type: ignore[arg-type]
    undigested = httpx.Request("PATCH", URL, content=b"01234", headers={"Upload-Offset": "0", "Tus-Resumable": "1.0.0"})
    keys = MappingKeyResolver(public_keys={}, private_keys={"jianghan-hub": peer.key})
    HTTPMessageSigner(signature_algorithm=algorithms.ED25519, key_resolver=keys).sign(
        undigested, key_id="jianghan-hub", nonce=secrets.token_hex(16), covered_component_ids=(*BASE, "upload-offset")
    )
    assert peer.client.send(undigested).status_code == 401  # type: ignore[arg-type]
    again = peer.request("PATCH", b"01234", 0)
    assert peer.client.send(again).status_code == 204  # type: ignore[arg-type]
    assert peer.client.send(again).status_code == 401  # type: ignore[arg-type]
    assert [path.read_bytes() for path in peer.folder.iterdir()] == [b"01234"]


def test_a_hub_that_expects_nothing_takes_nothing(far: Settings, peer: Peer) -> None:
    peer.client = TestClient(create_app(far), base_url="http://127.0.0.1")
    assert peer("HEAD").status_code == 404
    assert peer("PATCH", b"01234", 0).status_code == 404
    assert not (far.home / "transfers").exists()
