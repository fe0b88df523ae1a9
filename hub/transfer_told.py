"""What people and programs are told of transfers: where each stands, its letters, packages and moves, its receipt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Final

from core.clock import second_text
from core.digest import sm3
from core.errors import Permanent
from hub.context import Hub
from hub.packing import masked
from hub.transfer_desk import Desk
from hub.transfer_letters import LetterRefused, opened, own
from hub.transfer_register import entries, words
from hub.transfer_sheets import ENCLOSED
from schemas.transfer import Letter, Side, State
from store import transfer_letters, transfers
from store.transfer_letters import Item
from store.transfers import Transfer

_WHO: Final = {"hub": "系统", "peer": "对方"}
_STANDING: Final[Mapping[str, Mapping[str, str]]] = {
    "listed": {"standing_zh": "待接收", "look": "idle"},
    "accepted": {"standing_zh": "已接收", "look": "good"},
    "missing": {"standing_zh": "缺失", "look": "warn"},
    "refused": {"standing_zh": "拒收", "look": "bad"},
    "given_up": {"standing_zh": "不再移交", "look": "idle"},
}


@dataclass(frozen=True, slots=True)
class Line:
    """A transfer as a list shows it."""

    id: str
    side: Side
    state: State
    company: str
    peer: str
    notice_no: str
    due: date
    verified: bool


class ReceiptNotYet(Permanent):
    """A transfer has no receipt yet."""

    code: ClassVar[str] = "HUB-837"


def listed(hub: Hub, *, ended: bool = False) -> list[Transfer]:
    """Transfers, the newest first."""
    return transfers.listed(hub.connection, hub.vault, ended=ended)


def items_of(hub: Hub, transfer: str) -> list[Item]:
    """Its packages, and what became of each."""
    return transfer_letters.items(hub.connection, transfer)


def told(hub: Hub, id_: str) -> dict[str, Any]:
    """All of one transfer, for `--json`.

    Raises:
        TransferUnknown: there is none.
    """
    one = transfers.get(hub.connection, hub.vault, id_)
    return {
        **to_dict(one),
        "reason": one.company.reason,
        "letters": [
            {
                "letter": letter.kind.chinese,
                "kind": letter.kind.value,
                "round": letter.round,
                "ours": letter.ours,
                "sm3": letter.sm3.hex(),
                "path": letter.path,
                "at": second_text(letter.at),
                "delivered_at": second_text(letter.delivered_at),
            }
            for letter in transfer_letters.of_transfer(hub.connection, id_)
        ],
        "packages": [
            {
                "file_no": item.file_no,
                "round": item.round,
                "sm3": None if item.sm3 is None else item.sm3.hex(),
                "bytes": item.size,
                "standing": item.standing,
                "reasons": item.reasons,
            }
            for item in items_of(hub, id_)
        ],
        "moves": [
            {"at": second_text(entry.at), "entry": entry.id, "words": words(entry.said), **entry.said}
            for entry in reversed(entries(hub, id_))
        ],
    }


def told_in_words(hub: Hub, id_: str) -> dict[str, Any]:
    """The same with the words people read beside each of ours. Raises as `told`."""
    found = told(hub, id_)
    return {
        **found,
        "side_zh": Side(found["side"]).chinese,
        "state_zh": State(found["state"]).chinese,
        "packages": [{**one, **_STANDING[one["standing"]]} for one in found["packages"]],
        "moves": [{**one, "who_zh": _WHO.get(one["who"], one["who"])} for one in found["moves"]],
    }


def line_of(one: Transfer) -> Line:
    """A transfer as a list shows it."""
    return Line(one.id, one.side, one.state, one.company.name, one.peer, one.notice_no, one.due, one.verified)


def receipt_of(desk: Desk, id_: str) -> Mapping[str, Any]:
    """What the newest receipt of a transfer says, on either side.

    Raises:
        TransferUnknown: there is no such transfer.
        ReceiptNotYet: there is no receipt yet.
        LetterRefused: its file is not the one that was recorded.
    """
    return _receipt(desk, id_)[0]


def sheet_of(desk: Desk, id_: str) -> bytes:
    """The newest receipt of a transfer as a sealed sheet (OFD), on either side.

    Raises:
        TransferUnknown: there is no such transfer.
        ReceiptNotYet: there is no receipt yet, or it went without a sheet.
        LetterRefused: its file is not the one that was recorded.
    """
    said, path = _receipt(desk, id_)
    with opened(desk.hub.settings.home / path) as enclosed:
        if ENCLOSED not in enclosed.names():
            raise ReceiptNotYet(f"the receipt of transfer {id_} has no sealed sheet; its signed letter is {path}.")
        sheet = enclosed.read(ENCLOSED)
    if sm3(sheet).hex() != said["sheet_sm3"]:
        raise LetterRefused(f"the sheet in {path} is not the one that was signed for; restore it from the backup.")
    return sheet


def set_aside(hub: Hub) -> list[dict[str, str]]:
    """Files of other hubs that were no letters we could take, the newest first."""
    return [
        {"at": second_text(at), "peer": peer, "name": name, "code": code, "told": why}
        for at, peer, name, code, why in transfers.all_set_aside(hub.connection)
    ]


def to_dict(one: Transfer) -> dict[str, Any]:
    """For `--json`; the company's number with its middle hidden."""
    return {
        "id": one.id,
        "side": one.side.value,
        "peer": one.peer,
        "notice_no": one.notice_no,
        "company": one.company.name,
        "number": masked(one.company.number),
        "state": one.state.value,
        "round": one.round,
        "requested_on": one.requested_on.isoformat(),
        "answer_by": one.answer_by.isoformat(),
        "void_on": one.void_on.isoformat(),
        "due": one.due.isoformat(),
        "verified": one.verified,
        "since": second_text(one.since),
    }


def _receipt(desk: Desk, id_: str) -> tuple[Mapping[str, Any], str]:
    """What the newest receipt says, and its path below the home."""
    desk.get(id_)
    found = [one for one in transfer_letters.of_transfer(desk.hub.connection, id_) if one.kind is Letter.RECEIPT]
    if not found:
        raise ReceiptNotYet(f"transfer {id_} has no receipt yet. `hub transfer show` says what comes next.")
    return own(desk.hub.settings.home / found[-1].path, found[-1].sm3), found[-1].path
