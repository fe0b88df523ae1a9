"""What a licence's face is made of: words, rows, border, places of the code and the seals.

Designers write these as TOML files (`documents.template_files` reads them); what every key means is
told in documents/templates/README.md. Lengths are millimetres.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from documents.fonts import FaceName
from documents.layout import Align


class SheetKind(StrEnum):
    """Which sheet of a licence a page is."""

    ORIGINAL = "original"
    """正本: the large one that hangs on the wall."""
    COPY = "copy"
    """副本: the small one that is carried; it says the same."""
    ANNEX = "annex"
    """附页: a page for the one value that was too long for its face. Nobody asks for it; it comes by need."""
    NOTICE = "notice"
    """公告: no licence. It has a file of its own and no other sheets."""


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
    A value that does not fit goes to annex pages and leaves the words of `annex` on the face; without
    such words it is refused.
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
    annex: str = ""


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
    """One sheet of a licence, whole and checked. `qr` is None on an annex page only."""

    name: str
    sheet: SheetKind
    title: str
    width: float
    height: float
    paper: str
    colours: Mapping[str, str]
    frame: Frame
    qr: Square | None
    seals: tuple[Square, ...]
    texts: tuple[Text, ...]
    rows: tuple[Row, ...]
    field_names: Mapping[str, str]
    inks: Mapping[str, str]

    def colour(self, name: str) -> str:
        """The colour called `name` as OFD writes it: "r g b"."""
        return self.inks[name]
