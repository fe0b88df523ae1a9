"""A new source from a sample: declaration, schema and contract test, written where nothing stands yet."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from connectors.declaration import Department, load_all
from core.errors import Permanent
from hub.source_render import TODO, Scaffold, declaration_text, schema_text, test_text
from hub.source_sample import Sample
from schemas.infer import InferredColumn, Kind, cursor_candidates, infer, key_candidates

#: The checkout this program runs from: where new files belong unless somebody says otherwise.
ROOT = Path(__file__).resolve().parent.parent

_NAME = re.compile(r"[a-z]+\.[a-z_]+")
_TABLE = re.compile(r"[a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)?")


class NameRefused(Permanent):
    """A new resource's name is not of the form `department.resource`, or is taken."""

    code: ClassVar[str] = "HUB-722"


class WouldOverwrite(Permanent):
    """A file that would be scaffolded is already there; nothing was written, nothing is ever overwritten."""

    code: ClassVar[str] = "HUB-723"


class KeyUnknown(Permanent):
    """The key of a new resource names a column the sample has not, or no column of the sample could be one."""

    code: ClassVar[str] = "HUB-724"


@dataclass(frozen=True, slots=True)
class Answers:
    """What a person may know beside the sample; what is None stays a TODO."""

    title: str | None = None
    department_zh: str | None = None
    department_en: str | None = None
    owner: str | None = None
    legal_basis: tuple[str, ...] = ()
    key: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NewFile:
    """One file to be written, relative to the root."""

    path: Path
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Plan:
    """A source that could be added. Nothing of the sample's rows is in it but the words of value sets."""

    name: str
    class_name: str
    rows: int
    columns: tuple[InferredColumn, ...]
    key: tuple[str, ...]
    key_candidates: tuple[tuple[str, ...], ...]
    cursor_candidates: tuple[str, ...]
    remarks: tuple[str, ...]
    files: tuple[NewFile, ...]
    next_steps: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "name": self.name,
            "rows": self.rows,
            "columns": [{**asdict(column), "kind": column.kind.value} for column in self.columns],
            "key": list(self.key),
            "key_candidates": [list(names) for names in self.key_candidates],
            "cursor_candidates": list(self.cursor_candidates),
            "remarks": list(self.remarks),
            "files": [str(file.path) for file in self.files],
            "next_steps": list(self.next_steps),
        }


def known_departments() -> dict[str, Department]:
    """The departments that are declared already, by id."""
    return {found.department.id: found.department for found in load_all().values()}


def check_name(name: str) -> None:
    """Refuse a name before anything is read.

    Raises:
        NameRefused: not `department.resource`, or declared already.
    """
    if not _NAME.fullmatch(name):
        raise NameRefused(
            f"{name!r} is no name for a resource. It is department.resource in small Latin letters (and _ behind the "
            "dot), e.g. hr.title. Nothing was written."
        )
    if name in load_all():
        raise NameRefused(f"{name} is declared already. Nothing was written; change its files, or take another name.")


def plan_source(name: str, sample: Sample, answers: Answers | None = None) -> Plan:
    """What the new source's files would be; writes nothing.

    Raises:
        NameRefused: not of the form `department.resource`, or taken.
        KeyUnknown: `answers.key` names a column that is not there, or no key can be proposed.
    """
    check_name(name)
    given = answers or Answers()
    columns = infer(sample.columns, sample.rows)
    candidates = key_candidates(columns, sample.rows)
    key = _key(sample, given.key, columns, candidates)
    cursors = cursor_candidates(columns, sample.columns)
    made = Scaffold(
        name=name,
        title=given.title or f"{TODO}：资源名称",
        department=_department(name.partition(".")[0], given),
        owner=given.owner or f"{TODO}：责任单位与科室",
        legal_basis=given.legal_basis or (f"{TODO}：法律依据",),
        origin=sample.origin,
        columns=columns,
        key=key,
        access=_access(sample, columns),
        caveats=tuple(_caveats(sample, columns)),
        unknown=("字段含义与取值（由样本推断）", "接入方式", "更新周期", "法律依据", "责任科室"),
        cycle="不定期" if sample.form in ("csv", "xlsx") else "每日",
        late_after_hours=8784 if sample.form in ("csv", "xlsx") else 36,
    )
    files = (
        NewFile(Path("connectors/resources") / f"{name}.toml", declaration_text(made)),
        NewFile(Path("schemas/records") / f"{made.module}.py", schema_text(made)),
        NewFile(Path("tests/sources") / f"test_{made.module}.py", test_text(made)),
    )
    return Plan(
        name=name,
        class_name=made.class_name,
        rows=len(sample.rows),
        columns=columns,
        key=key,
        key_candidates=candidates,
        cursor_candidates=cursors,
        remarks=tuple(_remarks(sample, columns, candidates, cursors, given)),
        files=files,
        next_steps=_next_steps(name, made, files, sample),
    )


def write_source(plan: Plan, root: Path = ROOT) -> tuple[Path, ...]:
    """Write the plan's files, all or none.

    Raises:
        WouldOverwrite: one of them is there; nothing was written.
    """
    paths = [root / file.path for file in plan.files]
    if standing := [path for path in paths if path.exists()]:
        raise WouldOverwrite(_taken(standing[0]))
    written: list[Path] = []
    try:
        for file, path in zip(plan.files, paths, strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8", newline="\n") as out:
                written.append(path)
                out.write(file.text)
    except FileExistsError as error:
        _take_back(written)
        raise WouldOverwrite(_taken(Path(str(error.filename)))) from None
    except OSError:
        _take_back(written)
        raise
    return tuple(paths)


def _taken(path: Path) -> str:
    return f"{path} is there already. Nothing was written; move it away, or take another name for the resource."


def _take_back(written: Sequence[Path]) -> None:
    for path in written:
        path.unlink(missing_ok=True)


def _department(name: str, given: Answers) -> Department:
    known = known_departments().get(name)
    if known is not None:
        # Two names for one department are refused on load, so what is declared stands.
        return known
    return Department(
        id=name, zh=given.department_zh or f"{TODO}：部门", en=given.department_en or f"{TODO}: department"
    )


def _key(
    sample: Sample,
    wanted: tuple[str, ...],
    columns: Sequence[InferredColumn],
    candidates: tuple[tuple[str, ...], ...],
) -> tuple[str, ...]:
    names = {column.source for column in columns}
    if strange := [name for name in wanted if name not in names]:
        raise KeyUnknown(f"the sample has no column {', '.join(strange)}. It has: {', '.join(sorted(names))}.")
    chosen = wanted or (sample.key if sample.key and set(sample.key) <= names else ()) or next(iter(candidates), ())
    if not chosen:
        raise KeyUnknown(
            f"no column of {sample.origin}, and no pair of columns, tells every row from every other. Ask the "
            "owner what does, and name it with --key (several times for several columns). Nothing was written."
        )
    return chosen


def _access(sample: Sample, columns: Sequence[InferredColumn]) -> str:
    if sample.form == "csv":
        return '[access]\nprotocol = "csv_file"\npattern = "*.csv"\ncursor = "file+offset"\npage_size = 1000\n'
    if sample.form == "xlsx":
        numbers = [
            f'"{column.source}"'
            for column in columns
            if column.kind in (Kind.CITIZEN, Kind.CREDIT, Kind.ANY_NUMBER) and column.source not in sample.numeric
        ]
        return f'[access]\nprotocol = "xlsx_file"\ncursor = "file"\nidentifiers = [{", ".join(numbers)}]\n'
    small = {name.lower() for name in sample.columns}
    if sample.form == "table" and {"cd_time", "row_guid", "cd_operation"} <= small and _TABLE.fullmatch(sample.origin):
        return (
            f'[access]\nprotocol = "exchange_db"\ntable = "{sample.origin}"\ncursor = "cd_time+row_guid"\n'
            "page_size = 1000\n"
        )
    return '[access] # TODO: how it comes; see docs/new-source.md for the protocols\nprotocol = "not_agreed"\n'


def _caveats(sample: Sample, columns: Sequence[InferredColumn]) -> list[str]:
    found = [f"由样本 {sample.origin} 的 {len(sample.rows)} 行推断，未与部门核对"]
    found += [
        f"{column.source} 的样本中有 {column.refused} 个值读不出，将被退回" for column in columns if column.refused
    ]
    if sample.broken:
        found.append(f"样本中有 {sample.broken} 行列数与表头不符，将被退回")
    return found


def _remarks(
    sample: Sample,
    columns: Sequence[InferredColumn],
    candidates: tuple[tuple[str, ...], ...],
    cursors: tuple[str, ...],
    given: Answers,
) -> list[str]:
    found = []
    for column in columns:
        if column.refused:
            found.append(
                f"{column.source}: read as {column.kind.value}; {column.refused} of {column.present} values are "
                "refused by it and will be set aside. Look whether they are faults or another way of writing."
            )
        if not column.named and not column.label:
            found.append(f"{column.source}: nobody here knows this name. Ask what it means, then name the field.")
        if column.kind is Kind.CODES:
            found.append(
                f"{column.source}: {len(column.values)} words were seen and made a value set. Ask for the whole list; "
                "any other word will be refused."
            )
        if column.present == 0:
            found.append(f"{column.source}: empty throughout the sample, so its kind is a guess.")
        if column.source in sample.numeric and column.kind in (Kind.CITIZEN, Kind.CREDIT, Kind.ANY_NUMBER, Kind.SHORT):
            found.append(f"{column.source}: some values are numbers and not text; an identifier may have lost digits.")
    found += [
        f"{name}: holds lists or objects. Decide what of them is wanted; they are kept as text."
        for name in sample.nested
    ]
    if sample.broken:
        found.append(f"{sample.broken} rows of the sample have more or fewer values than columns and were left out.")
    if len(sample.rows) < 100:
        found.append(f"only {len(sample.rows)} rows: kinds, keys and value sets are weak guesses.")
    if len(candidates) > 1 and not given.key:
        others = "; ".join("+".join(names) for names in candidates[1:])
        found.append(f"the key could also be {others} (--key).")
    if sample.form == "table" and not cursors:
        found.append("no column says when a row was changed: without one every reading has to take the whole table.")
    return found


def _next_steps(name: str, made: Scaffold, files: Sequence[NewFile], sample: Sample) -> tuple[str, ...]:
    declaration, schema, contract = (str(file.path) for file in files)
    steps = [
        f"Read {schema}: correct English names, kinds and value sets; class {made.class_name} is found by itself.",
        f"Read {declaration}: every TODO is something only the department can say.",
        f"hub source check {name}",
        f"python -m pytest {contract}",
    ]
    if "not_agreed" in made.access:
        steps.append("Agree how it comes, and write that under [access] (docs/new-source.md lists the protocols).")
    steps.append('When the source is really open: [reach] state = "已通", and its address into the sources file.')
    if sample.form in ("csv", "xlsx"):
        steps.append(f"hub collect {name} --file {sample.origin}")
    return tuple(steps)
