"""The environment every component of the world is started with."""

from __future__ import annotations

import os
from collections.abc import Mapping

from onebox.layout import REPOSITORY, Layout
from onebox.process import MARK

_NEVER_PASSED_ON = (
    "HUB_",  # another hub's settings, left in the operator's shell
    "AIRFLOW",
    "PG",  # libpq would fill gaps in our addresses from them
    "PYTHONDONTWRITEBYTECODE",  # every process would compile Airflow again, 1.8 s each
    "PYTHONPATH",
    "PYTHONHOME",
    MARK,
)
_LOCAL = "127.0.0.1,localhost"


def for_components(layout: Layout, outside: Mapping[str, str] | None = None) -> dict[str, str]:
    """The caller's environment without what would mislead a component, and the hub's own settings."""
    kept = {k: v for k, v in (os.environ if outside is None else outside).items() if not k.startswith(_NEVER_PASSED_ON)}
    return kept | {
        MARK: str(layout.var),
        "HUB_HOME": str(layout.var),
        "HUB_DATABASE_URL_FILE": str(layout.hub_database_url),
        "HUB_SOURCES": str(layout.sources),
        "HUB_KEYS": str(layout.keys),
        "HUB_MODE": "demo",
        "PYTHONPATH": str(REPOSITORY),
        "PYTHONUNBUFFERED": "1",
        # a process that renames itself must not overwrite the mark by which leftovers are found
        "SPT_NOENV": "1",
        # a company's HTTP proxy has no business between the components
        "NO_PROXY": _LOCAL,
        "no_proxy": _LOCAL,
    }
