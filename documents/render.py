"""Our own OFD pages as PNG pictures, so that people and tests can look at them.

Draws what `documents.ofd` writes: text in the embedded fonts, level or turned by a CTM, stroked and filled
paths (M L Q B C), images, and the pictures of seals, whole or in slices, at the place their StampAnnot names.
Arcs, CGTransform, composite objects, and fonts that are not embedded it refuses. Page
templates, annotations, patterns and shadings, transparency and clips of page objects it leaves out,
and `left_out` says so. It is no viewer, and it verifies nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO

from lxml import etree
from PIL import Image, ImageDraw, ImageFont

from documents.errors import NotReadable
from documents.package import Package
from documents.reader import NS, Box, Reader, Stamp, four, numbers, text_at

#: Everything is drawn this much larger and reduced, which smooths the edges.
_FINER = 3
_CURVE_STEPS = 16
_DEFAULT_LINE = 0.353
#: A matrix of less than this turns a text into a stroke.
_FLAT = 1e-6
#: An A3 page at 400 dots per inch; beyond it a file that lies about its size would eat the memory.
_MOST_PIXELS = 6700

#: Turns the bytes of a Seal.esl into the PNG inside it.
SealPicture = Callable[[bytes], bytes]


def render(package: Package, dpi: float = 100, seal_picture: SealPicture | None = None) -> list[bytes]:
    """Every page as a PNG, in order.

    Args:
        package: an OFD, sealed or not.
        dpi: pixels per inch of the result.
        seal_picture: gives the PNG of a Seal.esl; without it seals are not drawn.

    Raises:
        NotReadable: a part is missing, malformed or uses what this renderer does not draw.
    """
    reader = Reader(package)
    try:
        return [_png(_Page(reader, page_id, location, dpi).draw(seal_picture)) for page_id, location in reader.pages()]
    except (ValueError, IndexError, OSError) as error:
        # A number that is none, a path cut short, a font or image that Pillow cannot open.
        raise NotReadable(f"a page object is malformed ({type(error).__name__}); nothing was drawn.") from error


#: What is passed over, by the element or attribute that asks for it.
_ELEMENTS_LEFT_OUT = {
    "Template": "page templates",
    "Pattern": "patterns and shadings",
    "AxialShd": "patterns and shadings",
    "RadialShd": "patterns and shadings",
    "GouraudShd": "patterns and shadings",
    "LaGouraudShd": "patterns and shadings",
    "Clips": "clips of page objects",
    "Border": "borders of images",
}


def left_out(package: Package) -> tuple[str, ...]:
    """What the file asks for and `render` does not draw, in words; empty for a file of ours.

    Raises:
        NotReadable: a part is missing or malformed.
    """
    reader = Reader(package)
    found = dict.fromkeys(["annotations"] if reader.has_annotations() else [])
    for _, location in reader.pages():
        for one in reader.xml(location).iter("{*}*"):
            kind = _ELEMENTS_LEFT_OUT.get(etree.QName(one.tag).localname)
            if kind:
                found[kind] = None
            if one.get("Alpha", "255") != "255":
                found["transparency"] = None
    return tuple(found)


def _png(image: Image.Image) -> bytes:
    out = BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def advances(delta: str | None) -> list[float]:
    """The advances a DeltaX tells: plain numbers and runs `g n v`."""
    words = (delta or "").split()
    result: list[float] = []
    place = 0
    while place < len(words):
        if words[place] == "g":
            result += [float(words[place + 2])] * int(words[place + 1])
            place += 3
        else:
            result.append(float(words[place]))
            place += 1
    return result


class _Page:
    """One page on a canvas `_FINER` times the asked resolution."""

    def __init__(self, reader: Reader, page_id: str, location: str, dpi: float) -> None:
        self._reader = reader
        self._page_id = page_id
        self._fonts, self._images = reader.fonts(), reader.images()
        self._content = reader.xml(location)
        own = self._content.find("ofd:Area/ofd:PhysicalBox", NS)
        box = four(own.text) if own is not None else reader.page_box()
        self._scale = dpi / 25.4 * _FINER
        if max(box[2:]) * dpi / 25.4 > _MOST_PIXELS:
            raise NotReadable(
                f"a page would be wider than {_MOST_PIXELS} pixels; nothing was drawn. Ask for fewer dpi."
            )
        self._size = (round(box[2] * dpi / 25.4), round(box[3] * dpi / 25.4))
        self._image = Image.new("RGB", (self._size[0] * _FINER, self._size[1] * _FINER), "white")
        self._pen = ImageDraw.Draw(self._image)
        self._faces: dict[tuple[str, int], ImageFont.FreeTypeFont] = {}

    def draw(self, seal_picture: SealPicture | None) -> Image.Image:
        for layer in self._content.iterfind("ofd:Content/ofd:Layer", NS):
            for one in layer:
                kind = etree.QName(one.tag).localname
                if kind == "PathObject":
                    self._path(one)
                elif kind == "TextObject":
                    self._write(one)
                elif kind == "ImageObject":
                    self._picture(one)
                else:
                    raise NotReadable(
                        f"a page object {kind} is beyond this renderer; nothing was drawn. Use an OFD viewer."
                    )
        if seal_picture is not None:
            for stamp in self._reader.stamps(self._page_id):
                self._stamp(stamp, seal_picture(stamp.seal))
        return self._image.resize(self._size, Image.Resampling.LANCZOS)

    def _path(self, one: etree._Element) -> None:
        x, y, _, _ = four(one.get("Boundary"))
        fill = _colour(one, "ofd:FillColor", "black") if one.get("Fill") == "true" else None
        stroke = _colour(one, "ofd:StrokeColor", "black") if one.get("Stroke") != "false" else None
        line = float(one.get("LineWidth") or _DEFAULT_LINE)
        for points in _flatten(text_at(one, "ofd:AbbreviatedData")):
            pixels = [((x + u) * self._scale, (y + v) * self._scale) for u, v in points]
            if fill is not None:
                self._pen.polygon(pixels, fill=fill)
            if stroke is not None:
                # A closed path runs on to its second point, so that its first corner is joined too.
                outline = [*pixels, pixels[1]] if pixels[0] == pixels[-1] else pixels
                self._pen.line(outline, fill=stroke, width=max(1, round(line * self._scale)), joint="curve")

    def _write(self, one: etree._Element) -> None:
        if one.find("ofd:CGTransform", NS) is not None:
            raise NotReadable("shaped text is beyond this renderer; nothing was drawn. Use an OFD viewer.")
        if one.get("CTM") is not None:
            self._write_turned(one)
            return
        x, y, _, _ = four(one.get("Boundary"))
        face, ink = self._face(one), _colour(one, "ofd:FillColor", "black")
        for character, at, baseline in _glyphs(one):
            place = ((x + at) * self._scale, (y + baseline) * self._scale)
            self._pen.text(place, character, font=face, fill=ink, anchor="ls")

    def _face(self, one: etree._Element) -> ImageFont.FreeTypeFont:
        identifier = one.get("Font") or ""
        pixels = max(1, round(float(one.get("Size") or 0) * self._scale))
        face = self._faces.get((identifier, pixels))
        if face is None:
            file = self._fonts.get(identifier)
            if file is None:
                raise NotReadable(f"font {identifier} is not embedded; no page was drawn. Use an OFD viewer.")
            face = ImageFont.truetype(BytesIO(file), pixels, layout_engine=ImageFont.Layout.BASIC)
            self._faces[identifier, pixels] = face
        return face

    def _write_turned(self, one: etree._Element) -> None:
        """Set the line level on a strip, and lay that where the CTM puts it, cut at the object's box."""
        x, y, box_width, box_height = four(one.get("Boundary"))
        a, b, c, d, e, f = _six(one.get("CTM"))
        across, scale = a * d - b * c, self._scale
        if abs(across) < _FLAT:
            raise NotReadable("a text's matrix is flat; nothing was drawn. Ask its sender for the whole file.")
        glyphs, face = list(_glyphs(one)), self._face(one)
        if not glyphs:
            return
        # One size of room on every side holds whatever part of a glyph lies outside its own advance.
        size = float(one.get("Size") or 0)
        left, top = min(at for _, at, _ in glyphs) - size, min(base for _, _, base in glyphs) - 2 * size
        right, bottom = max(at for _, at, _ in glyphs) + 2 * size, max(base for _, _, base in glyphs) + size
        level = (round((right - left) * scale), round((bottom - top) * scale))
        shown = (max(1, round(box_width * scale)), max(1, round(box_height * scale)))
        if max(*level, *shown) > _MOST_PIXELS * _FINER:
            raise NotReadable("a text is larger than any page; nothing was drawn. Ask its sender for the whole file.")
        strip = Image.new("L", level)
        pen = ImageDraw.Draw(strip)
        for character, at, baseline in glyphs:
            pen.text(((at - left) * scale, (baseline - top) * scale), character, font=face, fill=255, anchor="ls")
        # Pillow asks for each pixel of the result where it comes from: the inverse of what the CTM says.
        back_x = (d / across, -c / across, (c * f - d * e) / across * scale - left * scale)
        back_y = (-b / across, a / across, (b * e - a * f) / across * scale - top * scale)
        turned = strip.transform(shown, Image.Transform.AFFINE, (*back_x, *back_y), Image.Resampling.BILINEAR)
        self._image.paste(_colour(one, "ofd:FillColor", "black"), (round(x * scale), round(y * scale)), turned)

    def _picture(self, one: etree._Element) -> None:
        file = self._images.get(one.get("ResourceID") or "")
        if file is None:
            raise NotReadable("an image resource is missing; nothing was drawn. Ask its sender for the whole file.")
        self._paste(file, four(one.get("Boundary")), None)

    def _stamp(self, stamp: Stamp, file: bytes) -> None:
        self._paste(file, stamp.box, stamp.clip)

    def _paste(self, file: bytes, box: Box, clip: Box | None) -> None:
        width, height = (max(1, round(side * self._scale)) for side in box[2:])
        with Image.open(BytesIO(file)) as opened:
            picture = opened.convert("RGBA").resize((width, height), Image.Resampling.LANCZOS)
        left, top = round(box[0] * self._scale), round(box[1] * self._scale)
        if clip is not None:
            u, v, w, h = (round(value * self._scale) for value in clip)
            picture = picture.crop((u, v, u + w, v + h))
            left, top = left + u, top + v
        self._image.paste(picture, (left, top), picture)


def _glyphs(one: etree._Element) -> Iterator[tuple[str, float, float]]:
    """The characters of a text object, each with where its baseline begins, in the object's own space."""
    for code in one.iterfind("ofd:TextCode", NS):
        at, baseline = float(code.get("X") or 0), float(code.get("Y") or 0)
        for character, advance in zip(code.text or "", [*advances(code.get("DeltaX")), 0.0], strict=False):
            yield character, at, baseline
            at += advance


def _six(text: str | None) -> tuple[float, float, float, float, float, float]:
    values = numbers(text)
    if len(values) != 6:
        raise NotReadable("a matrix does not have six numbers; nothing was drawn. Ask its sender for the whole file.")
    a, b, c, d, e, f = values
    return a, b, c, d, e, f


def _colour(one: etree._Element, path: str, default: str) -> str | tuple[int, int, int]:
    found = one.find(path, NS)
    if found is None:
        return default
    red, green, blue = (int(value) for value in numbers(found.get("Value")))
    return red, green, blue


def _flatten(data: str) -> Iterator[list[tuple[float, float]]]:
    """The subpaths of AbbreviatedData, curves cut into short lines."""
    words = data.split()
    place = 0
    points: list[tuple[float, float]] = []

    def take(count: int) -> list[tuple[float, float]]:
        nonlocal place
        values = [float(word) for word in words[place : place + 2 * count]]
        place += 2 * count
        return list(zip(values[::2], values[1::2], strict=True))

    while place < len(words):
        operator = words[place]
        place += 1
        if not points and operator not in ("M", "S"):
            raise NotReadable("a path does not begin with M; nothing was drawn. Ask its sender for the whole file.")
        if operator in ("M", "S"):
            if len(points) > 1:
                yield points
            points = take(1)
        elif operator == "L":
            points += take(1)
        elif operator == "Q":
            (control, end), start = take(2), points[-1]
            points += [_quadratic(start, control, end, step / _CURVE_STEPS) for step in range(1, _CURVE_STEPS + 1)]
        elif operator == "B":
            (first, second, end), start = take(3), points[-1]
            points += [_cubic(start, first, second, end, step / _CURVE_STEPS) for step in range(1, _CURVE_STEPS + 1)]
        elif operator == "C":
            points.append(points[0])
        else:
            raise NotReadable(
                f"a path with operator {operator} is beyond this renderer; nothing was drawn. Use an OFD viewer."
            )
    if len(points) > 1:
        yield points


_Point = tuple[float, float]


def _quadratic(start: _Point, control: _Point, end: _Point, t: float) -> _Point:
    s = 1 - t
    return (
        s * s * start[0] + 2 * s * t * control[0] + t * t * end[0],
        s * s * start[1] + 2 * s * t * control[1] + t * t * end[1],
    )


def _cubic(start: _Point, first: _Point, second: _Point, end: _Point, t: float) -> _Point:
    s = 1 - t
    a, b, c, d = s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t
    return (
        a * start[0] + b * first[0] + c * second[0] + d * end[0],
        a * start[1] + b * first[1] + c * second[1] + d * end[1],
    )
