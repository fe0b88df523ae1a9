"""The parts of a holder's volume, and which case stands in which: a table, as every bureau cuts its own."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from core.errors import Permanent


class StagesUnfit(Permanent):
    """The table of the parts of a volume cannot be read, or names a part there is not."""

    code: ClassVar[str] = "HUB-908"


class VolumePart(StrEnum):
    """The parts of a volume, in their order."""

    FOUNDING = "设立"
    CHANGE = "变更"
    RECORD = "备案"
    MOVE = "迁移"
    END = "注销"
    OVERSIGHT = "监督"


@dataclass(frozen=True, slots=True)
class Stages:
    """Step or item code to part. `verified` is False for a table nobody has approved (未核实)."""

    steps: Mapping[str, VolumePart]
    items: Mapping[str, VolumePart] = field(default_factory=dict)
    verified: bool = False

    @classmethod
    def from_toml(cls, text: str) -> Stages:
        """Read a table.

        Raises:
            StagesUnfit: it is no TOML, or names a part there is not.
        """
        try:
            read = tomllib.loads(text)
            unknown = set(read) - {"verified", "steps", "items"}
            steps = {str(step): VolumePart(part) for step, part in read["steps"].items()}
            items = {str(item): VolumePart(part) for item, part in read.get("items", {}).items()}
        except (tomllib.TOMLDecodeError, KeyError, ValueError, AttributeError) as error:
            raise StagesUnfit(
                f"the table of the parts of a volume cannot be used: {error}. No package was filed; its parts are "
                f"{', '.join(VolumePart)}."
            ) from None
        if unknown:
            raise StagesUnfit(
                f"the table of the parts of a volume has {', '.join(sorted(unknown))}, which nobody reads. No package "
                "was filed; take it out, or correct its name."
            )
        return cls(steps, items, read.get("verified") is True)

    def part(self, item: str, step: str | None) -> VolumePart:
        """Where a case of an item and a step stands; what is not told of is oversight's."""
        return self.items.get(item) or self.steps.get(step or "", VolumePart.OVERSIGHT)
