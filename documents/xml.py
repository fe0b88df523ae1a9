"""XML parsing with everything switched off that can reach outside the bytes or grow inside them."""

from __future__ import annotations

from typing import ClassVar

from lxml import etree

from core.errors import Rejected

#: Bytes of one XML file; the largest page content of a licence is far below.
LARGEST = 16 << 20


class XmlRefused(Rejected):
    """The bytes are not XML this house reads: too large, not well-formed, or with a document type."""

    code: ClassVar[str] = "HUB-402"


def parse(data: bytes, name: str, *, largest: int = LARGEST) -> etree._Element:
    """The root element of `data`; nothing is fetched, expanded, repaired or dropped.

    Args:
        name: the file's name for the message.
        largest: bytes allowed.

    Raises:
        XmlRefused: too large, not well-formed, or with a document type (the only door to entities).
    """
    if len(data) > largest:
        raise XmlRefused(f"{name} has {len(data)} bytes where {largest} are allowed; it was not read.")
    # A parser keeps the errors of its last document, so each document gets its own.
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False, recover=False
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise XmlRefused(f"{name} is not well-formed XML (line {error.lineno}); it was not read.") from None
    except ValueError:
        raise XmlRefused(f"{name} declares an encoding it does not have; it was not read.") from None
    # The declaration itself is refused, used or not: an entity bomb needs no reference in our reading
    # to go off in the next reader's.
    tree = root.getroottree()
    if tree.docinfo.internalDTD is not None or tree.docinfo.externalDTD is not None:
        raise XmlRefused(f"{name} has a document type, which no licence needs; it was not read.")
    return root
