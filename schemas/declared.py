"""How this room's TOML declarations are read: strict models, and one error that says which file and line of thought."""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from schemas.errors import DeclarationBroken


class Declared(BaseModel):
    """Base of everything declared in TOML: frozen, and a key nobody knows is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, str_min_length=1)


D = TypeVar("D", bound=Declared)


def told_of(error: ValidationError) -> str:
    """What is wrong, place by place, in one line and without the values."""
    return "; ".join(
        f"{'.'.join(str(part) for part in line['loc']) or 'the file'}: {line['msg']}"
        for line in error.errors(include_url=False, include_input=False)
    )


def read_folder(folder: Path, kind: type[D], *, besides: Collection[str] = ()) -> tuple[D, ...]:
    """Every `*.toml` of a folder as a `kind`, in the order of the file names.

    Args:
        besides: names of files that are something else.

    Raises:
        DeclarationBroken: a file is no TOML or not a declaration of this kind.
    """
    found = []
    for path in sorted(folder.glob("*.toml")):
        if path.name in besides:
            continue
        try:
            found.append(kind.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise DeclarationBroken(f"{path.name} is no TOML file: {error}. Correct it; nothing was loaded.") from None
        except ValidationError as error:
            raise DeclarationBroken(
                f"{path.name} is declared wrongly: {told_of(error)}. Correct it; nothing was loaded."
            ) from None
    return tuple(found)
