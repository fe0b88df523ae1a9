"""Letters of a transfer, ours and the other hub's, and the packages that go with them, with what became of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from psycopg2.extras import execute_values

from schemas.transfer import Letter
from store.connection import Connection, fetch_all

#: What became of a package.
LISTED, ACCEPTED, MISSING, REFUSED, GIVEN_UP = "listed", "accepted", "missing", "refused", "given_up"


@dataclass(frozen=True, slots=True)
class Kept:
    """A letter.

    Attributes:
        sm3: of the body that is signed.
        path: of the file with body, signature and what is enclosed, below the hub's home.
        delivered_at: None where it is ours and has not left yet.
    """

    kind: Letter
    round: int
    ours: bool
    sm3: bytes
    path: str
    at: datetime
    delivered_at: datetime | None


class Item(NamedTuple):
    """A package of a transfer.

    Attributes:
        round: in which it was sent last.
        sm3, size: as it was sent last; None: its file was gone.
        reasons: why it is missing, was refused, or was given up.
    """

    file_no: str
    round: int
    sm3: bytes | None
    size: int | None
    standing: str
    reasons: list[str]

    @property
    def settled(self) -> bool:
        """Whether nothing more is to come of it: it was accepted, or given up."""
        return self.standing in (ACCEPTED, GIVEN_UP)


def keep(cursor: Any, transfer: str, letter: Kept) -> None:
    """Note a letter as part of the caller's transaction."""
    cursor.execute(
        "insert into transfer_letter (transfer, kind, round, ours, sm3, path, at, delivered_at) "
        "values (%s, %s, %s, %s, %s, %s, %s, %s)",
        (
            transfer, letter.kind, letter.round, letter.ours, letter.sm3, letter.path, letter.at,
            letter.delivered_at,
        ),
    )  # fmt: skip


def delivered(cursor: Any, transfer: str, letter: Kept, now: datetime) -> None:
    """Note that a letter of ours has left."""
    cursor.execute(
        "update transfer_letter set delivered_at = %s where transfer = %s and kind = %s and round = %s",
        (now, transfer, letter.kind, letter.round),
    )


def of_transfer(connection: Connection, transfer: str) -> list[Kept]:
    """Every letter of a transfer, in the order they were written."""
    rows = fetch_all(
        connection,
        "select kind, round, ours, sm3, path, at, delivered_at from transfer_letter where transfer = %s "
        "order by round, case kind when 'notice' then 1 when 'answer' then 2 when 'parcel' then 3 else 4 end",
        (transfer,),
    )
    return [Kept(Letter(kind), number, ours, bytes(sm3), *rest) for kind, number, ours, sm3, *rest in rows]


def one(connection: Connection, transfer: str, kind: Letter, number: int) -> Kept | None:
    """The letter of a kind and a round, None where there is none."""
    fit = (letter for letter in of_transfer(connection, transfer) if (letter.kind, letter.round) == (kind, number))
    return next(fit, None)


def items(connection: Connection, transfer: str) -> list[Item]:
    """Every package of a transfer, by its number."""
    rows = fetch_all(
        connection,
        "select file_no, round, sm3, bytes, standing, reasons from transfer_item where transfer = %s order by file_no",
        (transfer,),
    )
    return [
        Item(file_no, number, None if sm3 is None else bytes(sm3), size, standing, reasons)
        for file_no, number, sm3, size, standing, reasons in rows
    ]


def put_items(cursor: Any, transfer: str, items: Sequence[Item]) -> None:
    """Write packages, or write over what was known of them; one that was accepted stays so."""
    if not items:
        return
    execute_values(
        cursor,
        "insert into transfer_item (transfer, file_no, round, sm3, bytes, standing, reasons) values %s "
        "on conflict (transfer, file_no) do update set round = excluded.round, sm3 = excluded.sm3, "
        "bytes = excluded.bytes, standing = excluded.standing, reasons = excluded.reasons "
        "where transfer_item.standing <> 'accepted'",
        [(transfer, *item) for item in items],
    )


def mark_moved(cursor: Any, transfer: str) -> None:
    """Say of every accepted package in the catalogue that another archive has it too."""
    cursor.execute(
        "update archive_record set moved = %(transfer)s where file_no in "
        "(select file_no from transfer_item where transfer = %(transfer)s::uuid and standing = 'accepted')",
        {"transfer": transfer},
    )


def mark_back(cursor: Any, file_no: str) -> None:
    """Say of a package that had moved away that it is here again."""
    cursor.execute("update archive_record set moved = null where file_no = %s", (file_no,))
