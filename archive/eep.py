"""An archive package as an EEP envelope (DA/T 48-2009), one XML file, and back, byte for byte.

The outline of elements follows code that writes such envelopes; the standard's text was not at hand, so what that
outline does not show is left out, and conformance is 未核实. Every file of the package is a 文档 of the envelope, the
signed digest list among them; the envelope itself is signed over 被签名对象 in canonical form (C14N 1.0).
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import datetime
from typing import Final

from lxml import etree

from archive.case import CaseFile
from archive.errors import FormRefused
from archive.metadata import DIGEST_LIST, SIGNATURE
from archive.opened import LIMITS
from archive.package import repacked
from archive.reading import case_of
from core.clock import second_text
from core.errors import Rejected
from documents.package import Package
from documents.xml import XmlRefused, parse

#: Takes the canonical bytes of 被签名对象, gives back a detached signature over them.
Sign = Callable[[bytes], bytes]
#: Returns when the signature is good and trusted, else raises; see `archive.opened.VerifySignature`.
VerifySignature = Callable[[bytes, bytes], None]
VERSION: Final = "2009"
#: Base64 of one file has to be one text, and the XML reader takes texts of ten megabytes.
LARGEST_FILE: Final = 7 << 20
LARGEST: Final = 256 << 20
_OBJECT: Final = "被签名对象"
_SIGNED: Final = "电子签名块/电子签名/签名结果"


def to_eep(package: bytes, sign: Sign, made_at: datetime) -> bytes:
    """The envelope of a package.

    Raises:
        ContainerRefused, MetadataUnreadable, CaseUnfit: the bytes are no package.
        FormRefused: a file is larger than an envelope takes.
    """
    entries = Package.read(package, LIMITS).entries
    large = sum(len(data) > LARGEST_FILE for data in entries.values())
    if large:
        raise FormRefused(
            f"{large} files are larger than {LARGEST_FILE >> 20} MB, which an envelope of XML does not take. No "
            "envelope was made; send the package itself or a bag."
        )
    case = case_of(entries)
    root = etree.Element("电子文件封装包")
    _add(root, "封装包格式描述", "按 DA/T 48-2009 的元素结构封装（未核实）")
    _add(root, "版本", VERSION)
    signed = etree.SubElement(root, _OBJECT, {"eep版本": VERSION})
    _add(signed, "封装包类型", "原始型")
    _add(signed, "封装包创建时间", second_text(made_at))
    _add(signed, "封装包创建单位", case.organ_name)
    entity = etree.SubElement(etree.SubElement(etree.SubElement(signed, "封装内容"), "文件实体块"), "文件实体")
    _describe(entity, case)
    data = etree.SubElement(entity, "文件数据")
    for path, content in entries.items():
        coding = etree.SubElement(etree.SubElement(data, "文档"), "编码")
        attributes = etree.SubElement(coding, "电子属性")
        _add(attributes, "计算机文件名", path)
        _add(attributes, "计算机文件大小", str(len(content)))
        _add(coding, "反编码关键字", "base64")
        _add(coding, "编码数据", b64encode(content).decode())
    block = etree.SubElement(etree.SubElement(root, "电子签名块"), "电子签名")
    _add(block, "签名结果", b64encode(sign(_canonical(signed))).decode())
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def from_eep(envelope: bytes, verify: VerifySignature | None = None) -> bytes:
    """The package in an envelope.

    Args:
        verify: judges the envelope's own signature; None to leave that to whoever checks the package.

    Raises:
        FormRefused: no such envelope, its signature is wrong, or its files are not those of the digest list.
        MetadataUnreadable: its digest list is no such list.
    """
    try:
        root = parse(envelope, "the envelope", largest=LARGEST)
    except XmlRefused as refusal:
        raise _refused(f"it cannot be read ({refusal.fault.value})") from None
    signed, result = root.find(_OBJECT), root.findtext(_SIGNED)
    if root.tag != "电子文件封装包" or signed is None or result is None or root.findtext("版本") != VERSION:
        raise _refused("it is no signed envelope of the version that is read here")
    if verify is not None:
        try:
            verify(_canonical(signed), b64decode(result, validate=True))
        except ValueError:
            raise _refused("its signature is no base64") from None
        except Rejected as refusal:
            raise _refused(f"its signature is wrong ({refusal.code})") from None
    entries = dict(_documents(signed))
    for path in (DIGEST_LIST, SIGNATURE):
        if path not in entries:
            raise _refused(f"it holds no {path}: it was not made from a package")
    package = repacked(entries)
    if package is None:
        raise _refused("its files are not those of its digest list")
    return package


def _documents(signed: etree._Element) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for coding in signed.findall("封装内容/文件实体块/文件实体/文件数据/文档/编码"):
        path, size = coding.findtext("电子属性/计算机文件名"), coding.findtext("电子属性/计算机文件大小")
        try:
            data = b64decode(coding.findtext("编码数据") or "", validate=True)
        except ValueError:
            raise _refused("a file in it is no base64") from None
        if not path or coding.findtext("反编码关键字") != "base64" or size != str(len(data)):
            raise _refused("a file in it has no name, another coding, or another size than it says")
        found.append((path, data))
    if len({path for path, _ in found}) != len(found):
        raise _refused("it holds a file twice")
    return found


def _describe(entity: etree._Element, case: CaseFile) -> None:
    _add(entity, "聚合层次", "文件")
    _add(etree.SubElement(entity, "来源"), "立档单位名称", case.organ_name)
    _add(entity, "电子文件号", case.electronic_file_no)
    code = etree.SubElement(entity, "档号")
    if case.archive_code is not None:
        _add(code, "全宗号", case.archive_code.fonds)
        _add(code, "年度", case.archive_code.year)
    _add(code, "保管期限", case.retention.period.value)
    if case.archive_code is not None:
        _add(code, "机构或问题", case.archive_code.unit)
    content = etree.SubElement(entity, "内容描述")
    _add(content, "题名", f"{case.item_name}（{case.project_no}）")
    _add(content, "责任者", case.organ_name)
    _add(content, "日期", case.decided.isoformat())


def _canonical(element: etree._Element) -> bytes:
    return etree.tostring(element, method="c14n", exclusive=False, with_comments=False)


def _add(parent: etree._Element, name: str, text: str) -> None:
    etree.SubElement(parent, name).text = text


def _refused(why: str) -> FormRefused:
    return FormRefused(f"the envelope is refused: {why}. Nothing was taken in; ask its sender for it again.")
