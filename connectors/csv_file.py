"""CSV files handed over: one named by the operator, or those in a drop folder."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from connectors.access import FileAccess, SftpAccess
from connectors.csv_slices import FilePlace, Sheet, cut_pages, read_rows, survey
from connectors.declaration import Declaration
from connectors.port import Cursor, FileRefused, RawPage, RawRecord, SourceRefused, SourceUnavailable, rows_between
from core.digest import sm3_hex

#: So long a file must not have been touched for its time to tell one edition from the next; seconds.
_LIES_STILL = 2.0
#: This much of a refused file goes up in the error, so that it can be kept and sent back; bytes.
_KEPT_WHOLE = 64 * 1024 * 1024


class CsvFiles:
    """CSV files that somebody puts before us; each is read once whole before any of it is handed on.

    Publisher:  the department of the declaration, on a medium or by e-mail, and the operator who puts it there
    Access:     a path, or a drop folder whose files are taken in the order of their names
    Freshness:  as old as the file; the same bytes are never read twice, a changed file is read again
    Caveats:    nothing tells that a file is complete, so rename it into the drop folder (hidden names and
                .part, .tmp are passed over); a name that sorts before one already read is not looked at;
                UTF-8 with or without BOM and GB18030 are told apart by their bytes
    """

    def __init__(self, declaration: Declaration, *, file: Path | None = None, folder: Path | None = None) -> None:
        if not isinstance(declaration.access, FileAccess | SftpAccess):
            raise TypeError(f"{declaration.name} is not declared as a file")
        if (file is None) == (folder is None):
            raise ValueError("give either a file or a folder")
        self._name = declaration.name
        self._columns = declaration.required
        self._access = declaration.access
        self._file = file
        self._folder = folder
        self._surveys: dict[tuple[int, ...], Sheet] = {}

    def pages(self, cursor: Cursor) -> Iterator[RawPage]:
        """Exact slices of the files' bytes, at most `page_size` records each, cut between records."""
        place = FilePlace.read(cursor, self._name)
        for path in self._series(place):
            with self._opened(path) as stream:
                sheet = self._surveyed(stream, path, place)
                if sheet is None:
                    continue
                within = place.within(path.name, sheet.sm3)
                if within.done:
                    continue
                for page in cut_pages(
                    stream, sheet, within, resource=self._name, page_size=self._access.page_size, declares=False
                ):
                    yield page
                    place = FilePlace.read(page.next_cursor, self._name)

    def records(self, page: RawPage) -> Iterator[RawRecord]:
        """The rows of a slice; `position` is the line in the file."""
        return read_rows(page)

    def count(self, cursor: Cursor) -> int | None:
        """Rows behind `cursor`, counted by reading the files; None when one of them is refused."""
        place = FilePlace.read(cursor, self._name)
        total = 0
        try:
            for path in self._series(place):
                with self._opened(path) as stream:
                    sheet = self._surveyed(stream, path, place)
                if sheet is not None:
                    total += sheet.rows - place.within(path.name, sheet.sm3).rows
        except FileRefused:
            return None
        return total

    def recount(self, after: Cursor, until: Cursor) -> int | None:
        """Rows behind `after` and not behind `until`, by two counts made now."""
        return rows_between(self, after, until)

    def acknowledge(self, cursor: Cursor) -> None:
        """Nothing: a file that was handed over wants no receipt."""

    def _series(self, place: FilePlace) -> list[Path]:
        if self._file is not None:
            return [self._file]
        folder = self._folder or Path()
        pattern = self._access.pattern if isinstance(self._access, FileAccess) else f"{self._access.prefix}_*.csv"
        if not folder.is_dir():
            raise SourceRefused(
                f"{self._name}: the drop folder {folder} is not there. Nothing was read; create it or correct "
                "`folder` in the sources file."
            )
        names = sorted(path.name for path in folder.glob(pattern) if path.is_file())
        taken = [name for name in names if not name.startswith(".") and not name.endswith((".part", ".tmp"))]
        return [folder / name for name in taken if name >= place.file]

    @contextmanager
    def _opened(self, path: Path) -> Iterator[BinaryIO]:
        try:
            stream = path.open("rb")
        except FileNotFoundError:
            raise SourceRefused(f"{self._name}: {path} is not there. Nothing was read; check the path.") from None
        except OSError as error:
            raise SourceUnavailable(
                f"{self._name}: {path} cannot be opened ({error.strerror}). Nothing of it was read; check its owner "
                "and mode, then run again."
            ) from None
        with stream:
            yield stream

    def _surveyed(self, stream: BinaryIO, path: Path, place: FilePlace) -> Sheet | None:
        """What is in the file; None for the refused file that `place` already lies behind."""
        size = path.stat().st_size
        try:
            if size > self._access.max_file_bytes:
                raise FileRefused(f"{size} bytes, more than the declared {self._access.max_file_bytes}")  # noqa: TRY301
            return self._seen_before(stream)
        except FileRefused as error:
            stream.seek(0)
            body = stream.read(_KEPT_WHOLE)
            mark = f"refused:{size}:{sm3_hex(body)}"
            if (place.file, place.mark) == (path.name, mark):
                return None
            behind = FilePlace(file=path.name, mark=mark, done=True, pages=place.pages, refused=True)
            raise FileRefused(
                f"{self._name}: {path.name} is refused: {error.message}. Nothing of it landed; send it back to its "
                "owner and put a corrected file in its place.",
                body,
                behind.cursor(),
            ) from None

    def _seen_before(self, stream: BinaryIO) -> Sheet:
        """A survey, made once of a file that lies still: counting and reading look at the same one."""
        there = os.fstat(stream.fileno())
        edition = (there.st_dev, there.st_ino, there.st_size, there.st_mtime_ns, there.st_ctime_ns)
        sheet = self._surveys.get(edition)
        if sheet is None:
            sheet = survey(stream, columns=self._columns)
            # A file written this moment could be written again and show the same time.
            if time.time() - max(there.st_mtime, there.st_ctime) > _LIES_STILL:
                self._surveys[edition] = sheet
        return sheet
