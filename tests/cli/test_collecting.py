"""`hub sources`, `collect`, `quarantine` and `report`: what came in, what was set aside, and why."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.cli.command import Command
from tests.cli.conftest import RESOURCES
from tests.departments import Departments

COLUMNS = (
    "source_year,name,code,registered_on,type,legal_rep_masked,capital,scope,province,city,address,code_class,flags"
)
REST = "2020-01-02,有限责任公司,张**,100万人民币,软件开发,湖北省,武汉市,东西湖区吴家山,uscc18_valid,"
#: A row that is right, and one whose code has the wrong check character.
COMPANIES = "".join(
    f"{line}\n"
    for line in (
        COLUMNS,
        f"2020,武汉样例甲科技有限公司,91420112MAKTE5T008,{REST}",
        f"2020,武汉样例乙科技有限公司,91420112MAKTE5T00X,{REST}",
    )
)
SOURCE_KEYS = {
    "resource", "title", "department", "share_class", "update_cycle", "verified", "last_read", "pulled", "accepted",
    "unchanged", "quarantined", "open_quarantine", "state", "reach", "trouble", "due", "due_verified", "drift_signals",
}  # fmt: skip
COLLECT_KEYS = {
    "resource", "batch", "resumed", "source_count", "pages", "landed", "inserted", "changed", "unchanged", "deleted",
    "quarantined", "accepted", "set_back_minutes", "absent", "unknown_columns", "outside_band", "remarks", "drift",
}  # fmt: skip
ENTRY_KEYS = {
    "id", "resource", "state", "stage", "position", "page_sm3", "batch", "seen_at", "closed_at", "reasons", "sent_back",
    "reference", "due", "due_verified", "retries", "retried_at",
}  # fmt: skip


@pytest.fixture
def companies(tmp_path: Path) -> Path:
    path = tmp_path / "companies.csv"
    path.write_text(COMPANIES, encoding="utf-8")
    return path


def first_entry(command: Command) -> str:
    return str(command("quarantine", "list", "--limit", "1", "--json").json[0]["id"])


def test_sources_lists_every_resource_and_names_what_was_never_read(command: Command) -> None:
    said = command("sources")
    assert said.status == 0
    for resource in RESOURCES:
        assert any(line.startswith(resource) and line.endswith("up to date") for line in said.lines)
    assert "never read: market.company; next: hub collect market.company" in said.out


def test_the_columns_of_a_table_begin_at_the_same_cell_in_every_row(command: Command) -> None:
    header, *rows = command("sources").lines[:10]
    start = cell_len(header[: header.index("owner")])
    for row in rows:
        shown = [cell_len(row[:index]) for index in range(len(row) + 1)]
        place = shown.index(start)
        assert row[place - 1] == " ", row
        assert row[place] != " ", row


def test_sources_as_json_has_stable_keys_and_balances(command: Command) -> None:
    rows = command("sources", "--json").json
    assert {row["resource"] for row in rows if row["state"] != "not open"} == {*RESOURCES, "market.company"}
    assert any(row["state"] == "not open" and row["reach"].startswith("未开通") for row in rows)
    for row in rows:
        assert row.keys() == SOURCE_KEYS
        assert row["pulled"] == row["accepted"] + row["unchanged"] + row["quarantined"]


def test_a_source_in_trouble_says_which_error_and_goes_on(own: Command, departments: Departments) -> None:
    departments.order_fault("500", times=100)
    try:
        said = own("collect", "tax.clearance", "--from-start")
    finally:
        departments.order_fault(None)
    assert (said.status, said.out) == (2, "")
    assert said.err.startswith("HUB-101 tax.clearance")
    assert len(said.err.splitlines()) == 1
    assert "tax.clearance: HUB-101" in own("sources").out
    again = own("collect", "tax.clearance")
    assert (again.status, "taken up where an earlier run stopped" in again.out) == (0, True)


def test_a_source_that_recovered_is_not_in_trouble(own: Command, departments: Departments) -> None:
    departments.order_fault("error_inside", times=100, code="api-401")
    try:
        assert own("collect", "tax.clearance", "--from-start").status == 1
    finally:
        departments.order_fault(None)
    assert own("collect", "tax.clearance").status == 0
    assert "in trouble" not in own("sources").out


def test_collect_accounts_for_every_row(own: Command) -> None:
    said = own("collect", "hr.insurance", "--from-start")
    assert said.status == 0
    assert "landed 157 = accepted 0 + unchanged 145 + quarantined 12" in said.out
    assert "hub quarantine list --resource hr.insurance" in said.out
    assert said.err == "", "progress is for a terminal"


def test_collect_as_json_has_stable_keys(own: Command) -> None:
    said = own("collect", "civil.social_org", "--json")
    assert (said.status, said.json.keys()) == (0, COLLECT_KEYS)
    assert said.json["landed"] == said.json["accepted"] + said.json["unchanged"] + said.json["quarantined"]


def test_a_file_is_collected_in_place_of_the_source(own: Command, companies: Path) -> None:
    said = own("collect", "market.company", "--file", str(companies), "--json")
    assert said.status == 0
    assert (said.json["landed"], said.json["inserted"], said.json["quarantined"]) == (2, 1, 1)
    again = own("collect", "market.company", "--file", str(companies), "--json").json
    assert (again["landed"], again["unchanged"], again["inserted"]) == (2, 1, 0)


def test_a_file_for_a_resource_that_takes_none_is_refused(command: Command, companies: Path) -> None:
    said = command("collect", "tax.registration", "--file", str(companies))
    assert (said.status, said.err[:8]) == (1, "HUB-110 ")


def test_a_file_of_another_kind_is_refused_and_nothing_of_it_lands(own: Command, tmp_path: Path) -> None:
    file = tmp_path / "notes.csv"
    file.write_text("a,b\n1,2\n")
    said = own("collect", "market.company", "--file", str(file))
    assert (said.status, said.err[:8]) == (1, "HUB-104 ")
    assert "notes.csv" in said.err


def test_an_unknown_resource_is_refused_with_the_names_there_are(command: Command) -> None:
    said = command("collect", "tax.nothing")
    assert said.status == 1
    assert "HUB-109" in said.err
    assert "tax.registration" in said.err


def test_a_hub_without_a_sources_file_says_what_to_write(own: Command) -> None:
    said = own("collect", "tax.registration", HUB_SOURCES="/nonexistent/sources.toml")
    assert said.status == 1
    assert said.err.startswith("HUB-10")


def test_quarantine_lists_entries_with_their_reasons(command: Command) -> None:
    said = command("quarantine", "list", "--resource", "hr.insurance")
    assert said.status == 0
    assert "R-011 公民身份号码校验码不符" in said.out
    assert "look at one: hub quarantine show" in said.out
    rows = command("quarantine", "list", "--json").json
    assert all(row.keys() == ENTRY_KEYS and row["state"] == "open" for row in rows)
    assert {key for row in rows for reason in row["reasons"] for key in reason} == {
        "code", "field", "column", "zh", "en",
    }  # fmt: skip


def test_quarantine_list_says_when_there_may_be_more(command: Command) -> None:
    assert "1 entry (there may be more: --limit)" in command("quarantine", "list", "--limit", "1").out


def test_quarantine_list_by_state_shows_what_its_source_corrected(command: Command) -> None:
    rows = command("quarantine", "list", "--state", "corrected", "--json").json
    assert rows
    assert {row["state"] for row in rows} == {"corrected"}
    assert len(command("quarantine", "list", "--state", "all", "--json").json) > len(rows)


@pytest.mark.parametrize("action", ["list", "retry"])
def test_quarantine_of_an_unknown_resource_is_refused(command: Command, action: str) -> None:
    said = command("quarantine", action, "--resource", "tax.nothing")
    assert (said.status, said.err[:8]) == (1, "HUB-109 ")


def test_every_entry_can_be_shown_and_none_shows_a_value(command: Command) -> None:
    """That no number and no name is in the output, the command fixture asserts by itself."""
    for entry in command("quarantine", "list", "--state", "all", "--json").json:
        said = command("quarantine", "show", str(entry["id"]), "--json")
        assert said.status == 0
        assert said.json.keys() == ENTRY_KEYS | {"operation", "problem", "fields", "acts"}
        shapes = [value.partition("…（共")[0] for value in said.json["fields"].values()]
        digits = {c for shape in shapes for c in shape if c.isdigit()}
        assert digits <= {"9"}


def test_a_shown_entry_says_what_to_do_next(command: Command) -> None:
    number = first_entry(command)
    said = command("quarantine", "show", number)
    assert said.status == 0
    assert f"hub quarantine retry {number}" in said.out
    assert "page SM3" in said.out


@pytest.mark.parametrize("action", ["show", "retry"])
def test_an_entry_that_is_not_there_is_refused(command: Command, action: str) -> None:
    said = command("quarantine", action, "99999999")
    assert (said.status, said.err[:8]) == (1, "HUB-605 ")
    assert "hub quarantine list" in said.err


def test_a_retry_without_a_fix_refuses_again_and_says_so(own: Command) -> None:
    number = first_entry(own)
    said = own("quarantine", "retry", number, number)
    assert said.status == 1
    assert "tried 1: released 0, still refused 1" in said.out
    tried = own("quarantine", "retry", number, "--json")
    assert (tried.status, tried.json) == (1, {"tried": 1, "released": 0, "refused": 1, "closed": 0})


def test_a_retry_of_a_closed_entry_changes_nothing(own: Command) -> None:
    closed = own("quarantine", "list", "--state", "corrected", "--limit", "1", "--json").json[0]["id"]
    assert own("quarantine", "retry", str(closed), "--json").json == {
        "tried": 1, "released": 0, "refused": 0, "closed": 1,
    }  # fmt: skip


def test_a_report_fits_on_a_screen_and_says_where_to_look(command: Command) -> None:
    said = command("report")
    assert said.status == 0
    assert len(said.lines) < 40
    assert "食品经营许可证" in said.out
    assert "hub quarantine list" in said.out
    assert "hub licences --waiting" in said.out


def test_a_report_as_json_has_stable_keys(command: Command) -> None:
    found = command("report", "--json").json
    assert found.keys() == {"sources", "not_open", "types", "licences", "waiting", "not_granted", "packed_ended"}
    assert "education.enrolment" in found["not_open"]
    assert {source["resource"] for source in found["sources"]} == {*RESOURCES, "market.company"}
    assert {key for row in found["sources"] for key in row} == {
        "resource", "title", "department", "state", "pulled", "accepted", "unchanged", "quarantined", "open_quarantine",
        "reasons",
    }  # fmt: skip
    assert {key for row in found["types"] for key in row} == {"licence_type", "title", "issued", "packed"}


def test_a_collect_that_finds_nothing_new_says_so(own: Command) -> None:
    said = own("collect", "civil.social_org")
    assert said.status == 0
    assert "nothing new" in said.out
    assert "--from-start" in said.out
