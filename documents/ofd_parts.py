"""What every OFD of this house is written with: entry, document, pages, their objects, and the lists of resources.

Element order follows the schema of annex A (GB/T 33190-2016) strictly. The same parts give the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from itertools import groupby
from xml.sax.saxutils import escape, quoteattr

from documents.fonts import FaceName, face
from documents.ornament import Shape, length
from documents.parts import TextPart, TurnedPart
from documents.watermark import turned_box

NAMESPACE = "http://www.ofdspec.org/2016"
#: One number space: fonts, pictures, then each page with its two layers and its steady objects, then
#: what the pages say.
FONT_IDS = {FaceName.BODY: 1, FaceName.TITLE: 2}
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
XMLNS = f'xmlns:ofd="{NAMESPACE}"'
PAGE_END = "</ofd:Content></ofd:Page>"


def _box_of(box: Iterable[float]) -> str:
    return " ".join(length(value) for value in box)


def entry_file(
    *, doc_id: str, title: str, author: str, subject: str, created: date, creator: str, custom: Mapping[str, str]
) -> str:
    """OFD.xml of one document, `Doc_0`; `custom` are further data by name."""
    told = {
        "DocID": doc_id,
        "Title": title,
        "Author": author,
        "Subject": subject,
        "CreationDate": created.isoformat(),
        "Creator": creator,
    }
    elements = "".join(f"<ofd:{name}>{escape(text)}</ofd:{name}>" for name, text in told.items())
    more = "".join(
        f"<ofd:CustomData Name={quoteattr(name)}>{escape(value)}</ofd:CustomData>" for name, value in custom.items()
    )
    return (
        f'{HEAD}<ofd:OFD {XMLNS} Version="1.0" DocType="OFD"><ofd:DocBody><ofd:DocInfo>{elements}'
        + (f"<ofd:CustomDatas>{more}</ofd:CustomDatas>" if more else "")
        + "</ofd:DocInfo><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>"
    )


def document_file(
    pages: Sequence[int], size: tuple[float, float], last: int, *, pictures: bool = True, more: str = ""
) -> str:
    """Document.xml.

    Args:
        pages: the ID of each.
        size: of the pages in mm.
        last: the highest ID given.
        pictures: whether there is a DocumentRes.xml.
        more: elements that follow the pages.
    """
    listed = "".join(f'<ofd:Page ID="{page}" BaseLoc="{page_location(index)}"/>' for index, page in enumerate(pages))
    return (
        f"{HEAD}<ofd:Document {XMLNS}><ofd:CommonData><ofd:MaxUnitID>{last}</ofd:MaxUnitID>"
        f"<ofd:PageArea><ofd:PhysicalBox>{_box_of((0, 0, *size))}</ofd:PhysicalBox></ofd:PageArea>"
        "<ofd:PublicRes>PublicRes.xml</ofd:PublicRes>"
        + ("<ofd:DocumentRes>DocumentRes.xml</ofd:DocumentRes>" if pictures else "")
        + f"</ofd:CommonData><ofd:Pages>{listed}</ofd:Pages>{more}</ofd:Document>"
    )


def page_location(index: int) -> str:
    """Where a page lies below the document's folder."""
    return f"Pages/Page_{index}/Content.xml"


def page_opening(size: tuple[float, float]) -> str:
    """A page's content up to its first layer; `PAGE_END` follows the last."""
    return (
        f"{HEAD}<ofd:Page {XMLNS}><ofd:Area><ofd:PhysicalBox>{_box_of((0, 0, *size))}</ofd:PhysicalBox></ofd:Area>"
        "<ofd:Content>"
    )


def _runs(advances: Sequence[float]) -> str:
    """Advances as DeltaX text; three or more equal ones become a run `g n v`."""
    if len(advances) > 2 and advances.count(advances[0]) == len(advances):
        return f"g {len(advances)} {length(advances[0])}"
    parts: list[str] = []
    for advance, equal in groupby(advances):
        value, count = length(advance), len(list(equal))
        parts += [f"g {count} {value}"] if count > 2 else [value] * count
    return " ".join(parts)


def text_object(identifier: int, part: TextPart) -> str:
    """A TextObject whose box is the line's own; characters map through the embedded font's cmap."""
    line = part.line
    above, below = line.size * 0.95, line.size * 0.3
    box = _box_of((line.x, line.baseline - above, line.width + line.size * 0.1, above + below))
    delta = f' DeltaX="{_runs(line.advances)}"' if line.advances else ""
    return (
        f'<ofd:TextObject ID="{identifier}" Boundary="{box}" Font="{FONT_IDS[part.face]}" Size="{length(line.size)}">'
        f'<ofd:FillColor Value="{part.colour}"/>'
        f'<ofd:TextCode X="0" Y="{length(above)}"{delta}>{escape(line.text)}</ofd:TextCode></ofd:TextObject>'
    )


def turned_object(identifier: int, part: TurnedPart) -> str:
    """A TextObject turned by its CTM; its box is the upright one around it, as viewers clip by the box."""
    line = part.text.line
    x, y, width, height = turned_box(part)
    angle = math.radians(part.degrees)
    cosine, sine = math.cos(angle), math.sin(angle)
    turn = " ".join(length(value, 5) for value in (cosine, -sine, sine, cosine, line.x - x, line.baseline - y))
    delta = f' DeltaX="{_runs(line.advances)}"' if line.advances else ""
    return (
        f'<ofd:TextObject ID="{identifier}" Boundary="{_box_of((x, y, width, height))}" CTM="{turn}" '
        f'Font="{FONT_IDS[part.text.face]}" Size="{length(line.size)}">'
        f'<ofd:FillColor Value="{part.text.colour}"/>'
        f'<ofd:TextCode X="0" Y="0"{delta}>{escape(line.text)}</ofd:TextCode></ofd:TextObject>'
    )


def path_object(identifier: int, shape: Shape) -> str:
    """A PathObject, stroked or filled or both."""
    stroke = f'<ofd:StrokeColor Value="{shape.stroke}"/>' if shape.stroke else ""
    fill = f'<ofd:FillColor Value="{shape.fill}"/>' if shape.fill else ""
    flags = ("" if shape.stroke else ' Stroke="false"') + (' Fill="true"' if shape.fill else "")
    return (
        f'<ofd:PathObject ID="{identifier}" Boundary="{_box_of(shape.box)}" LineWidth="{length(shape.line)}"{flags}>'
        f"{stroke}{fill}<ofd:AbbreviatedData>{shape.data}</ofd:AbbreviatedData></ofd:PathObject>"
    )


def picture_object(identifier: int, resource: int, box: tuple[float, float, float, float]) -> str:
    width, height = length(box[2]), length(box[3])
    return (
        f'<ofd:ImageObject ID="{identifier}" Boundary="{_box_of(box)}" '
        f'CTM="{width} 0 0 {height} 0 0" ResourceID="{resource}"/>'
    )


@cache
def font_resources() -> bytes:
    entries = "".join(
        f'<ofd:Font ID="{identifier}" FontName={quoteattr(face(name).postscript_name)} '
        f"FamilyName={quoteattr(face(name).family)} "
        f'Charset="unicode"{" Bold=" + quoteattr("true") if name is FaceName.TITLE else ""}>'
        f"<ofd:FontFile>{name}.ttf</ofd:FontFile></ofd:Font>"
        for name, identifier in FONT_IDS.items()
    )
    return f'{HEAD}<ofd:Res {XMLNS} BaseLoc="Res"><ofd:Fonts>{entries}</ofd:Fonts></ofd:Res>'.encode()


def picture_resources(pictures: Mapping[str, tuple[int, bytes]]) -> str:
    entries = "".join(
        f'<ofd:MultiMedia ID="{identifier}" Type="Image" Format="PNG">'
        f"<ofd:MediaFile>{escape(name)}</ofd:MediaFile></ofd:MultiMedia>"
        for name, (identifier, _) in pictures.items()
    )
    return f'{HEAD}<ofd:Res {XMLNS} BaseLoc="Res"><ofd:MultiMedias>{entries}</ofd:MultiMedias></ofd:Res>'
