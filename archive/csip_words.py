"""What an information package says to people and catalogues: a description in Dublin Core, and a page to read first."""

from __future__ import annotations

from typing import Final

from lxml import etree

from archive.case import CaseFile
from archive.csip_parts import rendered

_DC: Final = "http://purl.org/dc/elements/1.1/"
_OAI: Final = "http://www.openarchives.org/OAI/2.0/oai_dc/"

README: Final = """\
一证通办数据共享枢纽 归档信息包，按 E-ARK CSIP 的结构封装

representations/rep1/data/  归档信息包的全部文件，原样：
    基本信息元数据.xml、管理过程元数据.xml  元数据
    申请材料/、过程文件/、结果文件/  文件
    摘要清单.xml  以上各文件的大小与 SM3 摘要
    签名/摘要清单.p7s  对摘要清单的签名；真实性以此为准
schemas/package.xsd  上述三个 XML 文件的结构
metadata/descriptive/dc.xml  著录（都柏林核心）
metadata/preservation/premis.xml  各文件的 SM3 与 SHA-256 摘要、格式，办理过程
METS.xml  本包的全部文件及其 SHA-256 摘要

METS、PREMIS 与著录均由归档信息包生成，不含包外的信息；METS 与 PREMIS 本身未签名。
还原归档信息包：hub archive import 本包.zip --out 归档信息包.zip


An archive package of Yizheng Hub in the layout of E-ARK CSIP

representations/rep1/data/ holds every file of the archive package as it was: metadata, files, the digest list with the
SM3 of each, and the signature over that list, which is what proves them genuine. METS, PREMIS and Dublin Core are made
from these files and are not signed themselves.
To get the archive package back, byte for byte: hub archive import THIS.zip --out PACKAGE.zip
"""


def write_dublin_core(case: CaseFile) -> bytes:
    """A case in Dublin Core. Who applied is not told: a catalogue of these is read by more people than the files."""
    root = etree.Element(f"{{{_OAI}}}dc", nsmap={"oai_dc": _OAI, "dc": _DC})
    values = [
        ("title", f"{case.item_name}（{case.project_no}）"),
        ("creator", case.organ_name),
        ("date", case.decided.isoformat()),
        ("identifier", case.electronic_file_no),
        ("language", "zh"),
    ]
    for name, value in values:
        etree.SubElement(root, f"{{{_DC}}}{name}").text = value
    return rendered(root)
