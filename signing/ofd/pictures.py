"""Whether a seal's picture can be shown: decoded within bounds, by its content and not by its name alone."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from io import BytesIO

from lxml import etree
from PIL import Image

from documents.package import ContainerFault, ContainerRefused, Limits, Package
from documents.xml import XmlRefused, looks_like_xml, parse

#: A seal of 42 mm at 1200 dots an inch has some 2,000 by 2,000; decoded that is 16 MiB.
MOST_PIXELS = 4 << 20
#: Bytes of a picture that is remembered once decoded.
_REMEMBERED = 256 << 10
_RASTERS = {"png": "PNG", "jpg": "JPEG", "jpeg": "JPEG", "gif": "GIF", "bmp": "BMP"}
#: A whole OFD may be the picture; it is opened to these bounds and not drawn.
_NESTED = Limits(file_bytes=4 << 20, entries=128, entry_bytes=4 << 20, total_bytes=8 << 20)
#: What an attack looks like, in contrast to what another maker's writer does differently.
_ATTACKS = frozenset(
    (
        ContainerFault.TOO_LARGE,
        ContainerFault.TOO_MANY,
        ContainerFault.UNSAFE_NAME,
        ContainerFault.DUPLICATE_NAME,
        ContainerFault.HEADERS_DIFFER,
        ContainerFault.HIDDEN_BYTES,
        ContainerFault.DAMAGED,
        ContainerFault.ENCRYPTED,
        ContainerFault.NOT_A_ZIP,
    )
)
_XLINK = "{http://www.w3.org/1999/xlink}href"


class Sight(Enum):
    """What was found out about a picture."""

    SHOWN = "decoded"
    #: Well-formed, and of a kind that is not drawn here.
    OPENED = "opened, not drawn"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at a picture told; `why` is for a reader of English."""

    sight: Sight
    why: str = ""


def look(kind: str, picture: bytes) -> Look:
    """Open a seal's picture of the given type, whatever its letter case. Bad input is an answer, not an exception."""
    return _remembered(kind.lower(), picture) if len(picture) <= _REMEMBERED else _look(kind.lower(), picture)


def _look(kind: str, picture: bytes) -> Look:
    if kind in _RASTERS:
        return _raster(_RASTERS[kind], picture)
    if kind == "svg":
        return _drawing(picture)
    if kind == "ofd":
        return _nested(picture)
    return Look(Sight.REFUSED, "a picture of unknown type")


@lru_cache(maxsize=64)
def _remembered(kind: str, picture: bytes) -> Look:
    """One seal stands on thousands of licences."""
    return _look(kind, picture)


def _raster(kind: str, picture: bytes) -> Look:
    try:
        with warnings.catch_warnings():
            # Pillow warns of large pictures, which are refused here by a bound of our own.
            warnings.simplefilter("ignore")
            with Image.open(BytesIO(picture), formats=[kind]) as image:
                width, height = image.size
                if width * height > MOST_PIXELS:
                    return Look(Sight.REFUSED, f"{width} by {height} pixels, more than any seal has")
                if getattr(image, "n_frames", 1) > 1:
                    return Look(Sight.REFUSED, "a picture that moves")
                image.load()
    except Exception as error:  # noqa: BLE001 - decoders raise whatever their damaged input makes them
        return Look(Sight.REFUSED, f"it cannot be decoded ({type(error).__name__})")
    return Look(Sight.SHOWN)


def _drawing(picture: bytes) -> Look:
    try:
        root = parse(picture, "the seal's picture", largest=_NESTED.entry_bytes)
    except XmlRefused as error:
        return Look(Sight.REFUSED, error.message)
    if etree.QName(root).localname != "svg":
        return Look(Sight.REFUSED, "it is not SVG")
    for one in root.iter(etree.Element):
        if etree.QName(one).localname in ("script", "foreignObject"):
            return Look(Sight.REFUSED, "SVG that runs a program or holds a page")
        link = one.get("href") or one.get(_XLINK) or "#"
        if not link.startswith(("#", "data:image/")):
            return Look(Sight.REFUSED, "SVG that loads something from elsewhere")
    return Look(Sight.OPENED)


def _nested(picture: bytes) -> Look:
    try:
        package = Package.read(picture, _NESTED)
    except ContainerRefused as error:
        return Look(Sight.REFUSED if error.reason in _ATTACKS else Sight.OPENED, error.detail)
    if "OFD.xml" not in package.entries:
        return Look(Sight.REFUSED, "it is no OFD package")
    for name, data in package.entries.items():
        if looks_like_xml(name, data):
            try:
                parse(data, "a file of the seal's picture")
            except XmlRefused as error:
                return Look(Sight.REFUSED, error.message)
    return Look(Sight.OPENED)
