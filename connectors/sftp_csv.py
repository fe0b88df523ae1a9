"""Daily CSV files with control files on a department's SFTP server."""

from __future__ import annotations

import base64
import binascii
import logging
import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import BinaryIO, NoReturn, TypeVar

import paramiko

from connectors.csv_slices import FilePlace, Sheet, cut_pages, read_rows, survey
from connectors.declaration import Declaration, SftpAccess
from connectors.endpoints import SftpEndpoint, SourceNotConfigured
from connectors.port import Cursor, FileRefused, RawPage, RawRecord, SourceRefused, SourceUnavailable
from connectors.retrying import Patience, patiently
from core.digest import sm3_hex

log = logging.getLogger(__name__)

T = TypeVar("T")

_DAY = re.compile(r"\d{8}")
_LARGEST_CONTROL = 4096
_KEPT_WHOLE = 64 * 1024 * 1024


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


@dataclass(frozen=True, slots=True)
class _Remote:
    """A CSV that is ready: its day folder and name, its control file's bytes, its size on the server."""

    file: str
    control: bytes
    size: int

    @property
    def mark(self) -> str:
        """Tells a file sent again from the one read before, without fetching it."""
        return f"{sm3_hex(self.control)}:{self.size}"


class SftpCsv:
    """Daily CSV files, each believed only as far as its control file says.

    Publisher:  the department of the declaration, on its SFTP server
    Access:     SFTP; the server's host key is pinned, password or key proves who we are
    Freshness:  one file a day in folder YYYYMMDD; complete once its .ctl is there, which is written last
    Caveats:    a CSV without .ctl is not ready and holds back the days behind it; a file whose rows, bytes,
                SM3 or encoding differ from its .ctl is refused whole; only the day read last is looked at
                again for a file sent anew, an older one has to be given by path
    """

    def __init__(self, declaration: Declaration, endpoint: SftpEndpoint, *, patience: Patience | None = None) -> None:
        access = declaration.access
        if not isinstance(access, SftpAccess):
            raise TypeError(f"{declaration.name} is not declared as sftp_csv")
        if endpoint.key_file is not None and not endpoint.key_file.is_file():
            raise SourceNotConfigured(
                f"{declaration.name}: `key_file` of section [{declaration.department.id}] names no file. Put the "
                "private key there or correct the path."
            )
        self._name = declaration.name
        self._columns = declaration.columns
        self._access = access
        self._endpoint = endpoint
        self._host_key = _host_key(endpoint.host_key, declaration)
        self._patience = patience or Patience()

    def pages(self, cursor: Cursor) -> Iterator[RawPage]:
        """Exact slices of the files' bytes, at most `page_size` records each, cut between records."""
        place = FilePlace.read(cursor, self._name)
        for remote in self._ask(place, partial(self._ready, since=place.file)):
            within = place.within(remote.file, remote.mark)
            if within.done:
                continue
            with tempfile.TemporaryFile() as stream:
                sheet = self._fetched(remote, stream, within)
                for page in cut_pages(
                    stream, sheet, within, resource=self._name, page_size=self._access.page_size, declares=True
                ):
                    yield page
                    within = FilePlace.read(page.next_cursor, self._name)
            place = within

    def records(self, page: RawPage) -> Iterator[RawRecord]:
        """The rows of a slice; `position` is the line in the file."""
        return read_rows(page)

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

    def _ready(self, sftp: paramiko.SFTPClient, since: str) -> list[_Remote]:
        """Ready files from the day of `since` on, in order, up to the first that is not ready."""
        folder = self._endpoint.folder.rstrip("/")
        found: list[_Remote] = []
        for day in sorted(filter(_DAY.fullmatch, sftp.listdir(folder))):
            name = f"{self._access.prefix}_{day}.csv"
            if f"{day}/{name}" < since:
                continue
            sizes = {entry.filename: entry.st_size or 0 for entry in sftp.listdir_attr(f"{folder}/{day}")}
            control = f"{name.removesuffix('.csv')}.ctl"
            if control in sizes:
                with sftp.open(f"{folder}/{day}/{control}", "rb") as stream:
                    found.append(_Remote(f"{day}/{name}", stream.read(_LARGEST_CONTROL), sizes.get(name, -1)))
            elif name in sizes:
                log.info("%s: %s/%s has no control file yet; it and later days wait", self._name, day, name)
                break
        return found

    def _fetched(self, remote: _Remote, stream: BinaryIO, place: FilePlace) -> Sheet:
        """The file in `stream`, proved against its control file."""
        path = f"{self._endpoint.folder.rstrip('/')}/{remote.file}"

        def fetch(sftp: paramiko.SFTPClient) -> None:
            stream.seek(0)
            stream.truncate()
            sftp.getfo(path, stream)

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
            sheet = survey(stream, columns=self._columns, encoding=control.encoding)
            _compare("bytes", control.size, sheet.size)
            _compare("sm3", control.sm3, sheet.sm3)
            _compare("rows", control.rows, sheet.rows)
        except FileRefused as error:
            self._refuse(remote, stream, place, error.message)
        return sheet

    def _refuse(self, remote: _Remote, stream: BinaryIO, place: FilePlace, reason: str) -> NoReturn:
        stream.seek(0)
        body = stream.read(_KEPT_WHOLE) or remote.control
        behind = replace(place, file=remote.file, mark=remote.mark, done=True)
        raise FileRefused(
            f"{self._name}: {remote.file} is refused: {reason}. Nothing of it landed; ask its owner to send the day "
            "again with a new control file. Other files are not affected.",
            body,
            behind.cursor(),
        ) from None

    def _ask(self, place: FilePlace, question: Callable[[paramiko.SFTPClient], T]) -> T:
        """Answer `question` over a connection of its own: the reader may take minutes between two pages."""

        def once() -> T:
            client = paramiko.SSHClient()
            try:
                return question(self._connected(client))
            except paramiko.BadHostKeyException:
                raise SourceRefused(_IMPOSTOR) from None
            except paramiko.AuthenticationException:
                raise SourceRefused(
                    "the SFTP server refuses our user or its proof; check section and account"
                ) from None
            except (FileNotFoundError, PermissionError):
                raise SourceRefused(
                    "a folder or file on the SFTP server is not there or not ours to read; check `folder`"
                ) from None
            except (paramiko.SSHException, OSError, EOFError) as error:
                raise SourceUnavailable(
                    f"no connection to the SFTP server, or it was dropped ({type(error).__name__})"
                ) from None
            finally:
                client.close()

        kept = f"{place.pages} pages are kept; page {place.pages + 1} is next"
        return patiently(once, resource=self._name, kept=kept, patience=self._patience)

    def _connected(self, client: paramiko.SSHClient) -> paramiko.SFTPClient:
        point, timeout = self._endpoint, self._access.timeout_s
        name = point.host if point.port == 22 else f"[{point.host}]:{point.port}"
        client.get_host_keys().add(name, self._host_key.get_name(), self._host_key)
        client.set_missing_host_key_policy(paramiko.RejectPolicy())
        client.connect(
            point.host,
            port=point.port,
            username=point.username,
            password=point.password.get_secret_value() if point.password else None,
            key_filename=str(point.key_file) if point.key_file else None,
            timeout=timeout,
            banner_timeout=timeout,
            auth_timeout=timeout,
            channel_timeout=timeout,
            allow_agent=False,
            look_for_keys=False,
        )
        sftp = client.open_sftp()
        channel = sftp.get_channel()
        if channel is not None:
            channel.settimeout(timeout)
        return sftp


_IMPOSTOR = (
    "the SFTP server shows another host key than the pinned one. No password was sent; it may be an impostor. "
    "Ask the department by telephone before changing host_key"
)


def _compare(what: str, promised: object, found: object) -> None:
    if promised != found:
        raise FileRefused(f"{what} should be {promised} by the control file, but is {found}")


def _host_key(line: str, declaration: Declaration) -> paramiko.PKey:
    kind, data = line.split()[:2]
    try:
        return paramiko.PKey.from_type_string(kind, base64.b64decode(data, validate=True))
    except (paramiko.SSHException, binascii.Error, ValueError, IndexError):
        raise SourceNotConfigured(
            f"{declaration.name}: `host_key` of section [{declaration.department.id}] is not a public key line such "
            "as `ssh-ed25519 AAAA…`. Copy it from what the department gave you."
        ) from None
