"""What lies in a file, told by its bytes and never by its name: files in files, and content that can do harm.

Known by their form: programs, scripts that say what they are, office files with macros, and a zip file hung onto
another file. A script without a mark of its own (a .bat, .ps1 or .vbs file) cannot be told from text.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple

from lxml import etree

from documents.errors import NotReadable
from documents.package import ContainerRefused, Limits, Package
from documents.reader import Reader
from documents.xml import XmlRefused, parse

#: How deep files in files are followed, and what all entries of one may unpack to.
_DEEPEST = 3
_LIMITS = Limits()
#: What all files in files of one package may unpack to, bytes; they are in memory together.
MOST_UNPACKED: Final = 1 << 30
_ZIP, _PDF, _OLE2 = b"PK\x03\x04", b"%PDF-", bytes.fromhex("d0cf11e0a1b11ae1")
_ZIP_END = b"PK\x05\x06"
_ZIP_END_SIZE, _LONGEST_COMMENT = 22, 0xFFFF
_PROGRAMS = (
    b"\x7fELF",
    b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe",  # Mach-O
    b"\xca\xfe\xba\xbe",  # Java class, or Mach-O of several machines
    b"\0asm",
    b"dex\n",
    b"L\0\0\0\x01\x14\x02\0",  # Windows shortcut
)  # fmt: skip
_SCRIPT = re.compile(rb"(?:#!|<\?php|<%@|@echo off)", re.IGNORECASE)
#: What a script, or markup that may hold one, begins with.
_SCRIPT_SIGNS = (b"<", b"#", b"@")
_SCRIPT_IN_MARKUP = re.compile(rb"<(?:[a-z]+:)?script[\s>/]", re.IGNORECASE)
#: Names of storages and streams in an OLE2 file, UTF-16 as they stand in its directory.
_MACROS = tuple(name.encode("utf-16-le") for name in ("_VBA_PROJECT", "Macros", "\x01Ole10Native"))
_MACRO_PARTS = ("vbaproject.bin", "/macrosheets/", "/activex/")

Danger = tuple[str, str]
_PROGRAM: Danger = ("可执行程序", "a program")
_A_SCRIPT: Danger = ("脚本", "a script")
_A_MACRO: Danger = ("含宏或嵌入对象的办公文档", "an office file with macros or embedded objects")
_HUNG_ON: Danger = ("文件末尾夹带压缩包", "a zip file hangs at its end")


class Unopened(Exception):
    """A file in a file cannot be opened, so nobody knows what is in it. `path` says which."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class Room:
    """How many bytes files in files may still unpack to, all of a package together: many small bombs are one, too."""

    def __init__(self, left: int = MOST_UNPACKED) -> None:
        self.left = left


@dataclass(frozen=True, slots=True)
class Container:
    """A zip file in a package, and what was parsed of its XML: several items look at the same licence."""

    package: Package
    roots: dict[str, etree._Element] = field(default_factory=dict)

    def root(self, path: str) -> etree._Element:
        """The root element of a file that is there; parsed once. Raises XmlRefused."""
        if path not in self.roots:
            self.roots[path] = parse(self.package.entries[path], path)
        return self.roots[path]


class Inner(NamedTuple):
    """A file of a package, or one in such a file; `container` is what it opens to where it is a zip file."""

    path: str
    data: bytes
    container: Container | None = None

    @property
    def is_ofd(self) -> bool:
        """Whether it sets out to be an OFD file: a zip file with OFD.xml at its root."""
        return self.container is not None and "OFD.xml" in self.container.package.entries

    @property
    def is_pdf(self) -> bool:
        """Whether it sets out to be a PDF."""
        return self.data.startswith(_PDF)


#: Opens a file that begins as a zip file; raises ContainerRefused.
Open = Callable[[bytes], Container]


def opened(data: bytes) -> Container:
    """What a zip file holds. Raises ContainerRefused."""
    return Container(Package.read(data, _LIMITS))


def nested(path: str, data: bytes, room: Room, depth: int = 0, *, open_: Open = opened) -> Iterator[Inner]:
    """A file, and every file in it; `outer!/inner` is the path of those.

    Args:
        open_: opens the file itself, for a caller that may have opened it already.

    Raises:
        Unopened: one looks like a zip file and is none that can be opened, lies too deep, or there is no room for it.
    """
    if not data.startswith(_ZIP):
        yield Inner(path, data)
        return
    if depth == _DEEPEST:
        raise Unopened(path)
    try:
        container = open_(data)
    except ContainerRefused:
        raise Unopened(path) from None
    entries = container.package.entries
    room.left -= sum(map(len, entries.values()))
    if room.left < 0:
        raise Unopened(path)
    yield Inner(path, data, container)
    for name, inner in entries.items():
        yield from nested(f"{path}!/{name}", inner, room, depth + 1)


def danger_in(path: str, data: bytes) -> Danger | None:
    """What makes this file, without those in it, one that can do harm; None where nothing is seen."""
    if _is_program(data):
        return _PROGRAM
    if _is_script(data):
        return _A_SCRIPT
    if data.startswith(_OLE2) and any(name in data for name in _MACROS):
        return _A_MACRO
    if "!/" in path and _is_macro_part(path):
        return _A_MACRO
    if not data.startswith(_ZIP) and _has_zip_end(data):
        return _HUNG_ON
    return None


def sound_ofd(data: bytes, open_: Open = opened) -> bool:
    """Whether it is a plain package whose entry leads to a document with at least one page that can be read."""
    try:
        container = open_(data)
        reader = Reader(container.package, container.root)
        pages = [reader.xml(path) for _, path in reader.pages()]
    except (ContainerRefused, NotReadable, XmlRefused):
        return False
    return bool(pages)


def sound_png(data: bytes) -> bool:
    """Whether its chunks follow each other from the header to the end, and nothing follows that."""
    position, mark = 8, b"\x89PNG\r\n\x1a\n"
    kinds = []
    while data.startswith(mark) and position + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        kinds.append(kind)
        position += 12 + length
        if kind == b"IEND":
            break
    return position == len(data) and kinds[:1] == [b"IHDR"] and kinds[-1:] == [b"IEND"]


def sound_jpeg(data: bytes) -> bool:
    """Whether it begins as one and has an end; cameras write more after that."""
    return data.startswith(b"\xff\xd8\xff") and data.rfind(b"\xff\xd9", 3) > 0


@lru_cache(maxsize=1024)
def _is_macro_part(path: str) -> bool:
    """Remembered: the files of thousands of licences have the same names."""
    return any(part in path.lower() for part in _MACRO_PARTS)


def _is_program(data: bytes) -> bool:
    if data.startswith(_PROGRAMS):
        return True
    # "MZ" may begin a text; a program's header is binary
    return data.startswith(b"MZ") and b"\0" in data[:64]


def _is_script(data: bytes) -> bool:
    head = data[:256].removeprefix(b"\xef\xbb\xbf").lstrip()
    if not head.startswith(_SCRIPT_SIGNS):
        return False
    if _SCRIPT.match(head):
        return True
    # the word is looked for first: that takes a fifth of the time, and hardly any page has it
    return head.startswith(b"<") and b"script" in data.lower() and _SCRIPT_IN_MARKUP.search(data) is not None


def _has_zip_end(data: bytes) -> bool:
    """Whether the bytes end as a zip file does: its end record, with a comment that reaches to the end exactly."""
    start = max(0, len(data) - _ZIP_END_SIZE - _LONGEST_COMMENT)
    # its last sign hardly stands in any text, and one sign is found at many times the speed of four
    if data.find(_ZIP_END[-1:], start) < 0:
        return False
    place = data.rfind(_ZIP_END, start)
    if place < 0 or place + _ZIP_END_SIZE > len(data):
        return False
    (comment,) = struct.unpack_from("<H", data, place + _ZIP_END_SIZE - 2)
    return place + _ZIP_END_SIZE + int(comment) == len(data)
