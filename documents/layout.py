"""Chinese text in a box: where lines break, which size fits, where each character stands.

All lengths are millimetres, origin top left, y downward, as in OFD.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate, pairwise

from documents.fonts import Face

#: Closing marks never start a line, opening marks never end one.
CLOSING = frozenset("，。；：、？！）》」』】〉〕｝”’％%)]};:,.!?…·")
OPENING = frozenset("（《「『【〈〔｛“‘([{")
#: Full-width marks with ink in one half only. Before another mark, and at a line's end, the empty half goes.
_INK_LEFT = frozenset("，。；：、）》」』】〉〕｝")
_INK_RIGHT = frozenset("（《「『【〈〔｛")
_WORD = re.compile(r"[0-9A-Za-z.\-_/@&+#:]+")
_STEP = 0.1
#: Beyond this many sizes of slack a line is left ragged rather than pulled apart.
_MOST_SLACK = 3


class Align(StrEnum):
    LEFT = "left"
    CENTRE = "centre"
    RIGHT = "right"
    SPREAD = "spread"
    """First character at the left edge, last at the right: 两端对齐, as labels on licences are set."""


@dataclass(frozen=True, slots=True)
class Line:
    """One set line: `x` and `baseline` of its first character, and the n-1 advances between n characters."""

    text: str
    x: float
    baseline: float
    size: float
    advances: tuple[float, ...]
    width: float


def _steps(text: str, face: Face) -> list[float]:
    """The advances of `text` in ems, marks that stand next to each other pushed together."""
    steps = [face.advances[ord(character)] for character in text]
    for place, (left, right) in enumerate(pairwise(text)):
        if (left in _INK_LEFT and (right in _INK_LEFT or right in _INK_RIGHT)) or (
            left in _INK_RIGHT and right in _INK_RIGHT
        ):
            steps[place] -= 0.5
    return steps


def _last(character: str, face: Face) -> float:
    """How much room a line's last character takes, in ems."""
    return 0.5 if character in _INK_LEFT else face.advances[ord(character)]


def _breaks(text: str) -> list[bool]:
    """Whether a line may end before each place of `text`; the last entry is the text's own end."""
    allowed = [False, *(right not in CLOSING and left not in OPENING for left, right in pairwise(text)), True]
    for match in _WORD.finditer(text):
        for place in range(match.start() + 1, match.end()):
            allowed[place] = False
    return allowed


class Paragraph:
    """One value, measured once, to be wrapped at several sizes."""

    def __init__(self, text: str, face: Face) -> None:
        self.text = text
        self._face = face
        self._upto = [0.0, *accumulate(_steps(text, face))]
        self._allowed = _breaks(text)

    def _width(self, start: int, end: int, size: float, spacing: float) -> float:
        """The width of the ink from place `start` to `end`."""
        ems = self._upto[end - 1] - self._upto[start] + _last(self.text[end - 1], self._face)
        return ems * size + spacing * (end - start - 1)

    def wrap(self, size: float, width: float, spacing: float = 0.0) -> list[str]:
        """The text cut into lines no wider than `width`; joined again they are the text.

        A number or Latin word wider than the line is cut inside, as nothing else can be done with it.
        """
        lines: list[str] = []
        start, whole = 0, len(self.text)
        while start < whole:
            # No line is longer than it would be without letter spacing and with a half-empty end.
            furthest = min(whole, bisect_right(self._upto, self._upto[start] + width / size + 1.0))
            end = furthest
            while end > start + 1 and self._width(start, end, size, spacing) > width + 1e-6:
                end -= 1
            longest = end
            while end > start and not self._allowed[end]:
                end -= 1
            end = end if end > start else longest
            lines.append(self.text[start:end])
            start = end
        return lines

    def fit(
        self, *, width: float, height: float, size: float, least: float, leading: float, spacing: float = 0.0
    ) -> tuple[float, list[str]] | None:
        """The largest size from `size` down to `least` at which the text fits, and its lines; None when none does.

        `leading` is the distance of two baselines as a multiple of the size.
        """
        tried = size
        while tried >= least - 1e-6:
            rows = int((height - tried) / (tried * leading) + 1e-6) + 1 if height >= tried else 0
            # A multiplication tells most sizes that cannot fit; wrapping is the dear part.
            if rows and self._upto[-1] * tried <= rows * (width + tried / 2):
                lines = self.wrap(tried, width, spacing)
                if len(lines) <= rows:
                    return tried, lines
            tried = round(tried - _STEP, 3)
        return None


def place(
    line: str,
    face: Face,
    *,
    x: float,
    width: float,
    baseline: float,
    size: float,
    align: Align = Align.LEFT,
    spacing: float = 0.0,
    justify: bool = False,
) -> Line:
    """One line set between `x` and `x + width`; `justify` pushes a wrapped line's end to the right edge."""
    ems = _steps(line, face)
    steps = [em * size + spacing for em in ems[:-1]]
    last = _last(line[-1], face) * size
    slack = width - sum(steps) - last
    gaps = len(steps)
    start = x
    if align is Align.SPREAD and gaps:
        steps = [step + slack / gaps for step in steps]
    elif align in (Align.CENTRE, Align.SPREAD):
        start = x + slack / 2
    elif align is Align.RIGHT:
        start = x + slack
    elif justify and 0 < slack <= _MOST_SLACK * size:
        outside = [index for index, pair in enumerate(pairwise(line)) if not _WORD.fullmatch("".join(pair))]
        for index in outside:
            steps[index] += slack / len(outside)
    return Line(line, start, baseline, size, tuple(steps), sum(steps) + face.advances[ord(line[-1])] * size)


def set_lines(
    lines: Sequence[str],
    face: Face,
    *,
    x: float,
    width: float,
    first_baseline: float,
    size: float,
    leading: float,
    align: Align,
    spacing: float,
) -> list[Line]:
    """The lines of one value, each but the last justified when it is set to the left."""
    last = len(lines) - 1
    return [
        place(
            line,
            face,
            x=x,
            width=width,
            baseline=first_baseline + number * size * leading,
            size=size,
            align=align,
            spacing=spacing,
            justify=number < last and align is Align.LEFT,
        )
        for number, line in enumerate(lines)
    ]
