"""Every declaration, also tomorrow's, is complete, honest and cheap to load."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from connectors.csv_file import CsvFiles
from connectors.declaration import RESOURCES, DeclarationRefused, load, load_all
from connectors.endpoints import Endpoints, SourceNotConfigured
from connectors.exchange_blob import ExchangeBlob
from connectors.exchange_db import ExchangeTable
from connectors.exchange_sql import ExchangeSqlTable
from connectors.folder_csv import FolderCsv
from connectors.outgoing.error_file import ErrorFile
from connectors.outgoing.error_table import ErrorTable
from connectors.outgoing.gateway_call import GatewayCall
from connectors.outgoing.workbook import WorkbookReturn
from connectors.registry import UnknownResource, declaration, declarations, departments, open_source
from connectors.rest_gateway import RestGateway
from connectors.sftp_csv import SftpCsv
from connectors.soap_xml import SoapXml
from connectors.xlsx_file import XlsxFiles
from schemas.items import Trust
from schemas.registry import model

OPEN = {
    "bureau.accept", "bureau.result", "civil.marriage", "civil.social_org", "health.birth_certificate", "housing.fund",
    "housing.title", "hr.insurance", "hr.vocational", "market.company", "market.entity", "platform.legal_person",
    "platform.permit", "police.birth", "police.household", "tax.clearance", "tax.registration",
}  # fmt: skip
DEPARTMENTS = {
    "bureau", "civil", "education", "health", "housing", "hr", "market", "platform", "police", "tax",
}  # fmt: skip


def test_the_bureau_and_nine_departments_are_declared_with_their_resources() -> None:
    assert set(departments()) == DEPARTMENTS
    assert len(declarations()) == 21
    assert {name for name, declared in declarations().items() if declared.reach.open} == OPEN


@pytest.mark.parametrize("name", sorted(declarations()))
def test_declaration_and_schema_agree_on_columns_and_key(name: str) -> None:
    declared, schema = declaration(name), model(declaration(name).schema_name)
    assert set(declared.columns) - schema.ignored == set(schema.field_of)
    assert tuple(schema.column_of[field] for field in schema.key_fields) == declared.key
    assert set(declared.ignored) <= schema.ignored


@pytest.mark.parametrize("name", sorted(set(declarations()) - OPEN))
def test_a_source_nobody_can_reach_says_so_to_whoever_asks(name: str) -> None:
    declared = declaration(name)
    assert "未开通" in declared.doc_md()
    assert "尚未向任何单位提出" in declared.doc_md()
    assert not declared.band.verified
    assert not declared.clocks.verified


def test_a_source_whose_way_is_not_agreed_is_not_configured() -> None:
    with pytest.raises(SourceNotConfigured, match=r"education\.enrolment is 未开通"):
        open_source(declaration("education.enrolment"), Endpoints.empty())


def test_a_department_with_two_ways_in_has_a_section_for_each() -> None:
    assert declaration("market.company").section == "market"
    assert declaration("market.entity").section == "market_register"
    with pytest.raises(SourceNotConfigured, match=r"\[market_register\] is not in"):
        open_source(declaration("market.entity"), Endpoints.empty())


@pytest.mark.parametrize("name", sorted(declarations()))
def test_a_declaration_tells_an_operator_what_to_expect(name: str) -> None:
    note = declaration(name).doc_md()
    for heading in ("提供方", "依据", "通达", "方式", "更新", "注意", "核实情况"):
        assert f"**{heading}**：" in note


@pytest.mark.parametrize("name", sorted(declarations()))
def test_nobody_claims_to_have_verified_what_no_department_has_confirmed(name: str) -> None:
    found = declaration(name)
    assert not found.honesty.verified
    assert found.honesty.unknown


@pytest.mark.parametrize("name", sorted(declarations()))
def test_a_declaration_says_how_far_its_records_can_be_relied_on_and_that_this_is_a_guess(name: str) -> None:
    text = (RESOURCES / f"{name}.toml").read_text(encoding="utf-8")
    assert re.search(r'^trust = "[A-D]" # .+; the level is our own guess$', text, re.MULTILINE)
    assert f"可信等级：{declaration(name).trust}（自拟，未核实）" in declaration(name).doc_md()


def test_a_copy_is_trusted_less_than_the_register_it_was_taken_from() -> None:
    levels = [declaration(name).trust for name in ("market.entity", "platform.legal_person", "market.company")]
    assert levels == [Trust.A, Trust.B, Trust.C]
    assert load_all()["bureau.accept"].trust is Trust.D


ADAPTERS = [
    RestGateway,
    SoapXml,
    ExchangeTable,
    ExchangeSqlTable,
    ExchangeBlob,
    SftpCsv,
    FolderCsv,
    CsvFiles,
    XlsxFiles,
]
RETURNS = [ErrorTable, ErrorFile, GatewayCall, WorkbookReturn]


@pytest.mark.parametrize("adapter", [*ADAPTERS, *RETURNS])
def test_the_docstring_of_an_adapter_tells_an_operator_what_to_expect(adapter: type) -> None:
    text = adapter.__doc__ or ""
    for heading in ("Publisher:", "Access:", "Freshness:", "Caveats:"):
        assert heading in text


def test_the_real_companies_have_the_declared_header(real_companies: Path) -> None:
    with real_companies.open(encoding="utf-8-sig") as stream:
        assert stream.readline().strip().split(",") == list(declaration("market.company").columns)


@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        ('share_class = "有条件"', 'share_class = "随意"', "share_class"),
        ('share_class = "有条件"', "", "share_class"),
        ('key = ["nsrsbh"]', 'key = ["nsr"]', "`key` names nsr"),
        ("page_size = 200", "page_size = 5000", r"access\.rest_gateway\.page_size"),
        ("page_size = 200", "page_sise = 200", r"access\.rest_gateway\.page_sise"),
        ('protocol = "rest_gateway"', 'protocol = "telex"', "access"),
        ("unknown = [", "known = [", "honesty"),
        ('name = "tax.registration"', 'name = "tax.other"', "the file is called"),
        ('name = "tax.registration"', 'name = "hr.registration"', "department's id"),
        ("[access]", "[access", "not TOML"),
        ('state = "已通"', 'state = "通了"', r"reach\.state"),
        ('state = "已通"', 'state = "待授权"', "needs under `asked`"),
        ('optional = ["fzch", "djzclxmc"]', 'optional = ["nsrsbh"]', "part of the key"),
        ('ignored = ["zzjgdm", "yhzh"]', 'ignored = ["nsrmc"]', "which `columns` takes"),
        ("rejected = [0.0, 0.5]", "rejected = [0.5, 0.1]", "greater bound first"),
        ("correction_working_days = 10", "correction_working_days = 0", r"clocks\.correction_working_days"),
    ],
)
def test_a_broken_declaration_names_file_and_key(tmp_path: Path, old: str, new: str, names: str) -> None:
    text = (RESOURCES / "tax.registration.toml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "tax.registration.toml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(DeclarationRefused, match=names) as caught:
        load(path)
    assert "tax.registration.toml" in str(caught.value)


def test_two_names_for_one_department_are_refused(tmp_path: Path) -> None:
    for name in ("tax.registration.toml", "tax.clearance.toml"):
        shutil.copy(RESOURCES / name, tmp_path)
    path = tmp_path / "tax.registration.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('zh = "税务"', 'zh = "税务局"'), encoding="utf-8")
    with pytest.raises(DeclarationRefused, match="`tax` has another name"):
        load_all(tmp_path)


def test_an_unknown_resource_is_answered_with_those_there_are() -> None:
    with pytest.raises(UnknownResource, match=r"hr\.insurance"):
        declaration("hr.pension")


def test_listing_the_resources_loads_no_protocol_library() -> None:
    """Airflow parses the DAGs again and again; each parse lists the resources."""
    code = (
        "import sys; from connectors.registry import declarations; declarations();"
        "heavy = {'requests', 'psycopg2', 'paramiko', 'tenacity', 'zeep', 'openpyxl', 'sqlalchemy', 'pymysql', 'lxml'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
