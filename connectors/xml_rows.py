"""XML that departments send inside strings and blobs, read without trusting it.

No document type, no entity, no network, a bound on size. Two faults seen in the wild are put right because
there is only one way to read them, and said: a document escaped once too often, and a bare `&` in a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

LARGEST_TEXT = 64 * 1024 * 1024

_DECLARATION = re.compile(r"^\ufeff?\s*<\?xml\s[^>]{0,200}\?>")
_DECLARED = re.compile(rb"^\s*<\?xml\s[^>]{0,120}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,30})[\"']")
_BARE_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});)")
_CDATA = re.compile(r"<!\[CDATA\[.*?\]\]>", re.DOTALL)
_ESCAPED_START = re.compile(r"^\ufeff?\s*&lt;")
#: GBK and GB2312 are parts of GB18030, and senders do not keep to the part they name.
_ENCODINGS = {"utf-8": "utf-8", "utf8": "utf-8", "gbk": "gb18030", "gb2312": "gb18030", "gb18030": "gb18030"}
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


class XmlUnfit(ValueError):
    """The text is not XML this house reads; the message says why in a few words and quotes nothing."""


@dataclass(frozen=True, slots=True)
class XmlDocument:
    """A parsed document and what had to be put right to parse it."""

    root: etree._Element = field(repr=False)
    repairs: tuple[str, ...] = ()


def decoded(data: bytes, fallback: str = "UTF-8") -> str:
    """The text of a document: by its byte order mark, its own declaration, as UTF-8, or by `fallback`.

    Raises:
        XmlUnfit: the bytes are not in the encoding they name, or that is none we read.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif data.startswith(b"\xef\xbb\xbf"):
        encoding = "utf-8-sig"
    elif named := _DECLARED.match(data):
        known = _ENCODINGS.get(named.group(1).decode("ascii").lower())
        if known is None:
            raise XmlUnfit("it names an encoding other than UTF-8 and GB18030")
        encoding = known
    else:
        try:
            return data.decode()
        except UnicodeDecodeError:
            encoding = fallback
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        raise XmlUnfit("its bytes are not in the encoding it names") from None


def parse(text: str) -> XmlDocument:
    """The document in `text`; its own encoding declaration is about bytes it no longer has and is passed over.

    Raises:
        XmlUnfit: too large, a document type or entity, or not well-formed in a way that has two readings.
    """
    if len(text) > LARGEST_TEXT:
        raise XmlUnfit(f"more than {LARGEST_TEXT} characters")
    repairs: list[str] = []
    if _ESCAPED_START.match(text):
        text = _unescaped(text)
        repairs.append("escaped once too often")
    text = _DECLARATION.sub("", text, count=1).lstrip("\ufeff \t\r\n")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise XmlUnfit("it has a document type or an entity")
    try:
        return XmlDocument(_tree(text), tuple(repairs))
    except etree.XMLSyntaxError:
        mended = _without_bare_ampersands(text)
        if mended == text:
            raise XmlUnfit("it is not well-formed XML") from None
    try:
        root = _tree(mended)
    except etree.XMLSyntaxError:
        raise XmlUnfit("it is not well-formed XML") from None
    return XmlDocument(root, (*repairs, "bare ampersands"))


def rows_of(root: etree._Element, row_element: str) -> Iterator[etree._Element]:
    """The elements of that local name, at any depth but not inside one another."""
    waiting = [root]
    while waiting:
        element = waiting.pop()
        if name_of(element) == row_element:
            yield element
        else:
            waiting.extend(reversed(element))


def fields_of(element: etree._Element) -> dict[str, str | None]:
    """Names and values below an element: `a`, `a/b` for nested ones, `a#2` for a name's second time, `@x`."""
    found: dict[str, str | None] = {f"@{etree.QName(name).localname}": str(value) for name, value in element.items()}
    found.pop("@nil", None)
    _collect(element, "", found)
    return found


def name_of(element: etree._Element) -> str:
    """The element's name without its namespace."""
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def text_of(root: etree._Element, name: str) -> str | None:
    """The text of the first element of that local name; None when there is none."""
    for element in root.iter():
        if name_of(element) == name:
            return "".join(str(part) for part in element.itertext()).strip()
    return None


def _collect(element: etree._Element, prefix: str, found: dict[str, str | None]) -> None:
    for child in element:
        name = f"{prefix}{name_of(child)}"
        if name in found:
            again = 2
            while f"{name}#{again}" in found:
                again += 1
            name = f"{name}#{again}"
        if len(child):
            _collect(child, f"{name}/", found)
        else:
            found[name] = None if child.get(_NIL) in ("true", "1") else (child.text or "")


def _tree(text: str) -> etree._Element:
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(text.encode(), parser)
    except UnicodeEncodeError:
        raise XmlUnfit("it holds characters that no encoding has") from None


def _unescaped(text: str) -> str:
    for escaped, sign in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&")):
        text = text.replace(escaped, sign)
    return text


def _without_bare_ampersands(text: str) -> str:
    """Every `&` that begins no reference as `&amp;`, except inside CDATA, where it already is a plain sign."""
    parts, end = [], 0
    for section in _CDATA.finditer(text):
        parts += [_BARE_AMPERSAND.sub("&amp;", text[end : section.start()]), section.group()]
        end = section.end()
    return "".join([*parts, _BARE_AMPERSAND.sub("&amp;", text[end:])])
