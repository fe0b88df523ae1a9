"""The scheme of the four-property check this hub uses: the bureau's own from the home folder, or the one that comes
with the hub."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from archive.errors import SchemeUnfit
from archive.scheme import Scheme, demo_scheme
from core.settings import Settings
from hub.files import read_table

#: Name of the bureau's own below HUB_HOME.
FILE: Final = "check-scheme.toml"


def scheme_of(settings: Settings | None) -> Scheme:
    """The bureau's own scheme where it has one; the hub's, whose weights are not verified, where it has none.

    Raises:
        SchemeUnfit: there is one, and it cannot be read or is not of the form it has to be.
    """
    if settings is None:
        return demo_scheme()
    path = settings.home / FILE
    if not path.exists():
        return demo_scheme()
    return _read(read_table(path, SchemeUnfit, "Nothing was checked; make it readable."))


@lru_cache(maxsize=4)
def _read(text: str) -> Scheme:
    """Remembered by its text: a walk asks for it with every package."""
    return Scheme.from_toml(text)
