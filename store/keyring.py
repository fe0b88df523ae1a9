"""The secrets that lie outside the database, one file each in the keys folder.

`index.key` is the key of the keyed hashes. Each `data-kek*.key` is a key-encryption key (KEK): it wraps the
data keys that lie in the database. The first is `data-kek.key`; later ones bear their fingerprint, and their
name says which they are: `data-kek-F.next.key` is made and not yet in use, `data-kek-F.key` in use,
`data-kek-F.retired.key` out of use. What really holds is in the database, in `keyring` and `data_key`.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.hashes import SM3
from cryptography.hazmat.primitives.hmac import HMAC

from core.flushing import flush_folder
from store.errors import KekNotHere, KeyringUnusable

_INDEX, _FIRST_KEK = "index.key", "data-kek.key"
_KEKS: Final = "data-kek*.key"
_NEXT, _RETIRED = ".next.key", ".retired.key"
_LABEL: Final = b"yizheng-hub key-encryption key"


def make_keyring(folder: Path) -> None:
    """Create the index key and a first KEK (32 random bytes each, mode 0600) where there is none yet."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _make(folder / _INDEX)
    if not any(folder.glob(_KEKS)):
        _make(folder / _FIRST_KEK)


def fingerprint_of(kek: bytes) -> str:
    """16 hexadecimal digits that name a KEK and tell nothing of it."""
    state = HMAC(kek, SM3())
    state.update(_LABEL)
    return state.finalize()[:8].hex()


class Keyring:
    """What a process holds of the keys folder. It reads the folder again when it meets a KEK it does not know."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.index_key = _read_key(folder / _INDEX)
        self._keks: dict[str, bytes] = {}
        self._paths: dict[str, Path] = {}
        self.read_again()

    def read_again(self) -> None:
        """Learn what KEKs are in the folder now; those already known are kept.

        Raises:
            KeyringUnusable: there is none, or a file is not 32 bytes in hexadecimal or not what its name says.
        """
        for last in (False, False, True):
            try:
                self._paths = self._read_folder()
            except FileNotFoundError:  # renamed between the listing and the reading
                if last:
                    raise KeyringUnusable(f"the KEK files in {self.folder} keep changing; try again") from None
            else:
                return

    @property
    def files(self) -> Mapping[str, Path]:
        """The KEK files of the folder as last read, by fingerprint."""
        return self._paths

    def kek(self, fingerprint: str) -> bytes:
        """A KEK by its fingerprint.

        Raises:
            KekNotHere: the keys folder does not hold it.
        """
        for _ in range(2):  # a file that is renamed while the folder is listed may be missed once
            if fingerprint not in self._keks:
                self.read_again()
        try:
            return self._keks[fingerprint]
        except KeyError:
            raise KekNotHere(
                f"the key-encryption key {fingerprint} is not in {self.folder}, and data keys are wrapped by it. "
                f"Nothing was read or written. Copy data-kek-{fingerprint}.key there from the machine where the key "
                "was rotated, or restore the keys folder that belongs to this database."
            ) from None

    def known(self) -> list[str]:
        """The fingerprints of all KEKs at hand."""
        return sorted(self._keks)

    def in_use(self) -> str:
        """The KEK a database that names none yet begins with.

        Raises:
            KeyringUnusable: the folder holds several, and their names leave open which.
        """
        plain = [name for name, path in self._paths.items() if not path.name.endswith((_NEXT, _RETIRED))]
        if len(plain) != 1:
            raise KeyringUnusable(
                f"{self.folder} holds {len(plain)} key-encryption keys in use, and this database names none yet. "
                "Leave the one that belongs to it."
            )
        return plain[0]

    def next_kek(self) -> str:
        """The KEK that lies ready to be taken into use; one is made where there is none. On disk when this returns."""
        self.read_again()
        ready = sorted(name for name, path in self._paths.items() if path.name.endswith(_NEXT))
        if ready:
            return ready[0]
        self._sweep()
        kek = secrets.token_bytes(32)
        name = fingerprint_of(kek)
        _make(self.folder / f"data-kek-{name}{_NEXT}", kek)
        self.read_again()
        return name

    def name_files(self, in_use: str) -> bool:
        """Give every KEK file the name that says what it is; whether a file had to be renamed.

        A key that is ready and not `in_use` stays ready.
        """
        self.read_again()
        renamed = False
        for name, path in self._paths.items():
            if name == in_use:
                wanted = path.name if path.name == _FIRST_KEK else f"data-kek-{name}.key"
            elif path.name.endswith(_NEXT):
                wanted = path.name
            else:
                wanted = f"data-kek-{name}{_RETIRED}"
            if path.name != wanted:
                path.rename(self.folder / wanted)
                renamed = True
        if renamed:
            flush_folder(self.folder)
            self.read_again()
        return renamed

    def destroy_retired(self, keep: set[str]) -> list[str]:
        """Delete the files of retired KEKs but those of `keep`; the fingerprints of what is gone."""
        self._sweep()
        self.read_again()
        gone = [name for name, path in self._paths.items() if path.name.endswith(_RETIRED) and name not in keep]
        for name in gone:
            self._paths[name].unlink()
        if gone:
            flush_folder(self.folder)
            self.read_again()
        return sorted(gone)

    def _sweep(self) -> None:
        """Delete what a process that died while it made a KEK left; only one process makes them at a time."""
        for path in self.folder.glob(".data-kek-*"):
            path.unlink(missing_ok=True)

    def _read_folder(self) -> dict[str, Path]:
        found: dict[str, Path] = {}
        for path in sorted(self.folder.glob(_KEKS)):
            kek = _read_key(path)
            name = fingerprint_of(kek)
            if path.name != _FIRST_KEK and path.name not in {
                f"data-kek-{name}{end}" for end in (".key", _NEXT, _RETIRED)
            }:
                raise KeyringUnusable(f"{path} holds another key than its name says; restore it from the backup")
            self._keks[name] = kek
            found[name] = path
        if not found:
            raise KeyringUnusable(f"{self.folder / _FIRST_KEK} is absent; `hub prepare` makes a new keyring")
        return found


def _make(path: Path, key: bytes | None = None) -> None:
    """Write a key whole or not at all; one that is there already stays."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write((key or secrets.token_bytes(32)).hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(fresh)  # unlike a rename it never replaces a key that somebody made meanwhile
        except FileExistsError:
            return
    finally:
        fresh.unlink(missing_ok=True)
    flush_folder(path.parent)


def _read_key(path: Path) -> bytes:
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except FileNotFoundError:
        if path.name != _INDEX:
            raise
        raise KeyringUnusable(f"{path} is absent; `hub prepare` makes a new keyring") from None
    except OSError as error:
        raise KeyringUnusable(f"{path} cannot be read ({error.strerror})") from None
    except ValueError:
        key = b""
    if len(key) != 32:
        raise KeyringUnusable(f"{path} does not hold 32 bytes in hexadecimal; restore it from the backup")
    return key
