"""What `hub.install` makes for a demonstration, made once for all tests and copied: to make keys, the picture of a seal
and passwords takes longer than most tests do."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from datetime import datetime
from functools import cache
from pathlib import Path

from core.clock import Clock, FixedClock, SystemClock
from core.settings import Mode, Settings
from hub import access_demo, install
from hub.press import DEMO


def prepare(settings: Settings, clock: Clock | None = None) -> list[str]:
    """As `hub.install.prepare`."""
    if settings.mode is Mode.DEMO:
        _copy_keys(settings, clock)
        if not settings.access_file.exists():
            shutil.copytree(_accounts(), settings.home, dirs_exist_ok=True)
    return install.prepare(settings, clock)


def demo_keys(settings: Settings, clock: Clock | None = None) -> None:
    """As `hub.install.demo_keys`."""
    _copy_keys(settings, clock)
    install.demo_keys(settings, clock)


def _copy_keys(settings: Settings, clock: Clock | None) -> None:
    if not (settings.keys / DEMO).exists():
        # they begin to hold where the clock stands; of the machine's clock, when a test first asked
        moment = None if clock is None or isinstance(clock, SystemClock) else clock.now()
        shutil.copytree(_keys(moment), settings.keys, dirs_exist_ok=True)


@cache
def _keys(moment: datetime | None) -> Path:
    settings = _nowhere()
    install.demo_keys(settings, SystemClock() if moment is None else FixedClock(moment))
    return settings.keys


@cache
def _accounts() -> Path:
    settings = _nowhere()
    access_demo.make(settings)
    return settings.home


def _nowhere() -> Settings:
    home = Path(tempfile.mkdtemp(prefix="hub-prepared-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    return Settings(home, "", home / "sources.toml", home / "keys", Mode.DEMO)
