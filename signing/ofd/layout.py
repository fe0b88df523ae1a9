"""What sealing and verifying have to know of an OFD package: its one document, its pages, its list of signatures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lxml import etree

from documents.package import Package
from documents.xml import XmlRefused, parse
from signing.errors import LayoutRefused

NAMESPACE: Final = "http://www.ofdspec.org/2016"
ENTRY: Final = "OFD.xml"

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Page:
    """A page in reading order; `box` is its physical box in mm, None when none is given."""

    id: str
    path: str
    box: Box | None


@dataclass(frozen=True, slots=True)
class Layout:
    """`signatures` is the path of Signatures.xml, None for a document that was never sealed."""

    entry: etree._Element
    root_path: str
    signatures: str | None
    pages: tuple[Page, ...]
    annotations: tuple[str, ...]


def tag(name: str) -> str:
    """An element name in the OFD namespace, as lxml writes it."""
    return f"{{{NAMESPACE}}}{name}"


def load(package: Package, path: str, root: str) -> etree._Element:
    """The root element `root` of a file; every element of it must be in the OFD namespace or a foreign one of its own.

    Raises:
        LayoutRefused: absent, not XML, or with another root.
    """
    data = package.entries.get(path)
    if data is None:
        raise LayoutRefused(path, "the package does not hold this file.")
    try:
        found = parse(data, path)
    except XmlRefused as error:
        raise LayoutRefused(path, error.message) from None
    if found.tag != tag(root):
        raise LayoutRefused(path, f"it does not begin with {root} in the namespace {NAMESPACE}.")
    return found


def only(parent: etree._Element, name: str, path: str) -> etree._Element:
    """The one child `name`; LayoutRefused when there is none or more than one."""
    found = parent.findall(tag(name))
    if len(found) != 1:
        raise LayoutRefused(path, f"it has {len(found)} {name} where one is due.")
    return found[0]


def at_most_one(parent: etree._Element, name: str, path: str) -> etree._Element | None:
    """The child `name` or None; LayoutRefused when there is more than one."""
    return only(parent, name, path) if parent.find(tag(name)) is not None else None


def text_of(element: etree._Element, path: str) -> str:
    """The element's text; LayoutRefused when it is empty or not only text."""
    text = (element.text or "").strip()
    if not text or len(element):
        raise LayoutRefused(path, f"its {etree.QName(element).localname} is empty or holds other elements.")
    return text


def resolve(holder: str, link: str) -> str:
    """The package path a link (ST_Loc) in file `holder` points at.

    Raises:
        LayoutRefused: the link leaves the package or is empty.
    """
    parts: list[str] = [] if link.startswith("/") else holder.split("/")[:-1]
    for step in link.strip().split("/"):
        if step == "..":
            if not parts:
                raise LayoutRefused(holder, "a link leaves the package.")
            parts.pop()
        elif step not in ("", "."):
            parts.append(step)
    if not parts:
        raise LayoutRefused(holder, "a link is empty.")
    return "/".join(parts)


def read_layout(package: Package) -> Layout:
    """The layout of a package with exactly one document.

    Raises:
        LayoutRefused: a linked file is missing, the namespace is another, or there is more than one document.
    """
    entry = load(package, ENTRY, "OFD")
    body = only(entry, "DocBody", ENTRY)
    root_path = resolve(ENTRY, text_of(only(body, "DocRoot", ENTRY), ENTRY))
    signatures = at_most_one(body, "Signatures", ENTRY)
    root = load(package, root_path, "Document")
    common = only(root, "CommonData", root_path)
    area = at_most_one(common, "PageArea", root_path)
    usual = None if area is None else _physical(area, root_path)
    pages = tuple(_pages(package, root_path, only(root, "Pages", root_path), usual))
    if not pages or len({page.id for page in pages}) != len(pages):
        raise LayoutRefused(root_path, "it has no page, or two pages of one ID.")
    annotations = at_most_one(root, "Annotations", root_path)
    return Layout(
        entry=entry,
        root_path=root_path,
        signatures=None if signatures is None else resolve(ENTRY, text_of(signatures, ENTRY)),
        pages=pages,
        annotations=() if annotations is None else _annotations(package, root_path, text_of(annotations, root_path)),
    )


def _pages(package: Package, root_path: str, listed: etree._Element, usual: Box | None) -> Iterator[Page]:
    for one in listed.findall(tag("Page")):
        identifier, link = one.get("ID"), one.get("BaseLoc")
        if not identifier or not link:
            raise LayoutRefused(root_path, "a page has no ID or no file.")
        path = resolve(root_path, link)
        area = at_most_one(load(package, path, "Page"), "Area", path)
        yield Page(identifier, path, usual if area is None else _physical(area, path))


def _physical(area: etree._Element, path: str) -> Box:
    return read_box(text_of(only(area, "PhysicalBox", path), path), path)


def read_box(text: str | None, path: str) -> Box:
    """Four numbers x y width height in mm; LayoutRefused otherwise, also for a box without extent."""
    parts = (text or "").split()
    try:
        x, y, width, height = map(float, parts)
    except ValueError:
        raise LayoutRefused(path, "a box is not four numbers.") from None
    # Comparisons with NaN are false, so NaN and infinities end here too.
    if not (abs(x) < 1e5 and abs(y) < 1e5 and 0 < width < 1e5 and 0 < height < 1e5):
        raise LayoutRefused(path, "a box has no extent or lies nowhere.")
    return x, y, width, height


def _annotations(package: Package, root_path: str, link: str) -> tuple[str, ...]:
    path = resolve(root_path, link)
    listed = load(package, path, "Annotations")
    return tuple(resolve(path, text_of(only(page, "FileLoc", path), path)) for page in listed.findall(tag("Page")))
