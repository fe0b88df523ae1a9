"""PostgreSQL is lost in the middle of a collect: a typed error, and the next collect ends like an undisturbed one."""

from __future__ import annotations

import os
import signal
import threading
import time
from dataclasses import replace

import psycopg2
import pytest

from core.clock import FixedClock
from core.errors import Retryable
from core.settings import Settings
from hub.collect import collect
from hub.context import no_step, open_hub
from onebox.postgres import Cluster
from store.errors import StoreUnavailable
from store.migrate import migrate
from tests.faults.conftest import LONG, NOON, FreshHub, collecting, ended
from tests.faults.wire import Lost, Wire, wired

#: The short form breaks the connection at one message in so many.
_STRIDE = 1 if LONG else 4


def _collect_over(wire: Wire, settings: Settings, resource: str) -> None:
    with open_hub(replace(settings, database_url=wire.url), FixedClock(NOON)) as hub:
        collect(hub, resource)


@pytest.mark.parametrize("lost", list(Lost), ids=lambda lost: lost.value)
@pytest.mark.usefixtures("small_pages")
def test_the_connection_breaks_at_any_message_and_nothing_is_lost_or_twice(fresh_hub: FreshHub, lost: Lost) -> None:
    """Login, queries, COPY data and its end, commits, receipts of the source: every message the hub ever sends.

    With the answer lost the server has done what it was asked and the hub does not know.
    """
    resource = "civil.social_org"
    undisturbed = fresh_hub()
    with wired(undisturbed.database_url) as wire:
        _collect_over(wire, undisturbed, resource)
        messages = list(wire.sent)
    assert {"startup", "Q", "d", "c"} <= set(messages)
    wanted = ended(undisturbed)
    copying = {at for at, letter in enumerate(messages, 1) if letter in "dc"}
    first = 1 + (lost is Lost.ANSWER and not LONG)
    for at in sorted({*range(first, len(messages) + 1, _STRIDE)} | copying):
        settings = fresh_hub()
        with wired(settings.database_url) as wire:
            wire.at, wire.lost = at, lost
            with pytest.raises(StoreUnavailable) as caught:
                _collect_over(wire, settings, resource)
        where = f"{lost.value} {at} of {len(messages)} lost"
        # Two connections speak at once, so their messages come in another order each time; the loss comes once.
        assert len(wire.sent) >= at, where
        assert isinstance(caught.value, Retryable), where
        assert "already closed" not in str(caught.value), where
        collecting(settings, resource)(no_step)
        assert ended(settings) == wanted, where


class Stoppable:
    """A PostgreSQL of the test's own, whose databases are copies of one that is migrated."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self._made = 0
        cluster.start()
        cluster.ensure_role("hub")
        cluster.ensure_database("empty", owner="hub")
        migrate(cluster.url("empty", role="hub"))

    def fresh(self, settings: Settings) -> Settings:
        """A hub like `settings` on an empty database of this server."""
        self._made += 1
        with self.cluster.admin() as cursor:
            cursor.execute(f"create database hub{self._made} owner hub template empty strategy wal_log")
        return self.here(settings, f"hub{self._made}")

    def here(self, settings: Settings, database: str) -> Settings:
        return replace(settings, database_url=self.cluster.url(database, role="hub"))

    def stop(self, how: str) -> None:
        """As a person does ("fast": sessions are ended) or as a machine that fails ("immediate": no good-bye)."""
        if how == "immediate":
            assert self.cluster.pid is not None
            os.kill(self.cluster.pid, signal.SIGQUIT)
        self.cluster.stop()


@pytest.fixture(scope="module")
def server(own_cluster: Cluster) -> Stoppable:
    return Stoppable(own_cluster)


#: Between transactions: after which step of the second page.
BETWEEN = ["page.kept", "page.judged", "page.landed", "page.acknowledged"]
#: Inside: what holds the hub up, made by somebody else, and what shows that it is held up there.
_WAITING = "select count(*) from pg_stat_activity where application_name = 'yizheng-hub' and wait_event_type = 'Lock'"
INSIDE = {
    "keeping the page": ("page.acknowledged", "lock table raw_page in share mode", _WAITING),
    "before the COPY": ("page.judged", "lock table record in share mode", _WAITING),
    "in the COPY": (
        "page.judged",
        "create function slowly() returns trigger language plpgsql as "
        "'begin perform pg_sleep(0.05); return new; end'; "
        "create trigger slowly before insert on record for each row execute function slowly()",
        "select count(*) from pg_stat_progress_copy where tuples_processed > 2",
    ),
    "after the COPY": ("page.judged", "lock table source_cursor in share mode", _WAITING),
}


#: The short form stops in order where it breaks in disorder only in the long one, and the other way round.
_SHORT = {
    "fast": ["page.judged", "in the COPY", "after the COPY"],
    "immediate": ["page.acknowledged", "keeping the page", "in the COPY"],
}


@pytest.mark.parametrize("how", ["fast", "immediate"])
@pytest.mark.usefixtures("small_pages")
def test_the_server_is_stopped_mid_batch_and_the_next_collect_after_its_start_ends_alike(
    fresh_hub: FreshHub, server: Stoppable, how: str
) -> None:
    resource = "civil.marriage"
    undisturbed = server.fresh(fresh_hub())
    collecting(undisturbed, resource)(no_step)
    wanted = ended(undisturbed)
    for place in [*BETWEEN, *INSIDE] if LONG else _SHORT[how]:
        settings = server.fresh(undisturbed)
        database = settings.database_url.rpartition("/")[2]
        error = _stopped_at(server, settings, resource, place, how)
        assert isinstance(error, Retryable), place
        assert "already closed" not in str(error), place
        with pytest.raises(StoreUnavailable, match="does not answer"):
            collecting(settings, resource)(no_step)

        server.cluster.start()
        settings = server.here(settings, database)
        with server.cluster.admin(database) as cursor:
            cursor.execute("drop trigger if exists slowly on record")
        with open_hub(settings, FixedClock(NOON)) as hub:
            assert collect(hub, resource).resumed, place
        assert ended(settings) == wanted, place


def _stopped_at(server: Stoppable, settings: Settings, resource: str, place: str, how: str) -> StoreUnavailable:
    """Collect until the server is stopped there, on the second page; what the collect raised."""
    database = settings.database_url.rpartition("/")[2]
    step, obstacle, seen = INSIDE.get(place, (place, "", ""))
    left = 1 if step == "page.acknowledged" and obstacle else 2  # what comes after the first page is the second
    stopper: list[threading.Thread] = []

    def on_step(name: str) -> None:
        nonlocal left
        left -= name == step
        if left == 0 and name == step:
            if obstacle:
                stopper.append(_stop_when(server, database, obstacle, seen, how))
            else:
                server.stop(how)

    with pytest.raises(StoreUnavailable) as caught, open_hub(settings, FixedClock(NOON)) as hub:
        collect(hub, resource, on_step=on_step)
    for thread in stopper:
        thread.join()
    return caught.value


def _stop_when(server: Stoppable, database: str, obstacle: str, seen: str, how: str) -> threading.Thread:
    """Put the obstacle in the way now; stop the server once the hub is seen to stand before it."""
    holder = psycopg2.connect(server.cluster.url(database))
    watcher = psycopg2.connect(server.cluster.url(database))
    watcher.autocommit = True
    with holder.cursor() as cursor:
        cursor.execute(obstacle)
    if not obstacle.startswith("lock"):
        holder.commit()

    def wait_and_stop() -> None:
        deadline = time.monotonic() + 20
        with watcher.cursor() as cursor:
            while time.monotonic() < deadline:
                cursor.execute(seen)
                row = cursor.fetchone()
                if row is not None and row[0]:
                    break
                time.sleep(0.01)
        server.stop(how)
        watcher.close()
        holder.close()

    stopper = threading.Thread(target=wait_and_stop)
    stopper.start()
    return stopper
