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
        made = _made(_moment(clock))
        _copy_keys(made, settings)
        if not settings.access_file.exists():
            shutil.copytree(made.home, settings.home, dirs_exist_ok=True, ignore=shutil.ignore_patterns(made.keys.name))
    return install.prepare(settings, clock)


def demo_keys(settings: Settings, clock: Clock | None = None) -> None:
    """As `hub.install.demo_keys`."""
    _copy_keys(_made(_moment(clock)), settings)
    install.demo_keys(settings, clock)


def _moment(clock: Clock | None) -> datetime | None:
    """When keys begin to hold: where the clock stands, or, of one that goes, when a test first asked."""
    return None if clock is None or isinstance(clock, SystemClock) else clock.now()


@cache
def _made(moment: datetime | None) -> Settings:
    home = Path(tempfile.mkdtemp(prefix="hub-prepared-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    settings = Settings(home, "", home / "sources.toml", home / "keys", Mode.DEMO)
    install.demo_keys(settings, SystemClock() if moment is None else FixedClock(moment))
    access_demo.make(settings)
    return settings


def _copy_keys(made: Settings, settings: Settings) -> None:
    if not (settings.keys / DEMO).exists():
        shutil.copytree(made.keys, settings.keys, dirs_exist_ok=True)
