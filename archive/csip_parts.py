"""What METS and PREMIS tell of one file of an information package, written and read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final

from lxml import etree

from archive.errors import CsipAltered, CsipUnreadable
from core.digest import sm3_hex
from documents.xml import XmlRefused, parse

XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"


@dataclass(frozen=True, slots=True)
class Part:
    """A file to be told of: its path within the package's folder, its bytes, its media type, when it came to be."""

    path: str
    data: bytes = field(repr=False)
    media_type: str
    created: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """What a list tells of a file, its values still unjudged text.

    Attributes:
        path: within the package's folder.
        size: in bytes.
        algorithm: name of the digest's algorithm.
        digest: hexadecimal.
    """

    path: str = field(repr=False)
    size: str
    algorithm: str
    digest: str


def sha256_hex(data: bytes) -> str:
    """SHA-256 as METS has it; its list of algorithms names no SM3."""
    return hashlib.sha256(data).hexdigest()


#: Digests that are compared. The weaker ones METS knows too (MD5, SHA-1, CRC32) are none one may rest on.
DIGESTS: Final[Mapping[str, Callable[[bytes], str]]] = MappingProxyType(
    {
        "SM3": sm3_hex,
        "SHA-256": sha256_hex,
        "SHA-384": lambda data: hashlib.sha384(data).hexdigest(),
        "SHA-512": lambda data: hashlib.sha512(data).hexdigest(),
    }
)


def fits(told: Told, data: bytes) -> bool:
    """Whether a file has the size and the digest told of it; never for an algorithm that is not compared."""
    digest = DIGESTS.get(told.algorithm)
    return digest is not None and told.size == str(len(data)) and told.digest.lower() == digest(data)


def rendered(root: etree._Element) -> bytes:
    """UTF-8 with declaration, indented, the same bytes for the same tree."""
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)


def root_of(data: bytes, name: str, tag: str) -> etree._Element:
    """The root element of an XML file that has to be a `tag`.

    Raises:
        CsipUnreadable: no such XML.
    """
    try:
        root = parse(data, "a file of the package")
    except XmlRefused as refusal:
        raise unreadable(f"{name} cannot be read ({refusal.fault.value})") from None
    if root.tag != tag:
        raise unreadable(f"{name} is other XML than its name promises")
    return root


def unreadable(why: str) -> CsipUnreadable:
    return CsipUnreadable(_words(why))


def altered(why: str) -> CsipAltered:
    return CsipAltered(_words(why))


def _words(why: str) -> str:
    return f"the information package is refused: {why}. Nothing was taken in; ask its sender for it again."
