"""The departments as the sandbox plays them: started as a process, read as a hub reads them."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from connectors.endpoints import Endpoints
from onebox.sandbox import as_toml

SIZE = 40


@dataclass(frozen=True)
class Departments:
    """The running sandbox: what it announced, and the truth it was made from."""

    ready: dict[str, Any]
    state: Path

    def endpoints(self) -> Endpoints:
        """The sources file of the hub, without the ports on which faults are ordered."""
        sections = {
            name: {key: value for key, value in part.items() if key != "admin_url"}
            for name, part in self.ready.items()
            if isinstance(part, dict)
        }
        return Endpoints(sections, origin="the sandbox", folder=self.state)

    def write_sources(self, path: Path) -> None:
        """The hub's sources file, as the one-box world writes it."""
        announced = {name: part for name, part in self.ready.items() if isinstance(part, dict)}
        announced["market"] = {"folder": str(self.state / "market")}
        path.write_text(as_toml(announced), encoding="utf-8")
        path.chmod(0o600)

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
