"""Drawing a licence as OFD: fields in, an unsigned package out.

What the face says and how it is set is `documents.sheet`; how it is written is `documents.ofd`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from documents import ofd
from documents.package import Package
from documents.places import Place, riding_places, seal_place, seal_places
from documents.setting import steady
from documents.sheet import CopyNote, LicencePage, set_sheets
from documents.template import SheetKind
from documents.template_files import forget, load, names

__all__ = [
    "CopyNote",
    "FieldSpec",
    "LicencePage",
    "Place",
    "SheetKind",
    "draw",
    "draw_set",
    "fields",
    "forget_templates",
    "riding_places",
    "seal_place",
    "seal_places",
    "set_sheets",
    "templates",
]


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field of a template: its key, its Chinese name, and whether it may be absent."""

    key: str
    name: str
    optional: bool


def templates() -> tuple[str, ...]:
    """The names of all templates."""
    return names()


def forget_templates() -> None:
    """Read every template again at the next drawing, where a file of them was changed or another folder is tried."""
    forget()
    steady.cache_clear()


def fields(template: str) -> tuple[FieldSpec, ...]:
    """The fields of a template, the shared ones of its frame first; 正本 and 副本 have the same."""
    return tuple(FieldSpec(row.key, row.name, row.optional) for row in load(template).rows)


def draw(page: LicencePage) -> Package:
    """The unsigned OFD of one sheet of a licence, with the annex pages it needs; the same page gives the same bytes.

    Raises:
        FieldsUnfit: a field is missing, empty or unknown to the template.
        GlyphMissing: the embedded font lacks a character of a field.
        TextOverflow: a value does not fit its box at the smallest size, and has no annex.
        TextRefused: a text that XML or the QR code cannot hold, or a wrong document ID.
        TemplateBroken, FontBroken: the installation is damaged.
    """
    return draw_set([page])


def draw_set(pages: Sequence[LicencePage]) -> Package:
    """One unsigned OFD of several sheets of a licence, e.g. 正本 and 副本.

    Where seals go in it, `seal_places(set_sheets(pages))` tells, as annex pages move what follows them.

    Raises:
        PagesDisagree: no page, or they are not sheets of one licence.
        FieldsUnfit, GlyphMissing, TextOverflow, TextRefused, TemplateBroken, FontBroken: as for `draw`.
    """
    return ofd.write(set_sheets(pages))
