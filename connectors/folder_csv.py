"""Daily CSV files with control files in a folder of this machine, e.g. a share the department mounts."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from connectors.access import SftpAccess
from connectors.daily_files import DailyFiles, OpenShelf, Shelf
from connectors.declaration import Declaration
from connectors.endpoints import FolderEndpoint
from connectors.port import SourceRefused, SourceUnavailable
from connectors.retrying import Patience


class FolderCsv(DailyFiles):
    """Daily CSV files on a mounted share, each believed only as far as its control file says.

    Publisher:  the department of the declaration, through a share mounted here
    Access:     a path; what a department may write there is the mount's affair
    Freshness:  one file a day in folder YYYYMMDD; complete once its .ctl is there, which is written last
    Caveats:    as for SFTP; a share that is not mounted looks like an empty folder, so a folder that is missing
                is refused and an empty one has nothing to say
    """

    def __init__(self, declaration: Declaration, endpoint: FolderEndpoint, *, patience: Patience | None = None) -> None:
        access = declaration.access
        if not isinstance(access, SftpAccess):
            raise TypeError(f"{declaration.name} is not declared as folder_csv")
        super().__init__(declaration, access, folder_shelf(endpoint.folder), patience or Patience())


def folder_shelf(folder: Path) -> OpenShelf:
    """Opens a folder of this machine."""

    @contextmanager
    def opened() -> Iterator[Shelf]:
        try:
            yield _FolderShelf(folder)
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            raise SourceRefused(
                "the folder or a file in it is not there or not ours to use; check `folder` and the mount"
            ) from None
        except OSError as error:
            raise SourceUnavailable(f"the folder cannot be used ({error.strerror or type(error).__name__})") from None

    return opened


class _FolderShelf:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> list[str]:
        return [entry.name for entry in os.scandir(self._folder)]

    def sizes(self, day: str) -> dict[str, int]:
        return {entry.name: entry.stat().st_size for entry in os.scandir(self._folder / day) if entry.is_file()}

    def read(self, path: str, limit: int) -> bytes | None:
        try:
            with (self._folder / path).open("rb") as stream:
                return stream.read(limit)
        except FileNotFoundError:
            return None

    def fetch(self, path: str, stream: BinaryIO) -> None:
        with (self._folder / path).open("rb") as source:
            shutil.copyfileobj(source, stream)

    def put(self, path: str, body: bytes) -> None:
        whole = self._folder / path
        part = whole.with_name(f"{whole.name}.part")
        # 0660: the share's group is how the department reads it; nobody else may.
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o660)
        with os.fdopen(handle, "wb") as stream:
            stream.write(body)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(whole)
