"""The three files of a new source as text: declaration, schema, contract test. What is not known stays a TODO."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from unicodedata import east_asian_width

from connectors.declaration import Department
from schemas.infer import InferredColumn, Kind

TODO: Final = "TODO"
#: Made-up values for the contract test, right by their check characters and nobody's.
_CITIZEN, _COMPANY = "420112199001010017", "91420112MA0000001E"
_WIDTHS: Final = {Kind.PERSON: 100, Kind.ORGANISATION: 200, Kind.ADDRESS: 300, Kind.SHORT: 50, Kind.NUMBER: 128}
#: For each kind a value it refuses, and the reason the refusal bears.
_SPOILT: Final = {
    Kind.CITIZEN: (_CITIZEN[:-1] + "1", "R-011"),
    Kind.CREDIT: (_COMPANY[:-1] + "F", "R-021"),
    Kind.ANY_NUMBER: (_CITIZEN[:-1] + "1", "R-011"),
    Kind.DIVISION: ("东西湖区", "R-030"),
    Kind.PAST_DAY: ("2020-02-30", "R-040"),
    Kind.DAY: ("2020-02-30", "R-040"),
    Kind.UNTIL: ("很久", "R-040"),
    Kind.MONTH: ("202013", "R-040"),
    Kind.MOMENT: ("昨天", "R-040"),
    Kind.CAPITAL: ("若干", "R-050"),
    Kind.YUAN: ("若干", "R-050"),
    Kind.QUANTITY: ("若干", "R-002"),
    Kind.FLAG: ("2", "R-003"),
    Kind.CODES: ("不在取值之内", "R-003"),
}


@dataclass(frozen=True, slots=True)
class Scaffold:
    """Everything the three files are made from; `access` is the finished TOML section."""

    name: str
    title: str
    department: Department
    owner: str
    legal_basis: tuple[str, ...]
    origin: str
    columns: tuple[InferredColumn, ...]
    key: tuple[str, ...]
    access: str
    caveats: tuple[str, ...]
    unknown: tuple[str, ...]
    cycle: str
    late_after_hours: int

    @property
    def class_name(self) -> str:
        """The model's name: `hr.title` → `HrTitle`."""
        return "".join(part.capitalize() for part in re.split(r"[._]", self.name))

    @property
    def module(self) -> str:
        """The schema's file: `hr.title` → `hr_title`."""
        return self.name.replace(".", "_")


def declaration_text(made: Scaffold) -> str:
    """`connectors/resources/<name>.toml`."""
    department = made.department
    optional = [column.source for column in made.columns if column.present == 0 and column.source not in made.key]
    lines = [
        f"# Scaffolded from {_plain(made.origin)}. Every TODO is something a sample cannot tell: ask the owner,",
        "# write it, and run `hub source check`. Nothing is verified until the department has confirmed it in writing.",
        f"name = {_quoted(made.name)}",
        f"title = {_quoted(made.title)}",
        f"department = {{ id = {_quoted(department.id)}, zh = {_quoted(department.zh)}, "
        f"en = {_quoted(department.en)} }}",
        f"owner = {_quoted(made.owner)}",
        f"legal_basis = {_array(made.legal_basis)}",
        'share_class = "有条件" # 无条件 / 有条件 / 不予: as the catalogue of shared resources says',
        f"update_cycle = {_quoted(made.cycle)} # 实时 / 每日 / 每周 / 每月 / 每季度 / 每年 / 不定期",
        f"late_after_hours = {made.late_after_hours}",
        'trust = "C" # A, B: the issuer\'s own record; C: a copy; D: what somebody said of himself',
        f"schema = {_quoted(made.name)}",
        f"columns = {_array([column.source for column in made.columns])}",
        f"key = {_array(made.key)}",
    ]
    if optional:
        lines.append(f"optional = {_array(optional)} # empty throughout the sample")
    lines += [
        f'freshness = "{TODO}：数据何时齐全，更正与删除如何送达"',
        f"caveats = {_array(made.caveats)}",
        "",
        made.access.rstrip(),
        "",
        "[reach] # 未开通 / 待授权 / 已通; a source that is not 已通 never looks healthy",
        'state = "未开通"',
        'note = "由样本生成，尚未与部门核对"',
        'asked = [] # { who = "…", on = 2026-01-31, answer = "…" } for each time somebody was asked',
        "",
        "[band] # once verified, a batch outside it is stopped; fill in `rows` when some batches have been seen",
        "rejected = [0.0, 0.2]",
        "verified = false",
        "",
        "[clocks] # 校核 in working days; not agreed with the owner yet",
        "correction_working_days = 10",
        "verified = false",
        "",
        "[honesty]",
        "verified = false",
        f"unknown = {_array(made.unknown)}",
    ]
    return "\n".join(lines) + "\n"


def schema_text(made: Scaffold) -> str:
    """`schemas/records/<module>.py`."""
    kinds = sorted({column.kind.value for column in made.columns if column.kind is not Kind.CODES})
    sets = [column for column in made.columns if column.kind is Kind.CODES]
    subjects = [column for column in made.columns if column.kind in _SUBJECTS]
    by_source = {column.source: column.field for column in made.columns}
    lines = [
        f'"""{_plain(made.department.zh)}: {_plain(made.title)}."""',
        "",
        "from __future__ import annotations",
        "",
        *(["from enum import StrEnum"] if sets else []),
        "from typing import ClassVar",
        "",
        "from schemas.records.base import Record, Subject",
        f"from schemas.records.columns import {', '.join((*kinds, 'column'))}",
    ]
    for column in sets:
        lines += [
            "",
            "",
            f"class {_set_name(made, column)}(StrEnum):",
            f'    """{_plain(column.label or column.source)}, as seen in the sample.',
            "",
            "    TODO: ask for the whole list, and give the members names.",
            '    """',
            "",
            *(f"    VALUE_{number} = {_quoted(value)}" for number, value in enumerate(column.values, 1)),
        ]
    lines += [
        "",
        "",
        f"class {made.class_name}(Record):",
        f'    """{_plain(made.title)} ({made.name})."""',
        "",
        f'    schema_name: ClassVar[str] = "{made.name}"',
        f"    key_fields: ClassVar[tuple[str, ...]] = ({', '.join(_quoted(by_source[name]) for name in made.key)},)",
        "",
    ]
    for column in made.columns:
        lines += _field_lines(made, column)
    lines += ["", "    def subjects(self) -> tuple[Subject, ...]:", '        """Whom a record speaks of."""']
    lines += _subject_lines(made, subjects, by_source)
    return "\n".join(lines) + "\n"


def test_text(made: Scaffold) -> str:
    """`tests/sources/test_<module>.py`: made-up rows only, nothing of the sample."""
    row = {column.source: example(column) for column in made.columns}
    needed = [column.source for column in made.columns if _is_mandatory(made, column)]
    spoilt = [(column.source, *_SPOILT[column.kind]) for column in made.columns if column.kind in _SPOILT] + [
        (column.source, "测" * (_WIDTHS[column.kind] + 1), "R-004") for column in made.columns if column.kind in _WIDTHS
    ]
    rows = "\n".join(f"    {_quoted(name)}: {_quoted(value)}," for name, value in row.items())
    cases = "\n".join(f"    ({_quoted(name)}, {_python(value)}, {_quoted(code)})," for name, value, code in spoilt)
    return f'''"""{_plain(made.title)} ({made.name}): what its declaration, its schema and its rows promise one another.

The row is made up. Never put a row of the department's here.
"""

from __future__ import annotations

import pytest

from connectors.registry import declaration
from schemas.judge import canonical, judge, judge_deletion, restore
from schemas.registry import model

NAME = {_quoted(made.name)}
ROW = {{
{rows}
}}
MANDATORY = {json.dumps(needed, ensure_ascii=False)}
SPOILT = [
{cases}
]


def test_declaration_and_schema_name_the_same_columns_and_key() -> None:
    declared, schema = declaration(NAME), model(NAME)
    columns = {{column.lower() for column in declared.columns}}
    assert columns - schema.ignored == set(schema.field_of), "a column is in the declaration or in the schema only"
    assert [schema.column_of[field] for field in schema.key_fields] == [column.lower() for column in declared.key]


def test_a_good_row_is_accepted_and_comes_back_as_it_was() -> None:
    verdict = judge(NAME, ROW)
    assert verdict.reasons == ()
    assert verdict.unknown == ()
    assert verdict.record is not None
    assert restore(NAME, canonical(verdict.record)) == verdict.record


@pytest.mark.parametrize("column", MANDATORY)
def test_a_row_without_a_mandatory_value_is_refused_for_that(column: str) -> None:
    refused = judge(NAME, {{**ROW, column: ""}})
    assert ("R-001", column.lower()) in [(reason.code, reason.column) for reason in refused.reasons]


@pytest.mark.parametrize(("column", "value", "code"), SPOILT)
def test_a_spoilt_value_is_refused_for_what_is_wrong_with_it(column: str, value: str, code: str) -> None:
    refused = judge(NAME, {{**ROW, column: value}})
    assert refused.record is None
    assert (code, column.lower()) in [(reason.code, reason.column) for reason in refused.reasons]


def test_a_deletion_needs_the_key_and_nothing_else() -> None:
    key = {{column: ROW[column] for column in declaration(NAME).key}}
    assert isinstance(judge_deletion(NAME, key), str)
'''


def example(column: InferredColumn) -> str:
    """A made-up value of the column's kind."""
    if column.kind is Kind.CODES:
        return column.values[0]
    return {
        Kind.CITIZEN: _CITIZEN,
        Kind.CREDIT: _COMPANY,
        Kind.ANY_NUMBER: _CITIZEN,
        Kind.DIVISION: "420112",
        Kind.PAST_DAY: "2020-03-02",
        Kind.DAY: "2031-03-01",
        Kind.UNTIL: "长期",
        Kind.MONTH: "202003",
        Kind.MOMENT: "2020-03-02 08:30:00",
        Kind.CAPITAL: "30(万元)",
        Kind.YUAN: "1234.50",
        Kind.QUANTITY: "89.5",
        Kind.FLAG: "1",
        Kind.PERSON: "测试甲",
        Kind.ORGANISATION: "武汉测试有限公司",
        Kind.ADDRESS: "武汉市东西湖区测试路1号",
    }.get(column.kind, "测试")


_SUBJECTS: Final = (Kind.CITIZEN, Kind.CREDIT, Kind.ANY_NUMBER)


def _is_mandatory(made: Scaffold, column: InferredColumn) -> bool:
    return column.source in made.key or (column.mandatory and column.kind in _SUBJECTS)


def _set_name(made: Scaffold, column: InferredColumn) -> str:
    return made.class_name + "".join(part.capitalize() for part in column.field.split("_"))


def _field_lines(made: Scaffold, column: InferredColumn) -> list[str]:
    kind = _set_name(made, column) if column.kind is Kind.CODES else column.kind.value
    must = _is_mandatory(made, column)
    annotation = kind if must else f"{kind} | None"
    label = column.label or f"{column.source}（TODO：含义）"
    english = column.field.replace("_", " ")
    default = "" if must else ", default=None"
    told = f'column({_quoted(column.source.lower())}, {_quoted(label)}, {_quoted(english)}, "U"{default})'
    line = f"    {column.field}: {annotation} = {told}"
    if not column.named and not column.label:
        line += "  # TODO: what is it?"
    # A Chinese sign takes the room of two letters, in an editor as in the line-length rule.
    if sum(2 if east_asian_width(sign) in "WF" else 1 for sign in line) <= 120:
        return [line]
    return [
        f"    {column.field}: {annotation} = column(",
        f'        {_quoted(column.source.lower())}, {_quoted(label)}, {_quoted(english)}, "U"{default}',
        "    )",
    ]


def _subject_lines(made: Scaffold, subjects: Sequence[InferredColumn], by_source: dict[str, str]) -> list[str]:
    if not subjects:
        first = by_source[made.key[0]]
        return [
            "        # TODO: no citizen number and no credit code was seen; the record is found by its key only.",
            f'        return (Subject("other", str(self.{first})),)',
        ]
    lines = ["        found: list[Subject] = []"]
    for column in subjects:
        indent = "        "
        if not _is_mandatory(made, column):
            lines.append(f"        if self.{column.field} is not None:")
            indent += "    "
        if column.kind is Kind.ANY_NUMBER:
            lines += [
                f"{indent}holder = self.{column.field}",
                f'{indent}word = "citizen" if holder.citizen else "company" if holder.company else "other"',
                f"{indent}found.append(Subject(word, holder.number))",
            ]
        else:
            word = "citizen" if column.kind is Kind.CITIZEN else "company"
            lines.append(f'{indent}found.append(Subject("{word}", self.{column.field}.text))')
    lines.append("        return tuple(dict.fromkeys(found))")
    if all(not _is_mandatory(made, column) for column in subjects):
        first = by_source[made.key[0]]
        lines[-1] = f'        return tuple(dict.fromkeys(found)) or (Subject("other", str(self.{first})),)'
    return lines


def _quoted(text: str) -> str:
    """A string as TOML and Python both read it."""
    return json.dumps(text, ensure_ascii=False)


def _python(text: str) -> str:
    """A long run of one character is written as a product."""
    if len(text) > 40 and len(set(text)) == 1:
        return f"{_quoted(text[0])} * {len(text)}"
    return _quoted(text)


def _plain(text: str) -> str:
    """Text for a comment or docstring: one line, no quotes that could end it."""
    return " ".join(text.replace('"', "'").replace("\\", "/").split())


def _array(values: Sequence[str]) -> str:
    short = f"[{', '.join(map(_quoted, values))}]"
    if len(short) <= 80:
        return short
    return "[\n" + "".join(f"    {_quoted(value)},\n" for value in values) + "]"
