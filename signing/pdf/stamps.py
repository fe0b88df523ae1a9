"""How a seal looks on the pages of a PDF: one signature field, and stamps for its further places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from documents.pdf import OpenPage
from documents.pdf.objects import numbered, stream, text
from documents.pdf.picture import OBJECTS as PICTURE_OBJECTS
from documents.pdf.picture import Picture
from documents.places import Place
from signing.errors import PdfNotSealable

_POINTS = 72 / 25.4
#: How far a seal may reach over the page's edge by rounding, mm.
EDGE_MM = 0.5
#: Annotation flags: Print, and Locked against being moved (ISO 32000-1, 12.5.3).
_FLAGS = (1 << 2) | (1 << 7)
_FIELD = "Seal"


@dataclass(frozen=True, slots=True)
class Stamped:
    """All that a seal adds but the signature: objects, the numbers of annotations by page, the signature's number."""

    objects: tuple[bytes, ...]
    annotations: Mapping[int, bytes]
    catalog: bytes
    signature: int


def stamp(picture: Picture, name: str, pages: Sequence[OpenPage], places: Sequence[Place], first: int) -> Stamped:
    """The seal's picture at every place; the signature itself will be the object after these.

    Args:
        name: told by viewers when one points at the seal.
        first: the number of the first object to add.

    Raises:
        PdfNotSealable: no place, or one that does not lie on its page.
    """
    if not places:
        raise PdfNotSealable("no place for the seal was given; nothing was sealed. Name one at least.")
    form = first + PICTURE_OBJECTS
    annotation = form + len(places)
    signature = annotation + len(places)
    objects = [*picture.objects(first)]
    annotations: dict[int, list[bytes]] = {}
    for index, place in enumerate(places):
        objects.append(_form(form + index, place, first))
    for index, place in enumerate(places):
        rect = _rect(pages, place)
        page = pages[place.page_index]
        look = b"/Rect[%b]/F %d/P %d 0 R/AP<</N %d 0 R>>" % (rect, _FLAGS, page.number, form + index)
        if index == 0:
            # The field and its one widget are one dictionary (ISO 32000-1, 12.5.6.19).
            kind = b"/Type/Annot/Subtype/Widget/FT/Sig/T %b/TU %b/V %d 0 R" % (text(_FIELD), text(name), signature)
        else:
            kind = b"/Type/Annot/Subtype/Stamp/Contents %b" % text(name)
        objects.append(numbered(annotation + index, b"<<%b%b>>" % (kind, look)))
        annotations.setdefault(place.page_index, []).append(b"%d 0 R" % (annotation + index))
    return Stamped(
        tuple(objects),
        {page: b" ".join(found) for page, found in annotations.items()},
        b"/AcroForm<</SigFlags 3/Fields[%d 0 R]>>/Perms<</DocMDP %d 0 R>>" % (annotation, signature),
        signature,
    )


def _numbers(*values: float) -> bytes:
    return " ".join(f"{value * _POINTS:.3f}" for value in values).encode()


def _seen(place: Place) -> tuple[float, float, float, float]:
    """The part of a seal that shows, relative to its corner."""
    return place.clip or (0.0, 0.0, place.w_mm, place.h_mm)


def _rect(pages: Sequence[OpenPage], place: Place) -> bytes:
    """Where it shows on the page, in points from the lower left corner."""
    if not 0 <= place.page_index < len(pages):
        raise PdfNotSealable(f"there is no page {place.page_index} (the first is 0); nothing was sealed.")
    page = pages[place.page_index]
    x, y, width, height = _seen(place)
    left, top = place.x_mm + x, place.y_mm + y
    right, bottom = left + width, top + height
    on_page = left >= -EDGE_MM and top >= -EDGE_MM and width > 0 and height > 0
    if not on_page or right > page.width_mm + EDGE_MM or bottom > page.height_mm + EDGE_MM:
        raise PdfNotSealable(f"a seal would not lie on page {place.page_index}; nothing was sealed. Correct its place.")
    return _numbers(left, page.height_mm - bottom, right, page.height_mm - top)


def _form(number: int, place: Place, image: int) -> bytes:
    """The picture at its full size, cut to what shows; y runs upward. Ink lets the print below it show through."""
    x, y, width, height = _seen(place)
    low = place.h_mm - y - height
    return stream(
        number,
        b"/Type/XObject/Subtype/Form/BBox[%b]/Resources<</XObject<</S %d 0 R>>/ExtGState<</M<</BM/Multiply>>>>>>"
        % (_numbers(x, low, x + width, low + height), image),
        b"q /M gs %b cm /S Do Q" % b" ".join((_numbers(place.w_mm), b"0 0", _numbers(place.h_mm), b"0 0")),
    )
