"""`hub items`: the catalogue as an operator and a business person see it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub import items
from schemas.items import all_items, loader
from schemas.items.loader import FOLDER
from tests.cli.command import Command
from tests.cli.conftest import FOOD, HR

FINDING_KEYS = {"file", "line", "place", "wrong", "act", "blocking"}
BRIEF_KEYS = {
    "code", "code_verified", "name", "organ", "levels", "applicant", "materials", "version", "in_force_from",
    "licence_type",
}  # fmt: skip
SHARE_KEYS = {"numerator", "denominator", "promised", "share"}


def test_every_item_is_listed_by_its_code(away: Command) -> None:
    said = away("items", "list", "--json")
    assert said.status == 0
    assert [one["code"] for one in said.json] == sorted(all_items())
    assert all(set(one) == BRIEF_KEYS for one in said.json)
    said = away("items", "list")
    assert said.lines[-1] == f"{len(all_items())} items"
    assert all(code in said.out for code in all_items())
    assert away("items", "list", "--on", "2025-12-31").lines[-1] == "0 items"


def test_an_item_is_shown_with_what_is_unverified(away: Command) -> None:
    said = away("items", "show", FOOD)
    assert said.status == 0
    assert said.lines[:2] == ["食品经营许可（区行政审批局）", f"{FOOD} 未核实"]
    assert "依据 中华人民共和国食品安全法 未核实" in said.lines
    assert "  取得 共享 → 即时核验 → 提交" in said.lines
    assert "  印证 姓名与 公安·户籍人口信息的姓名一致" in said.lines
    told = away("items", "show", FOOD.lower(), "--json").json
    assert told["materials"][1]["ways"] == ["shared", "live", "upload"]
    assert told["versions"] == [
        {"version": 1, "in_force_from": "2026-01-01", "changed_by": None, "changes": []}
    ]  # fmt: skip


def test_what_a_later_version_changed_is_shown_with_before_after_and_basis(
    away: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (FOLDER / "food.toml").read_text(encoding="utf-8")
    (tmp_path / "one.toml").write_text(text, encoding="utf-8")
    later = text.replace("version = 1", 'version = 2\nchanged_by = "某办〔2026〕1号"').replace(
        "2026-01-01", "2026-02-01"
    )
    later = later[: later.index('[[materials]]\ncode = "M3"')].replace("max_age_days = 7", "max_age_days = 3", 1)
    (tmp_path / "two.toml").write_text(later, encoding="utf-8")
    versions = loader.load(tmp_path)
    monkeypatch.setattr(loader, "all_versions", lambda: versions)
    monkeypatch.setattr(items, "all_versions", lambda: versions)
    said = away("items", "show", FOOD)
    assert "变更 版本 2 自 2026-02-01，依据 某办〔2026〕1号" in said.lines
    assert "  M1.max_age_days：7 → 3" in said.lines
    assert "  M3.upload：食品安全管理员证书原件 → （无）" in said.lines
    told = away("items", "show", FOOD, "--json").json["versions"]
    assert {"place": "M1.max_age_days", "before": "7", "after": "3"} in told[1]["changes"]


@pytest.mark.parametrize("code", sorted(all_items()))
def test_every_item_can_be_shown(away: Command, code: str) -> None:
    said = away("items", "show", code)
    assert said.status == 0
    assert "None" not in said.out


def test_an_item_that_is_not_there_is_a_one(away: Command) -> None:
    assert away("items", "show", "x").err.startswith("HUB-221 ")
    said = away("items", "show", FOOD, "--on", "2025-12-31")
    assert (said.status, said.err[:8]) == (1, "HUB-790 ")


def test_items_are_found_by_first_letters(away: Command) -> None:
    said = away("items", "find", "rlzyfwxk")
    assert (said.status, HR in said.out) == (0, True)
    assert len(away("items", "find", "登记", "--limit", "2", "--json").json) == 2
    said = away("items", "find", "xqz")
    assert (said.status, "换一个字" in said.out) == (1, True)
    assert away("items", "find", "xqz", "--json").json == []


def test_the_items_of_this_release_are_right(away: Command) -> None:
    said = away("items", "check")
    assert said.status == 0
    assert said.lines[-1].startswith("0 处错误，")
    assert all(set(one) == FINDING_KEYS for one in away("items", "check", "--json").json)


def test_a_wrong_file_is_told_with_its_line(away: Command, tmp_path: Path) -> None:
    text = (FOLDER / "food.toml").read_text(encoding="utf-8")
    (tmp_path / "food.toml").write_text(text.replace("version = 1", "version = 一"), encoding="utf-8")
    said = away("items", "check", str(tmp_path))
    assert said.status == 1
    assert said.lines[0] == "错误 food.toml:7  第 7 行"
    assert said.lines[-1] == "1 处错误，0 处提示"
    assert away("items", "check", str(tmp_path), "--json").json[0]["line"] == 7
    said = away("items", "check", str(tmp_path / "none"))
    assert (said.status, said.err[:8]) == (1, "HUB-791 ")


def test_coverage_tells_numerator_and_denominator(own: Command) -> None:
    said = own("items", "coverage")
    assert said.status == 0, said.err
    assert "0/0 = 没有办件" in said.out and "口径：分母：" in said.out
    told = own("items", "coverage", "--since", "2026-01-01", "--until", "2026-01-31", "--json").json
    assert set(told) == {
        "since", "until", "definition", "all", "items", "misses", "never_asked", "without_cases",
    }  # fmt: skip
    assert set(told["all"]) == SHARE_KEYS
    said = own("items", "coverage", "--since", "2026-02-01", "--until", "2026-01-31")
    assert (said.status, said.err[:8]) == (1, "HUB-792 ")
    assert own("items", "coverage", "--item", "x").err.startswith("HUB-221 ")
