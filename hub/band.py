"""What a whole batch is expected to look like, and what it means when it does not."""

from __future__ import annotations

from typing import ClassVar, Final

from connectors.agreement import Band
from core.errors import Permanent


class BatchOutsideBand(Permanent):
    """A batch has more or fewer rows, or more or fewer of them set aside, than its declaration expects."""

    code: ClassVar[str] = "HUB-702"


#: One bad row of two is no sign of a source that has changed: over fewer rows a share is not judged.
FEWEST_FOR_A_SHARE: Final = 20


def whole_outside(band: Band, rows: int, rejected: int) -> tuple[str, ...]:
    """Every bound that a batch read to its end leaves."""
    judged = band if rows >= FEWEST_FOR_A_SHARE else Band(rows=band.rows)
    return judged.outside(rows, rejected)
