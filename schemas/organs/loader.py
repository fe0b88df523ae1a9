"""The table of organs from a TOML file: the bureau's own, or the one that comes with the software for the demo."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from schemas.declared import told_of
from schemas.errors import OrgansBroken
from schemas.organs.model import OrganTable

DEMO: Final = Path(__file__).with_name("demo.toml")


def read_organs(path: Path) -> OrganTable:
    """A table of organs.

    Raises:
        OrgansBroken: unreadable, no TOML, or it contradicts itself.
    """
    try:
        return OrganTable.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise OrgansBroken(
            f"{path}: cannot be read as TOML ({type(error).__name__}); no organ is known. Correct the table."
        ) from None
    except ValidationError as error:
        raise OrgansBroken(f"{path}: {told_of(error)}. Correct the table; no organ is known until then.") from None


@cache
def demo_organs() -> OrganTable:
    """The table that comes with the software: made up, every line unverified."""
    return read_organs(DEMO)
