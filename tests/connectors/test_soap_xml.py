"""XML in a string in an envelope: what is put right, what is refused, and that nothing in it is believed blindly."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from connectors.access import SoapAccess
from connectors.port import SourceGarbled, SourceRefused, SourceUnavailable
from connectors.xml_rows import XmlUnfit, decoded, fields_of, parse
from core.errors import HubError
from sandbox.soap import wsdl
from tests.connectors.worlds import SoapWorld, script


@pytest.fixture
def world(tmp_path: Path) -> Iterator[SoapWorld]:
    with ExitStack() as stack:
        found = SoapWorld(stack, tmp_path)
        found.put(script())
        yield found


def _names(world: SoapWorld) -> list[str]:
    source = world.source()
    return [record.fields["name"] for page in source.pages({}) for record in source.records(page)]


@pytest.mark.parametrize("manner", ["good", "escaped_twice", "cdata"])
def test_the_same_rows_come_however_the_document_is_wrapped(world: SoapWorld, manner: str) -> None:
    world.office.manner = manner
    assert _names(world) == [row.name for row in script()]


def test_a_bare_ampersand_in_a_value_is_put_right(world: SoapWorld) -> None:
    world.office.manner = "bare_ampersands"
    for row in world.office.rows:
        row["name"] = "A&B;&C &amp; 公司"
    assert _names(world) == ["A&B;&C & 公司"] * 11


@pytest.mark.parametrize(
    ("manner", "error", "reason"),
    [
        ("code", SourceGarbled, "an error inside HTTP 200, code 99"),
        ("denied_code", SourceRefused, "refuses with code 401 inside HTTP 200"),
        ("html", SourceGarbled, "an HTML page instead of a SOAP answer"),
        ("half", SourceGarbled, "half a page or no SOAP answer"),
        ("fault", SourceUnavailable, "SOAP fault on its side"),
        ("fault_client", SourceRefused, "SOAP fault on our side"),
        ("doctype", SourceGarbled, "a document type or an entity"),
        ("no_total", SourceGarbled, "without `total` as a number"),
        ("no_string", SourceGarbled, "without a string inside"),
    ],
)
def test_a_failure_inside_an_answer_is_named(world: SoapWorld, manner: str, error: type[HubError], reason: str) -> None:
    world.office.manner = manner
    with pytest.raises(error, match=reason) as caught:
        list(world.source().pages({}))
    assert "用户名" not in str(caught.value)


def test_the_wsdl_may_lie_beside_the_sources_file(world: SoapWorld, tmp_path: Path) -> None:
    (tmp_path / "service.wsdl").write_bytes(wsdl())
    assert world.source(wsdl=str(tmp_path / "service.wsdl")).count({}) == 11


@pytest.mark.parametrize("location", ["http://127.0.0.1:9/other.xsd", "/etc/hostname", "../outside.xsd"])
def test_a_wsdl_reaches_no_other_host_and_no_file_but_its_neighbours(
    world: SoapWorld, tmp_path: Path, location: str
) -> None:
    folder = tmp_path / "service"
    folder.mkdir()
    (tmp_path / "outside.xsd").write_text('<xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema"/>')
    bad = f'<xsd:import namespace="x" schemaLocation="{location}"/>'.encode()
    marker = b'elementFormDefault="unqualified">'
    (folder / "service.wsdl").write_bytes(wsdl().replace(marker, marker + bad))
    with pytest.raises(SourceRefused, match="WSDL"):
        world.source(wsdl=str(folder / "service.wsdl")).count({})
    assert world.office.asked == 0


def test_a_wsdl_that_is_none_or_lacks_the_operation_is_refused(world: SoapWorld, tmp_path: Path) -> None:
    path = tmp_path / "service.wsdl"
    for text, reason in (
        (b"<html>", "cannot be read"),
        (wsdl().replace(b"getRecords", b"other"), "knows no operation"),
    ):
        path.write_bytes(text)
        with pytest.raises(SourceRefused, match=reason):
            world.source(wsdl=str(path)).count({})


def test_a_password_with_braces_reaches_the_service_as_it_is(world: SoapWorld) -> None:
    world.office.password = "{size}&<{page}"
    assert world.source(password="{size}&<{page}").count({}) == 11


def test_a_declaration_keeps_passwords_out_and_paging_in() -> None:
    good = {"since": "{since}", "page": "{page}", "size": "{size}"}
    for parameters in ({"since": "{since}"}, good | {"pw": "open"}):
        with pytest.raises(ValueError, match=r"parameters|sources file"):
            SoapAccess.model_validate(
                {"protocol": "soap_xml", "operation": "x", "cursor": "update_time", "page_size": 2}
                | {"parameters": parameters}
            )


def test_nested_repeated_and_empty_elements_have_names_of_their_own() -> None:
    text = (
        '<r id="7" xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><a/><b><c>1</c></b><a>2</a><d i:nil="true"/></r>'
    )
    assert fields_of(parse(text).root) == {"@id": "7", "a": "", "b/c": "1", "a#2": "2", "d": None}


@pytest.mark.parametrize(
    "text",
    [
        "<a><b></a>",
        "<a>1 < 2</a>",
        '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        "<a>&unknown;</a><b/>",
        "",
        "<a>" * 400 + "</a>" * 400,
    ],
)
def test_xml_with_two_readings_or_none_is_unfit(text: str) -> None:
    with pytest.raises(XmlUnfit):
        parse(text)


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8", "utf-8-sig", "utf-16"])
def test_bytes_are_read_by_mark_declaration_or_fallback(encoding: str) -> None:
    assert decoded("<a>𠮷</a>".encode(encoding), "GB18030").endswith("<a>𠮷</a>")
