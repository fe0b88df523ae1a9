"""The departments as the sandbox plays them: started as a process, read as a hub reads them."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import requests

from connectors.endpoints import Endpoints
from onebox.sandbox import as_toml

SIZE = 40
#: What licences of the first three types rest on: less to read than `hub.sources.evidence_resources`, and enough for
#: some licences to be issued.
EVIDENCE = (
    "bureau.accept", "bureau.result", "civil.social_org", "hr.insurance", "hr.vocational", "tax.clearance",
    "tax.registration",
)  # fmt: skip


@dataclass(frozen=True)
class Departments:
    """The running sandbox: what it announced, and the truth it was made from."""

    ready: dict[str, Any]
    state: Path

    def endpoints(self) -> Endpoints:
        """The sources file of the hub, without the ports on which faults are ordered."""
        return Endpoints(tomllib.loads(self._as_toml()), origin="the sandbox", folder=self.state)

    def unreachable(self) -> Endpoints:
        """The same sources file, with addresses at which nobody answers."""
        nowhere = {
            "dsn": "postgresql://127.0.0.1:1/x", "write_dsn": "postgresql://127.0.0.1:1/x", "folder": "/nowhere",
            "base_url": "http://127.0.0.1:1", "address": "http://127.0.0.1:1", "wsdl": "http://127.0.0.1:1", "port": 1,
        }  # fmt: skip
        sections = {
            name: {key: nowhere.get(key, value) for key, value in part.items()}
            for name, part in tomllib.loads(self._as_toml()).items()
        }
        return Endpoints(sections, origin="nowhere", folder=self.state)

    def write_sources(self, path: Path) -> None:
        """The hub's sources file, as the one-box world writes it."""
        path.write_text(self._as_toml(), encoding="utf-8")
        path.chmod(0o600)

    def _as_toml(self) -> str:
        return as_toml({name: part for name, part in self.ready.items() if isinstance(part, dict)})

    def hand_out_again(self) -> None:
        """Take the consumed markers off, as nobody but the department could: the next reader gets every row."""
        with closing(psycopg2.connect(self.ready["police"]["write_dsn"])) as connection, connection.cursor() as cursor:
            cursor.execute("UPDATE hj_czrk SET oper_status = '0'")
            cursor.execute("UPDATE hj_csdj SET oper_status = NULL")
            connection.commit()

    def order_fault(
        self, kind: str | None, times: int = 1, page: int | None = None, *, of: str = "tax", **more: str
    ) -> None:
        order = {"kind": kind, "times": times, "page": page, **more}
        answer = requests.post(f"{self.ready[of]['admin_url']}/_fault", json=order, timeout=5)
        assert answer.status_code == 200, answer.text

    def expected(self, resource: str) -> list[dict[str, Any]]:
        """What the sandbox says it holds of `resource`, one entry a source row."""
        with Path(self.ready["expected"]).open(encoding="utf-8") as lines:
            return [entry for entry in map(json.loads, lines) if entry.get("resource") == resource]


@contextmanager
def started(postgres_url: str, state: Path) -> Iterator[Departments]:
    """The sandbox with its data below `state`, until the block ends."""
    ready = state / "ready.json"
    log = state / "sandbox.log"
    arguments = ["--state", str(state / "data"), "--seed", "7", "--size", str(SIZE)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "sandbox", "serve", *arguments, "--postgres", postgres_url, "--ready", str(ready)],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            deadline = time.monotonic() + 60
            while not ready.exists():
                assert process.poll() is None, log.read_text(encoding="utf-8", errors="replace")
                assert time.monotonic() < deadline, "the sandbox is not ready after 60 s"
                time.sleep(0.1)
            yield Departments(json.loads(ready.read_text(encoding="utf-8")), state / "data")
        finally:
            process.terminate()
            process.wait(timeout=20)
