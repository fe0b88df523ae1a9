"""`hub keys`: what it lists, that replacing and dropping keys works from the door, and what a script gets."""

from __future__ import annotations

from pathlib import Path

from core.settings import Settings
from hub.context import open_hub
from store import data_keys
from store.connection import transaction
from tests.cli.command import Command
from tests.cli.test_program import at_a_terminal


def key_files(command: Command) -> list[Path]:
    return sorted(command.home.glob("keys/data-kek*.key"))


def test_keys_are_listed_replaced_and_dropped(own: Command) -> None:
    before = own("keys", "list", "--json").json
    assert before.keys() == {"data_keys", "keks"}
    assert before["data_keys"][0].keys() == {
        "resource", "number", "state", "kek", "made_at", "replaced_at", "days", "sealed",
    }  # fmt: skip
    assert before["keks"][0].keys() == {"kek", "state", "file", "wraps"}
    assert {one["number"] for one in before["data_keys"]} == {1}
    sealed = {one["resource"]: one["sealed"] for one in before["data_keys"]}
    assert sealed["licence"] > 0

    said = own("keys", "rotate", "--resource", "hr.insurance")
    assert (said.status, said.err) == (0, "")
    assert "hr.insurance: data key 2" in said.out
    done = own("keys", "rotate", "--json").json
    assert done.keys() == {"resumed", "numbers", "sealed", "unopened"}
    assert done["numbers"] == dict.fromkeys(sealed, 2) | {"hr.insurance": 3}
    assert "next: hub keys retire" in own("keys", "list").out
    gone = own("keys", "retire", "--json").json
    assert gone.keys() == {"dropped", "in_use", "keks"}
    assert len(gone["dropped"]) == len(sealed) + 1
    assert (gone["in_use"], gone["keks"]) == ([], [])
    after = own("keys", "list", "--json").json["data_keys"]
    assert {one["resource"]: one["sealed"] for one in after} == sealed
    assert own("licences").status == own("report").status == 0


def test_a_kek_is_made_ready_taken_into_use_and_the_old_one_destroyed(own: Command) -> None:
    (old,) = key_files(own)
    secret = old.read_text()
    ready = own("keys", "rotate", "--kek", "--prepare", "--json").json
    assert ready.keys() == {"kek", "file"}
    assert [path.name for path in key_files(own)] == sorted([old.name, ready["file"]])
    made = own("keys", "rotate", "--kek", "--json").json
    assert made.keys() == {"resumed", "kek", "wrapped"}
    assert made["kek"] == ready["kek"]
    said = own("keys", "list")
    assert f"KEK {made['kek']}: in use, data-kek-{made['kek']}.key, wraps {made['wrapped']} data keys" in said.out
    assert ": retired, " in said.out
    assert "deleted KEK " in own("keys", "retire", "--kek").out
    (new,) = key_files(own)
    assert new.read_text() != secret
    assert own("collect", "hr.insurance", "--from-start").status == 0
    assert own("quarantine", "show", "1").status == 0


def test_a_key_in_use_is_not_dropped_and_the_status_says_so(own: Command) -> None:
    with open_hub(Settings.from_environment(own.environment)) as hub:
        rotation = data_keys.begin_or_resume(hub.connection, None)
        data_keys.replace(hub.connection, hub.vault, rotation, "hr.insurance")
    said = own("keys", "retire")
    assert (said.status, said.out) == (1, "dropped 0 data keys\n")
    assert "hr.insurance: data key 1 is still used; first: hub keys rotate" in said.err
    assert "next: hub keys rotate" in own("keys", "list").out
    assert "taken up where an earlier run stopped" in own("keys", "rotate").out
    assert own("keys", "retire").status == 0


def test_values_that_do_not_open_are_told_with_status_one(own: Command) -> None:
    with open_hub(Settings.from_environment(own.environment)) as hub, transaction(hub.connection) as cursor:
        cursor.execute(
            "update quarantine set raw = substring(raw from 1 for 16) || '\\x00'::bytea where id = "
            "(select min(id) from quarantine)"
        )
    said = own("keys", "rotate")
    assert said.status == 1
    assert "1 value does not open with the old key" in said.err
    assert own("keys", "retire").status == 1


def test_a_second_keeper_is_told_to_try_again(own: Command) -> None:
    with open_hub(Settings.from_environment(own.environment)) as hub, data_keys.only_keeper(hub.connection):
        said = own("keys", "rotate")
    assert (said.status, said.err[:8]) == (2, "HUB-621 ")


def test_a_bar_is_shown_at_a_terminal_and_the_line_left_clean(own: Command) -> None:
    status, screen = at_a_terminal(own, 100, "keys", "rotate")
    assert status == 0
    assert "[########################] 100%, " in screen
    assert "\r\x1b[K" in screen
    assert "under new data keys" in screen.rpartition("\x1b[K")[2]
