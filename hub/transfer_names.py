"""Names of sealed letters on their way: they tell which letter of which transfer it is, and how large.

`TRANSFER.ROUND.ORDER-KIND.SIZE.env`: sorted by name they are in the order in which they are to be opened.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Final

from core.errors import Rejected
from schemas.transfer import Letter

_ORDER: Final = (Letter.NOTICE, Letter.ANSWER, Letter.PARCEL, Letter.RECEIPT)
_NAME: Final = re.compile(
    r"(?P<transfer>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.(?P<round>\d{4})\.[0-3]-(?P<kind>[a-z]+)"
    r"\.(?P<size>[1-9]\d{0,14})\.env"
)


class NameStrange(Rejected):
    """A file from another hub is not named as sealed letters are."""

    code: ClassVar[str] = "HUB-835"


@dataclass(frozen=True, slots=True)
class LetterName:
    """A sealed letter's name, read. `size` is that of the sealed file, in bytes."""

    transfer: str
    round: int
    kind: Letter
    size: int

    def __str__(self) -> str:
        return f"{self.transfer}.{self.round:04d}.{_ORDER.index(self.kind)}-{self.kind.value}.{self.size}.env"

    @classmethod
    def parse(cls, name: str) -> LetterName:
        """Read one.

        Raises:
            NameStrange: it is none.
        """
        found = _NAME.fullmatch(name)
        if found is not None and found["kind"] in _ORDER:
            read = cls(found["transfer"], int(found["round"]), Letter(found["kind"]), int(found["size"]))
            if str(read) == name:
                return read
        raise NameStrange("a file from another hub is not named as letters are; it was set aside.")
