"""Licences as PDF 1.7, from the same templates as the OFD, for those outside the OFD world.

Fields, glyphs and room are checked by `documents.sheet` before the first byte is written. The file keeps
to what PDF/A-3 asks for where that costs nothing (embedded fonts, XMP, an associated file), but says
nothing about conformance, as no validator has looked at it.
"""

from __future__ import annotations

from documents.pdf.file import OpenPage, PdfDocument
from documents.pdf.writer import draw, write

__all__ = ["OpenPage", "PdfDocument", "draw", "write"]
