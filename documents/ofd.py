"""Writing an OFD file (GB/T 33190-2016): parts in, the entries of the package out.

Element order follows the schema of annex A strictly: files in the field break it often, and a
reader that forgives is no reason to need forgiveness. The same parts give the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from xml.sax.saxutils import escape, quoteattr

from documents.errors import TextRefused
from documents.layout import Line
from documents.ornament import Shape, length
from documents.package import Package

NAMESPACE = "http://www.ofdspec.org/2016"
TAG_NAMESPACE = "urn:yizheng-hub:licence-tags:1"
#: Resources have the IDs 1 to 3, the page 4, its layers 5 and 6.
_PAGE_ID = 4
FIRST_STEADY_ID = _PAGE_ID + 3
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_XMLNS = f'xmlns:ofd="{NAMESPACE}"'
#: What XML 1.0 cannot hold at all, escaped or not, and what is no character.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_DOC_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class EmbeddedFont:
    """A font resource; `file` is a whole TrueType font."""

    id: int
    name: str
    family: str
    file_name: str
    file: bytes
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """An image resource (PNG)."""

    id: int
    file_name: str
    file: bytes


@dataclass(frozen=True, slots=True)
class TextPart:
    """One set line with its face and colour; `field` names the field it belongs to, None for fixed words."""

    line: Line
    font: int
    colour: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class PicturePart:
    """An image resource drawn into a box of the page, in mm."""

    picture: int
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that machines read and the page does not show."""

    name: str
    file_name: str
    file: bytes


@dataclass(frozen=True, slots=True)
class Document:
    """All that goes into one single-page OFD file.

    `background` and `fixed` are page objects already written, the same for every licence of a
    template; they hold `steady_ids` objects numbered from FIRST_STEADY_ID on. Fonts and pictures
    are numbered 1, 2, 3.
    """

    doc_id: str
    title: str
    author: str
    creator: str
    created: date
    subject: str
    custom: Mapping[str, str]
    width: float
    height: float
    fonts: Sequence[EmbeddedFont]
    pictures: Sequence[Picture]
    background: str
    fixed: str
    steady_ids: int
    texts: Sequence[TextPart]
    placed: Sequence[PicturePart]
    field_names: Mapping[str, str]
    attachment: Attachment


def legal(where: str, text: str) -> str:
    """`text` unchanged.

    Raises:
        TextRefused: it holds a character that XML cannot hold.
    """
    found = _ILLEGAL.search(text)
    if found:
        raise TextRefused(
            f"{where} holds U+{ord(found.group()):04X}, which no XML file can hold; "
            "nothing was drawn. Correct the record."
        )
    return text


def _element(name: str, text: str) -> str:
    return f"<ofd:{name}>{escape(text)}</ofd:{name}>"


def _box(box: Iterable[float]) -> str:
    return " ".join(length(value) for value in box)


def _runs(advances: Sequence[float]) -> str:
    """Advances as DeltaX text; three or more equal ones become a run `g n v`."""
    parts: list[str] = []
    for advance, equal in groupby(advances):
        value, count = length(advance), sum(1 for _ in equal)
        parts += [f"g {count} {value}"] if count > 2 else [value] * count
    return " ".join(parts)


def text_object(identifier: int, part: TextPart) -> str:
    """A TextObject whose box is the line's own; characters map through the embedded font's cmap."""
    line = part.line
    above, below = line.size * 0.95, line.size * 0.3
    box = _box((line.x, line.baseline - above, line.width + line.size * 0.1, above + below))
    delta = f' DeltaX="{_runs(line.advances)}"' if line.advances else ""
    return (
        f'<ofd:TextObject ID="{identifier}" Boundary="{box}" Font="{part.font}" Size="{length(line.size)}">'
        f'<ofd:FillColor Value="{part.colour}"/>'
        f'<ofd:TextCode X="0" Y="{length(above)}"{delta}>{escape(line.text)}</ofd:TextCode></ofd:TextObject>'
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


def _picture_object(identifier: int, part: PicturePart) -> str:
    width, height = length(part.box[2]), length(part.box[3])
    return (
        f'<ofd:ImageObject ID="{identifier}" Boundary="{_box(part.box)}" '
        f'CTM="{width} 0 0 {height} 0 0" ResourceID="{part.picture}"/>'
    )


def _entry(document: Document) -> str:
    custom = "".join(
        f"<ofd:CustomData Name={quoteattr(name)}>{escape(value)}</ofd:CustomData>"
        for name, value in document.custom.items()
    )
    return (
        f'{_HEAD}<ofd:OFD {_XMLNS} Version="1.0" DocType="OFD"><ofd:DocBody><ofd:DocInfo>'
        + _element("DocID", document.doc_id)
        + _element("Title", document.title)
        + _element("Author", document.author)
        + _element("Subject", document.subject)
        + _element("CreationDate", document.created.isoformat())
        + _element("Creator", document.creator)
        + (f"<ofd:CustomDatas>{custom}</ofd:CustomDatas>" if custom else "")
        + "</ofd:DocInfo><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>"
    )


def _root(document: Document, page: int, last: int) -> str:
    box = _box((0, 0, document.width, document.height))
    return (
        f"{_HEAD}<ofd:Document {_XMLNS}><ofd:CommonData><ofd:MaxUnitID>{last}</ofd:MaxUnitID>"
        f"<ofd:PageArea><ofd:PhysicalBox>{box}</ofd:PhysicalBox></ofd:PageArea>"
        "<ofd:PublicRes>PublicRes.xml</ofd:PublicRes><ofd:DocumentRes>DocumentRes.xml</ofd:DocumentRes></ofd:CommonData>"
        f'<ofd:Pages><ofd:Page ID="{page}" BaseLoc="Pages/Page_0/Content.xml"/></ofd:Pages>'
        "<ofd:CustomTags>Tags/CustomTags.xml</ofd:CustomTags>"
        "<ofd:Attachments>Attachs/Attachments.xml</ofd:Attachments></ofd:Document>"
    )


def _fonts(fonts: Sequence[EmbeddedFont]) -> str:
    entries = "".join(
        f'<ofd:Font ID="{font.id}" FontName={quoteattr(font.name)} FamilyName={quoteattr(font.family)} '
        f'Charset="unicode"{" Bold=" + quoteattr("true") if font.bold else ""}>'
        f"<ofd:FontFile>{escape(font.file_name)}</ofd:FontFile></ofd:Font>"
        for font in fonts
    )
    return f'{_HEAD}<ofd:Res {_XMLNS} BaseLoc="Res"><ofd:Fonts>{entries}</ofd:Fonts></ofd:Res>'


def _pictures(pictures: Sequence[Picture]) -> str:
    entries = "".join(
        f'<ofd:MultiMedia ID="{picture.id}" Type="Image" Format="PNG">'
        f"<ofd:MediaFile>{escape(picture.file_name)}</ofd:MediaFile></ofd:MultiMedia>"
        for picture in pictures
    )
    return f'{_HEAD}<ofd:Res {_XMLNS} BaseLoc="Res"><ofd:MultiMedias>{entries}</ofd:MultiMedias></ofd:Res>'


def _attachments(document: Document) -> str:
    one = document.attachment
    kilobytes = length(len(one.file) / 1024)
    return (
        f'{_HEAD}<ofd:Attachments {_XMLNS}><ofd:Attachment ID="a001" Name={quoteattr(one.name)} Format="xml" '
        f'CreationDate="{document.created.isoformat()}T00:00:00" Size="{kilobytes}" Visible="false">'
        f"<ofd:FileLoc>{escape(one.file_name)}</ofd:FileLoc></ofd:Attachment></ofd:Attachments>"
    )


def _tags(document: Document, page: int, references: Mapping[str, Sequence[int]]) -> str:
    entries = "".join(
        f"<lic:Field Key={quoteattr(key)} Name={quoteattr(document.field_names[key])}>"
        + "".join(f'<ofd:ObjectRef PageRef="{page}">{identifier}</ofd:ObjectRef>' for identifier in identifiers)
        + "</lic:Field>"
        for key, identifiers in references.items()
    )
    return f'{_HEAD}<lic:Licence xmlns:lic="{TAG_NAMESPACE}" {_XMLNS}>{entries}</lic:Licence>'


def write(document: Document) -> Package:
    """The package, unsigned, in the order in which its entries are stored.

    Raises:
        TextRefused: the document ID is not 32 lower-case hexadecimal digits, or a text holds a
            character that XML cannot hold.
    """
    if not _DOC_ID.fullmatch(document.doc_id):
        raise TextRefused(
            "the document ID is not 32 lower-case hexadecimal digits; nothing was drawn. Give a UUID without dashes."
        )
    for where, text in (
        ("the title", document.title),
        ("the author", document.author),
        ("the creator", document.creator),
        ("the subject", document.subject),
        *((f"metadata {name}", name + value) for name, value in document.custom.items()),
    ):
        legal(where, text)
    # One number space: resources, then the page and its two layers, then what stands on them.
    page = _PAGE_ID
    identifier = page + 2 + document.steady_ids
    body: list[str] = []
    references: dict[str, list[int]] = {}
    for picture in document.placed:
        identifier += 1
        body.append(_picture_object(identifier, picture))
    for part in document.texts:
        identifier += 1
        body.append(text_object(identifier, part))
        if part.field is not None:
            references.setdefault(part.field, []).append(identifier)
    content = (
        f"{_HEAD}<ofd:Page {_XMLNS}><ofd:Area><ofd:PhysicalBox>{_box((0, 0, document.width, document.height))}"
        f"</ofd:PhysicalBox></ofd:Area><ofd:Content>"
        f'<ofd:Layer ID="{page + 1}" Type="Background">{document.background}</ofd:Layer>'
        f'<ofd:Layer ID="{page + 2}" Type="Body">{document.fixed}{"".join(body)}</ofd:Layer></ofd:Content></ofd:Page>'
    )
    tags = (
        f'{_HEAD}<ofd:CustomTags {_XMLNS}><ofd:CustomTag NameSpace="{TAG_NAMESPACE}">'
        "<ofd:FileLoc>LicenceTags.xml</ofd:FileLoc></ofd:CustomTag></ofd:CustomTags>"
    )
    entries: dict[str, bytes] = {
        "OFD.xml": _entry(document).encode(),
        "Doc_0/Document.xml": _root(document, page, identifier).encode(),
        "Doc_0/PublicRes.xml": _fonts(document.fonts).encode(),
        "Doc_0/DocumentRes.xml": _pictures(document.pictures).encode(),
    }
    entries |= {f"Doc_0/Res/{font.file_name}": font.file for font in document.fonts}
    entries |= {f"Doc_0/Res/{picture.file_name}": picture.file for picture in document.pictures}
    entries |= {
        "Doc_0/Pages/Page_0/Content.xml": content.encode(),
        "Doc_0/Attachs/Attachments.xml": _attachments(document).encode(),
        f"Doc_0/Attachs/{document.attachment.file_name}": document.attachment.file,
        "Doc_0/Tags/CustomTags.xml": tags.encode(),
        "Doc_0/Tags/LicenceTags.xml": _tags(document, page, references).encode(),
    }
    return Package(entries)
