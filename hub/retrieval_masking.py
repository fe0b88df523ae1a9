"""Third parties' data hidden in what is given to others than the holder: by a table of what may stay, the rest goes.

Only JSON can be masked. An OFD, PDF or picture cannot, without breaking its seal or guessing what is on it: it may go
unmasked only if it is a licence of this hub whose face names no person.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any, Final

from hub.checking_told import names_persons
from hub.context import Hub
from hub.masking import masked
from schemas.declared import Declared
from store import licences

_FILE: Final = "retrieval_masking.toml"
_SEPARATORS: Final = str.maketrans(dict.fromkeys("、，,;；/:", " "))
_HIDDEN_NUMBER: Final = "**"
#: Shorter hidden words are no name and no number anybody could be told by; they would be found in any text.
_LEAST_NAME, _LEAST_NUMBER = 2, 6


class Material(Declared):
    """A material in JSON. `open`: keys that stay; `holder`: keys about the holder itself, which stay word for word."""

    open: tuple[str, ...]
    holder: tuple[str, ...]


class _Table(Declared):
    materials: dict[str, Material]


@cache
def _table() -> dict[str, Material]:
    text = (files("hub") / _FILE).read_text(encoding="utf-8")
    return _Table.model_validate(tomllib.loads(text)).materials


def mask_material(title: str, media_type: str, data: bytes, *, own: bool) -> bytes | None:
    """The material with third parties' data hidden, None where that cannot be done.

    Args:
        title: its standard name in the package.
        own: the applicant is whose archive is seen; else it is one it followed, such as the owner of a shop.
    """
    rule = _table().get(title)
    if rule is None or media_type != "application/json":
        return None
    if not own:
        rule = Material(open=rule.open, holder=())
    hidden: set[str] = set()
    shown = _hide(json.loads(data), rule, "", hidden)
    # What a person is called may stand in a text that stays, too.
    shown = _hide_again(shown, rule, "", _telling(hidden))
    return json.dumps(shown, ensure_ascii=False, indent=2, sort_keys=True).encode()


def shows_nobody(hub: Hub, document_sm3: bytes) -> bool:
    """Whether a file is a licence of this hub whose face names no person."""
    version = licences.by_document(hub.connection, document_sm3)
    return version is not None and not names_persons(licences.facts(hub.connection, hub.vault, version))


def _hide(value: Any, rule: Material, key: str, hidden: set[str]) -> Any:
    if isinstance(value, dict):
        return {name: _hide(one, rule, name, hidden) for name, one in value.items()}
    if isinstance(value, list):
        return [_hide(one, rule, key, hidden) for one in value]
    if value is None or isinstance(value, bool) or key in rule.open or key in rule.holder:
        return value
    if isinstance(value, str):
        hidden.update((value, *value.translate(_SEPARATORS).split()))
        return masked(value)
    hidden.add(str(value))
    return _HIDDEN_NUMBER


def _hide_again(value: Any, rule: Material, key: str, hidden: Iterable[str]) -> Any:
    if isinstance(value, dict):
        return {name: _hide_again(one, rule, name, hidden) for name, one in value.items()}
    if isinstance(value, list):
        return [_hide_again(one, rule, key, hidden) for one in value]
    if isinstance(value, str) and key in rule.open:
        for words in hidden:
            value = value.replace(words, masked(words))
    return value


def _telling(hidden: set[str]) -> list[str]:
    """Those by which somebody could be told, the longest first."""
    found = [words for words in hidden if len(words) >= (_LEAST_NUMBER if words.isascii() else _LEAST_NAME)]
    return sorted(found, key=len, reverse=True)
