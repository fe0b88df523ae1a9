"""What a page of a licence is made of once it is set: lines, codes, shapes. Neither OFD nor PDF yet.

`documents.sheet` makes these, `documents.ofd` and `documents.pdf` write them. Lengths are millimetres,
origin top left, y downward.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from documents import qr
from documents.fonts import FaceName
from documents.layout import Line
from documents.ornament import Shape
from documents.template import SheetKind, Template


@dataclass(frozen=True, slots=True, repr=False)
class CopyNote:
    """What an annotated copy 加注件 says over and over across each page: for whom, what for, until when.

    `until` is the moment as it shall be read. None of it is told by `repr`: it may name a person.
    """

    receiver: str
    cause: str
    until: str

    def __repr__(self) -> str:
        return f"CopyNote(until {self.until})"


@dataclass(frozen=True, slots=True, repr=False)
class LicencePage:
    """What one licence says.

    Args:
        template: a name of `documents.licence.templates()`, e.g. "hr-service".
        fields: every key of `documents.licence.fields(template)` that is not optional; values as they shall
            be read, set without outer blanks.
        metadata: GB/T 36903 elements by code name (ZZMC, ZZBH …), kept in the given order.
        data_xml: the structured data, attached byte for byte.
        qr_text: what the QR code says, at most 200 bytes of UTF-8.
        doc_id: 32 lower-case hexadecimal digits.
        title, creator, created: document information; `created` is the only date in the file.
        test_mark: True writes 测试 on the face.
        sheet: 正本 or 副本. Annex pages come by themselves.
        note: of an annotated copy only; every page then bears it as a watermark.
        attached: further files under their names, byte for byte.
    """

    template: str
    fields: Mapping[str, str]
    metadata: Mapping[str, str]
    data_xml: bytes
    qr_text: str
    doc_id: str
    title: str
    creator: str
    created: date
    test_mark: bool
    sheet: SheetKind = SheetKind.ORIGINAL
    note: CopyNote | None = None
    attached: tuple[tuple[str, bytes], ...] = ()

    def __repr__(self) -> str:
        return f"LicencePage({self.template}, {self.sheet}, {self.doc_id})"


@dataclass(frozen=True, slots=True)
class TextPart:
    """One set line with its face and its colour "r g b" (0 to 255); `field` names its field, None for fixed words."""

    line: Line
    face: FaceName
    colour: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class TurnedPart:
    """A set line turned about the beginning of its baseline, `degrees` counter-clockwise to the eye."""

    text: TextPart
    degrees: float


@dataclass(frozen=True, slots=True)
class CodePart:
    """A QR code drawn into a box `x y w h` of the page."""

    code: qr.Code
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Steady:
    """What every licence of a template shares, in drawing order.

    There is one object for each template, sheet and test mark, so a writer may keep what it makes of it
    by the object itself. `size` is the page's width and height, `background` lies behind everything;
    what a licence says comes after `fixed`.
    """

    size: tuple[float, float]
    background: tuple[Shape | TextPart, ...]
    fixed: tuple[TextPart, ...]
    characters: Mapping[FaceName, frozenset[str]]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Sheet:
    """One page, all set: `steady`, then `codes`, then `texts` drawn over each other.

    `marks` are an annotated copy's: they lie on the steady background and under every word of the licence.
    `characters` are all that the page uses of each face, the steady ones and the marks' among them.
    """

    page: LicencePage
    template: Template
    steady: Steady
    codes: tuple[CodePart, ...]
    texts: tuple[TextPart, ...]
    characters: Mapping[FaceName, frozenset[str]]
    marks: tuple[TurnedPart, ...] = ()

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the page."""
        return self.steady.size

    @property
    def author(self) -> str:
        """The issuing organ's name as it stands on the face."""
        return self.page.fields.get("organ", "").strip()

    def __repr__(self) -> str:
        return f"Sheet({self.page!r})"
