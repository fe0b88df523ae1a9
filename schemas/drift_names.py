"""Names of columns that a profile may hold: what may be somebody's value in the place of a name goes behind a mask.

A CSV file without its header has its first citizen for column names, a document keyed by numbers has them all.
So a name that nobody declared is shown only where it looks like one a program gave. A name in Latin letters
alone cannot be told from a column's and is shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Final

from schemas.drift import ColumnProfile, Profile

_PLAIN: Final = re.compile(r"(?!.*\d{5})[a-z_][a-z0-9_]{0,39}", re.ASCII)
_MASKED: Final = re.compile(r"~(?:[a-p]{10}|more)", re.ASCII)
#: So many columns nobody knows are told apart in one profile; the others are counted together.
_MOST_UNKNOWN: Final = 50
_MORE: Final = "~more"
_LETTERS: Final = str.maketrans("0123456789abcdef", "abcdefghijklmnop")


def may_be_shown(name: str, known: Collection[str]) -> bool:
    """Whether a column may be called by this name: it is one of ours, looks like a program's, or is a mask."""
    return name in known or bool(_PLAIN.fullmatch(name) or _MASKED.fullmatch(name))


def veiled(seen: Profile, known: Collection[str], mask: Callable[[str], bytes]) -> Profile:
    """The profile with names that can be stored.

    Args:
        known: names we wrote ourselves, in lower case: those of schema and declaration.
        mask: gives at least five bytes for a name, the same for the same name and not to be undone.
    """
    columns: dict[str, ColumnProfile] = {}
    unknown = 0
    for name, column in sorted(seen.columns.items()):
        shown = name
        if name not in known:
            unknown += 1
            if unknown > _MOST_UNKNOWN:
                shown = _MORE
            elif not _PLAIN.fullmatch(name):
                shown = f"~{_letters(mask(name))}"
        columns[shown] = columns[shown].merged(column) if shown in columns else column
    return Profile(seen.schema_name, seen.rows, columns)


def _letters(mark: bytes) -> str:
    """Ten letters: digits in a row are what the store refuses in a name."""
    return mark[:5].hex().translate(_LETTERS)
