"""The answer to a granted request: what is given out, the certificate over it, and the giving out itself."""

from __future__ import annotations

from hub.context import Hub, OnStep, no_step
from hub.retrieval_parts import Answered, By, Fetched, PickUp


def answer(hub: Hub, request: str, by: By, on_step: OnStep = no_step) -> Answered:
    """Make the answer of a granted request; of one that has its answer, give that back (without pick-up code).

    Raises:
        RequestUnknown, NotForYou, StageWrong.
        PackageUnsound: a package is not sound now; nothing was given out.
        NothingToHand: everything that was asked for has to stay in the archive.
        HubError: of the seal, as `hub.sheets.seal_sheet`.
    """
    raise NotImplementedError


def answer_granted(hub: Hub, on_step: OnStep = no_step) -> list[str]:
    """Go on with every granted request that has no answer yet; their numbers."""
    raise NotImplementedError


def fetch(hub: Hub, request: str, by: By | PickUp, name: str | None = None, on_step: OnStep = no_step) -> Fetched:
    """One file of an answer, by `Handed.name` or `CERTIFICATE`; without a name all of them as one zip file.

    Raises:
        RequestUnknown: there is no such request, answer, file or code, or it is not for `by`.
        AnswerExpired, AnswerChanged, PackageUnsound.
    """
    raise NotImplementedError


def proof_file(hub: Hub, request: str, by: By, part: int) -> Fetched:
    """The file of a proof (`ProofKept.part`), for who decides or asked.

    Raises:
        RequestUnknown: there is none, or it is not for `by`.
    """
    raise NotImplementedError
