"""What people did about rows set aside, and who: dismissed, exported, handed over, sent again, left. Append-only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from store.connection import Connection, fetch_all
from store.vault import Vault


@dataclass(frozen=True, slots=True)
class Act:
    """One act; `note` is what the person wrote, opened."""

    at: datetime
    who: str
    act: str
    resource: str
    entry: int | None
    reference: str | None
    why: str | None
    note: str
    bytes: int | None


def record(
    cursor: Any,
    vault: Vault,
    act: str,
    *,
    who: str,
    resource: str,
    at: datetime,
    entry: int | None = None,
    sending: int | None = None,
    why: str | None = None,
    note: str = "",
    size: int | None = None,
) -> None:
    """Write an act down, in the transaction of what it does."""
    if note:
        vault.hold(cursor, resource)
    cursor.execute(
        "insert into quarantine_act (at, who, act, resource, entry, sending, why, note, bytes) "
        "values (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            at, who, act, resource, entry, sending, why,
            vault.seal(resource, b"note", note.encode()) if note else None, size,
        ),
    )  # fmt: skip


def of_entry(connection: Connection, vault: Vault, entry: int) -> list[Act]:
    """The acts about one entry or a sending it went in, oldest first."""
    rows = fetch_all(
        connection,
        "select a.at, a.who, a.act, a.resource, a.entry, d.reference, a.why, a.note, a.bytes from quarantine_act a "
        "left join sending d on d.id = a.sending where a.entry = %(entry)s or a.sending in "
        "(select sending from sending_entry where entry = %(entry)s) order by a.id",
        {"entry": entry},
    )
    found = []
    for at, who, act, resource, about, reference, why, note, size in rows:
        opened = vault.open_sealed(resource, b"note", note).decode() if note else ""
        found.append(Act(at, who, act, resource, about, reference, why, opened, size))
    return found
