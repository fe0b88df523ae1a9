"""The words for what facts may be asked for; an item names some of them, each with its legal basis."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from pydantic import Field, ValidationError

from schemas.declared import Declared, told_of
from schemas.errors import DeclarationBroken

#: Stands in the folder of the items, and is none.
PURPOSES_FILE = "purposes.toml"


class PurposeWord(Declared):
    """One purpose.

    Attributes:
        code: what an item and a lookup write.
        name: as a person reads it, and as it stands in the audit log.
        allows: what it allows, in a sentence.
    """

    code: Annotated[str, Field(pattern=r"^[a-z][a-z_]*$")]
    name: str
    allows: str


class _Words(Declared):
    purpose: tuple[PurposeWord, ...] = Field(min_length=1)


def load_purposes(folder: Path) -> Mapping[str, PurposeWord]:
    """Purpose code to purpose, from a folder's `purposes.toml`.

    Raises:
        DeclarationBroken: the file is missing, no TOML, declared wrongly, or names a code twice.
    """
    try:
        text = (folder / PURPOSES_FILE).read_text(encoding="utf-8")
        words = _Words.model_validate(tomllib.loads(text)).purpose
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DeclarationBroken(
            f"{PURPOSES_FILE} cannot be read ({type(error).__name__}). Correct it; no item was loaded."
        ) from None
    except ValidationError as error:
        raise DeclarationBroken(
            f"{PURPOSES_FILE} is declared wrongly: {told_of(error)}. Correct it; no item was loaded."
        ) from None
    found = {word.code: word for word in words}
    if len(found) != len(words):
        raise DeclarationBroken(f"{PURPOSES_FILE} names one code twice. Correct it; no item was loaded.")
    return MappingProxyType(found)


@cache
def all_purposes() -> Mapping[str, PurposeWord]:
    """The purposes of this release, in the order of the file."""
    return load_purposes(Path(__file__).parent)
