"""A stock of licences under the seal of a bureau that another has followed; grown once, copied for each test."""

from __future__ import annotations

from pathlib import Path

from benchmarks.licence_stock import grow
from core.clock import FixedClock
from core.settings import Mode, Settings
from hub.context import open_hub
from store.vault import make_keyring
from tests.hub.conftest import NOON
from tests.hub.old_seals import use_new_seal, write_succession
from tests.preparing import prepare


def grown_stock(home: Path, url: str, count: int) -> Settings:
    """So many licences of the demo's bureau in a hub that is from today on the new bureau's."""
    make_keyring(home / "keys")
    settings = Settings(
        home=home, database_url=url, sources_file=home / "sources.toml", keys=home / "keys", mode=Mode.DEMO,
        public_url="http://127.0.0.1:8700",
    )  # fmt: skip
    prepare(settings, FixedClock(NOON))
    with open_hub(settings, FixedClock(NOON)) as hub:
        grow(hub, count)
        use_new_seal(hub, NOON)
    write_succession(settings, NOON.date())
    return settings
