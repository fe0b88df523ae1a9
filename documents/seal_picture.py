"""The picture of a round official seal: red ring, five-point star, the organ's name on the arc.

A picture is not a seal: what vouches for it is the signature around it. Pictures made here carry
测试 unless told otherwise, and production takes its picture from the seal maker.
"""

from __future__ import annotations

import math
from functools import cache
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from documents.errors import TextOverflow
from documents.fonts import FaceName, face

#: Vermilion of an official ink pad.
_RED = (218, 30, 30)
_DPI = 300
#: Drawn this much larger, then reduced.
_FINER = 4
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
#: A picture has one colour in these many strengths: a palette with transparency, a third of the bytes of RGBA.
_STRENGTHS = 8


def draw(
    organ: str, caption: str | None = None, credit_code: str | None = None, size_mm: float = 42, test: bool = True
) -> bytes:
    """A PNG with transparent ground, at 300 dots per inch, the same for the same words.

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
    radius = size_mm / 25.4 * _DPI * _FINER / 2
    side = round(2 * radius)
    ink = Image.new("L", (side, side), 0)
    pen = ImageDraw.Draw(ink)
    ring = _RING * radius
    pen.ellipse((0, 0, side - 1, side - 1), fill=255)
    pen.ellipse((ring, ring, side - 1 - ring, side - 1 - ring), fill=0)
    _star(pen, radius, radius, _STAR * radius)
    # Above a caption the name ends where the line begins; without one it may come round further.
    _arc(
        ink,
        organ,
        radius,
        outer=_NAME_OUTER,
        height=_NAME_HEIGHT,
        room=math.radians(212 if caption else 252 if credit_code else 264),
        top=True,
    )
    if credit_code:
        _arc(ink, credit_code, radius, outer=_CODE_OUTER, height=_CODE_HEIGHT, room=math.radians(66), top=False)
    if caption:
        _straight(ink, caption, radius, below=0.46 * radius, tall=0.19 * radius)
    if test:
        below, tall = (0.63, 0.125) if caption else (0.5, 0.19)
        _straight(ink, "测试专用" if caption else "（测试）", radius, below=below * radius, tall=tall * radius)
    return _png(ink.resize((round(side / _FINER), round(side / _FINER)), Image.Resampling.LANCZOS))


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
        bits=4,
        optimize=True,
        dpi=(_DPI, _DPI),
        transparency=bytes(round(n * step) for n in range(_STRENGTHS)),
    )
    return out.getvalue()


def _star(pen: ImageDraw.ImageDraw, x: float, y: float, radius: float) -> None:
    """A regular pentagram, one point up."""
    inner = radius * math.sin(math.radians(18)) / math.sin(math.radians(54))
    points = [
        (
            x + (radius if index % 2 == 0 else inner) * math.sin(math.pi * index / 5),
            y - (radius if index % 2 == 0 else inner) * math.cos(math.pi * index / 5),
        )
        for index in range(10)
    ]
    pen.polygon(points, fill=255)


@cache
def _font(pixels: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(face(FaceName.BODY).path), pixels, layout_engine=ImageFont.Layout.BASIC)


def _glyph(character: str, width: float, height: float, *, whole: bool = False) -> Image.Image:
    """One character as ink, its body squeezed to `width` x `height` pixels, a little fattened as cut seals are.

    A bracket gives up its empty half unless the `whole` body is asked for.
    """
    em = 400
    body = Image.new("L", (em, em), 0)
    advance = face(FaceName.BODY).advances[ord(character)] * em
    pen = ImageDraw.Draw(body)
    pen.text(((em - advance) / 2, em * 0.86), character, font=_font(em), fill=255, anchor="ls", stroke_width=5)
    if character in _BRACKETS and not whole:
        side = _BRACKETS.index(character)
        body = body.crop((round(em * (1 - _BRACKET)), 0, em, em) if side == 0 else (0, 0, round(em * _BRACKET), em))
    return body.resize((max(1, round(width)), max(1, round(height))), Image.Resampling.LANCZOS)


def _arc(ink: Image.Image, text: str, radius: float, *, outer: float, height: float, room: float, top: bool) -> None:
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
    for index, character in enumerate(text):
        if index:
            along += (weights[index - 1] + weights[index]) / 2
        angle = (along - units / 2) * step
        glyph = _glyph(character, width * weights[index], tall)
        turned = glyph.rotate(math.degrees(-angle if top else angle), Image.Resampling.BICUBIC, expand=True)
        sign = 1.0 if top else -1.0
        x = radius + middle * math.sin(angle) - turned.width / 2
        y = radius - sign * middle * math.cos(angle) - turned.height / 2
        ink.paste(255, (round(x), round(y)), turned)


def _straight(ink: Image.Image, text: str, radius: float, *, below: float, tall: float) -> None:
    """`text` on a straight line, its middle `below` the centre; squeezed where the ring leaves less room."""
    chord = 2 * math.sqrt((0.86 * radius) ** 2 - (below + tall / 2) ** 2)
    step = min(tall * 1.02, chord / len(text))
    left = radius - step * len(text) / 2
    for index, character in enumerate(text):
        glyph = _glyph(character, step * 0.94, tall, whole=True)
        ink.paste(255, (round(left + index * step + (step - glyph.width) / 2), round(radius + below - tall / 2)), glyph)
