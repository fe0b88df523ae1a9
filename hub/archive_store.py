"""Where the archive's packages lie: a folder, or whatever else `HUB_ARCHIVE` names; and what a store has to promise."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar, Final
from urllib.parse import unquote, urlsplit

from core.digest import sm3
from core.errors import Permanent, Retryable
from core.settings import Settings
from hub.files import FileAltered, write_durably

#: Below the store's root; the paths in the database begin with it.
FOLDER: Final = "archive"


class ArchiveAway(Retryable):
    """The store of the archive's packages does not answer, or answers with an error of its own."""

    code: ClassVar[str] = "HUB-980"


class ArchiveRefuses(Permanent):
    """The store of the archive's packages is not there, or refuses what was asked."""

    code: ClassVar[str] = "HUB-981"


class PackageOccupied(Permanent):
    """Another file lies where a package is to be put; a package is never written over."""

    code: ClassVar[str] = "HUB-982"


class ArchiveUnset(Permanent):
    """`HUB_ARCHIVE` names a kind of store that cannot be spoken to."""

    code: ClassVar[str] = "HUB-983"


class PackageGone(FileAltered):
    """A package of the archive is not where the table says."""

    code: ClassVar[str] = "HUB-984"


class HoldingsAway(Retryable):
    """The folder or bucket of the packages is not there: a disk that is not mounted says nothing of what is on it."""

    code: ClassVar[str] = "HUB-974"


class ArchiveStore(ABC):
    """Keeps packages under relative paths such as `archive/2026/X.zip`, each whole or not at all, none ever changed.

    Attributes:
        where: the store's address as it may be told: no user, no password, no query.
    """

    where: str

    @staticmethod
    def of(settings: Settings) -> ArchiveStore:
        """The store of an installation: `HUB_HOME` where nothing else was said.

        Raises:
            ArchiveUnset: its kind is not known or not fit, or its driver is not installed.
            ArchiveAway: its driver connects at once, and could not.
        """
        if settings.archive is None:
            return LocalStore(settings.home)
        address = urlsplit(settings.archive)
        if address.scheme == "file":
            return LocalStore(Path(unquote(address.path)))
        # Imported when it is asked for: fsspec and its drivers take longer to come up than most commands run.
        from hub.archive_remote import RemoteStore

        return RemoteStore.open(settings.archive)

    def put(self, path: str, data: bytes) -> None:
        """Keep a package; it is whole and there for good when this returns. The same one may be put again.

        Raises:
            PackageOccupied: another file lies there; it stays as it is.
            ArchiveAway, DiskRefuses: try again; nothing is there, or the whole package.
            ArchiveRefuses: the store is not there, or gives no right to write.
        """
        try:
            there: bytes | None = self.get(path)
        except PackageGone:
            there = None
        if there not in (None, data):
            raise self.occupied(path)
        self._write(path, data, there=there is not None)

    @abstractmethod
    def get(self, path: str) -> bytes:
        """A package's bytes, as they lie there.

        Raises:
            PackageGone: there is none.
            ArchiveAway: try again.
            ArchiveRefuses: the store is not there, or does not give this package.
        """

    def get_checked(self, path: str, expected_sm3: bytes) -> bytes:
        """A package's bytes, if they are those that were recorded.

        Raises:
            FileAltered: it is gone (PackageGone), or its SM3 is not the recorded one.
            ArchiveAway, ArchiveRefuses: as of `get`.
        """
        data = self.get(path)
        if sm3(data) != expected_sm3:
            raise FileAltered(f"{path} in {self.where} is not the one that was recorded (its SM3 differs); restore it")
        return data

    @abstractmethod
    def exists(self, path: str) -> bool:
        """Whether a package lies there. Raises ArchiveAway, ArchiveRefuses."""

    @abstractmethod
    def available(self) -> bool:
        """Whether the folder or bucket is there. Raises ArchiveAway, ArchiveRefuses where that cannot be found out."""

    @abstractmethod
    def _write(self, path: str, data: bytes, *, there: bool) -> None:
        """Put it there; `there` tells that these very bytes could be read at `path`."""

    def demand_available(self) -> None:
        """Raises HoldingsAway: nothing can be said about any package."""
        if not self.available():
            raise HoldingsAway(
                f"{self.where} is not there; nothing is said about any package in it. Mount it or correct HUB_ARCHIVE, "
                "then try again; runbook: archive-away."
            )

    def gone(self, path: str) -> PackageGone:
        """What is raised for a package that is not there."""
        return PackageGone(f"{self.where} holds no {path}; restore it from the backup")

    def occupied(self, path: str) -> PackageOccupied:
        """What is raised for a place that is taken."""
        return PackageOccupied(
            f"{self.where} holds another {path} than the one to be put there. It was left as it is and nothing was "
            "recorded. See what it is (`hub archive check`), move it away, then try again."
        )


class LocalStore(ArchiveStore):
    """A folder: written beside, flushed to disk, renamed into place."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.where = str(root / FOLDER)

    def get(self, path: str) -> bytes:
        try:
            return (self.root / path).read_bytes()
        except FileNotFoundError:
            raise self.gone(path) from None
        except OSError as error:
            raise ArchiveRefuses(
                f"{self.root / path} cannot be read ({error.strerror}). Correct its rights or look at the disk."
            ) from None

    def exists(self, path: str) -> bool:
        return (self.root / path).is_file()

    def available(self) -> bool:
        return (self.root / FOLDER).is_dir()

    def _write(self, path: str, data: bytes, *, there: bool) -> None:
        # Also where it is there: who wrote it may have died before the disk had it.
        write_durably(self.root / path, data)
