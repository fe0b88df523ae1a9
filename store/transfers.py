"""Transfers of archives 迁移调档: where each stands; a move and its entry in the register are one act."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, ClassVar, Final

from core.errors import Permanent, Retryable
from schemas.transfer import Move, Side, State, after
from store import transfer_entries
from store.connection import Connection, fetch_all, fetch_one, transaction
from store.vault import Vault

#: The data key that seals what a transfer says of its company.
RESOURCE: Final = "transfer"
_COLUMNS: Final = (
    "id::text, side, peer, peer_code, notice_no, subject, facts, state, round, requested_on, answer_by, void_on, due, "
    "verified, since"
)
_ENDED: Final = [state.value for state in State if state.ended]


class TransferMoved(Retryable):
    """Another process moved the transfer at this moment."""

    code: ClassVar[str] = "HUB-820"


class TransferUnknown(Permanent):
    """There is no transfer of this id here."""

    code: ClassVar[str] = "HUB-821"


@dataclass(frozen=True, slots=True)
class Company:
    """Whose archives move. `kind` as `schemas.records.base.Subject.kind`."""

    kind: str
    number: str = field(repr=False)
    name: str = field(repr=False)
    reason: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Transfer:
    """One transfer.

    Attributes:
        id: given by the destination, the same on both sides.
        peer, peer_code: the other hub by its name in `peers.toml`, and its organ's credit code.
        subject: keyed hash of the company's number.
        round: of the newest parcel, 0 before the first.
        answer_by, void_on: by when the letter is to be acted on, and from when it is void.
        due: by when all archives are to be handed over.
        verified: whether periods and holidays were checked; otherwise the days are estimates.
        since: when it came into this state.
    """

    id: str
    side: Side
    peer: str
    peer_code: str
    notice_no: str
    subject: bytes = field(repr=False)
    company: Company
    state: State
    round: int
    requested_on: date
    answer_by: date
    void_on: date
    due: date
    verified: bool
    since: datetime


def create(cursor: Any, vault: Vault, new: Transfer, move: Move, who: str, said: Mapping[str, Any]) -> None:
    """Write a transfer that begins, with its first entry. Call `vault.ready(RESOURCE)` before the transaction."""
    vault.hold(cursor, RESOURCE)
    facts = {
        "kind": new.company.kind,
        "number": new.company.number,
        "name": new.company.name,
        "reason": new.company.reason,
    }
    cursor.execute(
        "insert into transfer (id, side, peer, peer_code, notice_no, subject, facts, state, round, requested_on, "
        "answer_by, void_on, due, verified, since) "
        "values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            new.id, new.side, new.peer, new.peer_code, new.notice_no, new.subject,
            vault.seal(RESOURCE, new.id.encode(), json.dumps(facts, ensure_ascii=False).encode()),
            after(new.side, move, None), new.round, new.requested_on, new.answer_by, new.void_on, new.due,
            new.verified, new.since,
        ),
    )  # fmt: skip
    _enter(cursor, new, move, None, new.state, who, said, new.since)


def move(
    cursor: Any,
    transfer: Transfer,
    what: Move,
    *,
    who: str,
    now: datetime,
    round_: int | None = None,
    **said: Any,
) -> State:
    """Move a transfer and tell the register, as part of the caller's transaction.

    Args:
        who: the officer's account, `hub`, or `peer`.
        said: what else the entry tells; nobody is named in it.

    Raises:
        NotNow: its state does not take the move.
        TransferMoved: its state is another by now; nothing was written.
    """
    reached = after(transfer.side, what, transfer.state)
    number = transfer.round if round_ is None else round_
    cursor.execute(
        "update transfer set state = %s, round = %s, since = %s where id = %s and state = %s and round = %s",
        (reached, number, now, transfer.id, transfer.state, transfer.round),
    )
    if cursor.rowcount != 1:
        raise TransferMoved(
            f"transfer {transfer.id} was moved by another process meanwhile; this one changed nothing. Try again."
        )
    _enter(cursor, transfer, what, transfer.state, reached, who, {"round": number, **said}, now)
    return reached


def get(connection: Connection, vault: Vault, id_: str) -> Transfer:
    """One transfer.

    Raises:
        TransferUnknown: there is none.
    """
    found = find(connection, vault, id_)
    if found is None:
        raise TransferUnknown("there is no transfer of this id here. `hub transfer list` shows them.")
    return found


def find(connection: Connection, vault: Vault, id_: str) -> Transfer | None:
    """The same, None where there is none."""
    return _one(fetch_one(connection, f"select {_COLUMNS} from transfer where id::text = %s", (id_,)), vault)


def listed(connection: Connection, vault: Vault, *, ended: bool) -> list[Transfer]:
    """Every transfer, the newest first; those that have ended only where asked for."""
    rows = fetch_all(
        connection,
        f"select {_COLUMNS} from transfer where %s or not state = any(%s) order by requested_on desc, id desc",
        (ended, _ENDED),
    )
    return [_read(row, vault) for row in rows]


def of_subject(connection: Connection, vault: Vault, subject: bytes) -> list[Transfer]:
    """Every transfer of a company, the newest first."""
    rows = fetch_all(
        connection,
        f"select {_COLUMNS} from transfer where subject = %s order by requested_on desc, id desc",
        (subject,),
    )
    return [_read(row, vault) for row in rows]


def to_carry(connection: Connection) -> list[str]:
    """Ids of transfers that have not ended, or of which a letter has not left yet; the oldest first."""
    rows = fetch_all(
        connection,
        "select id::text from transfer t where not state = any(%s) or exists (select from transfer_letter l "
        "where l.transfer = t.id and l.ours and l.delivered_at is null) order by id",
        (_ENDED,),
    )
    return [row[0] for row in rows]


def open_of(connection: Connection, vault: Vault, subject: bytes, side: Side) -> Transfer | None:
    """The transfer of a company that has not ended."""
    row = fetch_one(
        connection,
        f"select {_COLUMNS} from transfer where subject = %s and side = %s and not state = any(%s)",
        (subject, side, _ENDED),
    )
    return _one(row, vault)


def bears(connection: Connection, side: Side, peer_code: str, notice_no: str) -> bool:
    """Whether a notice of this number is there."""
    where = "side = %s and peer_code = %s and notice_no = %s"
    return fetch_one(connection, f"select from transfer where {where}", (side, peer_code, notice_no)) is not None


def next_number(cursor: Any, year: int) -> int:
    """The next number of a notice of a year; the caller's transaction holds it until it ends."""
    cursor.execute("select pg_advisory_xact_lock(hashtext('transfer notice'), %s)", (year,))
    cursor.execute(
        "select count(*) + 1 from transfer where side = 'in' and extract(year from requested_on) = %s", (year,)
    )
    number: int = cursor.fetchone()[0]
    return number


def set_aside(connection: Connection, *, peer: str, name: str, code: str, told: str, now: datetime) -> None:
    """Note a file that was no letter we could take."""
    with transaction(connection) as cursor:
        cursor.execute(
            "insert into transfer_set_aside (at, peer, name, code, told) values (%s, %s, %s, %s, %s)",
            (now, peer, name, code, told),
        )


def all_set_aside(connection: Connection, limit: int = 200) -> list[tuple[datetime, str, str, str, str]]:
    """Such files (when, from whom, name, code, why), the newest first."""
    rows = fetch_all(
        connection, "select at, peer, name, code, told from transfer_set_aside order by id desc limit %s", (limit,)
    )
    return [(row[0], row[1], row[2], row[3], row[4]) for row in rows]


def _enter(
    cursor: Any, one: Transfer, what: Move, before: State | None, reached: State, who: str, said: Mapping[str, Any],
    now: datetime,
) -> str:  # fmt: skip
    told = {
        "side": one.side.value,
        "move": what.value,
        "before": None if before is None else before.value,
        "after": reached.value,
        "peer": one.peer_code,
        "notice_no": one.notice_no,
        "subject": one.subject.hex(),
        "who": who,
        **said,
    }
    return transfer_entries.append(cursor, one.id, told, now)


def _one(row: Any, vault: Vault) -> Transfer | None:
    return None if row is None else _read(row, vault)


def _read(row: Any, vault: Vault) -> Transfer:
    id_, side, peer, code, notice_no, subject, facts, state, *rest = row
    said = json.loads(vault.open_sealed(RESOURCE, id_.encode(), facts))
    company = Company(said["kind"], said["number"], said["name"], said["reason"])
    return Transfer(id_, Side(side), peer, code, notice_no, bytes(subject), company, State(state), *rest)
