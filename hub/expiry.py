"""Expiry 过期: a licence past its last day gets its step, whichever day it is written; missed days are made up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from core.clock import today
from hub.context import Hub, OnStep, no_step
from schemas.licence_life import Status, Step, StepRefused
from store import licence_life
from store.licence_life import Licence, VersionInMaking
from store.register_entries import Grounds

BASIS = "证照载明的有效期届满"


@dataclass(frozen=True, slots=True)
class Expired:
    """What a run came to, by number: `waiting` ended too, and wait because a new document of theirs is being made."""

    expired: tuple[str, ...]
    waiting: tuple[str, ...]

    def to_dict(self) -> dict[str, list[str]]:
        """For `--json`."""
        return {"expired": list(self.expired), "waiting": list(self.waiting)}


class _NotDue(Exception):
    """Under the lock the licence turns out to be valid: it was renewed meanwhile."""


def expire(hub: Hub, on_step: OnStep = no_step) -> Expired:
    """Write down every expiry that has come, each as of the day after the last day of validity.

    Run again, or after days without a run, it writes what is missing and nothing twice.
    """
    expired: list[str] = []
    waiting: list[str] = []
    for licence in licence_life.ending(hub.connection, today(hub.clock) - timedelta(days=1)):
        try:
            if expire_if_due(hub, licence):
                expired.append(licence.number)
        except VersionInMaking:
            waiting.append(licence.number)
        on_step("licence.expired")
    return Expired(tuple(expired), tuple(waiting))


def expire_if_due(hub: Hub, licence: Licence) -> bool:
    """Write the expiry of one licence down where it has come; whether this call wrote it.

    Raises:
        VersionInMaking: a Retryable; a document of it, such as a renewed one, is being made.
    """
    day = today(hub.clock)
    if licence.valid_until is None or licence.status is Status.EXPIRED or licence.status_on(day) is not Status.EXPIRED:
        return False

    def admit(_: Any, held: Licence) -> None:
        if held.status_on(day) is not Status.EXPIRED:
            raise _NotDue

    grounds = Grounds(BASIS, licence.valid_until + timedelta(days=1), "hub", "hub")
    try:
        licence_life.take_step(
            hub.connection, hub.vault, licence.id, Step.EXPIRE, grounds, now=hub.clock.now(), admit=admit
        )
    except (_NotDue, StepRefused):
        # Somebody else wrote it, or it was renewed, withdrawn or cancelled meanwhile.
        return False
    return True
