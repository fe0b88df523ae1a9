"""The register of sources: is each declaration complete and consistent, and how does a source stand."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from connectors.access import NotAgreed
from connectors.agreement import ReachState
from connectors.declaration import RESOURCES, Declaration, DeclarationRefused, load
from connectors.registry import UnknownResource
from hub.freshness import Kind
from schemas.errors import SchemaUnknown
from schemas.registry import model
from store.freshness import Known

_TODO = "TODO"


class Level(StrEnum):
    """How much a finding matters."""

    WRONG = "wrong"
    MISSING = "missing"
    REMARK = "remark"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to be said about a declaration, in plain words with what to do."""

    level: Level
    text: str


@dataclass(frozen=True, slots=True)
class Checked:
    """One declaration and what was found."""

    name: str
    path: str
    state: str
    findings: tuple[Finding, ...]

    @property
    def complete(self) -> bool:
        """Whether nothing is wrong or missing; remarks may remain."""
        return all(finding.level is Level.REMARK for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {**asdict(self), "complete": self.complete, "findings": [asdict(found) for found in self.findings]}


def check_sources(target: str | Path | None = None, *, folder: Path = RESOURCES) -> list[Checked]:
    """Check every declaration of a folder, or the one a name or path names. A broken one is a finding, not an error.

    Raises:
        UnknownResource: `target` is neither a file nor a declared name.
    """
    if target is None:
        return _with_names_apart([_checked(path) for path in sorted(folder.glob("*.toml"))])
    path = Path(target)
    if path.suffix != ".toml":
        path = folder / f"{target}.toml"
    if not path.is_file():
        known = ", ".join(sorted(found.stem for found in folder.glob("*.toml")))
        raise UnknownResource(f"there is no declaration {path}. Nothing was checked; there are: {known}.")
    return [_checked(path)]


def state_of(
    declaration: Declaration,
    *,
    known: Known,
    overdue: Collection[str],
    in_trouble: bool,
) -> str:
    """How a source stands, in one word for people and scripts; only an open one can be `up to date`.

    `not open` and `awaiting permission` go before everything else: what was once read of a source that
    is closed today says nothing about today.

    Args:
        overdue: what `hub.freshness` says is owed: `late`, `missing`.
        in_trouble: whether its newest batch stands still at an error, or is complete and cannot be trusted.
    """
    if declaration.reach.state is ReachState.NOT_OPENED:
        return "not open"
    if declaration.reach.state is ReachState.AWAITING:
        return "awaiting permission"
    if in_trouble:
        return "in trouble"
    for kind in (Kind.LATE, Kind.MISSING):
        if kind in overdue:
            return kind.value
    return "never read" if known.read_at is None else "up to date"


def _checked(path: Path) -> Checked:
    try:
        declaration = load(path)
    except DeclarationRefused as refusal:
        told = refusal.message.partition(": ")[2] or refusal.message
        return Checked(path.stem, str(path), "unknown", (Finding(Level.WRONG, told),))
    found = tuple(_findings(declaration, path))
    return Checked(declaration.name, str(path), declaration.reach.state.value, found)


def _findings(declaration: Declaration, path: Path) -> Iterator[Finding]:
    yield from _against_schema(declaration)
    for where in _todos(tomllib.loads(path.read_text(encoding="utf-8"))):
        yield Finding(Level.MISSING, f"{where} is still a TODO: ask the owner and write the answer there")
    if declaration.reach.state is ReachState.NOT_OPENED and not declaration.reach.asked:
        yield Finding(
            Level.REMARK, "未开通 and nobody was asked yet: when somebody is, write who and when under [reach] asked"
        )
    if isinstance(declaration.access, NotAgreed):
        yield Finding(Level.REMARK, "how it comes is not agreed: it cannot be collected until [access] says so")
    if declaration.band.rows is None:
        yield Finding(Level.REMARK, "[band] rows is not set: a batch of any size is taken for good")
    if not declaration.band.verified:
        yield Finding(Level.REMARK, "[band] is a guess (verified = false)")
    if not declaration.clocks.verified:
        yield Finding(
            Level.REMARK,
            f"校核 of {declaration.clocks.correction_working_days} working days is not agreed with the owner "
            "(verified = false)",
        )
    if declaration.live is not None and not declaration.live.verified:
        asked, unknown = " and ".join(declaration.live.kinds), "；".join(declaration.live.unknown)
        yield Finding(Level.REMARK, f"[live] asks about {asked} in a way the department has not confirmed: {unknown}")
    if not declaration.honesty.verified:
        yield Finding(Level.REMARK, f"not confirmed by the department: {'；'.join(declaration.honesty.unknown)}")


def _against_schema(declaration: Declaration) -> Iterator[Finding]:
    try:
        schema = model(declaration.schema_name)
    except SchemaUnknown:
        yield Finding(
            Level.WRONG,
            f"no schema is called {declaration.schema_name}: add a class with that schema_name under schemas/records/",
        )
        return
    file = sys.modules[schema.__module__].__file__
    if file is not None and _TODO in Path(file).read_text(encoding="utf-8"):
        yield Finding(Level.MISSING, f"{Path(file).name} still has a TODO: correct names, kinds and value sets there")
    declared = {column.lower() for column in declaration.columns}
    for column in sorted(declared - set(schema.field_of) - schema.ignored):
        yield Finding(Level.WRONG, f"column {column} is declared, but {schema.__name__} has no field for it")
    for field, column in sorted(schema.column_of.items()):
        if column in declared:
            continue
        if schema.model_fields[field].is_required():
            yield Finding(
                Level.WRONG,
                f"column {column} is mandatory in {schema.__name__}, but not declared: every row would be refused",
            )
        else:
            yield Finding(
                Level.MISSING, f"column {column} is in {schema.__name__}, but not declared: it would never come"
            )
    key = [schema.column_of[field] for field in schema.key_fields]
    if key != [column.lower() for column in declaration.key]:
        yield Finding(
            Level.WRONG,
            f"the key is {'+'.join(declaration.key)} here and {'+'.join(key)} in {schema.__name__}: make them one",
        )
    for column in declaration.optional:
        name = schema.field_of.get(column.lower())
        if name is not None and schema.model_fields[name].is_required():
            yield Finding(Level.WRONG, f"column {column} is optional here and mandatory in {schema.__name__}")


def _todos(value: Any, where: str = "") -> Iterator[str]:
    """Where in a declaration a TODO is left, e.g. `owner` or `honesty.unknown`; each place once."""
    if isinstance(value, str) and _TODO in value:
        yield where
    elif isinstance(value, list):
        yield from dict.fromkeys(place for entry in value for place in _todos(entry, where))
    elif isinstance(value, dict):
        for name, entry in value.items():
            yield from _todos(entry, f"{where}.{name}" if where else str(name))


def _with_names_apart(checked: list[Checked]) -> list[Checked]:
    """One department must bear one name in all its files; which file is wrong a person decides."""
    names: dict[str, tuple[str, Any]] = {}
    found = []
    for one in checked:
        extra: tuple[Finding, ...] = ()
        if one.state != "unknown":
            department = load(Path(one.path)).department
            first, known = names.setdefault(department.id, (one.name, department))
            if known != department:
                extra = (Finding(Level.WRONG, f"department {department.id} has another name here than in {first}"),)
        found.append(Checked(one.name, one.path, one.state, one.findings + extra))
    return found
