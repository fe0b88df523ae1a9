"""Heads carry timestamps of an authority that shares no code with ours, and say so when they could not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from core.clock import SystemClock
from hub import audit
from hub.context import Hub, open_hub
from sandbox import tsa
from tests.hub.logs import add, kinds, superuser_of
from tests.preparing import demo_keys

NOBODY = "http://127.0.0.1:1/tsa"


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Its address, and the certificate to trust it by."""
    kept = tsa.keys(tmp_path / "tsa")
    running = tsa.TimestampServer()
    running.serve(kept)
    yield running.url, kept.described()["trust_file"]
    running.stop()


@pytest.fixture
def log(hub: Hub) -> Iterator[Hub]:
    """By the machine's clock: the authority goes by it too."""
    with open_hub(hub.settings, SystemClock()) as opened:
        demo_keys(opened.settings, opened.clock)
        yield opened


def configure(hub: Hub, url: str, when_down: str = "wait") -> None:
    (hub.settings.keys / "press.toml").write_text(
        f'[timestamp]\nurl = "{url}"\nwhen_down = "{when_down}"\ntimeout_seconds = 5\n'
    )


def trust(hub: Hub, certificate: str) -> None:
    folder = hub.settings.keys / "trust"
    folder.mkdir()
    (folder / "tsa.pem").write_bytes(Path(certificate).read_bytes())


def test_a_head_is_stamped_and_the_stamp_is_checked(log: Hub, authority: tuple[str, str], postgres_url: str) -> None:
    configure(log, authority[0])
    add(log, 3)
    head = audit.seal_head(log)
    assert head.stamp is not None
    assert head.unstamped is None
    report = audit.verify(log)
    assert report.sound, report.findings
    assert report.notes == ["1 of 1 heads without a timestamp that was judged good"], "nobody trusts the authority yet"
    trust(log, authority[1])
    assert audit.verify(log).notes == []
    configure(log, authority[0])
    other = audit.seal_head(log)
    superuser_of(log, postgres_url).run("update log_head set stamp = %s where number = 0", (other.stamp,))
    assert kinds(log) == {"head"}


@pytest.mark.parametrize("when_down", ["wait", "mark"])
def test_a_head_without_a_stamp_says_why_and_is_sealed_all_the_same(log: Hub, when_down: str) -> None:
    configure(log, NOBODY, when_down)
    add(log, 1)
    head = audit.seal_head(log)
    assert head.stamp is None
    assert "does not answer" in (head.unstamped or "")
    assert audit.verify(log).notes == ["1 of 1 heads without a timestamp that was judged good"]


class _Behind:
    """A clock a quarter of an hour behind."""

    def now(self) -> datetime:
        return SystemClock().now() - timedelta(minutes=15)


def test_a_clock_that_was_wrong_is_noted_by_the_stamp(hub: Hub, authority: tuple[str, str]) -> None:
    with open_hub(hub.settings, _Behind()) as behind:
        demo_keys(behind.settings, behind.clock)
        configure(behind, authority[0])
        trust(behind, authority[1])
        add(behind, 1)
        assert audit.seal_head(behind).stamp is not None
    with open_hub(hub.settings, SystemClock()) as right:
        report = audit.verify(right)
    assert report.sound, report.findings
    (note,) = report.notes
    assert note.endswith("(UTC): the hub's clock was wrong")
