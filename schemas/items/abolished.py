"""Proofs that were abolished: no item may ask for one again, neither as a material nor as the paper to be brought."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from pydantic import ValidationError

from schemas.declared import Declared, told_of
from schemas.errors import DeclarationBroken
from schemas.items.model import ServiceItem

#: Stands in the folder of the items, and is none. A folder without it has abolished nothing.
ABOLISHED_FILE = "abolished.toml"


class Proof(Declared):
    """A paper that was abolished on a day by a document."""

    name: str
    since: date
    basis: str


class _Proofs(Declared):
    proof: tuple[Proof, ...] = ()


def load_abolished(folder: Path) -> tuple[Proof, ...]:
    """What a folder's `abolished.toml` names.

    Raises:
        DeclarationBroken: the file cannot be read, is no TOML or is declared wrongly.
    """
    path = folder / ABOLISHED_FILE
    if not path.exists():
        return ()
    try:
        return _Proofs.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))).proof
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DeclarationBroken(
            f"{ABOLISHED_FILE} cannot be read ({type(error).__name__}). Correct it; no item was loaded."
        ) from None
    except ValidationError as error:
        raise DeclarationBroken(
            f"{ABOLISHED_FILE} is declared wrongly: {told_of(error)}. Correct it; no item was loaded."
        ) from None


def asked_again(item: ServiceItem, proofs: Sequence[Proof]) -> list[tuple[int, str, Proof]]:
    """(number of the material from 0, `name` or `upload`, proof) for each abolished proof that an item asks for.

    A version asks in vain for what was abolished before it comes into force; earlier versions are history.
    """
    return [
        (number, key, proof)
        for number, material in enumerate(item.materials)
        for key, said in (("name", material.name), ("upload", material.upload or ""))
        for proof in proofs
        if proof.name in said and proof.since <= item.in_force_from
    ]
