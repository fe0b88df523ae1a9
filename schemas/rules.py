"""Which rules judge records today, as one short text: a row judged by other rules has to be judged again."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pydantic

from core.digest import sm3_hex

_ROOM = Path(__file__).parent


@cache
def rules_mark() -> str:
    """Changes with every file of this room and with pydantic's version; the same in every process of one installation.

    Coarse on purpose: a schema leans on identifiers, dates, dictionaries and texts, and a mark that forgot one of
    them would let a row pass that today's rules refuse. What it costs is judging everything once after an update.
    """
    files = sorted(path for pattern in ("*.py", "*.toml") for path in _ROOM.rglob(pattern))
    told = "\n".join(f"{path.relative_to(_ROOM).as_posix()} {sm3_hex(path.read_bytes())}" for path in files)
    return sm3_hex(f"pydantic {pydantic.VERSION}\n{told}".encode())[:32]
