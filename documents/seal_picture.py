"""The picture of a round official seal: red ring, five-point star, the organ's name on the arc.

A picture is not a seal: what vouches for it is the signature around it. Pictures made here carry
测试 unless told otherwise, and production takes its picture from the seal maker.

It is drawn as SVG whose letters are outlines, so it needs no font where it is shown, and turned into
the PNG that a seal carries. Lengths are hundredths of a millimetre, origin top left, y downward.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from io import BytesIO

import resvg_py
import uharfbuzz as hb
from PIL import Image

from documents.errors import TextOverflow
from documents.fonts import FaceName, face

#: Vermilion of an official ink pad.
_RED = (218, 30, 30)
_DPI = 300
#: Proportions in units of the outer radius.
_RING = 0.055
_STAR = 0.335
_NAME_OUTER = 0.885
_NAME_HEIGHT = 0.27
_CODE_OUTER = 0.885
_CODE_HEIGHT = 0.105
_MOST_CHARACTERS = 30
#: Full-width brackets have an empty half; on the arc they take this much of a character's room.
_BRACKETS, _BRACKET = "（）", 0.55
#: The baseline below the top of a character's body, in ems of this face.
_BASELINE = 0.86
#: Letters are cut this much bolder than the face has them, in units of their height.
_BOLDER = 0.028
#: A picture has one colour in these many strengths, two bits a pixel: a quarter of the bytes of RGBA, and no eye
#: tells it from more, enlarged three times.
_STRENGTHS = 4

_Point = tuple[float, float]
#: From ems (x from the middle of the body, y downward from it) to the seal.
_Transform = Callable[[float, float], _Point]
#: A glyph's outline in ems: SVG operators with their points.
_Outline = tuple[tuple[str, tuple[_Point, ...]], ...]


def draw(
    organ: str, caption: str | None = None, credit_code: str | None = None, size_mm: float = 42, test: bool = True
) -> bytes:
    """`svg` as a PNG with transparent ground, at 300 dots per inch, the same for the same words.

    Raises:
        GlyphMissing, TextOverflow: as for `svg`.
    """
    side = round(size_mm / 25.4 * _DPI)
    drawn = resvg_py.svg_to_bytes(
        svg_string=svg(organ, caption, credit_code, size_mm, test),
        dpi=_DPI,
        width=side,
        height=side,
        skip_system_fonts=True,
    )
    with Image.open(BytesIO(drawn)) as picture:
        return _png(picture.getchannel("A"))


def svg(
    organ: str, caption: str | None = None, credit_code: str | None = None, size_mm: float = 42, test: bool = True
) -> str:
    """The seal as an SVG of plain paths, the same for the same words.

    Args:
        organ: the name on the arc, read clockwise from lower left; at most 30 characters.
        caption: a straight line below the star, e.g. 行政审批专用章; at most 12 characters.
        credit_code: 18 characters on the lower arc, or none.
        size_mm: outer diameter; 42 mm is that of a county-level department's seal.
        test: writes 测试 under the star, so that nobody takes the picture for a real one.

    Raises:
        GlyphMissing: the face lacks a character.
        TextOverflow: more characters than the arc or the line holds.
    """
    for name, text, most in (
        ("organ", organ, _MOST_CHARACTERS),
        ("caption", caption or "", 12),
        ("credit_code", credit_code or "", 20),
    ):
        if len(text) > most or (name == "organ" and not text):
            raise TextOverflow(name, len(text), f"{most} characters of a round seal")
        face(FaceName.BODY).check(name, text)
    radius = size_mm * 50
    ring = _RING * radius
    parts = [
        f'<circle cx="{radius:g}" cy="{radius:g}" r="{radius - ring / 2:g}" fill="none" stroke-width="{ring:g}"/>',
        f'<path d="{_star(radius, _STAR * radius)}" stroke="none"/>',
        # Above a caption the name ends where the line begins; without one it may come round further.
        _arc(
            organ,
            radius,
            outer=_NAME_OUTER,
            height=_NAME_HEIGHT,
            room=math.radians(212 if caption else 252 if credit_code else 264),
            top=True,
        ),
    ]
    if credit_code:
        parts.append(
            _arc(credit_code, radius, outer=_CODE_OUTER, height=_CODE_HEIGHT, room=math.radians(66), top=False)
        )
    if caption:
        parts.append(_straight(caption, radius, below=0.46 * radius, tall=0.19 * radius))
    if test:
        below, tall = (0.63, 0.125) if caption else (0.5, 0.19)
        parts.append(_straight("测试专用" if caption else "（测试）", radius, below=below * radius, tall=tall * radius))
    red = "#{:02x}{:02x}{:02x}".format(*_RED)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size_mm:g}mm" height="{size_mm:g}mm" '
        f'viewBox="0 0 {2 * radius:g} {2 * radius:g}"><g fill="{red}" stroke="{red}" stroke-linejoin="round">'
        + "".join(parts)
        + "</g></svg>"
    )


def _png(ink: Image.Image) -> bytes:
    """One red in a few strengths as a palette picture."""
    step = 255 / (_STRENGTHS - 1)
    levels = ink.point([round(value / step) for value in range(256)])
    picture = Image.frombytes("P", levels.size, levels.tobytes())
    picture.putpalette(_RED * _STRENGTHS)
    out = BytesIO()
    picture.save(
        out,
        "PNG",
        bits=2,
        optimize=True,
        dpi=(_DPI, _DPI),
        transparency=bytes(round(n * step) for n in range(_STRENGTHS)),
    )
    return out.getvalue()


def _star(middle: float, radius: float) -> str:
    """A regular pentagram, one point up."""
    inner = radius * math.sin(math.radians(18)) / math.sin(math.radians(54))
    points = []
    for index in range(10):
        reach, angle = (radius if index % 2 == 0 else inner), math.pi * index / 5
        points.append(f"{middle + reach * math.sin(angle):.0f} {middle - reach * math.cos(angle):.0f}")
    return f"M{'L'.join(points)}Z"


@cache
def _draw_funcs() -> hb.DrawFuncs:
    """Collects what HarfBuzz tells of an outline."""
    funcs = hb.DrawFuncs()

    def point(operator: str, *numbers: float) -> tuple[str, tuple[_Point, ...]]:
        return operator, tuple(zip(numbers[::2], numbers[1::2], strict=True))

    funcs.set_move_to_func(lambda x, y, kept: kept.append(point("M", x, y)))
    funcs.set_line_to_func(lambda x, y, kept: kept.append(point("L", x, y)))
    funcs.set_quadratic_to_func(lambda u, v, x, y, kept: kept.append(point("Q", u, v, x, y)))
    funcs.set_cubic_to_func(lambda a, b, u, v, x, y, kept: kept.append(point("C", a, b, u, v, x, y)))
    funcs.set_close_path_func(lambda kept: kept.append(("Z", ())))
    return funcs


@cache
def _outline(character: str) -> _Outline:
    """A glyph in ems around the middle of its body, y downward."""
    opened = face(FaceName.BODY)
    font = hb.Font(opened.face)
    half = opened.advances[ord(character)] / 2
    kept: list[tuple[str, tuple[_Point, ...]]] = []
    font.draw_glyph(font.get_nominal_glyph(ord(character)), _draw_funcs(), kept)
    scale = opened.face.upem
    return tuple(
        (operator, tuple((x / scale - half, _BASELINE - 0.5 - y / scale) for x, y in points))
        for operator, points in kept
    )


def _path(character: str, transform: _Transform) -> str:
    parts = []
    for operator, points in _outline(character):
        moved = (transform(*point) for point in points)
        parts.append(operator + " ".join(f"{x:.0f} {y:.0f}" for x, y in moved))
    return "".join(parts)


def _letters(paths: list[str], tall: float) -> str:
    return f'<path d="{"".join(paths)}" stroke-width="{tall * _BOLDER:.1f}"/>'


def _arc(text: str, radius: float, *, outer: float, height: float, room: float, top: bool) -> str:
    """`text` evenly along a circle, feet towards the centre on the upper arc, away from it on the lower."""
    weights = [_BRACKET if character in _BRACKETS else 1.0 for character in text]
    units = sum(weights) - (weights[0] + weights[-1]) / 2
    tall = height * radius
    middle = outer * radius - tall / 2
    # A short name keeps its characters together; a long one narrows them, and lowers them below half width.
    step = min(room / max(units, 1.0), tall * (1.5 if top else 1.0) / middle)
    width = min(tall * (0.84 if top else 0.62), step * middle * 0.88)
    tall = min(tall, width * 2)
    middle = outer * radius - tall / 2
    along = 0.0
    paths = []
    sign = 1.0 if top else -1.0
    for index, character in enumerate(text):
        if index:
            along += (weights[index - 1] + weights[index]) / 2
        angle = (along - units / 2) * step
        sine, cosine = math.sin(angle), math.cos(angle)
        # A bracket gives up its empty half.
        aside = {"（": (1 - _BRACKET) / 2, "）": (_BRACKET - 1) / 2}.get(character, 0.0)

        def onto(u: float, v: float, sine: float = sine, cosine: float = cosine, aside: float = aside) -> _Point:
            x, y = (u - aside) * width, v * tall - sign * middle
            return radius + x * cosine - sign * y * sine, radius + sign * x * sine + y * cosine

        paths.append(_path(character, onto))
    return _letters(paths, tall)


def _straight(text: str, radius: float, *, below: float, tall: float) -> str:
    """`text` on a straight line, its middle `below` the centre; squeezed where the ring leaves less room."""
    chord = 2 * math.sqrt((0.86 * radius) ** 2 - (below + tall / 2) ** 2)
    step = min(tall * 1.02, chord / len(text))
    left = radius - step * (len(text) - 1) / 2
    paths = []
    for index, character in enumerate(text):

        def onto(u: float, v: float, at: float = left + index * step) -> _Point:
            return at + u * step * 0.94, radius + below + v * tall

        paths.append(_path(character, onto))
    return _letters(paths, tall)
