"""Whether a licence of ours says to machines what it says to people: attached data against the words on the page.

A viewer shows the page, software reads the attachment. Both are protected by the seal, so both are what was sealed;
that they say the same is a question of its own. It is asked of licences in the layout this house writes: custom
tags in the namespace `documents.ofd.TAG_NAMESPACE`, and an attachment whose root is 电子证照.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from lxml import etree

from documents.errors import NotReadable
from documents.ofd import NAMESPACE, TAG_NAMESPACE
from documents.package import Package
from documents.reader import NS, Reader, linked
from documents.xml import XmlRefused, parse

_ROOT, _FACE, _LINE, _LABEL, _METADATA = "电子证照", "证面信息", "项", "名称", "元数据"
_REFERENCE, _TEXT, _CODE = (f"{{{NAMESPACE}}}{name}" for name in ("ObjectRef", "TextObject", "TextCode"))


class Agreement(Enum):
    """Whether page and data say the same."""

    #: Not a licence in our layout: there is nothing to compare.
    NOT_OURS = "not ours"
    SAME = "same"
    DIFFERENT = "different"
    #: It is marked as ours, and cannot be followed.
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Comparison:
    """How page and data compare: how many fields, the labels of those that differ, and the data's file."""

    agreement: Agreement
    count: int = 0
    labels: tuple[str, ...] = ()
    why: str = ""
    file: str = ""


def compare(package: Package, load: Callable[[str], etree._Element] | None = None) -> Comparison:
    """Compare every field's words on the page with the attached data, and the document information with it.

    Blanks and line ends do not count. Bad input is an answer, not an exception.

    Args:
        load: gives the root element of a file that is there, for a caller that has parsed them already.
    """
    try:
        reader = _Licence(package, load)
        tags = reader.tag_files()
    except (NotReadable, XmlRefused):
        # Other makers link and write in ways that are not read here; whether it is ours is all that was asked.
        return Comparison(Agreement.NOT_OURS)
    file = ""
    try:
        raw = _attached(reader) if tags else None
        if raw is None:
            return Comparison(Agreement.NOT_OURS)
        file = next(name for name, content in package.entries.items() if content is raw)
        data = parse(raw, file) if load is None else load(file)
        if data.tag != _ROOT:
            return Comparison(Agreement.NOT_OURS)
        shown = _pairs(reader.shown(tags))
        told = _pairs((line.get(_LABEL, ""), line.text) for line in data.iterfind(f"{_FACE}/{_LINE}"))
        named = _pairs((str(one.tag), one.text) for one in data.iterfind(f"{_METADATA}/*"))
        information = _pairs(reader.information().items())
    except (NotReadable, XmlRefused) as error:
        return Comparison(Agreement.UNREADABLE, why=error.message, file=file)
    differing = (*_differing(shown, told), *_differing(information, named))
    agreement = Agreement.DIFFERENT if differing else Agreement.SAME
    return Comparison(agreement, len(told) + len(named), differing, file=file)


class _Licence(Reader):
    """A reader that finds our tags, and what they show."""

    def tag_files(self) -> list[str]:
        """The files of custom tags in our namespace; none for a document of another maker."""
        link = self._root.findtext("ofd:CustomTags", namespaces=NS)
        if not link:
            return []
        list_path = linked(self._root_path, link)
        return [
            linked(list_path, one.findtext("ofd:FileLoc", "", NS))
            for one in self.xml(list_path).iterfind("ofd:CustomTag", NS)
            if TAG_NAMESPACE in (one.get("NameSpace"), one.get("TypeID"))
        ]

    def shown(self, tags: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Label and words on the page of every field in these tag files, as often as it is told.

        The same as `fields`, which asks one page after the other by path; here each page is gone through once.
        """
        named = [field for path in tags for field in self.xml(path).iterfind("lic:Field", NS)]
        # An element is a sequence of its children, which is the quickest way through few of them.
        due = [(field.get("Name", ""), [one.text or "" for one in field if one.tag == _REFERENCE]) for field in named]
        wanted = {reference for _, references in due for reference in references}
        words: dict[str, str] = {}
        for _, path in self.pages():
            for text in self.xml(path).iter(_TEXT):
                identifier = text.get("ID", "")
                if identifier in wanted:
                    if identifier in words:
                        raise NotReadable("two texts of the pages share an ID; nothing was compared. Ask its issuer.")
                    words[identifier] = "".join([code.text or "" for code in text if code.tag == _CODE])
        if not wanted <= words.keys():
            raise NotReadable("a tag names a text that is not on the page; nothing was compared. Ask its issuer.")
        for label, references in due:
            yield label, "".join([words[reference] for reference in references])


def _attached(reader: Reader) -> bytes | None:
    """The one attachment that may be in our layout, None without one."""
    found = [data for data in reader.attachments().values() if data[:1] == b"<" and _ROOT.encode() in data]
    if len(found) > 1:
        raise NotReadable("two attachments hold a licence's data; nothing was compared. Ask its issuer for the file.")
    return found[0] if found else None


def _pairs(given: Iterable[tuple[str, str | None]]) -> dict[str, str]:
    """Names to words; NotReadable when one name has two meanings."""
    found: dict[str, str] = {}
    for name, words in given:
        plain = " ".join((words or "").split())
        if found.setdefault(name, plain) != plain:
            raise NotReadable("one name stands for two different values; nothing was compared. Ask its issuer.")
    return found


def _differing(one: dict[str, str], other: dict[str, str]) -> list[str]:
    """The names whose words differ or that stand on one side only."""
    if one == other:
        return []
    return [name for name in dict.fromkeys((*one, *other)) if one.get(name) != other.get(name)]
