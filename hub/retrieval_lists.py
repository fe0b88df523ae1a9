"""Requests as those see them who have to do with them, and the files of a volume to choose from."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, Final

from archive.stages import VolumePart
from core.errors import HubError, Retryable
from hub.caller import Caller
from hub.context import Hub
from hub.designation import digest_of
from hub.retrieval_errors import NotForYou, RequestUnknown
from hub.retrieval_holder import by_number, by_sign_in, missed
from hub.retrieval_kept import answered_of
from hub.retrieval_log import about, at_counter, is_archivist, is_operator, number_of, refuse, usage, whose
from hub.retrieval_parts import (
    By,
    Choice,
    Event,
    Form,
    Holder,
    PickUp,
    Proof,
    ProofKept,
    Request,
    Requester,
    Scope,
    Stage,
)
from hub.volume import name_of, volume_of
from hub.volume_parts import Volume
from store import archive_requests, audit
from store.archive_requests import Stored
from store.connection import transaction

_NUMBER: Final = re.compile(r"CX-[0-9]{4}-([0-9]{6,15})")
_OPEN: Final = tuple(stage.value for stage in Stage if stage.open)
_MOST: Final = 500
#: What somebody sees of a volume before he asks.
_LISTED: Final = ("archive.档案目录",)


def visible(hub: Hub, request: str, by: By | PickUp) -> Stored:
    """A request by its id or number, for archivists, the operator, who asked, the holder who did, and whoever has its
    pick-up code.

    Raises:
        RequestUnknown: there is none, or it is not for `by`: nobody finds out which by trying. It is logged.
    """
    numbered = _NUMBER.fullmatch(request)
    stored = (
        archive_requests.by_seq(hub.connection, hub.vault, int(numbered[1]))
        if numbered
        else archive_requests.by_id(hub.connection, hub.vault, request)
    )
    if stored is not None and numbered and number_of(stored) != request:
        stored = None
    if stored is None or not _is_for(hub, stored, by):
        told = about(whose(hub, volume_of(hub, stored.party))) if stored is not None else ()
        refuse(hub, usage(by, "查看申请", told=told), unknown())
        raise unknown()
    return stored


def unknown() -> RequestUnknown:
    """The same words for what is not there and what is somebody else's."""
    return RequestUnknown("there is no request of this number for whoever asks; take it from the list of requests.")


def get(hub: Hub, request: str, by: By) -> Request:
    """One request, by its id or number: for archivists, for who asked, and for the holder who asked.

    Raises:
        RequestUnknown: there is none, or it is not for `by`.
    """
    return _request(hub, visible(hub, request, by))


def open_requests(hub: Hub, by: Caller) -> list[Request]:
    """Requests with something left to do: those that wait, those granted, those answered; the oldest first, 500 at
    most. All of them for an archivist, else those `by` asked.
    """
    everything = is_archivist(by) or is_operator(by)
    asked_by = None if everything else by.id
    found = archive_requests.in_stage(hub.connection, hub.vault, _OPEN, asked_by=asked_by, limit=_MOST)
    return [_request(hub, one) for one in found if _is_for(hub, one, by)]


def of_holder(hub: Hub, holder: Holder) -> list[Request]:
    """What a holder asked of its own archive, the newest first. Who else did is in 我的数据, from the audit log."""
    return [_request(hub, one) for one in archive_requests.of_own(hub.connection, hub.vault, holder.subject)]


def of_party(hub: Hub, subject: str, by: Caller) -> list[Request]:
    """Every request about the archive of a number, the newest first; for archivists and the operator.

    Raises:
        NotForYou, HolderNotHeld, and what is wrong with the number.
    """
    if not is_archivist(by) and not is_operator(by):
        raise NotForYou("requests about a holder are listed for archivists (role `archivist`).")
    party = by_number(hub, subject).volume.party
    return [_request(hub, one) for one in archive_requests.of_party(hub.connection, hub.vault, party)]


def offered(hub: Hub, by: By, subject: str = "") -> tuple[Choice, ...]:
    """The files of a volume to choose from: of a signed-in holder's own, or of a number for archivists and clerks.

    That it was looked at is in the audit log.

    Raises:
        NotForYou, HolderNotHeld, and what is wrong with the number.
    """
    return tuple(
        Choice(
            one.file_no, VolumePart(one.part), one.item_name, one.outcome, one.decided_on.isoformat(),
            one.archive_code, one.licence_number,
        )
        for one in looked_into(hub, by, subject).entries
    )  # fmt: skip


def looked_into(hub: Hub, by: By, subject: str = "") -> Volume:
    """The volume `offered` is of, logged and raising as there."""
    try:
        if not isinstance(by, Holder) and not at_counter(by):
            raise NotForYou("a volume's files are listed for its holder, clerks and archivists; nothing was told.")
        found = by_sign_in(hub, by) if isinstance(by, Holder) else by_number(hub, subject)
    except Retryable:
        raise
    except HubError as error:
        refuse(hub, usage(by, "查看目录", told=about(missed(hub, by, subject))), error)
        raise
    with transaction(hub.connection) as cursor:
        told = about(found.whose, {"archive": _LISTED})
        audit.append(cursor, usage(by, "查看目录", told=told), hub.clock.now())
    return found.volume


def _is_for(hub: Hub, stored: Stored, by: By | PickUp) -> bool:
    if isinstance(by, PickUp):
        return archive_requests.may_pick_up(hub.connection, stored.id, digest_of(by.code))
    if isinstance(by, Holder):
        return stored.own == by.subject
    return is_archivist(by) or is_operator(by) or (stored.own is None and stored.asked_by == by.id)


def _request(hub: Hub, stored: Stored) -> Request:
    told, terms = stored.told, stored.terms
    until = told["withheld_until"]
    return Request(
        id=stored.id,
        number=number_of(stored),
        requester=Requester(stored.requester),
        organisation=told["organisation"],
        person=told["person"],
        subject=told["subject"],
        holder=name_of(hub, stored.party),
        form=Form(stored.form),
        purpose=told["purpose"],
        scope=scope_of(told),
        proofs=_proofs(hub, stored),
        row=terms["id"],
        row_basis=terms["basis"],
        row_verified=terms["verified"],
        stage=stage_on(hub, stored),
        asked_at=stored.asked_at,
        asked_by=stored.asked_by,
        asked_by_name=stored.asked_by_name,
        decided_by_rule=stored.automatic,
        may_unmask=terms["unmasked"] == "decider",
        masked=stored.masked,
        events=tuple(Event(*one) for one in archive_requests.events(hub.connection, hub.vault, stored.id)),
        answer=answered_of(hub, stored),
        withheld_until=None if until is None else date.fromisoformat(until),
    )


def stage_on(hub: Hub, stored: Stored) -> Stage:
    """The stage that holds now: an answer whose time is over has expired, whether anybody has noted it or not."""
    over = stored.expires_at is not None and hub.clock.now() > stored.expires_at
    return Stage.EXPIRED if over and stored.stage == Stage.ANSWERED else Stage(stored.stage)


def scope_of(told: dict[str, Any]) -> Scope:
    """What of the volume was asked for."""
    return Scope(tuple(told["files"]), tuple(VolumePart(part) for part in told["parts"]))


def _proofs(hub: Hub, stored: Stored) -> tuple[ProofKept, ...]:
    kept = [
        ProofKept(Proof(one.proof), None if one.sm3 is None else one.part, one.media_type, one.size, _hex(one.sm3))
        for one in archive_requests.files(hub.connection, stored.id)
        if one.kind == "proof" and one.proof is not None
    ]
    signed_in = Proof.SIGNED_IN.value in stored.told["proofs"]
    return (*kept, *([ProofKept(Proof.SIGNED_IN, None, None, None, None)] if signed_in else []))


def _hex(digest: bytes | None) -> str | None:
    return None if digest is None else digest.hex()
