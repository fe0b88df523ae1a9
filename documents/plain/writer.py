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
    PAGE_END,
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
    contents, ids = [], []
    identifier = _PICTURE_ID + 1
    for page in pages:
        ids.append(identifier)
        content, identifier = _content(page, identifier + 1)
        contents.append(content)
    codes = [part.code for page in pages for part in page.codes]
    pictures = {_PICTURE: (_PICTURE_ID, codes[0].png())} if codes else {}
    entries = {
        "OFD.xml": entry_file(
            doc_id=doc_id,
            title=sheet.title,
            author=organ,
            subject=sheet.number,
            created=sheet.made_on,
            creator=organ,
            custom={},
        ).encode(),
        "Doc_0/Document.xml": document_file(ids, (WIDTH, HEIGHT), identifier - 1, pictures=bool(pictures)).encode(),
        "Doc_0/PublicRes.xml": font_resources(),
    }
    if pictures:
        entries["Doc_0/DocumentRes.xml"] = picture_resources(pictures).encode()
    used = [page.characters for page in pages]
    entries |= {
        f"Doc_0/Res/{name}.ttf": face(name).subset(frozenset().union(*(one[name] for one in used))) for name in FaceName
    }
    entries |= {f"Doc_0/Res/{name}": file for name, (_, file) in pictures.items()}
    return entries | {f"Doc_0/{page_location(index)}": content.encode() for index, content in enumerate(contents)}


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
    return f"{page_opening(page.size)}{''.join(written)}{PAGE_END}", identifier


def _code(identifier: int, part: CodePart) -> str:
    return picture_object(identifier, _PICTURE_ID, part.box)
