"""What a file holds beyond what the steps judge: told by name, never passed over.

None of this weighs: everything here is protected by the signatures or refused elsewhere. But a part that is not
judged may still be shown, run or trusted by another program, so a reader is told that it is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from lxml import etree

from documents.xml import XmlFault
from signing.ofd.coverage import Described
from signing.ofd.layout import ENTRY, NAMESPACE, Files, Layout, tag
from signing.ofd.steps import Step
from signing.report import Log, printable

_SCHEMA = "GB/T 33190-2016 附录 A"
#: The children each element may have by the schema; anything else is unknown.
_KNOWN: Mapping[str, frozenset[str]] = {
    "OFD": frozenset(("DocBody",)),
    "DocBody": frozenset(("DocInfo", "DocRoot", "Versions", "Signatures")),
    "Document": frozenset(
        (
            "CommonData", "Pages", "Outlines", "Permissions", "Actions", "VPreferences", "Bookmarks", "Annotations",
            "CustomTags", "Attachments", "Extensions",
        )
    ),
    "CommonData": frozenset(("MaxUnitID", "PageArea", "PublicRes", "DocumentRes", "TemplatePage", "DefaultCS")),
    "Page": frozenset(("Template", "PageRes", "Area", "Content", "Actions")),
    "Signatures": frozenset(("MaxSignId", "Signature")),
    "Signature": frozenset(("SignedInfo", "SignedValue")),
    "SignedInfo": frozenset(
        ("Provider", "SignatureMethod", "SignatureDateTime", "References", "StampAnnot", "Seal")
    ),
    "References": frozenset(("Reference",)),
    "Seal": frozenset(("BaseLoc",)),
}  # fmt: skip
#: Known parts that do or show something which no step judges, and what they are called.
_TELLING = {
    "Versions": ("文档含其他版本", "the document has other versions"),
    "Actions": ("文档含动作（如跳转、播放）", "the document holds actions, such as jumps or sounds"),
    "Extensions": ("文档含扩展", "the document holds extensions"),
    "Annotations": ("文档含批注", "the document holds annotations"),
    "TemplatePage": ("文档含模板页，其内容显示在页面上", "the document has template pages, which show on its pages"),
}
#: Elements that name a file, by their words or an attribute BaseLoc, in files by their root.
_LINKS_IN: Mapping[str, tuple[str, ...]] = {
    tag(root): tuple(tag(name) for name in names)
    for root, names in {
        "OFD": ("DocRoot", "Signatures", "Version", "Cover"),
        "Document": (
            "PublicRes", "DocumentRes", "TemplatePage", "Page", "Annotations", "CustomTags", "Attachments",
            "Extensions",
        ),
        "Page": ("PageRes",),
        "Res": ("FontFile", "MediaFile", "ColorSpace", "Thumbnail", "Substitution"),
        "Annotations": ("FileLoc",),
        "CustomTags": ("FileLoc", "SchemaLoc"),
        "Attachments": ("FileLoc",),
        "Signatures": ("Signature",),
    }.items()
}  # fmt: skip
_PAGE_RESOURCE = tag("PageRes")
_OURS = f"{{{NAMESPACE}}}"
#: At most so many names are told in one note.
_MOST_NAMES = 8


def tell_unread(log: Log, unread: Iterable[tuple[str, XmlFault]]) -> None:
    """XML that cannot be read: a fault where it could bring entities along, else a note for files no step follows."""
    for name, fault in unread:
        if fault is XmlFault.DOCUMENT_TYPE:
            log.failed(
                Step.CONTAINER,
                "XML 文件含文档类型声明（DTD），可能引入实体",
                "an XML file has a document type, which can bring entities in",
                name,
            )
        else:
            log.note(Step.CONTAINER, "XML 文件无法解析", f"an XML file cannot be read ({fault.value})", name)


def tell_extras(log: Log, files: Files, layout: Layout, list_path: str, signatures: Sequence[Described]) -> None:
    """Notes on everything no step judges: unknown parts, parts that act or show, files nobody refers to."""
    _tell_children(log, layout.entry, ENTRY, "OFD", "DocBody")
    _tell_children(log, layout.root, layout.root_path, "Document", "CommonData")
    for page in layout.pages:
        _tell_children(log, files.root(page.path), page.path, "Page")
    _tell_children(log, files.root(list_path), list_path, "Signatures")
    for one in signatures:
        bound = log.of(one.record.id)
        root = files.root(one.record.path)
        _tell_children(bound, root, one.record.path, "Signature", "SignedInfo", "References", "Seal")
        if one.record.rests_on:
            bound.note(
                Step.RECORDS,
                f"该签名依赖签名 {printable(one.record.rests_on)}",
                f"this signature rests on {printable(one.record.rests_on)}",
                list_path,
            )
    _tell_unlinked(log, files, layout, signatures)


def _tell_children(log: Log, root: etree._Element, path: str, *names: str) -> None:
    """Unknown and telling children of the root and of the elements of these names below it."""
    strange: dict[str, None] = {}
    telling: dict[str, None] = {}
    for name in names:
        known = _KNOWN[name]
        for parent in (root,) if root.tag == tag(name) else root.iter(tag(name)):
            for child in parent.iterchildren(etree.Element):
                namespace, _, local = child.tag[1:].rpartition("}")
                if namespace != NAMESPACE or local not in known:
                    strange[local] = None
                elif local in _TELLING:
                    telling[local] = None
    for local in telling:
        log.note(Step.ENTRY, *_TELLING[local], path)
    if strange:
        told = _listed(strange)
        log.note(Step.ENTRY, f"含未知元素：{told}", f"unknown elements: {told}", path, _SCHEMA)


def _tell_unlinked(log: Log, files: Files, layout: Layout, signatures: Sequence[Described]) -> None:
    pages = {page.path for page in layout.pages}
    linked = {ENTRY, *pages}
    for one in signatures:
        linked |= one.own
    # What a signature protects is not thereby part of the document.
    told_above = {one.record.path for one in signatures}
    for path, root in files.parsed():
        if path in told_above or not root.tag.startswith(_OURS):
            continue
        holder = path.rpartition("/")[0]
        base = _joined(holder, root.get("BaseLoc") or "") if root.tag == tag("Res") else holder
        within = _LINKS_IN.get(root.tag)
        # A page's content names resources by number; only its head names files.
        elements = root.iterchildren(_PAGE_RESOURCE) if path in pages else root.iter(within or "*")
        for element in elements:
            for link in (element.get("BaseLoc"), element.text):
                if link and not link.isspace():
                    linked.add(_joined(holder, link))
                    if base != holder:
                        linked.add(_joined(base, link))
    unlinked = [name for name in files.entries if name not in linked]
    if unlinked:
        told = _listed(unlinked)
        log.note(
            Step.INTEGRITY,
            f"有 {len(unlinked)} 个文件未被文档引用：{told}",
            f"{len(unlinked)} files that no part of the document refers to: {told}",
            unlinked[0],
        )


def _joined(folder: str, link: str) -> str:
    link = link.strip()
    if not link.startswith("/") and "/.." not in link and not link.startswith("."):
        return f"{folder}/{link}" if folder else link
    parts = [] if link.startswith("/") else folder.split("/")
    for step in link.split("/"):
        if step == "..":
            del parts[-1:]
        elif step not in ("", "."):
            parts.append(step)
    return "/".join(part for part in parts if part)


def _listed(names: Iterable[str]) -> str:
    """Names for a person, not more than a few."""
    every = list(names)
    told = ", ".join(printable(name) for name in every[:_MOST_NAMES])
    return told if len(every) <= _MOST_NAMES else f"{told} … (+{len(every) - _MOST_NAMES})"
