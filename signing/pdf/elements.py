"""The elements of GB/T 36903 in a licence's PDF, as `documents.pdf.metadata` writes them into its XMP."""

from __future__ import annotations

from typing import Final

from lxml import etree

from documents.pdf.metadata import NAMESPACE
from documents.xml import XmlRefused, parse
from signing.errors import PdfRefused
from signing.pdf.opinion import open_reader

_LARGEST: Final = 1 << 20
_PREFIX: Final = f"{{{NAMESPACE}}}"


def licence_elements(data: bytes) -> dict[str, str]:
    """Element code to text; empty for a PDF that holds none. What the newest revision of the file says counts.

    Raises:
        PdfRefused: the file or its metadata cannot be read.
    """
    reader, _ = open_reader(data)
    try:
        # By [] and not by get, which would give the reference in place of what it leads to.
        packet = bytes(reader.root["/Metadata"].data) if "/Metadata" in reader.root else b""
    except Exception as error:  # noqa: BLE001 - pyHanko raises all sorts over broken objects
        raise PdfRefused("元数据无法读取", f"the metadata cannot be read ({type(error).__name__})") from None
    if not packet:
        return {}
    try:
        root = parse(packet, "the metadata", largest=_LARGEST)
    except XmlRefused as error:
        raise PdfRefused("元数据无法读取", error.message) from None
    return {
        etree.QName(one).localname: one.text or ""
        for one in root.iter()
        if isinstance(one.tag, str) and one.tag.startswith(_PREFIX)
    }
