"""What is wrong with an item file, said so that a business person can put it right."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel

from schemas.items import Material, ServiceItem, Way
from schemas.items.conditions import Condition
from schemas.items.model import (
    Agreement,
    LegalBasis,
    LicenceWay,
    NamedBy,
    PromiseWay,
    Purpose,
    Role,
)
from schemas.registry import MODELS

_WAYS = "、".join(way.value for way in Way)

#: The statement of the model → what is wrong, what to do. `{0}` is the first thing the statement names, `{1}` the next.
_SAID: Sequence[tuple[str, str, str]] = (
    (r"there is no schema (\S+)", "没有叫 {0} 的数据资源", "改成下列之一：{schemas}"),
    (r"(\S+) has no field (\S+)", "数据资源 {0} 没有字段 {1}", "{fields}"),
    (r"(\S+) is never (.+)", "字段 {0} 从来不会是“{1}”", "改成它真正会有的值：{values}"),
    (
        r"(\S+) is neither a date nor a validity",
        "字段 {0} 不是日期，不能用 not_past",
        "换一个日期字段，或者改用 equals、in、present",
    ),
    (r"(\S+) is no date", "字段 {0} 不是日期，不能用 full_years 或 within_days", "换一个日期字段"),
    (r"(\S+) is no yes-or-no field", "字段 {0} 不是“是或否”，不能用 yes", "改用 equals 或 in"),
    (r"(\S+) is a yes-or-no field", "字段 {0} 只有是或否", "写成 yes = true"),
    (
        r"a condition says exactly one of",
        "一个条件里没有判断，或者写了不止一个",
        "只写其中一个：equals、in、not_past = true、present = true、yes = true、full_years、within_days",
    ),
    (
        r"`ways` are some of",
        "ways 的写法或者顺序不对",
        f"只写这些词，每个最多一次，并按这个顺序：{_WAYS}",
    ),
    (
        r"`(\w+)` stands in `ways` just when",
        "ways 里的 {0} 与材料下面的 {0} 一项没有同时出现",
        "两处要么都写，要么都不写",
    ),
    (r"a licence is named by", "licence 要写 resource 或者 type，只能写一个", "删去其中一个"),
    (r"a licence record needs the fields", "licence 没有写给出哪些字段", "补上 release"),
    (
        r"a licence of this hub releases",
        "licence 写了 type，就不能再写 requirement 和 release",
        "删去 requirement 和 release：本系统发的证只给出证号、名称和有效期",
    ),
    (
        r"an item has a role `applicant`",
        "没有申请人这个角色，或者申请人由别的记录带出",
        "写上 [roles.applicant]，只写 kinds，不写 named_by",
    ),
    (
        r"a step of a licence needs the `licence_type`",
        "写了 licence_step，没有写 licence_type",
        "补上 licence_type：它是哪一种证照的环节；与证照无关的，删去 licence_step",
    ),
    (r"two materials bear the same code", "两个材料用了同一个代码", "给其中一个换一个没有用过的代码，如 M9"),
    (
        r"(\S+) speaks of a role (\S+) that is not declared",
        "材料 {0} 说的角色 {1} 没有声明",
        "把 role 改成已有的角色，或者补上 [roles.{1}]",
    ),
    (
        r"the basis of purpose (\S+) is none",
        "用途 {0} 的依据不在本事项的 legal_basis 里",
        "把依据的名称写得和某一条 legal_basis 的 title 完全一样，或者补上那一条",
    ),
    (
        r"(\S+): (\S+) is no citizen number",
        "角色 {0} 由 {1} 带出，但那不是公民身份号码",
        "换成装着公民身份号码的字段，如 tax.registration 的 legal_representative_id",
    ),
    (
        r"(\S+) must be named by a record about the applicant",
        "角色 {0} 不是由申请人的记录带出的",
        '把 named_by 里的 role 写成 "applicant"',
    ),
)

_TYPES: Mapping[str, tuple[str, str]] = {
    "missing": ("少了必填的一项", "补上这一项"),
    "string_type": ("这里要写文字", "用英文双引号把文字括起来"),
    "string_too_short": ("不能是空的", "写上内容，或者删去这一行"),
    "int_type": ("这里要写整数", "写成数字，不加引号"),
    "int_parsing": ("这里要写整数", "写成数字，不加引号"),
    "int_from_float": ("这里要写整数", "写成没有小数的数字"),
    "greater_than": ("数字太小", "写 1 或者更大的整数"),
    "bool_type": ("这里只能写 true 或者 false", "写成 true 或者 false，不加引号"),
    "bool_parsing": ("这里只能写 true 或者 false", "写成 true 或者 false，不加引号"),
    "tuple_type": ("这里要写一组", '用方括号括起来，例如 ["甲", "乙"]'),
    "too_short": ("这里至少要写一项", "补上一项"),
    "model_type": ("这里要写一张小表", "用花括号括起来，例如 { field = … }"),
    "mapping_type": ("这里要写一张小表", "写成 [roles.applicant] 这样的小节"),
    "dict_type": ("这里要写一张小表", "写成 [roles.applicant] 这样的小节"),
    "date_type": ("这里要写日期", "写成 2026-01-01，不加引号"),
    "date_parsing": ("这里要写日期", "写成 2026-01-01，不加引号"),
    "date_from_datetime_parsing": ("这里要写日期", "写成 2026-01-01，不加引号"),
    "date_from_datetime_inexact": ("这里只写日期，不写钟点", "写成 2026-01-01，不加引号"),
}

_PATTERNS: Mapping[str, tuple[str, str]] = {
    "code": (
        "代码的写法不对",
        "事项代码是 31 位数字和大写字母（机关代码 18 位、层级 1 位、基本编码 12 位）；材料代码是 M1、M2……M99",
    ),
}

_PARTS: Mapping[str, str] = {
    "materials": "材料",
    "legal_basis": "依据",
    "purposes": "用途",
    "roles": "角色",
    "requirement": "条件",
    "agree": "印证",
    "named_by": "由谁带出",
    "purpose": "用途",
}

_MODELS: Mapping[str, type[BaseModel]] = {
    "materials": Material,
    "legal_basis": LegalBasis,
    "purposes": Purpose,
    "roles": Role,
    "requirement": Condition,
    "agree": Agreement,
    "named_by": NamedBy,
    "licence": LicenceWay,
    "promise": PromiseWay,
}

_TOML: Sequence[tuple[str, str, str]] = (
    (r"Cannot overwrite a value|Cannot declare", "同一项写了两次", "删去其中一次"),
    (r"Illegal character", "文字没有写完，后面少了一个英文双引号", "在这一行的末尾补上英文双引号"),
    (r"Unclosed array", "方括号没有合上", "在这一组的末尾补上 ]"),
    (r"Unclosed inline table", "花括号没有合上", "在这一行的末尾补上 }"),
    (r"Expected '\]+' at the end", "小节的名称没有写完", "写成 [[materials]] 或者 [roles.applicant]，括号要成对"),
    (r"Expected '=' after a key", "名称和值之间少了等号", "写成 名称 = 值"),
    (r"Invalid statement", "这一行看不懂", "写成 名称 = 值；说明文字前面加 #"),
    (r"Invalid value", "等号后面的值看不懂", "文字用英文双引号括起来，不用中文引号；数字、true、false 和日期不加引号"),
    (r"Expected newline", "值的后面还有多余的字", "一行只写一项；说明文字前面加 #；文字里不能有英文双引号"),
    (r"Unescaped|escape", "文字里有反斜杠", "去掉反斜杠，或者写成两个"),
)  # fmt: skip


def toml_said(message: str) -> tuple[str, str]:
    """(what is wrong, what to do) for a message of the TOML reader."""
    for pattern, wrong, act in _TOML:
        if re.search(pattern, message):
            return wrong, act
    return "文件不合 TOML 的写法", "对照 docs/items.md 里的例子检查这一行和上一行"


def model_said(error: Mapping[str, Any], table: Mapping[str, Any]) -> tuple[str, str]:
    """(what is wrong, what to do) for one error of the model.

    Args:
        error: as pydantic tells it: `type`, `loc`, `msg`, `ctx`.
        table: the file as read, for what stands around the place.
    """
    kind, place = str(error["type"]), tuple(error["loc"])
    last = str(place[-1]) if place else ""
    if kind == "value_error":
        return _value_error(str(error["msg"]).removeprefix("Value error, "), around(table, place))
    if kind == "extra_forbidden":
        known = _keys_at(place[:-1])
        near = get_close_matches(last, known, 1)
        return f"没有叫 {last} 的一项", f"是不是 {near[0]}？" if near else f"删去它；这里可以写：{'、'.join(known)}"
    if kind in ("enum", "literal_error"):
        allowed = re.findall(r"'([^']+)'", str(error.get("ctx", {}).get("expected", "")))
        return "这个词不在可写的词里", f"改成其中之一：{'、'.join(allowed)}"
    if kind == "string_pattern_mismatch":
        return _PATTERNS.get(last, ("写法不对", "对照 docs/items.md 里的例子改正"))
    return _TYPES.get(kind, ("写法不对", "对照 docs/items.md 里的例子改正"))


def place_words(place: Sequence[int | str], table: Mapping[str, Any]) -> str:
    """`("materials", 1, "release")` → `第 2 个材料 M2 › release`."""
    told: list[str] = []
    node: Any = table
    index = 0
    while index < len(place):
        part = place[index]
        node = _step(node, part)
        following = place[index + 1] if index + 1 < len(place) else None
        if isinstance(following, int):
            node = _step(node, following)
            name = node.get("code") or node.get("title") or "" if isinstance(node, Mapping) else ""
            told.append(f"第 {following + 1} 个{_PARTS.get(str(part), f' {part}')}{f' {name}' if name else ''}")
            index += 2
            continue
        if part == "roles" and following is not None:
            told.append(f"角色 {following}")
            node = _step(node, following)
            index += 2
            continue
        told.append(str(part))
        index += 1
    return " › ".join(told) or "整个文件"


def named_in(error: Mapping[str, Any]) -> tuple[str, ...]:
    """The words of the file that an error of the model names, the most telling first."""
    if str(error["type"]) != "value_error":
        return ()
    message = str(error["msg"]).removeprefix("Value error, ")
    found = next((match for pattern, _, _ in _SAID if (match := re.match(pattern, message))), None)
    return tuple(reversed([part for part in found.groups() if part])) if found else ()


def line_of(text: str, place: Sequence[int | str], named: Sequence[str] = ()) -> int | None:
    """The line a place stands in, counted from 1; the nearest one above it that can be told; None where none can.

    Args:
        named: words of which the first that stands within the place marks the line.
    """
    lines = text.split("\n")
    first, end, found = 0, len(lines), None
    parts = list(place)
    if len(parts) >= 2 and isinstance(parts[1], int):
        heads = [number for number, line in enumerate(lines) if line.strip() == f"[[{parts[0]}]]"]
        if len(heads) > parts[1]:
            first, found = heads[parts[1]], heads[parts[1]]
            parts = parts[2:]
            end = _section_end(lines, first)
    elif len(parts) >= 2 and parts[0] == "roles":
        heads = [number for number, line in enumerate(lines) if line.strip() == f"[roles.{parts[1]}]"]
        if heads:
            first, found, parts = heads[0], heads[0], parts[2:]
            end = _section_end(lines, first)
    else:
        end = next((number for number, line in enumerate(lines) if line.startswith("[")), len(lines))
    key = next((str(part) for part in parts if isinstance(part, str)), None)
    if key is not None:
        pattern = re.compile(rf"^\s*\"?{re.escape(key)}\"?\s*=")
        found = next((number for number in range(first, end) if pattern.match(lines[number])), found)
    for word in named if key is None else ():
        at = next((number for number in range(first, end) if f'"{word}"' in lines[number]), None)
        if at is not None:
            return at + 1
    return None if found is None else found + 1


def around(table: Mapping[str, Any], place: Iterable[int | str]) -> Mapping[str, Any]:
    """The innermost table of the file that a place lies in."""
    node: Any = table
    inner: Mapping[str, Any] = table
    for part in place:
        node = _step(node, part)
        if isinstance(node, Mapping):
            inner = node
    return inner


def fields_of(resource: str) -> str:
    """Every field of a resource with its Chinese label."""
    model = MODELS[resource]
    return "、".join(f"{name}（{model.label(name)[0]}）" for name in model.model_fields)


def _value_error(message: str, table: Mapping[str, Any]) -> tuple[str, str]:
    for pattern, wrong, act in _SAID:
        if found := re.match(pattern, message):
            told = [part or "" for part in found.groups()]
            return wrong.format(*told), act.format(
                *told,
                schemas="、".join(MODELS),
                fields=_near_field(*told) if "{fields}" in act else "",
                values=_values_of(table, told[0]) if "{values}" in act else "",
            )
    return "写法前后对不上", "对照 docs/items.md 里的例子改正"


def _near_field(resource: str, field: str) -> str:
    known = list(MODELS[resource].model_fields)
    near = get_close_matches(field, known, 1)
    return f"{f'是不是 {near[0]}？' if near else ''}可写的字段：{fields_of(resource)}"


def _values_of(table: Mapping[str, Any], field: str) -> str:
    """The words a coded field can have, looked for in the resources the place names."""
    resources = [table.get("resource"), *(one.get("resource") for one in table.values() if isinstance(one, Mapping))]
    for resource in resources:
        model = MODELS.get(str(resource))
        if model is None or field not in model.model_fields:
            continue
        kind = model.model_fields[field].annotation
        for part in (kind, *get_args(kind)):
            if isinstance(part, type) and hasattr(part, "__members__"):
                return "、".join(str(member.value) for member in part.__members__.values())
    return "见该资源的代码表"


def _keys_at(place: Sequence[int | str]) -> list[str]:
    names = [str(part) for part in place if isinstance(part, str)]
    model = next((_MODELS[name] for name in reversed(names) if name in _MODELS), ServiceItem)
    return [str(field.alias or name) for name, field in model.model_fields.items()]


def _section_end(lines: Sequence[str], first: int) -> int:
    return next((number for number in range(first + 1, len(lines)) if lines[number].startswith("[")), len(lines))


def _step(node: Any, part: int | str) -> Any:
    if isinstance(node, Mapping):
        return node.get(part)
    if isinstance(node, list) and isinstance(part, int) and part < len(node):
        return node[part]
    return None
