"""What the public check's pages and calls ask of the hub."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from hub.checking import Checked, Proof


@dataclass(frozen=True, slots=True)
class Shown:
    """A verdict, and what proves that the licence is in the register; None where it is not, or not numbered yet."""

    checked: Checked
    proof: Proof | None = None


class CheckVerbs(Protocol):
    """Each call may block; each may raise a `core.errors.HubError`, RegisterSilent when nobody can tell now."""

    def by_token(self, token: str) -> Shown:
        """The document whose QR code holds the token."""
        ...

    def by_number(self, identifier: str, number: str) -> Shown:
        """The document that bears both."""
        ...

    def proof(self, entry: str) -> Proof:
        """The proof of a register entry, by its number; EntryUnknown, EntryWaits."""
        ...

    def by_file(self, data: bytes) -> Shown:
        """The file; a silent register is part of the verdict."""
        ...
