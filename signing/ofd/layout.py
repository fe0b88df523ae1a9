"""What sealing and verifying have to know of an OFD package: its one document, its pages, its list of signatures."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from lxml import etree

from documents.package import Package
from documents.xml import XmlFault, XmlRefused, declares_type, looks_like_xml, parse
from signing.errors import LayoutRefused

NAMESPACE: Final = "http://www.ofdspec.org/2016"
ENTRY: Final = "OFD.xml"

#: Bytes of one XML file, and of all that are read of one package. A tree takes up to 45 times its bytes.
_LARGEST_XML, _MOST_XML = 8 << 20, 24 << 20
#: A link with one of these has to be followed step by step.
_STEPS = re.compile(r"//|/\.|/$")

Box = tuple[float, float, float, float]


class Files:
    """A package and its XML, each file parsed once however many steps look at it."""

    __slots__ = ("_bytes", "_given", "_roots", "package")

    def __init__(self, package: Package, given: Mapping[str, etree._Element] | None = None) -> None:
        """`given`: roots of files of this package that the caller has parsed already, by `documents.xml.parse`."""
        self.package = package
        self._given = given or {}
        self._bytes = 0
        self._roots: dict[str, etree._Element | XmlRefused] = {}

    @property
    def entries(self) -> Mapping[str, bytes]:
        """The files of the package."""
        return self.package.entries

    def root(self, path: str) -> etree._Element:
        """The root element of a file.

        Raises:
            LayoutRefused: absent.
            XmlRefused: not XML this house reads.
        """
        found = self._roots.get(path)
        if found is None:
            data = self.package.entries.get(path)
            if data is None:
                raise LayoutRefused(path, "the package does not hold this file.")
            found = self._parsed(path, data)
            self._roots[path] = found
        if isinstance(found, XmlRefused):
            raise found.with_traceback(None)
        return found

    def _parsed(self, path: str, data: bytes) -> etree._Element | XmlRefused:
        self._bytes += len(data)
        if self._bytes > _MOST_XML:
            told = f"{path} brings the package's XML to {self._bytes} bytes where {_MOST_XML} are allowed"
            return XmlRefused(f"{told}; it was not read.", XmlFault.TOO_LARGE)
        if path in self._given and len(data) <= _LARGEST_XML:
            return self._given[path]
        try:
            return parse(data, path, largest=_LARGEST_XML)
        except XmlRefused as error:
            return error

    def read_all(self) -> Iterator[tuple[str, XmlFault]]:
        """Parse whatever looks like XML, linked or not; what cannot be read, and why."""
        for name, data in self.package.entries.items():
            if looks_like_xml(name, data):
                try:
                    self.root(name)
                except XmlRefused as error:
                    hidden = error.fault is not XmlFault.DOCUMENT_TYPE and declares_type(data)
                    yield name, XmlFault.DOCUMENT_TYPE if hidden else error.fault

    def parsed(self) -> Iterator[tuple[str, etree._Element]]:
        """Every file that was parsed."""
        for name, root in self._roots.items():
            if not isinstance(root, XmlRefused):
                yield name, root


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
    root: etree._Element
    root_path: str
    signatures: str | None
    pages: tuple[Page, ...]
    annotations: tuple[str, ...]


@lru_cache(maxsize=128)
def tag(name: str) -> str:
    """An element name in the OFD namespace, as lxml writes it."""
    return f"{{{NAMESPACE}}}{name}"


def load(files: Files, path: str, root: str) -> etree._Element:
    """The root element `root` of a file; every element of it must be in the OFD namespace or a foreign one of its own.

    Raises:
        LayoutRefused: absent, not XML, or with another root.
    """
    try:
        found = files.root(path)
    except XmlRefused as error:
        raise LayoutRefused(path, error.message) from None
    if found.tag != tag(root):
        raise LayoutRefused(path, f"it does not begin with {root} in the namespace {NAMESPACE}.")
    return found


def only(parent: etree._Element, name: str, path: str) -> etree._Element:
    """The one child `name`; LayoutRefused when there is none or more than one."""
    found = list(parent.iterchildren(tag(name)))
    if len(found) != 1:
        raise LayoutRefused(path, f"it has {len(found)} {name} where one is due.")
    return found[0]


def at_most_one(parent: etree._Element, name: str, path: str) -> etree._Element | None:
    """The child `name` or None; LayoutRefused when there is more than one."""
    found = list(parent.iterchildren(tag(name)))
    if len(found) > 1:
        raise LayoutRefused(path, f"it has {len(found)} {name} where one may stand.")
    return found[0] if found else None


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
    link = link.strip()
    if link.startswith("/") and not _STEPS.search(link):
        return link[1:]
    parts: list[str] = [] if link.startswith("/") else holder.split("/")[:-1]
    for step in link.split("/"):
        if step == "..":
            if not parts:
                raise LayoutRefused(holder, "a link leaves the package.")
            parts.pop()
        elif step not in ("", "."):
            parts.append(step)
    if not parts:
        raise LayoutRefused(holder, "a link is empty.")
    return "/".join(parts)


def read_layout(files: Files) -> Layout:
    """The layout of a package with exactly one document.

    Raises:
        LayoutRefused: a linked file is missing, the namespace is another, or there is more than one document.
    """
    entry = load(files, ENTRY, "OFD")
    body = only(entry, "DocBody", ENTRY)
    root_path = resolve(ENTRY, text_of(only(body, "DocRoot", ENTRY), ENTRY))
    signatures = at_most_one(body, "Signatures", ENTRY)
    root = load(files, root_path, "Document")
    common = only(root, "CommonData", root_path)
    area = at_most_one(common, "PageArea", root_path)
    usual = None if area is None else _physical(area, root_path)
    pages = tuple(_pages(files, root_path, only(root, "Pages", root_path), usual))
    if not pages or len({page.id for page in pages}) != len(pages):
        raise LayoutRefused(root_path, "it has no page, or two pages of one ID.")
    annotations = at_most_one(root, "Annotations", root_path)
    return Layout(
        entry=entry,
        root=root,
        root_path=root_path,
        signatures=None if signatures is None else resolve(ENTRY, text_of(signatures, ENTRY)),
        pages=pages,
        annotations=() if annotations is None else _annotations(files, root_path, text_of(annotations, root_path)),
    )


def _pages(files: Files, root_path: str, listed: etree._Element, usual: Box | None) -> Iterator[Page]:
    for one in listed.findall(tag("Page")):
        identifier, link = one.get("ID"), one.get("BaseLoc")
        if not identifier or not link:
            raise LayoutRefused(root_path, "a page has no ID or no file.")
        path = resolve(root_path, link)
        area = at_most_one(load(files, path, "Page"), "Area", path)
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


def _annotations(files: Files, root_path: str, link: str) -> tuple[str, ...]:
    path = resolve(root_path, link)
    listed = load(files, path, "Annotations")
    return tuple(resolve(path, text_of(only(page, "FileLoc", path), path)) for page in listed.findall(tag("Page")))
