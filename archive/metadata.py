"""The three XML files of an archive package: written from a case, and read back without trust.

Element names of the file list (`fileset/folder/file/…`) are those of the Fuzhou implementation of the
归档信息包; the remaining names are our own. No namespaces.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lxml import etree

from archive.case import CaseFile, CaseFileEntry, FolderKind
from archive.errors import CaseUnfit, MetadataUnreadable
from core.clock import SHANGHAI
from core.digest import sm3_hex
from documents.xml import XmlRefused, parse

BASE_INFO = "基本信息元数据.xml"
PROCESS_INFO = "管理过程元数据.xml"
DIGEST_LIST = "摘要清单.xml"
SIGNATURE = "签名/摘要清单.p7s"

#: Elements of base_info that stand once and hold text, in their order.
BASE_FIELDS = (
    "electronic_file_no", "project_no", "item_code", "item_name", "item_version", "applicant_name",
    "organ_name", "organ_code", "retention_period", "accept_date", "result_date", "result",
    "package_creation_time", "file_count", "byte_count",
)  # fmt: skip
#: May be absent: the masked code of the applicant, the 档号 and its parts.
OPTIONAL_FIELDS = (
    "applicant_code", "archive_code", "fonds_no", "archive_category", "archive_year", "archive_unit", "archive_item_no",
)  # fmt: skip
FILE_FIELDS = (
    "file_code", "file_standard_name", "file_actual_name", "format_information",
    "computer_file_name", "computer_file_size", "computer_file_creation_time",
)  # fmt: skip
EVENT_FIELDS = ("what", "who", "when", "result")


@dataclass(frozen=True, slots=True, repr=False)
class BaseInfo:
    """基本信息元数据.xml as it stands in a package, its values still unjudged text.

    Attributes:
        values: the single elements by name.
        attributes: of retention_period: `basis` and `verified`.
        folders: (id, title) in the order of the file.
        files: folder title with the elements of one file, in the order of the file.
        faults: elements that are missing, repeated or unknown, in words.
    """

    values: Mapping[str, str]
    attributes: Mapping[str, str]
    folders: Sequence[tuple[str, str]]
    files: Sequence[tuple[str, Mapping[str, str]]]
    faults: Sequence[str] = field(default=())

    def path_of(self, index: int) -> str:
        """Where in the package the file at `index` lies by its metadata."""
        title, values = self.files[index]
        return f"{title}/{values.get('computer_file_name', '')}"


@dataclass(frozen=True, slots=True, repr=False)
class ProcessInfo:
    """管理过程元数据.xml as it stands in a package."""

    electronic_file_no: str
    events: Sequence[Mapping[str, str]]
    faults: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class DigestLine:
    path: str
    size: str
    sm3: str


@dataclass(frozen=True, slots=True)
class DigestList:
    """摘要清单.xml as it stands in a package."""

    electronic_file_no: str
    algorithm: str
    lines: Sequence[DigestLine]
    faults: Sequence[str] = ()


def number_files(case: CaseFile) -> list[tuple[FolderKind, str, str, CaseFileEntry]]:
    """Folder, file code, computer file name and file of everything in a case, in the package's order."""
    numbered = []
    given = {folder.kind: folder for folder in case.folders}
    for kind in FolderKind:
        for position, entry in enumerate(given[kind].files if kind in given else (), start=1):
            # The code in front keeps two files of one name apart and sorts a listing as the case is ordered.
            code = f"{kind.id}-{position:03d}"
            numbered.append((kind, code, f"{code}_{entry.name}", entry))
    return numbered


def write_base_info(case: CaseFile) -> bytes:
    """基本信息元数据.xml of a case."""
    numbered = number_files(case)
    root = etree.Element("base_info")
    values = {
        "electronic_file_no": case.electronic_file_no,
        "project_no": case.project_no,
        "item_code": case.item_code,
        "item_name": case.item_name,
        "item_version": case.item_version,
        "applicant_name": case.applicant_name,
        "applicant_code": case.applicant_code_masked,
        "organ_name": case.organ_name,
        "organ_code": case.organ_code,
        "retention_period": case.retention.period.value,
        "accept_date": case.accepted.isoformat(),
        "result_date": case.decided.isoformat(),
        "result": case.outcome.value,
        "package_creation_time": case.packed_at.astimezone(SHANGHAI).isoformat(),
    }
    if case.archive_code is not None:
        values |= {
            "archive_code": case.archive_code.text or None,
            "fonds_no": case.archive_code.fonds,
            "archive_category": case.archive_code.category,
            "archive_year": case.archive_code.year,
            "archive_unit": case.archive_code.unit,
            "archive_item_no": case.archive_code.item,
        }
    values |= {
        "file_count": str(len(numbered)),
        "byte_count": str(sum(len(entry.data) for _, _, _, entry in numbered)),
    }
    for name, value in values.items():
        if value is not None:
            element = _add(root, name, value)
            if name == "retention_period":
                element.set("basis", case.retention.basis)
                element.set("verified", "true" if case.retention.verified else "false")
    fileset = etree.SubElement(root, "fileset")
    for kind in FolderKind:
        folder = etree.SubElement(fileset, "folder", {"id": kind.id, "title": kind.value})
        for owner, code, computer_name, entry in numbered:
            if owner is not kind:
                continue
            element = etree.SubElement(folder, "file")
            _add(element, "file_code", code)
            _add(element, "file_standard_name", entry.standard_name)
            _add(element, "file_actual_name", entry.name)
            _add(element, "format_information", entry.media_type)
            _add(element, "computer_file_name", computer_name)
            _add(element, "computer_file_size", str(len(entry.data)))
            _add(element, "computer_file_creation_time", entry.created.astimezone(SHANGHAI).isoformat())
    return _render(root)


def write_process_info(case: CaseFile) -> bytes:
    """管理过程元数据.xml of a case."""
    root = etree.Element("process_info")
    _add(root, "electronic_file_no", case.electronic_file_no)
    events = etree.SubElement(root, "events")
    for event in case.events:
        element = etree.SubElement(events, "event")
        _add(element, "what", event.what)
        _add(element, "who", event.who)
        _add(element, "when", event.at.astimezone(SHANGHAI).isoformat())
        _add(element, "result", event.result)
    return _render(root)


def write_digest_list(electronic_file_no: str, entries: Mapping[str, bytes]) -> bytes:
    """摘要清单.xml over `entries` in their order; what is signed, so it also names the electronic file."""
    root = etree.Element("digest_list", {"electronic_file_no": electronic_file_no, "algorithm": "SM3"})
    for path, data in entries.items():
        etree.SubElement(root, "file", {"path": path, "size": str(len(data)), "sm3": sm3_hex(data)})
    return _render(root)


def read_base_info(data: bytes) -> BaseInfo:
    """Read 基本信息元数据.xml; what is merely missing or too much is listed in `faults`.

    Raises:
        MetadataUnreadable: not XML, or another root element.
    """
    root = _root(data, BASE_INFO, "base_info")
    faults: list[str] = []
    values = _single(root, BASE_FIELDS, (*OPTIONAL_FIELDS, "fileset"), "base_info", faults)
    retention = root.find("retention_period")
    folders: list[tuple[str, str]] = []
    files: list[tuple[str, Mapping[str, str]]] = []
    filesets = root.findall("fileset")
    if len(filesets) != 1:
        faults.append("base_info/fileset")
    for fileset in filesets:
        for folder in _elements(fileset):
            if folder.tag != "folder":
                faults.append(f"fileset/{folder.tag}")
                continue
            title = folder.get("title", "")
            folders.append((folder.get("id", ""), title))
            for element in _elements(folder):
                if element.tag != "file":
                    faults.append(f"folder/{element.tag}")
                    continue
                files.append((title, _single(element, FILE_FIELDS, (), f"file[{len(files) + 1}]", faults)))
    return BaseInfo(
        values=values,
        attributes={} if retention is None else {str(key): str(value) for key, value in retention.attrib.items()},
        folders=tuple(folders),
        files=tuple(files),
        faults=tuple(faults),
    )


def read_process_info(data: bytes) -> ProcessInfo:
    """Read 管理过程元数据.xml.

    Raises:
        MetadataUnreadable: not XML, or another root element.
    """
    root = _root(data, PROCESS_INFO, "process_info")
    faults: list[str] = []
    values = _single(root, ("electronic_file_no",), ("events",), "process_info", faults)
    groups = root.findall("events")
    if len(groups) != 1:
        faults.append("process_info/events")
    events: list[Mapping[str, str]] = []
    for group in groups:
        for element in _elements(group):
            if element.tag != "event":
                faults.append(f"events/{element.tag}")
                continue
            events.append(_single(element, EVENT_FIELDS, (), f"event[{len(events) + 1}]", faults))
    return ProcessInfo(values.get("electronic_file_no", ""), tuple(events), tuple(faults))


def read_digest_list(data: bytes) -> DigestList:
    """Read 摘要清单.xml.

    Raises:
        MetadataUnreadable: not XML, or another root element.
    """
    root = _root(data, DIGEST_LIST, "digest_list")
    lines, faults = [], []
    for position, element in enumerate(_elements(root), start=1):
        if element.tag != "file" or sorted(map(str, element.attrib)) != ["path", "size", "sm3"]:
            faults.append(f"file[{position}]")
            continue
        lines.append(DigestLine(element.get("path", ""), element.get("size", ""), element.get("sm3", "")))
    return DigestList(root.get("electronic_file_no", ""), root.get("algorithm", ""), tuple(lines), tuple(faults))


def _add(parent: etree._Element, name: str, text: str) -> etree._Element:
    element = etree.SubElement(parent, name)
    try:
        element.text = text
    except ValueError:  # a sign XML cannot hold; the case's own checks should have caught it
        raise CaseUnfit(
            f"the value of {name} holds signs XML cannot carry. The case is not packed; correct it at its source."
        ) from None
    return element


def _render(root: etree._Element) -> bytes:
    """UTF-8 with declaration, indented, the same bytes for the same tree."""
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)


def _root(data: bytes, path: str, name: str) -> etree._Element:
    try:
        root = parse(data, path)
    except XmlRefused:
        raise MetadataUnreadable(
            f"{path} is not XML this house reads. The package is refused; ask its sender for another copy.",
            path,
        ) from None
    if root.tag != name:
        raise MetadataUnreadable(
            f"{path} does not begin with <{name}>. The package is refused; ask its sender for another copy.", path
        )
    return root


def _elements(parent: etree._Element) -> list[etree._Element]:
    """The child elements; comments and processing instructions carry nothing."""
    return [child for child in parent if isinstance(child.tag, str)]


def _single(
    parent: etree._Element, names: Sequence[str], others: Sequence[str], where: str, faults: list[str]
) -> dict[str, str]:
    """Text of the children `names`, each of which stands exactly once; `others` may stand or not."""
    values: dict[str, str] = {}
    for child in _elements(parent):
        name = str(child.tag)
        if name in values or (name not in names and name not in others):
            faults.append(f"{where}/{name}")
        elif name not in ("fileset", "events"):
            if len(child):
                faults.append(f"{where}/{name}")
            values[name] = child.text or ""
    faults.extend(f"{where}/{name}" for name in names if name not in values)
    return values
