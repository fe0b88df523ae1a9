"""Which file formats an archive package takes, and whether bytes are what their label says."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from archive.inside import sound_jpeg, sound_ofd, sound_png
from archive.pdf_look import sound_pdf
from documents.xml import XmlRefused, parse


@dataclass(frozen=True, slots=True)
class Format:
    """A media type: the suffixes it goes by and a look at the bytes."""

    suffixes: tuple[str, ...]
    holds: Callable[[bytes], bool]


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
        "application/ofd": Format((".ofd",), sound_ofd),
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
