"""The same journey by an SFTP server between the hubs and by their own inboxes over HTTPS, cut off on the way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from core.canonical import canonical
from core.errors import Retryable
from core.settings import Mode, Settings
from hub.courier_inbox import NotAnnounced
from hub.transfer_ask import request
from hub.transfer_check import check
from hub.transfer_inbox import inbox_of
from hub.transfer_names import LetterName
from hub.transfer_peers import PeersUnfit
from hub.transfer_run import run_all
from hub.transfer_told import items_of
from schemas.transfer import Letter, State
from tests.connectors.sftp import PASSWORD, USER, Server, host_key, running
from tests.hub.conftest import NOON
from tests.hub.transfer_world import Pair
from tests.serving import serving
from web.app import create_app

pytestmark = pytest.mark.world
NAMES = {"origin": "dongxihu", "destination": "jiangxia"}


def reroute(settings: Settings, route: dict[str, Any]) -> None:
    """Give the only peer of a hub another way."""
    path = settings.home / "peers.toml"
    head, _, _ = path.read_text().partition("route =")
    path.write_text(head + "\n[peers.route]\n" + "".join(f"{key} = {canonical({'v': value}).decode()[5:-1]}\n"
                                                         for key, value in route.items()))  # fmt: skip


@contextmanager
def by_sftp(pair: Pair, folder: Path) -> Iterator[Server]:
    """A server with a folder for each direction."""
    root = folder / "server"
    for name in NAMES.values():
        (root / f"to-{name}").mkdir(parents=True)
    with running(Server(root, host_key(folder / "host"))) as server:
        for settings, ours, theirs in (
            (pair.world.origin, "dongxihu", "jiangxia"), (pair.world.destination, "jiangxia", "dongxihu"),
        ):  # fmt: skip
            (settings.home / "sftp-password").write_text(f"{PASSWORD}\n")
            reroute(
                settings,
                {
                    "kind": "sftp", "host": "127.0.0.1", "port": server.port, "username": USER,
                    "password_file": "sftp-password", "out": f"/to-{theirs}", "into": f"/to-{ours}",
                    "host_key": f"{server.key.get_name()} {server.key.get_base64()}",
                },
            )  # fmt: skip
        yield server


@contextmanager
def by_https(pair: Pair) -> Iterator[None]:
    """The web of each hub, with an access file that knows the other."""
    ends = {"dongxihu": pair.world.origin, "jiangxia": pair.world.destination}
    with ExitStack() as stack:
        urls = {}
        for name, settings in ends.items():
            (other,) = set(ends) - {name}
            key = Ed25519PrivateKey.generate()
            (settings.home / "own.pem").write_bytes(
                key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            )
            (ends[other].home / "peer.pem").write_bytes(
                key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            )
            settings.access_file.write_text(
                f"""
[[organisations]]
code = "{other}"
name = "另一审批局（测试）"

[[partners]]
id = "{other}-hub"
name = "另一枢纽（测试）"
organisation = "{other}"
key_file = "peer.pem"
roles = ["transfer"]
"""
            )
        for name, settings in ends.items():
            urls[name] = stack.enter_context(serving(create_app(settings)))
        for name, settings in ends.items():
            (other,) = set(ends) - {name}
            route = {
                "kind": "https", "url": urls[other], "key_id": f"{name}-hub", "key_file": "own.pem", "inbox": other,
            }  # fmt: skip
            reroute(settings, route)
        yield


def begin(pair: Pair) -> str:
    world = pair.world
    return request(pair.into, world.number, "dongxihu", name=world.name, reason="住所迁入", who="officer").id


def assert_settled(pair: Pair, id_: str) -> None:
    for desk in (pair.into, pair.out):
        assert desk.get(id_).state is State.SETTLED
        assert [one.standing for one in items_of(desk.hub, id_)] == ["accepted"] * 3


def test_by_an_sftp_server_between_them(pair: Pair, tmp_path: Path) -> None:
    with by_sftp(pair, tmp_path) as server:
        assert all(one["sound"] for settings in (pair.world.origin, pair.world.destination)
                   for one in check(settings, NOON))  # fmt: skip
        id_ = begin(pair)
        run_all(pair.into).demand_sound()
        server.room = 4_000
        carried = run_all(pair.out)
        with pytest.raises(Retryable):  # the server's disk is full: the parcel waits, signed and sealed
            carried.demand_sound()
        server.room = None
        for _ in range(2):
            run_all(pair.out).demand_sound()
            run_all(pair.into).demand_sound()
        run_all(pair.out).demand_sound()
        assert list(server.root.rglob("*.env*")) == []
    assert_settled(pair, id_)


def test_by_the_hubs_own_inboxes(pair: Pair) -> None:
    with by_https(pair):
        id_ = begin(pair)
        for desk in (pair.into, pair.out, pair.into, pair.out):
            run_all(desk).demand_sound()
    assert_settled(pair, id_)


def test_an_inbox_takes_only_what_a_transfer_with_that_peer_expects(pair: Pair) -> None:
    with by_https(pair):
        id_ = begin(pair)
        inbox = inbox_of(pair.destination)
        answer, parcel = (str(LetterName(id_, number, kind, 9)) for number, kind in enumerate(
            (Letter.ANSWER, Letter.PARCEL)))  # fmt: skip
        assert (inbox.there("dongxihu", answer).length, inbox.there("dongxihu", parcel).length) == (9, 9)
        other = "0" * 8 + id_[8:]
        for peer, name in (
            ("stranger", answer),
            ("dongxihu", "letter.env"),
            ("dongxihu", str(LetterName(id_, 2, Letter.PARCEL, 9))),
            ("dongxihu", str(LetterName(id_, 1, Letter.RECEIPT, 9))),
            ("dongxihu", str(LetterName(other, 1, Letter.PARCEL, 9))),
            ("dongxihu", str(LetterName(other, 0, Letter.NOTICE, 1 << 30))),
        ):
            with pytest.raises(NotAnnounced):
                inbox.there(peer, name)
        notice = str(LetterName(other, 0, Letter.NOTICE, 9))
        assert inbox.there("dongxihu", notice).length == 9, "a transfer begins with a letter nobody announced"


@pytest.mark.parametrize(
    ("route", "place"),
    [
        ({"kind": "https", "url": "http://hub.example", "key_id": "a", "key_file": "a", "inbox": "a"}, "https.url"),
        ({"kind": "https", "url": "https://hub.example/x", "key_id": "a", "key_file": "a", "inbox": "a"}, "https.url"),
        (
            {"kind": "sftp", "host": "a", "username": "a", "key_file": "a", "host_key": "a", "out": "a", "into": "b"},
            "sftp.host_key",
        ),
    ],
)
def test_a_way_that_cannot_be_gone_is_refused_as_the_file_is_read(
    tmp_path: Path, route: dict[str, Any], place: str
) -> None:
    settings = Settings(tmp_path, "", tmp_path / "sources.toml", tmp_path / "keys", Mode.DEMO)
    peer = 'name = "a"\norgan = "a"\ncredit_code = "91420112MA4K000005"\nenvelope = "a"\n'
    (tmp_path / "peers.toml").write_text(f"[[peers]]\n{peer}route =")
    reroute(settings, route)
    with pytest.raises(PeersUnfit, match=place):
        check(settings, NOON)
