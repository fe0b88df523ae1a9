"""A transfer begins: the destination's notice 企业迁移登记注册通知函, and the origin's answer, which may not refuse."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar

from core.clock import today
from core.errors import Permanent
from core.uuid7 import uuid7
from hub.context import OnStep, no_step
from hub.subjects import read_number
from hub.transfer_clocks import periods
from hub.transfer_desk import COMPANY_KINDS, Desk, subject_of
from hub.transfer_letters import LetterRefused, Read
from hub.transfer_peers import Peer
from hub.volume import NobodyFiled, volume_of
from schemas.names import folded
from schemas.transfer import Fault, Letter, Move, Side, State, after
from store import archive_parties, transfer_letters, transfers
from store.connection import transaction
from store.transfer_letters import Kept
from store.transfers import Company, Transfer
from store.turns import only_one


class TransferOpen(Permanent):
    """The archives of this company are asked for already."""

    code: ClassVar[str] = "HUB-828"


class ReturnRefused(Permanent):
    """A notice may be returned for a formal fault only, and there is none of this kind."""

    code: ClassVar[str] = "HUB-829"


class NothingToHandOver(Permanent):
    """The archive holds nothing of the company, so its notice cannot be accepted."""

    code: ClassVar[str] = "HUB-830"


def request(
    desk: Desk, number: str, peer: str, *, name: str, reason: str, who: str, on_step: OnStep = no_step
) -> Transfer:
    """Destination: write the notice by which a company's archives are asked for.

    Args:
        number: the company's, as typed.
        peer: the hub its archives lie with.
        who: the officer's account.

    Raises:
        IdentifierRefused, SubjectUnfit: it is no number of a company.
        TransferOpen: they are asked for already.
        TurnTaken: somebody asks for them at this moment.
        PeerUnknown: no such peer.
    """
    whom = desk.peers.named(peer)
    subject = read_number(number, ("company",)).subject
    hashed = desk.hub.subject(subject.kind, subject.value)
    with only_one(desk.hub.connection, f"ask for the archives of company {hashed.hex()[:12]}"):
        _demand_none_open(desk, hashed)
        return _ask(desk, whom, hashed, Company(subject.kind, subject.value, name, reason), who, on_step)


def _ask(desk: Desk, whom: Peer, hashed: bytes, company: Company, who: str, on_step: OnStep) -> Transfer:
    hub = desk.hub
    now, day = hub.clock.now(), today(hub.clock)
    days = periods(desk.peers.clocks, day)
    with transaction(hub.connection) as cursor:
        ordinal = transfers.next_number(cursor, day.year)
        new = Transfer(
            id=str(uuid7(now)),
            side=Side.IN,
            peer=whom.name,
            peer_code=whom.credit_code,
            notice_no=f"{desk.peers.ours.notice_prefix}〔{day.year}〕{ordinal}号",
            subject=hashed,
            company=company,
            state=State.REQUESTED,
            round=0,
            requested_on=day,
            answer_by=days.answer_by,
            void_on=days.void_on,
            due=days.due,
            verified=days.verified,
            since=now,
        )
        letter = desk.write(new.id, whom, Letter.NOTICE, 0, _notice(new))
        on_step("notice.written")
        transfers.create(cursor, hub.vault, new, Move.REQUEST, who, {"letter": letter.sm3.hex()})
        transfer_letters.keep(cursor, new.id, letter)
    on_step("notice.recorded")
    return new


def asked(desk: Desk, peer: Peer, id_: str, letter: Read, path: str) -> None:
    """Origin: a notice has come.

    Raises:
        LetterRefused: it lacks something, or bears the number of another notice.
    """
    hub, now = desk.hub, desk.hub.clock.now()
    try:
        new = _transfer_in(desk, peer, id_, letter.said)
    except (KeyError, TypeError, ValueError):
        raise LetterRefused("a notice is refused: it lacks something a notice says; have it sent anew.") from None
    if transfers.bears(hub.connection, Side.OUT, peer.credit_code, new.notice_no):
        raise LetterRefused("a notice is refused: its number is that of another notice; have it numbered anew.")
    with transaction(hub.connection) as cursor:
        transfers.create(cursor, hub.vault, new, Move.ASK, "peer", {"letter": letter.sm3.hex()})
        transfer_letters.keep(cursor, new.id, Kept(Letter.NOTICE, 0, False, letter.sm3, path, now, now))


def accept(desk: Desk, transfer: Transfer, *, who: str, on_step: OnStep = no_step) -> None:
    """Origin: say that the archives will be handed over.

    Raises:
        NothingToHandOver: nothing is held of the company.
        NotNow: the notice was answered already.
    """
    if not _held(desk, transfer):
        raise NothingToHandOver(
            f"the archive holds nothing of the company of transfer {transfer.id}; it was not accepted. Return it: "
            f"hub transfer return {transfer.id} --fault {Fault.NOTHING_HELD.value}"
        )
    _answer(desk, transfer, None, who, on_step)


def return_(desk: Desk, transfer: Transfer, fault: Fault, *, who: str, on_step: OnStep = no_step) -> None:
    """Origin: give a notice back because of a formal fault; for nothing else it may be.

    Raises:
        ReturnRefused: it has no such fault.
        NotNow: the notice was answered already.
    """
    held = _held(desk, transfer)
    there = not held if fault is Fault.NOTHING_HELD else held and not _named(desk, transfer)
    if not there:
        raise ReturnRefused(
            f"transfer {transfer.id} was not returned: its notice has no such fault ({fault.value}). The origin may "
            "not refuse to hand over archives (市场主体登记管理条例 art. 27); accept it."
        )
    _answer(desk, transfer, fault, who, on_step)


def answer_by_itself(desk: Desk, transfer: Transfer, on_step: OnStep = no_step) -> bool:
    """Origin: answer a notice that needs no officer; False where one has to look at it."""
    if desk.peer(transfer).accept != "automatic":
        return False
    if not _held(desk, transfer):
        _answer(desk, transfer, Fault.NOTHING_HELD, "hub", on_step)
        return True
    if _named(desk, transfer):
        _answer(desk, transfer, None, "hub", on_step)
        return True
    return False


def answered(desk: Desk, transfer: Transfer, letter: Read, path: str) -> None:
    """Destination: the origin's answer has come.

    Raises:
        LetterRefused: it answers another notice, or returns ours without a fault.
        NotNow: it does not fit.
    """
    said, hub = letter.said, desk.hub
    try:
        fault = None if said["accepted"] is True else Fault(said["fault"])
    except (KeyError, ValueError):
        raise LetterRefused("an answer is refused: it neither accepts nor names a formal fault.") from None
    if said.get("notice") != desk.notice(transfer):
        raise LetterRefused("an answer is refused: it answers another notice than ours.")
    now = hub.clock.now()
    told: dict[str, Any] = {"letter": letter.sm3.hex()} | ({"fault": fault.value} if fault else {})
    with transaction(hub.connection) as cursor:
        transfer_letters.keep(cursor, transfer.id, Kept(Letter.ANSWER, 0, False, letter.sm3, path, now, now))
        transfers.move(cursor, transfer, Move.RETURN if fault else Move.ACCEPT, who="peer", now=now, **told)


def _answer(desk: Desk, transfer: Transfer, fault: Fault | None, who: str, on_step: OnStep) -> None:
    hub, what = desk.hub, Move.RETURN if fault else Move.ACCEPT
    after(transfer.side, what, transfer.state)
    said = {
        "accepted": fault is None,
        "fault": fault.value if fault else None,
        "notice": desk.notice(transfer),
        "notice_no": transfer.notice_no,
    }
    letter = desk.write(transfer.id, desk.peer(transfer), Letter.ANSWER, 0, said)
    on_step("answer.written")
    told: dict[str, Any] = {"letter": letter.sm3.hex()} | ({"fault": fault.value} if fault else {})
    with transaction(hub.connection) as cursor:
        transfers.move(cursor, transfer, what, who=who, now=hub.clock.now(), **told)
        transfer_letters.keep(cursor, transfer.id, letter)
    on_step("answer.recorded")


def _notice(new: Transfer) -> dict[str, Any]:
    company = new.company
    return {
        "notice_no": new.notice_no,
        "company": {"kind": company.kind, "number": company.number, "name": company.name},
        "reason": company.reason,
        "requested_on": new.requested_on.isoformat(),
        "answer_by": new.answer_by.isoformat(),
        "void_on": new.void_on.isoformat(),
        "due": new.due.isoformat(),
        "verified": new.verified,
    }


def _transfer_in(desk: Desk, peer: Peer, id_: str, said: Mapping[str, Any]) -> Transfer:
    """What a notice asks for. Raises KeyError, TypeError or ValueError where it lacks something."""
    company = said["company"]
    words = (company["kind"], company["number"], company["name"], said["reason"], said["notice_no"])
    if company["kind"] not in COMPANY_KINDS or not all(isinstance(one, str) and 0 < len(one) <= 500 for one in words):
        raise ValueError("a word is none")
    return Transfer(
        id=id_,
        side=Side.OUT,
        peer=peer.name,
        peer_code=peer.credit_code,
        notice_no=said["notice_no"],
        subject=desk.hub.subject(company["kind"], company["number"]),
        company=Company(*words[:4]),
        state=State.ASKED,
        round=0,
        requested_on=date.fromisoformat(said["requested_on"]),
        answer_by=date.fromisoformat(said["answer_by"]),
        void_on=date.fromisoformat(said["void_on"]),
        due=date.fromisoformat(said["due"]),
        verified=said["verified"] is True,
        since=desk.hub.clock.now(),
    )


def _demand_none_open(desk: Desk, subject: bytes) -> None:
    there = transfers.open_of(desk.hub.connection, desk.hub.vault, subject, Side.IN)
    if there is not None:
        raise TransferOpen(
            f"the archives of this company are asked for already (transfer {there.id}, {there.state.value}); nothing "
            "was written."
        )


def _held(desk: Desk, transfer: Transfer) -> bool:
    try:
        return bool(volume_of(desk.hub, subject_of(transfer)).entries)
    except NobodyFiled:
        return False


def _named(desk: Desk, transfer: Transfer) -> bool:
    """Whether the company, or one it followed, bears or bore the name in the notice."""
    volume = volume_of(desk.hub, subject_of(transfer))
    parties = {volume.party, *(one.party for one in volume.follows if one.before)}
    wanted = folded(transfer.company.name)
    return any(one.folded == wanted for party in parties for one in archive_parties.names(desk.hub.connection, party))
