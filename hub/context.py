"""What every verb needs at hand: settings, clock, one database connection and the vault."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from core.clock import Clock, SystemClock
from core.settings import Settings
from store.connection import Connection, connect
from store.vault import Vault

#: Told the name of each step once it is done: progress for a person, a place to die for a test.
OnStep = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Hub:
    """One process's hold on the hub. Not to be shared between threads: it has one connection."""

    settings: Settings
    clock: Clock
    connection: Connection
    vault: Vault

    def subject(self, kind: str, value: str) -> bytes:
        """The keyed hash a person, company or case is stored under; `kind` as in `schemas`."""
        return self.vault.subject(kind, value)

    def key(self, resource: str, key: str) -> bytes:
        """The keyed hash a record's key is stored under."""
        return self.vault.key(resource, key)


@contextmanager
def open_hub(settings: Settings, clock: Clock | None = None) -> Iterator[Hub]:
    """Connect, read the keyring, and close the connection at the end.

    Raises:
        StoreUnavailable: the database does not answer.
        KeyringUnusable: the keys folder is not this database's.
    """
    connection = connect(settings.database_url)
    try:
        yield Hub(settings, clock or SystemClock(), connection, Vault.open(connection, settings.keys))
    finally:
        connection.close()


def no_step(_: str) -> None:
    """For callers that do not want to hear of steps."""
