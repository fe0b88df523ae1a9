"""A new licence type by the steps of docs/new-licence-type.md, and what the check says of one that is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from connectors.declaration import load_all
from connectors.exchange_rows import CONTROL
from core.clock import FixedClock
from core.own_types import tried
from core.settings import Settings
from documents.licence import forget_templates
from hub import licence_types_words
from hub.collect import collect
from hub.context import Hub
from hub.deposit import deposit_all
from hub.issue import decide, issue_all
from hub.licence_types import TypeRefused, adopt, every, one, seals_in_use
from hub.licence_types_check import Finding, NoTypesThere, check
from hub.licence_types_trial import pictures
from hub.verify import verify_file
from onebox.sandbox import as_toml
from schemas.items import loader as items
from schemas.licence_types import loader as types
from schemas.licence_types.loader import FOLDER
from tests.hub.conftest import NOON
from tests.preparing import prepare
from tests.schemas import conftest as rows

BOOK = (Path(__file__).parents[2] / "docs" / "new-licence-type.md").read_text(encoding="utf-8")
SCHOOL = "11420112MB0000000M3000199991000"
MAIN = "private-school.toml"
ITEM, ORIGINAL, COPY = f"items/{MAIN}", f"templates/{MAIN}", "templates/private-school.copy.toml"


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder that the document makes, beside a home without types of its own."""
    monkeypatch.setenv("HUB_HOME", str(tmp_path))
    forget()
    folder = tmp_path / "my-type"
    for name, text in re.findall(r"`my-type/([\w./-]+)`：\n\n```toml\n(.*?)```", BOOK, flags=re.DOTALL):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    yield folder
    monkeypatch.undo()
    forget()


def forget() -> None:
    items.forget()
    types.forget()
    forget_templates()


def settings_of(home: Path) -> Settings:
    return Settings.from_environment({"HUB_HOME": str(home)}, database=False)


def looked(folder: Path, seals: frozenset[str] | None = None) -> list[Finding]:
    return [one for one in check([folder], settings=settings_of(folder.parent), seals=seals) if one.blocking]


def test_the_folder_of_the_document_is_right_and_its_pictures_can_be_drawn(mine: Path) -> None:
    assert sorted(path.relative_to(mine).as_posix() for path in mine.rglob("*.toml")) == [
        ITEM, MAIN, "retention.toml", COPY, ORIGINAL,
    ]  # fmt: skip
    drawn: list[int] = []
    found = check(
        [mine], settings=settings_of(mine.parent), on_right=lambda kind: drawn.append(len(pictures(kind, 20)))
    )
    assert [one.wrong for one in found if one.blocking] == []
    assert [one.line for one in found] == [5, 8]  # placeholders are not verified, and no item renews it
    assert drawn == [2]
    assert SCHOOL not in items.all_items(), "a check leaves nothing behind"


def test_a_type_made_by_the_document_is_issued_and_archived_like_any_other(
    mine: Path, hub: Hub, new_database: Callable[[], str]
) -> None:
    prepare(hub.settings, FixedClock(NOON))
    assert looked(mine, seals_in_use(hub)) == []
    assert adopt(mine, hub.settings, seals_in_use(hub)) == [COPY, ORIGINAL, ITEM, "retention.toml", MAIN]
    assert [known.kind.id for known in every() if known.own] == ["private-school"]
    assert one("private-school").validity == "5 年（延续从原期满日起算）"

    url = new_database()
    given = rows._ROWS
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        put(cursor, "civil.social_org", given["civil.social_org"])
        put(cursor, "bureau.accept", {**given["bureau.accept"], "task_code": SCHOOL, "task_name": "民办学校办学许可"})
        put(cursor, "bureau.result", given["bureau.result"])
    hub.settings.sources_file.write_text(as_toml({"civil": {"dsn": url}, "bureau": {"dsn": url}}), encoding="utf-8")
    hub.settings.sources_file.chmod(0o600)
    for resource in ("civil.social_org", "bureau.accept", "bureau.result"):
        collect(hub, resource)
    (done,) = issue_all(hub, decide(hub).to_issue)
    assert done.number == "（测试）教民4201127202600001号"
    report = verify_file((hub.settings.home / done.path).read_bytes(), hub.settings, at=NOON)
    assert report.verdict.value == "valid", report.lines()
    assert len(deposit_all(hub)) == 1


def put(cursor: Any, resource: str, row: dict[str, Any]) -> None:
    """The row in an exchange table of the test's own."""
    declared = load_all()[resource]
    table = declared.access.table  # type: ignore[union-attr]
    columns = ", ".join(f"{name} text" for name in (*declared.columns, *CONTROL) if name != "cd_time")
    cursor.execute(f"create table {table} ({columns}, cd_time timestamp)")
    told = {**row, "row_guid": "1", "cd_operation": "I", "cd_time": "2026-03-31 02:00:00"}
    names = [name for name in told if name in (*declared.columns, *CONTROL)]
    cursor.execute(
        f"insert into {table} ({', '.join(names)}) values ({', '.join(['%s'] * len(names))})",
        [told[name] for name in names],
    )


def test_the_shipped_types_have_nothing_wrong_and_say_what_is_unverified() -> None:
    found = check(settings=settings_of(Path("/nonexistent")))
    assert [one for one in found if one.blocking] == []
    assert {one.file for one in found} == {path.name for path in FOLDER.glob("*.toml")}


MISTAKES = [
    (MAIN, 'name = "民办学校办学许可证"\n', "", "少了必填的一项", "补上", "Field required"),
    (MAIN, 'id = "private-school"', 'id = "Private"', "id 的写法不对", "小写字母", "pattern"),
    (MAIN, "sheets =", "sheet =", "没有叫 sheet 的一项", "是不是 sheets", "Extra inputs"),
    (MAIN, "Y991", "X991", "校验码不对", "照抄", "check character"),
    (MAIN, "Y991", "Y003", "类型代码与“食品经营许可证”（food）相同", "没有用过的", "type_code is that of food"),
    (MAIN, "（测试）教民4201127{year}{seq:05d}号", "教民{year}号", "{year} 和 {seq} 都要有", "例如", "once each"),
    (MAIN, "{seq:05d}号", "{seq:05d}号{other}", "{year} 和 {seq} 都要有", "例如", "once each"),
    (MAIN, f'item = "{SCHOOL}"', f'item = "{SCHOOL[:-1]}9"', "没有现在有效的事项", "照抄", "No item in force"),
    (MAIN, f'item = "{SCHOOL}"', 'item = "11420112MB0000000M3000199003000"', "没有写颁发这种证照", "licence_type",
     "leads to food"),
    (MAIN, 'seals = ["bureau"]', 'seals = ["market"]', "没有正在使用的印章 market", "bureau", "no seal in use"),
    (MAIN, 'sheets = ["original", "copy"]', 'sheets = ["copy"]', "sheets 的写法不对", "正本", "`sheets` are"),
    (MAIN, "years = 5, renewal", "renewal", "要么写年数", "long_term", "either years"),
    (MAIN, "[90, 30, 7]", "[7, 90]", "提醒日期", "从大到小", "remind_days"),
    (MAIN, 'field = "address"', 'field = "capital"', "要用 M1 的 capital", "里补上 capital", "does not release"),
    (MAIN, 'field = "address"', 'field = "adress"', "要用 M1 的 adress", "release", "does not release"),
    (MAIN, 'source = "evidence", material = "M1", field = "address"', 'source = "accept", field = "adress"',
     "没有字段 adress", "address（地址）", "has no field adress"),
    (MAIN, 'source = "licence", field = "validity"', 'source = "licence", field = "valid"', "给不出 valid", "validity",
     "not valid"),
    (MAIN, ", personal = true", "", "没有写 personal", "遮住", "natural person"),
    (MAIN, 'key = "mode", label = "办学层次"', 'key = "mode", label = "校址"', "照面有两行的 label", "改一个",
     "wo lines"),
    (MAIN, '    { key = "mode"', '    { key = "level"', "“办学层次”在正本模板里没有位置", "[[row]]", "no row for"),
    (MAIN, 'label = "学校名称"', 'label = 学校名称"', "看不懂", "英文双引号", "No TOML"),
    (ITEM, 'licence_type = "private-school"\n', "", "没有写颁发这种证照", "licence_type", "leads to no licence"),
    (ITEM, '"scope", "address"]', '"scope"]', "要用 M1 的 address", "release", "does not release"),
    (ITEM, 'equals = "正常"', 'equals = "好"', "从来不会是“好”", "改成", "as the Chinese says"),
    (ORIGINAL, 'key = "mode"', 'key = "other"', "照面没有内容填它", "删去", "Nothing on the face"),
    (ORIGINAL, 'title = "民办学校办学许可证"', 'title = "民办学校许可证"', "标题是“民办学校许可证”", "一样",
     "is titled"),
    (ORIGINAL, 'border = "#33658a"', 'border = "blue"', "颜色 border 的写法不对", "#rrggbb", "of the form"),
    (ORIGINAL, "top = 154", "top = 1540", "mode 一行伸到纸外", "420×297", "beyond the page"),
    (ORIGINAL, 'annex = "详见附页"\n', "", "放不下：这一行可能有 2000 个字", "annex", "does not fit"),
    (ORIGINAL, "top = 140", 'top = "140"', "写法不对", "不加引号", "is no float"),
    (ORIGINAL, 'frame = "certificate"\n', "", "没有标题，或者没有写 frame", "certificate", "needed"),
    (ORIGINAL, 'label = "校址"', 'label = "喆址"', "字库里没有 label of address 里的字 U+5586", "GB 2312",
     "needs U+5586"),
    (MAIN, 'text = "非学历教育"', 'text = "非学历\U0002ceff教育"', "字库里没有这个字：U+2CEFF", "换一个写法",
     "lacks U+2CEFF"),
    (ORIGINAL, "[colours]", "[colours", "小节的名称没有写完", "括号", "no TOML"),
    (COPY, '[[row]]\nkey = "mode"\ntop = 112\n', "", "正本有的 mode 一行，副本没有", "[[row]]", "has no place"),
    (COPY, "x = 104\nwidth = 55", "x = 104\nwidth = 12", "放不下", "width", "does not fit"),
    ("retention.toml", "991000", "991001", "没有保管期限", f"[items.{SCHOOL}]", "no retention period"),
]  # fmt: skip


#: What is told of another line than the one that was changed: of the file, the row or the line of the face it touches.
ELSEWHERE = ("没有标题", "要用", "没有现在", "没有写颁发", "放不下", "没有保管", "照面没有", "mode 一行", "字库")


@pytest.mark.parametrize(("file", "right", "wrong", "told", "act", "english"), MISTAKES)
def test_a_mistake_is_told_with_its_line_and_remedy_in_two_languages(
    mine: Path, file: str, right: str, wrong: str, told: str, act: str, english: str
) -> None:
    text = (mine / file).read_text(encoding="utf-8")
    assert right in text
    (mine / file).write_text(text.replace(right, wrong, 1), encoding="utf-8")
    found = looked(mine)
    fitting = [one for one in found if told in one.wrong and act in one.act and english in one.wrong_en]
    assert fitting, found
    assert all(one.act_en for one in found)
    if wrong and not told.startswith(ELSEWHERE):
        at = text[: text.index(right)].count("\n") + 1
        assert fitting[0].line in (None, at, at - 1, at + 1), fitting


def test_a_seal_must_be_the_one_in_use(mine: Path) -> None:
    assert looked(mine, frozenset({"bureau", "42011200000001"})) == []
    (found,) = looked(mine, frozenset())
    assert (found.place, "hub seals add" in found.act) == ("seals", True)
    text = (mine / MAIN).read_text(encoding="utf-8")
    (mine / MAIN).write_text(text.replace('["bureau"]', '["42011200000001"]'), encoding="utf-8")
    assert looked(mine, frozenset({"bureau", "42011200000001"})) == []


def test_the_line_of_the_face_that_is_wrong_is_named(mine: Path) -> None:
    text = (mine / MAIN).read_text(encoding="utf-8")
    right = 'field = "supervisor"'
    (mine / MAIN).write_text(text.replace('field = "scope"', right), encoding="utf-8")
    item = (mine / ITEM).read_text(encoding="utf-8")
    (mine / ITEM).write_text(item.replace('"supervisor", ', ""), encoding="utf-8")
    (found,) = looked(mine)
    assert found.line == text[: text.index('key = "scope"')].count("\n") + 1
    assert found.place == "照面第 6 行 办学内容 › field"


def test_everything_that_is_wrong_is_told_at_once(mine: Path) -> None:
    text = (mine / MAIN).read_text(encoding="utf-8")
    text = text.replace("Y991", "Y003").replace('["bureau"]', '["x"]').replace('"scope" }', '"capital" }')
    (mine / MAIN).write_text(text, encoding="utf-8")
    (mine / COPY).unlink()
    (mine / "retention.toml").unlink()
    assert {one.place for one in looked(mine)} == {
        "type_code", "seals", "照面第 6 行 办学内容 › field", "sheets", "item",
    }  # fmt: skip


def test_what_is_wrong_is_not_taken_over(mine: Path) -> None:
    (mine / COPY).unlink()
    with pytest.raises(TypeRefused, match=r"HUB-901 1 things are wrong in my-type/"):
        adopt(mine, settings_of(mine.parent))
    assert not (mine.parent / "licence-types").exists()
    with pytest.raises(NoTypesThere, match="HUB-900"):
        check([mine / "nowhere"], settings=settings_of(mine.parent))
    with pytest.raises(NoTypesThere, match="HUB-900"):
        check([mine / "templates" / "nothing"], settings=settings_of(mine.parent))


def test_a_type_taken_over_twice_keeps_the_rows_of_others(mine: Path) -> None:
    settings = settings_of(mine.parent)
    adopt(mine, settings)
    own = mine.parent / "licence-types" / "retention.toml"
    own.write_text(own.read_text(encoding="utf-8").replace("991000", "992000"), encoding="utf-8")
    adopt(mine, settings)
    told = own.read_text(encoding="utf-8")
    assert "991000" in told and "992000" in told and "演示值（民办学校办学许可），未核实" in told
    assert looked(mine) == []


def test_a_later_look_of_the_bureau_s_own_goes_before_the_release_s(mine: Path, tmp_path: Path) -> None:
    own = tmp_path / "other"
    (own / "templates").mkdir(parents=True)
    shipped = Path(types.FOLDER).parents[1] / "documents" / "templates"
    for name in ("food.toml", "food.copy.toml"):
        text = (shipped / name).read_text(encoding="utf-8")
        (own / "templates" / name).write_text(text.replace("#3f7d4e", "#123456"), encoding="utf-8")
    from documents.template_files import load

    with tried(own):
        assert load("food").colours["border"] == "#123456"
    assert load("food").colours["border"] == "#3f7d4e"


def test_every_statement_of_the_model_has_its_words() -> None:
    source = (FOLDER / "model.py").read_text(encoding="utf-8")
    said = re.findall(r'raise ValueError\(\s*f?["\'](.+?)["\']\s*\)\n', source)
    said += re.findall(r'Problem\([^"\n]*\("[^)]*\), f?["\'](.+?)["\']\)', source)
    said += re.findall(r'return f"(\{label\}.+?)"', source)
    assert len(said) > 12
    for sentence in said:
        example = re.sub(r"\{\{", "{", re.sub(r"\{[^{}]+\}", "X", sentence))
        if example in ("; ",) or example.startswith("sequences"):
            continue
        assert any(re.match(pattern, example) for pattern, *_ in licence_types_words._SAID), example
