"""`hub licences reseal`: told beforehand, done, gone on with, and refused where the words are not all there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hub.install import DEMO_BUREAU
from tests.cli.command import Command
from tests.cli.conftest import hub_environment
from tests.databases import lasting_database
from tests.hub.old_seals import NEW_BUREAU
from tests.hub.stock import grown_stock

COUNT = 3


@pytest.fixture(scope="module")
def command(
    postgres_url: str, _owner_url: str, database_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Command]:
    home = tmp_path_factory.mktemp("cli-reseal")
    with lasting_database(postgres_url, _owner_url, database_template) as url:
        grown_stock(home, url, COUNT)
        yield Command(hub_environment(home, url))


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--organ", "x"],
        ["--organ", "x", "--all", "--legal-basis", "y"],
        ["--all", "--legal-basis", " "],
        ["--all", "--dry-run", "--limit", "1"],
        ["--resume", "HZ20261129-001", "--all"],
    ],
)
def test_an_order_whose_words_are_not_all_there_is_wrong_usage(command: Command, arguments: list[str]) -> None:
    said = command("licences", "reseal", *arguments)
    assert (said.status, said.out) == (3, "")


def test_told_beforehand_done_with_a_failure_and_gone_on_with(command: Command) -> None:
    asked = ("licences", "reseal", "--organ", DEMO_BUREAU.credit_code)
    told = command(*asked, "--dry-run")
    assert (told.status, told.lines[-1].split(" would")[0]) == (0, f"{COUNT} licences")
    assert command(*asked, "--dry-run", "--json").json["rows"] == [
        {"licence_type": "food", "seal": DEMO_BUREAU.es_id, "passed_over": None, "licences": COUNT}
    ]
    other = command("licences", "reseal", "--organ", "某市场监督管理局", "--legal-basis", "测试方案")
    assert (other.status, other.err[:7]) == (1, "HUB-935")

    altered = min((command.home / "licences").rglob("*.ofd"))
    whole = altered.read_bytes()
    altered.write_bytes(b"")
    partly = command(*asked, "--legal-basis", "测试方案", "--workers", "1", "--json")
    assert partly.status == 1
    found = partly.json
    order = found["order"]
    assert partly.err.startswith(f"order {order}\nHUB-936 ")
    assert (found["done"], found["failed"], found["left"], found["ended_at"]) == (COUNT - 1, 1, 0, None)
    assert [one["code"] for one in found["failures"]] == ["HUB-708"]
    assert (found["seal"], found["legal_basis"], found["organ"]) == (
        NEW_BUREAU.es_id, "测试方案", DEMO_BUREAU.credit_code,
    )  # fmt: skip

    again = command("licences", "reseal", "--resume", order, "--workers", "1")
    assert again.status == 1
    assert "HUB-708" in again.out
    altered.write_bytes(whole)
    ended = command("licences", "reseal", "--resume", order, "--workers", "1")
    assert (ended.status, ended.err) == (0, f"order {order}\n")
    assert (
        ended.out == f"{order}: {COUNT} licences resealed under {NEW_BUREAU.es_id}, 0 failed, 0 left, 0 passed over\n"
    )
    nobody = command("licences", "reseal", "--resume", "HZ20000101-001")
    assert (nobody.status, "HUB-937" in nobody.err) == (1, True)
