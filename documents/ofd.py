"""Writing an OFD file (GB/T 33190-2016): set sheets in, the entries of the package out.

Element order follows the schema of annex A strictly: files in the field break it often, and a
reader that forgives is no reason to need forgiveness. The same sheets give the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from xml.sax.saxutils import escape, quoteattr

from documents.ofd_parts import (
    FONT_IDS,
    HEAD,
    NAMESPACE,
    PAGE_END,
    XMLNS,
    document_file,
    entry_file,
    font_resources,
    page_location,
    page_opening,
    path_object,
    picture_object,
    picture_resources,
    text_object,
    turned_object,
)
from documents.ornament import Shape, length
from documents.package import Package
from documents.parts import LicencePage, Sheet, Steady
from documents.sheet import embedded
from documents.template import SheetKind

__all__ = ["DATA", "NAMESPACE", "TAG_NAMESPACE", "write"]

TAG_NAMESPACE = "urn:yizheng-hub:licence-tags:1"
#: The name and the file of the attached structured data.
DATA, _DATA_FILE = "证照数据", "licence.xml"
_MORE_OF_DOCUMENT = (
    "<ofd:CustomTags>Tags/CustomTags.xml</ofd:CustomTags><ofd:Attachments>Attachs/Attachments.xml</ofd:Attachments>"
)


def write(sheets: Sequence[Sheet]) -> Package:
    """One unsigned document with these pages in this order; their licence is told once, from the first.

    The entries are in the order in which they are stored.
    """
    page = sheets[0].page
    fonts = {f"{name}.ttf": file for name, file in embedded(sheets).items()}
    numbered, pictures, last = _number(sheets)
    entries: dict[str, bytes] = {
        "OFD.xml": _entry(page, sheets[0]).encode(),
        "Doc_0/Document.xml": document_file(
            [one.id for one in numbered], sheets[0].size, last, more=_MORE_OF_DOCUMENT
        ).encode(),
        "Doc_0/PublicRes.xml": font_resources(),
        "Doc_0/DocumentRes.xml": picture_resources(pictures).encode(),
    }
    entries |= {f"Doc_0/Res/{name}": file for name, file in fonts.items()}
    entries |= {f"Doc_0/Res/{name}": file for name, (_, file) in pictures.items()}
    entries |= {f"Doc_0/{page_location(index)}": one.content for index, one in enumerate(numbered)}
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
    first_picture = len(FONT_IDS) + 1
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
            body.append(picture_object(identifier, ids[picture.code], picture.box))
            identifier += 1
        for part in sheet.texts:
            body.append(text_object(identifier, part))
            if part.field is not None:
                references.setdefault(part.field, []).append(identifier)
            identifier += 1
        body.append(f"</ofd:Layer>{PAGE_END}")
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
        f'{page_opening(steady.size)}<ofd:Layer ID="{page + 1}" Type="Background">{behind}</ofd:Layer>'
    ).encode(), f'<ofd:Layer ID="{page + 2}" Type="Body">{fixed}'.encode()


def _entry(page: LicencePage, sheet: Sheet) -> str:
    return entry_file(
        doc_id=page.doc_id,
        title=page.title,
        author=sheet.author,
        subject=sheet.template.title,
        created=page.created,
        creator=page.creator,
        custom=page.metadata,
    )


def _attachments(page: LicencePage) -> str:
    listed = [(DATA, _DATA_FILE, page.data_xml), *((name, name, data) for name, data in page.attached)]
    entries = "".join(
        f'<ofd:Attachment ID="a{number:03d}" Name={quoteattr(name)} Format={quoteattr(file.rpartition(".")[2])} '
        f'CreationDate="{page.created.isoformat()}T00:00:00" Size="{length(len(data) / 1024)}" Visible="false">'
        f"<ofd:FileLoc>{escape(file)}</ofd:FileLoc></ofd:Attachment>"
        for number, (name, file, data) in enumerate(listed, 1)
    )
    return f"{HEAD}<ofd:Attachments {XMLNS}>{entries}</ofd:Attachments>"


_TAG_LIST = (
    f'{HEAD}<ofd:CustomTags {XMLNS}><ofd:CustomTag NameSpace="{TAG_NAMESPACE}">'
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
    return f'{HEAD}<lic:Licence xmlns:lic="{TAG_NAMESPACE}" {XMLNS}>{entries}</lic:Licence>'
