"""Reading licence templates: the TOML files of documents/templates, read once and checked.

A template names a frame (`frame = "certificate"` reads certificate.frame.toml) and adds its own
texts and rows; whatever it says under [page], [colours] and so on wins over the frame. The other
sheets of a licence place its rows anew and take their words from it, so that no fact is told twice.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from core.own_types import TEMPLATES, own_types
from documents.errors import FontBroken, GlyphMissing, TemplateBroken
from documents.fonts import FaceName, face
from documents.layout import Align
from documents.template import Frame, Row, SheetKind, Square, Template, Text

FOLDER = Path(__file__).parent / "templates"
_NAME = re.compile(r"[a-z][a-z0-9-]*")
_COLOUR = re.compile(r"#[0-9a-f]{6}")
#: What another sheet's row takes from the original's row of the same key.
_WORDS = ("name", "label", "prefix", "optional", "absent", "annex")
#: Rows that only an annex page has, and what is written in them: the name of the value that did not
#: fit, the value itself, and which of the annex pages this is.
ANNEXED_NAME, ANNEXED, ANNEX_COUNT = "annexed_name", "annexed", "annex_count"
#: In fixed words, the licence's title.
_TITLE = "{title}"
_ANNEX_ROWS = {
    ANNEXED_NAME: {"name": "附页事项"},
    ANNEXED: {"name": "附页内容"},
    ANNEX_COUNT: {"name": "附页页次"},
}

Part = TypeVar("Part", Text, Row, Frame, Square)


def _exactly(kind: type) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if type(value) is not kind:
            raise TypeError(kind.__name__)
        return value

    return check


def _length(value: Any) -> float:
    if type(value) not in (int, float):
        raise TypeError("float")
    return float(value)


_KINDS: Mapping[str, Callable[[Any], Any]] = {
    "float": _length,
    "int": _exactly(int),
    "str": _exactly(str),
    "bool": _exactly(bool),
    "FaceName": FaceName,
    "Align": Align,
}


@dataclass
class _Builder:
    problems: list[str] = field(default_factory=list)

    def build(self, kind: type[Part], where: str, given: Mapping[str, Any]) -> Part | None:
        known = {one.name: one for one in fields(kind)}
        values: dict[str, Any] = {}
        for key, value in given.items():
            if key not in known:
                self.problems.append(f"{where}: unknown key {key}")
                continue
            declared = str(known[key].type)
            try:
                values[key] = _KINDS[declared](value)
            except (TypeError, ValueError):
                self.problems.append(f"{where}: {key} = {value!r} is no {declared}")
        try:
            return kind(**values)
        except TypeError as error:
            self.problems.append(f"{where}: {error}")
            return None


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        known = ", ".join(names())
        raise TemplateBroken(f"there is no template file {path.name}; nothing was drawn. Known: {known}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TemplateBroken(
            f"the template file {path.name} is no TOML: {error}. Nothing was drawn; correct it."
        ) from None


def names() -> tuple[str, ...]:
    """The names of all licences that have templates, sorted."""
    folders = (FOLDER, own_types() / TEMPLATES)
    return tuple(sorted({path.stem for one in folders for path in one.glob("*.toml") if "." not in path.stem}))


def forget() -> None:
    """Read the files again at the next drawing."""
    _load.cache_clear()


def load(name: str, sheet: SheetKind = SheetKind.ORIGINAL, folder: Path | None = None) -> Template:
    """One sheet of the licence `name`, read and checked at the first call.

    Args:
        folder: where its file lies; by default the bureau's own folder where it has one there, else this release's.
            Frames that the folder does not have are this release's.

    Raises:
        TemplateBroken: no such file, no TOML, an unknown or missing key, a colour or face that does
            not exist, something beyond the page, a fixed word that the face cannot write, or a copy that
            leaves out a fact. All problems are told at once.
    """
    return _load(name, sheet, folder or _folder_of(name))


def _folder_of(name: str) -> Path:
    own = own_types() / TEMPLATES
    return own if _NAME.fullmatch(name) and (own / f"{name}.toml").is_file() else FOLDER


def _merged(frame: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """The frame with the template's own words over it; lists of tables follow each other."""
    merged: dict[str, Any] = dict(frame)
    for key, value in own.items():
        before = merged.get(key)
        if isinstance(before, dict) and isinstance(value, dict):
            merged[key] = {**before, **value}
        elif isinstance(before, list) and isinstance(value, list):
            merged[key] = [*before, *value]
        else:
            merged[key] = value
    return merged


@cache
def _load(name: str, sheet: SheetKind, folder: Path) -> Template:
    if not _NAME.fullmatch(name):
        raise TemplateBroken(f"{name!r} is no template name; nothing was drawn. Known: {', '.join(names())}.")
    path = folder / (f"{name}.{sheet}.toml" if sheet is SheetKind.NOTICE else f"{name}.toml")
    own = _read(path)
    colours = own.get("colours", {})
    original = _with_frame(own, folder)
    if sheet in (SheetKind.ORIGINAL, SheetKind.NOTICE):
        return _assemble(name, sheet, path, original)
    path = folder / f"{name}.{sheet}.toml"
    # Every licence's annex pages may look alike, so their frame alone will do.
    placed = _read(path) if path.is_file() or sheet is not SheetKind.ANNEX else {"frame": str(sheet)}
    return _assemble(name, sheet, path, *_derived(sheet, original, _with_frame(placed, folder, colours)))


def _with_frame(own: dict[str, Any], folder: Path, colours: Any = None) -> dict[str, Any]:
    """A file's tables over those of the frame it names; `colours` come between the two."""
    frame = own.pop("frame", None)
    base = _read(_frame(frame, folder)) if isinstance(frame, str) else {}
    return _merged(_merged(base, {"colours": colours}) if colours else base, own)


def _frame(name: str, folder: Path) -> Path:
    path = folder / f"{name}.frame.toml"
    return path if path.is_file() else FOLDER / path.name


def _derived(sheet: SheetKind, original: Mapping[str, Any], given: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Another sheet with the original's title and words, and what is wrong between the two."""
    words = {row.get("key"): {key: row[key] for key in _WORDS if key in row} for row in original.get("row", [])}
    known = words | (_ANNEX_ROWS if sheet is SheetKind.ANNEX else {})
    placed = [row.get("key") for row in given.get("row", [])]
    problems = [f"row {key} is not one of the original" for key in placed if key not in known]
    if sheet is SheetKind.COPY:
        problems += [f"row {key} of the original has no place" for key in words if key not in placed]
    else:
        problems += [f"row {key} is needed on an annex page" for key in _ANNEX_ROWS if key not in placed]
    rows = [{**known.get(row.get("key"), {}), **row} for row in given.get("row", [])]
    return {"title": original.get("title"), **given, "row": rows}, problems


def _assemble(name: str, sheet: SheetKind, path: Path, given: dict[str, Any], problems: Sequence[str] = ()) -> Template:
    builder = _Builder(list(problems))
    known = {"title", "page", "colours", "border", "qr", "seal", "text", "row", "row_defaults"}
    builder.problems += [f"unknown table or key {key}" for key in given if key not in known]
    page = given.get("page", {})
    colours = given.get("colours", {})
    bad_colours = [key for key, value in colours.items() if not (isinstance(value, str) and _COLOUR.fullmatch(value))]
    builder.problems += [f"colour {key} is not of the form #rrggbb" for key in bad_colours]
    defaults = given.get("row_defaults", {})
    frame = builder.build(Frame, "border", given.get("border", {}))
    qr = None if sheet is SheetKind.ANNEX and "qr" not in given else builder.build(Square, "qr", given.get("qr", {}))
    seals = [builder.build(Square, f"seal {n}", seal) for n, seal in enumerate(given.get("seal", []), 1)]
    texts = [builder.build(Text, f"text {n}", text) for n, text in enumerate(given.get("text", []), 1)]
    rows = [
        builder.build(Row, f"row {row.get('key', n)}", {**defaults, **row})
        for n, row in enumerate(given.get("row", []), 1)
    ]
    title, width, height = given.get("title"), page.get("width"), page.get("height")
    if not isinstance(title, str) or not isinstance(width, int | float) or not isinstance(height, int | float):
        raise _broken(path, [*builder.problems, "title, page.width and page.height are needed"])
    if builder.problems or frame is None:
        raise _broken(path, builder.problems)
    template = Template(
        name=name,
        sheet=sheet,
        title=title,
        width=float(width),
        height=float(height),
        paper=str(page.get("paper", "paper")),
        colours=colours,
        frame=frame,
        qr=qr,
        seals=tuple(one for one in seals if one is not None),
        texts=tuple(replace(one, text=one.text.replace(_TITLE, title)) for one in texts if one is not None),
        rows=tuple(one for one in rows if one is not None),
        field_names={one.key: one.name for one in rows if one is not None},
        inks={
            key: " ".join(str(int(value[place : place + 2], 16)) for place in (1, 3, 5))
            for key, value in colours.items()
        },
    )
    problems = _contradictions(template)
    if problems:
        raise _broken(path, problems)
    return template


def _broken(path: Path, problems: list[str]) -> TemplateBroken:
    return TemplateBroken(f"the template file {path.name} cannot be used: {'; '.join(problems)}. Nothing was drawn.")


def _contradictions(template: Template) -> list[str]:
    """What the parts of a template say against each other."""
    problems: list[str] = []
    used = {template.paper, "ink", "border", "border_light", "medallion"}
    used |= {text.colour for text in template.texts}
    used |= {row.colour for row in template.rows} | {row.label_colour for row in template.rows}
    problems += [f"colour {name} is not declared" for name in sorted(used - set(template.colours))]
    keys = [row.key for row in template.rows]
    problems += [f"row {key} stands twice" for key in sorted({key for key in keys if keys.count(key) > 1})]
    for row in template.rows:
        if row.x < 0 or row.x + row.width > template.width or row.top < 0 or row.top + row.height > template.height:
            problems.append(f"row {row.key} reaches beyond the page")
        if row.least > row.size or row.size > row.height:
            problems.append(f"row {row.key}: least <= size <= height does not hold")
    for square in ([template.qr] if template.qr else []) + list(template.seals):
        if (
            min(square.x, square.y) < 0
            or square.x + square.size > template.width
            or square.y + square.size > template.height
        ):
            problems.append("the QR code or a seal reaches beyond the page")
    try:
        for text in template.texts:
            face(text.face).check("fixed text", text.text)
        for row in template.rows:
            face(row.label_face).check(f"label of {row.key}", row.label)
            face(row.face).check(f"fixed words of {row.key}", row.prefix + row.absent + row.annex)
    except (GlyphMissing, FontBroken) as error:
        problems.append(error.message)
    return problems
