"""Are the item files of a folder right? Each finding says file, place, what is wrong and what to do."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

from pydantic import ValidationError

from connectors.declaration import Declaration, UpdateCycle
from connectors.registry import declarations
from core.errors import Permanent
from hub.items_words import line_of, model_said, named_in, place_words, toml_said
from schemas.errors import DeclarationBroken
from schemas.items import Material, PurposeWord, ServiceItem, Trust, Way, all_purposes
from schemas.items.abolished import ABOLISHED_FILE, Proof, asked_again, load_abolished
from schemas.items.loader import FOLDER, NO_ITEMS, wrong_purposes, wrong_versions
from schemas.items.purposes import PURPOSES_FILE, load_purposes
from schemas.licence_types import all_licence_types

#: Departments whose facts must not be replaced by a promise (国办发〔2020〕42号: public security, life and health).
_NEVER_PROMISED = {"police": "公安", "health": "卫健"}
_DATA_WAYS = frozenset({Way.LICENCE, Way.SHARED, Way.LIVE})
#: In days; what comes irregularly promises nothing.
_CYCLE_DAYS: Mapping[UpdateCycle, int] = {
    UpdateCycle.LIVE: 1,
    UpdateCycle.DAILY: 1,
    UpdateCycle.WEEKLY: 7,
    UpdateCycle.MONTHLY: 31,
    UpdateCycle.QUARTERLY: 92,
    UpdateCycle.YEARLY: 366,
}


class NoItemsThere(Permanent):
    """A folder to be checked that is not there or holds no item files."""

    code: ClassVar[str] = "HUB-791"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about one item file.

    Attributes:
        file: its name.
        line: where it stands, from 1; None where no line can be told.
        place: the same as a person finds it.
        wrong, act: what is wrong and what to do, in Chinese.
        blocking: whether the hub refuses to start with it; otherwise it is only worth knowing.
    """

    file: str
    line: int | None
    place: str
    wrong: str
    act: str
    blocking: bool = True

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Read:
    path: Path
    text: str
    table: Mapping[str, Any]
    item: ServiceItem

    def finding(self, place: tuple[int | str, ...], wrong: str, act: str, *, blocking: bool = True) -> Finding:
        words = place_words(place, self.table)
        return Finding(self.path.name, line_of(self.text, place), words, wrong, act, blocking)


def check(folder: Path = FOLDER) -> list[Finding]:
    """What is wrong, or worth knowing, in the item files of a folder; sorted by file and line. Changes nothing.

    Raises:
        NoItemsThere: there is no such folder, or no `*.toml` in it.
    """
    paths = [path for path in sorted(folder.glob("*.toml")) if path.name not in NO_ITEMS] if folder.is_dir() else []
    if not paths:
        raise NoItemsThere(
            f"{folder.name or folder}/ holds no item file (*.toml), or is no folder; nothing was checked. "
            "Name the folder of the items."
        )
    findings: list[Finding] = []
    purposes: Mapping[str, PurposeWord] = all_purposes()
    if (folder / PURPOSES_FILE).exists():
        try:
            purposes = load_purposes(folder)
        except DeclarationBroken as error:
            act = "每个 [[purpose]] 写 code、name、allows 三项，code 不重复"
            findings.append(_of_list(folder / PURPOSES_FILE, error, "用途清单", act))
    proofs: Sequence[Proof] = ()
    try:
        proofs = load_abolished(folder)
    except DeclarationBroken as error:
        act = "每个 [[proof]] 写 name、since、basis 三项，since 是日期"
        findings.append(_of_list(folder / ABOLISHED_FILE, error, "已取消的证明清单", act))
    read: list[_Read] = []
    for path in paths:
        found = _read(path)
        if isinstance(found, _Read):
            read.append(found)
        else:
            findings += found
    for one in read:
        findings += [*_item(one, purposes), *_abolished(one, proofs)]
        for number, material in enumerate(one.item.materials):
            findings += _material(one, number, material)
    findings += _together(read)
    return sorted(findings, key=lambda one: (one.file, one.line or 0, not one.blocking, one.place))


def _read(path: Path) -> _Read | list[Finding]:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return [Finding(path.name, None, "整个文件", "文件不是 UTF-8 编码", "用编辑器另存为 UTF-8")]
    except OSError as error:
        return [Finding(path.name, None, "整个文件", f"文件读不出来（{type(error).__name__}）", "检查文件和权限")]
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        wrong, act = toml_said(str(error))
        at = re.search(r"at line (\d+)", str(error))
        line = int(at[1]) if at else _last_line(text)
        return [Finding(path.name, line, f"第 {line} 行", wrong, act)]
    try:
        return _Read(path, text, table, ServiceItem.model_validate(table))
    except ValidationError as error:
        return [
            Finding(
                path.name,
                line_of(text, told["loc"], named_in(told)),
                place_words(told["loc"], table),
                *model_said(told, table),
            )
            for told in _without_echoes(error.errors(include_url=False, include_input=False))
        ]


def _without_echoes(errors: Sequence[Any]) -> list[Any]:
    """A list whose only entry is wrong is said to be too short as well; that helps nobody."""
    places = [tuple(error["loc"]) for error in errors]
    return [
        error
        for error, place in zip(errors, places, strict=True)
        if error["type"] != "too_short" or not any(len(p) > len(place) and p[: len(place)] == place for p in places)
    ]


def _last_line(text: str) -> int:
    """The last line with something in it: where a file ends too early."""
    return len(text.rstrip().split("\n"))


def _of_list(path: Path, error: DeclarationBroken, place: str, act: str) -> Finding:
    """What is wrong with a list that lies beside the items."""
    try:
        tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as broken:
        at = re.search(r"at line (\d+)", str(broken))
        return Finding(path.name, int(at[1]) if at else None, place, *toml_said(str(broken)))
    except (OSError, UnicodeDecodeError):
        return Finding(path.name, None, place, "文件读不出来，或者不是 UTF-8 编码", "用编辑器另存为 UTF-8")
    twice = "twice" in str(error)
    return Finding(path.name, None, place, "两项用了同一个 code" if twice else "写法不对", act)


def _abolished(one: _Read, proofs: Sequence[Proof]) -> Iterator[Finding]:
    for number, key, proof in asked_again(one.item, proofs):
        yield one.finding(
            ("materials", number, key),
            f"“{proof.name}”自 {proof.since} 起已取消（{proof.basis}），不得再要",
            "改用部门共享的事实，或者删去这个材料",
        )


def _item(one: _Read, purposes: Mapping[str, PurposeWord]) -> Iterator[Finding]:
    item = one.item
    if wrong_purposes(item, purposes):
        named = [purpose.code for purpose in item.purposes]
        strange = [code for code in named if code not in purposes]
        if not named:
            wrong = "没有写用途，谁也查不了这个事项"
        elif strange:
            wrong = f"用途 {'、'.join(strange)} 不在用途清单里"
        else:
            wrong = "同一个用途写了两次"
        yield one.finding(("purposes",), wrong, f"每个用途写一次，只写：{'、'.join(purposes)}")
    if item.licence_type is None:
        return
    try:
        kind = all_licence_types().get(item.licence_type)
        known = "、".join(all_licence_types())
    except DeclarationBroken:
        return  # the shipped declarations themselves are broken: that is told of the files concerned
    if kind is None:
        yield one.finding(
            ("licence_type",), f"没有叫 {item.licence_type} 的证照类型", f"改成其中之一：{known}；不发证的删去"
        )
        return
    if item.issues and kind.item != item.code:
        yield one.finding(
            ("licence_type",),
            f"证照类型 {kind.id} 由另一个事项颁发",
            "一个证照类型只由一个事项颁发；变更、延续、补发、注销的写明 licence_step，不发证的删去这一行",
        )
        return
    for line in kind.face:
        if line.source != "evidence" or item.licence_step is None or not item.licence_step.draws:
            continue
        material = next((known for known in item.materials if known.code == line.material), None)
        if material is None or line.field not in material.release:
            yield one.finding(
                ("materials",),
                f"证照照面的“{line.label}”要用 {line.material} 的 {line.field}，而事项不给出它",
                f"在 {line.material} 的 release 里补上 {line.field}，或者先改证照类型 {kind.id}",
            )


def _material(one: _Read, number: int, material: Material) -> Iterator[Finding]:
    place = ("materials", number)
    source = declarations().get(material.resource)
    if source is None:
        yield one.finding(
            (*place, "resource"), f"数据资源 {material.resource} 没有接入声明", "先声明它，见 docs/new-source.md"
        )
        return
    for agreement in (one_of for one_of in material.agree if one_of.resource not in declarations()):
        yield one.finding(
            (*place, "agree"), f"数据资源 {agreement.resource} 没有接入声明", "先声明它，见 docs/new-source.md"
        )
    yield from _trust(one, place, material, source)
    yield from _live(one, place, material, source)
    department = material.resource.partition(".")[0]
    if material.promise is not None and department in _NEVER_PROMISED:
        yield one.finding(
            (*place, "promise"),
            f"{_NEVER_PROMISED[department]}的事实不适用告知承诺（国办发〔2020〕42号）",
            "从 ways 里删去 promise，并删去 promise 一项",
        )
    if not source.reach.open:
        yield one.finding(
            (*place, "resource"),
            f"{source.department.zh}·{source.title} {source.reach.state}，这个材料现在总要申请人提交或者承诺",
            "不用改；来源开通以后自动生效",
            blocking=False,
        )
    cycle = _CYCLE_DAYS.get(source.update_cycle)
    if material.max_age_days is not None and cycle is not None and material.max_age_days < cycle:
        yield one.finding(
            (*place, "max_age_days"),
            f"来源{source.update_cycle}更新，{material.max_age_days} 天以内的数据常常没有",
            f"写 {cycle} 或者更大的数",
            blocking=False,
        )
    named = sorted({"citizen_id", "legal_representative_id"} & set(material.release))
    if named:
        yield one.finding(
            (*place, "release"),
            f"给出了公民身份号码（{'、'.join(named)}）",
            "办事人员一般不需要它；确实需要的，说明理由后保留",
            blocking=False,
        )


def _live(one: _Read, place: tuple[int | str, ...], material: Material, source: Declaration) -> Iterator[Finding]:
    """Whether the department can be asked about such a person; of a source that is not open nobody knows yet."""
    if Way.LIVE not in material.ways or not source.reach.open:
        return
    named = f"{source.department.zh}·{source.title}"
    if source.live is None:
        wrong = f"{named} 没有可以当场核验的接口（成批送来的文件都没有）"
    elif not set(source.live.kinds) & set(one.item.roles[material.role].kinds):
        wrong = f"{named} 不能按 {material.role} 的号码当场核验"
    else:
        return
    yield one.finding((*place, "ways"), wrong, "从 ways 里删去 live")


def _trust(one: _Read, place: tuple[int | str, ...], material: Material, source: Declaration) -> Iterator[Finding]:
    """A record of a lower level never satisfies, so a way that can only give such records leads nowhere."""
    ways = [way for way in material.ways if way in _DATA_WAYS]
    levels: dict[Way, Trust] = {way: source.trust for way in ways if way is not Way.LICENCE}
    if material.licence is not None:
        named = material.licence.resource
        licensed = declarations().get(named) if named else None
        if named and licensed is None:
            yield one.finding((*place, "licence"), f"数据资源 {named} 没有接入声明", "先声明它，见 docs/new-source.md")
            return
        try:
            if material.licence.type is not None and material.licence.type not in all_licence_types():
                yield one.finding(
                    (*place, "licence"),
                    f"没有叫 {material.licence.type} 的证照类型",
                    f"改成其中之一：{'、'.join(all_licence_types())}",
                )
        except DeclarationBroken:
            pass
        # what this hub issued is the issuer's own record
        levels[Way.LICENCE] = licensed.trust if licensed is not None else Trust.A
    short = [way for way, level in levels.items() if not level.reaches(material.trust)]
    if not short:
        return
    told = "、".join(f"{way.value} 只有 {levels[way].value} 级" for way in short)
    if len(short) == len(levels):
        yield one.finding(
            (*place, "trust"),
            f"要求可信等级 {material.trust.value}，而 {told}：没有一种取得方式能满足，这个材料永远要申请人提交",
            f"把 trust 降到 {max(level.value for level in levels.values())}，或者换一个更可信的数据资源",
        )
    else:
        yield one.finding(
            (*place, "ways"),
            f"要求可信等级 {material.trust.value}，而 {told}，这种方式不起作用",
            f"从 ways 里删去 {'、'.join(way.value for way in short)}，或者把 trust 降低",
        )


def _together(read: list[_Read]) -> Iterator[Finding]:
    """What only several files together show: versions of one item, two items of one name."""
    by_code: dict[str, list[_Read]] = {}
    for one in read:
        by_code.setdefault(one.item.code, []).append(one)
    for several in by_code.values():
        several.sort(key=lambda one: (one.item.in_force_from, one.item.version))
        if wrong_versions([one.item for one in several]):
            told = "；".join(
                f"{one.path.name}：版本 {one.item.version}，{one.item.in_force_from} 起" for one in several
            )
            yield several[-1].finding(
                ("in_force_from",),
                f"同一个事项代码的几个版本对不上（{told}）",
                "每个版本写不同的 in_force_from，较晚的版本号要大；若是两个事项，改其中一个的 code",
            )
            continue
        for later in several[1:]:
            if later.item.changed_by is None:
                yield later.finding(
                    ("version",),
                    "没有写这个版本为什么改",
                    "用 changed_by 写明依据：文件名称和文号",
                    blocking=False,
                )
    by_name: dict[str, dict[str, _Read]] = {}
    for one in read:
        by_name.setdefault(one.item.name, {})[one.item.code] = one
    for name, items in by_name.items():
        if len(items) > 1:
            files = [one.path.name for one in items.values()]
            last = list(items.values())[-1]
            yield last.finding(("name",), f"{'、'.join(files)} 都叫“{name}”，窗口分不清", "给其中一个改名")
