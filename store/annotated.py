"""Annotated copies: written down before one is sealed, found again by its file or by the token in its QR code.

The maker of a copy holds a lock of its session from before the intent is seen until it is settled, so that an intent
whose maker died is told from one that is being worked on, and is closed when the next copy is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from store import seal_uses
from store.connection import Connection, fetch_one, transaction
from store.seal_uses import DocumentKind
from store.vault import Vault

#: The data key that seals receivers and causes.
RESOURCE: Final = "annotated_copy"
_LOCK: Final = "hashtext('annotated copy')"


@dataclass(frozen=True, slots=True, repr=False)
class AnnotatedCopy:
    """A copy that was made and given away.

    Attributes:
        version: the document of the register it repeats (`LicenceVersion.id`).
        entry: number of the use of the licence's facts in the audit log.
        form: `ofd` or `pdf`.
        receiver, cause: for whom and what for; the receiver may be a person.
        expires_at: the copy holds up to and with this moment.
        made_by: who asked for it, as in the audit log.
    """

    id: str
    version: str
    entry: str
    form: str
    receiver: str
    cause: str
    made_at: datetime
    expires_at: datetime
    document_sm3: bytes
    made_by: str
    organisation: str

    def holds_at(self, moment: datetime) -> bool:
        """Whether it has not expired; of the licence behind it this says nothing."""
        return moment <= self.expires_at


@dataclass(frozen=True, slots=True, repr=False)
class Planned:
    """A copy that is about to be sealed; the fields are those of `AnnotatedCopy`."""

    id: str
    version: str
    entry: str
    form: str
    receiver: str
    cause: str
    made_at: datetime
    expires_at: datetime
    token_sm3: bytes
    made_by: str
    organisation: str


def by_document_sm3(connection: Connection, vault: Vault, document_sm3: bytes) -> AnnotatedCopy | None:
    """The copy whose sealed file has this SM3."""
    return _one(connection, vault, "document_sm3 = %s", document_sm3)


def by_token(connection: Connection, vault: Vault, token_sm3: bytes) -> AnnotatedCopy | None:
    """The copy whose QR code holds the token of this SM3; none while it is still being made."""
    return _one(connection, vault, "document_sm3 is not null and token_sm3 = %s", token_sm3)


def holder_of(connection: Connection, version: str) -> bytes:
    """Keyed hash of whom the licence of a document (by its id) belongs to."""
    row = fetch_one(
        connection,
        "select l.holder from licence_version v join licence l on l.id = v.licence where v.id = %s",
        (version,),
    )
    return bytes(row[0]) if row else b""


def intend(
    cursor: Any,
    vault: Vault,
    planned: Planned,
    *,
    seal_sm3: bytes,
    es_id: str,
    case_no: str,
    draft_sm3: bytes,
    now: datetime,
) -> int:
    """Write down, as part of the caller's transaction, what is about to be sealed; the number of the use of the seal.

    The caller has called `vault.ready(RESOURCE)` before the transaction, and calls `let_go` in the end.

    Raises:
        SealNotRegistered, SealNotActive: the seal may not be used.
    """
    vault.hold(cursor, RESOURCE)
    use = seal_uses.write_intent(
        cursor,
        seal_sm3=seal_sm3,
        es_id=es_id,
        case_no=case_no,
        licence=planned.version,
        document_kind=DocumentKind.ANNOTATED,
        draft_sm3=draft_sm3,
        now=now,
    )
    cursor.execute(f"select pg_advisory_lock({_LOCK}, %s)", (_key(use),))
    receiver, cause = (
        vault.seal(RESOURCE, f"{planned.id}/{name}".encode(), words.encode())
        for name, words in (("receiver", planned.receiver), ("cause", planned.cause))
    )
    cursor.execute(
        "insert into annotated_copy (id, version, seal_use, entry, form, receiver, cause, made_at, expires_at, "
        "token_sm3, made_by, organisation) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            planned.id, planned.version, use, planned.entry, planned.form, receiver, cause, planned.made_at,
            planned.expires_at, planned.token_sm3, planned.made_by, planned.organisation,
        ),
    )  # fmt: skip
    return use


def record_made(connection: Connection, use: int, *, document_sm3: bytes, timestamped: bool, now: datetime) -> None:
    """The copy is sealed and found good; after this, and not before, it may leave the house."""
    with transaction(connection) as cursor:
        seal_uses.settle(cursor, use, document_sm3=document_sm3, timestamped=timestamped, now=now)
        cursor.execute("update annotated_copy set document_sm3 = %s where seal_use = %s", (document_sm3, use))


def let_go(connection: Connection, use: int) -> None:
    """Say that this process works on the use no more."""
    with transaction(connection) as cursor:
        cursor.execute(f"select pg_advisory_unlock({_LOCK}, %s)", (_key(use),))


def close_dead(connection: Connection, now: datetime) -> int:
    """Close as abandoned the intents on copies whose makers live no more; how many."""
    closed = 0
    with transaction(connection) as cursor:
        cursor.execute(
            "select id from seal_use where document_kind = %s and outcome = 'intended' order by id "
            "for update skip locked",
            (DocumentKind.ANNOTATED.value,),
        )
        for (use,) in cursor.fetchall():
            cursor.execute(f"select pg_try_advisory_xact_lock({_LOCK}, %s)", (_key(use),))
            if cursor.fetchone()[0]:
                seal_uses.abandon_use(cursor, use, now=now)
                closed += 1
    return closed


def _key(use: int) -> int:
    """A use's number as the second half of a lock's name, which has 32 bits."""
    return use % (1 << 31)


def _one(connection: Connection, vault: Vault, condition: str, value: bytes) -> AnnotatedCopy | None:
    row = fetch_one(
        connection,
        "select id::text, version::text, entry::text, form, receiver, cause, made_at, expires_at, document_sm3, "
        f"made_by, organisation from annotated_copy where {condition}",
        (value,),
    )
    if row is None:
        return None
    receiver, cause = (
        vault.open_sealed(RESOURCE, f"{row[0]}/{name}".encode(), sealed).decode()
        for name, sealed in (("receiver", row[4]), ("cause", row[5]))
    )
    return AnnotatedCopy(
        row[0], row[1], row[2], row[3], receiver, cause, row[6], row[7], bytes(row[8]), row[9], row[10]
    )
