"""Chinese text in a box: where lines break, which size fits, where each character stands.

All lengths are millimetres, origin top left, y downward, as in OFD.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate

from documents.fonts import Face

#: Closing marks never start a line, opening marks never end one.
CLOSING = "，。；：、？！）》」』】〉〕｝”’％%)]};:,.!?…·"
OPENING = "（《「『【〈〔｛“‘([{"
#: Full-width marks with ink in one half only. Before another mark, and at a line's end, the empty half goes.
_INK_LEFT = "，。；：、）》」』】〉〕｝"
_INK_RIGHT = "（《「『【〈〔｛"
_HALF_ENDS = frozenset(_INK_LEFT)


def _any(marks: str) -> str:
    return f"[{re.escape(marks)}]"


#: Marks whose empty half is taken by the next mark: ）， and ）（ and （《. In these faces quotation marks have none.
_SQUEEZED = re.compile(f"{_any(_INK_LEFT)}(?={_any(_INK_LEFT + _INK_RIGHT)})|{_any(_INK_RIGHT)}(?={_any(_INK_RIGHT)})")
#: No line ends before a closing mark or after an opening one …
_UNBROKEN = re.compile(f"(?<={_any(OPENING)})|(?={_any(CLOSING)})")
#: … nor inside a number or Latin word.
_WORD = re.compile(r"[0-9A-Za-z.\-_/@&+#:]+")
_STEP = 0.1
#: Beyond this many sizes of slack a line is left ragged rather than pulled apart.
_MOST_SLACK = 3
#: A last line of so few characters is drawn up when a size at most so many steps smaller does it.
_ORPHAN, _ORPHAN_STEPS = 2, 3


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


@dataclass(frozen=True, slots=True)
class Fitted:
    """The size at which a value fits, and where its lines begin; the last entry is the value's end."""

    size: float
    cuts: tuple[int, ...]

    @property
    def lines(self) -> int:
        return len(self.cuts) - 1


class Paragraph:
    """One value, measured once, to be wrapped at several sizes."""

    def __init__(self, text: str, face: Face) -> None:
        """Raises KeyError when the face lacks a character; `Face.check` tells which."""
        self.text = text
        self._widths = list(map(face.advances.__getitem__, map(ord, text)))
        #: The advances in ems, marks that stand next to each other pushed together.
        self._steps = self._widths.copy()
        for match in _SQUEEZED.finditer(text):
            self._steps[match.start()] -= 0.5
        self._upto = [0.0, *accumulate(self._steps)]
        self._allowed: bytearray | None = None

    def _breaks(self) -> bytearray:
        """Whether a line may end before each place of the text; the last entry is the text's own end."""
        if self._allowed is None:
            self._allowed = bytearray(b"\1") * (len(self.text) + 1)
            for match in _UNBROKEN.finditer(self.text):
                self._allowed[match.start()] = 0
            for match in _WORD.finditer(self.text):
                start, end = match.span()
                self._allowed[start + 1 : end] = bytes(end - start - 1)
            self._allowed[0], self._allowed[-1] = 0, 1
        return self._allowed

    def _last(self, place: int) -> float:
        """How much room the character at `place` takes at a line's end, in ems."""
        return 0.5 if self.text[place] in _HALF_ENDS else self._widths[place]

    def _width(self, start: int, end: int, size: float, spacing: float) -> float:
        """The width of the ink from place `start` to `end`."""
        ems = self._upto[end - 1] - self._upto[start] + self._last(end - 1)
        return ems * size + spacing * (end - start - 1)

    def wrap(self, size: float, width: float, spacing: float = 0.0) -> tuple[int, ...]:
        """Where the lines begin that are no wider than `width`; the last entry is the text's end.

        A number or Latin word wider than the line is cut inside, as nothing else can be done with it.
        """
        cuts = [0]
        start, whole = 0, len(self.text)
        if whole and self._width(0, whole, size, spacing) <= width + 1e-6:
            return (0, whole)
        allowed = self._breaks()
        while start < whole:
            # No line is longer than it would be without letter spacing and with a half-empty end.
            furthest = min(whole, bisect_right(self._upto, self._upto[start] + width / size + 1.0))
            end = furthest
            while end > start + 1 and self._width(start, end, size, spacing) > width + 1e-6:
                end -= 1
            longest = end
            while end > start and not allowed[end]:
                end -= 1
            start = end if end > start else longest
            cuts.append(start)
        return tuple(cuts)

    def fit(
        self, *, width: float, height: float, size: float, least: float, leading: float, spacing: float = 0.0
    ) -> Fitted | None:
        """The largest size from `size` down to `least` at which the text fits; None when none does.

        `leading` is the distance of two baselines as a multiple of the size. A little smaller is taken
        when that draws up a last line of one or two characters.
        """
        found: Fitted | None = None
        spare = _ORPHAN_STEPS
        tried = size
        while tried >= least - 1e-6 and spare:
            rows = int((height - tried) / (tried * leading) + 1e-6) + 1 if height >= tried else 0
            # A multiplication tells most sizes that cannot fit; wrapping is the dear part.
            if found or (rows and self._upto[-1] * tried <= rows * (width + tried / 2)):
                fitted = Fitted(tried, self.wrap(tried, width, spacing))
                if found:
                    spare -= 1
                    if fitted.lines < found.lines:
                        return fitted
                elif fitted.lines <= rows:
                    found = fitted
                    if found.lines == 1 or found.cuts[-1] - found.cuts[-2] > _ORPHAN:
                        return found
            tried = round(tried - _STEP, 3)
        return found

    def place(
        self,
        start: int,
        end: int,
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
        steps = [em * size + spacing for em in self._steps[start : end - 1]]
        reach = sum(steps)
        slack = width - reach - self._last(end - 1) * size
        gaps = len(steps)
        at = x
        if align is Align.SPREAD and gaps:
            steps = [step + slack / gaps for step in steps]
            reach += slack
        elif align is Align.CENTRE or align is Align.SPREAD:
            at += slack / 2
        elif align is Align.RIGHT:
            at += slack
        elif justify and 0 < slack <= _MOST_SLACK * size:
            text = self.text[start:end]
            inside = {place for word in _WORD.finditer(text) for place in range(word.start(), word.end() - 1)}
            if len(inside) < gaps:
                more = slack / (gaps - len(inside))
                steps = [step if place in inside else step + more for place, step in enumerate(steps)]
                reach += slack
        return Line(self.text[start:end], at, baseline, size, tuple(steps), reach + self._widths[end - 1] * size)

    def place_all(
        self,
        fitted: Fitted,
        *,
        x: float,
        width: float,
        first_baseline: float,
        leading: float,
        align: Align,
        spacing: float,
    ) -> list[Line]:
        """All lines of the value, each but the last justified when they are set to the left."""
        size, cuts = fitted.size, fitted.cuts
        left = align is Align.LEFT
        return [
            self.place(
                cuts[number],
                cuts[number + 1],
                x=x,
                width=width,
                baseline=first_baseline + number * size * leading,
                size=size,
                align=align,
                spacing=spacing,
                justify=left and number < fitted.lines - 1,
            )
            for number in range(fitted.lines)
        ]


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
) -> Line:
    """Fixed words on one line."""
    return Paragraph(line, face).place(
        0, len(line), x=x, width=width, baseline=baseline, size=size, align=align, spacing=spacing
    )
