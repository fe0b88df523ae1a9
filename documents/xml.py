"""XML parsing with everything switched off that can reach outside the bytes or grow inside them."""

from __future__ import annotations

from enum import StrEnum
from threading import local
from typing import ClassVar

from lxml import etree

from core.errors import Rejected

#: Bytes of one XML file; the largest page content of a licence is far below.
LARGEST = 16 << 20


#: How a document type and an entity begin; in XML they cannot stand in text unescaped.
_DECLARATIONS = (b"<!DOCTYPE", b"<!ENTITY")
_own = local()


class XmlFault(StrEnum):
    """Why XML was refused; the value is stable and goes into reports."""

    TOO_LARGE = "too-large"
    MALFORMED = "malformed"
    DOCUMENT_TYPE = "document-type"


class XmlRefused(Rejected):
    """The bytes are not XML this house reads: too large, not well-formed, or with a document type."""

    code: ClassVar[str] = "HUB-402"

    def __init__(self, message: str, fault: XmlFault = XmlFault.MALFORMED) -> None:
        super().__init__(message)
        self.fault = fault


def parse(data: bytes, name: str, *, largest: int = LARGEST) -> etree._Element:
    """The root element of `data`; nothing is fetched, expanded, repaired or dropped.

    Args:
        name: the file's name for the message.
        largest: bytes allowed.

    Raises:
        XmlRefused: too large, not well-formed, or with a document type (the only door to entities).
    """
    if len(data) > largest:
        raise XmlRefused(
            f"{name} has {len(data)} bytes where {largest} are allowed; it was not read.", XmlFault.TOO_LARGE
        )
    try:
        root = etree.fromstring(data, _parser())
    except etree.XMLSyntaxError as error:
        # a parser keeps the errors of its last document: what was refused leaves nothing behind
        del _own.parser
        raise XmlRefused(f"{name} is not well-formed XML (line {error.lineno}); it was not read.") from None
    except ValueError:
        del _own.parser
        raise XmlRefused(f"{name} declares an encoding it does not have; it was not read.") from None
    # The declaration itself is refused, used or not: an entity bomb needs no reference in our reading
    # to go off in the next reader's.
    tree = root.getroottree()
    if tree.docinfo.internalDTD is not None or tree.docinfo.externalDTD is not None:
        del _own.parser
        raise XmlRefused(
            f"{name} has a document type, which no licence needs; it was not read.", XmlFault.DOCUMENT_TYPE
        )
    return root


def _parser() -> etree.XMLParser:
    """This thread's parser; making one takes longer than parsing a small file."""
    found: etree.XMLParser | None = getattr(_own, "parser", None)
    if found is None:
        found = _own.parser = etree.XMLParser(
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            dtd_validation=False,
            huge_tree=False,
            recover=False,
            collect_ids=False,
        )
    return found


def looks_like_xml(name: str, data: bytes) -> bool:
    """Whether a reader may take a file for XML: by its name, or by how its bytes begin in any usual encoding."""
    return name[-4:].lower() == ".xml" or data[:64].lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n")[:1] == b"<"


def declares_type(data: bytes) -> bool:
    """Whether bytes that are no well-formed XML hold a document type or an entity all the same, in UTF-8, -16 or -32.

    Another reader may repair what this one refuses, and would meet them there.
    """
    plain = data.upper()
    if any(word in plain for word in _DECLARATIONS):
        return True
    if b"\0" not in data:
        return False
    wide = plain.replace(b"\0", b"")
    return any(word in wide for word in _DECLARATIONS)
