"""Reading an OFD package of ours by its links: pages, resources, fields, attachments, seals' places.

It reads what `documents.ofd` and sealing write, and refuses what it cannot follow. Names of files
do not count, only links do. It judges no signature.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from lxml import etree

from documents.errors import NotReadable
from documents.ofd import NAMESPACE, TAG_NAMESPACE
from documents.package import Package
from documents.xml import parse

Box = tuple[float, float, float, float]
NS = {"ofd": NAMESPACE, "lic": TAG_NAMESPACE}


@dataclass(frozen=True, slots=True)
class Stamp:
    """Where a seal is shown (mm on the page; `clip` relative to the box) and the bytes of its Seal.esl."""

    box: Box
    clip: Box | None
    seal: bytes


class Reader:
    """One document of one package.

    Raises (every method):
        NotReadable: a linked part is missing or not of the shape we write.
        XmlRefused: a part is no XML.
    """

    def __init__(self, package: Package, load: Callable[[str], etree._Element] | None = None) -> None:
        """`load` gives the root element of a file that is there, for a caller that has parsed them already."""
        self._package = package
        self._load = load
        self._entry = self.xml("OFD.xml")
        self._root_path = linked("OFD.xml", text_at(self._entry, "ofd:DocBody/ofd:DocRoot"))
        self._root = self.xml(self._root_path)

    def data(self, path: str) -> bytes:
        """The bytes of a package path."""
        found = self._package.entries.get(path)
        if found is None:
            raise NotReadable(f"the package has no {path}; nothing was read. Ask its sender for the whole file.")
        return found

    def xml(self, path: str) -> etree._Element:
        """The root element of a package path."""
        data = self.data(path)
        return parse(data, path) if self._load is None else self._load(path)

    def information(self) -> dict[str, str]:
        """The CustomDatas of the document information: GB/T 36903 element code to value."""
        found = self._entry.iterfind("ofd:DocBody/ofd:DocInfo/ofd:CustomDatas/ofd:CustomData", NS)
        return {data.get("Name", ""): data.text or "" for data in found}

    def pages(self) -> Iterator[tuple[str, str]]:
        """ID and package path of every page, in order."""
        for page in self._root.iterfind("ofd:Pages/ofd:Page", NS):
            yield page.get("ID", ""), linked(self._root_path, page.get("BaseLoc", ""))

    def page_box(self) -> Box:
        """The size of a page that does not tell its own."""
        return four(text_at(self._root, "ofd:CommonData/ofd:PageArea/ofd:PhysicalBox"))

    def fonts(self) -> dict[str, bytes]:
        """Embedded font files by resource ID."""
        return dict(self._resources("ofd:Fonts/ofd:Font", "ofd:FontFile"))

    def images(self) -> dict[str, bytes]:
        """Image files by resource ID."""
        return dict(self._resources("ofd:MultiMedias/ofd:MultiMedia", "ofd:MediaFile"))

    def _resources(self, kind: str, file: str) -> Iterator[tuple[str, bytes]]:
        for link in self._root.iterfind("ofd:CommonData/*", NS):
            if etree.QName(link).localname not in ("PublicRes", "DocumentRes"):
                continue
            path = linked(self._root_path, link.text or "")
            listed = self.xml(path)
            base = PurePosixPath(linked(path, listed.get("BaseLoc", ".")))
            for one in listed.iterfind(kind, NS):
                name = one.findtext(file, namespaces=NS)
                if name:
                    yield one.get("ID", ""), self.data(str(base / name))

    def page_text(self) -> dict[str, str]:
        """Every text object of every page by its ID, in drawing order."""
        return {
            text.get("ID", ""): "".join(code.text or "" for code in text.iterfind("ofd:TextCode", NS))
            for _, path in self.pages()
            for text in self.xml(path).iterfind("ofd:Content/ofd:Layer/ofd:TextObject", NS)
        }

    def fields(self) -> dict[str, str]:
        """Field key to the words that stand on the page for it, found through the custom tags.

        This is what a person reads; compare it with the attachment when issuing and verifying. A field told
        by several sheets must say the same on each.
        """
        link = self._root.findtext("ofd:CustomTags", namespaces=NS)
        if not link:
            return {}
        words = self.page_text()
        result: dict[str, str] = {}
        list_path = linked(self._root_path, link)
        for tag in self.xml(list_path).iterfind("ofd:CustomTag/ofd:FileLoc", NS):
            for field in self.xml(linked(list_path, tag.text or "")).iterfind("lic:Field", NS):
                references = [reference.text or "" for reference in field.iterfind("ofd:ObjectRef", NS)]
                if any(reference not in words for reference in references):
                    raise NotReadable(
                        "a tag names a text that is not on the page; nothing was read. "
                        "Ask its sender for the whole file."
                    )
                told = "".join(words[reference] for reference in references)
                if result.setdefault(field.get("Key", ""), told) != told:
                    raise NotReadable(
                        "two pages say different things for one field; nothing was read. "
                        "Ask its issuer for the right file."
                    )
        return result

    def attachments(self) -> dict[str, bytes]:
        """Attached files by the name they are shown under."""
        link = self._root.findtext("ofd:Attachments", namespaces=NS)
        if not link:
            return {}
        list_path = linked(self._root_path, link)
        return {
            one.get("Name", ""): self.data(linked(list_path, text_at(one, "ofd:FileLoc")))
            for one in self.xml(list_path).iterfind("ofd:Attachment", NS)
        }

    def has_annotations(self) -> bool:
        """Whether the document names annotations: pictures and marks that lie over its pages."""
        return self._root.find("ofd:Annotations", NS) is not None

    def stamps(self, page_id: str) -> Iterator[Stamp]:
        """The seals shown on a page, in the order of the signatures."""
        link = self._entry.findtext("ofd:DocBody/ofd:Signatures", namespaces=NS)
        if not link:
            return
        list_path = linked("OFD.xml", link)
        for record in self.xml(list_path).iterfind("ofd:Signature", NS):
            path = linked(list_path, record.get("BaseLoc", ""))
            info = self.xml(path).find("ofd:SignedInfo", NS)
            seal_path = None if info is None else info.findtext("ofd:Seal/ofd:BaseLoc", namespaces=NS)
            if info is None or not seal_path:
                continue
            seal = self.data(linked(path, seal_path))
            for stamp in info.iterfind("ofd:StampAnnot", NS):
                if stamp.get("PageRef") == page_id:
                    clip = stamp.get("Clip")
                    yield Stamp(four(stamp.get("Boundary")), four(clip) if clip else None, seal)


def linked(holder: str, link: str) -> str:
    """The package path a link means: from the root with a leading slash, else beside the file that holds it."""
    link = link.strip()
    if link.startswith("/"):
        return link[1:]
    folder = holder.rpartition("/")[0]
    return "/".join([*filter(None, [folder]), *(step for step in link.split("/") if step not in ("", "."))])


def text_at(element: etree._Element, path: str) -> str:
    """The words of a part that must be there."""
    found = element.findtext(path, namespaces=NS)
    if not found or not found.strip():
        raise NotReadable(f"the part {path} is missing; nothing was read. Ask its sender for the whole file.")
    return found.strip()


def numbers(text: str | None) -> tuple[float, ...]:
    """Lengths separated by blanks."""
    try:
        return tuple(float(word) for word in (text or "").split())
    except ValueError:
        raise NotReadable("a length is no number; nothing was read. Ask its sender for the whole file.") from None


def four(text: str | None) -> Box:
    """A box `x y w h`."""
    values = numbers(text)
    if len(values) != 4:
        raise NotReadable("a box does not have four numbers; nothing was read. Ask its sender for the whole file.")
    return values[0], values[1], values[2], values[3]
