"""What every store of packages promises, of a folder and of an S3 server alike; and what each says when it cannot."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from core.clock import FixedClock
from core.digest import sm3
from core.settings import Mode, Settings
from hub import holdings
from hub.archive_remote import _S3_OPTIONS
from hub.archive_store import (
    ArchiveAway,
    ArchiveRefuses,
    ArchiveStore,
    ArchiveUnset,
    HoldingsAway,
    PackageGone,
    PackageOccupied,
)
from hub.context import Hub
from hub.deposit import deposit_all
from hub.files import FileAltered
from hub.issue import decide, issue_all
from hub.keeping import walk
from store.connection import fetch_all
from tests.archive_stores import Place, in_bucket, in_folder, in_memory, s3_server
from tests.hub.conftest import NOON

#: What makes each kind of store one that is not there.
NOWHERE: dict[str, Callable[[Place], dict[str, Any]]] = {
    "folder": lambda place: {"home": place.settings.home / "nowhere"},
    "bucket": lambda _: {"archive": "s3://no-such-bucket/district"},
    "memory": lambda _: {"archive": "memory://nowhere"},
}
PATH = "archive/2026/420112-food-2026-00001.zip"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with s3_server() as address:
        yield address


@pytest.fixture(params=["folder", "bucket", "memory"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def place_of(kind: str, settings: Settings, server: str) -> Place:
    if kind == "bucket":
        return in_bucket(settings, server)
    return in_folder(settings) if kind == "folder" else in_memory(settings)


@pytest.fixture
def settings_here(tmp_path: Path) -> Settings:
    """Of a hub that needs no database."""
    return Settings(tmp_path, "", tmp_path / "sources.toml", tmp_path / "keys", Mode.DEMO)


@pytest.fixture
def place(kind: str, server: str, settings_here: Settings) -> Place:
    return place_of(kind, settings_here, server)


def test_what_was_put_is_there_whole_and_may_be_put_again(place: Place) -> None:
    store = place.store
    assert not store.exists(PATH)
    with pytest.raises(PackageGone, match="HUB-984"):
        store.get(PATH)
    for _ in range(2):
        store.put(PATH, b"a package")
    assert store.exists(PATH) and store.available()
    assert place.store.get_checked(PATH, sm3(b"a package")) == b"a package"
    with pytest.raises(FileAltered):
        place.store.get_checked(PATH, sm3(b"another"))


def test_another_package_in_the_same_place_is_refused_and_stays(place: Place) -> None:
    place.forge(PATH, b"what lay there")
    with pytest.raises(PackageOccupied, match="HUB-982"):
        place.store.put(PATH, b"a package")
    assert place.store.get(PATH) == b"what lay there"


def test_what_another_wrote_in_between_is_not_written_over(
    settings_here: Settings, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bucket itself refuses; on a folder the lock on the licence keeps two processes away from each other."""
    place = in_bucket(settings_here, server)
    store = place.store
    look = store.get

    def looked_too_early(path: str) -> bytes:
        monkeypatch.setattr(store, "get", look)
        place.forge(path, b"of another process")
        raise PackageGone("nothing was there when it was looked at")

    monkeypatch.setattr(store, "get", looked_too_early)
    with pytest.raises(PackageOccupied):
        store.put(PATH, b"a package")
    assert store.get(PATH) == b"of another process"


def test_a_folder_or_bucket_that_is_not_there_is_said_so(place: Place, kind: str) -> None:
    store = ArchiveStore.of(replace(place.settings, **NOWHERE[kind](place)))
    assert not store.available()
    with pytest.raises(HoldingsAway, match="HUB-974"):
        store.demand_available()
    if kind == "bucket":
        for act in (lambda: store.get(PATH), lambda: store.put(PATH, b"a package")):
            with pytest.raises(ArchiveRefuses, match=r"HUB-981 s3://no-such-bucket/district/archive is not there"):
                act()


def test_a_server_that_gives_no_right_is_not_asked_again(server: str, settings_here: Settings) -> None:
    place = in_bucket(settings_here, server)
    place.store.put(PATH, b"a package")
    # from now on the server looks at the keys, and knows none of ours
    requests.post(f"{server}/moto-api/reset-auth", data="0", timeout=10).raise_for_status()
    try:
        for act in (place.store.available, lambda: place.store.get(PATH), lambda: place.store.put(PATH, b"a package")):
            with pytest.raises(ArchiveRefuses, match="HUB-981"):
                act()
    finally:
        requests.post(f"{server}/moto-api/reset-auth", data="1000000000", timeout=10).raise_for_status()
    assert place.store.get(PATH) == b"a package"


class _Failing(BaseHTTPRequestHandler):
    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        self.do_PUT()

    def do_HEAD(self) -> None:
        self.do_PUT()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def away(server: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[str]:
    """An address behind which nobody listens, or a server that answers 503."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    # fsspec keeps one driver per options: the name makes it another
    once = {"retries": {"total_max_attempts": 1}, "user_agent_extra": f"test-{port}"}
    monkeypatch.setattr("hub.archive_remote._S3_OPTIONS", {"config_kwargs": once})
    if request.param == "no server":
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        yield f"s3://unreachable-{port}"
        return
    failing = HTTPServer(("127.0.0.1", port), _Failing)
    thread = threading.Thread(target=failing.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    yield f"s3://failing-{port}"
    failing.shutdown()
    failing.server_close()
    thread.join()


@pytest.mark.parametrize("away", ["no server", "503"], indirect=True)
def test_a_server_that_does_not_answer_is_to_be_asked_again(away: str, settings_here: Settings) -> None:
    store = ArchiveStore.of(replace(settings_here, archive=away))
    for act in (store.available, lambda: store.get(PATH), lambda: store.put(PATH, b"a package")):
        with pytest.raises(ArchiveAway, match="HUB-980") as told:
            act()
        assert "very-secret" not in str(told.value)


def test_a_kind_of_store_nobody_speaks_to_is_named(settings_here: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for address in ("nothing://somewhere/x", "gs://no-driver/x", "sftp://any-host/x"):
        with pytest.raises(ArchiveUnset, match="HUB-983"):
            ArchiveStore.of(replace(settings_here, archive=address))
    monkeypatch.setitem(sys.modules, "botocore.exceptions", None)  # as where the extra is not installed
    with pytest.raises(ArchiveUnset, match="extra `s3`"):
        ArchiveStore.of(replace(settings_here, archive="s3://bucket"))


def test_a_user_in_the_address_is_in_no_message(settings_here: Settings) -> None:
    settings = replace(settings_here, archive="s3://wang@bucket/x")
    assert "wang" not in repr(settings) + ArchiveStore.of(settings).where


def rows(hub: Hub, statement: str) -> list[Any]:
    return [row[0] for row in fetch_all(hub.connection, statement)]


def unsound(hub: Hub) -> list[str]:
    return [finding.kind for finding in holdings.verify(hub).findings]


def test_packages_are_deposited_walked_and_held_against_the_log(ready: Hub, kind: str, server: str) -> None:
    place = place_of(kind, ready.settings, server)
    hub = replace(ready, settings=place.settings)
    issue_all(hub, decide(hub).to_issue[:2])
    assert len(deposit_all(hub)) == 2 and deposit_all(hub) == []
    holdings.KEPT.seal_head(hub)
    one, other = rows(hub, "select path from archive_package order by path")
    if kind == "bucket":
        assert not (hub.settings.home / "archive").exists(), "nothing lies beside the bucket"

    pauses: list[float] = []
    walked = walk(later(hub, 1), days=0, rate=1_000, pause=pauses.append)
    assert (walked.checked, walked.invalid, walked.unjudged, len(pauses)) == (2, (), (), 2)
    assert holdings.verify(hub).sound

    whole = place.store.get(one)
    place.forge(one, place.store.get(other))
    place.take_away(other)
    assert unsound(hub) == ["package", "package"]
    assert len(walk(later(hub, 2), days=0).invalid) == 2
    place.forge(other, whole)

    checks = rows(hub, "select count(*) from archive_check")
    away = replace(hub, settings=replace(hub.settings, **NOWHERE[kind](place)))
    for act in (walk, holdings.verify):
        with pytest.raises(HoldingsAway):
            act(later(away, 3))
    assert rows(hub, "select count(*) from archive_check") == checks, "no package is condemned"


def later(hub: Hub, days: int) -> Hub:
    return replace(hub, clock=FixedClock(NOON + timedelta(days=days)))


class Killed(BaseException):
    """The process died."""


def test_a_run_that_died_before_the_record_is_gone_on_with(ready: Hub, kind: str, server: str) -> None:
    place = place_of(kind, ready.settings, server)
    hub = replace(ready, settings=place.settings)
    issue_all(hub, decide(hub).to_issue[:1])

    def die(step: str) -> None:
        if step == "package.written":
            raise Killed

    with pytest.raises(Killed):
        deposit_all(hub, die)
    assert rows(hub, "select count(*) from archive_package") == [0]
    (path,) = place.held()
    put = place.store.get(path)

    # what is not this case is neither recorded nor written over
    place.forge(path, put[:-1])
    with pytest.raises(PackageOccupied, match="HUB-982"):
        deposit_all(hub)
    assert place.store.get(path) == put[:-1]

    place.forge(path, put)
    deposit_all(hub)
    assert rows(hub, "select encode(sm3, 'hex') from archive_package") == [sm3(put).hex()] and unsound(hub) == []


@pytest.mark.parametrize("away", ["no server"], indirect=True)
def test_a_store_that_cannot_be_reached_loses_nothing(
    ready: Hub, away: str, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue_all(ready, decide(ready).to_issue[:1])
    beyond = replace(ready, settings=replace(ready.settings, archive=away))
    with pytest.raises(ArchiveAway):
        deposit_all(beyond)
    with monkeypatch.context() as back:
        back.setattr("hub.archive_remote._S3_OPTIONS", _S3_OPTIONS)
        back.setenv("AWS_ENDPOINT_URL", server)
        assert len(deposit_all(replace(ready, settings=in_bucket(ready.settings, server).settings))) == 1
    for act in (walk, holdings.verify):
        with pytest.raises(ArchiveAway):
            act(later(beyond, 100))
    assert rows(ready, "select verdict from archive_check") == ["valid"], "no package is condemned"
