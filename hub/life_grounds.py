"""What the steps an officer takes may rest on: suggested bases, and which step needs a decision's number."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Final, Literal, Self

from pydantic import Field, ValidationError, model_validator

from core.errors import Permanent
from core.settings import Settings
from schemas.declared import Declared, told_of
from schemas.licence_life import Step

#: Steps an officer takes by himself. The others follow from an approval, an order or the calendar.
OFFICER_STEPS: Final = (Step.SUSPEND, Step.RESUME, Step.WITHDRAW, Step.REVOKE, Step.CANCEL, Step.VOID)
NAME: Final = "life_grounds.toml"


class GroundsBroken(Permanent):
    """The file of suggested bases for the steps of a licence's life cannot be read, or lacks a step."""

    code: ClassVar[str] = "HUB-910"


class Basis(Declared):
    """A law or rule a step may rest on. `verified`: somebody has read it in the text in force."""

    title: str = Field(max_length=200)
    verified: bool


class StepGrounds(Declared):
    """What one step may rest on; an officer may also write another basis.

    Attributes:
        document: whether the number of a decision has to be given.
    """

    step: Step
    document: Literal["required", "optional"]
    bases: tuple[Basis, ...] = Field(min_length=1)

    @property
    def needs_document(self) -> bool:
        """Whether the step is not taken without a decision's number."""
        return self.document == "required"


class _File(Declared):
    steps: tuple[StepGrounds, ...]

    @model_validator(mode="after")
    def _has_each_step_once(self) -> Self:
        named = [one.step for one in self.steps]
        if sorted(named) != sorted(OFFICER_STEPS):
            raise ValueError(f"the steps are {', '.join(OFFICER_STEPS)}, each once")
        return self


def step_grounds(settings: Settings) -> Mapping[Step, StepGrounds]:
    """Step to what it may rest on: the bureau's own file in the home folder, or the one of this release.

    Raises:
        GroundsBroken: the file is there and cannot be taken.
    """
    own = settings.home / NAME
    path = own if own.exists() else Path(__file__).parent / NAME
    try:
        found = _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise GroundsBroken(f"{path} cannot be read: {error}. No step was taken; correct it or take it away.") from None
    except ValidationError as error:
        raise GroundsBroken(
            f"{path}: {told_of(error)}. No step was taken; correct it or take it away (hub/{NAME} is the pattern)."
        ) from None
    return {one.step: one for one in found.steps}
