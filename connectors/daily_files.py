"""Daily CSV files with control files and receipts, wherever the folder lies: a server or a mounted share."""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from typing import BinaryIO, NoReturn, Protocol, TypeVar

from connectors.access import SftpAccess
from connectors.csv_slices import FilePlace, Sheet, cut_pages, read_rows, survey
from connectors.declaration import Declaration
from connectors.port import Cursor, FileRefused, RawPage, RawRecord, rows_between
from connectors.retrying import Patience, patiently
from connectors.scratch import scratch, writing
from core.digest import sm3_hex

log = logging.getLogger(__name__)

T = TypeVar("T")

_DAY = re.compile(r"\d{8}")
_LARGEST_CONTROL = 4096
_KEPT_WHOLE = 64 * 1024 * 1024


class Shelf(Protocol):
    """A folder of day folders, open for a moment. Paths are relative to it."""

    def names(self) -> list[str]:
        """What lies in it."""
        ...

    def sizes(self, day: str) -> dict[str, int]:
        """The files of a day folder and their bytes."""
        ...

    def read(self, path: str, limit: int) -> bytes | None:
        """The first `limit` bytes of a small file; None when there is none."""
        ...

    def fetch(self, path: str, stream: BinaryIO) -> None:
        """Copy a file into `stream`."""
        ...

    def put(self, path: str, body: bytes) -> None:
        """Write a file so that nobody ever sees half of it; one of that name is replaced."""
        ...


#: Opens the shelf; raises SourceUnavailable or SourceRefused with a short reason, also for what fails inside.
OpenShelf = Callable[[], AbstractContextManager[Shelf]]


@dataclass(frozen=True, slots=True)
class Control:
    """What a control file promises of its CSV."""

    file: str
    rows: int
    size: int
    sm3: str
    encoding: str

    @classmethod
    def parse(cls, text: bytes) -> Control:
        """Read `key=value` lines: file, rows, bytes, sm3, encoding.

        Raises:
            FileRefused: a key is missing, repeated, unknown or not of its kind.
        """
        values: dict[str, str] = {}
        try:
            lines = text.decode("ascii").splitlines()
        except UnicodeDecodeError:
            raise FileRefused("the control file is not plain ASCII") from None
        for line in filter(str.strip, lines):
            key, equals, value = line.partition("=")
            if not equals or key.strip() in values:
                raise FileRefused("the control file is not one `key=value` a line, each key once")
            values[key.strip()] = value.strip()
        if set(values) != {"file", "rows", "bytes", "sm3", "encoding"}:
            raise FileRefused("the control file must name file, rows, bytes, sm3 and encoding, nothing else")
        if not (values["rows"].isdecimal() and values["bytes"].isdecimal()):
            raise FileRefused("rows and bytes of the control file must be whole numbers")
        if not re.fullmatch(r"[0-9a-fA-F]{64}", values["sm3"]):
            raise FileRefused("sm3 of the control file is not 64 hexadecimal digits")
        return cls(
            values["file"], int(values["rows"]), int(values["bytes"]), values["sm3"].lower(), values["encoding"].upper()
        )

    def written(self) -> bytes:
        """The bytes of such a control file."""
        values = {
            "file": self.file,
            "rows": self.rows,
            "bytes": self.size,
            "sm3": self.sm3,
            "encoding": self.encoding,
        }
        return "".join(f"{key}={value}\n" for key, value in values.items()).encode("ascii")


@dataclass(frozen=True, slots=True)
class _Remote:
    """A CSV that is ready: its day folder and name, its control file's bytes, its size where it lies."""

    file: str
    control: bytes
    size: int

    @property
    def mark(self) -> str:
        """Tells a file sent again from the one read before, without fetching it."""
        return f"{sm3_hex(self.control)}:{self.size}"


class DailyFiles:
    """The reading itself, over any shelf. `sftp_csv` and `folder_csv` say where the shelf is."""

    def __init__(self, declaration: Declaration, access: SftpAccess, shelf: OpenShelf, patience: Patience) -> None:
        self._name = declaration.name
        self._columns = declaration.required
        self._access = access
        self._shelf = shelf
        self._patience = patience

    def pages(self, cursor: Cursor) -> Iterator[RawPage]:
        """Exact slices of the files' bytes, at most `page_size` records each, cut between records."""
        place = FilePlace.read(cursor, self._name)
        for remote in self._ask(place, partial(self._ready, since=place.file)):
            within = place.within(remote.file, remote.mark)
            if within.done:
                continue
            with scratch(self._name) as stream:
                sheet = self._fetched(remote, stream, within)
                for page in cut_pages(
                    stream, sheet, within, resource=self._name, page_size=self._access.page_size, declares=True
                ):
                    yield page
                    within = FilePlace.read(page.next_cursor, self._name)
            place = within

    def records(self, page: RawPage) -> Iterator[RawRecord]:
        """The rows of a slice; `position` is the line in the file, and the day orders the editions of a record."""
        return read_rows(page, order=page.context.get("file", ""))

    def count(self, cursor: Cursor) -> int | None:
        """Rows behind `cursor` by the control files; None when one of them cannot be read."""
        place = FilePlace.read(cursor, self._name)
        total = 0
        for remote in self._ask(place, partial(self._ready, since=place.file)):
            within = place.within(remote.file, remote.mark)
            if within.done:
                continue
            try:
                total += Control.parse(remote.control).rows - within.rows
            except FileRefused:
                return None
        return total

    def recount(self, after: Cursor, until: Cursor) -> int | None:
        """Rows behind `after` and not behind `until`, by two counts made now."""
        return rows_between(self, after, until)

    def acknowledge(self, cursor: Cursor) -> None:
        """Write the receipt of the file that `cursor` lies behind, where receipts are declared.

        The receipt is the same whenever it is written, so writing it twice changes nothing.
        """
        place = FilePlace.read(cursor, self._name)
        # A file handed over by other means lies in no folder of the department's, and gets no receipt there.
        if not self._access.receipts or not place.done or "/" not in place.file:
            return
        values = {
            "file": place.file.partition("/")[2],
            "state": "refused" if place.refused else "received",
            "rows": place.rows,
            "control_sm3": place.mark.partition(":")[0],
        }
        body = "".join(f"{key}={value}\n" for key, value in values.items()).encode()
        path = f"{place.file.removesuffix('.csv')}.rcp"

        def write(shelf: Shelf) -> None:
            if shelf.read(path, _LARGEST_CONTROL) != body:
                shelf.put(path, body)

        self._ask(place, write)

    def _ready(self, shelf: Shelf, since: str) -> list[_Remote]:
        """Ready files from the day of `since` on, in order, up to the first that is not ready."""
        found: list[_Remote] = []
        for day in sorted(filter(_DAY.fullmatch, shelf.names())):
            name = f"{self._access.prefix}_{day}.csv"
            if f"{day}/{name}" < since:
                continue
            sizes = shelf.sizes(day)
            control = f"{name.removesuffix('.csv')}.ctl"
            if control in sizes:
                said = shelf.read(f"{day}/{control}", _LARGEST_CONTROL) or b""
                found.append(_Remote(f"{day}/{name}", said, sizes.get(name, -1)))
            elif name in sizes:
                log.info("%s: %s/%s has no control file yet; it and later days wait", self._name, day, name)
                break
        return found

    def _fetched(self, remote: _Remote, stream: BinaryIO, place: FilePlace) -> Sheet:
        """The file in `stream`, proved against its control file."""

        def fetch(shelf: Shelf) -> None:
            stream.seek(0)
            stream.truncate()
            shelf.fetch(remote.file, writing(self._name, stream))

        try:
            control = Control.parse(remote.control)
            if control.file != remote.file.partition("/")[2]:
                raise FileRefused("the control file names another file")  # noqa: TRY301
            if remote.size < 0:
                raise FileRefused("the control file is there, the CSV is not")  # noqa: TRY301
            if remote.size > self._access.max_file_bytes:
                raise FileRefused(f"{remote.size} bytes, more than the declared limit")  # noqa: TRY301
            # A file of the wrong size is fetched too, so that what is refused can be kept.
            self._ask(place, fetch)
            try:
                return self._proved(stream, control)
            except FileRefused:
                # It may have been written over while it was read, and lie there whole by now.
                time.sleep(self._patience.first_wait_s)
                self._ask(place, fetch)
                return self._proved(stream, control)
        except FileRefused as error:
            self._refuse(remote, stream, place, error.message)

    def _proved(self, stream: BinaryIO, control: Control) -> Sheet:
        # First, since a file that broke off has other faults as well, which say less.
        _compare("bytes", control.size, stream.seek(0, os.SEEK_END))
        sheet = survey(stream, columns=self._columns, encoding=control.encoding)
        _compare("sm3", control.sm3, sheet.sm3)
        _compare("rows", control.rows, sheet.rows)
        return sheet

    def _refuse(self, remote: _Remote, stream: BinaryIO, place: FilePlace, reason: str) -> NoReturn:
        stream.seek(0)
        body = stream.read(_KEPT_WHOLE) or remote.control
        behind = replace(place, file=remote.file, mark=remote.mark, done=True, refused=True)
        raise FileRefused(
            f"{self._name}: {remote.file} is refused: {reason}. Nothing of it landed; ask its owner to send the day "
            "again with a new control file. Other files are not affected.",
            body,
            behind.cursor(),
        ) from None

    def _ask(self, place: FilePlace, question: Callable[[Shelf], T]) -> T:
        """Answer `question` over a connection of its own: the reader may take minutes between two pages."""

        def once() -> T:
            with self._shelf() as shelf:
                return question(shelf)

        kept = f"{place.pages} pages are kept; page {place.pages + 1} is next"
        return patiently(once, resource=self._name, kept=kept, patience=self._patience)


def _compare(what: str, promised: object, found: object) -> None:
    if promised != found:
        raise FileRefused(f"{what} should be {promised} by the control file, but is {found}")
