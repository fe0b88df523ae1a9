"""A demo's world from outside: run it, kill it, see what it left running, and read what it left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg2

from core.digest import sm3
from core.settings import Settings
from hub.context import Hub, open_hub
from onebox import environment
from onebox.layout import REPOSITORY, Layout
from onebox.postgres import Cluster
from store.connection import fetch_all

#: What a run may add to without anything having happened: a batch that found nothing, a look that was logged.
#: What tells of readings; the overlap reads some rows again, in pages cut in another place, to see them unchanged.
_MAY_GROW = {
    "batch", "batch_part", "batch_trouble", "audit_entry", "audit_about", "log_waiting", "log_leaf",
    "log_tile", "log_head", "freshness_watch", "drift_normal", "drift_profile", "raw_page",
    "source_cursor",
}  # fmt: skip


@dataclass(frozen=True)
class Left:
    """What lies in a world that does not run: every row but the excepted ones, every file by its SM3."""

    tables: dict[str, list[str]]
    files: dict[str, str]


@dataclass(frozen=True)
class World:
    """One folder, and the `demo` that works in it."""

    var: Path

    def demo(self, *more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "onebox", "demo", "--var", str(self.var), *more],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def demo_to_its_end(self) -> str:
        with self.demo() as process:
            said, _ = process.communicate(timeout=240)
        assert process.returncode == 0, said[-6000:]
        assert "nothing left running" in said
        assert self.still_running() == []
        return said

    def demo_killed_when(self, ripe: Callable[[psycopg2.extensions.cursor], Any]) -> Any:
        """Start a demo and kill it by SIGKILL once `ripe` finds something in the hub's database; what it found."""
        with self.demo() as process:
            while process.poll() is None:
                found = self._look(ripe)
                if found:
                    process.send_signal(signal.SIGKILL)
                    process.wait(10)
                    break
                time.sleep(0.01)
            else:
                raise AssertionError("the demo ended before its time: " + process.communicate()[0][-4000:])
            assert process.returncode == -signal.SIGKILL
        deadline = time.monotonic() + 20
        while left := self.still_running():  # the guardian needs a moment
            assert time.monotonic() < deadline, left
            time.sleep(0.1)
        return found

    def _look(self, ripe: Callable[[psycopg2.extensions.cursor], Any]) -> Any:
        try:
            url = (self.var / "secrets" / "hub-database-url").read_text(encoding="utf-8").strip()
            connection = psycopg2.connect(url, connect_timeout=2)
        except (OSError, psycopg2.OperationalError):
            return None
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                while True:
                    try:
                        if found := ripe(cursor):
                            return found
                    except psycopg2.errors.UndefinedTable:
                        return None
                    time.sleep(0.01)
        except psycopg2.OperationalError:
            return None
        finally:
            connection.close()

    def still_running(self) -> list[str]:
        """Processes that bear the world's mark or work in its folder, told without the world's own code."""
        places = {str(self.var), str((self.var / "postgres").resolve())}
        found = []
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit() or int(folder.name) == os.getpid():
                continue
            try:
                words = (folder / "cmdline").read_bytes() + b"\0" + (folder / "environ").read_bytes()
                where = str((folder / "cwd").readlink())
            except OSError:  # it has ended, or is nobody's we could have started
                continue
            if any(place.encode() in words or where.startswith(place) for place in places):
                found.append(f"{folder.name} {words[:200]!r}")
        return found

    @contextmanager
    def hub(self) -> Iterator[Hub]:
        """The hub of the stopped world, on its PostgreSQL alone."""
        layout = Layout.of_checkout(self.var)
        with Cluster(layout.postgres, secrets_folder=layout.secrets) as cluster:
            given = Settings.from_environment(environment.for_components(layout))
            with open_hub(replace(given, database_url=cluster.url("hub", role="hub"))) as hub:
                yield hub

    def left(self, hub: Hub) -> Left:
        named = (
            "select tablename from pg_tables where schemaname = 'public' and tablename !~ '^record_[0-9]' order by 1"
        )
        tables = [table for (table,) in fetch_all(hub.connection, named) if table not in _MAY_GROW]
        return Left(
            tables={
                table: sorted(row for (row,) in fetch_all(hub.connection, f"select t::text from {table} t"))
                for table in tables
            },
            files={
                str(file.relative_to(self.var)): sm3(file.read_bytes()).hex()
                for folder in ("licences", "archive", "keys")
                for file in (self.var / folder).rglob("*")
                if file.is_file()
            },
        )
