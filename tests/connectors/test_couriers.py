"""Files carried to another hub, by SFTP and by HTTPS: whatever breaks, they arrive whole,
and only what is missing is sent."""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from connectors.courier import (
    Courier,
    CourierDiffers,
    CourierInterrupted,
    CourierNoRoom,
    CourierNotConfigured,
    CourierRefused,
    Have,
)
from connectors.courier_sftp import SftpCourier
from connectors.retrying import Patience
from core.settings import Mode, Settings
from hub.courier_inbox import Inbox
from store.vault import make_keyring
from tests.connectors.carrying import MIB, made
from tests.connectors.sftp import PASSWORD, USER, Server, host_key, running
from tests.connectors.stalling import Wire, stalling
from tests.serving import serving
from web.app import create_app

pytestmark = pytest.mark.world
QUICK = Patience(tries=2, first_wait_s=0.01, longest_wait_s=0.05)
#: Never again: one try that breaks is the end.
ONCE = Patience(tries=1, first_wait_s=0.01)
NAME = "T-20261129-1.env"
SIZE = 10 * MIB + 12345


@dataclass
class Way:
    """One transport, its far end on this machine, and a wire to it that can break."""

    kind: str
    wire: Wire
    folder: Path
    said: dict[str, Any]
    part: Path
    server: Server | None = None
    announced: dict[str, int] = field(default_factory=dict)
    quota: int = 10**12

    @property
    def final(self) -> Path:
        return self.folder / NAME

    def courier(self, patience: Patience = QUICK, **changes: object) -> Courier:
        return made(self.kind, self.said | changes, patience)


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return host_key(tmp_path_factory.mktemp("key") / "host")


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    path = tmp_path / "sealed"
    path.write_bytes(os.urandom(SIZE))
    return path


@pytest.fixture(params=["sftp", "https"])
def way(request: pytest.FixtureRequest) -> Way:
    return request.getfixturevalue(request.param)  # type: ignore[no-any-return]


@pytest.fixture
def sftp(tmp_path: Path, key: Path) -> Iterator[Way]:
    folder = tmp_path / "far" / "out"
    folder.mkdir(parents=True)
    with running(Server(tmp_path / "far", key)) as server, stalling(server.port) as wire:
        said = {
            "host": "127.0.0.1", "port": wire.port, "username": USER, "password": PASSWORD, "folder": "/out",
            "host_key": f"{server.key.get_name()} {server.key.get_base64()}",
        }  # fmt: skip
        yield Way("sftp", wire, folder, said, folder / f"{NAME}.part", server)


@pytest.fixture
def https(tmp_path: Path, module_database_url: str) -> Iterator[Way]:
    home = tmp_path / "far"
    make_keyring(home / "keys")
    own = Ed25519PrivateKey.generate()
    (tmp_path / "own.pem").write_bytes(own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (home / "peer.pem").write_bytes(own.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    (home / "access.toml").write_text(ACCESS, encoding="utf-8")
    settings = Settings(home, module_database_url, home / "sources.toml", home / "keys", Mode.DEMO, signs=False)
    folder = home / "transfers" / "in" / "jianghan"
    found = Way("https", Wire(0), folder, {}, folder / f".{NAME}.part", announced={NAME: SIZE})

    def announced(peer: str, name: str) -> int | None:
        return found.announced.get(name) if peer == "jianghan" else None

    app = create_app(
        settings,
        inboxes=lambda hub: Inbox(folder.parent, announced, quota=found.quota, largest=10**12, reserve=0),
    )
    with serving(app) as url, stalling(int(url.rpartition(":")[2])) as wire:
        found.wire = wire
        found.said = {
            "url": f"http://127.0.0.1:{wire.port}", "key_id": "jianghan-hub", "key_file": str(tmp_path / "own.pem"),
        }  # fmt: skip
        yield found


ACCESS = """
[[organisations]]
code = "jianghan"
name = "江汉区行政审批局（测试）"

[[organisations]]
code = "wuchang"
name = "武昌区行政审批局（测试）"

[[partners]]
id = "jianghan-hub"
name = "江汉区枢纽（测试）"
organisation = "jianghan"
key_file = "peer.pem"
roles = ["transfer"]

[[partners]]
id = "wuchang-hub"
name = "武昌区枢纽（测试）"
organisation = "wuchang"
key_file = "peer.pem"
roles = ["transfer"]

[[partners]]
id = "no-role"
name = "没有权限的系统（测试）"
organisation = "jianghan"
key_file = "peer.pem"
"""

_KILLED = """
import json, os, signal, sys
from pathlib import Path
from connectors.retrying import Patience
from tests.connectors.carrying import made

def die(there, size):
    if there * 2 >= size:
        os.kill(os.getpid(), signal.SIGKILL)

kind, said, path, name = json.loads(sys.argv[1])
made(kind, said, Patience(tries=1)).send(Path(path), name, die)
"""


def test_a_sender_that_was_killed_goes_on_where_the_other_side_is(way: Way, plain: Path) -> None:
    asked = json.dumps([way.kind, way.said, str(plain), NAME])
    ended = subprocess.run([sys.executable, "-c", _KILLED, asked], check=False, cwd=Path(__file__).parents[2])
    assert ended.returncode == -signal.SIGKILL
    there = way.courier().have(NAME)
    assert SIZE // 3 < there.size < SIZE
    assert not there.whole
    assert not way.final.exists()

    way.wire.carried = 0
    told: list[int] = []
    done = way.courier().send(plain, NAME, lambda at, _size: told.append(at))
    assert way.final.read_bytes() == plain.read_bytes()
    assert (done.begun_at, done.sent, done.size) == (there.size, SIZE - there.size, SIZE)
    assert way.wire.carried < SIZE - there.size + MIB  # what was there did not cross again
    assert (told[0], told[-1]) == (there.size, SIZE)
    assert way.courier().have(NAME) == Have(SIZE, whole=True)
    assert not way.part.exists()


def test_a_cut_wire_is_gone_on_with_at_once(way: Way, plain: Path) -> None:
    way.wire.cut_at = SIZE * 2 // 3
    done = way.courier().send(plain, NAME)
    assert way.final.read_bytes() == plain.read_bytes()
    assert way.wire.cut_at is None
    assert 0 < done.begun_at < SIZE
    assert done.sent < SIZE + 5 * MIB  # at most one piece a second time


def test_a_wire_that_stays_silent_is_an_interruption_that_says_what_is_there(way: Way, plain: Path) -> None:
    way.wire.cut_at = SIZE * 2 // 3
    with pytest.raises(CourierInterrupted):
        way.courier(ONCE).send(plain, NAME)
    there = way.courier().have(NAME).size
    assert there > 0
    way.wire.silent.set()
    with pytest.raises(CourierInterrupted, match=NAME):
        way.courier(ONCE, timeout_s=0.5).send(plain, NAME)
    way.wire.silent.clear()
    # what was on its way when the wire was cut may have arrived since
    assert way.courier().send(plain, NAME).begun_at >= there


def test_a_partial_that_is_not_ours_is_sent_anew(way: Way, plain: Path) -> None:
    way.folder.mkdir(parents=True, exist_ok=True)
    way.part.write_bytes(os.urandom(3 * MIB))
    assert way.courier().have(NAME) == Have(3 * MIB, whole=False)
    done = way.courier().send(plain, NAME)
    assert (done.begun_at, done.sent) == (0, SIZE)
    assert way.final.read_bytes() == plain.read_bytes()


def test_what_a_receiver_wrote_before_it_was_killed_is_gone_on_with_wherever_it_ends(way: Way, plain: Path) -> None:
    way.folder.mkdir(parents=True, exist_ok=True)
    way.part.write_bytes(plain.read_bytes()[: 3 * MIB + 123])
    done = way.courier().send(plain, NAME)
    assert (done.begun_at, done.sent) == (3 * MIB + 123, SIZE - 3 * MIB - 123)
    assert way.final.read_bytes() == plain.read_bytes()


def test_a_finished_file_is_not_sent_again_and_another_one_never_written_over(way: Way, plain: Path) -> None:
    way.courier().send(plain, NAME)
    again = way.courier().send(plain, NAME)
    assert (again.begun_at, again.sent) == (SIZE, 0)
    before = plain.read_bytes()
    plain.write_bytes(os.urandom(SIZE))
    with pytest.raises(CourierDiffers):
        way.courier().send(plain, NAME)
    assert way.final.read_bytes() == before


def test_two_senders_at_once_end_in_one_whole_file(way: Way, plain: Path) -> None:
    with plain.open("r+b") as file:
        file.truncate(3 * MIB)
    way.announced[NAME] = 3 * MIB
    ends: list[str] = []

    def send() -> None:
        try:
            way.courier(Patience(tries=50, first_wait_s=0.01, longest_wait_s=0.02)).send(plain, NAME)
            ends.append("whole")
        except CourierInterrupted:
            ends.append("gave way")

    both = [threading.Thread(target=send) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join(timeout=60)
    assert "whole" in ends
    assert len(ends) == 2
    assert not way.part.exists()
    assert way.final.read_bytes() == plain.read_bytes()


def test_a_slow_wire_only_takes_longer(way: Way, plain: Path) -> None:
    way.wire.pause_s = 0.01
    with plain.open("r+b") as file:
        file.truncate(2 * MIB)
    way.announced[NAME] = 2 * MIB
    assert way.courier().send(plain, NAME).sent == 2 * MIB
    assert way.final.read_bytes() == plain.read_bytes()


def test_no_room_on_the_other_side_is_said_and_nothing_lost(way: Way, plain: Path) -> None:
    if way.server is not None:
        way.server.room = 5 * MIB
    way.quota = 5 * MIB
    with pytest.raises(CourierNoRoom):
        way.courier().send(plain, NAME)
    if way.server is not None:
        way.server.room = None
    way.quota = 10**12
    way.courier().send(plain, NAME)
    assert way.final.read_bytes() == plain.read_bytes()


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "x" * 129, "名", "x.part"])
def test_a_name_that_is_no_plain_name_is_not_sent(sftp: Way, plain: Path, name: str) -> None:
    with pytest.raises(ValueError, match="file that is sent"):
        sftp.courier().send(plain, name)


def test_another_host_key_password_or_folder_is_refused(sftp: Way, plain: Path, tmp_path: Path) -> None:
    other = Server(tmp_path, host_key(tmp_path / "other")).key
    changes: list[dict[str, object]] = [
        {"host_key": f"{other.get_name()} {other.get_base64()}"}, {"password": "wrong"}, {"folder": "/nowhere"},
    ]  # fmt: skip
    for change in changes:
        with pytest.raises(CourierRefused):
            sftp.courier(**change).send(plain, NAME)
    with pytest.raises(CourierNotConfigured):
        sftp.courier(host_key="ssh-ed25519 AAAA")


def test_a_mailbox_gives_a_file_back_and_goes_on_with_what_is_here(sftp: Way, plain: Path, tmp_path: Path) -> None:
    courier = sftp.courier()
    assert isinstance(courier, SftpCourier)
    with pytest.raises(CourierRefused):
        courier.fetch(NAME, tmp_path / "got")
    courier.send(plain, NAME)
    sent = plain.read_bytes()
    (tmp_path / ".got.part").write_bytes(sent[: 6 * MIB])
    done = courier.fetch(NAME, tmp_path / "got")
    assert (done.begun_at, done.sent) == (6 * MIB, SIZE - 6 * MIB)
    assert (tmp_path / "got").read_bytes() == sent
    # what is here of another file under this name is thrown away
    (tmp_path / ".got.part").write_bytes(b"x" * MIB)
    assert courier.fetch(NAME, tmp_path / "got").begun_at == 0
    assert (tmp_path / "got").read_bytes() == sent
    assert not (tmp_path / ".got.part").exists()
    (sftp.folder / "b.env.part").write_bytes(b"x")
    assert courier.names() == [NAME]
    for name in (NAME, "b.env", "never-there"):
        courier.remove(name)
    assert list(sftp.folder.iterdir()) == []


def test_only_a_known_hub_with_the_role_brings_what_was_announced_to_come_from_it(
    https: Way, plain: Path, tmp_path: Path
) -> None:
    stranger = tmp_path / "stranger.pem"
    stranger.write_bytes(Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    changes: list[tuple[dict[str, object], str]] = [
        ({"key_file": str(stranger)}, "401"), ({"key_id": "nobody"}, "401"), ({"key_id": "no-role"}, "403"),
        ({"key_id": "wuchang-hub"}, "404"),
    ]  # fmt: skip
    for change, status in changes:
        with pytest.raises(CourierRefused, match=status):
            https.courier(**change).send(plain, NAME)
    with pytest.raises(CourierRefused, match="404"):
        https.courier().send(plain, "T-20261129-2.env")
    https.announced[NAME] = SIZE + 1
    with pytest.raises(CourierRefused, match="expects"):
        https.courier().send(plain, NAME)
    assert not https.folder.exists() or list(https.folder.iterdir()) == []


def test_a_hub_with_another_certificate_is_refused(plain: Path, https: Way, tmp_path: Path) -> None:
    key, certificate = tmp_path / "tls-key.pem", tmp_path / "tls.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-keyout", key, "-out", certificate, "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)  # answers whatever is asked with 501
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"https://localhost:{server.server_port}"
    with pytest.raises(CourierRefused, match="certificate"):
        https.courier(url=address).send(plain, NAME)
    with pytest.raises(CourierInterrupted, match="501"):
        https.courier(url=address, ca_file=str(certificate)).send(plain, NAME)
    server.shutdown()
    server.server_close()


def test_a_hub_that_was_killed_before_it_put_the_file_in_its_place_does_so_when_asked_again(
    https: Way, plain: Path
) -> None:
    https.folder.mkdir(parents=True)
    https.part.write_bytes(plain.read_bytes())
    done = https.courier().send(plain, NAME)
    assert (done.begun_at, done.sent) == (SIZE, 0)
    assert https.final.read_bytes() == plain.read_bytes()
