"""`hub licences` through a licence's life: shown, suspended, resumed, revoked, cancelled, expired, and reminded of."""

from __future__ import annotations

import csv
import stat
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from openpyxl import load_workbook

from core.clock import SHANGHAI
from core.settings import Settings
from hub.context import open_hub
from store.connection import transaction
from tests.cli.command import Command
from tests.cli.conftest import World

WHY = ("--basis", "行政处罚法 第九条", "--document", "东审〔2026〕1号", "--reason", "查实前", "--who", "王")


def numbers(command: Command) -> list[str]:
    """Licences that have one document and are valid."""
    found = Counter(row["number"] for row in command("licences", "--json").json)
    once = [number for number, documents in found.items() if documents == 1]
    return [number for number in once if command("licences", "show", number, "--json").json["status"] == "valid"]


def test_a_life_is_shown_step_by_step_and_nothing_of_the_holder(own: Command) -> None:
    number = numbers(own)[0]
    said = own("licences", "suspend", number, *WHY)
    assert (said.status, said.err) == (0, "")
    assert "valid → suspended (暂停)" in said.out
    refused = own("licences", "suspend", number, *WHY)
    assert (refused.status, refused.out, refused.err[:8]) == (1, "", "HUB-240 ")
    assert "恢复" in refused.err
    assert own("licences", "resume", number, *WHY).status == 0
    taken = own("licences", "revoke", number, *WHY, "--json").json
    assert taken.keys() == {
        "number", "entry", "at", "step", "before", "after", "version", "effective_on", "basis", "document_no",
    }  # fmt: skip
    assert own("licences", "cancel", number, *WHY).status == 0
    shown = own("licences", "show", number)
    assert [word in shown.out for word in ("颁发", "暂停", "恢复", "吊销", "注销", "an officer can: nothing")] == [
        True
    ] * 6
    assert "查实前" not in shown.out
    told = own("licences", "show", number, "--json").json
    assert [one["step"] for one in told["steps"]] == ["issue", "suspend", "resume", "revoke", "cancel"]
    assert (told["status"], told["possible"], len(told["versions"])) == ("cancelled", [], 1)
    assert (own.home / told["versions"][0]["path"]).is_file()


@pytest.mark.parametrize("step", ["show", "suspend", "resume", "withdraw", "revoke", "cancel", "void"])
def test_a_number_nobody_bears_is_a_one(command: Command, step: str) -> None:
    said = command("licences", step, "no such", *(WHY if step != "show" else ()))
    assert (said.status, said.out, said.err[:8]) == (1, "", "HUB-911 ")


def test_a_day_in_the_future_is_refused(command: Command) -> None:
    said = command("licences", "withdraw", numbers(command)[0], *WHY, "--on", "2999-01-01")
    assert (said.status, said.err[:8]) == (1, "HUB-912 ")


def test_every_number_is_accounted_for(command: Command, world: World) -> None:
    found = command("licences", "numbers", "--json")
    assert found.status == 0
    assert sum(one["licences"] for one in found.json) == len(world.approvals["issued"])  # also those cancelled since
    assert {key for one in found.json for key in one} == {
        "licence_type", "title", "year", "taken", "licences", "making", "void", "missing",
    }  # fmt: skip
    assert command("licences", "numbers").status == 0


def test_a_missing_number_is_a_one(own: Command, world: World) -> None:
    with open_hub(Settings.from_environment(own.environment)) as hub, transaction(hub.connection) as cursor:
        cursor.execute("update licence set sequence = sequence + 100")
    said = own("licences", "numbers")
    assert said.status == 1
    assert "MISSING" in said.out


def test_holders_are_told_once_and_the_ended_expire(own: Command, tmp_path: Path) -> None:
    first, second = numbers(own)[:2]
    today = datetime.now(SHANGHAI).date()
    with open_hub(Settings.from_environment(own.environment)) as hub, transaction(hub.connection) as cursor:
        cursor.execute("update licence set valid_until = %s where number = %s", (today + timedelta(days=20), first))
        cursor.execute("update licence set valid_until = %s where number = %s", (today - timedelta(days=3), second))
    done = own("licences", "expire", "--json").json
    assert (done["expired"], done["waiting"], done["reminders"]) == ([second], [], 2)  # 90 and 30 days before
    assert own("licences", "expire", "--json").json == {"expired": [], "waiting": [], "reminders": 0}
    (row,) = own("licences", "expiring", "--json").json
    assert (row["number"], row["days_left"], row["reminder"], row["told_at"]) == (first, 20, 30, None)
    assert own("licences", "expiring", "--days", "5", "--json").json == []
    for name in ("told.xlsx", "told.csv"):
        said = own("licences", "expiring", "--out", str(tmp_path / name))
        assert (said.status, stat.S_IMODE((tmp_path / name).stat().st_mode)) == (0, 0o600)
    lines = list(csv.reader((tmp_path / "told.csv").read_text(encoding="utf-8-sig").splitlines()))
    sheet = load_workbook(tmp_path / "told.xlsx")["到期提醒"]
    assert lines[1][1] == first == sheet["B2"].value
    assert lines[1][2] and len(lines) == 2
    again = own("licences", "expiring", "--out", str(tmp_path / "told.csv"))
    assert (again.status, again.err[:8]) == (1, "HUB-915 ")
    assert "1 holder told" in own("licences", "expiring", "--told", first, "--who", "王").out
    (row,) = own("licences", "expiring", "--json").json
    assert row["told_by"] == "王"
    assert "0 holders" in own("licences", "expiring", "--out", str(tmp_path / "none.csv")).out


def test_the_suggested_bases_say_which_nobody_has_read(away: Command) -> None:
    said = away("licences", "grounds")
    assert said.status == 0
    assert "行政处罚法 第九条（吊销许可证件） 未核实" in said.out
    assert {one["step"] for one in away("licences", "grounds", "--json").json} == {
        "suspend", "resume", "withdraw", "revoke", "cancel", "void",
    }  # fmt: skip
