"""Personal data as a stranger may see it: enough to compare with a paper in one's hand, too little to learn from."""

from __future__ import annotations

import re
from typing import Final

_HIDDEN: Final = "**"
#: Between the names of several persons.
_BETWEEN: Final = re.compile(r"([、，,;；/\s]+)")
_NUMBER: Final = re.compile(r"[0-9A-Za-z()（）-]{6,}")


def masked(words: str) -> str:
    """The first character of each name; first and last two of a number, e.g. of a citizen or a passport.

    How long the rest is does not show.

    >>> masked("欧阳晓明、李四"), masked("420112199001011234")
    ('欧**、李**', '4**************34')
    """
    return "".join(part if _BETWEEN.fullmatch(part) else _one(part) for part in _BETWEEN.split(words.strip()))


def _one(part: str) -> str:
    if not part:
        return ""
    if _NUMBER.fullmatch(part):
        return f"{part[0]}{'*' * 14}{part[-2:]}"
    return f"{part[0]}{_HIDDEN}"
