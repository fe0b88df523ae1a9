"""A full disk, under the database or under the hub's temporary files, stops a collect by name; with room it goes on."""

from __future__ import annotations

import os
import resource as limits
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from connectors.scratch import ScratchRefused
from core.clock import FixedClock
from core.errors import HubError, Retryable
from core.settings import Settings
from hub.collect import collect
from hub.context import no_step, open_hub
from onebox.postgres import Cluster
from store.errors import StoreFull, StoreUnavailable
from store.migrate import migrate
from tests.departments import Departments
from tests.faults.conftest import NOON, FreshHub, collecting, ended

_FORK = get_context("fork")


@contextmanager
def _small_disk(folder: Path, megabytes: int) -> Iterator[None]:
    """`folder` becomes a filesystem of this size; the test is skipped where we may not mount one."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0711", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"a small filesystem cannot be mounted here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _fill(folder: Path, left_kb: int) -> Path:
    """Ballast that leaves so much room."""
    ballast = folder / "ballast"
    free = shutil.disk_usage(folder).free - left_kb * 1024
    with ballast.open("wb") as stream:
        os.posix_fallocate(stream.fileno(), 0, free)
    return ballast


def _read(settings: Settings, resource: str) -> HubError | None:
    try:
        with open_hub(settings, FixedClock(NOON)) as hub:
            collect(hub, resource)
    except HubError as error:
        return error
    return None


@pytest.mark.parametrize("left_kb", [64, 400])
@pytest.mark.usefixtures("small_pages")
def test_the_disk_under_the_tables_is_full(
    fresh_hub: FreshHub, new_database: Callable[..., str], own_cluster: Cluster, left_kb: int
) -> None:
    """The tables lie on a disk of their own, the write-ahead log has room: PostgreSQL says no and lives on."""
    resource = "tax.registration"
    own_cluster.start()
    disk = own_cluster.data.parent / f"tables-{left_kb}"
    with _small_disk(disk, 64):
        place = disk / "space"
        place.mkdir()
        data = own_cluster.data.stat()
        os.chown(place, data.st_uid, data.st_gid)
        place.chmod(0o700)
        own_cluster.ensure_role("hub")
        name = f"small{left_kb}"
        with own_cluster.admin() as cursor:
            cursor.execute(f"create tablespace {name} location '{place}'")
            cursor.execute(f"create database {name} owner hub tablespace {name}")
        undisturbed = fresh_hub()
        settings = replace(undisturbed, database_url=own_cluster.url(name, role="hub"))
        migrate(settings.database_url)
        collecting(undisturbed, resource)(no_step)
        ballast = _fill(disk, left_kb)
        try:
            stopped = _read(settings, resource)
            assert isinstance(stopped, StoreFull), stopped
            assert isinstance(stopped, Retryable)
            assert "disk under the hub's database is full" in str(stopped)
            again = _read(settings, resource)
            assert isinstance(again, StoreFull), again
        finally:
            ballast.unlink()
        assert _read(settings, resource) is None
        assert ended(settings) == ended(undisturbed)
        own_cluster.drop_database(name)
        with own_cluster.admin() as cursor:
            cursor.execute(f"drop tablespace {name}")


@pytest.mark.usefixtures("small_pages")
def test_the_disk_under_the_whole_server_is_full(fresh_hub: FreshHub) -> None:
    """The write-ahead log has no room either: PostgreSQL stops, and nothing that was committed is lost."""
    resource = "tax.registration"
    undisturbed = fresh_hub()
    collecting(undisturbed, resource)(no_step)
    folder = Path(tempfile.mkdtemp(prefix="hub-faults-", dir="/var/tmp"))
    folder.chmod(0o711)
    try:
        with _small_disk(folder / "disk", 160):
            cluster = Cluster(folder / "disk" / "postgres", secrets_folder=folder / "secrets", log=folder / "log")
            try:
                cluster.start()
                cluster.ensure_role("hub")
                cluster.ensure_database("hub", owner="hub")
                settings = replace(undisturbed, database_url=cluster.url("hub", role="hub"))
                migrate(settings.database_url)
                with cluster.admin() as cursor:
                    cursor.execute("checkpoint")
                # Room for the tables, and none for another 16 MB of the log.
                ballast = _fill(folder / "disk", 8192)

                def on_step(step: str) -> None:
                    if step == "page.landed":
                        _use_up_the_log(cluster)

                broke = pytest.raises(StoreUnavailable, match="connection to the hub's database broke")
                with broke, open_hub(settings, FixedClock(NOON)) as hub:
                    collect(hub, resource, on_step=on_step)
                assert "No space left on device" in (folder / "log").read_text(errors="replace")
                assert isinstance(_read(settings, resource), StoreUnavailable)
                ballast.unlink()
                assert cluster.pid is not None
                os.kill(cluster.pid, signal.SIGQUIT)
                cluster.stop()
                cluster.start()
                settings = replace(settings, database_url=cluster.url("hub", role="hub"))
                assert _read(settings, resource) is None
                assert ended(settings) == ended(undisturbed)
            finally:
                cluster.destroy()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _use_up_the_log(cluster: Cluster) -> None:
    """Write until there is no room for another segment of the write-ahead log, and nothing of it stays."""
    with pytest.raises(psycopg2.Error), cluster.admin("hub") as cursor:
        for _ in range(200):
            # A message of its own in the log, in no table: it takes room there only.
            cursor.execute("select pg_logical_emit_message(true, 'fill', repeat(md5(random()::text), 32768))")


def _in_a_process(work: Callable[[], Any]) -> Any:
    """What `work` returns, done in a process whose limits and folders are its own."""
    reader, writer = _FORK.Pipe(duplex=False)
    process = _FORK.Process(target=lambda: writer.send(work()))
    process.start()
    writer.close()
    try:
        return reader.recv()
    finally:
        process.join(60)


@pytest.mark.parametrize("shelf", ["sftp", "folder"])
@pytest.mark.usefixtures("small_pages")
def test_the_disk_under_the_temporary_files_is_full(
    fresh_hub: FreshHub, departments: Departments, monkeypatch: pytest.MonkeyPatch, shelf: str
) -> None:
    """The file that a department sends has no room here: not the department's fault, and nothing is refused for it."""
    name = "hr.vocational"
    if shelf == "folder":
        _as_a_folder(monkeypatch, name)
    undisturbed, settings = fresh_hub(), fresh_hub()
    if shelf == "folder":
        for one in (undisturbed, settings):
            one.sources_file.write_text(f'[hr]\nfolder = "{departments.state / "out"}"\n', encoding="utf-8")
    collecting(undisturbed, name)(no_step)

    def limited() -> tuple[str, str]:
        # As a disk would: no file may grow beyond 2 KB. SIGXFSZ is ignored by Python, so that write() fails.
        limits.setrlimit(limits.RLIMIT_FSIZE, (2048, 2048))
        error = _read(settings, name)
        return type(error).__name__, str(error)

    kind, message = _in_a_process(limited)
    assert kind == ScratchRefused.__name__, message
    assert f"{name}: what the department sends cannot be written to {tempfile.gettempdir()}" in message
    assert "the department is not at fault" in message
    assert _read(settings, name) is None
    assert ended(settings) == ended(undisturbed)


def _as_a_folder(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    from connectors import registry

    known = registry.load_all()
    access = known[name].access.model_copy(update={"protocol": "folder_csv"})
    changed = {**known, name: known[name].model_copy(update={"access": access})}
    monkeypatch.setattr(registry, "load_all", lambda: changed)


def test_no_folder_for_temporary_files_is_told(fresh_hub: FreshHub, tmp_path: Path) -> None:
    settings = fresh_hub()

    def nowhere() -> tuple[str, str]:
        tempfile.tempdir = str(tmp_path / "gone")
        error = _read(settings, "hr.vocational")
        return type(error).__name__, str(error)

    kind, message = _in_a_process(nowhere)
    assert kind == ScratchRefused.__name__, message
    assert "Make room there or set TMPDIR" in message
