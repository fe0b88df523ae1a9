"""`hub drift` and `hub freshness`: what an operator sees of sources that have changed or do not deliver."""

from __future__ import annotations

from pathlib import Path

import psycopg2
import pytest

from tests.cli.command import Command
from tests.departments import Departments

SIGNAL_KEYS = {
    "id", "resource", "kind", "zh", "column", "count", "of", "detail", "first_batch", "last_batch", "raised_at",
    "seen_at", "closed_at", "closed_as", "closed_by", "state",
}  # fmt: skip
ALERT_KEYS = {
    "id", "resource", "title", "department", "kind", "due", "due_verified", "noticed_by", "noticed_at",
    "last_noticed_at", "closed_at", "closed_as", "closed_by",
}  # fmt: skip


def changed(departments: Departments, folder: Path) -> Path:
    """The department's file with a column more, under a name that is a person's."""
    header, *lines = Path(departments.ready["market"]["file"]).read_text(encoding="utf-8-sig").splitlines()
    file = folder / "changed.csv"
    file.write_text("\n".join([f"{header},remark,张三丰", *(f"{line},x,y" for line in lines)]), encoding="utf-8")
    return file


@pytest.fixture
def drifted(own: Command, departments: Departments, tmp_path: Path) -> Command:
    """A world in which a source has two columns more than before."""
    assert own("collect", "market.company").status == 0
    said = own("collect", "market.company", "--file", str(changed(departments, tmp_path)))
    assert said.status == 0, said.err
    assert "its columns are not as they were: unknown column remark: " in said.out
    assert "next: hub drift list --resource market.company" in said.out
    return own


def age(command: Command, days: int) -> None:
    """Everything that was read was read so many days earlier."""
    connection = psycopg2.connect(command.environment["HUB_DATABASE_URL"])
    with connection, connection.cursor() as cursor:
        for change in (
            "batch set finished_at = finished_at - %s * interval '1 day'",
            "source_cursor set moved_at = moved_at - %s * interval '1 day'",
            "freshness_watch set opened_at = opened_at - %s * interval '1 day'",
            "freshness_watch set delivered_at = delivered_at - %s * interval '1 day'",
        ):
            cursor.execute(f"update {change}", (days,))
    connection.close()


def test_signals_are_listed_and_a_strange_name_is_not_shown(drifted: Command) -> None:
    said = drifted("drift", "list")
    assert said.status == 0
    assert "新增列" in said.out and "remark" in said.out and "~" in said.out and "张三丰" not in said.out
    assert "2 open signals; ask the owner" in said.out
    rows = drifted("drift", "list", "--resource", "market.company", "--json").json
    assert [row.keys() for row in rows] == [SIGNAL_KEYS] * 2
    assert {row["count"] == row["of"] > 20 for row in rows} == {True}
    assert drifted("drift", "list", "--resource", "tax.registration", "--json").json == []


def test_a_source_shows_its_signals_beside_its_state(drifted: Command) -> None:
    said = drifted("sources")
    (line,) = [line for line in said.lines if line.startswith("market.company ")]
    assert "2 signals" in line and line.endswith("up to date")
    assert "columns have changed: market.company; next: hub drift list --resource market.company" in said.out
    rows = {row["resource"]: row for row in drifted("sources", "--json").json}
    assert (rows["market.company"]["drift_signals"], rows["tax.registration"]["drift_signals"]) == (2, 0)


def test_an_accepted_signal_is_closed_and_stays_closed(
    drifted: Command, departments: Departments, tmp_path: Path
) -> None:
    numbers = [row["id"] for row in drifted("drift", "list", "--json").json]
    said = drifted("drift", "accept", str(numbers[0]), "--who", "王工")
    assert (said.status, said.out.startswith("accepted by 王工: market.company, unknown column ")) == (0, True)
    assert drifted("drift", "accept", str(numbers[1]), "--json").json["state"] == "accepted"
    assert "0 open signals" in drifted("drift", "list").out
    assert {row["state"] for row in drifted("drift", "list", "--all", "--json").json} == {"accepted"}
    again = drifted("drift", "accept", str(numbers[0]))
    assert (again.status, again.err[:8]) == (1, "HUB-731 ")
    assert drifted("drift", "accept", "99").err.startswith("HUB-605 ")
    read = drifted("collect", "market.company", "--file", str(changed(departments, tmp_path)), "--json")
    assert read.json["drift"] == []


def test_a_signal_that_is_gone_says_so(drifted: Command) -> None:
    assert drifted("collect", "market.company", "--from-start").status == 0
    assert {row["state"] for row in drifted("drift", "list", "--all", "--json").json} == {"gone"}


def test_what_is_late_or_missing_is_listed_with_what_to_do_next(own: Command) -> None:
    assert "nothing is late or missing" in own("freshness", "--watch").out
    age(own, 3)
    assert "nothing is late or missing" in own("freshness").out  # nobody has looked
    said = own("freshness", "--watch")
    assert said.status == 0
    assert "迟到 late" in said.out and "未核实" in said.out
    assert "late: next: hub collect " in said.out
    assert "late: " in own("sources").out
    for resource in ("hr.insurance", "tax.registration"):
        assert own("collect", resource).status == 0
    said = own("freshness", "--watch")
    assert "缺报 missing" in said.out and "missing: next: ask 人社 where the file is" in said.out
    (line,) = [line for line in own("sources").lines if line.startswith("hr.insurance ")]
    assert line.endswith("missing")
    assert "missing: hr.insurance; next: hub freshness" in own("sources").out
    alerts = own("freshness", "--all", "--json").json
    assert all(alert.keys() == ALERT_KEYS for alert in alerts)
    closed = {alert["resource"]: alert["closed_as"] for alert in alerts if alert["closed_at"]}
    assert closed == {"hr.insurance": "data came", "tax.registration": "data came"}


def test_sources_say_by_when_what_is_due(own: Command) -> None:
    own("freshness", "--watch")
    rows = {row["resource"]: row for row in own("sources", "--json").json}
    assert rows["tax.registration"]["due"] > rows["tax.registration"]["last_read"]
    assert rows["tax.registration"]["due_verified"] is False
    assert rows["education.enrolment"]["due"] is None
    assert rows["market.company"]["due"] is not None  # never read, counted from when it was first seen open
