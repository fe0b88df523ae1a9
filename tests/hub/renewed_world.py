"""A hub that travels in time with a timestamp authority of the sandbox, whose certificates end and are followed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from core.clock import FixedClock
from hub import evidence_renewal, holdings, log_sealing
from hub.context import Hub
from hub.evidence_renewal import Outcome
from hub.press import timestamp_client
from hub.press_file import TimestampPart
from sandbox import tsa
from signing.tsa import TimestampClient
from tests.hub.conftest import NOON

LOG = "archive"
YEAR = timedelta(days=365)


@dataclass
class Traveller:
    """One moment for hub and authority.

    Attributes:
        trust: roots of every authority that ever served, PEM files.
    """

    hub: Hub
    folder: Path
    now: datetime = NOON
    url: str = ""
    trust: tuple[Path, ...] = ()
    running: tsa.TimestampServer | None = None

    def authority(self, days: int) -> None:
        """A new authority, whose certificates are valid from now for so many days, in place of the one before."""
        self.stop()
        kept = tsa.keys(self.folder / f"tsa-{len(self.trust)}", begins=self.now, days=days)
        self.running = tsa.TimestampServer()
        self.running.serve(replace(kept, clock=lambda: self.now))
        described = kept.described()
        given = self.hub.settings.keys / "trust"
        given.mkdir(exist_ok=True)
        for key in ("trust_file", "trust_file_p256"):
            file = given / f"{len(self.trust)}.pem"
            file.write_bytes(Path(described[key]).read_bytes())
            self.trust = (*self.trust, file)
        self.url = self.running.url
        self.configure(self.url)

    def configure(self, url: str) -> None:
        text = f'[timestamp]\nurl = "{url}"\ntimeout_seconds = 5\n'
        (self.hub.settings.keys / "press.toml").write_text(text)

    def stop(self) -> None:
        if self.running is not None:
            self.running.stop()
            self.running = None

    def go(self, by: timedelta) -> Hub:
        """So much later."""
        self.now += by
        self.hub = replace(self.hub, clock=FixedClock(self.now))
        return self.hub

    def seal(self) -> None:
        holdings.KEPT.seal_head(self.hub)

    def renew(self, *, force: bool = False, after_gap: bool = False) -> Outcome:
        return evidence_renewal.renew(self.hub, LOG, force=force, after_gap=after_gap)


@contextmanager
def travelling(hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Traveller]:
    """Heads are stamped at the traveller's moment, which the machine's clock would call years off."""
    traveller = Traveller(hub, folder)

    def client(part: TimestampPart) -> TimestampClient:
        return timestamp_client(part, FixedClock(traveller.now))

    monkeypatch.setattr(log_sealing, "timestamp_client", client)
    try:
        yield traveller
    finally:
        traveller.stop()
