"""An application over a real store, with a clock that moves and an access file with accounts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from core.clock import SHANGHAI
from core.settings import Mode, Settings
from store.vault import make_keyring
from tests.hub.access_files import write
from web.app import create_app

MORNING = datetime(2026, 11, 20, 9, 0, tzinfo=SHANGHAI)


class MovingClock:
    """Stands where the test puts it."""

    def __init__(self) -> None:
        self.moment = MORNING

    def now(self) -> datetime:
        return self.moment

    def forward(self, **parts: float) -> None:
        self.moment += timedelta(**parts)


@dataclass
class Site:
    """The application and what it stands on."""

    app: FastAPI
    settings: Settings
    clock: MovingClock

    def browser(self, base_url: str = "http://127.0.0.1") -> TestClient:
        """A browser of its own; it does not follow a redirect by itself."""
        return TestClient(self.app, base_url=base_url, follow_redirects=False)


@pytest.fixture
def web_settings(database_url: str, tmp_path: Path) -> Settings:
    make_keyring(tmp_path / "keys")
    (tmp_path / "sources.toml").write_text("")
    (tmp_path / "sources.toml").chmod(0o600)
    write(tmp_path / "access.toml")
    return Settings(tmp_path, database_url, tmp_path / "sources.toml", tmp_path / "keys", Mode.DEMO, signs=False)


@pytest.fixture
def site(web_settings: Settings) -> Iterator[Site]:
    clock = MovingClock()
    yield Site(create_app(web_settings, clock=clock), web_settings, clock)
