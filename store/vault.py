"""What keeps a database dump from showing a citizen: keyed hashes for identifiers, AES-GCM for payloads.

Two secrets lie outside the database, in the keys folder: the index key (subjects, record keys,
digests) and the key-encryption key that wraps one data key per resource. Changing a data key
means a new row in `data_key`; the key-encryption key can be changed by re-wrapping.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SM3
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from store.connection import Connection, fetch_one, transaction
from store.errors import KeyringUnusable

_NONCE = 12
_DIGEST = 16
_INDEX_FILE, _KEK_FILE = "index.key", "data-kek.key"


def make_keyring(folder: Path) -> None:
    """Create the two secrets (32 random bytes each, mode 0600) where they do not exist yet."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in (_INDEX_FILE, _KEK_FILE):
        try:
            handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32) + "\n")
            file.flush()
            os.fsync(file.fileno())


class Vault:
    """Hashes and seals for the rows of one hub; one instance a process, safe to share between threads."""

    def __init__(self, connection: Connection, index_key: bytes, key_encryption_key: bytes) -> None:
        self._connection = connection
        self._keyed = HMAC(index_key, SM3())
        self._digest_key = self.fingerprint(b"digest of what is stored")
        self._kek = key_encryption_key
        self._ciphers: dict[str, AESGCM] = {}

    @classmethod
    def open(cls, connection: Connection, folder: Path) -> Vault:
        """Read both secrets from the keys folder.

        Raises:
            KeyringUnusable: a file is absent, unreadable or not 32 bytes in hexadecimal.
        """
        return cls(connection, _read_key(folder / _INDEX_FILE), _read_key(folder / _KEK_FILE))

    def index(self, *parts: str) -> bytes:
        """The 32-byte keyed hash (HMAC-SM3) of the parts; equal parts give equal hashes, in this hub only."""
        return self.fingerprint("\x1f".join(parts).encode())

    def fingerprint(self, data: bytes) -> bytes:
        """The 32-byte keyed hash of some bytes."""
        state = self._keyed.copy()
        state.update(data)
        return state.finalize()

    def digest(self, data: bytes) -> bytes:
        """A 16-byte keyed hash (BLAKE2b) that tells a change from a repetition; nobody is found by it.

        Half the time of `fingerprint`, and one is made of every row and every record that comes.
        """
        return hashlib.blake2b(data, key=self._digest_key, digest_size=_DIGEST).digest()

    def ready(self, resource: str) -> None:
        """Have the resource's data key at hand before a transaction begins: it is fetched in one of its own."""
        self._cipher(resource)

    def seal(self, resource: str, bound_to: bytes, plain: bytes) -> bytes:
        """AES-256-GCM: 12-byte random nonce, ciphertext, tag; opens only with the same `bound_to`."""
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher(resource).encrypt(nonce, plain, bound_to)

    def open_sealed(self, resource: str, bound_to: bytes, sealed: bytes | memoryview) -> bytes:
        """What `seal` was given.

        Raises:
            KeyringUnusable: another key, or the row was changed or moved.
        """
        data = bytes(sealed)
        try:
            return self._cipher(resource).decrypt(data[:_NONCE], data[_NONCE:], bound_to)
        except InvalidTag:
            raise KeyringUnusable(
                f"a sealed row of {resource} does not open: it was changed, moved to another key, or sealed by "
                "another keyring. Nothing was released. Restore the keys folder that belongs to this database."
            ) from None

    def _cipher(self, resource: str) -> AESGCM:
        cipher = self._ciphers.get(resource)
        if cipher is None:
            cipher = self._ciphers[resource] = AESGCM(self._data_key(resource))
        return cipher

    def _data_key(self, resource: str) -> bytes:
        """The resource's own key. Two processes may both offer a first one; the row that is there wins."""
        row = fetch_one(self._connection, "select wrapped from data_key where resource = %s", (resource,))
        if row is None:
            offered = aes_key_wrap(self._kek, secrets.token_bytes(32))
            with transaction(self._connection) as cursor:
                cursor.execute(
                    "insert into data_key (resource, wrapped) values (%s, %s) on conflict do nothing",
                    (resource, offered),
                )
            row = fetch_one(self._connection, "select wrapped from data_key where resource = %s", (resource,))
        if row is None:
            raise KeyringUnusable(f"the data key of {resource} was taken away while it was being made; try again")
        try:
            return aes_key_unwrap(self._kek, bytes(row[0]))
        except InvalidUnwrap:
            raise KeyringUnusable(
                f"the data key of {resource} was wrapped by another key-encryption key than the one in the keys "
                "folder. Restore the keys folder that belongs to this database."
            ) from None


def _read_key(path: Path) -> bytes:
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except OSError as error:
        raise KeyringUnusable(f"{path} cannot be read ({error.strerror}); `hub prepare` makes a new keyring") from None
    except ValueError:
        key = b""
    if len(key) != 32:
        raise KeyringUnusable(f"{path} does not hold 32 bytes in hexadecimal; restore it from the backup")
    return key
