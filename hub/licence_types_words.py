"""What is wrong with a licence type or its templates, in Chinese and English, so that whoever wrote it can mend it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel

from hub.items_words import model_said
from schemas.licence_types import FaceField, LicenceType, ValidityRule
from schemas.licence_types.model import ISSUER_FIELDS, LICENCE_FIELDS
from schemas.records import Accept, Record, Result
from schemas.registry import MODELS


@dataclass(frozen=True, slots=True)
class Said:
    """What is wrong and what to do, in both languages."""

    wrong: str
    act: str
    wrong_en: str
    act_en: str


#: A statement of the model → what is wrong and what to do in Chinese, what to do in English.
#: `{0}` is the first thing the statement names, `{1}` the next; `{fields}` the fields of the record it names.
_SAID: Sequence[tuple[str, str, str, str]] = (
    (
        r"a validity has either years",
        "有效期要么写年数，要么写长期",
        "写 years = 5，或者写 long_term = true，只写一个",
        "Say years = 5 or long_term = true, not both.",
    ),
    (
        r"`remind_days` are days before",
        "提醒日期的写法不对",
        "写到期以前的天数，从大到小，不重复，例如 [90, 30, 7]",
        "Give the days before the end, the largest first, each once: [90, 30, 7].",
    ),
    (
        r"(\S+): evidence and nothing else names a material",
        "“{0}”的来源和 material 对不上",
        '来源是 evidence 时写 material = "M1"，别的来源不写 material',
        'Give material = "M1" where source is "evidence", and nowhere else.',
    ),
    (
        r"(\S+): a text has its words",
        "“{0}”的来源和 field、text 对不上",
        '来源是 text 时写 text = "固定的字"，别的来源写 field = "字段名"',
        'Give text = "…" where source is "text", and field = "…" everywhere else.',
    ),
    (
        r"(\S+): the hub assigns (.+), not (\S+)",
        "“{0}”：枢纽自己给不出 {2}",
        f"source 是 licence 时，field 只写其中之一：{'、'.join(sorted(LICENCE_FIELDS))}",
        f"Where source is licence, field is one of {', '.join(sorted(LICENCE_FIELDS))}.",
    ),
    (
        r"(\S+): of an issuer (.+) are known, not (\S+)",
        "“{0}”：发证机关没有 {2} 这一项",
        f"source 是 issuer 时，field 只写其中之一：{'、'.join(sorted(ISSUER_FIELDS))}",
        f"Where source is issuer, field is one of {', '.join(sorted(ISSUER_FIELDS))}.",
    ),
    (r"(\S+): (\S+) has no field (\S+)", "“{0}”：{1} 没有字段 {2}", "{fields}", "Take a field that {1} has: {names}"),
    (
        r"(\S+): a citizen's number does not go",
        "“{0}”会把公民身份号码印在证照上",
        "换一个字段；公民身份号码不上照面",
        "Take another field: a citizen's number never stands on a face.",
    ),
    (
        r"a number format holds",
        "证号格式不对：{{year}} 和 {{seq}} 都要有，而且各写一次",
        "例如 （测试）鄂武东西湖娱字〔{{year}}〕第{{seq:05d}}号",
        "Hold {{year}} and {{seq:05d}} once each, and no other braces.",
    ),
    (
        r"two lines of the face bear the (\S+) (.+)",
        "照面有两行的 {0} 都是 {1}",
        "给其中一行改一个",
        "Change one of the two.",
    ),
    (
        r"`sheets` are",
        "sheets 的写法不对",
        '写 ["original", "copy"]（正本和副本），或者 ["original"]（只有正本）',
        'Say ["original", "copy"], or ["original"].',
    ),
    (
        r"no item in force has the code (\S+)",
        "没有现在有效的事项用 {0} 这个代码",
        "照抄事项文件里的 code；事项是自己新写的，放进 items 文件夹，in_force_from 不晚于今天",
        "Copy `code` from the item's file; an item of your own lies in items/ and is in force by today.",
    ),
    (
        r"the item (.+) leads to (.+)",
        "事项“{0}”没有写颁发这种证照（它的 licence_type：{1}）",
        '在那个事项文件里写 licence_type = "本类型的 id"',
        "Name this type's id as licence_type in the item's file.",
    ),
    (
        r"the item (.+) is a later step",
        "事项“{0}”是后续环节，不颁发证照",
        "item 写颁发事项的代码，变更、延续等事项不写在这里",
        "Give the code of the item that issues; items of later steps name the type themselves.",
    ),
    (
        r"a second item begins this licence: (.+)",
        "另一个事项“{0}”也颁发这种证照",
        "一种证照只由一个事项颁发；那一个若是变更、延续，写上 licence_step",
        "Only one item issues it; a change or renewal says so in licence_step.",
    ),
    (
        r"(.+) renews a licence that has no end",
        "“{0}”要延续的证照没有期限",
        "给有效期写年数，或者删去那个延续事项",
        "Give the validity years, or take the renewal away.",
    ),
    (
        r"(\S+): (.+) does not release (\S+?)\.(\S+)",
        "“{0}”要用 {2} 的 {3}，而事项“{1}”不给出它",
        "在那个事项 {2} 的 release 里补上 {3}",
        "Add {3} to the release of {2} in that item's file.",
    ),
)

#: A problem of a template, as the reader tells it → the same.
_OF_TEMPLATE: Sequence[tuple[str, str, str, str]] = (
    (
        r"row (\S+) of the original has no place",
        "正本有的 {0} 一行，副本没有",
        '在副本模板里加一节 [[row]]，写 key = "{0}" 和位置',
        "Add a [[row]] with that key to the duplicate.",
    ),
    (
        r"row (\S+) is not one of the original",
        "副本的 {0} 一行，正本没有",
        "删去它，或者先加到正本模板里",
        "Take it away, or add it to the original first.",
    ),
    (r"row (\S+) stands twice", "{0} 一行写了两次", "删去其中一次", "Take one away."),
    (
        r"row (\S+) reaches beyond the page",
        "{0} 一行伸到纸外",
        "改小 x、width、top 或者 height；正本纸 420×297 毫米，副本 297×210 毫米",
        "Make x + width and top + height fit the page (420 × 297 mm, duplicate 297 × 210 mm).",
    ),
    (
        r"row (\S+): least <= size <= height",
        "{0} 一行的字号不对：要 least ≤ size ≤ height",
        "改这三个数",
        "Let least be at most size, and size at most height.",
    ),
    (r"colour (\S+) is not declared", "没有叫 {0} 的颜色", "在 [colours] 里写上它", "Declare it under [colours]."),
    (
        r"colour (\S+) is not of the form",
        "颜色 {0} 的写法不对",
        "写成 #rrggbb，例如 #3f7d4e",
        "Write it as #rrggbb.",
    ),
    (
        r"the QR code or a seal reaches",
        "二维码或者印章伸到纸外",
        "改小 x、y",
        "Move it inside the page.",
    ),
    (r"(.+): unknown key (\S+)", "没有叫 {1} 的一项（{0}）", "改正或者删去它", "Correct it or take it away."),
    (
        r"unknown table or key (\S+)",
        "没有叫 {0} 的一节",
        "改正或者删去它；可写的见 documents/templates/README.md",
        "Correct it or take it away.",
    ),
    (
        r"(.+): (\S+) = (.+) is no (\S+)",
        "{0} 的 {1} 写法不对",
        "数字不加引号；其余见 documents/templates/README.md",
        "Numbers bear no quotes; documents/templates/README.md tells the rest.",
    ),
    (
        r"field (.+) needs (.+), which",
        "字库里没有 {0} 里的字 {1}",
        "换一个写法；标题和标签用的粗体字库只有常用字（GB 2312）",
        "Write it with other characters: the bold face of titles and labels has those of GB 2312 only.",
    ),
    (
        r"title, page.width and page.height",
        "没有标题，或者没有写 frame",
        '写 frame = "certificate" 和 title = "证照名称"；副本写 frame = "copy"',
        'Say frame = "certificate" and title; the duplicate frame = "copy".',
    ),
)
_UNTOLD = (
    "模板用不了：{0}",
    "对照 documents/templates/README.md 改正",
    "Correct it as documents/templates/README.md says.",
)

_TYPES_EN: Mapping[str, str] = {
    "missing": "Add it.",
    "extra_forbidden": "Take it away, or correct its name.",
    "string_type": "Put the text in quotes.",
    "string_pattern_mismatch": "Correct it as docs/new-licence-type.md shows.",
}
_PATTERNS: Mapping[str, tuple[str, str, str]] = {
    "id": ("id 的写法不对", "小写字母开头，只用小写字母、数字和连字符，例如 night-market", "Like night-market."),
    "type_code": (
        "类型代码的写法不对",
        "21 位：定义机关的统一社会信用代码 18 位，加 3 位顺序号；没有核实的写占位代码，type_code_verified = false",
        "21 characters: the defining authority's credit code and three digits.",
    ),
    "key": ("key 的写法不对", "只用小写字母和下划线，例如 holder_code", "Lower-case letters and underscores only."),
}


def type_said(error: Mapping[str, Any], table: Mapping[str, Any]) -> Said:
    """One error of the model, as pydantic tells it."""
    kind, place, message = str(error["type"]), tuple(error["loc"]), str(error["msg"])
    last = str(place[-1]) if place else ""
    if kind == "value_error":
        return statement_said(message.removeprefix("Value error, "))
    english = message.rstrip(".") + "."
    if kind == "extra_forbidden":
        known = _keys_at(place[:-1])
        near = get_close_matches(last, known, 1)
        act = f"是不是 {near[0]}？" if near else f"删去它；这里可以写：{'、'.join(known)}"
        return Said(f"没有叫 {last} 的一项", act, english, f"Known here are {', '.join(known)}.")
    if kind == "string_pattern_mismatch" and last in _PATTERNS:
        wrong, act, act_en = _PATTERNS[last]
        return Said(wrong, act, english, act_en)
    wrong, act = model_said(error, table)
    return Said(
        wrong, act.replace("docs/items.md", "docs/new-licence-type.md"), english, _TYPES_EN.get(kind, "Correct it.")
    )


def statement_said(statement: str) -> Said:
    """A statement of the model about a type whose parts are each right, or about one line of its face."""
    return _said(statement, _SAID) or Said(
        "写法前后对不上", "对照 docs/new-licence-type.md 里的例子改正", statement, "Correct it."
    )


def template_said(problem: str) -> Said:
    """One problem of a template."""
    wrong, act, act_en = _UNTOLD
    return _said(problem, _OF_TEMPLATE) or Said(wrong.format(problem), act, f"The template says: {problem}.", act_en)


def _said(statement: str, table: Sequence[tuple[str, str, str, str]]) -> Said | None:
    for pattern, wrong, act, act_en in table:
        if found := re.match(pattern, statement):
            told = [part or "" for part in found.groups()]
            names = _fields_of(told[1]) if "has no field" in pattern else {}
            fields = f"改成其中之一：{'、'.join(f'{name}（{zh}）' for name, zh in names.items())}"
            english = statement[0].upper() + statement[1:].rstrip(".") + "."
            more = {"fields": fields, "names": ", ".join(names)}
            return Said(wrong.format(*told), act.format(*told, **more), english, act_en.format(*told, **more))
    return None


def _fields_of(schema: str) -> dict[str, str]:
    models: Mapping[str, type[Record]] = {**MODELS, Accept.schema_name: Accept, Result.schema_name: Result}
    model = models.get(schema)
    return {} if model is None else {name: model.label(name)[0] for name in model.model_fields}


def _keys_at(place: Sequence[int | str]) -> list[str]:
    models: Mapping[str, type[BaseModel]] = {"face": FaceField, "validity": ValidityRule}
    names = [str(part) for part in place if isinstance(part, str)]
    model = next((models[name] for name in reversed(names) if name in models), LicenceType)
    return list(model.model_fields)
