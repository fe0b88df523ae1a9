"""Writing an OFD file (GB/T 33190-2016): set sheets in, the entries of the package out.

Element order follows the schema of annex A strictly: files in the field break it often, and a
reader that forgives is no reason to need forgiveness. The same sheets give the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import groupby
from xml.sax.saxutils import escape, quoteattr

from documents.fonts import FaceName, face
from documents.ornament import Shape, length
from documents.package import Package
from documents.parts import LicencePage, Sheet, Steady, TextPart, TurnedPart
from documents.sheet import embedded
from documents.template import SheetKind
from documents.watermark import turned_box

NAMESPACE = "http://www.ofdspec.org/2016"
TAG_NAMESPACE = "urn:yizheng-hub:licence-tags:1"
#: One number space: fonts, pictures, then each page with its two layers and its steady objects, then
#: what the pages say.
_FONT_IDS = {FaceName.BODY: 1, FaceName.TITLE: 2}
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_XMLNS = f'xmlns:ofd="{NAMESPACE}"'
#: The name and the file of the attached structured data.
DATA, _DATA_FILE = "证照数据", "licence.xml"


def write(sheets: Sequence[Sheet]) -> Package:
    """One unsigned document with these pages in this order; their licence is told once, from the first.

    The entries are in the order in which they are stored.
    """
    page = sheets[0].page
    fonts = {f"{name}.ttf": file for name, file in embedded(sheets).items()}
    numbered, pictures, last = _number(sheets)
    entries: dict[str, bytes] = {
        "OFD.xml": _entry(page, sheets[0]).encode(),
        "Doc_0/Document.xml": _root(numbered, last).encode(),
        "Doc_0/PublicRes.xml": _fonts(),
        "Doc_0/DocumentRes.xml": _pictures(pictures).encode(),
    }
    entries |= {f"Doc_0/Res/{name}": file for name, file in fonts.items()}
    entries |= {f"Doc_0/Res/{name}": file for name, (_, file) in pictures.items()}
    entries |= {f"Doc_0/{_location(index)}": one.content for index, one in enumerate(numbered)}
    entries |= {
        "Doc_0/Attachs/Attachments.xml": _attachments(page).encode(),
        f"Doc_0/Attachs/{_DATA_FILE}": page.data_xml,
        **{f"Doc_0/Attachs/{name}": data for name, data in page.attached},
        "Doc_0/Tags/CustomTags.xml": _TAG_LIST,
        "Doc_0/Tags/LicenceTags.xml": _tags(numbered).encode(),
    }
    return Package(entries)


@dataclass(frozen=True, slots=True)
class _Page:
    """A page written: its ID, its content, and the objects that carry each field."""

    id: int
    sheet: Sheet
    content: bytes
    references: Mapping[str, Sequence[int]]


def _number(sheets: Sequence[Sheet]) -> tuple[list[_Page], dict[str, tuple[int, bytes]], int]:
    """The pages, the pictures by file name with their IDs, and the highest ID given."""
    codes = dict.fromkeys(part.code for sheet in sheets for part in sheet.codes)
    first_picture = len(_FONT_IDS) + 1
    ids = {code: first_picture + index for index, code in enumerate(codes)}
    pictures = {
        f"qr{index or ''}.png": (identifier, code.png()) for index, (code, identifier) in enumerate(ids.items())
    }
    identifier = first_picture + len(codes)
    page_ids: list[int] = []
    for sheet in sheets:
        page_ids.append(identifier)
        identifier += 3 + len(sheet.steady.background) + len(sheet.steady.fixed)
    pages: list[_Page] = []
    for page_id, sheet in zip(page_ids, sheets, strict=True):
        body: list[str] = []
        references: dict[str, list[int]] = {}
        for picture in sheet.codes:
            body.append(_picture_object(identifier, ids[picture.code], picture.box))
            identifier += 1
        for part in sheet.texts:
            body.append(text_object(identifier, part))
            if part.field is not None:
                references.setdefault(part.field, []).append(identifier)
            identifier += 1
        body.append("</ofd:Layer></ofd:Content></ofd:Page>")
        behind, fixed = _opening(sheet.steady, page_id)
        marked, identifier = _marks(sheet, identifier)
        content = behind + marked + fixed + "".join(body).encode()
        pages.append(_Page(page_id, sheet, content, references))
    return pages, pictures, identifier - 1


def _marks(sheet: Sheet, first: int) -> tuple[bytes, int]:
    """The watermark as a layer of its own on the background one, and the next free ID; nothing for a licence itself.

    A layer and not an annotation: what may be switched off in a viewer, or left out when printing, marks no copy.
    """
    if not sheet.marks:
        return b"", first
    texts = "".join(turned_object(identifier, part) for identifier, part in enumerate(sheet.marks, first + 1))
    layer = f'<ofd:Layer ID="{first}" Type="Background">{texts}</ofd:Layer>'
    return layer.encode(), first + 1 + len(sheet.marks)


@lru_cache(maxsize=64)
def _opening(steady: Steady, page: int) -> tuple[bytes, bytes]:
    """A page's content up to where what it says begins; the same for every licence of a template.

    Returns:
        The background layer and what is before it, and the beginning of the body's.
    """
    behind, fixed = (
        "".join(
            path_object(identifier, part) if isinstance(part, Shape) else text_object(identifier, part)
            for identifier, part in enumerate(parts, first)
        )
        for parts, first in (
            (steady.background, page + 3),
            (steady.fixed, page + 3 + len(steady.background)),
        )
    )
    return (
        f"{_HEAD}<ofd:Page {_XMLNS}><ofd:Area><ofd:PhysicalBox>{_box((0, 0, *steady.size))}"
        f"</ofd:PhysicalBox></ofd:Area><ofd:Content>"
        f'<ofd:Layer ID="{page + 1}" Type="Background">{behind}</ofd:Layer>'
    ).encode(), f'<ofd:Layer ID="{page + 2}" Type="Body">{fixed}'.encode()


def _location(index: int) -> str:
    return f"Pages/Page_{index}/Content.xml"


def _element(name: str, text: str) -> str:
    return f"<ofd:{name}>{escape(text)}</ofd:{name}>"


def _box(box: Iterable[float]) -> str:
    return " ".join(length(value) for value in box)


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
    box = _box((line.x, line.baseline - above, line.width + line.size * 0.1, above + below))
    delta = f' DeltaX="{_runs(line.advances)}"' if line.advances else ""
    return (
        f'<ofd:TextObject ID="{identifier}" Boundary="{box}" Font="{_FONT_IDS[part.face]}" Size="{length(line.size)}">'
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
        f'<ofd:TextObject ID="{identifier}" Boundary="{_box((x, y, width, height))}" CTM="{turn}" '
        f'Font="{_FONT_IDS[part.text.face]}" Size="{length(line.size)}">'
        f'<ofd:FillColor Value="{part.text.colour}"/>'
        f'<ofd:TextCode X="0" Y="0"{delta}>{escape(line.text)}</ofd:TextCode></ofd:TextObject>'
    )


def path_object(identifier: int, shape: Shape) -> str:
    """A PathObject, stroked or filled or both."""
    stroke = f'<ofd:StrokeColor Value="{shape.stroke}"/>' if shape.stroke else ""
    fill = f'<ofd:FillColor Value="{shape.fill}"/>' if shape.fill else ""
    flags = ("" if shape.stroke else ' Stroke="false"') + (' Fill="true"' if shape.fill else "")
    return (
        f'<ofd:PathObject ID="{identifier}" Boundary="{_box(shape.box)}" LineWidth="{length(shape.line)}"{flags}>'
        f"{stroke}{fill}<ofd:AbbreviatedData>{shape.data}</ofd:AbbreviatedData></ofd:PathObject>"
    )


def _picture_object(identifier: int, resource: int, box: tuple[float, float, float, float]) -> str:
    width, height = length(box[2]), length(box[3])
    return (
        f'<ofd:ImageObject ID="{identifier}" Boundary="{_box(box)}" '
        f'CTM="{width} 0 0 {height} 0 0" ResourceID="{resource}"/>'
    )


def _entry(page: LicencePage, sheet: Sheet) -> str:
    custom = "".join(
        f"<ofd:CustomData Name={quoteattr(name)}>{escape(value)}</ofd:CustomData>"
        for name, value in page.metadata.items()
    )
    return (
        f'{_HEAD}<ofd:OFD {_XMLNS} Version="1.0" DocType="OFD"><ofd:DocBody><ofd:DocInfo>'
        + _element("DocID", page.doc_id)
        + _element("Title", page.title)
        + _element("Author", sheet.author)
        + _element("Subject", sheet.template.title)
        + _element("CreationDate", page.created.isoformat())
        + _element("Creator", page.creator)
        + (f"<ofd:CustomDatas>{custom}</ofd:CustomDatas>" if custom else "")
        + "</ofd:DocInfo><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>"
    )


def _root(pages: Sequence[_Page], last: int) -> str:
    box = _box((0, 0, *pages[0].sheet.size))
    listed = "".join(f'<ofd:Page ID="{page.id}" BaseLoc="{_location(index)}"/>' for index, page in enumerate(pages))
    return (
        f"{_HEAD}<ofd:Document {_XMLNS}><ofd:CommonData><ofd:MaxUnitID>{last}</ofd:MaxUnitID>"
        f"<ofd:PageArea><ofd:PhysicalBox>{box}</ofd:PhysicalBox></ofd:PageArea>"
        "<ofd:PublicRes>PublicRes.xml</ofd:PublicRes><ofd:DocumentRes>DocumentRes.xml</ofd:DocumentRes></ofd:CommonData>"
        f"<ofd:Pages>{listed}</ofd:Pages>"
        "<ofd:CustomTags>Tags/CustomTags.xml</ofd:CustomTags>"
        "<ofd:Attachments>Attachs/Attachments.xml</ofd:Attachments></ofd:Document>"
    )


@cache
def _fonts() -> bytes:
    entries = "".join(
        f'<ofd:Font ID="{identifier}" FontName={quoteattr(face(name).postscript_name)} '
        f"FamilyName={quoteattr(face(name).family)} "
        f'Charset="unicode"{" Bold=" + quoteattr("true") if name is FaceName.TITLE else ""}>'
        f"<ofd:FontFile>{name}.ttf</ofd:FontFile></ofd:Font>"
        for name, identifier in _FONT_IDS.items()
    )
    return f'{_HEAD}<ofd:Res {_XMLNS} BaseLoc="Res"><ofd:Fonts>{entries}</ofd:Fonts></ofd:Res>'.encode()


def _pictures(pictures: Mapping[str, tuple[int, bytes]]) -> str:
    entries = "".join(
        f'<ofd:MultiMedia ID="{identifier}" Type="Image" Format="PNG">'
        f"<ofd:MediaFile>{escape(name)}</ofd:MediaFile></ofd:MultiMedia>"
        for name, (identifier, _) in pictures.items()
    )
    return f'{_HEAD}<ofd:Res {_XMLNS} BaseLoc="Res"><ofd:MultiMedias>{entries}</ofd:MultiMedias></ofd:Res>'


def _attachments(page: LicencePage) -> str:
    listed = [(DATA, _DATA_FILE, page.data_xml), *((name, name, data) for name, data in page.attached)]
    entries = "".join(
        f'<ofd:Attachment ID="a{number:03d}" Name={quoteattr(name)} Format={quoteattr(file.rpartition(".")[2])} '
        f'CreationDate="{page.created.isoformat()}T00:00:00" Size="{length(len(data) / 1024)}" Visible="false">'
        f"<ofd:FileLoc>{escape(file)}</ofd:FileLoc></ofd:Attachment>"
        for number, (name, file, data) in enumerate(listed, 1)
    )
    return f"{_HEAD}<ofd:Attachments {_XMLNS}>{entries}</ofd:Attachments>"


_TAG_LIST = (
    f'{_HEAD}<ofd:CustomTags {_XMLNS}><ofd:CustomTag NameSpace="{TAG_NAMESPACE}">'
    "<ofd:FileLoc>LicenceTags.xml</ofd:FileLoc></ofd:CustomTag></ofd:CustomTags>"
).encode()


def _tags(pages: Sequence[_Page]) -> str:
    """Which objects of which page carry a field. Each face tells each field once, its annex pages included."""
    names = pages[0].sheet.template.field_names
    faces: list[dict[str, list[str]]] = []
    for page in pages:
        if page.sheet.template.sheet is not SheetKind.ANNEX:
            faces.append({})
        for key, identifiers in page.references.items():
            faces[-1].setdefault(key, []).extend(
                f'<ofd:ObjectRef PageRef="{page.id}">{identifier}</ofd:ObjectRef>' for identifier in identifiers
            )
    entries = "".join(
        f"<lic:Field Key={quoteattr(key)} Name={quoteattr(names[key])}>{''.join(references)}</lic:Field>"
        for face_fields in faces
        for key, references in face_fields.items()
    )
    return f'{_HEAD}<lic:Licence xmlns:lic="{TAG_NAMESPACE}" {_XMLNS}>{entries}</lic:Licence>'
