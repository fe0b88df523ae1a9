"""The security border as vector paths: woven strands, rosettes and a pale medallion behind the text.

Everything is a closed formula of the template's numbers, so the same template gives the same paths.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from documents.template import Template

#: A half wave of a cosine as one cubic curve: handle length in units of its width (error below 1 %).
_HANDLE = 0.3642


@dataclass(frozen=True, slots=True)
class Shape:
    """One path: `x y w h` of its box, its data relative to the box, and how it is inked."""

    box: tuple[float, float, float, float]
    data: str
    stroke: str | None = None
    fill: str | None = None
    line: float = 0.353


@lru_cache(maxsize=1 << 14)
def length(value: float, decimals: int = 3) -> str:
    """A length as OFD text, without trailing zeros."""
    text = f"{value:.{decimals}f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _rectangle(x: float, y: float, width: float, height: float) -> str:
    right, bottom = length(x + width), length(y + height)
    left, top = length(x), length(y)
    return f"M {left} {top} L {right} {top} L {right} {bottom} L {left} {bottom} C"


#: Strands and the medallion are written to a tenth of a millimetre, the small rosettes to a hundredth.
_COARSE, _FINE = 1, 2
_Point = tuple[float, float]
_Curve = tuple[_Point, _Point, _Point, _Point]


def _cut(curve: _Curve, along: float, *, keep_after: bool) -> _Curve:
    """The part of a curve after (or before) the place where its first coordinate is `along`."""
    low, high = 0.0, 1.0
    for _ in range(40):
        t = (low + high) / 2
        s = 1 - t
        here = s**3 * curve[0][0] + 3 * s * s * t * curve[1][0] + 3 * s * t * t * curve[2][0] + t**3 * curve[3][0]
        low, high = (t, high) if here < along else (low, t)
    t = (low + high) / 2

    def between(p: _Point, q: _Point) -> _Point:
        return p[0] + (q[0] - p[0]) * t, p[1] + (q[1] - p[1]) * t

    a, b, c = between(curve[0], curve[1]), between(curve[1], curve[2]), between(curve[2], curve[3])
    d, e = between(a, b), between(b, c)
    middle = between(d, e)
    return (middle, e, c, curve[3]) if keep_after else (curve[0], a, d, middle)


def _strand(span: float, middle: float, swing: float, waves: int, phase: float, *, upright: bool) -> str:
    """A cosine of `waves` whole waves from 0 to `span`, begun `phase` of a wave in, as cubic half waves.

    Nothing of it reaches beyond its ends, where the corner rosettes stand.
    """
    half = span / waves / 2
    curves: list[_Curve] = []
    for index in range(2 * waves + 2):
        here = (index - 2 * phase) * half
        there = here + half
        height = middle + (swing if index % 2 == 0 else -swing)
        depth = 2 * middle - height
        curve: _Curve = (
            (here, height),
            (here + _HANDLE * half, height),
            (there - _HANDLE * half, depth),
            (there, depth),
        )
        if there <= 1e-6 or here >= span - 1e-6:
            continue
        if here < -1e-6:
            curve = _cut(curve, 0.0, keep_after=True)
        if there > span + 1e-6:
            curve = _cut(curve, span, keep_after=False)
        curves.append(curve)

    def point(one: _Point) -> str:
        first, second = (one[1], one[0]) if upright else one
        return f"{length(first, _COARSE)} {length(second, _COARSE)}"

    return f"M {point(curves[0][0])} " + " ".join(f"B {point(b)} {point(c)} {point(d)}" for _, b, c, d in curves)


def _ellipses(centre: float, long: float, short: float, count: int, decimals: int) -> str:
    """`count` ellipses turned about one centre: the classic rosette of an engraving lathe."""
    kappa = 0.5523
    parts: list[str] = []
    for index in range(count):
        angle = math.pi * index / count
        cosine, sine = math.cos(angle), math.sin(angle)

        def at(u: float, v: float, cosine: float = cosine, sine: float = sine) -> str:
            x, y = centre + u * cosine - v * sine, centre + u * sine + v * cosine
            return f"{length(x, decimals)} {length(y, decimals)}"

        a, b, p, q = long, short, long * kappa, short * kappa
        parts.append(
            f"M {at(a, 0)} B {at(a, q)} {at(p, b)} {at(0, b)} B {at(-p, b)} {at(-a, q)} {at(-a, 0)} "
            f"B {at(-a, -q)} {at(-p, -b)} {at(0, -b)} B {at(p, -b)} {at(a, -q)} {at(a, 0)} C"
        )
    return " ".join(parts)


def _band(template: Template, start: float, across: float, span: float, *, upright: bool) -> list[Shape]:
    """One side of the border: strands at full and at half swing, each set one path."""
    frame = template.frame
    waves = max(1, round(span / frame.period))
    middle, swing = frame.band / 2, frame.band / 2 - 1
    box = (across, start, frame.band, span) if upright else (start, across, span, frame.band)
    return [
        Shape(
            box,
            " ".join(
                _strand(span, middle, swing * reach, waves, index / frame.strands, upright=upright)
                for index in range(frame.strands)
            ),
            stroke=template.colour(colour),
            line=frame.line,
        )
        for reach, colour in ((1.0, "border"), (0.5, "border_light"))
    ]


def background(template: Template) -> Sequence[Shape]:
    """Paper tint, medallion, band, rosettes and rules, in the order in which they are drawn."""
    frame = template.frame
    width, height, margin, band = template.width, template.height, frame.margin, frame.band
    dark, light = template.colour("border"), template.colour("border_light")
    page = (0.0, 0.0, width, height)
    shapes = [Shape(page, _rectangle(0, 0, width, height), fill=template.colour(template.paper))]
    radius = frame.medallion
    if radius:
        centre = (width / 2 - radius, frame.medallion_y - radius, 2 * radius, 2 * radius)
        for long, short, count in ((radius, radius * 0.36, 24), (radius * 0.62, radius * 0.2, 16)):
            data = _ellipses(radius, long, short, count, _COARSE)
            shapes.append(Shape(centre, data, stroke=template.colour("medallion"), line=frame.line))
    inner_width, inner_height = width - 2 * (margin + band), height - 2 * (margin + band)
    for across in (margin, height - margin - band):
        shapes += _band(template, margin + band, across, inner_width, upright=False)
    for across in (margin, width - margin - band):
        shapes += _band(template, margin + band, across, inner_height, upright=True)
    rose = _ellipses(frame.rosette, frame.rosette, frame.rosette * 0.42, 9, _FINE)
    heart = _ellipses(frame.rosette, frame.rosette * 0.6, frame.rosette * 0.2, 5, _FINE)
    for x in (margin + band / 2, width - margin - band / 2):
        for y in (margin + band / 2, height - margin - band / 2):
            box = (x - frame.rosette, y - frame.rosette, 2 * frame.rosette, 2 * frame.rosette)
            shapes.append(Shape(box, rose, stroke=dark, line=frame.line))
            shapes.append(Shape(box, heart, stroke=light, line=frame.line))
    for inset, line, colour in (
        (margin - 1.4, 0.9, dark),
        (margin, 0.2, dark),
        (margin + band, 0.2, dark),
        (margin + band + 1.2, 0.6, dark),
    ):
        data = _rectangle(inset, inset, width - 2 * inset, height - 2 * inset)
        shapes.append(Shape(page, data, stroke=colour, line=line))
    return shapes
