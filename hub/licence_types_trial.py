"""A licence type drawn on trial: every line of its face once with the longest words it may plausibly hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any, get_args

from core.errors import HubError
from documents.errors import GlyphMissing, TextOverflow
from documents.licence import LicencePage, SheetKind, draw_set, set_sheets
from documents.render import render
from hub.licence_types_words import Said
from schemas.identifiers.licence import LicenceId
from schemas.licence_types import FaceField, LicenceType
from schemas.records import Accept, Result
from schemas.registry import MODELS

#: Longest a record takes → longest that is plausible on a face: a person, an organisation, an address, a scope.
_PLAUSIBLE = {100: 30, 200: 60, 300: 80, 2000: 2000, 4000: 2000}
_OTHERWISE = 30
#: Common words, so that what fails is the room and not a rare sign.
_WORDS = "武汉市东西湖区金银湖街道环湖路商务中心综合服务有限公司（自主申报）"
_BUREAU = "11420112MB0000000M"
_ORGAN = "武汉市东西湖区行政审批局（测试）"


def trial(kind: LicenceType) -> Iterator[tuple[str, SheetKind, Said]]:
    """(key of the line, sheet, what is wrong) for every line that cannot be drawn on a sheet."""
    short = {line.key: _short(kind, line) for line in kind.face}
    for sheet in map(SheetKind, kind.sheets):
        page = _page(kind, short, sheet)
        failed = set()
        for line in kind.face:
            words = _longest(kind, line)
            try:
                set_sheets([replace(page, fields={**short, line.key: words})])
            except TextOverflow as error:
                key = error.field
                if key not in failed:
                    failed.add(key)
                    yield key, sheet, _overflow(len(words) if key == line.key else len(short.get(key, "")))
            except GlyphMissing as error:
                if error.field not in failed:
                    failed.add(error.field)
                    yield error.field, sheet, _glyph(error)
            except HubError as error:
                yield line.key, sheet, Said("画不出来", "按英文的说明改正", error.message, "Correct it.")
                return


#: Words as they often are, for a picture; what is not here shows its label.
_USUAL = {
    "OrgName": "武汉云杉综合服务有限公司",
    "address": "武汉市东西湖区田园大道8号（10）",
    "scope": "信息咨询服务；会议及展览服务（依法须经批准的项目，经相关部门批准后方可开展经营活动）。",
    "legal_representative": "欧阳舟",
    "credit_code": "91420112MA4K000X1Q",
    "capital": "200万元人民币",
}


def pictures(kind: LicenceType, dpi: float = 70) -> list[bytes]:
    """Every sheet with usual words as a PNG, marked 测试, without a seal.

    Raises:
        TemplateBroken, FieldsUnfit, TextOverflow, GlyphMissing: it cannot be drawn.
    """
    words = {line.key: _assigned(kind, line) or _usual(line) for line in kind.face}
    return render(draw_set([_page(kind, words, SheetKind(sheet)) for sheet in kind.sheets]), dpi=dpi)


def _usual(line: FaceField) -> str:
    if line.key == "holder":
        return _USUAL["OrgName"]
    return _USUAL.get(line.field or "", f"（{line.label}）")


def _overflow(length: int) -> Said:
    return Said(
        f"放不下：这一行可能有 {length} 个字",
        '加高 height、加宽 width 或者减小 least；经营范围一类的长文字写 annex = "详见附页"',
        f"It does not fit: this line may have {length} characters.",
        'Give it more height or width, or a smaller `least`; long texts get annex = "详见附页".',
    )


def _glyph(error: GlyphMissing) -> Said:
    signs = "、".join(error.code_points)
    return Said(
        f"字库里没有这个字：{signs}", "换一个写法", f"The font lacks {signs}.", "Write it with other characters."
    )


def _page(kind: LicenceType, fields: dict[str, str], sheet: SheetKind) -> LicencePage:
    return LicencePage(
        template=kind.id,
        fields=fields,
        metadata={},
        data_xml=b"<a/>",
        qr_text="https://hub.example/v/" + "A" * 22,
        doc_id="0" * 32,
        title=kind.name,
        creator=_ORGAN,
        created=date(2026, 1, 1),
        test_mark=True,
        sheet=sheet,
    )


def _short(kind: LicenceType, line: FaceField) -> str:
    return _assigned(kind, line) or "武汉"


def _longest(kind: LicenceType, line: FaceField) -> str:
    if assigned := _assigned(kind, line):
        return assigned
    model: Any = {"accept": Accept, "result": Result}.get(line.source) or _model_of(kind, line)
    field = model.model_fields.get(line.field) if model is not None else None
    longest = _limit(field.metadata) or _limit([field.annotation]) if field is not None else 0
    return (_WORDS * 100)[: _PLAUSIBLE.get(longest, _OTHERWISE)]


def _limit(parts: Iterable[Any]) -> int:
    """The `max_length` somewhere in what a field is declared as; 0 where it says none."""
    for part in parts:
        found = getattr(part, "max_length", None) or _limit(get_args(part))
        if found:
            return int(found)
    return 0


def _model_of(kind: LicenceType, line: FaceField) -> Any:
    for item in kind.items:
        for material in item.materials:
            if material.code == line.material and item.code == kind.item:
                return MODELS[material.resource]
    return None


def _assigned(kind: LicenceType, line: FaceField) -> str:
    """What the hub, the issuer or the type itself puts there; its length is known."""
    if line.source == "text":
        return line.text or ""
    if line.source == "issuer":
        return _ORGAN if line.field == "name" else _BUREAU
    if line.source != "licence":
        return ""
    return {
        "number": kind.number(2026, 99999),
        "identifier": LicenceId.compose(kind.type_code, _BUREAU, "2026099999WWWWWWWWWW").text,
        "issued_on": "2026年12月31日",
        "validity": "2036年12月31日",
    }[line.field or ""]
