"""One licence set and not yet written: every check is over, nothing is OFD or PDF so far.

The face comes from a template, the words from the caller; nothing is made up here. Fields, glyphs and
room are checked before the first part exists, so there is no half-drawn licence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

from documents import qr, watermark
from documents.errors import FieldsUnfit, PagesDisagree, TextOverflow, TextRefused
from documents.fonts import FaceName, face, steady_subset
from documents.parts import CodePart, CopyNote, LicencePage, Sheet, Steady, TextPart
from documents.setting import set_pages, set_row, steady
from documents.template import Row, SheetKind, Template
from documents.template_files import ANNEX_COUNT, ANNEXED, ANNEXED_NAME, load

__all__ = [
    "CodePart",
    "CopyNote",
    "LicencePage",
    "Sheet",
    "SheetKind",
    "Steady",
    "TextPart",
    "embedded",
    "set_sheet",
    "set_sheets",
]

#: What XML 1.0 cannot hold at all, escaped or not, and what is no character.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
#: More pages than a clerk would turn; a value beyond them is a mistake at its source.
_MOST_ANNEXES = 20
_DOC_ID = re.compile(r"[0-9a-f]{32}")


def set_sheet(page: LicencePage) -> Sheet:
    """One face of a licence, set; the same page gives the same parts.

    Raises:
        TextOverflow: a value does not fit its box at the smallest size; `set_sheets` puts it on annex
            pages where the template allows that.
        FieldsUnfit, GlyphMissing, TextRefused, TemplateBroken, FontBroken: as for `set_sheets`.
    """
    first, *more = set_sheets([page])
    if more:
        key = more[0].texts[0].field or ""
        raise TextOverflow(key, len(page.fields[key].strip()), "one page, and one was asked for")
    return first


def set_sheets(pages: Sequence[LicencePage]) -> tuple[Sheet, ...]:
    """All pages of one document, set: each face, followed by the annex pages it needs.

    Args:
        pages: the sheets of one licence, e.g. 正本 and 副本; they differ in `sheet` only.

    Raises:
        PagesDisagree: no page, or they differ in more.
        FieldsUnfit: a field is missing, empty or unknown to the template.
        GlyphMissing: the embedded font lacks a character of a field.
        TextOverflow: a value does not fit its box at the smallest size and has no annex, or is too long for that.
        TextRefused: a text that XML or the QR code cannot hold, or a wrong document ID.
        TemplateBroken, FontBroken: the installation is damaged.
    """
    if not pages or any(replace(page, sheet=pages[0].sheet) != pages[0] for page in pages[1:]):
        raise PagesDisagree(
            f"{len(pages)} pages were given for one document, which takes sheets of one licence; nothing was drawn. "
            "Give each licence a document of its own."
        )
    _check_information(pages[0])
    code = qr.encode(pages[0].qr_text)
    return tuple(sheet for page in pages for sheet in _face_and_annexes(page, code))


def _face_and_annexes(page: LicencePage, code: qr.Code) -> Iterator[Sheet]:
    template = load(page.template, page.sheet)
    values = _values(template, page.fields)
    present = {key for key, value in page.fields.items() if value.strip()}
    used: dict[FaceName, set[str]] = {name: set() for name in FaceName}
    texts: list[TextPart] = []
    annexed: list[Row] = []
    for row in template.rows:
        value = values[row.key]
        try:
            texts += set_row(template, row, value, tagged=row.key in present)
        except TextOverflow:
            if not row.annex:
                raise
            annexed.append(row)
            value = row.annex
            texts += set_row(template, row, value, tagged=False)
        used[row.face].update(row.prefix, value)
    yield _sheet(page, template, texts, used, code)
    for row in annexed:
        yield from _annexes(page, row, values, code)


def _annexes(page: LicencePage, long: Row, values: Mapping[str, str], code: qr.Code) -> Iterator[Sheet]:
    """The pages that carry one value whole."""
    template = load(page.template, SheetKind.ANNEX)
    rows = {row.key: row for row in template.rows}
    box = rows.pop(ANNEXED)
    face(box.face).check(long.key, values[long.key])
    parts = set_pages(template, box, values[long.key], long.key)
    if len(parts) > _MOST_ANNEXES:
        raise TextOverflow(long.key, len(values[long.key]), f"{_MOST_ANNEXES} annex pages")
    for number, texts in enumerate(parts, 1):
        used: dict[FaceName, set[str]] = {name: set() for name in FaceName}
        used[box.face].update(*(part.line.text for part in texts))
        told = {**values, ANNEXED_NAME: long.name, ANNEX_COUNT: f"第{number}页　共{len(parts)}页"}
        for key, row in rows.items():
            texts += set_row(template, row, told[key], tagged=False)
            used[row.face].update(row.prefix, told[key])
        yield _sheet(page, template, texts, used, code)


def _sheet(
    page: LicencePage,
    template: Template,
    texts: Sequence[TextPart],
    used: Mapping[FaceName, AbstractSet[str]],
    code: qr.Code,
) -> Sheet:
    common = steady(page.template, template.sheet, page.test_mark)
    square = template.qr
    codes = (CodePart(code, (square.x, square.y, square.size, square.size)),) if square else ()
    characters = {name: common.characters[name] | used[name] for name in FaceName}
    if page.note is None:
        return Sheet(page, template, common, codes, tuple(texts), characters)
    mark = watermark.of_copy(page.note)
    marked = watermark.characters(mark)
    return Sheet(
        page,
        template,
        common,
        codes,
        tuple(texts),
        {name: characters[name] | marked[name] for name in FaceName},
        watermark.marks(mark, common.size),
    )


def embedded(sheets: Sequence[Sheet]) -> dict[FaceName, bytes]:
    """One subset a face for all pages of a document, TrueType, with a cmap."""
    used = {name: frozenset().union(*(sheet.characters[name] for sheet in sheets)) for name in FaceName}
    return {
        FaceName.BODY: face(FaceName.BODY).subset(used[FaceName.BODY]),
        # What is written in it is nearly always steady.
        FaceName.TITLE: steady_subset(FaceName.TITLE, "".join(sorted(used[FaceName.TITLE]))),
    }


def legal(where: str, text: str) -> str:
    """`text` unchanged.

    Raises:
        TextRefused: it holds a character that XML cannot hold.
    """
    found = _ILLEGAL.search(text)
    if found:
        raise TextRefused(
            f"{where} holds U+{ord(found.group()):04X}, which no XML file can hold; "
            "nothing was drawn. Correct the record."
        )
    return text


def _check_information(page: LicencePage) -> None:
    """Raises TextRefused for a document ID of another shape, or what XML cannot hold; FieldsUnfit for an empty note."""
    if not _DOC_ID.fullmatch(page.doc_id):
        raise TextRefused(
            "the document ID is not 32 lower-case hexadecimal digits; nothing was drawn. Give a UUID without dashes."
        )
    for where, text in (
        ("the title", page.title),
        ("the creator", page.creator),
        *((f"metadata {name}", name + value) for name, value in page.metadata.items()),
    ):
        legal(where, text)
    if page.note is not None:
        note = page.note
        for where, text in (("copy_receiver", note.receiver), ("copy_cause", note.cause), ("copy_until", note.until)):
            if not legal(f"the watermark's {where}", text).strip():
                raise FieldsUnfit(
                    f"the watermark's {where} is empty; nothing was drawn. Say for whom, what for, how long."
                )


def _values(template: Template, given: Mapping[str, str]) -> dict[str, str]:
    """What each row shows.

    Raises:
        FieldsUnfit: a field is missing, empty or unknown.
        TextRefused: a value that XML cannot hold.
    """
    known = {row.key for row in template.rows}
    unknown = sorted(set(given) - known)
    lacking = [row.key for row in template.rows if not row.optional and not given.get(row.key, "").strip()]
    if unknown or lacking:
        told = [f"missing or empty: {', '.join(lacking)}"] if lacking else []
        told += [f"unknown: {', '.join(unknown)}"] if unknown else []
        raise FieldsUnfit(
            f"the fields do not fit template {template.name}: {'; '.join(told)}. Nothing was drawn; correct the record."
        )
    return {row.key: legal(f"field {row.key}", given.get(row.key, "").strip() or row.absent) for row in template.rows}
