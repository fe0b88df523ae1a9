"""A TOML table read strictly: every key is asked for by name, and what nobody asked for is an error."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Any, ClassVar, TypeVar
from urllib.parse import urlsplit

from core.errors import Permanent

_LONGEST_WAIT = 120
#: A name on a platform, which becomes a part of an address there.
_NAME_THERE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")

T = TypeVar("T")


class PressMalformed(Permanent):
    """`press.toml` cannot be read, lacks a key, has one nobody knows, or a value of the wrong form."""

    code: ClassVar[str] = "HUB-712"


class Table:
    """One table of the file. Every method raises PressMalformed, which names the key and never shows its value."""

    def __init__(self, file: Path, name: str, values: Mapping[str, Any]) -> None:
        self._file = file
        self._name = name
        self._values = values
        self._asked: set[str] = set()

    def part(self, name: str, read: Callable[[Table], T]) -> T | None:
        """The subtable as `read` reads it, None where there is none."""
        self._asked.add(name)
        if name not in self._values:
            return None
        found = self._values[name]
        if not isinstance(found, dict):
            raise self.wrong(name, "a table: write it as a section of its own")
        table = Table(self._file, name, found)
        value = read(table)
        table.require_all_known()
        return value

    def text(self, key: str, usual: str | None = None) -> str:
        """Text that is not blank; `usual` where the key is absent."""
        value = self._value(key, usual)
        if not isinstance(value, str) or "\0" in value or (not value.strip() and usual is None):
            raise self.wrong(key, "text in quotes")
        return value

    def one_of(self, key: str, allowed: tuple[str, ...], usual: str | None = None) -> str:
        """One of a few words."""
        value = self.text(key, usual)
        if value not in allowed and value != usual:
            raise self.wrong(key, " or ".join(f'"{one}"' for one in allowed))
        return value

    def url(self, key: str, schemes: tuple[str, ...]) -> str:
        """An address with a host and without a user name."""
        value = self.text(key)
        begin = " or ".join(f"{scheme}://" for scheme in schemes)
        try:
            parts = urlsplit(value)
            sound = parts.scheme in schemes and parts.hostname and not parts.username and not parts.password
        except ValueError:
            sound = False
        if not sound:
            raise self.wrong(key, f"an address that begins with {begin} and has no user name in it")
        return value

    def name_there(self, key: str) -> str:
        """The name of something on a platform."""
        value = self.text(key)
        if _NAME_THERE.fullmatch(value) is None:
            raise self.wrong(key, "letters, digits, '-', '_' and '.'")
        return value

    def path(self, key: str) -> Path:
        """A path, relative to the file's own folder."""
        return self._file.parent / self.text(key)

    def optional_path(self, key: str) -> Path | None:
        """The same, None where the key is absent."""
        self._asked.add(key)
        return self.path(key) if key in self._values else None

    def paths(self, key: str) -> tuple[Path, ...]:
        """A list of paths; empty where the key is absent."""
        return tuple(self._file.parent / one for one in self._texts(key, "a list of file names"))

    def networks(self, key: str) -> tuple[str, ...]:
        """A list of networks; empty where the key is absent."""
        expected = 'a list of networks such as "10.20.0.0/16"'
        value = self._texts(key, expected)
        try:
            return tuple(str(ip_network(one)) for one in value)
        except ValueError:
            raise self.wrong(key, expected) from None

    def _texts(self, key: str, expected: str) -> list[str]:
        value = self._value(key, [])
        if not isinstance(value, list) or not all(isinstance(one, str) and one and "\0" not in one for one in value):
            raise self.wrong(key, expected)
        return value

    def flag(self, key: str) -> bool:
        """True or false; false where the key is absent."""
        value = self._value(key, False)
        if not isinstance(value, bool):
            raise self.wrong(key, "true or false, without quotes")
        return value

    def seconds(self, key: str, usual: float) -> float:
        """A time to wait, in seconds."""
        value = self._value(key, usual)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= _LONGEST_WAIT:
            raise self.wrong(key, f"a number of seconds above 0, at most {_LONGEST_WAIT}")
        return float(value)

    def number(self, key: str) -> int | None:
        """A whole number, None where the key is absent."""
        self._asked.add(key)
        if key not in self._values:
            return None
        value = self._values[key]
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise self.wrong(key, "a number such as 0x80000121, without quotes")
        return value

    def require_all_known(self) -> None:
        """Raise PressMalformed for a key that nobody asked for."""
        unknown = sorted(set(self._values) - self._asked)
        if unknown:
            known = ", ".join(sorted(self._asked))
            raise self.wrong(unknown[0], f"one of {known}; nobody reads this key", verb="is none, expected is")

    def wrong(self, key: str, expected: str, verb: str = "must be") -> PressMalformed:
        """The error for a key: what is expected there."""
        where = f"[{self._name}] {key}" if self._name else f"[{key}]"
        # Never the value: a secret may have been written where a file's name belongs.
        return PressMalformed(f"{self._file}: {where} {verb} {expected}. Nothing was sealed; correct the file.")

    def _value(self, key: str, usual: Any) -> Any:
        self._asked.add(key)
        if key not in self._values:
            if usual is None:
                raise self.wrong(key, "set", verb="is missing and must be")
            return usual
        return self._values[key]
