"""Every XML file we write keeps to the schema's parts and their order (GB/T 33190-2016, annex A).

The schema itself is not at hand in a form that may be laid here; the table holds what licences use
of it, children in the order of the schema. A trailing + means at least one, ? at most one, * any number.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import etree

from documents.licence import CopyNote, LicencePage, SheetKind, riding_places, seal_places, set_sheets
from documents.ofd import NAMESPACE, write
from documents.package import Package
from documents.xml import parse
from signing.demo_pki import Bureau, prepare
from signing.ofd.seal import Stamp, seal
from signing.seal.port import LocalSealer

MakePage = Callable[..., LicencePage]

CHILDREN = {
    "OFD": "DocBody+",
    "DocBody": "DocInfo DocRoot Versions? Signatures?",
    "DocInfo": "DocID Title? Author? Subject? Abstract? CreationDate? ModDate? DocUsage? Cover? Keywords? Creator? "
    "CreatorVersion? CustomDatas?",
    "CustomDatas": "CustomData+",
    "Document": "CommonData Pages Outlines? Permissions? Actions? VPreferences? Bookmarks? Annotations? CustomTags? "
    "Attachments? Extensions?",
    "CommonData": "MaxUnitID PageArea PublicRes* DocumentRes* TemplatePage* DefaultCS?",
    "PageArea": "PhysicalBox",
    "Area": "PhysicalBox",
    "Pages": "Page+",
    "Page": "Template* PageRes* Area? Content? Actions?",
    "Content": "Layer+",
    "TextObject": "FillColor? StrokeColor? TextCode+",
    "PathObject": "StrokeColor? FillColor? AbbreviatedData",
    "ImageObject": "",
    "Fonts": "Font+",
    "Font": "FontFile?",
    "MultiMedias": "MultiMedia+",
    "MultiMedia": "MediaFile",
    "CustomTag": "SchemaLoc? FileLoc",
    "Attachment": "FileLoc",
    "Signatures": "MaxSignId? Signature*",
    "SignedInfo": "Provider SignatureMethod? SignatureDateTime? References StampAnnot* Seal?",
    "References": "Reference+",
    "Reference": "CheckValue",
    "Seal": "BaseLoc",
}
#: Elements of one name and several shapes, by the element around them ("" for a file's root).
INSIDE = {
    ("", "Page"): "Template* PageRes* Area? Content? Actions?",
    ("Pages", "Page"): "",
    ("", "CustomTags"): "CustomTag*",
    ("Document", "CustomTags"): "",
    ("", "Attachments"): "Attachment*",
    ("Document", "Attachments"): "",
    ("DocBody", "Signatures"): "",
    ("Signatures", "Signature"): "",
    ("", "Signature"): "SignedInfo SignedValue",
    ("", "Res"): "Fonts? MultiMedias?",
}
#: Children in any order.
MIXED = {"Layer": {"TextObject", "PathObject", "ImageObject"}}
ATTRIBUTES = {
    "OFD": "DocType Version",
    "CustomData": "Name",
    "Layer": "ID Type",
    "TextObject": "Boundary CTM? Font ID Size",
    "TextCode": "DeltaX? X Y",
    "PathObject": "Boundary Fill? ID LineWidth Stroke?",
    "ImageObject": "Boundary CTM ID ResourceID",
    "FillColor": "Value",
    "StrokeColor": "Value",
    "Res": "BaseLoc",
    "Font": "Bold? Charset FamilyName FontName ID",
    "MultiMedia": "Format ID Type",
    "CustomTag": "NameSpace",
    "Attachment": "CreationDate Format ID Name Size Visible",
    "Provider": "Company? ProviderName Version?",
    "References": "CheckMethod",
    "Reference": "FileRef",
    "StampAnnot": "Boundary Clip? ID PageRef",
    "ObjectRef": "PageRef",
}
NUMBERED = re.compile(r"[1-9][0-9]*")


def names(elements: etree._Element) -> str:
    return "".join(f"{etree.QName(one).localname} " for one in elements)


def as_pattern(model: str) -> str:
    """A line of the table as a regular expression over names that each end with a blank."""
    return "".join(f"(?:{re.escape(word.rstrip('+*?'))} ){word[len(word.rstrip('+*?')) :]}" for word in model.split())


def faults(package: Package) -> list[str]:
    """Where files of ours depart from the table."""
    found = []
    for path, data in package.entries.items():
        if not path.endswith(".xml") or path.endswith(("Attachs/licence.xml", "LicenceTags.xml")):
            continue
        for element in parse(data, path).iter():
            name = etree.QName(element).localname
            around = element.getparent()
            holder = "" if around is None else etree.QName(around).localname
            if etree.QName(element).namespace != NAMESPACE:
                found.append(f"{path}: {name} is not of the standard's namespace")
            if name in MIXED:
                unknown = set(names(element).split()) - MIXED[name]
                found += [f"{path}: {name} holds {one}" for one in unknown]
            else:
                model = INSIDE.get((holder, name), CHILDREN.get(name, ""))
                if not re.fullmatch(as_pattern(model), names(element)):
                    found.append(f"{path}: {name} holds {names(element)}where the schema has {model}")
            if name in ATTRIBUTES:
                had = "".join(f"{one} " for one in sorted(map(str, element.attrib)))
                if not re.fullmatch(as_pattern(ATTRIBUTES[name]), had):
                    found.append(f"{path}: {name} has {had}where the schema has {ATTRIBUTES[name]}")
    return found


@pytest.fixture(scope="module")
def sealer(tmp_path_factory: pytest.TempPathFactory) -> LocalSealer:
    folder: Path = tmp_path_factory.mktemp("keys")
    keys = prepare(
        folder / "demo", Bureau("某区行政审批局（测试）", "11420112MB0000000M", "42011200000001"), datetime.now(UTC)
    )
    return LocalSealer(keys.seal, keys.signer)


@pytest.mark.parametrize("template", ["food", "hr-service", "ngo"])
@pytest.mark.parametrize("words", ["short", "annexed", "annotated"])
def test_every_file_of_a_sealed_licence_keeps_the_order_of_the_schema(
    make_page: MakePage, sealer: LocalSealer, template: str, words: str, long_scope: str
) -> None:
    page = make_page(template, scope=long_scope * 4) if words == "annexed" else make_page(template)
    if words == "annotated":
        page = replace(page, note=CopyNote("某银行", "开户", "2026年12月31日 24时"))
    sheets = set_sheets([page, replace(page, sheet=SheetKind.COPY)])
    drawn = write(sheets)
    assert faults(drawn) == []
    stamps = [
        Stamp(one.page_index, one.x_mm, one.y_mm, one.w_mm, one.h_mm, one.clip)
        for one in (*seal_places(sheets), *riding_places(sheets))
    ]
    sealed = seal(drawn, sealer, stamps=stamps, at=datetime.now(UTC))
    assert len(sealed.entries) > len(drawn.entries)
    assert faults(sealed) == []


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("OFD.xml", "Title", "Cover"),
        ("Doc_0/Document.xml", "PublicRes", "DefaultCS"),
        ("Doc_0/Pages/Page_0/Content.xml", "LineWidth", "Width"),
        ("Doc_0/Tags/CustomTags.xml", "NameSpace", "TypeID"),
        ("Doc_0/PublicRes.xml", "FontFile", "File"),
    ],
)
def test_the_table_sees_a_part_that_is_out_of_place(make_page: MakePage, path: str, old: str, new: str) -> None:
    package = write(set_sheets([make_page()]))
    spoilt = package.entries[path].decode().replace(old, new)
    assert faults(package.with_entries({path: spoilt.encode()}))


def test_resources_and_objects_are_numbered_as_the_schema_asks(make_page: MakePage) -> None:
    """ST_ID is an unsigned number; only attachments, signatures and stamps have names for IDs."""
    package = write(set_sheets([make_page()]))
    for path, data in package.entries.items():
        if path.endswith(".xml") and "Attachments" not in path:
            for element in parse(data, path).iter():
                if element.get("ID") is not None:
                    assert NUMBERED.fullmatch(element.get("ID", "")), path
