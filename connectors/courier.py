"""How a finished file gets to another hub: whole, whatever breaks on the way, and with no byte sent twice for nothing.

An adapter (SFTP, HTTPS) asks what is there, sends the rest, and puts the file in its place when all of it is there. It
keeps no state of its own: where to go on is what the other side has. What is carried is sealed already.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final, Protocol

from core.errors import Permanent, Retryable

#: Bytes there so far, and bytes of the whole. Called often; raises nothing.
Progress = Callable[[int, int], None]
#: Names of files as both hubs know them; no path, nothing hidden.
NAME: Final = re.compile(r"(?!.*\.part$)[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


class CourierInterrupted(Retryable):
    """The way to the other hub broke: no connection, a timeout, a server's error. What arrived stays there."""

    code: ClassVar[str] = "HUB-809"


class CourierRefused(Permanent):
    """The other side answers and says no: who we are, its own identity, a name it does not expect."""

    code: ClassVar[str] = "HUB-810"


class CourierNoRoom(Retryable):
    """The other side has no room for the file: its disk is full or its quota is used up."""

    code: ClassVar[str] = "HUB-811"


class CourierDiffers(Permanent):
    """A finished file of the same name is there and is another one; finished files are never written over."""

    code: ClassVar[str] = "HUB-812"


class CourierNotConfigured(Permanent):
    """How to reach the other hub is not said, or a key or certificate for it cannot be read."""

    code: ClassVar[str] = "HUB-813"


@dataclass(frozen=True, slots=True)
class Have:
    """What the other side has of a file: `size` bytes, and whether that is all of it and in its place."""

    size: int
    whole: bool


@dataclass(frozen=True, slots=True)
class Carried:
    """A file that is where it should be.

    Attributes:
        size: bytes of the file.
        begun_at: where the last try went on; 0 for a file that was not there at all.
        sent: bytes that crossed the wire in this call, those of failed tries included.
    """

    name: str
    size: int
    begun_at: int
    sent: int


class Courier(Protocol):
    """Carries files to one peer."""

    def have(self, name: str) -> Have:
        """What is there.

        Raises:
            CourierInterrupted, CourierRefused: see there.
        """
        ...

    def send(self, path: Path, name: str, on_progress: Progress | None = None) -> Carried:
        """Bring the file at `path` there as `name`, beginning behind what is there of it and is right.

        What is there and differs is thrown away and sent anew. A file that is there whole already is compared and
        not sent. A connection that breaks is tried again while something arrives.

        Raises:
            CourierInterrupted: still no way through; the same call goes on later where this one stopped.
            CourierNoRoom: a Retryable; nothing is lost.
            CourierRefused, CourierDiffers: Permanents.
        """
        ...


class Mailbox(Courier, Protocol):
    """A place between two peers, where one puts files and the other fetches them."""

    def fetch(self, name: str, path: Path, on_progress: Progress | None = None) -> Carried:
        """Bring `name` here as `path`, which appears when all of it is here; what is here of it is not fetched again.

        Raises:
            CourierInterrupted, CourierRefused: see there; a file that is not there yet is refused.
            CourierNoRoom: this machine's disk is full.
        """
        ...

    def names(self) -> list[str]:
        """Names of the files that are there whole, sorted. Raises CourierInterrupted, CourierRefused."""
        ...

    def remove(self, name: str) -> None:
        """Take a file away, whole or not; one that is not there is no fault. Raises as `names`."""
        ...


def check_name(name: str) -> str:
    """The name; raises ValueError for one that is no plain file name."""
    if not NAME.fullmatch(name):
        raise ValueError(
            "a file that is sent has a name of 1 to 128 letters, digits and ._-, not beginning with . or -"
        )
    return name


def tell(on_progress: Progress | None, there: int, size: int) -> None:
    """Say how far it is, where somebody wants to know."""
    if on_progress is not None:
        on_progress(there, size)
