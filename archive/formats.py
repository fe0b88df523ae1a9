"""Which file formats an archive package takes, and whether bytes are what their label says."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from archive.inside import Open, opened, sound_jpeg, sound_ofd, sound_png
from archive.pdf_look import sound_pdf
from documents.xml import XmlRefused, parse


@dataclass(frozen=True, slots=True)
class Format:
    """A media type: the suffixes it goes by and a look at the bytes, or at what is in them where it is a zip file."""

    suffixes: tuple[str, ...]
    sound: Callable[[bytes], bool] | None = None
    sound_inside: Callable[[bytes, Open], bool] | None = None

    def holds(self, data: bytes, open_: Open = opened) -> bool:
        """Whether the bytes are of this format.

        Args:
            open_: opens a zip file, for a caller that may have opened it already.
        """
        if self.sound_inside is not None:
            return self.sound_inside(data, open_)
        return self.sound is not None and self.sound(data)


def _text(data: bytes) -> bool:
    try:
        return "\0" not in data.decode("utf-8")
    except UnicodeDecodeError:
        return False


def _json(data: bytes) -> bool:
    try:
        json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        return False
    return True


def _xml(data: bytes) -> bool:
    try:
        parse(data, "a file")
    except XmlRefused:
        return False
    return True


#: Open, documented formats without encryption. Which of them an archive takes for long keeping is
#: its own decision: the check takes another table.
FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "application/ofd": Format((".ofd",), sound_inside=sound_ofd),
        "application/pdf": Format((".pdf",), sound_pdf),
        "application/json": Format((".json",), _json),
        "application/xml": Format((".xml",), _xml),
        "text/plain": Format((".txt",), _text),
        "text/csv": Format((".csv",), _text),
        "image/png": Format((".png",), sound_png),
        "image/jpeg": Format((".jpg", ".jpeg"), sound_jpeg),
    }
)


def agrees(media_type: str, name: str, data: bytes, formats: Mapping[str, Format] = FORMATS) -> bool:
    """Whether the media type is taken, the name ends as it should and the bytes are sound."""
    known = formats.get(media_type)
    return known is not None and name.lower().endswith(known.suffixes) and known.holds(data)
