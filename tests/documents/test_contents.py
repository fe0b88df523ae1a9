"""A licence says to machines what it says to people, or its difference is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from lxml import etree

from documents.contents import Agreement, compare
from documents.licence import LicencePage, SheetKind, draw, draw_set, fields
from documents.package import Package

DATA = "Doc_0/Attachs/licence.xml"
PAGE = "Doc_0/Pages/Page_0/Content.xml"


def _data(labelled: dict[str, str], metadata: dict[str, str]) -> bytes:
    root = etree.Element("电子证照")
    elements = etree.SubElement(root, "元数据")
    for code, words in metadata.items():
        etree.SubElement(elements, code).text = words
    lines = etree.SubElement(root, "证面信息")
    for label, words in labelled.items():
        etree.SubElement(lines, "项", 名称=label).text = words
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


@pytest.fixture
def drawn(make_page: Callable[..., LicencePage]) -> Callable[..., Package]:
    """A licence whose data say what its page says, with changes to the data."""

    def make(
        template: str = "food",
        *,
        told: dict[str, str] | None = None,
        named: dict[str, str] | None = None,
        copy: bool = False,
        **more: str,
    ) -> Package:
        page = make_page(template, **more)
        names = {one.key: one.name for one in fields(template)}
        labelled = {names[key]: words for key, words in page.fields.items() if words}
        page = replace(page, data_xml=_data({**labelled, **(told or {})}, {**page.metadata, **(named or {})}))
        return draw_set([page, replace(page, sheet=SheetKind.COPY)]) if copy else draw(page)

    return make


@pytest.mark.parametrize("template", ["food", "hr-service", "ngo"])
def test_page_and_data_agree_as_they_are_drawn(drawn, template: str) -> None:
    found = compare(drawn(template))
    assert found.agreement is Agreement.SAME, found
    assert found.count > 8
    assert found.file == DATA


def test_what_the_caller_has_parsed_is_not_parsed_again(drawn, monkeypatch: pytest.MonkeyPatch) -> None:
    package = drawn()
    parsed = {name: etree.fromstring(data) for name, data in package.entries.items() if name.endswith(".xml")}
    for place in ("reader", "contents"):
        monkeypatch.delattr(f"documents.{place}.parse")
    assert compare(package, parsed.__getitem__).agreement is Agreement.SAME


def test_a_value_over_many_lines_or_with_other_blanks_agrees(drawn) -> None:
    scope = "预包装食品销售；散装食品销售（含冷藏冷冻食品）　no. 5；" * 8
    assert compare(drawn(scope=scope, told={"经营项目": f" {scope}\n"})).agreement is Agreement.SAME


def test_both_sheets_and_their_annex_pages_agree(drawn, long_scope: str) -> None:
    assert compare(drawn(copy=True, scope=long_scope * 4)).agreement is Agreement.SAME


@pytest.mark.parametrize(
    ("changes", "label"),
    [
        ({"told": {"经营者名称": "别的公司"}}, "经营者名称"),
        ({"told": {"不在证面": "x"}}, "不在证面"),
        ({"named": {"ZZBH": "0"}}, "ZZBH"),
        ({"named": {"NEW": "x"}}, "NEW"),
    ],
)
def test_data_that_say_something_else_are_found_by_label(drawn, changes: dict[str, dict[str, str]], label: str) -> None:
    found = compare(drawn(**changes))
    assert found.agreement is Agreement.DIFFERENT
    assert found.labels == (label,)


def test_data_that_leave_a_field_out_are_found(drawn) -> None:
    package = drawn()
    root = etree.fromstring(package.entries[DATA])
    line = root.find("证面信息/项")
    line.getparent().remove(line)
    found = compare(package.with_entries({DATA: etree.tostring(root, encoding="UTF-8")}))
    assert found.agreement is Agreement.DIFFERENT
    assert found.labels == (line.get("名称"),)


def test_a_page_that_says_something_else_is_found(drawn) -> None:
    package = drawn(holder="武汉某某有限公司")
    page = package.entries[PAGE]
    assert "武汉某某有限公司".encode() in page
    changed = package.with_entries({PAGE: page.replace("武汉某某有限公司".encode(), "武汉别的有限公司".encode())})
    assert compare(changed).labels == ("经营者名称",)


def test_what_is_not_in_our_layout_is_not_judged(drawn) -> None:
    package = drawn()
    assert compare(package.with_entries({DATA: b"<other/>"})).agreement is Agreement.NOT_OURS
    tags = package.entries["Doc_0/Tags/CustomTags.xml"]
    foreign = package.with_entries({"Doc_0/Tags/CustomTags.xml": tags.replace(b"yizheng", b"another")})
    assert compare(foreign).agreement is Agreement.NOT_OURS
    for broken in (b"<ofd:CustomTags", b"", None):
        assert compare(package.with_entries({"Doc_0/Tags/CustomTags.xml": broken})).agreement is Agreement.NOT_OURS


def test_what_is_marked_as_ours_and_cannot_be_followed_is_unreadable(drawn) -> None:
    package = drawn()
    for name, data in (
        (DATA, package.entries[DATA].replace(b"</", b"<", 1)),
        (DATA, package.entries[DATA].replace("经营者名称".encode(), "经营项目".encode())),
        ("Doc_0/Tags/LicenceTags.xml", None),
        (PAGE, package.entries[PAGE].replace(b"TextObject", b"TextThing")),
    ):
        found = compare(package.with_entries({name: data}))
        assert found.agreement is Agreement.UNREADABLE, (name, found)
        assert found.why
