"""Letters between two hubs: a body in its one form, the bureau's signature over it, and what is enclosed, in one file.

The file is a plain zip, entries stored: `message.json`, `message.p7s`, then the enclosed files. It travels inside a
digital envelope only, because the body holds numbers in clear.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Final

from core.canonical import canonical
from core.digest import sm3
from core.errors import HubError, Rejected, Retryable
from hub.files import DiskRefuses
from schemas.transfer import Letter
from signing.beside import written_beside
from signing.detached import verify_detached
from signing.errors import TrustUnknown
from signing.trust import Trust

VERSION: Final = 1
BODY: Final = "message.json"
SIGNATURE: Final = "message.p7s"
#: Folder of the packages in a parcel.
PACKAGES: Final = "packages/"
#: How far the clocks of two hubs may differ.
TOLERANCE: Final = timedelta(minutes=10)
_MOST_BODY: Final = 64 << 20
_MOST_SIGNATURE: Final = 1 << 20
#: No enclosed file is larger: that of the largest package the archive opens.
_MOST_ENCLOSED: Final = 128 << 20
_DATE: Final = (1980, 1, 1, 0, 0, 0)


class LetterRefused(Rejected):
    """A file is no letter of the hub it should be from, or says what cannot be."""

    code: ClassVar[str] = "HUB-825"


class LetterUntrusted(Retryable):
    """Nobody said whom to trust for another hub's signature, so nothing of its letter was believed."""

    code: ClassVar[str] = "HUB-826"


@dataclass(frozen=True, slots=True)
class Organ:
    """One end of a transfer."""

    name: str
    credit_code: str

    def to_dict(self) -> dict[str, str]:
        """As it stands in a letter."""
        return {"name": self.name, "credit_code": self.credit_code}


@dataclass(frozen=True, slots=True)
class Read:
    """A letter whose signature is good, and whose two ends are those it should have.

    Attributes:
        raw: the body as it was signed.
        signed_at: by the signer's own word.
    """

    said: Mapping[str, Any]
    raw: bytes
    signed_at: datetime

    @property
    def sm3(self) -> bytes:
        """By which other letters name it."""
        return sm3(self.raw)


def body_of(
    kind: Letter, transfer: str, number: int, sender: Organ, receiver: Organ, at: datetime, said: Mapping[str, Any]
) -> bytes:
    """The body of a letter; `number` is the round."""
    return canonical(
        {
            **said,
            "v": VERSION,
            "type": kind.value,
            "transfer": transfer,
            "round": number,
            "from": sender.to_dict(),
            "to": receiver.to_dict(),
            "at": at.isoformat(timespec="seconds"),
        }
    )


def write(path: Path, body: bytes, signature: bytes, enclosed: Iterable[tuple[str, bytes]] = ()) -> None:
    """Write a letter; it appears whole or not at all. Enclosed files are taken one by one, so that few are in memory.

    Raises:
        DiskRefuses: no room or no right.
    """
    try:
        with written_beside(path, 0o600) as out, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as made:
            for name, data in ((BODY, body), (SIGNATURE, signature)):
                made.writestr(zipfile.ZipInfo(name, _DATE), data)
            for name, data in enclosed:
                made.writestr(zipfile.ZipInfo(name, _DATE), data)
    except OSError as error:
        raise DiskRefuses(
            f"{path} was not written: {error.strerror}. Nothing was recorded. Make room or give the hub the right to "
            "write there; the next try goes on here."
        ) from None


def read(
    path: Path, trust: Trust, *, kind: Letter, transfer: str, sender: Organ, receiver: Organ, at: datetime
) -> Read:
    """Return a letter's body, once its signature and everything that says whose it is were found right.

    Raises:
        LetterRefused: one of them is not.
        LetterUntrusted: it cannot be told whom to trust.
    """
    with opened(path) as enclosed:
        raw, signature = enclosed.read(BODY, _MOST_BODY), enclosed.read(SIGNATURE, _MOST_SIGNATURE)
    try:
        signer = verify_detached(raw, signature, trust, at + TOLERANCE)
    except TrustUnknown as error:
        raise LetterUntrusted(
            f"the {kind.value} of transfer {transfer} waits: {error.message} Name the root of {sender.name} in "
            "peers.toml (`trust`)."
        ) from None
    except HubError as error:
        raise _refused(kind, f"its signature is refused: {error.message}") from None
    if signer.organisation[:18] != sender.credit_code:
        raise _refused(kind, "it is signed by another organ than the one it came from")
    said = _said(kind, raw)
    wanted = {
        "v": VERSION,
        "type": kind.value,
        "transfer": transfer,
        "from": sender.credit_code,
        "to": receiver.credit_code,
    }
    told = {name: said.get(name) for name in ("v", "type", "transfer")}
    for end in ("from", "to"):
        organ = said.get(end)
        told[end] = organ.get("credit_code") if isinstance(organ, dict) else None
    if wrong := [name for name, value in wanted.items() if told[name] != value]:
        raise _refused(kind, f"it is another one than it should be ({', '.join(wrong)})")
    return Read(said, raw, signer.signed_at)


def own(path: Path, expected: bytes) -> Mapping[str, Any]:
    """The body of a letter of ours, or of one that was read before.

    Raises:
        LetterRefused: the file is gone, or is not the one that was recorded.
    """
    with opened(path) as enclosed:
        raw = enclosed.read(BODY, _MOST_BODY)
    if sm3(raw) != expected:
        raise LetterRefused(f"{path} is not the letter that was recorded; restore it from the backup.")
    said: Mapping[str, Any] = json.loads(raw)
    return said


def without_packages(path: Path) -> None:
    """Leave of a parcel what proves: body, signature, reports. The packages lie in the archive, once.

    Raises:
        LetterRefused: it is no letter.
        DiskRefuses: no room; it is as it was.
    """
    with opened(path) as enclosed:
        names = [name for name in sorted(enclosed.names()) if not name.startswith(PACKAGES)]
        if len(names) == len(enclosed.names()):
            return
        body, signature = enclosed.read(BODY, _MOST_BODY), enclosed.read(SIGNATURE, _MOST_SIGNATURE)
        write(path, body, signature, ((name, enclosed.read(name)) for name in names))


class Enclosed:
    """The files in a letter, read one by one."""

    def __init__(self, file: zipfile.ZipFile) -> None:
        self._file = file
        self._sizes = {info.filename: info.file_size for info in file.infolist()}

    def names(self) -> set[str]:
        """Of the enclosed files, without the body and its signature."""
        return set(self._sizes) - {BODY, SIGNATURE}

    def read(self, name: str, most: int = _MOST_ENCLOSED) -> bytes:
        """One file.

        Raises:
            LetterRefused: it is not there, too large or damaged.
        """
        size = self._sizes.get(name)
        if size is None or size > most:
            raise LetterRefused(f"a letter has no {name} that could be read; nothing was taken. Have it sent anew.")
        try:
            return self._file.read(name)
        except (zipfile.BadZipFile, EOFError, OSError):
            raise LetterRefused(f"{name} in a letter is damaged; nothing was taken. Have it sent anew.") from None


@contextmanager
def opened(path: Path) -> Iterator[Enclosed]:
    """The files of a letter.

    Raises:
        LetterRefused: it is no plain zip of stored entries with one name each.
    """
    try:
        file = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError):
        raise LetterRefused(f"{path.name} is no letter of a hub; nothing was taken. Have it sent anew.") from None
    with file:
        entries = file.infolist()
        plain = all(one.compress_type == zipfile.ZIP_STORED and not one.flag_bits & 1 for one in entries)
        if not plain or len({one.filename for one in entries}) != len(entries):
            raise LetterRefused(
                f"{path.name} is packed in another way than letters are; nothing was taken. Have it sent anew."
            )
        yield Enclosed(file)


def _said(kind: Letter, raw: bytes) -> dict[str, Any]:
    try:
        said = json.loads(raw)
        sound = isinstance(said, dict) and canonical(said) == raw
    except (ValueError, TypeError, RecursionError):
        sound = False
    if not sound:
        raise _refused(kind, "its body is not JSON in its one form")
    return dict(said)


def _refused(kind: Letter, why: str) -> LetterRefused:
    return LetterRefused(f"a {kind.value} is refused: {why}; nothing was taken. Have it sent anew.")
