"""`hub id check`: one line in, one line out, whatever the line is."""

from __future__ import annotations

import time

import pytest

from tests.cli.command import Command

GOOD = [
    ("11010519491231002X", "citizen"),
    ("110105491231002", "citizen"),
    ("11370800MB28559184", "credit_code"),
    ("1.2.156.3005.2.11100000000013338W011.11110000000021135M.20230329701.003.Y", "licence"),
    ("420112", "division"),
    ("420112001", "division"),
    ("420112000012345", "registration_number"),
    ("D2143569-X", "organisation_code"),
]
BAD = [
    ("110105194912310020", "citizen", "R-011"),
    ("11010519490230002X", "citizen", "R-012"),
    ("11370800MB28559185", "credit_code", "R-021"),
    ("11100000000013338W011.11110000000021135M.20230329701.003.Z", "licence", "R-071"),
    ("020112", "division", "R-030"),
    ("MA000000X", "organisation_code", "校验码不符"),
    ("hello", "unknown", "5 个字符"),
    ("", "unknown", "空值"),
]


@pytest.fixture
def check(away: Command) -> Command:
    """Needs no world at all."""
    return away


@pytest.mark.parametrize(("value", "kind"), GOOD)
def test_a_right_value_is_ok_with_its_kind(check: Command, value: str, kind: str) -> None:
    said = check("id", "check", value)
    assert said.status == 0
    assert said.out.rstrip("\n").split("\t")[:3] == [value, "ok", kind]


@pytest.mark.parametrize(("value", "kind", "reason"), BAD)
def test_a_wrong_value_is_refused_with_kind_and_reason(check: Command, value: str, kind: str, reason: str) -> None:
    said = check("id", "check", "--", value)
    assert said.status == 1
    shown = said.out.rstrip("\n").split("\t")
    assert shown[:3] == [value, "refused", kind]
    assert reason in shown[3]


@pytest.mark.parametrize(
    ("value", "notes"),
    [
        ("11010519491231002x", ["N-002"]),
        (" 11010519491231002X ", ["N-001"]),
        ("\ufeff11370800mb28559184\u3000", ["N-001", "N-002"]),
        ("１１０１０５１９４９１２３１００２Ｘ", ["N-005"]),
    ],
)
def test_what_was_normalised_is_accepted_and_told(check: Command, value: str, notes: list[str]) -> None:
    said = check("id", "check", value)
    assert said.status == 0
    assert all(note in said.out.split("\t")[3] for note in notes)


def test_one_refused_among_many_makes_a_one(check: Command) -> None:
    said = check("id", "check", GOOD[0][0], "hello", GOOD[2][0])
    assert (said.status, len(said.lines)) == (1, 3)


def test_json_gives_the_value_as_it_came_and_stable_keys(check: Command) -> None:
    said = check("id", "check", "--json", "a\tb", "11010519491231002x")
    assert said.status == 1
    assert [row["value"] for row in said.json] == ["a\tb", "11010519491231002x"]
    assert all(row.keys() == {"value", "ok", "kind", "reason"} for row in said.json)


def test_a_tab_or_another_control_character_within_keeps_the_line_whole(check: Command) -> None:
    nasty = "a\tb\nc\rd\x1b[31me\u2028f\u202eg\x9bh"
    said = check("id", "check", nasty)
    assert said.status == 1
    assert said.out.count("\n") == 1
    assert said.out.split("\t")[0] == "a b c d [31me f g h"


def test_standard_input_gives_one_line_for_each_also_for_empty_ones(check: Command) -> None:
    said = check("id", "check", stdin=b"\xef\xbb\xbf420112\r\n\r\n\n420112")
    assert said.status == 1
    assert [line.split("\t")[1] for line in said.lines] == ["ok", "refused", "refused", "ok"]


@pytest.mark.parametrize(("arguments", "out"), [([], ""), (["--json"], "[]\n")])
def test_empty_standard_input_is_no_refusal(check: Command, arguments: list[str], out: str) -> None:
    said = check("id", "check", *arguments, stdin=b"")
    assert (said.status, said.out) == (0, out)


def test_bytes_that_are_no_text_are_refused_and_end_nothing(check: Command) -> None:
    garbage = bytes(range(256)) * 20 + b"\n420112\n"
    said = check("id", "check", stdin=garbage)
    assert said.status == 1
    assert said.lines[-1] == "420112\tok\tdivision\t"
    assert all(line.count("\t") == 3 for line in said.out.rstrip("\n").split("\n"))


def test_an_argument_that_is_no_text_is_refused_and_ends_nothing(check: Command) -> None:
    said = check("id", "check", "\udcff420112", "420112")
    assert said.status == 1
    assert [line.split("\t")[1] for line in said.lines] == ["refused", "ok"]
    assert check("id", "check", "--json", "\udcff").json[0]["ok"] is False


def test_a_very_long_line_is_refused_quickly(check: Command) -> None:
    begun = time.monotonic()
    said = check("id", "check", stdin=b"1" * 5_000_000 + b"\n420112\n")
    assert (said.status, len(said.lines)) == (1, 2)
    assert time.monotonic() - begun < 5


def test_a_hundred_thousand_lines_take_seconds(check: Command) -> None:
    begun = time.monotonic()
    said = check("id", "check", stdin=b"11010519491231002X\n91420112MAKTE5T00X\n" * 50_000)
    assert (said.status, len(said.lines)) == (1, 100_000)
    assert time.monotonic() - begun < 10
