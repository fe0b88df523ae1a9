"""Where the bureau keeps its own licence types: beside the release, so that a new one needs neither code nor release.

Three rooms read it: `schemas` the types and the items that lead to them, `documents` their drawing templates, and `hub`
puts them there after checking them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from core.settings import home_of

#: Name of the folder in HUB_HOME; in it lie `*.toml` (types), `items/`, `templates/` and how long cases are kept.
FOLDER = "licence-types"
ITEMS, TEMPLATES, RETENTION = "items", "templates", "retention.toml"

_tried: ContextVar[Path | None] = ContextVar("own_types", default=None)


def own_types() -> Path:
    """The folder, whether or not it is there: the one that is being tried, or that of HUB_HOME."""
    return _tried.get() or home_of(os.environ) / FOLDER


@contextmanager
def tried(folder: Path) -> Iterator[None]:
    """Let this context read another folder in its place. What was read before stays in the readers' caches."""
    token = _tried.set(folder)
    try:
        yield
    finally:
        _tried.reset(token)
