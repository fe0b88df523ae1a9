"""The zip package an OFD file is: read so strictly that two readers cannot see two documents.

Only one shape passes: local headers back to back from the first byte, the central directory in the
same order and saying the same, the end record, and nothing else. What other readers might resolve
differently (a name twice, bytes between entries, a directory that disagrees with a header) is
refused, never repaired.
"""

from __future__ import annotations

import struct
import unicodedata
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import ClassVar

from core.errors import Rejected

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_LOCAL_MARK, _CENTRAL_MARK, _END_MARK, _DESCRIPTOR_MARK = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"PK\x07\x08"
_STORED, _DEFLATED = 0, 8
_PLAIN_VERSION = 20
#: Flag bits: sizes follow the data (3), the name is UTF-8 (11), compression level hints (1 and 2).
_SIZES_AFTER, _UTF8, _LEVEL_HINTS, _ENCRYPTED = 0x0008, 0x0800, 0x0006, 0x2041
#: Extra fields that only tell times and owners: extended time, Info-ZIP owner, NTFS times.
_HARMLESS_EXTRAS = {0x5455: 13, 0x7875: 15, 0x000A: 32}
#: 1980-01-01 00:00, the first moment zip knows.
_FIXED_DATE = 0x0021
_UNIX_FILE = 0o100644 << 16
_LONGEST_NAME = 512
#: Below this an entry may shrink by any ratio: a blank page does.
_BOMB_FLOOR = 1 << 20
#: Entries, and bytes, that a plain zip file takes.
MOST_STORED, LONGEST_STORED = 0xFFFE, 0xFFFFFFFE
#: Packages with more entries are rare and their names not worth remembering.
_USUAL_ENTRIES = 64


class ContainerFault(StrEnum):
    """Why a package was refused; the value is stable and goes into reports."""

    NOT_A_ZIP = "not-a-zip"
    ENCRYPTED = "encrypted"
    UNSAFE_NAME = "unsafe-name"
    DUPLICATE_NAME = "duplicate-name"
    HEADERS_DIFFER = "headers-differ"
    HIDDEN_BYTES = "hidden-bytes"
    UNSUPPORTED = "unsupported"
    DAMAGED = "damaged"
    TOO_MANY = "too-many-entries"
    TOO_LARGE = "too-large"


class ContainerRefused(Rejected):
    """The bytes are no package this house opens; nothing of it was used."""

    code: ClassVar[str] = "HUB-401"

    def __init__(self, reason: ContainerFault, detail: str) -> None:
        super().__init__(
            f"package refused ({reason.value}): {detail}. Nothing was used; ask the sender for the original file."
        )
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a package may cost to open. Sizes in bytes; `ratio` is unpacked to packed."""

    file_bytes: int = 128 << 20
    entries: int = 4096
    entry_bytes: int = 64 << 20
    total_bytes: int = 256 << 20
    ratio: int = 200


_DEFAULT_LIMITS = Limits()


class Package:
    """Named files in order; the names have no leading slash. Never changes once made."""

    __slots__ = ("_checksums", "entries")

    entries: Mapping[str, bytes]
    #: CRC-32 of the contents that were held against it when they were read.
    _checksums: Mapping[str, int]

    def __init__(self, entries: Mapping[str, bytes]) -> None:
        """Raises ContainerRefused for names that `read` would not take back."""
        kept = dict(entries)
        _check_names(tuple(kept))
        self.entries = MappingProxyType(kept)
        self._checksums = {}

    def __repr__(self) -> str:
        return f"Package({len(self.entries)} entries)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Package) and list(self.entries.items()) == list(other.entries.items())

    __hash__ = None  # type: ignore[assignment]

    @classmethod
    def read(cls, data: bytes, limits: Limits = _DEFAULT_LIMITS) -> Package:
        """The files of a zip package; folders (entries without content) are checked and left out.

        Raises:
            ContainerRefused: see `ContainerFault`; `reason` tells which.
        """
        if len(data) > limits.file_bytes:
            raise _refused(ContainerFault.TOO_LARGE, f"{len(data)} bytes where {limits.file_bytes} are allowed")
        files: dict[str, bytes] = {}
        checksums: dict[str, int] = {}
        folders: list[str] = []
        names: list[str] = []
        for name, content, checksum in _entries(data, limits):
            names.append(name)
            if name.endswith("/"):
                folders.append(name)
            else:
                # a second file of this name would overwrite the first; _check_names refuses it below
                files[name] = content
                checksums[name] = checksum
        _check_names(tuple(names))
        if folders and set(folders) != _folders_of(files):
            raise _refused(ContainerFault.HIDDEN_BYTES, "the folder entries are not exactly the folders of its files")
        package = cls.__new__(cls)
        package.entries = MappingProxyType(files)
        package._checksums = checksums
        return package

    def to_bytes(self) -> bytes:
        """The zip file, the same bytes for the same entries on every machine.

        Entries are stored, not deflated. A deflate stream has many forms that unpack to the same
        bytes, so a changed byte in it can go unseen and the output depends on the zlib version;
        of a stored entry every byte counts.
        """
        body, end = self._pieces()
        return b"".join((*body, end))

    def _pieces(self) -> tuple[list[bytes], bytes]:
        """The file piece by piece, up to its directory, and that with the end record."""
        body: list[bytes] = []
        directory: list[bytes] = []
        start = 0
        for name, content in self.entries.items():
            checksum = self._checksums.get(name)
            checksum = zlib.crc32(content) if checksum is None else checksum
            header, record = stored_headers(name, checksum, len(content), start)
            directory.append(record)
            body += (header, content)
            start += len(header) + len(content)
            if start > LONGEST_STORED:
                break
        count, size = len(self.entries), sum(map(len, directory))
        if count > MOST_STORED or start + size > LONGEST_STORED:
            raise _refused(ContainerFault.TOO_LARGE, f"{count} entries of {start} bytes do not fit a plain zip file")
        return body, b"".join((*directory, end_record(count, size, start)))

    def is_written_as(self, data: bytes) -> bool:
        """Whether `to_bytes` gives these bytes; they are not put together for it."""
        try:
            body, end = self._pieces()
        except ContainerRefused:
            return False
        position = 0
        for piece in (*body, end):
            if not data.startswith(piece, position):
                return False
            position += len(piece)
        return position == len(data)

    def with_entries(self, changes: Mapping[str, bytes | None]) -> Package:
        """A package with these files put in place of, or after, the present ones; None takes one out."""
        entries: dict[str, bytes] = dict(self.entries)
        for name, content in changes.items():
            if content is None:
                del entries[name]
            else:
                entries[name] = content
        return Package(entries)


def stored_headers(name: str, checksum: int, size: int, start: int) -> tuple[bytes, bytes]:
    """What stands before a stored entry that begins at `start`, and its record in the directory; see `to_bytes`."""
    label = name.encode()
    flags = 0 if label.isascii() else _UTF8
    common = (_PLAIN_VERSION, flags, _STORED, 0, _FIXED_DATE, checksum, size, size, len(label), 0)
    record = _CENTRAL.pack(_CENTRAL_MARK, 3 << 8 | _PLAIN_VERSION, *common, 0, 0, 0, _UNIX_FILE, start)
    return _LOCAL.pack(_LOCAL_MARK, *common) + label, record + label


def end_record(count: int, size: int, start: int) -> bytes:
    """The end of a zip file whose directory of `count` records, `size` bytes together, begins at `start`."""
    return _END.pack(_END_MARK, 0, 0, count, count, size, start, 0)


def _refused(reason: ContainerFault, detail: str) -> ContainerRefused:
    return ContainerRefused(reason, detail)


@lru_cache(maxsize=4096)
def _name_fault(name: str) -> str | None:
    """What is wrong with one entry name, or None. A folder's name ends with a slash."""
    if not name or len(name.encode("utf-8", "surrogatepass")) > _LONGEST_NAME:
        return "a name is empty or too long"
    if name.startswith("/") or name[1:2] == ":":
        return "a name is absolute"
    if "\\" in name or ":" in name:
        return "a name holds a backslash or a colon"
    if any(unicodedata.category(character) in ("Cc", "Cf", "Cs") for character in name):
        return "a name holds an invisible character"
    for part in name.removesuffix("/").split("/"):
        # Windows drops dots and blanks at the end, so "a." and "a" would be one file there.
        if not part or part.endswith((".", " ")):
            return "a name has an empty part, a dot part or a part that ends with a dot or blank"
    return None


@lru_cache(maxsize=4096)
def _folded(name: str) -> str:
    """What a file system that ignores case and Unicode form takes the name for."""
    return unicodedata.normalize("NFC", name.casefold()).removesuffix("/")


def _check_names(names: tuple[str, ...]) -> None:
    """Raise ContainerRefused for names that two file systems could take for different ones."""
    if len(names) <= _USUAL_ENTRIES:
        _check_usual_names(names)
    else:
        _check_all_names(names)


@lru_cache(maxsize=64)
def _check_usual_names(names: tuple[str, ...]) -> None:
    """Remembered when good: the files of thousands of licences have the same names."""
    _check_all_names(names)


def _check_all_names(names: tuple[str, ...]) -> None:
    for name in names:
        fault = _name_fault(name)
        if fault is not None:
            raise _refused(ContainerFault.UNSAFE_NAME, fault)
    folded = {_folded(name) for name in names}
    if len(folded) != len(names):
        raise _refused(ContainerFault.DUPLICATE_NAME, "two entries have one name, or differ in letter case only")
    files = {_folded(name) for name in names if not name.endswith("/")}
    if not files.isdisjoint(_folded(name) for name in _folders_of(names)):
        raise _refused(ContainerFault.DUPLICATE_NAME, "one name is a file and a folder")


def _folders_of(names: Mapping[str, bytes] | tuple[str, ...]) -> set[str]:
    return {name[: place + 1] for name in names for place, sign in enumerate(name[:-1]) if sign == "/"}


def _end_record(data: bytes, limits: Limits) -> tuple[int, int]:
    """Number of entries and where the central directory starts."""
    if len(data) < _END.size or data[:4] not in (_LOCAL_MARK, _END_MARK):
        raise _refused(ContainerFault.NOT_A_ZIP, "it does not begin and end like a zip file")
    if data[-_END.size : -_END.size + 4] != _END_MARK:
        hidden = _END_MARK in data
        raise _refused(
            ContainerFault.HIDDEN_BYTES if hidden else ContainerFault.NOT_A_ZIP,
            "a comment or other bytes follow its end" if hidden else "it has no end record",
        )
    _, disk, first_disk, here, count, size, start, comment = _END.unpack_from(data, len(data) - _END.size)
    if disk or first_disk or here != count or comment:
        raise _refused(ContainerFault.HEADERS_DIFFER, "its end record contradicts itself")
    if count == 0xFFFF or start == 0xFFFFFFFF or size == 0xFFFFFFFF:
        raise _refused(ContainerFault.UNSUPPORTED, "it is a Zip64 file, which no licence needs")
    if start + size != len(data) - _END.size:
        raise _refused(ContainerFault.HIDDEN_BYTES, "bytes lie before or after its directory")
    if count > limits.entries:
        raise _refused(ContainerFault.TOO_MANY, f"{count} entries where {limits.entries} are allowed")
    return count, start


def _entries(data: bytes, limits: Limits) -> Iterator[tuple[str, bytes, int]]:
    """Each entry after its header and its directory record were compared; in the end nothing may be left over."""
    count, directory_start = _end_record(data, limits)
    record, position, total = directory_start, 0, 0
    styles: set[tuple[bool, int, int, int]] = set()
    for _ in range(count):
        if record + _CENTRAL.size > len(data) - _END.size:
            raise _refused(ContainerFault.DAMAGED, "its directory is cut off")
        central_start = record
        central = _CENTRAL.unpack_from(data, record)
        (
            mark, made_by, version, flags, method, _, _, checksum, packed_size, size,
            name_length, extra_length, comment_length, disk, internal, external, offset,
        ) = central  # fmt: skip
        name_start = record + _CENTRAL.size
        extra_start = name_start + name_length
        record = extra_start + extra_length
        if mark != _CENTRAL_MARK or disk or comment_length or record > len(data) - _END.size:
            raise _refused(ContainerFault.DAMAGED, "its directory cannot be followed")
        raw_name = data[name_start:extra_start]
        if flags & ~_UTF8 or method != _STORED or version != _PLAIN_VERSION:
            _check_flags(flags, method, version)
        if extra_length:
            _check_extra(data[extra_start:record])
        name = raw_name.decode("ascii") if raw_name.isascii() else _decoded(raw_name, flags)
        # One writer writes one style; a record that differs was touched afterwards.
        styles.add((name.endswith("/"), made_by, internal, external))
        total += size
        if size > limits.entry_bytes or total > limits.total_bytes:
            raise _refused(ContainerFault.TOO_LARGE, f"entry {position} unpacks to {size} bytes, together {total}")
        if size > _BOMB_FLOOR and size > packed_size * limits.ratio:
            raise _refused(ContainerFault.TOO_LARGE, f"an entry unpacks to more than {limits.ratio} times its size")
        if offset != position:
            raise _refused(ContainerFault.HIDDEN_BYTES, "bytes lie between its entries, or they are out of order")
        if (
            not extra_length
            and not flags & _SIZES_AFTER
            and data.startswith(_LOCAL_MARK + data[central_start + 6 : central_start + 32] + raw_name, offset)
        ):
            # the same bytes in both places: nothing to compare one by one
            body = offset + _LOCAL.size + name_length
        else:
            body = _check_local(data, offset, list(central[2:12]), raw_name, directory_start)
        position = body + packed_size
        if position > directory_start:
            raise _refused(ContainerFault.DAMAGED, "an entry runs into the directory")
        content = _unpacked(data[body:position], method, size, checksum)
        if name.endswith("/") and content:
            raise _refused(ContainerFault.HIDDEN_BYTES, "a folder entry has content")
        if flags & _SIZES_AFTER:
            position = _after_descriptor(data, position, checksum, packed_size, size)
        yield name, content, checksum
    if position != directory_start or record != len(data) - _END.size:
        raise _refused(ContainerFault.HIDDEN_BYTES, "bytes lie between its entries and its directory or after it")
    for folder in (False, True):
        if len({style for style in styles if style[0] is folder}) > 1:
            raise _refused(ContainerFault.HEADERS_DIFFER, "its directory records are not of one writer")


def _check_flags(flags: int, method: int, version: int) -> None:
    if flags & _ENCRYPTED:
        raise _refused(ContainerFault.ENCRYPTED, "an entry is encrypted")
    if flags & ~(_SIZES_AFTER | _UTF8 | _LEVEL_HINTS) or method not in (_STORED, _DEFLATED) or version not in (10, 20):
        raise _refused(ContainerFault.UNSUPPORTED, "an entry is neither plainly stored nor deflated")
    if method == _STORED and flags & (_SIZES_AFTER | _LEVEL_HINTS):
        # Where a stored entry ends could then only be guessed by a reader that streams.
        raise _refused(ContainerFault.UNSUPPORTED, "a stored entry gives its size after its data")


def _check_extra(extra: bytes) -> None:
    position = 0
    while position < len(extra):
        if position + 4 > len(extra):
            raise _refused(ContainerFault.HIDDEN_BYTES, "an extra field is cut off")
        kind, length = struct.unpack_from("<HH", extra, position)
        position += 4 + length
        if length > _HARMLESS_EXTRAS.get(kind, -1) or position > len(extra):
            raise _refused(ContainerFault.UNSUPPORTED, f"extra field 0x{kind:04x} is not one that only tells times")


def _decoded(raw: bytes, flags: int) -> str:
    """A name that is not ASCII."""
    if not flags & _UTF8:
        raise _refused(ContainerFault.UNSAFE_NAME, "a name is neither ASCII nor marked as UTF-8")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise _refused(ContainerFault.UNSAFE_NAME, "a name is marked as UTF-8 and is not") from None


def _check_local(data: bytes, offset: int, common: list[int], raw_name: bytes, limit: int) -> int:
    """Where the entry's data starts, after its header was found to say what the directory says."""
    if offset + _LOCAL.size > limit:
        raise _refused(ContainerFault.DAMAGED, "an entry's header is cut off")
    mark, *local = _LOCAL.unpack_from(data, offset)
    if mark != _LOCAL_MARK:
        raise _refused(ContainerFault.HEADERS_DIFFER, "the directory points at something that is no entry")
    name_end: int = offset + _LOCAL.size + local[8]
    extra_end: int = name_end + local[9]
    expected = list(common[:9])
    if common[1] & _SIZES_AFTER and local[5:8] == [0, 0, 0]:
        expected[5:8] = [0, 0, 0]
    if local[:9] != expected or data[offset + _LOCAL.size : name_end] != raw_name or extra_end > limit:
        raise _refused(ContainerFault.HEADERS_DIFFER, "an entry's own header differs from the directory")
    _check_extra(data[name_end:extra_end])
    return extra_end


def _after_descriptor(data: bytes, position: int, checksum: int, packed_size: int, size: int) -> int:
    sizes = struct.pack("<3L", checksum, packed_size, size)
    for descriptor in (_DESCRIPTOR_MARK + sizes, sizes):
        if data[position : position + len(descriptor)] == descriptor:
            return position + len(descriptor)
    raise _refused(ContainerFault.HEADERS_DIFFER, "the sizes after an entry's data differ from the directory")


def _unpacked(packed: bytes, method: int, size: int, checksum: int) -> bytes:
    if method == _STORED:
        content = packed
    else:
        machine = zlib.decompressobj(-15)
        try:
            content = machine.decompress(packed, size + 1)
        except zlib.error:
            raise _refused(ContainerFault.DAMAGED, "an entry cannot be unpacked") from None
        if not machine.eof or machine.unused_data:
            raise _refused(ContainerFault.HIDDEN_BYTES, "an entry's packed data does not end where it should")
    if len(content) != size or zlib.crc32(content) != checksum:
        raise _refused(ContainerFault.DAMAGED, "an entry's content differs from its size or checksum")
    return content
