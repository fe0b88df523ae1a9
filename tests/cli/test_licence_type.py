"""`hub licence-type`: the kinds of licence, checked files, and a folder taken over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.licence_types import all_licence_types
from tests.cli.command import Command
from tests.hub.test_licence_types import BOOK, COPY, MAIN, forget

TYPE_KEYS = {
    "id", "name", "own", "type_code", "type_code_verified", "item", "number_format", "years", "renewal", "remind_days",
    "validity_verified", "seals", "sheets", "items", "face",
}  # fmt: skip
FINDING_KEYS = {"file", "line", "place", "wrong", "act", "wrong_en", "act_en", "blocking"}


@pytest.fixture
def mine(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "my-type"
    for name, text in re.findall(r"`my-type/([\w./-]+)`：\n\n```toml\n(.*?)```", BOOK, flags=re.DOTALL):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    yield folder
    forget()


def test_every_type_is_listed_and_shown_without_a_database(away: Command) -> None:
    told = away("licence-type", "list", "--json").json
    assert [one["id"] for one in told] == [kind.id for kind in sorted(all_licence_types().values(), key=_code)]
    assert all(set(one) == TYPE_KEYS and one["own"] is False for one in told)
    said = away("licence-type", "list")
    assert (said.status, said.lines[-1]) == (0, "9 licence types")
    assert re.search(r"food .*变更、延续、补发、注销", said.out)
    assert away("licence-type", "show", "printing", "--json").json == next(
        one for one in told if one["id"] == "printing"
    )
    said = away("licence-type", "show", "food")
    assert said.lines[0] == "食品经营许可证（food，随本版发布）"
    assert "延续 食品经营许可延续（11420112MB0000000M3000199003002）" in said.lines
    assert "；到期前 90、30、7 天提醒 未核实" in said.out
    assert re.search(r"法定代表人（负责人）.*公开核验时遮住", said.out)
    said = away("licence-type", "show", "business")
    assert (said.status, "HUB-222" in said.err) == (1, True)


def _code(kind: object) -> str:
    return str(getattr(kind, "type_code", ""))


def test_a_checked_folder_is_taken_over_and_a_wrong_one_is_not(away: Command, mine: Path, tmp_path: Path) -> None:
    copy = (mine / COPY).read_text(encoding="utf-8")
    (mine / COPY).write_text(copy.replace("width = 55", "width = 12"), encoding="utf-8")
    said = away("licence-type", "check", str(mine), "--pictures", str(tmp_path / "samples"))
    line = copy[: copy.index('key = "valid"')].count("\n") + 1
    assert said.status == 1
    assert f"错误 {COPY}:{line}  副本 有效期至" in said.lines
    assert "1 处错误，2 处提示" in said.lines and "The register of seals could not be asked." in said.out
    assert not (tmp_path / "samples").exists()
    told = away("licence-type", "check", str(mine), "--json").json
    assert all(set(one) == FINDING_KEYS for one in told) and [one["blocking"] for one in told].count(True) == 1
    said = away("licence-type", "adopt", str(mine))
    assert (said.status, "HUB-901" in said.err) == (1, True)

    (mine / COPY).write_text(copy, encoding="utf-8")
    said = away("licence-type", "check", str(mine / MAIN), "--pictures", str(tmp_path / "samples"))
    assert said.status == 0
    assert [path.name for path in sorted((tmp_path / "samples").iterdir())] == [
        "private-school-1.png", "private-school-2.png",
    ]  # fmt: skip
    assert len(away("licence-type", "adopt", str(mine), "--json").json["written"]) == 5
    assert away("licence-type", "list").lines[-1] == "10 licence types"
    assert away("items", "find", "民办学校").status == 0
    assert away("licence-type", "check").status == 0
    said = away("licence-type", "check", str(tmp_path / "nowhere"))
    assert (said.status, "HUB-900" in said.err) == (1, True)


def test_with_a_database_the_register_of_seals_is_asked(command: Command) -> None:
    said = command("licence-type", "check")
    assert said.status == 0
    assert "could not be asked" not in said.out
