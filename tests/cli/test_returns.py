"""`hub quarantine send-back`, `sent`, `sendings`, `dismiss`, `export`: the way back as an operator types it.

That no call says a name or a number, the command fixture asserts by itself.
"""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from cli.quarantine import STAGES
from cli.quarantine_acts import WHYS
from hub.answers import WHYS as KNOWN
from hub.returns import STAGE_NAMES
from store import returns
from tests.cli.command import Command

RESOURCE = "hr.insurance"
SENDING_KEYS = {
    "reference", "resource", "channel", "place", "rows", "still_open", "made_at", "due", "due_verified", "state",
    "told", "tries", "handed_over_at", "trouble",
}  # fmt: skip


def test_what_help_lists_is_what_the_hub_knows(away: Command) -> None:
    assert STAGES == returns.STAGES == tuple(STAGE_NAMES)
    assert tuple(KNOWN) == WHYS
    stages = away("quarantine", "list", "--help").out
    assert all(f"{stage:9} {name}" in stages for stage, name in STAGE_NAMES.items())
    whys = away("quarantine", "dismiss", "--help").out
    assert all(why in whys and words in whys for why, words in KNOWN.items())


def test_a_workbook_is_made_told_of_honestly_confirmed_and_awaited(own: Command) -> None:
    waiting = own("quarantine", "list", "--resource", RESOURCE, "--stage", "waiting", "--json").json
    said = own("quarantine", "send-back", RESOURCE)
    assert said.status == 0
    reference = said.out.partition(":")[0]
    assert (
        f"{len(waiting)} rows by workbook {own.home}/returns/{RESOURCE}/{RESOURCE}-{reference}.xlsx, due 20" in said.out
    )
    assert "未核实" in said.out
    assert f"a person has to send it on; then: hub quarantine sent {reference}" in said.out
    file = own.home / "returns" / RESOURCE / f"{RESOURCE}-{reference}.xlsx"
    assert [stat.S_IMODE(path.stat().st_mode) for path in (file, file.parent, file.parent.parent)] == [
        0o600,
        0o700,
        0o700,
    ]
    assert own("quarantine", "list", "--resource", RESOURCE, "--stage", "waiting", "--json").json == []
    assert "待转交 handover" in own("quarantine", "list", "--resource", RESOURCE).out
    assert "nothing waits to be sent back" in own("quarantine", "send-back", RESOURCE).out

    assert "to hand over" in own("quarantine", "sendings", "--open").out
    for _ in range(2):
        said = own("quarantine", "sent", reference, "--who", "tester")
        assert said.status == 0
        assert said.out.startswith(f"{reference}: handed over 20")
    (one,) = own("quarantine", "sendings", "--resource", RESOURCE, "--json").json
    assert one.keys() == SENDING_KEYS
    assert (one["told"], one["state"], one["rows"], one["still_open"]) == ("sent", "sent", len(waiting), len(waiting))
    entry = own("quarantine", "list", "--resource", RESOURCE, "--json").json[0]
    assert (entry["stage"], entry["reference"], entry["due"], entry["sent_back"]) == ("sent", reference, one["due"], 1)
    shown = own("quarantine", "show", str(entry["id"])).out
    assert f"sent back 1 time, last in {reference}" in shown
    assert f"tester: handed over · {reference}" in shown


def test_a_sending_back_as_json_has_stable_keys(own: Command) -> None:
    found = own("quarantine", "send-back", RESOURCE, "--again", "--json").json
    assert found.keys() == {"resource", "rows", "sendings", "left", "overdue"}
    assert [one.keys() for one in found["sendings"]] == [SENDING_KEYS]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["send-back", "tax.nothing"], "HUB-109 "),
        (["sendings", "--resource", "tax.nothing"], "HUB-109 "),
        (["sent", "20260302-ffffffff"], "HUB-605 "),
        (["dismiss", "99999999", "--why", "repeated"], "HUB-605 "),
        (["export", "99999999", "--out", "/tmp/never-written"], "HUB-605 "),
        (["dismiss", "1", "--why", "other"], "HUB-727 "),
    ],
)
def test_what_cannot_be_done_is_refused_with_its_code(command: Command, arguments: list[str], code: str) -> None:
    said = command("quarantine", *arguments)
    assert (said.status, said.err[:8], said.out) == (1, code, "")


def test_giving_up_names_who_and_why_and_the_entry_stays(own: Command) -> None:
    first, second = (str(one["id"]) for one in own("quarantine", "list", "--limit", "2", "--json").json)
    said = own("quarantine", "dismiss", first, second, "--why", "withdrawn", "--note", "来函", "--who", "tester")
    assert (said.status, said.out) == (0, "dismissed 2 entries\n")
    again = own("quarantine", "dismiss", first, "--why", "repeated", "--json")
    assert (again.status, again.json) == (0, {"dismissed": 0, "closed": 1})
    shown = own("quarantine", "show", first, "--json").json
    assert (shown["stage"], shown["state"]) == ("dismissed", "dismissed")
    assert [(act["who"], act["act"], act["why"], act["note"]) for act in shown["acts"]] == [
        ("tester", "dismissed", "withdrawn", "来函")
    ]
    assert len(own("quarantine", "list", "--stage", "dismissed", "--json").json) == 2


def test_the_bytes_go_into_a_new_file_and_nowhere_else(own: Command, tmp_path: Path) -> None:
    number = str(own("quarantine", "list", "--limit", "1", "--json").json[0]["id"])
    out = tmp_path / "row.bin"
    found = own("quarantine", "export", number, "--out", str(out), "--json").json
    assert found == {"entry": int(number), "path": str(out), "bytes": out.stat().st_size}
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    for taken in (str(out), "/dev/stdout", "/dev/tty", "/"):
        said = own("quarantine", "export", number, "--out", taken)
        assert (said.status, said.err[:8], said.out) == (1, "HUB-728 ", "")
    (act,) = own("quarantine", "show", number, "--json").json["acts"]
    assert (act["act"], act["bytes"]) == ("exported", found["bytes"])


def test_a_retry_is_counted(own: Command) -> None:
    number = str(own("quarantine", "list", "--limit", "1", "--json").json[0]["id"])
    own("quarantine", "retry", number)
    own("quarantine", "retry", number)
    assert own("quarantine", "show", number, "--json").json["retries"] == 2
    assert "retried 2, the last time 20" in own("quarantine", "show", number).out
