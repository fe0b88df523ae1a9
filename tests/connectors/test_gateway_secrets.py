"""Secrets that end while pages are read, clocks that differ, and many who ask at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta

import pytest

from connectors.access import HeaderShape
from connectors.gateway_secrets import Issued, SecretChain, unwrapped
from connectors.gateway_signing import signed_headers, tif_signature
from connectors.port import SourceGarbled, SourceRefused
from core.clock import SHANGHAI
from tests.connectors.worlds import GatewayWorld, script

NOON = datetime(2026, 3, 2, 12, tzinfo=SHANGHAI)


class MovingClock:
    """A clock a test moves."""

    def __init__(self) -> None:
        self.moment = NOON

    def now(self) -> datetime:
        return self.moment


@pytest.fixture
def world() -> Iterator[GatewayWorld]:
    with ExitStack() as stack:
        found = GatewayWorld(stack, refreshes=True)
        found.put(script())
        yield found


def test_a_tif_signature_is_the_one_openssl_computes() -> None:
    # printf '1700000000tokennonce1700000000' | openssl dgst -sha256
    right = "ba864fe8ccab46b8d039e89c91916b5c1701c7a4fdf5bdab69da607e34568e9f"
    assert tif_signature("1700000000", "token", "nonce", "lower") == right
    assert tif_signature("1700000000", "token", "nonce", "upper") == right.upper()


def test_a_nonce_is_used_once_and_the_secret_is_in_no_header() -> None:
    first, second = (
        signed_headers(HeaderShape.X_TIF, rid="r", sid="s", secret="not-a-secret", now=NOON) for _ in range(2)
    )
    assert first["x-tif-nonce"] != second["x-tif-nonce"]
    assert "not-a-secret" not in str(first)


def test_two_stages_are_asked_for_once_for_all_pages(world: GatewayWorld) -> None:
    assert len(list(world.source().pages({}))) >= 4
    assert world.gateway.refreshed == 2
    list(world.source().pages({}))
    assert world.gateway.refreshed == 2


def test_a_secret_that_ends_between_two_pages_is_renewed_once_and_no_row_is_lost(world: GatewayWorld) -> None:
    source = world.source()
    reading = source.pages({})
    pages = [next(reading)]
    # the day's secret ends as well, so both are asked for again
    world.gateway.revoke()
    pages += reading
    codes = [record.fields["code"] for page in pages for record in source.records(page)]
    assert codes == [row.code for row in script()]
    assert world.gateway.refreshed == 4


def test_a_secret_that_is_refused_again_stops_after_one_renewal(world: GatewayWorld) -> None:
    reading = world.source().pages({})
    next(reading)
    before = world.gateway.refreshed
    world.gateway.replaced = lambda _: b'{"code":"api-401","data":null}'
    with pytest.raises(SourceRefused, match="api-401"):
        next(reading)
    assert world.gateway.refreshed - before == 1


@pytest.mark.parametrize("ahead_s", [-3600.0, 3600.0])
@pytest.mark.parametrize("refreshes", [False, True])
def test_a_gateway_whose_clock_is_off_is_followed(
    ahead_s: float, refreshes: bool, caplog: pytest.LogCaptureFixture
) -> None:
    with ExitStack() as stack:
        world = GatewayWorld(stack, refreshes=refreshes)
        world.put(script())
        world.gateway.ahead_s = ahead_s
        assert world.source().count({}) == 11
    assert "requests are signed by theirs" in caplog.text


def test_a_clock_that_jumps_while_pages_are_read_costs_one_more_request(world: GatewayWorld) -> None:
    source = world.source()
    reading = source.pages({})
    pages = [next(reading)]
    world.gateway.ahead_s = 900.0
    pages += reading
    assert sum(len(list(source.records(page))) for page in pages) == 11


def test_a_refusal_is_not_blamed_on_a_clock_that_is_right(world: GatewayWorld) -> None:
    with pytest.raises(SourceRefused) as caught:
        world.source(secret="another-not-a-secret").count({})
    assert "clock is" not in str(caught.value)


def test_a_secret_is_changed_before_it_ends_by_the_margin_and_no_sooner() -> None:
    clock = MovingClock()
    chain = SecretChain("root", (600.0,), 120.0, clock)
    given = iter(["one", "two"])
    for seconds, secret in ((0, "one"), (479, "one"), (480, "two"), (700, "two")):
        clock.moment = NOON + timedelta(seconds=seconds)
        assert chain.current(lambda _: Issued(next(given))) == secret
    assert chain.asked == 2


def test_a_margin_longer_than_the_life_does_not_ask_every_time() -> None:
    chain = SecretChain("root", (60.0,), 3600.0, MovingClock())
    assert {chain.current(lambda _: Issued("one")) for _ in range(5)} == {"one"}
    assert chain.asked == 1


def test_a_days_secret_that_ended_early_is_fetched_anew_for_the_next() -> None:
    chain = SecretChain("root", (86400.0, 1800.0), 0.0, MovingClock())
    asked: list[str] = []

    def issue(held: str) -> Issued:
        asked.append(held)
        if asked == ["root", "day-1", "day-1"]:
            raise SourceRefused("no")
        return Issued(f"day-{asked.count('root')}" if held == "root" else f"half-hour-{len(asked)}")

    assert chain.current(issue) == "half-hour-2"
    assert chain.refused("half-hour-2", issue) == "half-hour-5"
    assert asked == ["root", "day-1", "day-1", "root", "day-2"]


def test_many_who_ask_at_once_cost_one_question() -> None:
    chain = SecretChain("root", (600.0,), 10.0, MovingClock())
    started, release = threading.Event(), threading.Event()
    found: list[str] = []

    def slow(_: str) -> Issued:
        started.set()
        assert release.wait(5)
        return Issued(f"secret-{chain.asked}")

    threads = [threading.Thread(target=lambda: found.append(chain.current(slow))) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert started.wait(5)
    release.set()
    for thread in threads:
        thread.join(5)
    assert found == ["secret-1"] * 8
    # eight are refused with the same old secret: the first asks, the others take what it got
    again = [chain.refused("secret-1", slow) for _ in range(8)]
    assert again == ["secret-2"] * 8


def test_a_secret_that_cannot_be_decrypted_is_garbled_and_not_shown() -> None:
    for wrapped in ("no base64!", "AAAA", "A" * 44):
        with pytest.raises(SourceGarbled) as caught:
            unwrapped(wrapped, "not-a-secret", "aes-ecb", "first16")
        assert wrapped not in str(caught.value)
        assert "not-a-secret" not in str(caught.value)


def test_an_answer_without_the_promised_fields_is_garbled(world: GatewayWorld) -> None:
    with pytest.raises(SourceGarbled, match="holds no lifetime under `lives`"):
        world.source(refresh={"lifetime_field": "lives"}, secret="not-a-secret").count({})
