"""A holder's volume as one zip file: its inventory, every package unchanged, and lists of digests; out and in.

Every byte of the file follows from the inventory and the packages, so the same volume is the same file, and a reader
needs to trust nothing: it works out what has to stand there and compares. One package at a time is in memory.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import BinaryIO, Final

from archive.errors import VolumeRefused, VolumeUnfit
from archive.opened import LIMITS
from archive.volume_inventory import LARGEST, Inventory, Packed, read_inventory, write_inventory
from core.digest import sm3
from documents.package import LONGEST_STORED, end_record, stored_headers

#: Names of what is beside the packages.
INVENTORY, SHA256_LIST, SM3_LIST = "卷内目录.xml", "SHA256SUMS", "SM3SUMS"
#: Packages of one file; more of them would make an inventory that is not read any more.
MOST: Final = 20_000


@dataclass(frozen=True, slots=True)
class VolumeLimits:
    """How much a volume may cost to read, in bytes."""

    file: int = LONGEST_STORED
    packages: int = MOST
    package: int = LIMITS.file_bytes


_DEFAULT_LIMITS: Final = VolumeLimits()


def write_volume(out: BinaryIO, inventory: Inventory, package: Callable[[Packed], bytes]) -> int:
    """Write the file of a volume; its bytes.

    Args:
        package: gives the bytes of a package of the inventory; asked once for each, in order.

    Raises:
        VolumeUnfit: more than a plain zip file takes, or a package is not the one the inventory names. What was written
            of the file by then is of no use.
    """
    listed = write_inventory(inventory)
    too_much = len(inventory.packages) > MOST or len(listed) > LARGEST
    # names and digests stand four times beside the packages
    if too_much or inventory.bytes + len(listed) * 4 > LONGEST_STORED:
        raise VolumeUnfit(
            f"the volume has {len(inventory.packages)} packages of {inventory.bytes} bytes, more than one file takes; "
            "no file was written. Export its packages one by one."
        )
    writer = _Writer(out)
    writer.add(INVENTORY, listed)
    for packed in inventory.packages:
        data = package(packed)
        if (len(data), sm3(data).hex(), sha256(data).hexdigest()) != (packed.bytes, packed.sm3, packed.sha256):
            raise VolumeUnfit(
                f"package {packed.file_no} is not the one the catalogue tells of; no file was written. `hub archive "
                "verify` says what is wrong."
            )
        writer.add(packed.path, data)
    for name, data in _lists(inventory, listed):
        writer.add(name, data)
    return writer.end()


def read_volume(file: BinaryIO, limits: VolumeLimits = _DEFAULT_LIMITS) -> Inventory:
    """What the file of a volume holds, read to its end without trust in anything it says. Nothing in the packages is
    looked at; each lies unchanged under its `path`, as in any zip file.

    Raises:
        VolumeRefused: it is no such file, more than the limits, or not what follows from inventory and packages.
    """
    file.seek(0, 2)
    length = file.tell()
    file.seek(0)
    if length > limits.file:
        raise _refused(f"it has {length} bytes where {limits.file} are allowed")
    listed = _first(file, length)
    inventory = read_inventory(listed)
    if len(inventory.packages) > limits.packages:
        raise _refused(f"it has {len(inventory.packages)} packages where {limits.packages} are allowed")
    if any(one.bytes > limits.package for one in inventory.packages) or inventory.bytes > length:
        raise _refused("a package is larger than allowed, or all are larger than the file")
    file.seek(0)
    reader = _Reader(file)
    reader.take(INVENTORY, listed)
    for packed in inventory.packages:
        reader.take_package(packed)
    for name, data in _lists(inventory, listed):
        reader.take(name, data)
    reader.end()
    return inventory


def _first(file: BinaryIO, length: int) -> bytes:
    """The bytes of the first entry, whose size alone is believed, and that within bounds."""
    header, _ = stored_headers(INVENTORY, 0, 0, 0)
    head = file.read(len(header))
    size = int.from_bytes(head[22:26], "little")
    if len(head) < len(header) or head[:4] != header[:4] or size > min(LARGEST, length):
        raise _refused("it does not begin with an inventory")
    return file.read(size)


def _lists(inventory: Inventory, listed: bytes) -> Iterator[tuple[str, bytes]]:
    """Lists that `sha256sum -c` and its like read: of the inventory and every package."""
    sums = [(sha256(listed).hexdigest(), INVENTORY), *((one.sha256, one.path) for one in inventory.packages)]
    yield SHA256_LIST, _list(sums)
    sums = [(sm3(listed).hex(), INVENTORY), *((one.sm3, one.path) for one in inventory.packages)]
    yield SM3_LIST, _list(sums)


def _list(sums: list[tuple[str, str]]) -> bytes:
    return "".join(f"{digest}  {path}\n" for digest, path in sums).encode()


class _Writer:
    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._records: list[bytes] = []
        self._position = 0

    def add(self, name: str, data: bytes) -> None:
        header, record = stored_headers(name, zlib.crc32(data), len(data), self._position)
        self._records.append(record)
        for part in (header, data):
            self._out.write(part)
            self._position += len(part)

    def end(self) -> int:
        directory = b"".join(self._records)
        last = end_record(len(self._records), len(directory), self._position)
        self._out.write(directory)
        self._out.write(last)
        return self._position + len(directory) + len(last)


class _Reader:
    """Goes through a file and demands what a writer would have put there."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._records: list[bytes] = []
        self.position = 0

    def take(self, name: str, data: bytes) -> None:
        self._head(name, data)
        self._demand(data, f"{name} is not what follows from the rest")

    def take_package(self, packed: Packed) -> None:
        start = self.position
        header, _ = stored_headers(packed.path, 0, packed.bytes, start)
        # the checksum stands in the header, and follows from the bytes behind it
        self._file.seek(start + len(header))
        data = self._file.read(packed.bytes)
        if (len(data), sm3(data).hex(), sha256(data).hexdigest()) != (packed.bytes, packed.sm3, packed.sha256):
            raise _refused(f"package {packed.file_no} is not the one its inventory names")
        self._file.seek(start)
        self._head(packed.path, data)
        self._file.seek(len(data), 1)
        self.position += len(data)

    def end(self) -> None:
        directory = b"".join(self._records)
        last = end_record(len(self._records), len(directory), self.position)
        self._demand(directory + last, "its directory is not that of its entries")
        if self._file.read(1):
            raise _refused("bytes follow its end")

    def _head(self, name: str, data: bytes) -> None:
        header, record = stored_headers(name, zlib.crc32(data), len(data), self.position)
        self._records.append(record)
        self._demand(header, f"{name} does not follow where it has to")

    def _demand(self, expected: bytes, why: str) -> None:
        if self._file.read(len(expected)) != expected:
            raise _refused(why)
        self.position += len(expected)


def _refused(why: str) -> VolumeRefused:
    return VolumeRefused(f"the volume is refused: {why}. Nothing was taken in; ask its sender for it again.")
