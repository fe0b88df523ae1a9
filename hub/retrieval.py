"""The way of a request to see an archive: asked, decided by the table or a person, withdrawn, expired."""

from __future__ import annotations

from hub.caller import Caller
from hub.context import Hub, OnStep, no_step
from hub.retrieval_parts import Asked, By, Choice, Holder, Request


def ask(hub: Hub, asked: Asked, by: By, on_step: OnStep = no_step) -> Request:
    """Take a request in. It comes back `granted` where the table decides alone, else `waiting`.

    Raises:
        RulesBroken, NoRule: the table allows nobody, or not this; in the audit log as refused.
        NotForYou: `by` is no clerk, archivist, operator, holder or partner's system, or asks for another's archive.
        AskedUnfit, ProofUnfit: what is wrong with it.
        HolderNotHeld, IdentifierRefused, SubjectUnfit, LegacyNumberUnknown, LegacyNumberAmbiguous: of the number.
        RequestQuotaUsedUp, CallerStopped: enough for today.
        HubError: of the store.
    """
    raise NotImplementedError


def decide(hub: Hub, request: str, by: Caller, *, grant: bool, reason: str, masked: bool = True) -> Request:
    """Grant or refuse a waiting request as an archivist; who asked for it may not.

    Args:
        request: its id.
        masked: False lets third parties' data be seen; only where the row of the table lets the decider do so.

    Raises:
        RequestUnknown, NotForYou, OwnRequest, StageWrong, AskedUnfit.
    """
    raise NotImplementedError


def withdraw(hub: Hub, request: str, by: By, reason: str = "") -> Request:
    """Take an open request back: who asked, the holder who did, or an archivist for a requester who said so.

    Raises:
        RequestUnknown, NotForYou, StageWrong.
    """
    raise NotImplementedError


def get(hub: Hub, request: str, by: By) -> Request:
    """One request: for archivists, for who asked, and for the holder who asked.

    Raises:
        RequestUnknown: there is none, or it is not for `by`.
    """
    raise NotImplementedError


def open_requests(hub: Hub, by: Caller) -> list[Request]:
    """Requests with something left to do, the oldest first: all for an archivist, else those `by` asked."""
    raise NotImplementedError


def of_holder(hub: Hub, holder: Holder) -> list[Request]:
    """What a holder asked of his own archive, the newest first. Who else did is in 我的数据, from the audit log."""
    raise NotImplementedError


def of_party(hub: Hub, subject: str, by: Caller) -> list[Request]:
    """Every request about the archive of a number, the newest first; for archivists.

    Raises:
        NotForYou, HolderNotHeld, and what is wrong with the number.
    """
    raise NotImplementedError


def offered(hub: Hub, by: By, subject: str = "") -> tuple[Choice, ...]:
    """The files of a volume to choose from: of a signed-in holder's own, or of a number for archivists and clerks.

    That it was looked at is in the audit log.

    Raises:
        NotForYou, HolderNotHeld, and what is wrong with the number.
    """
    raise NotImplementedError


def expire(hub: Hub) -> int:
    """Close every answer whose time is over, and every granted request nobody answered for so long; how many."""
    raise NotImplementedError
