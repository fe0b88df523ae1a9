"""Names of organisations, made comparable: brackets, width and blanks differ from source to source."""

from __future__ import annotations

import unicodedata

from schemas.text import name_form


def folded(name: str) -> str:
    """The name with one kind of bracket, half-width letters in lower case, and no blanks: for comparing only."""
    flat = name_form(unicodedata.normalize("NFKC", name)).casefold()
    return "".join(sign for sign in flat if not sign.isspace() and unicodedata.category(sign) != "Cf")
