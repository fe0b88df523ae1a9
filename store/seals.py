"""The register of seals: what each seal said when it was registered, and how it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from store.connection import Connection, fetch_all, fetch_one, transaction
from store.errors import SealNotActive, SealNotRegistered, SealStateRefused


class Standing(StrEnum):
    """How a registered seal stands at a moment; only an active one may be used."""

    ACTIVE = "active"
    NOT_YET_VALID = "not yet valid"
    EXPIRED = "expired"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    SUPERSEDED = "superseded"


class Change(StrEnum):
    """What an operator can do to a registered seal."""

    SUSPENDED = "suspended"
    RESUMED = "resumed"
    REVOKED = "revoked"


#: Change → the states it starts from, and the one it leads to.
_CHANGES = {
    Change.SUSPENDED: (("active",), "suspended"),
    Change.RESUMED: (("suspended",), "active"),
    Change.REVOKED: (("active", "suspended"), "revoked"),
}


@dataclass(frozen=True, slots=True)
class SealEntry:
    """What a seal says, to be registered.

    Attributes:
        form: version of the seal's structure, 4 or 5.
        sealed: the seal itself, DER; `sm3` is over it and no two entries share one.
        signer_certificates: DER of the certificates that may use the seal.
    """

    es_id: str
    organ: str
    credit_code: str
    name: str
    kind: int
    vendor: str
    form: int
    picture: bytes = field(repr=False)
    picture_type: str
    width_mm: int
    height_mm: int
    sealed: bytes = field(repr=False)
    sm3: bytes = field(repr=False)
    maker_certificate: bytes = field(repr=False)
    signer_certificates: tuple[bytes, ...] = field(repr=False)
    valid_from: datetime
    valid_to: datetime


@dataclass(frozen=True, slots=True)
class RegisteredSeal:
    """An entry of the register.

    `version` counts the entries under one ES_ID; `reason` and `legal_basis` are those of the last change.
    """

    id: int
    version: int
    entry: SealEntry
    state: str
    reason: str
    legal_basis: str
    registered_at: datetime

    def standing(self, at: datetime) -> Standing:
        """How it stands at `at`; a seal whose time is over is expired without anybody having done anything."""
        if self.state != "active":
            return Standing(self.state)
        if at < self.entry.valid_from:
            return Standing.NOT_YET_VALID
        return Standing.EXPIRED if at > self.entry.valid_to else Standing.ACTIVE


@dataclass(frozen=True, slots=True)
class SealEvent:
    """A line of a seal's history."""

    at: datetime
    event: str
    who: str
    reason: str
    legal_basis: str


_ENTRY = (
    "es_id, organ, credit_code, name, kind, vendor, form, picture, picture_type, width_mm, height_mm, sealed, sm3, "
    "maker_certificate, signer_certificates, valid_from, valid_to"
)
_COLUMNS = f"id, version, state, reason, legal_basis, registered_at, {_ENTRY}"
#: Places of `_ENTRY` that hold bytes.
_BYTES = (7, 11, 12, 13)


def register(
    connection: Connection, entry: SealEntry, *, who: str, legal_basis: str = "", now: datetime
) -> RegisteredSeal:
    """Enter a seal as active; the seal that stood under its ES_ID before is superseded.

    The same seal (by its SM3) again changes nothing, however it stands by now.
    """
    with transaction(connection) as cursor:
        # One at a time per ES_ID, so that two entries never get one version.
        cursor.execute("select pg_advisory_xact_lock(hashtext('seal'), hashtext(%s))", (entry.es_id,))
        cursor.execute(f"select {_COLUMNS} from seal where sm3 = %s", (entry.sm3,))
        row = cursor.fetchone()
        if row is not None:
            return _seal(row)
        cursor.execute("select coalesce(max(version), 0) + 1 from seal where es_id = %s", (entry.es_id,))
        version: int = cursor.fetchone()[0]
        reason = f"replaced by entry {version}"
        cursor.execute(
            "update seal set state = 'superseded', reason = %s, legal_basis = %s "
            "where es_id = %s and state in ('active', 'suspended') returning id",
            (reason, legal_basis, entry.es_id),
        )
        for (replaced,) in cursor.fetchall():
            _event(cursor, replaced, now, "superseded", who, reason, legal_basis)
        values = [entry.es_id, entry.organ, entry.credit_code, entry.name, entry.kind, entry.vendor, entry.form]
        values += [entry.picture, entry.picture_type, entry.width_mm, entry.height_mm, entry.sealed, entry.sm3]
        values += [entry.maker_certificate, list(entry.signer_certificates), entry.valid_from, entry.valid_to]
        cursor.execute(
            f"insert into seal ({_ENTRY}, version, legal_basis, registered_at) "
            f"values ({', '.join(['%s'] * 14)}, %s::bytea[], {', '.join(['%s'] * 5)}) returning {_COLUMNS}",
            (*values, version, legal_basis, now),
        )
        made = _seal(cursor.fetchone())
        _event(cursor, made.id, now, "registered", who, "", legal_basis)
    return made


def change(
    connection: Connection, es_id: str, what: Change, *, who: str, reason: str, legal_basis: str = "", now: datetime
) -> RegisteredSeal:
    """Suspend, resume or revoke the newest entry under an ES_ID. A use that was begun before goes to its end.

    Raises:
        SealNotRegistered: there is no such ES_ID.
        SealStateRefused: the seal does not stand so that this can be done to it.
    """
    start, end = _CHANGES[what]
    with transaction(connection) as cursor:
        cursor.execute(
            f"select {_COLUMNS} from seal where es_id = %s order by version desc limit 1 for update", (es_id,)
        )
        row = cursor.fetchone()
        if row is None:
            raise _unknown(es_id)
        found = _seal(row)
        if found.state not in start:
            raise SealStateRefused(
                f"seal {es_id} is {found.state} and cannot be {what.value}; nothing was changed. "
                "A revoked seal stays revoked: register a new one (`hub seals add`)."
            )
        cursor.execute(
            f"update seal set state = %s, reason = %s, legal_basis = %s where id = %s returning {_COLUMNS}",
            (end, reason, legal_basis, found.id),
        )
        changed = _seal(cursor.fetchone())
        _event(cursor, found.id, now, what.value, who, reason, legal_basis)
    return changed


def every(connection: Connection) -> list[RegisteredSeal]:
    """The whole register: by ES_ID, newest entry first."""
    return [_seal(row) for row in fetch_all(connection, f"select {_COLUMNS} from seal order by es_id, version desc")]


def of(connection: Connection, es_id: str) -> list[RegisteredSeal]:
    """Every entry under an ES_ID, newest first.

    Raises:
        SealNotRegistered: there is none.
    """
    rows = fetch_all(connection, f"select {_COLUMNS} from seal where es_id = %s order by version desc", (es_id,))
    if not rows:
        raise _unknown(es_id)
    return [_seal(row) for row in rows]


def by_sm3(connection: Connection, sm3: bytes) -> RegisteredSeal | None:
    """The entry of a seal by the SM3 of its DER."""
    row = fetch_one(connection, f"select {_COLUMNS} from seal where sm3 = %s", (sm3,))
    return _seal(row) if row else None


def require_active(seal: RegisteredSeal | None, es_id: str, at: datetime) -> RegisteredSeal:
    """The seal, when it may be used at `at`.

    Raises:
        SealNotRegistered: `seal` is None.
        SealNotActive: it stands otherwise.
    """
    if seal is None:
        raise _unknown(es_id)
    standing = seal.standing(at)
    if standing is not Standing.ACTIVE:
        why = f" ({seal.reason})" if seal.reason else ""
        raise SealNotActive(
            f"seal {es_id}, entry {seal.version}, is {standing.value}{why}: it was not used and nothing was sealed. "
            f"What is to be sealed waits. `hub seals show {es_id}` tells its history; resume it, or register its "
            "successor and configure that."
        )
    return seal


def events(connection: Connection, seal: RegisteredSeal) -> list[SealEvent]:
    """A seal's history, oldest first."""
    rows = fetch_all(
        connection, "select at, event, who, reason, legal_basis from seal_event where seal = %s order by id", (seal.id,)
    )
    return [SealEvent(*row) for row in rows]


def hold_active(cursor: Any, seal_sm3: bytes, es_id: str, at: datetime) -> RegisteredSeal:
    """As `require_active`, within the caller's transaction: until its end nobody suspends or revokes the seal."""
    # Shared with other uses, exclusive of a change of state: once that is committed, no use begins.
    cursor.execute(f"select {_COLUMNS} from seal where sm3 = %s for share", (seal_sm3,))
    row = cursor.fetchone()
    return require_active(_seal(row) if row else None, es_id, at)


def _unknown(es_id: str) -> SealNotRegistered:
    return SealNotRegistered(
        f"seal {es_id} is not in the register of seals: it was not used and nothing was sealed. "
        "Register it (`hub seals add FILE.esl`); in demo mode `hub prepare` registers the demo seal."
    )


def _event(cursor: Any, seal: int, now: datetime, event: str, who: str, reason: str, legal_basis: str) -> None:
    cursor.execute(
        "insert into seal_event (seal, at, event, who, reason, legal_basis) values (%s, %s, %s, %s, %s, %s)",
        (seal, now, event, who, reason, legal_basis),
    )


def _seal(row: Sequence[Any]) -> RegisteredSeal:
    number, version, state, reason, legal_basis, registered_at, *values = row
    for place in _BYTES:
        values[place] = bytes(values[place])
    values[14] = tuple(bytes(one) for one in values[14])
    return RegisteredSeal(number, version, SealEntry(*values), state, reason, legal_basis, registered_at)
