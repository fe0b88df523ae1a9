"""Which edition of the schemas is at work: a digest that changes when anything a record is judged by changes."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from core.digest import sm3_hex

_ROOM = Path(__file__).parent


@lru_cache(maxsize=1)
def edition(room: Path = _ROOM) -> str:
    """The SM3 over every code and table file of the room, as it stands on disk; read once a process."""
    files = sorted(path for path in room.rglob("*") if path.suffix in (".py", ".toml", ".csv", ".json"))
    listed = (f"{path.relative_to(room).as_posix()} {sm3_hex(path.read_bytes())}" for path in files if path.is_file())
    return sm3_hex("\n".join(listed).encode())
