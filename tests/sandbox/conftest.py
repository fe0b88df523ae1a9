"""One sandbox served for all tests of the room, and the world of the default demo as data."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox import dataset, files
from tests.conftest import embedded_postgres

REPOSITORY = Path(__file__).resolve().parents[2]
START_SECONDS = 30.0


class Served:
    """A running `python -m sandbox serve` and the file it wrote."""

    def __init__(self, state: Path, postgres: str, *extra: str, seed: int = 1, size: int = 400) -> None:
        self.state, self.ready = state, state.parent / f"{state.name}-ready.json"
        words = [
            "serve",
            "--state",
            state,
            "--postgres",
            postgres,
            "--ready",
            self.ready,
            "--seed",
            seed,
            "--size",
            size,
        ]
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sandbox", *map(str, words), *extra],
            cwd=REPOSITORY,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait(self) -> Served:
        """Until it says it is ready; a failure shows what it said."""
        while not self.ready.exists():
            if self.process.poll() is not None or time.monotonic() - self.began > START_SECONDS:
                self.process.kill()
                pytest.fail(f"the sandbox did not start: {self.process.communicate()[1]}")
            time.sleep(0.02)
        self.took = time.monotonic() - self.began
        self.where: dict[str, Any] = json.loads(self.ready.read_text())
        return self

    def stop(self, how: int = signal.SIGTERM) -> tuple[int, float]:
        """Exit code and seconds."""
        began = time.monotonic()
        self.process.send_signal(how)
        code = self.process.wait(timeout=20)
        if self.process.stderr:
            self.process.stderr.close()
        return code, time.monotonic() - began


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL of this room's own: each sandbox gives its roles new passwords, and other rooms' goes on."""
    with embedded_postgres() as url:
        yield url


@pytest.fixture(scope="session")
def serve(postgres_url: str) -> Iterator[Callable[..., Served]]:
    """Start a sandbox over a state folder; whatever still runs at the end is stopped."""
    running: list[Served] = []

    def start(state: Path, *extra: str, postgres: str = postgres_url, **options: int) -> Served:
        running.append(Served(state, postgres, *extra, **options))
        return running[-1]

    yield start
    for served in running:
        if served.process.poll() is None:
            served.process.kill()
            served.process.wait()


@pytest.fixture(scope="session")
def sandbox(serve: Callable[..., Served], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The default demo, running."""
    served = serve(tmp_path_factory.mktemp("sandbox") / "state").wait()
    yield served
    served.stop()


@pytest.fixture(scope="session")
def demo() -> dataset.Dataset:
    """The rows of the default demo; places of CSV rows are set only once written."""
    return dataset.build(1, 400)


@pytest.fixture(scope="session")
def folder(demo: dataset.Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The default demo on disk."""
    path = tmp_path_factory.mktemp("demo")
    files.write(demo, path)
    return path


@pytest.fixture(scope="session")
def expected(folder: Path) -> list[dict[str, Any]]:
    """The lines of expected.jsonl."""
    return [json.loads(line) for line in (folder / "expected.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.fixture(autouse=True)
def _no_proxy() -> None:
    # a proxy of the developer's machine must not stand between the tests and 127.0.0.1
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"
