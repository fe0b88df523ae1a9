"""The table of data keys: which there are, a new one, wrapped by a new KEK, dropped when nothing uses it.

Nothing here touches sealed rows; `store.resealing` does.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.keywrap import aes_key_wrap

from store.connection import Connection, fetch_all, fetch_one, transaction
from store.errors import KeysBusy
from store.resealing import in_use
from store.vault import Vault


@dataclass(frozen=True, slots=True)
class DataKey:
    """A data key without its secret. `kek` is None until `note_keks` for one wrapped before fingerprints were kept."""

    resource: str
    number: int
    current: bool
    kek: str | None
    made_at: datetime
    replaced_at: datetime | None


@dataclass(frozen=True, slots=True)
class Rotation:
    """A change of data keys under way. `resumed`: an earlier process began it."""

    id: int
    resource: str | None
    resumed: bool


@contextmanager
def only_keeper(connection: Connection) -> Iterator[None]:
    """Be the only process that changes keys; PostgreSQL lets go when the process dies.

    Raises:
        KeysBusy: another one does.
    """
    row = fetch_one(connection, "select pg_try_advisory_lock(hashtext('keys'), 0)")
    if row is None or not row[0]:
        raise KeysBusy("another process is changing the keys; nothing was done. Try again when it ends.")
    try:
        yield
    finally:
        if not connection.closed:
            fetch_one(connection, "select pg_advisory_unlock(hashtext('keys'), 0)")


def every(connection: Connection, resource: str | None = None) -> list[DataKey]:
    """All data keys, or those of one resource, by resource and number."""
    rows = fetch_all(
        connection,
        "select resource, number, state = 'current', kek, created_at, replaced_at from data_key "
        "where %(r)s is null or resource = %(r)s order by resource, number",
        {"r": resource},
    )
    return [DataKey(*row) for row in rows]


def note_keks(connection: Connection, vault: Vault) -> None:
    """Write down which KEK wraps the data keys that were made before fingerprints were kept.

    Raises:
        KeyringUnusable: none of the keys folder does.
    """
    with transaction(connection) as cursor:
        vault.hold_kek(cursor)
        cursor.execute("select resource, number, wrapped from data_key where kek is null for no key update")
        for resource, number, wrapped in cursor.fetchall():
            name, _ = vault.unwrap(resource, None, bytes(wrapped))
            cursor.execute("update data_key set kek = %s where resource = %s and number = %s", (name, resource, number))


def kek_in_use(connection: Connection) -> str | None:
    """The fingerprint of the KEK that new data keys are wrapped by; None before the first data key."""
    row = fetch_one(connection, "select kek from keyring")
    return row[0] if row else None


def begin_or_resume(connection: Connection, resource: str | None) -> Rotation:
    """Take up the rotation of this scope that an earlier process left, or begin one."""
    with transaction(connection) as cursor:
        cursor.execute(
            "select id from key_rotation where finished_at is null and resource is not distinct from %s", (resource,)
        )
        row = cursor.fetchone()
        if row:
            return Rotation(row[0], resource, resumed=True)
        cursor.execute("insert into key_rotation (resource) values (%s) returning id", (resource,))
        return Rotation(cursor.fetchone()[0], resource, resumed=False)


def finish(connection: Connection, rotation: Rotation) -> None:
    """Close the rotation."""
    with transaction(connection) as cursor:
        cursor.execute("update key_rotation set finished_at = now() where id = %s", (rotation.id,))


def replace(connection: Connection, vault: Vault, rotation: Rotation, resource: str) -> bool:
    """Give a resource a new current data key; False when this rotation did so before."""
    with transaction(connection) as cursor:
        kek = vault.hold_kek(cursor)
        cursor.execute(
            "select number, rotation from data_key where resource = %s and state = 'current' for no key update",
            (resource,),
        )
        number, made_in = cursor.fetchone()
        if made_in == rotation.id:
            return False
        cursor.execute(
            "update data_key set state = 'old', replaced_at = now() where resource = %s and number = %s",
            (resource, number),
        )
        cursor.execute(
            "insert into data_key (resource, number, kek, wrapped, rotation) values (%s, %s, %s, %s, %s)",
            (resource, number + 1, kek, vault.new_data_key(kek), rotation.id),
        )
    return True


def let_writers_end(connection: Connection, resource: str) -> None:
    """Wait for the transactions that still seal with an old key of the resource. Those that come after do not."""
    with transaction(connection) as cursor:
        cursor.execute("select from data_key where resource = %s and state = 'old' for update", (resource,))


def wrap_anew(connection: Connection, vault: Vault, new: str) -> int:
    """Wrap every data key by another KEK and take that into use, in one transaction; how many were wrapped.

    Raises:
        KeyringUnusable: a data key does not open; nothing was changed.
    """
    with transaction(connection) as cursor:
        vault.hold_kek(cursor)
        cursor.execute("select from keyring for update")
        cursor.execute(
            "select resource, number, kek, wrapped from data_key order by resource, number for no key update"
        )
        rows = cursor.fetchall()
        kek = vault.keyring.kek(new)
        for resource, number, old, wrapped in rows:
            _, key = vault.unwrap(resource, old, bytes(wrapped))
            cursor.execute(
                "update data_key set kek = %s, wrapped = %s where resource = %s and number = %s",
                (new, aes_key_wrap(kek, key), resource, number),
            )
        cursor.execute("update keyring set kek = %s, since = now()", (new,))
    return len(rows)


def drop_unused(connection: Connection, resource: str, number: int) -> bool:
    """Delete an old data key when no row is sealed with it; whether it is gone.

    It waits for transactions that hold the key, and looks at the rows only then.
    """
    with transaction(connection) as cursor:
        cursor.execute(
            "select from data_key where resource = %s and number = %s and state = 'old' for update", (resource, number)
        )
        if cursor.fetchone() is None or in_use(cursor, resource, number):
            return False
        cursor.execute("delete from data_key where resource = %s and number = %s", (resource, number))
    return True
