"""What keeps a database dump from showing a citizen: keyed hashes for identifiers, AES-GCM for payloads.

The secrets lie outside the database (`store.keyring`). Each resource has numbered data keys, wrapped by a
key-encryption key; every sealed value begins with the number of the data key it was sealed with:

    number (4 bytes, big-endian) | nonce (12) | ciphertext | tag (16)

So a process opens what another has sealed under a key made since (`store.data_keys`), and keys change while
the hub works.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap
from psycopg2.extensions import TRANSACTION_STATUS_INTRANS

from store.connection import Connection, fetch_all, transaction
from store.errors import DataKeyRetired, KeyringUnusable
from store.hashes import Hashes
from store.keyring import Keyring, make_keyring

__all__ = ["Vault", "make_keyring"]

_NUMBER, _NONCE = 4, 12
_BODY = _NUMBER + _NONCE
#: A key known for as long as this is looked up again before it seals: seconds.
_FRESH: Final = 1.0
_COLUMNS = "number, kek, wrapped, state"


@dataclass(slots=True)
class _Current:
    """The data key a resource is sealed with, and when it was last seen to be the current one."""

    number: int
    prefix: bytes
    cipher: AESGCM
    seen: float


class Vault(Hashes):
    """Hashes and seals for the rows of one hub; one instance a process, safe to share between threads."""

    def __init__(self, connection: Connection, keyring: Keyring) -> None:
        self.keyring = keyring
        self._connection = connection
        super().__init__(keyring.index_key)
        self._current: dict[str, _Current] = {}
        self._opening: dict[str, dict[bytes, AESGCM]] = {}

    @classmethod
    def open(cls, connection: Connection, folder: Path) -> Vault:
        """Read the secrets from the keys folder.

        Raises:
            KeyringUnusable: a file is absent, unreadable or not 32 bytes in hexadecimal.
        """
        return cls(connection, Keyring(folder))

    def ready(self, resource: str) -> None:
        """Have the resource's current data key at hand before a transaction begins: it is fetched in one of its own.

        To be called for every transaction that seals; it asks the database at most once a second.

        Raises:
            KeyringUnusable: the keys folder is not this database's.
        """
        current = self._current.get(resource)
        if current is None or time.monotonic() - current.seen > _FRESH:
            self.refresh(resource)

    def refresh(self, resource: str) -> None:
        """Read the resource's data keys from the database; a resource without any gets its first."""
        if not self._load(resource):
            self._offer_first(resource)
            if not self._load(resource):
                raise KeyringUnusable(f"the data key of {resource} was taken away while it was being made; try again")

    def hold(self, cursor: Any, resource: str) -> None:
        """Within the transaction that writes sealed values, before it seals: nobody can drop the key until it ends.

        What is sealed after this is sealed with the key that is current now. What the same process sealed
        before, since `ready`, may be written too.

        Raises:
            DataKeyRetired: the key this process knew was dropped meanwhile; nothing may be written. Begin again.
        """
        before = self._current.get(resource)
        for _ in range(3):
            cursor.execute(
                f"select {_COLUMNS} from data_key where resource = %s and (state = 'current' or number = %s) "
                "for key share",
                (resource, before.number if before else 0),
            )
            rows = cursor.fetchall()
            # A key made after this statement began is not in sight yet, while its predecessor is seen as old.
            if any(row[3] == "current" for row in rows):
                break
        self._learn(resource, rows)
        if resource not in self._current or (before and before.number not in {row[0] for row in rows}):
            raise DataKeyRetired(
                f"the data key of {resource} was replaced and dropped while this process was about to write under it; "
                "nothing was written. Run the same again."
            )

    def seal(self, resource: str, bound_to: bytes, plain: bytes) -> bytes:
        """Number, nonce, ciphertext and tag (AES-256-GCM); opens only with the same `bound_to`."""
        current = self._current.get(resource) or self._first_look(resource)
        nonce = os.urandom(_NONCE)
        return current.prefix + nonce + current.cipher.encrypt(nonce, plain, bound_to)

    def seal_many(self, resource: str, pairs: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """`seal` for many (bound_to, plain) at once: one call to the system for all nonces."""
        current = self._current.get(resource) or self._first_look(resource)
        prefix, encrypt = current.prefix, current.cipher.encrypt
        drawn = os.urandom(_NONCE * len(pairs))
        nonces = [drawn[start : start + _NONCE] for start in range(0, len(drawn), _NONCE)]
        return [
            b"".join((prefix, nonce, encrypt(nonce, plain, bound_to)))
            for nonce, (bound_to, plain) in zip(nonces, pairs, strict=True)
        ]

    def open_sealed(self, resource: str, bound_to: bytes, sealed: bytes | memoryview) -> bytes:
        """What `seal` was given, whichever data key it was sealed with.

        A key that is not known yet is fetched: within the transaction that is open on the vault's connection, or
        else in one of its own.

        Raises:
            KeyringUnusable: another key, or the row was changed or moved.
            DataKeyRetired: the row was sealed anew, and its old key dropped, since it was read. Read it again.
        """
        data = bytes(sealed)
        prefix = data[:_NUMBER]
        cipher = self._opening.get(resource, {}).get(prefix) or self._find(resource, prefix)
        try:
            return cipher.decrypt(data[_NUMBER:_BODY], data[_BODY:], bound_to)
        except (InvalidTag, ValueError):
            raise KeyringUnusable(
                f"a sealed row of {resource} does not open: it was changed, moved to another key, or sealed by "
                "another keyring. Nothing was released. Restore the keys folder that belongs to this database."
            ) from None

    def unwrap(self, resource: str, kek: str | None, wrapped: bytes) -> tuple[str, bytes]:
        """A data key and the fingerprint of the KEK that opened it. `kek` is None for what was wrapped before 0.2.

        Raises:
            KekNotHere, KeyringUnusable: the KEK is not in the keys folder.
        """
        for name in [kek] if kek is not None else self.keyring.known():
            try:
                return name, aes_key_unwrap(self.keyring.kek(name), wrapped)
            except InvalidUnwrap:
                continue
        raise KeyringUnusable(
            f"the data key of {resource} was wrapped by another key-encryption key than the one in the keys "
            "folder. Restore the keys folder that belongs to this database."
        )

    def _first_look(self, resource: str) -> _Current:
        self.refresh(resource)
        return self._current[resource]

    def _find(self, resource: str, prefix: bytes) -> AESGCM:
        self._load(resource)
        known = self._opening.get(resource, {})
        cipher = known.get(prefix)
        if cipher is not None:
            return cipher
        current = self._current.get(resource)
        if current is not None and 0 < int.from_bytes(prefix) < current.number:
            raise DataKeyRetired(
                f"a row of {resource} was sealed with data key {int.from_bytes(prefix)}, which was dropped since; "
                "nothing was released. Read it again. If it stays so, the row comes from another dump than the keys."
            )
        raise KeyringUnusable(
            f"a sealed row of {resource} names a data key that was never made here: it was changed, or belongs to "
            "another database. Nothing was released. Restore database and keys folder together."
        )

    def _load(self, resource: str) -> bool:
        """All data keys of the resource; whether there is a current one."""
        query, values = f"select {_COLUMNS} from data_key where resource = %s", (resource,)
        if self._connection.info.transaction_status == TRANSACTION_STATUS_INTRANS:
            with self._connection.cursor() as cursor:
                cursor.execute(query, values)
                rows = cursor.fetchall()
        else:
            rows = fetch_all(self._connection, query, values)
        self._learn(resource, rows)
        return any(row[3] == "current" for row in rows)

    def _learn(self, resource: str, rows: Sequence[tuple[Any, ...]]) -> None:
        opening = self._opening.setdefault(resource, {})
        for number, kek, wrapped, state in rows:
            prefix = number.to_bytes(_NUMBER)
            if prefix not in opening:
                opening[prefix] = AESGCM(self.unwrap(resource, kek, bytes(wrapped))[1])
            if state == "current":
                self._current[resource] = _Current(number, prefix, opening[prefix], time.monotonic())

    def _offer_first(self, resource: str) -> None:
        """A first data key. Two processes may both offer one; the row that is there wins."""
        with transaction(self._connection) as cursor:
            kek = self.hold_kek(cursor)
            cursor.execute(
                "insert into data_key (resource, number, kek, wrapped) values (%s, 1, %s, %s) on conflict do nothing",
                (resource, kek, self.new_data_key(kek)),
            )

    def hold_kek(self, cursor: Any) -> str:
        """The KEK in use, kept from being replaced until the transaction ends; a database without one gets ours.

        Raises:
            KekNotHere: it is not in the keys folder.
        """
        cursor.execute("select kek from keyring for share")
        row = cursor.fetchone()
        if row is None:
            cursor.execute("insert into keyring (kek) values (%s) on conflict do nothing", (self.keyring.in_use(),))
            cursor.execute("select kek from keyring for share")
            row = cursor.fetchone()
        name: str = row[0]
        self.keyring.kek(name)
        return name

    def new_data_key(self, kek: str) -> bytes:
        """32 random bytes, wrapped."""
        return aes_key_wrap(self.keyring.kek(kek), secrets.token_bytes(32))
