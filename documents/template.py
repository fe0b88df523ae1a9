"""Licence templates as a designer writes them: TOML files of documents/templates, read once and checked.

A template names a frame (`frame = "certificate"` reads certificate.frame.toml) and adds its own
texts and rows; whatever it says under [page], [colours] and so on wins over the frame. What every
key means is told in documents/templates/README.md. Lengths are millimetres.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from documents.errors import FontBroken, GlyphMissing, TemplateBroken
from documents.fonts import FaceName, face
from documents.layout import Align

FOLDER = Path(__file__).parent / "templates"
_NAME = re.compile(r"[a-z][a-z0-9-]*")
_COLOUR = re.compile(r"#[0-9a-f]{6}")


@dataclass(frozen=True, slots=True)
class Text:
    """Fixed words. `test_only` words stand on the face only of test licences."""

    text: str
    x: float
    baseline: float
    size: float
    width: float = 0.0
    face: FaceName = FaceName.BODY
    align: Align = Align.LEFT
    spacing: float = 0.0
    colour: str = "ink"
    test_only: bool = False
    background: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One field: its label, if any, and the box its value must fit.

    `top` and `height` bound the value; a value of one line sits on `baseline`, where the label
    sits as well. `least` is the smallest size a long value may shrink to. `name` is the Chinese
    name under which machines find the field. An `optional` field may be absent and then shows `absent`.
    """

    key: str
    name: str
    top: float
    height: float
    x: float
    width: float
    size: float
    least: float
    label: str = ""
    label_x: float = 0.0
    label_width: float = 0.0
    label_size: float = 0.0
    label_face: FaceName = FaceName.TITLE
    label_align: Align = Align.SPREAD
    label_colour: str = "label"
    face: FaceName = FaceName.BODY
    align: Align = Align.LEFT
    spacing: float = 0.0
    leading: float = 1.45
    colour: str = "ink"
    prefix: str = ""
    optional: bool = False
    absent: str = "——"


@dataclass(frozen=True, slots=True)
class Frame:
    """The security border: a woven band between two rectangles, rosettes in the corners and the middle."""

    margin: float
    band: float
    period: float
    strands: int
    line: float
    rosette: float
    medallion: float
    medallion_y: float


@dataclass(frozen=True, slots=True)
class Square:
    """A square: the QR code or the place of the round seal."""

    x: float
    y: float
    size: float


@dataclass(frozen=True, slots=True)
class Template:
    """One licence face, whole and checked."""

    name: str
    title: str
    width: float
    height: float
    paper: str
    colours: Mapping[str, str]
    frame: Frame
    qr: Square
    seals: tuple[Square, ...]
    texts: tuple[Text, ...]
    rows: tuple[Row, ...]

    def colour(self, name: str) -> str:
        """The colour called `name` as OFD writes it: "r g b"."""
        value = self.colours[name]
        return " ".join(str(int(value[place : place + 2], 16)) for place in (1, 3, 5))


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
    """The names of all templates, sorted."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml") if not path.name.endswith(".frame.toml")))


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
def load(name: str, folder: Path = FOLDER) -> Template:
    """The template `name`, read and checked at the first call.

    Raises:
        TemplateBroken: no such file, no TOML, an unknown or missing key, a colour or face that does
            not exist, something beyond the page, or a fixed word that the face cannot write. All
            problems are told at once.
    """
    if not _NAME.fullmatch(name):
        raise TemplateBroken(f"{name!r} is no template name; nothing was drawn. Known: {', '.join(names())}.")
    path = folder / f"{name}.toml"
    own = _read(path)
    base = _read(folder / f"{own['frame']}.frame.toml") if isinstance(own.get("frame"), str) else {}
    own.pop("frame", None)
    return _assemble(name, path, _merged(base, own))


def _assemble(name: str, path: Path, given: dict[str, Any]) -> Template:
    builder = _Builder()
    known = {"title", "page", "colours", "border", "qr", "seal", "text", "row", "row_defaults"}
    builder.problems += [f"unknown table or key {key}" for key in given if key not in known]
    page = given.get("page", {})
    colours = given.get("colours", {})
    bad_colours = [key for key, value in colours.items() if not (isinstance(value, str) and _COLOUR.fullmatch(value))]
    builder.problems += [f"colour {key} is not of the form #rrggbb" for key in bad_colours]
    defaults = given.get("row_defaults", {})
    frame = builder.build(Frame, "border", given.get("border", {}))
    qr = builder.build(Square, "qr", given.get("qr", {}))
    seals = [builder.build(Square, f"seal {n}", seal) for n, seal in enumerate(given.get("seal", []), 1)]
    texts = [builder.build(Text, f"text {n}", text) for n, text in enumerate(given.get("text", []), 1)]
    rows = [
        builder.build(Row, f"row {row.get('key', n)}", {**defaults, **row})
        for n, row in enumerate(given.get("row", []), 1)
    ]
    title, width, height = given.get("title"), page.get("width"), page.get("height")
    if not isinstance(title, str) or not isinstance(width, int | float) or not isinstance(height, int | float):
        raise _broken(path, [*builder.problems, "title, page.width and page.height are needed"])
    if builder.problems or frame is None or qr is None:
        raise _broken(path, builder.problems)
    template = Template(
        name=name,
        title=title,
        width=float(width),
        height=float(height),
        paper=str(page.get("paper", "paper")),
        colours=colours,
        frame=frame,
        qr=qr,
        seals=tuple(one for one in seals if one is not None),
        texts=tuple(one for one in texts if one is not None),
        rows=tuple(one for one in rows if one is not None),
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
    for square in (template.qr, *template.seals):
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
            face(row.face).check(f"fixed words of {row.key}", row.prefix + row.absent)
    except (GlyphMissing, FontBroken) as error:
        problems.append(error.message)
    return problems
