"""Daily files that break off, come in another encoding, change while they are read, or are sent again.

A file that is not what its control file says is refused whole, by name; the next file has its turn; sent again it is
read, and the end is that of a department that never erred.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from connectors.port import FileRefused
from core.clock import FixedClock
from core.errors import HubError
from core.settings import Settings
from hub.collect import collect
from hub.context import open_hub
from onebox.sandbox import as_toml
from sandbox.daily_faults import recoded, truncated
from store.connection import fetch_all
from tests.connectors.sftp import PASSWORD, USER, Server, host_key, running
from tests.departments import Departments
from tests.faults.conftest import NOON, FreshHub, ended

RESOURCE = "hr.vocational"


class Office:
    """An SFTP server with the sandbox's files, which the test may spoil, and hubs that read it."""

    def __init__(self, server: Server, fresh_hub: FreshHub) -> None:
        self.server = server
        self._fresh_hub = fresh_hub

    @property
    def files(self) -> list[Path]:
        """The days' files that have a control file, oldest first."""
        return sorted(path.with_suffix(".csv") for path in self.server.root.rglob("zyzg_*.ctl"))

    def hub(self) -> Settings:
        settings = self._fresh_hub()
        server = self.server
        section = {
            "host": "127.0.0.1",
            "port": server.port,
            "username": USER,
            "password": PASSWORD,
            "host_key": f"{server.key.get_name()} {server.key.get_base64()}",
            "folder": "/out",
        }
        settings.sources_file.write_text(as_toml({"hr": section}), encoding="utf-8")
        return settings


def read(settings: Settings) -> HubError | None:
    """What a collect ended with."""
    with open_hub(settings, FixedClock(NOON)) as hub:
        try:
            collect(hub, RESOURCE)
        except HubError as error:
            return error
    return None


@pytest.fixture
def office(departments: Departments, fresh_hub: FreshHub, tmp_path: Path) -> Iterator[Office]:
    root = tmp_path / "server"
    shutil.copytree(departments.state / "out", root / "out")
    with running(Server(root, host_key(tmp_path / "host-key"))) as server:
        yield Office(server, fresh_hub)


@contextmanager
def _uploading(path: Path) -> Iterator[None]:
    """The control file came before the last rows did; a moment later all is there."""
    whole = path.read_bytes()
    path.write_bytes(whole[:-40])
    try:
        yield
    finally:
        path.write_bytes(whole)


#: How a file may be wrong for a while, and what the refusal says of it.
SPOILT: dict[str, tuple[Callable[[Path], Any], str]] = {
    "truncated": (truncated, "bytes should be"),
    "recoded": (recoded, "UTF-8 damaged"),
    "uploading": (_uploading, "bytes should be"),
}


def _substance(state: dict[str, Any]) -> dict[str, Any]:
    """What is held, set aside and changed, without how many batches and pages it took."""
    return {what: state[what] for what in ("records", "rows", "history", "quarantine")}


@pytest.mark.parametrize("kind", SPOILT)
@pytest.mark.usefixtures("small_pages")
def test_a_spoilt_last_file_is_refused_by_name_and_read_once_it_is_right(office: Office, kind: str) -> None:
    wanted_in = office.hub()
    assert read(wanted_in) is None
    settings = office.hub()
    spoil, says = SPOILT[kind]
    last = office.files[-1]
    with spoil(last):
        refused = read(settings)
        assert isinstance(refused, FileRefused)
        assert f"{RESOURCE}: {last.parent.name}/{last.name} is refused: " in str(refused)
        assert says in str(refused)
        # Asked again, it is neither read nor refused a second time.
        assert read(settings) is None
    assert read(settings) is None
    assert _substance(ended(settings)) == _substance(ended(wanted_in))


@pytest.mark.usefixtures("small_pages")
def test_a_spoilt_file_in_the_middle_does_not_hold_up_the_days_behind_it(office: Office) -> None:
    settings = office.hub()
    middle = office.files[1]
    with truncated(middle):
        refused = read(settings)
        assert isinstance(refused, FileRefused)
        assert middle.name in str(refused)
        assert read(settings) is None
    assert office.files[-1].name in str(ended(settings)["cursors"])
    with open_hub(settings, FixedClock(NOON)) as hub:
        told = fetch_all(hub.connection, "select code, message from batch_trouble")
    assert [(code, middle.name in message) for code, message in told] == [("HUB-104", True)]


@pytest.mark.usefixtures("small_pages")
def test_the_same_file_sent_again_changes_nothing(office: Office) -> None:
    settings = office.hub()
    assert read(settings) is None
    before = _substance(ended(settings))
    _send_again(office.files[-1])
    assert read(settings) is None
    assert _substance(ended(settings)) == before


def _send_again(path: Path) -> None:
    """The same rows under a control file that was written anew."""
    control = path.with_suffix(".ctl")
    control.write_text(control.read_text(encoding="ascii").replace("\n", " \n", 1), encoding="ascii")


@pytest.mark.usefixtures("small_pages")
def test_a_file_written_over_while_it_is_read_is_read_again(fresh_hub: FreshHub, departments: Departments) -> None:
    """The sandbox's own server gives half of one upload and half of another, once."""
    wanted_in, settings = fresh_hub(), fresh_hub()
    assert read(wanted_in) is None
    departments.order_fault("replaced", times=1, of="hr")
    try:
        assert read(settings) is None
    finally:
        departments.order_fault(None, of="hr")
    assert ended(settings) == ended(wanted_in)


@pytest.mark.usefixtures("small_pages")
def test_a_file_that_is_always_written_over_is_refused_by_name(fresh_hub: FreshHub, departments: Departments) -> None:
    settings = fresh_hub()
    departments.order_fault("replaced", times=1000, of="hr")
    try:
        refused = read(settings)
    finally:
        departments.order_fault(None, of="hr")
    assert isinstance(refused, FileRefused)
    assert f"{RESOURCE}: " in str(refused)
