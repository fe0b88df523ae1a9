"""Who types: the name that stands behind a decision unless another one is given."""

from __future__ import annotations

import getpass


def login() -> str:
    """The login name; `unknown` where the system has none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
