"""Is a licence type right, with its items and templates? Each finding says file, line, what is wrong and what to do.

The type is looked at as if it were already in the bureau's own folder: beside the types, items and templates that are.
"""

from __future__ import annotations

import re
import shutil
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

from pydantic import BaseModel, ValidationError

from archive.errors import RetentionUnset
from core.errors import Permanent
from core.own_types import ITEMS, RETENTION, TEMPLATES, own_types, tried
from core.settings import Settings
from documents.errors import TemplateBroken
from documents.licence import forget_templates
from documents.template import SheetKind, Template
from documents.template_files import FOLDER as SHIPPED_TEMPLATES
from documents.template_files import load as load_template
from hub.items import forget as forget_found
from hub.items_check import check as check_items
from hub.items_words import toml_said
from hub.licence_types_trial import trial
from hub.licence_types_words import Said, statement_said, template_said, type_said
from hub.packing import retention_of
from schemas.errors import DeclarationBroken, ValueRefused
from schemas.identifiers.credit import CreditCode
from schemas.items import LicenceStep, ServiceItem
from schemas.items.loader import forget as forget_items
from schemas.licence_types import LicenceType
from schemas.licence_types.loader import FOLDER
from schemas.licence_types.loader import forget as forget_types
from schemas.licence_types.model import LOOSE

OnRight = Callable[[LicenceType], None]
#: Names a type may give the one seal this hub puts on licences, besides what the register calls it.
PRESS_SEAL = "bureau"
_SHEET_ZH = {"original": "正本", "copy": "副本"}
#: Fields of a record that name a natural person.
_PERSONAL = frozenset({"legal_representative", "contact_name", "clerk"})


class NoTypesThere(Permanent):
    """What is to be checked is not there, or is no file of a licence type and no folder of them."""

    code: ClassVar[str] = "HUB-900"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a licence type's files.

    Attributes:
        file: its name; of an item or template with its folder.
        line: where it stands, from 1; None where no line can be told.
        place: the same as a person finds it.
        wrong, act, wrong_en, act_en: what is wrong and what to do, in Chinese and English.
        blocking: whether the type cannot be used so; otherwise it is only worth knowing.
    """

    file: str
    line: int | None
    place: str
    wrong: str
    act: str
    wrong_en: str
    act_en: str
    blocking: bool = True

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Read:
    path: Path
    text: str
    kind: LicenceType

    def finding(self, place: tuple[int | str, ...], said: Said, *, blocking: bool = True) -> Finding:
        words = place_words(place, self.kind)
        return _finding(self.path.name, line_of(self.text, place), words, said, blocking=blocking)


def check(
    paths: Sequence[Path] = (),
    *,
    settings: Settings,
    seals: frozenset[str] | None = None,
    on_right: OnRight | None = None,
) -> list[Finding]:
    """What is wrong, or worth knowing; sorted by file and line. Changes nothing.

    Args:
        paths: type files, or folders laid out like the bureau's own; without any, all that this hub has.
        settings: where the hub keeps its things.
        seals: what the seal that is in use may be called; None when the register of seals could not be asked.
        on_right: given every type in which nothing is wrong, while it is looked at as if it were there.

    Raises:
        NoTypesThere: a path is no type file, and no folder with one.
    """
    targets = _targets(paths)
    findings: list[Finding] = []
    with _as_if_there(targets) as folder:
        for drafts in sorted({path.parent / ITEMS for path in targets if path.parent != FOLDER}):
            if any(drafts.glob("*.toml")):
                findings += map(_of_item, check_items(drafts))
        read = [_read(path) for path in targets]
        for one in read:
            if isinstance(one, _Read):
                findings += _kind(one, settings, seals)
            else:
                findings += one
        kinds = [one for one in read if isinstance(one, _Read)]
        findings += _together(kinds, folder)
        if on_right is not None and not any(finding.blocking for finding in findings):
            for one in kinds:
                on_right(one.kind)
    return sorted(set(findings), key=lambda one: (one.file, one.line or 0, not one.blocking, one.place))


def _targets(paths: Sequence[Path]) -> list[Path]:
    folders = [path for path in paths if path.is_dir()] or ([] if paths else [FOLDER, own_types()])
    found = [path for path in paths if path.is_file() and path.suffix == ".toml"]
    for folder in folders:
        inside = [path for path in sorted(folder.glob("*.toml")) if path.name != RETENTION]
        if not inside and paths:
            found = []
            break
        found += inside
    if not found or any(not path.exists() for path in paths):
        raise NoTypesThere(
            "there is no licence type file (*.toml) where you said; nothing was checked. Name the file, or the folder "
            "it lies in."
        )
    return [path.absolute() for path in found]


@contextmanager
def _as_if_there(targets: Sequence[Path]) -> Iterator[Path]:
    """A folder with the bureau's own types and, over them, those to be checked with their items and templates."""
    with TemporaryDirectory(prefix="hub-licence-types-") as name:
        folder = Path(name)
        for path in _parts(own_types()):
            _put(path, folder, own_types())
        for target in targets:
            if target.parent == FOLDER:
                continue
            for path in _parts(target.parent):
                # Of the folder's other types nothing was asked, and one that is broken must not hide what was.
                if path == target or path.parent != target.parent or path.name == RETENTION:
                    _put(path, folder, target.parent)
        with tried(folder):
            _forget()
            try:
                yield folder
            finally:
                _forget()


def _parts(folder: Path) -> list[Path]:
    """Type files, items, templates and retention of a folder laid out like the bureau's own."""
    return [
        path
        for pattern in ("*.toml", f"{ITEMS}/*.toml", f"{TEMPLATES}/*.toml")
        for path in sorted(folder.glob(pattern))
    ]


def _put(path: Path, folder: Path, from_: Path) -> None:
    """Copy a part; a type or item that cannot even be read is left out, so that the others can be looked at."""
    models: Mapping[Path, type[BaseModel]] = {from_: LicenceType, from_ / ITEMS: ServiceItem}
    model = models.get(path.parent)
    if model is not None and path.name != RETENTION:
        try:
            model.model_validate(tomllib.loads(path.read_text(encoding="utf-8")), context=LOOSE)
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValidationError):
            return
    to = folder / path.relative_to(from_)
    to.parent.mkdir(exist_ok=True)
    shutil.copyfile(path, to)


def _forget() -> None:
    forget_items()
    forget_found()
    forget_types()
    forget_templates()


def _of_item(one: Any) -> Finding:
    english = "The item's file is wrong, as the Chinese says." if one.blocking else "Worth knowing about the item."
    act = "Correct it as docs/items.md says."
    return Finding(f"{ITEMS}/{one.file}", one.line, one.place, one.wrong, one.act, english, act, one.blocking)


def _read(path: Path) -> _Read | list[Finding]:
    whole = "整个文件"
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        said = Said("文件读不出来，或者不是 UTF-8 编码", "用编辑器另存为 UTF-8", "No UTF-8 file.", "Save it as UTF-8.")
        return [_finding(path.name, None, whole, said)]
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        wrong, act = toml_said(str(error))
        at = re.search(r"at line (\d+)", str(error))
        line = int(at[1]) if at else len(text.rstrip().split("\n"))
        act = act.replace("docs/items.md", "docs/new-licence-type.md")
        said = Said(wrong, act, f"No TOML: {error}.", "Correct this line, or the one above it.")
        return [_finding(path.name, line, f"第 {line} 行", said)]
    try:
        kind = LicenceType.model_validate(table, context=LOOSE)
    except ValidationError as error:
        return [
            _finding(path.name, line_of(text, told["loc"]), place_words(told["loc"], table), type_said(told, table))
            for told in error.errors(include_url=False, include_input=False)
        ]
    return _Read(path, text, kind)


def _kind(one: _Read, settings: Settings, seals: frozenset[str] | None) -> Iterator[Finding]:
    kind, drawable = one.kind, True
    try:
        for problem in kind.problems():
            drawable = drawable and problem.place[0] not in ("number_format", "sheets")
            yield one.finding(problem.place, statement_said(problem.text))
    except DeclarationBroken as error:
        said = Said(
            "事项文件有错，没法对照", "先改好事项文件（hub items check）", error.message, "Mend the items first."
        )
        yield one.finding(("item",), said)
        return
    yield from _code(one)
    yield from _seals(one, seals)
    yield from _retention(one, settings)
    yield from _persons(one)
    if not kind.validity.verified or not kind.type_code_verified:
        what = [
            *([] if kind.type_code_verified else ["类型代码"]),
            *([] if kind.validity.verified else ["有效期规则"]),
        ]
        said = Said(
            f"{'、'.join(what)}没有核实", "核实以后把 verified 改成 true；在那以前页面上会显示未核实",
            "Type code or validity is not verified.", "Set verified = true once somebody has read the source.",
        )  # fmt: skip
        yield one.finding(("type_code_verified",), said, blocking=False)
    if kind.validity.years is not None and not any(item.licence_step is LicenceStep.RENEW for item in kind.items):
        said = Said(
            "有期限，但没有延续事项", "到期只能重新申请；要能延续，写一个 licence_step = \"renew\" 的事项",
            "It ends, and no item renews it.", 'Write an item with licence_step = "renew" if it can be renewed.',
        )  # fmt: skip
        yield one.finding(("validity",), said, blocking=False)
    if drawable:
        yield from _templates(one)


def _code(one: _Read) -> Iterator[Finding]:
    try:
        CreditCode.parse(one.kind.type_code[:18])
    except ValueRefused:
        said = Said(
            "类型代码前 18 位不是统一社会信用代码：校验码不对",
            "照抄定义机关的统一社会信用代码；没有核实的用 11420000000000000Y 加 3 位顺序号，verified 写 false",
            "The first 18 characters of the type code are no credit code: its check character is wrong.",
            "Copy the credit code of the authority that defines the type.",
        )
        yield one.finding(("type_code",), said)


def _seals(one: _Read, seals: frozenset[str] | None) -> Iterator[Finding]:
    known = frozenset({PRESS_SEAL}) if seals is None else seals
    for name in one.kind.seals:
        if name not in known:
            said = Said(
                f"印章登记簿里没有正在使用的印章 {name}",
                f"写 {'、'.join(sorted(known)) or PRESS_SEAL}；印章没有登记或者停用的，先办 hub seals add",
                f"The register of seals has no seal in use that is called {name}.",
                f"Say {', '.join(sorted(known)) or PRESS_SEAL}, or enter the seal first (hub seals add).",
            )
            yield one.finding(("seals",), said)


def _retention(one: _Read, settings: Settings) -> Iterator[Finding]:
    try:
        table = retention_of(settings)
    except RetentionUnset as error:
        said = Said("保管期限表读不出来", "改好 retention.toml", error.message, "Correct retention.toml.")
        yield _finding(RETENTION, None, "整个文件", said)
        return
    for item in one.kind.items:
        if item.licence_step is not None and item.licence_step.draws and item.code not in table.rules:
            said = Said(
                f"事项“{item.name}”没有保管期限，它的案卷归不了档",
                f"在 {RETENTION} 里加一节 [items.{item.code}]，写 period 和 basis",
                f"The item {item.name} has no retention period, and its cases could not be archived.",
                f"Add [items.{item.code}] with period and basis to {RETENTION}.",
            )
            yield one.finding(("item",), said)


def _persons(one: _Read) -> Iterator[Finding]:
    for place, line in enumerate(one.kind.face):
        if line.field in _PERSONAL and not line.personal:
            said = Said(
                f"“{line.label}”是自然人的姓名，没有写 personal", "加上 personal = true，公开核验时会遮住",
                f"{line.label} names a natural person and does not say so.",
                "Add personal = true: the public page then masks it.",
            )  # fmt: skip
            yield one.finding(("face", place, "personal"), said)


def _templates(one: _Read) -> Iterator[Finding]:
    kind, sheets = one.kind, dict[SheetKind, Template]()
    folder = own_types() / TEMPLATES
    folder = folder if (folder / f"{kind.id}.toml").is_file() else SHIPPED_TEMPLATES
    for sheet in map(SheetKind, kind.sheets):
        path = folder / (f"{kind.id}.toml" if sheet is SheetKind.ORIGINAL else f"{kind.id}.{sheet}.toml")
        if not path.is_file():
            zh = _SHEET_ZH[sheet.value]
            said = Said(
                f"没有{zh}的模板 {path.name}", f"照 docs/new-licence-type.md 写一个，放进 {TEMPLATES} 文件夹",
                f"There is no template {path.name}.", f"Write one as docs/new-licence-type.md says, into {TEMPLATES}/.",
            )  # fmt: skip
            yield one.finding(("sheets",), said)
            continue
        try:
            sheets[sheet] = load_template(kind.id, sheet)
        except TemplateBroken as error:
            yield from _broken(path, error)
    if original := sheets.get(SheetKind.ORIGINAL):
        yield from _rows(one, folder / f"{kind.id}.toml", original)
    if len(sheets) == len(kind.sheets) and not any(_rows(one, folder, sheets[SheetKind.ORIGINAL], hints=False)):
        for key, sheet, said in trial(kind):
            place = next((n for n, line in enumerate(kind.face) if line.key == key), None)
            name = f"{kind.id}.toml" if sheet is SheetKind.ORIGINAL else f"{kind.id}.{sheet}.toml"
            text = (folder / name).read_text(encoding="utf-8")
            words = kind.face[place].label if place is not None else key
            yield _finding(f"{TEMPLATES}/{name}", _row_line(text, key), f"{_SHEET_ZH[sheet.value]} {words}", said)


def _broken(path: Path, error: TemplateBroken) -> Iterator[Finding]:
    text = path.read_text(encoding="utf-8", errors="replace")
    told = error.message.partition("cannot be used: ")[2].removesuffix(". Nothing was drawn.")
    if not told:
        at = re.search(r"at line (\d+)", error.message)
        wrong, act = toml_said(error.message)
        act = act.replace("docs/items.md", "documents/templates/README.md")
        said = Said(wrong, act, error.message, "Correct this line, or the one above it.")
        yield _finding(f"{TEMPLATES}/{path.name}", int(at[1]) if at else None, "整个文件", said)
    # what follows "; nothing was drawn" is the same problem's advice
    for problem in told.partition("; nothing was drawn")[0].split("; ") if told else ():
        key = re.search(r"row (\w+)(?:: (?:unknown key )?(\w+))?", problem)
        line = _row_line(text, key[1], key[2] or "") if key else None
        yield _finding(f"{TEMPLATES}/{path.name}", line, key[1] if key else "整个文件", template_said(problem))


def _rows(one: _Read, path: Path, template: Template, *, hints: bool = True) -> Iterator[Finding]:
    """The template's rows and title against the type's face."""
    kind, name = one.kind, f"{TEMPLATES}/{path.name}"
    rows = {row.key: row for row in template.rows}
    for place, line in enumerate(kind.face):
        if line.key not in rows:
            said = Said(
                f"照面的“{line.label}”在正本模板里没有位置", f'在 {path.name} 里加一节 [[row]]，写 key = "{line.key}"',
                f"The template has no row for {line.key}.", f'Add a [[row]] with key = "{line.key}" to {path.name}.',
            )  # fmt: skip
            yield one.finding(("face", place, "key"), said)
    filled = {line.key: line for line in kind.face}
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    for key, row in rows.items():
        if key not in filled and (hints or not row.optional):
            said = Said(
                f"模板的 {key} 一行，照面没有内容填它", "从模板里删去它，或者在类型文件的 face 里写上它",
                f"Nothing on the face fills the row {key}.", "Take the row away, or add the line to the face.",
            )  # fmt: skip
            yield _finding(name, _row_line(text, key), key, said, blocking=not row.optional)
        elif hints and key in filled and row.label and row.label != filled[key].label:
            said = Said(
                f"印的是“{row.label}”，类型文件写的是“{filled[key].label}”", "改成一样的",
                f"It prints {row.label}, and the type says {filled[key].label}.", "Let them be the same.",
            )  # fmt: skip
            yield _finding(name, _row_line(text, key), key, said, blocking=False)
    if template.title != kind.name:
        said = Said(
            f"模板的标题是“{template.title}”，证照名称是“{kind.name}”", "改成一样的",
            f"The template is titled {template.title}, the licence is called {kind.name}.", "Let them be the same.",
        )  # fmt: skip
        yield _finding(name, _key_line(text, "title"), "title", said)
    if len(template.seals) < len(kind.seals):
        said = Said(
            f"要盖 {len(kind.seals)} 枚印章，模板只有 {len(template.seals)} 个位置", "在模板里加 [[seal]]",
            "The template has fewer places for seals than the type has seals.", "Add a [[seal]].",
        )  # fmt: skip
        yield _finding(name, None, "seal", said)


def _together(read: Sequence[_Read], folder: Path) -> Iterator[Finding]:
    """What only several types together show: the same id, type code, number format or name."""
    others = {path.name: path for place in (FOLDER, folder) for path in sorted(place.glob("*.toml"))}
    known: dict[str, LicenceType] = {}
    for path in others.values():
        if path.name != RETENTION:
            try:
                table = tomllib.loads(path.read_text(encoding="utf-8"))
                kind = LicenceType.model_validate(table, context=LOOSE)
            except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValidationError):
                continue
            known[kind.id] = kind
    for one in read:
        for other in (kind for kind in known.values() if kind.id != one.kind.id):
            for what, zh in (("type_code", "类型代码"), ("number_format", "证号格式"), ("name", "名称")):
                if getattr(other, what) == getattr(one.kind, what):
                    said = Said(
                        f"{zh}与“{other.name}”（{other.id}）相同", "换一个没有用过的",
                        f"Its {what} is that of {other.id}.", "Take one that no other type has.",
                    )  # fmt: skip
                    yield one.finding((what,), said)
        for same in read:
            if same is not one and same.kind.id == one.kind.id and same.path.parent == one.path.parent:
                said = Said(
                    f"{same.path.name} 也用 {one.kind.id} 这个 id", "给其中一个改名",
                    f"{same.path.name} has the same id.", "Rename one of them.",
                )  # fmt: skip
                yield one.finding(("id",), said)
        if one.path.stem != one.kind.id:
            said = Said(
                f"文件名与 id 不同（{one.kind.id}）", f"把文件改名为 {one.kind.id}.toml",
                "The file is not called as its id.", f"Call it {one.kind.id}.toml.",
            )  # fmt: skip
            yield one.finding(("id",), said)


def _finding(file: str, line: int | None, place: str, said: Said, *, blocking: bool = True) -> Finding:
    return Finding(file, line, place, said.wrong, said.act, said.wrong_en, said.act_en, blocking)


def place_words(place: Sequence[int | str], source: LicenceType | Mapping[str, Any]) -> str:
    """`("face", 2, "field")` → `照面第 3 行 法定代表人 › field`."""
    parts = list(place)
    told = []
    if len(parts) > 1 and parts[0] == "face" and isinstance(parts[1], int):
        if isinstance(source, LicenceType):
            label = source.face[parts[1]].label
        else:
            lines = source.get("face")
            line = lines[parts[1]] if isinstance(lines, list) and parts[1] < len(lines) else {}
            label = str(line.get("label", "")) if isinstance(line, Mapping) else ""
        told.append(f"照面第 {parts[1] + 1} 行{f' {label}' if label else ''}")
        parts = parts[2:]
    told += [str(part) for part in parts if isinstance(part, str)]
    return " › ".join(told) or "整个文件"


def line_of(text: str, place: Sequence[int | str]) -> int | None:
    """The line of a type's file, from 1: of a line of the face the one its braces begin in, else the key's."""
    if not place:
        return None
    if len(place) > 1 and place[0] == "face" and isinstance(place[1], int):
        begin = _key_line(text, "face") or 1
        rows = [n for n, line in enumerate(text.split("\n"), 1) if n >= begin and line.lstrip().startswith("{")]
        return rows[place[1]] if place[1] < len(rows) else begin
    return _key_line(text, str(place[0]))


def _key_line(text: str, key: str) -> int | None:
    pattern = re.compile(rf"^\s*{re.escape(key)}\s*=")
    return next((n for n, line in enumerate(text.split("\n"), 1) if pattern.match(line)), None)


def _row_line(text: str, key: str, part: str = "") -> int | None:
    """The line of a template's row, or of one of its parts where the row has it."""
    found = None
    for number, line in enumerate(text.split("\n"), 1):
        if found is not None and line.startswith("["):
            break
        if re.match(rf'\s*key\s*=\s*"{re.escape(key)}"', line):
            found = number
        elif found is not None and part and re.match(rf"\s*{re.escape(part)}\s*=", line):
            return number
    return found
