"""`hub lookup`: what an item needs of one number, and every question on record."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hub.context import open_hub
from store import records
from store.connection import fetch_all
from tests.cli.command import Command
from tests.cli.conftest import FOOD, HR, NGO, World

CITIZEN = "11010519491231002X"
SOMEBODY = "91420112MAKTE5T008"


@pytest.fixture(scope="session")
def applicants(world: World) -> dict[str, tuple[str, str]]:
    """Approval number → item and credit code, as the bureau's system says."""
    found = {}
    with open_hub(world.settings()) as hub:
        for row in records.of_resource(hub.connection, hub.vault, "bureau.accept"):
            accept = json.loads(row.payload)
            found[accept["project_no"]] = (accept["item_code"], accept["applicant_number"].partition(":")[2])
    return found


def audit(world: World) -> list[tuple[Any, ...]]:
    with open_hub(world.settings()) as hub:
        rows = fetch_all(
            hub.connection, "select body from audit_entry e join log_waiting w on w.entry = e.id order by w.id"
        )
    bodies = [json.loads(bytes(body)) for (body,) in rows]
    return [
        (
            " ".join(word for word in (b["outcome"], b["refusal"]) if word),
            b["purpose"],
            b["case"],
            bool(b["about"]),
            {code: names for about in b["about"] for code, names in about["fields"].items()},
        )
        for b in bodies
    ]


def ask(command: Command, item: str, number: str, *more: str, purpose: str = "许可受理") -> Any:
    return command("lookup", "--item", item, "--id", number, "--purpose", purpose, *more)


def test_one_number_answers_every_material(world: World, applicants: dict[str, tuple[str, str]]) -> None:
    item, code = applicants[world.some("issued")]
    said = ask(world.command, item, code)
    assert said.status == 0
    assert "全部具备" in said.lines[0]
    assert "税务登记信息 — 具备（税务·税务登记信息）" in said.out or "社会组织登记信息 — 具备" in said.out
    assert "截至 20" in said.out


def test_an_answer_as_json_has_stable_keys_and_is_logged(world: World, applicants: dict[str, tuple[str, str]]) -> None:
    item, code = applicants[world.some("issued")]
    found = ask(world.command, item, code, "--json", "--case", "A-1").json
    assert found.keys() == {"item", "item_name", "complete", "materials"}
    for material in found["materials"]:
        assert material.keys() == {"code", "name", "state", "source", "facts", "as_of", "batch"}
        assert material["facts"]
    outcome, purpose, case_no, known, released = audit(world)[-1]
    assert (outcome, purpose, case_no, known) == ("complete", "许可受理", "A-1", True)
    assert released.keys() == {material["code"] for material in found["materials"]}


def test_an_incomplete_answer_is_a_one_and_says_what_to_do(
    world: World, applicants: dict[str, tuple[str, str]]
) -> None:
    item, code = applicants[world.some("waiting")]
    said = ask(world.command, item, code)
    assert said.status == 1
    assert "尚不齐备" in said.lines[0]
    assert "下一步" in said.out
    assert audit(world)[-1][0] == "partial"


def test_somebody_nobody_knows_lacks_everything(world: World) -> None:
    said = ask(world.command, FOOD, SOMEBODY)
    assert (said.status, said.out.count("缺少（")) == (1, 3)


@pytest.mark.parametrize(
    ("item", "number", "purpose", "code"),
    [
        (FOOD, "110105194912310020", "许可受理", "HUB-201"),
        (FOOD, "91420112MAKTE5T00X", "许可受理", "HUB-201"),
        (FOOD, "no number", "许可受理", "HUB-201"),
        (FOOD, "", "许可受理", "HUB-201"),
        (FOOD[:-1], SOMEBODY, "许可受理", "HUB-221"),
        ("x" * 3000, SOMEBODY, "许可受理", "HUB-221"),
        (NGO, CITIZEN, "许可受理", "HUB-704"),
        (HR, CITIZEN, "许可受理", "HUB-704"),
        (FOOD, SOMEBODY, "", "HUB-703"),
        (FOOD, SOMEBODY, " \t", "HUB-703"),
    ],
)
def test_a_refused_lookup_is_a_one_and_on_record_and_does_not_repeat_the_number(
    world: World, item: str, number: str, purpose: str, code: str
) -> None:
    before = len(audit(world))
    said = ask(world.command, item, number, "--json", purpose=purpose)
    assert (said.status, said.out) == (1, "")
    assert said.err.startswith(f"{code} ")
    assert len(said.err.splitlines()) == 1
    assert not number or number not in said.err
    entries = audit(world)
    assert len(entries) == before + 1
    assert entries[-1][0] == f"refused {code}"
    assert entries[-1][4] == {}


def test_a_mistyped_citizen_number_is_told_as_one(command: Command) -> None:
    assert "公民身份号码" in ask(command, FOOD, "110105194912310020").err
    assert "统一社会信用代码" in ask(command, FOOD, "91420112MAKTE5T00X").err


@pytest.mark.parametrize("missing", ["--item", "--id", "--purpose"])
def test_a_lookup_that_leaves_something_out_is_a_usage_error(command: Command, missing: str) -> None:
    given = {"--item": FOOD, "--id": SOMEBODY, "--purpose": "许可受理"}
    del given[missing]
    said = command("lookup", *(part for pair in given.items() for part in pair))
    assert said.status == 3
    assert f"Missing option '{missing}'" in said.err


def test_a_purpose_that_is_no_text_is_a_usage_error(command: Command) -> None:
    said = ask(command, FOOD, SOMEBODY, purpose="\udcff")
    assert said.status == 3
    assert "not UTF-8" in said.err
