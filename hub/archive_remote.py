"""A store of packages that is no folder: an object store, or whatever else fsspec speaks to.

Credentials are the driver's own matter: for S3 the variables AWS_… or the files in ~/.aws, for every driver
FSSPEC_<SCHEME>_<OPTION> or files in ~/.config/fsspec. None is taken from the address.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import urlsplit

from hub.archive_store import FOLDER, ArchiveAway, ArchiveRefuses, ArchiveStore, ArchiveUnset

#: An object there is whole or not there, by the protocol itself: nothing has to be written beside it first.
_OBJECTS: Final = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az"})
_S3: Final = frozenset({"s3", "s3a"})
#: Driver takes whatever host key or none, or only reads.
_UNFIT: Final = frozenset({"sftp", "ssh", "ftp", "http", "https"})
#: Errors that the same request will meet again.
_LASTING: Final = frozenset(
    {errno.EINVAL, errno.EPERM, errno.EACCES, errno.ENOSYS, errno.ENAMETOOLONG, errno.EMSGSIZE, errno.EREMCHG}
)
#: One PUT carries 5 GB, the archive takes packages of 1 GB: no upload in parts, of which a death would leave some.
_ONE_PUT: Final = 5 << 29
_S3_OPTIONS: Final[dict[str, Any]] = {
    # what was listed before says nothing of what is there now
    "use_listings_cache": False,
    # one request a package: no HEAD before, no ranges
    "max_concurrency": 1,
    "config_kwargs": {
        "connect_timeout": 10,
        "read_timeout": 60,
        "retries": {"mode": "standard", "total_max_attempts": 3},
    },
}


class RemoteStore(ArchiveStore):
    """Packages under an address of fsspec. After a put the object is read back and compared."""

    def __init__(self, scheme: str, system: Any, root: str, where: str, errors: tuple[type[Exception], ...]) -> None:
        self._scheme = scheme
        self._system = system
        self._root = root.rstrip("/")
        self._errors = errors
        self.where = where

    @classmethod
    def open(cls, address: str) -> RemoteStore:
        """The store at an address (`s3://bucket/prefix`); nothing is asked of it yet.

        Raises:
            ArchiveUnset: fsspec does not know its scheme, or the driver is not installed or not fit for it.
            ArchiveAway: a driver that connects at once could not.
        """
        from fsspec.core import url_to_fs

        parts = urlsplit(address)
        if parts.scheme in _UNFIT:
            raise ArchiveUnset(
                f"HUB_ARCHIVE begins with {parts.scheme}://, where fsspec does not look whom it speaks to, or cannot "
                "write. No package was read or written; mount it (sshfs, davfs) and give file:///FOLDER."
            )
        where = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}/{FOLDER}"
        try:
            errors = _errors_of(parts.scheme)
            system, root = url_to_fs(address, **(_S3_OPTIONS if parts.scheme in _S3 else {}))
        except ImportError as missing:
            extra = "install the hub's extra `s3`" if parts.scheme in _S3 else "install fsspec's driver for it"
            raise ArchiveUnset(
                f"HUB_ARCHIVE is {where}, and the driver for `{parts.scheme}` is not installed "
                f"({missing.name or 'fsspec'}). No package was read or written; {extra}."
            ) from None
        except ValueError:
            raise ArchiveUnset(
                f"HUB_ARCHIVE is {where}, and fsspec knows no `{parts.scheme}`. No package was read or written; give "
                "s3://BUCKET/PREFIX, file:///FOLDER or another address it knows."
            ) from None
        except OSError as error:
            raise ArchiveAway(
                f"{where} does not answer ({_why(error)}). Nothing was recorded; the next try goes on here; runbook: "
                "archive-away."
            ) from None
        return cls(parts.scheme, system, str(root), where, errors)

    def get(self, path: str) -> bytes:
        try:
            with self._asking(path):
                return bytes(self._system.cat_file(self._at(path)))
        except FileNotFoundError:
            # a bucket that is not there answers as an object that is not there
            if self.available():
                raise self.gone(path) from None
            raise self._absent() from None

    def exists(self, path: str) -> bool:
        with self._asking(path):
            return bool(self._system.exists(self._at(path)))

    def available(self) -> bool:
        try:
            with self._asking(FOLDER):
                if self._scheme in _S3:
                    # `exists` would call a network that is down "no"
                    self._system.call_s3("head_bucket", Bucket=self._bucket)
                    return True
                return bool(self._system.isdir(self._bucket if self._scheme in _OBJECTS else self._root))
        except FileNotFoundError:
            return False

    def _write(self, path: str, data: bytes, *, there: bool) -> None:
        if there:
            return
        try:
            with self._asking(path):
                self._put_whole(self._at(path), data)
        except FileNotFoundError:
            raise self._absent() from None
        if self.get(path) != data:
            # the answer to the put said nothing of it
            raise self.occupied(path)

    def _put_whole(self, at: str, data: bytes) -> None:
        if self._scheme in _S3:
            try:
                self._system.pipe_file(at, data, mode="create", chunksize=_ONE_PUT)
            except FileExistsError:
                return  # written meanwhile, or by a try whose answer was lost: the reader compares
            except OSError as error:
                if error.errno not in (errno.ENOSYS, errno.EINVAL) or self._system.exists(at):
                    raise
                # this server knows no conditional put; nothing was there when it was looked at
                self._system.pipe_file(at, data, chunksize=_ONE_PUT)
        elif self._scheme in _OBJECTS:
            self._system.pipe_file(at, data)
        else:
            place = PurePosixPath(at)
            beside = str(place.with_name(f".{place.name}.part"))
            self._system.makedirs(str(place.parent), exist_ok=True)
            self._system.pipe_file(beside, data)
            self._system.mv(beside, at)

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}"

    @property
    def _bucket(self) -> str:
        return self._root.partition("/")[0]

    def _absent(self) -> ArchiveRefuses:
        return ArchiveRefuses(
            f"{self.where} is not there. Nothing was read or written; make the bucket or correct HUB_ARCHIVE; "
            "runbook: archive-away."
        )

    @contextmanager
    def _asking(self, path: str) -> Iterator[None]:
        """The driver's errors as ours. FileNotFoundError goes through: what it means depends on what was asked."""
        try:
            yield
        except FileNotFoundError:
            raise
        except self._errors as error:
            why = _why(error)
            if _lasts(error):
                raise ArchiveRefuses(
                    f"{self.where} refuses {path} ({why}). Nothing was recorded. Look at credentials and rights: the "
                    "hub must list the bucket, read and write objects; runbook: archive-away."
                ) from None
            raise ArchiveAway(
                f"{self.where} does not answer for {path} ({why}). Nothing was recorded; the next try goes on here; "
                "runbook: archive-away."
            ) from None


def _errors_of(scheme: str) -> tuple[type[Exception], ...]:
    """What a driver raises beside OSError; unknown drivers may raise more, which is then a fault nobody foresaw."""
    if scheme in _S3:
        from aiohttp import ClientError
        from botocore.exceptions import BotoCoreError

        return (OSError, BotoCoreError, ClientError)
    return (OSError,)


def _lasts(error: Exception) -> bool:
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if "BotoCoreError" in kinds:
        # the rest is no answer or half of one; these are settings
        return kinds.isdisjoint({"HTTPClientError", "ConnectionError", "IncompleteReadError", "ResponseParserError"})
    return isinstance(error, PermissionError) or (isinstance(error, OSError) and error.errno in _LASTING)


def _why(error: Exception) -> str:
    """The store's code or the kind of error; never its words, which may quote an address or a key's name."""
    answer = getattr(error.__cause__, "response", None)
    if isinstance(answer, dict):
        return str(answer.get("Error", {}).get("Code", "an error"))
    return (error.strerror if isinstance(error, OSError) and error.strerror else None) or type(error).__name__
