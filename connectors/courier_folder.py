"""A folder as the courier between two hubs: a share, or a safe medium that is carried over 离线载体.

`FOLDER/to-RECEIVER/from-SENDER/NAME`, each by credit code, so that many hubs may use one medium. A file has its name
only once it is whole and on the medium; what broke off is written anew.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import ClassVar

from core.errors import Retryable
from core.flushing import flush_folder


class MediumAway(Retryable):
    """The folder between two hubs is not there, or cannot be read or written."""

    code: ClassVar[str] = "HUB-822"


class FolderCourier:
    """Letters to one other hub, and from it."""

    def __init__(self, folder: Path, ours: str, theirs: str) -> None:
        """
        Args:
            folder: must be there: a medium that is not mounted is not made.
            ours, theirs: credit codes of the two organs.
        """
        self._folder = folder
        self._out = folder / f"to-{theirs}" / f"from-{ours}"
        self._in = folder / f"to-{ours}" / f"from-{theirs}"

    def deliver(self, file: Path, name: str) -> None:
        """Put a file there under a name; one that is there already is put there again.

        Raises:
            MediumAway: no folder, no room or no right; nothing has the name.
        """
        self._demand_there()
        part = self._out / f".{name}.part"
        try:
            self._out.mkdir(parents=True, exist_ok=True)
            with file.open("rb") as source, part.open("wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
                target.flush()
                os.fsync(target.fileno())
            part.replace(self._out / name)
            flush_folder(self._out)
        except OSError as error:
            raise self._away(error) from None

    def waiting(self) -> list[str]:
        """Names of files for us, sorted.

        Raises:
            MediumAway: no folder, or no right.
        """
        self._demand_there()
        try:
            return sorted(path.name for path in self._in.iterdir() if path.is_file() and path.name[:1] != ".")
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self._away(error) from None

    def fetch(self, name: str, target: Path) -> None:
        """Copy a file for us to a path of ours.

        Raises:
            MediumAway: it cannot be read, or not be written.
        """
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with (self._in / name).open("rb") as source, target.open("wb") as copy:
                shutil.copyfileobj(source, copy, 1 << 20)
        except OSError as error:
            raise self._away(error) from None

    def done(self, name: str) -> None:
        """Take away a file that is not needed there any more.

        Raises:
            MediumAway: no right.
        """
        try:
            (self._in / name).unlink(missing_ok=True)
        except OSError as error:
            raise self._away(error) from None

    drop = done

    def _demand_there(self) -> None:
        if not self._folder.is_dir():
            raise MediumAway(
                f"{self._folder} is not there; no letter was sent or read. Mount the share or the medium, then run the "
                "same again."
            )

    def _away(self, error: OSError) -> MediumAway:
        return MediumAway(
            f"{error.filename or self._folder} cannot be read or written ({error.strerror}). Nothing half done has a "
            "name. Make room or give the right, then run the same again."
        )
