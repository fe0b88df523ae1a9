"""What keeps an archive from being seen, or a step of a request from being taken."""

from __future__ import annotations

from typing import ClassVar

from core.errors import Permanent, Rejected


class RulesBroken(Permanent):
    """The table of who may see what cannot be read or contradicts itself; nobody sees anything."""

    code: ClassVar[str] = "HUB-747"


class NoRule(Permanent):
    """No row of the table lets this requester see this form with these proofs."""

    code: ClassVar[str] = "HUB-748"


class AskedUnfit(Rejected):
    """A request lacks something, says too much, or asks for files the holder's archive does not have."""

    code: ClassVar[str] = "HUB-749"


class ProofUnfit(Rejected):
    """The file of a proof is empty, too large, or of a type that is not taken."""

    code: ClassVar[str] = "HUB-750"


class HolderNotHeld(Rejected):
    """The archive holds nothing of the number that was typed."""

    code: ClassVar[str] = "HUB-751"


class RequestUnknown(Permanent):
    """There is no request of the number, or it is not for whoever asks about it."""

    code: ClassVar[str] = "HUB-752"


class NotForYou(Permanent):
    """Who wants to take a step of a request has no right to it."""

    code: ClassVar[str] = "HUB-753"


class OwnRequest(Permanent):
    """Who asked at the counter wanted to decide his own request."""

    code: ClassVar[str] = "HUB-754"


class StageWrong(Permanent):
    """A step was to be taken that the request's stage does not allow; another may have been quicker."""

    code: ClassVar[str] = "HUB-755"


class AnswerExpired(Permanent):
    """The time in which the files of an answer are given out is over."""

    code: ClassVar[str] = "HUB-756"


class PackageUnsound(Permanent):
    """A package that was asked for is not sound, or cannot be judged, now; nothing of it is given out."""

    code: ClassVar[str] = "HUB-757"


class AnswerChanged(Permanent):
    """A file of an answer is not any more the one that was recorded; it is not given out."""

    code: ClassVar[str] = "HUB-758"


class RequestQuotaUsedUp(Permanent):
    """The caller has asked as often today as its row of the table lets it."""

    code: ClassVar[str] = "HUB-759"


class NothingToHand(Permanent):
    """After masking nothing of what was asked for is left to be given out."""

    code: ClassVar[str] = "HUB-760"


class SealOfAnother(Permanent):
    """Certificates of this bureau bear a stamp of their own, and the press holds another seal."""

    code: ClassVar[str] = "HUB-761"
