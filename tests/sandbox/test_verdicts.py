"""Expected verdicts are checked by others: the hub's own judge, and a small clerk who decides the approvals by hand."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pytest

from sandbox import files, plan
from schemas.judge import judge, judge_deletion

Fields = dict[str, Any]


def _sent(folder: Path) -> Iterator[tuple[str, str, Fields, str | None, str]]:
    """Every row as a reader meets it: resource, place, fields, trouble in cutting it, operation."""
    for resource, relative in files.TABLES.items():
        for number, row in enumerate(files.read_lines(folder / relative), 1):
            if resource in files.DOCUMENTS:
                yield _document(resource, row)
            else:
                yield resource, row.get("row_guid") or str(number), row, None, row.get("cd_operation") or "I"
    daily = [(resource, name, "out") for resource, name in files.HR_FILES.items()]
    for resource, name, share in [*daily, ("housing.fund", files.FUND_FILE, files.HOUSING_FOLDER)]:
        for control in sorted(folder.glob(f"{share}/*/{name}_*.ctl")):
            told = dict(line.split("=", 1) for line in control.read_text().splitlines())
            path = control.with_suffix(".csv")
            yield from _csv(resource, path.read_bytes().decode(told["encoding"]), f"{path.parent.name}/{path.name}")
    yield from _csv("market.company", (folder / files.MARKET_FILE).read_bytes().decode(), "companies.csv")
    for book in sorted((folder / files.HOUSING_FOLDER).glob("*.xlsx")):
        yield from _book("housing.title", book)


def _without_kinds(key: str) -> str:
    """A key as the source writes it: where a number's kind is not stated, the hub puts it before the number."""
    return re.sub(r"(?<=\+)(111|001):", "", key)


def _document(resource: str, row: Fields) -> tuple[str, str, Fields, str | None, str]:
    content, trouble = row["content"], None
    fields: Fields = {}
    try:
        if files.DOCUMENTS[resource] == "json":
            fields = json.loads(content)
        else:
            # the standard library's parser knows no GB 18030, and the text no longer has an encoding
            text = bytes.fromhex(content.removeprefix("\\x")).decode("gb18030").partition("?>")[2]
            fields = {element.tag: element.text for element in ElementTree.fromstring(text)}
    except (ValueError, ElementTree.ParseError):
        trouble = "no document"
    return resource, row["unid"], fields, trouble, row["action"]


def _book(resource: str, book: Path) -> Iterator[tuple[str, str, Fields, str | None, str]]:
    lines = openpyxl.load_workbook(book).worksheets[0].iter_rows(values_only=True)
    next(lines)  # the title
    names = next(lines)
    for number, line in enumerate(lines, 3):
        fields = dict(zip(map(str, names), line, strict=True))
        trouble = None if all(value is None or isinstance(value, str) for value in line) else "a number in it"
        yield resource, f"{book.name}:{number}", fields, trouble, "I"


def _csv(resource: str, text: str, name: str) -> Iterator[tuple[str, str, Fields, str | None, str]]:
    header, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    for number, row in enumerate(rows, 2):
        trouble = None if len(row) == len(header) else f"{len(row)} values under {len(header)} names"
        yield resource, f"{name}:{number}", dict(zip(header, row, strict=False)), trouble, "I"


def test_the_judge_finds_exactly_the_reasons_that_were_put_in(folder: Path, expected: list[dict[str, Any]]) -> None:
    wanted = {(line["resource"], line["row"]): line for line in expected if "resource" in line}
    seen = set()
    for resource, place, fields, trouble, operation in _sent(folder):
        seen.add((resource, place))
        line = wanted[resource, place]
        if operation == "D":
            assert judge_deletion(resource, fields) == line["key"]
            continue
        judgement = judge(resource, fields, problem=trouble)
        assert sorted({reason.code for reason in judgement.reasons}) == line["reasons"], line
        assert judgement.unknown == ()
        if line["verdict"] == "accepted":
            assert judgement.record is not None
            assert _without_kinds(judgement.record.key()) == line["key"]
    assert seen == wanted.keys()


class Clerk:
    """Decides approvals from the accepted rows alone, the latest row of a key being the one that counts."""

    def __init__(self, folder: Path, expected: list[dict[str, Any]]) -> None:
        wanted = {(line["resource"], line["row"]): line for line in expected if "resource" in line}
        latest: dict[tuple[str, str], tuple[str, Fields]] = {}
        for resource, place, fields, _, operation in _sent(folder):
            line = wanted[resource, place]
            when = fields.get("cd_time") or place.partition("/")[0]
            known = latest.get((resource, line["key"]), ("", {}))
            if line["verdict"] == "accepted" and (resource.startswith("tax.") or when >= known[0]):
                latest[resource, line["key"]] = (when, {} if operation == "D" else {**fields, "key": line["key"]})
        self.rows: dict[str, list[Fields]] = defaultdict(list)
        for (resource, _), (_, fields) in latest.items():
            if fields:
                self.rows[resource].append(fields)

    def find(self, resource: str, column: str, value: str, **wanted: tuple[str, ...]) -> list[Fields]:
        """Rows about one subject whose columns have one of the wanted values."""
        return [
            row
            for row in self.rows[resource]
            if _number(row[column] or "") == value and all(row[name] in choice for name, choice in wanted.items())
        ]

    def missing(self, item: str, applicant: str) -> list[str]:
        """Which materials of an item cannot be shown for an applicant."""
        if item in (plan.ITEMS[plan.NGO].code, plan.ITEMS[plan.ASSOCIATION].code):
            kind = "民办非企业单位" if item == plan.ITEMS[plan.NGO].code else "社会团体"
            source = self.find("civil.social_org", "tyxydm", applicant)
            registered = [row for row in source if (row["zzlx"], row["zt"]) == (kind, "正常")]
            head = _number(source[0]["frsfz"]) if source else ""
        else:
            source = self.find("tax.registration", "shxydm", applicant)
            registered = [row for row in source if row["qyzt"] == "正常"]
            head = _number(source[0]["sfzhm"]) if source else ""
        wanted = "企业人力资源管理师" if item in HR_ITEMS else "食品安全管理员"
        shown = {
            "civil.social_org": registered,
            "tax.registration": registered,
            "tax.clearance": self.find("tax.clearance", "shxydm", applicant, zt=("已完税", "已清税")),
            "hr.insurance": self.find("hr.insurance", "zjhm", head, xz=("职工养老",), jfzt=("正常",)),
            "hr.vocational": self.find("hr.vocational", "zjhm", head, zygz=(wanted,)),
            "market.entity": self.find("market.entity", "uniscid", applicant),
            "police.household": self.find("police.household", "gmsfhm", head),
            "housing.title": self.find("housing.title", "qlrzjh", applicant),
        }
        proofs = next(one.proofs for one in plan.ITEMS.values() if one.code == item)
        return [code for code, resource in sorted(proofs.items()) if not shown.get(resource)]


HR_ITEMS = {plan.ITEMS[item].code for item in (plan.HR, plan.HR_CHANGE, plan.HR_RENEW, plan.HR_CANCEL)}


def _number(text: str) -> str:
    """A number in its one form: no blanks, capital letters, 18 digits."""
    text = text.strip().upper()
    if len(text) != 15:
        return text
    body = text[:6] + "19" + text[6:]
    return body + "10X98765432"[sum(int(digit) * 2 ** (17 - at) for at, digit in enumerate(body)) % 11]


def test_the_evidence_leads_a_clerk_to_the_expected_approvals(folder: Path, expected: list[dict[str, Any]]) -> None:
    clerk = Clerk(folder, expected)
    results = {row["key"]: row["result_type"] for row in clerk.rows["bureau.result"]}
    cases = {row["key"]: row for row in clerk.rows["bureau.accept"]}
    approvals = {line["approval"]: line for line in expected if "approval" in line}
    assert cases.keys() == approvals.keys() == results.keys()
    for number, line in approvals.items():
        if results[number] != "1":
            assert (line["verdict"], line["missing"]) == ("not_granted", [])
            continue
        missing = clerk.missing(cases[number]["task_code"], _number(cases[number]["applyer_page_code"]))
        step = next(one.step for one in plan.ITEMS.values() if one.code == cases[number]["task_code"])
        if step != "issue":
            first = line["of"]
            assert cases[first]["applyer_page_code"] == cases[number]["applyer_page_code"]
            assert clerk.rows and _day(clerk, first) < _day(clerk, number), "decided after the licence it is a step of"
            missing += [] if approvals[first]["verdict"] == "issued" else ["licence"]
        assert (line["verdict"], line["missing"]) == ("waiting" if missing else DONE[step], sorted(missing)), line
    assert {line["verdict"] for line in approvals.values()} == {*DONE.values(), "waiting", "not_granted"}


DONE = {"issue": "issued", "change": "changed", "renew": "renewed", "replace": "replaced", "cancel": "cancelled"}


def _day(clerk: Clerk, approval: str) -> str:
    return next(row["result_date"] for row in clerk.rows["bureau.result"] if row["key"] == approval)


def test_a_change_is_decided_before_the_same_licence_is_cancelled(folder: Path, expected: list[dict[str, Any]]) -> None:
    clerk = Clerk(folder, expected)
    steps: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for line in expected:
        if "step" in line:
            steps[line["of"]].append((_day(clerk, line["approval"]), line["step"]))
    assert ["change", "cancel"] in [[step for _, step in sorted(told)] for told in steps.values()]


@pytest.mark.parametrize("name", ["cf_bx_sbxx", "zyzg"])
def test_a_file_without_control_file_is_not_in_the_expectations(
    name: str, folder: Path, expected: list[dict[str, Any]]
) -> None:
    complete = {path.with_suffix("").name for path in folder.glob("out/*/*.ctl")}
    named = {
        line["row"].partition("/")[2].partition(".")[0]
        for line in expected
        if line.get("resource", "").startswith("hr.")
    }
    assert named == complete
    assert len([day for day in complete if day.startswith(name)]) == 3
    assert [path.name for path in folder.glob("out/*/*.csv") if path.with_suffix("").name not in complete] == [
        "zyzg_20260401.csv"
    ]
    assert json.loads((folder / "meta.json").read_text())["seed"] == 1
