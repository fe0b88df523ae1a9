"""Writing a plain sheet as an unsigned OFD (GB/T 33190-2016)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from core.canonical import canonical
from core.digest import sm3
from documents.fonts import FaceName, face
from documents.ofd_parts import (
    FONT_IDS,
    HEAD,
    XMLNS,
    box_of,
    element,
    font_resources,
    path_object,
    picture_object,
    picture_resources,
    text_object,
    turned_object,
)
from documents.package import Package
from documents.parts import CodePart
from documents.places import Place
from documents.plain.flow import PlainPage, lay_out, seal_places
from documents.plain.look import HEIGHT, WIDTH
from documents.plain.words import Sheet

_PICTURE = "qr.png"
_PICTURE_ID = len(FONT_IDS) + 1


@dataclass(frozen=True, slots=True)
class Drawn:
    """An unsealed sheet, where its seals go, and how many pages it has."""

    package: Package
    places: tuple[Place, ...]
    pages: int


def draw(sheet: Sheet, organ: str, *, test_mark: bool) -> Drawn:
    """The sheet as OFD, unsealed; the same sheet and organ give the same bytes.

    Args:
        organ: who made it; the seal goes over this name.
        test_mark: True writes 测试 on every page.

    Raises:
        FieldsUnfit, GlyphMissing, TextOverflow, TextRefused: it cannot be drawn.
        FontBroken: the installation is damaged.
    """
    laid = lay_out(sheet, organ, test_mark=test_mark)
    doc_id = sm3(canonical({"sheet": sheet.to_dict(), "organ": organ, "test": test_mark}))[:16].hex()
    return Drawn(Package(_entries(sheet, organ, doc_id, laid.pages)), seal_places(laid), len(laid.pages))


def _entries(sheet: Sheet, organ: str, doc_id: str, pages: Sequence[PlainPage]) -> dict[str, bytes]:
    contents, listed = [], []
    identifier = _PICTURE_ID + 1
    for number, page in enumerate(pages):
        listed.append(f'<ofd:Page ID="{identifier}" BaseLoc="Pages/Page_{number}/Content.xml"/>')
        content, identifier = _content(page, identifier + 1)
        contents.append(content)
    codes = [part.code for page in pages for part in page.codes]
    pictures = {_PICTURE: (_PICTURE_ID, codes[0].png())} if codes else {}
    entries = {
        "OFD.xml": _entry(sheet, organ, doc_id).encode(),
        "Doc_0/Document.xml": _root(listed, identifier - 1, with_pictures=bool(pictures)).encode(),
        "Doc_0/PublicRes.xml": font_resources(),
    }
    if pictures:
        entries["Doc_0/DocumentRes.xml"] = picture_resources(pictures).encode()
    entries |= {f"Doc_0/Res/{name}.ttf": _font(name, pages) for name in FaceName}
    entries |= {f"Doc_0/Res/{name}": file for name, (_, file) in pictures.items()}
    return entries | {
        f"Doc_0/Pages/Page_{number}/Content.xml": content.encode() for number, content in enumerate(contents)
    }


def _font(name: FaceName, pages: Sequence[PlainPage]) -> bytes:
    return face(name).subset(frozenset().union(*(page.characters[name] for page in pages)))


def _content(page: PlainPage, first: int) -> tuple[str, int]:
    """A page, and the next free ID.

    The watermark is a layer and no annotation: what may be switched off in a viewer marks nothing.
    """
    layers: list[tuple[str, list[tuple[Callable[[int, Any], str], Any]]]] = [
        (
            "Background",
            [*((path_object, part) for part in page.shapes), *((text_object, part) for part in page.behind)],
        ),
        ("Background", [(turned_object, part) for part in page.marks]),
        ("Body", [(_code, part) for part in page.codes] + [(text_object, part) for part in page.texts]),
    ]
    identifier, written = first, []
    for kind, objects in layers:
        if objects:
            drawn = "".join(write(number, part) for number, (write, part) in enumerate(objects, identifier + 1))
            written.append(f'<ofd:Layer ID="{identifier}" Type="{kind}">{drawn}</ofd:Layer>')
            identifier += 1 + len(objects)
    box = box_of((0, 0, *page.size))
    return (
        f"{HEAD}<ofd:Page {XMLNS}><ofd:Area><ofd:PhysicalBox>{box}</ofd:PhysicalBox></ofd:Area>"
        f"<ofd:Content>{''.join(written)}</ofd:Content></ofd:Page>"
    ), identifier


def _code(identifier: int, part: CodePart) -> str:
    return picture_object(identifier, _PICTURE_ID, part.box)


def _entry(sheet: Sheet, organ: str, doc_id: str) -> str:
    return (
        f'{HEAD}<ofd:OFD {XMLNS} Version="1.0" DocType="OFD"><ofd:DocBody><ofd:DocInfo>'
        + element("DocID", doc_id)
        + element("Title", sheet.title)
        + element("Author", organ)
        + element("Subject", sheet.number)
        + element("CreationDate", sheet.made_on.isoformat())
        + element("Creator", organ)
        + "</ofd:DocInfo><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>"
    )


def _root(listed: Sequence[str], last: int, *, with_pictures: bool) -> str:
    pictures = "<ofd:DocumentRes>DocumentRes.xml</ofd:DocumentRes>" if with_pictures else ""
    return (
        f"{HEAD}<ofd:Document {XMLNS}><ofd:CommonData><ofd:MaxUnitID>{last}</ofd:MaxUnitID>"
        f"<ofd:PageArea><ofd:PhysicalBox>{box_of((0, 0, WIDTH, HEIGHT))}</ofd:PhysicalBox></ofd:PageArea>"
        f"<ofd:PublicRes>PublicRes.xml</ofd:PublicRes>{pictures}</ofd:CommonData>"
        f"<ofd:Pages>{''.join(listed)}</ofd:Pages></ofd:Document>"
    )
