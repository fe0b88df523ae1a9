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


def ask(command: Command, item: str, number: str, *more: str, purpose: str = "acceptance") -> Any:
    return command("lookup", "--item", item, "--id", number, "--purpose", purpose, *more)


def test_one_number_answers_every_material(world: World, applicants: dict[str, tuple[str, str]]) -> None:
    item, code = applicants[world.some("issued")]
    said = ask(world.command, item, code)
    assert said.status == 0
    assert "无需提交任何材料" in said.lines[0]
    assert "税务登记信息 — 具备（税务·税务登记信息）" in said.out or "社会组织登记信息 — 具备" in said.out
    assert "截至 20" in said.out


def test_an_answer_as_json_has_stable_keys_and_is_logged(world: World, applicants: dict[str, tuple[str, str]]) -> None:
    item, code = applicants[world.some("issued")]
    found = ask(world.command, item, code, "--json").json
    assert found.keys() == {
        "entry", "item", "item_name", "item_version", "case_no", "subject", "complete", "materials",
    }  # fmt: skip
    assert code not in json.dumps(found["subject"])
    for material in found["materials"]:
        assert material.keys() == {
            "code", "name", "role", "state", "way", "origin", "facts", "contradictions", "reason", "note",
            "ways_left", "promise", "upload",
        }  # fmt: skip
        assert material["facts"]
        assert material["origin"]["as_of"]
    outcome, purpose, case_no, known, released = audit(world)[-1]
    assert (outcome, purpose, case_no, known) == ("complete", "acceptance", None, True)
    assert released.keys() == {material["code"] for material in found["materials"]}


def test_a_case_nobody_knows_is_refused_also_to_the_operator(
    world: World, applicants: dict[str, tuple[str, str]]
) -> None:
    item, code = applicants[world.some("issued")]
    said = ask(world.command, item, code, "--case", "A-1")
    assert said.status == 1
    assert said.err.startswith("HUB-863 ")


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
    assert said.status == 1
    assert said.out.count(" — 缺少") == 3


@pytest.mark.parametrize(
    ("item", "number", "purpose", "code"),
    [
        (FOOD, "110105194912310020", "acceptance", "HUB-201"),
        (FOOD, "91420112MAKTE5T00X", "acceptance", "HUB-201"),
        (FOOD, "no number", "acceptance", "HUB-201"),
        (FOOD, "", "acceptance", "HUB-201"),
        (FOOD[:-1], SOMEBODY, "acceptance", "HUB-221"),
        ("x" * 3000, SOMEBODY, "acceptance", "HUB-221"),
        (NGO, CITIZEN, "acceptance", "HUB-704"),
        (HR, CITIZEN, "acceptance", "HUB-704"),
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
    given = {"--item": FOOD, "--id": SOMEBODY, "--purpose": "acceptance"}
    del given[missing]
    said = command("lookup", *(part for pair in given.items() for part in pair))
    assert said.status == 3
    assert f"Missing option '{missing}'" in said.err


def test_a_purpose_that_is_no_text_is_a_usage_error(command: Command) -> None:
    said = ask(command, FOOD, SOMEBODY, purpose="\udcff")
    assert said.status == 3
    assert "not UTF-8" in said.err
