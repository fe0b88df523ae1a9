"""A licence's documents in the making: a number is reserved once, and every step leaves its line."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from psycopg2.extras import execute_values

from schemas.licence_life import Status, Step, after
from store import archive_packages, licence_life, moments, seal_uses
from store.archive_packages import NewPackage
from store.connection import Connection, fetch_all, fetch_one, transaction
from store.licence_life import Change, Licence, VersionInMaking
from store.licences import COLUMNS, FACTS, FROM, LicenceVersion, read
from store.register_entries import Grounds
from store.seal_uses import DocumentKind, Intent
from store.vault import Vault

#: Places in the status list. They are drawn by chance, so that a place tells nothing of its neighbours.
STATUS_PLACES: Final = 1 << 20


@dataclass(frozen=True, slots=True, repr=False)
class Composed:
    """What a document will be once it has its number.

    Attributes:
        number: of the licence; of a later document the one it has already.
        facts: all the document is drawn from, as JSON; frozen at reservation, so that a later try draws the same.
        token_sm3: of the token in its QR code.
        valid_until: last day of the validity it states; None for 长期.
    """

    number: str
    identifier: str
    facts: Mapping[str, Any]
    token_sm3: bytes | None = None
    valid_until: date | None = None
    trust: str = "A"


def reserve(
    connection: Connection,
    vault: Vault,
    *,
    licence_type: str,
    year: int,
    approval: str,
    item: str,
    holder: bytes,
    grounds: Grounds,
    compose: Callable[[int, int], Composed],
    now: datetime,
) -> LicenceVersion:
    """Take the next number of the type and year for an approval; the same approval gets its own number again.

    Args:
        compose: works the document out for a sequence number and a place in the status list. What it raises passes
            through, and the number stays free: whatever can be found wrong is to be found here.

    Raises:
        ClockBehind: the clock is behind the register's last entry; no number was taken.
    """
    vault.ready(FACTS)
    with transaction(connection) as cursor:
        vault.hold(cursor, FACTS)
        # One at a time per type and year: a number is neither used twice nor skipped.
        cursor.execute("select pg_advisory_xact_lock(hashtext('number'), hashtext(%s))", (f"{licence_type}/{year}",))
        found = _made_for(cursor, approval)
        if found is not None:
            return found
        cursor.execute(
            "select coalesce(max(sequence), 0) + 1 from licence where licence_type = %s and year = %s",
            (licence_type, year),
        )
        sequence = cursor.fetchone()[0]
        place = free_place(cursor)
        composed = compose(sequence, place)
        cursor.execute(
            "insert into licence (licence_type, year, sequence, number, item, holder) values (%s, %s, %s, %s, %s, %s) "
            "returning id",
            (licence_type, year, sequence, composed.number, item, holder),
        )
        licence = cursor.fetchone()[0]
        return add_version(
            cursor, vault, licence=licence, version=1, step=Step.ISSUE, approval=approval, made_for=approval, item=item,
            grounds=grounds, composed=composed, status_index=place, now=now,
        )  # fmt: skip


def reserve_version(
    connection: Connection,
    vault: Vault,
    *,
    licence: str,
    step: Step,
    approval: str | None,
    made_for: str,
    item: str,
    grounds: Grounds,
    compose: Callable[[int, int], Composed],
    now: datetime,
) -> LicenceVersion:
    """Begin the next document of a licence; for the same `made_for` it is the same again.

    Args:
        licence: its id.
        step: what the document comes of.
        compose: works the document out for a version number and a place in the status list; see `reserve`.

    Raises:
        StepRefused: the licence's state does not take the step; nothing was written.
        VersionInMaking: a Retryable; another document of the licence is being made.
        ClockBehind: the clock is behind the register's last entry; nothing was written.
    """
    vault.ready(FACTS)
    with transaction(connection) as cursor:
        vault.hold(cursor, FACTS)
        held = licence_life.hold(cursor, licence)
        found = _made_for(cursor, made_for)
        if found is not None:
            return found
        after(step, held.status)
        cursor.execute(
            "select max(version), bool_or(state in ('reserved', 'sealed')) from licence_version where licence = %s",
            (licence,),
        )
        last, unfinished = cursor.fetchone()
        if unfinished:
            raise VersionInMaking(
                f"a document of licence {held.number} is being made; no further one was begun. Finish it with "
                "`hub issue`, or the order to reseal that began it, then try again."
            )
        place = free_place(cursor)
        return add_version(
            cursor, vault, licence=licence, version=last + 1, step=step, approval=approval, made_for=made_for,
            item=item, grounds=grounds, composed=compose(last + 1, place), status_index=place, now=now,
        )  # fmt: skip


def free_place(cursor: Any) -> int:
    """A place in the status list that no document ever had. Two who draw the same at once: the second one fails and
    draws again at its next try.
    """
    return free_places(cursor, 1)[0]


def free_places(cursor: Any, count: int) -> list[int]:
    """As `free_place`, for many documents."""
    found: set[int] = set()
    while len(found) < count:
        drawn = {secrets.randbelow(STATUS_PLACES) for _ in range(count - len(found))} - found
        cursor.execute("select status_index from licence_version where status_index = any(%s)", (list(drawn),))
        found |= drawn - {row[0] for row in cursor.fetchall()}
    places = list(found)
    # a set of numbers is nearly in their order, which would tell of neighbours
    secrets.SystemRandom().shuffle(places)
    return places


def add_version(
    cursor: Any,
    vault: Vault,
    *,
    licence: str,
    version: int,
    step: Step,
    approval: str | None,
    made_for: str,
    item: str,
    grounds: Grounds,
    composed: Composed,
    status_index: int,
    now: datetime,
) -> LicenceVersion:
    """Write a document's row as part of the caller's transaction, which holds what keeps others from the licence."""
    one = NewVersion(licence, version, step, approval, made_for, item, grounds, composed, status_index)
    return add_versions(cursor, vault, [one], now)[0]


@dataclass(frozen=True, slots=True, repr=False)
class NewVersion:
    """A document about to be reserved."""

    licence: str
    version: int
    step: Step
    approval: str | None
    made_for: str
    item: str
    grounds: Grounds
    composed: Composed
    status_index: int


def add_versions(cursor: Any, vault: Vault, new: Sequence[NewVersion], now: datetime) -> list[LicenceVersion]:
    """As `add_version`, for many, in the same order.

    Raises:
        ClockBehind: the clock is behind the register's last entry; nothing may be written.
    """
    moments.forward(cursor, now)
    facts = vault.seal_many(
        FACTS,
        [(one.made_for.encode(), json.dumps(one.composed.facts, ensure_ascii=False).encode()) for one in new],
    )
    execute_values(
        cursor,
        "insert into licence_version (licence, version, cause, identifier, approval, made_for, item, facts, "
        "reserved_at, trust, valid_until, token_sm3, status_index, basis, effective_on, document_no, by_user, "
        "by_organisation) values %s",
        [
            (
                one.licence, one.version, one.step.value, one.composed.identifier, one.approval, one.made_for, one.item,
                sealed, now, one.composed.trust, one.composed.valid_until, one.composed.token_sm3, one.status_index,
                one.grounds.basis, one.grounds.effective_on, one.grounds.document_no, one.grounds.user,
                one.grounds.organisation,
            )
            for one, sealed in zip(new, facts, strict=True)
        ],
    )  # fmt: skip
    cursor.execute(f"select {COLUMNS} {FROM} where v.made_for = any(%s)", ([one.made_for for one in new],))
    found = {one.made_for: one for one in map(read, cursor.fetchall())}
    made = [found[one.made_for] for one in new]
    _events(cursor, now, "reserved", [(one.id, {"number": one.number, "version": one.version}) for one in made])
    return made


@contextmanager
def only_maker(connection: Connection, version: LicenceVersion) -> Iterator[LicenceVersion]:
    """Hold a document in the making for this connection, waiting for whoever holds it; as it stands by then.

    PostgreSQL lets go of it when the process dies.

    Raises:
        StoreUnavailable: it was held for longer than a minute.
    """
    fetch_one(connection, "select pg_advisory_lock(hashtext('making'), hashtext(%s))", (str(version.id),))
    try:
        row = fetch_one(connection, f"select {COLUMNS} {FROM} where v.id = %s", (version.id,))
        yield version if row is None else read(row)
    finally:
        if not connection.closed:
            fetch_one(connection, "select pg_advisory_unlock(hashtext('making'), hashtext(%s))", (str(version.id),))


def intend(
    connection: Connection, version: LicenceVersion, *, seal_sm3: bytes, es_id: str, draft_sm3: bytes, now: datetime
) -> bool:
    """Write down what is about to be signed, before it is. An intent left over by a dead process is closed.

    Returns:
        Whether there was one before: this document was about to be sealed already, and its file may lie on disk.

    Raises:
        SealNotRegistered, SealNotActive: the seal may not be used; nothing was written.
    """
    with transaction(connection) as cursor:
        return version.id in intend_all(cursor, [(version, draft_sm3)], seal_sm3=seal_sm3, es_id=es_id, now=now)


def intend_all(
    cursor: Any,
    drafts: Sequence[tuple[LicenceVersion, bytes]],
    *,
    seal_sm3: bytes,
    es_id: str,
    now: datetime,
) -> frozenset[str]:
    """As `intend`, for many documents, each with its draft's SM3, within the caller's transaction; the ids of those
    for which there was an intent before. Raises as `intend`.
    """
    ids = [version.id for version, _ in drafts]
    abandoned = seal_uses.abandon_all_of(cursor, licences=ids, document_kind=DocumentKind.OFD, now=now)
    _events(cursor, now, "abandoned", [(id_, {}) for id_ in ids if id_ in abandoned])
    cursor.execute("select distinct licence from seal_use where licence = any(%s::uuid[])", (ids,))
    tried_before = frozenset(row[0] for row in cursor.fetchall())
    seal_uses.write_intents(
        cursor,
        seal_sm3=seal_sm3,
        es_id=es_id,
        intents=[Intent(version.case_no, version.id, draft_sm3) for version, draft_sm3 in drafts],
        document_kind=DocumentKind.OFD,
        now=now,
    )
    _events(
        cursor,
        now,
        "intended",
        [(version.id, {"seal": es_id, "draft_sm3": draft_sm3.hex()}) for version, draft_sm3 in drafts],
    )
    return tried_before


@dataclass(frozen=True, slots=True)
class SealedDocument:
    """A document that is sealed, verified by our own verifier, and on disk under `path`, below the hub's home."""

    version: LicenceVersion
    document_sm3: bytes
    timestamped: bool
    path: str


def record_sealed(
    connection: Connection, version: LicenceVersion, *, document_sm3: bytes, timestamped: bool, path: str, now: datetime
) -> None:
    """The document is sealed, verified by our own verifier, and on disk under this path."""
    with transaction(connection) as cursor:
        record_all_sealed(cursor, [SealedDocument(version, document_sm3, timestamped, path)], now)


def record_all_sealed(cursor: Any, documents: Sequence[SealedDocument], now: datetime) -> frozenset[str]:
    """As `record_sealed`, for many, within the caller's transaction; the ids of those that were recorded.

    The others were given up meanwhile by a step of their licences, and their intents with them.
    """
    rows = execute_values(
        cursor,
        "update licence_version v set state = 'sealed', document_sm3 = n.document, document_path = n.path "
        "from (values %s) n (id, document, path) where v.id = n.id and v.state = 'reserved' returning v.id",
        [(one.version.id, one.document_sm3, one.path) for one in documents],
        template="(%s::uuid, %s, %s)",
        fetch=True,
    )
    recorded = frozenset(row[0] for row in rows)
    documents = [one for one in documents if one.version.id in recorded]
    execute_values(
        cursor,
        "update seal_use u set outcome = 'sealed', settled_at = n.at, document_sm3 = n.document, "
        "timestamped = n.timestamped from (values %s) n (id, at, document, timestamped) "
        "where u.licence = n.id and u.document_kind = 'ofd' and u.outcome = 'intended'",
        [(one.version.id, now, one.document_sm3, one.timestamped) for one in documents],
        template="(%s::uuid, %s::timestamptz, %s, %s)",
    )
    _events(
        cursor,
        now,
        "sealed",
        [
            (one.version.id, {"document_sm3": one.document_sm3.hex(), "timestamped": one.timestamped})
            for one in documents
        ],
    )
    return recorded


def record_published(connection: Connection, version: LicenceVersion, now: datetime) -> None:
    """The document is where people fetch it: it is current, what was current is superseded, and the register says so.

    Raises:
        StepRefused: the licence's state changed meanwhile and does not take the step; nothing was written.
    """
    with transaction(connection) as cursor:
        publish(cursor, version, now)


def publish(cursor: Any, version: LicenceVersion, now: datetime) -> None:
    """As `record_published`, within the caller's transaction."""
    publish_all(cursor, [version], now)


def publish_all(cursor: Any, versions: Sequence[LicenceVersion], now: datetime) -> None:
    """As `record_published`, for documents of many licences, one of each, within the caller's transaction."""
    held = licence_life.hold_all(cursor, [one.licence for one in versions])
    cursor.execute(
        "select id, document_sm3, basis, effective_on, by_user, by_organisation, document_no from licence_version "
        "where id = any(%s::uuid[]) and state = 'sealed'",
        ([one.id for one in versions],),
    )
    sealed = {row[0]: row[1:] for row in cursor.fetchall()}
    ready = [one for one in versions if one.id in sealed]
    changes = []
    for one in ready:
        document, basis, effective_on, *who = sealed[one.id]
        grounds = Grounds(basis, effective_on or one.reserved_at.date(), *who)
        changes.append(_becoming(held[one.licence], one, bytes(document), one.valid_until, grounds))
    taken = licence_life.record_all(cursor, None, changes, now)
    if not taken:
        return
    now = taken[0].at
    execute_values(
        cursor,
        "update licence_version v set superseded_at = n.at from (values %s) n (licence, version, at) "
        "where v.licence = n.licence and v.version < n.version and v.superseded_at is null",
        [(one.licence, one.version, now) for one in ready],
        template="(%s::uuid, %s, %s::timestamptz)",
    )
    cursor.execute(
        "update licence_version set state = 'published', published_at = %s where id = any(%s::uuid[])",
        (now, [one.id for one in ready]),
    )
    _events(cursor, now, "published", [(one.id, {}) for one in ready])


def without_step(connection: Connection) -> list[LicenceVersion]:
    """Published documents of a release that knew no steps, oldest first."""
    rows = fetch_all(
        connection,
        f"select {COLUMNS} {FROM} where v.state in ('published', 'archived') and l.status = 'reserved' "
        "order by v.reserved_at, l.number",
    )
    return [read(row) for row in rows]


def enter_older(
    connection: Connection, version: LicenceVersion, *, valid_until: date | None, grounds: Grounds, now: datetime
) -> None:
    """Give such a document its step and its entry in the register; one that has them is left."""
    with transaction(connection) as cursor:
        held = licence_life.hold(cursor, version.licence)
        if held.status is not Status.RESERVED or version.document_sm3 is None:
            return
        cursor.execute(
            "update licence_version set valid_until = %s, published_at = coalesce(published_at, %s), basis = %s, "
            "effective_on = %s, by_user = %s, by_organisation = %s where id = %s",
            (
                valid_until, now, grounds.basis, grounds.effective_on, grounds.user, grounds.organisation, version.id,
            ),
        )  # fmt: skip
        change = _becoming(held, version, version.document_sm3, valid_until, grounds)
        licence_life.record_all(cursor, None, [change], now)


def record_archived(connection: Connection, version: LicenceVersion, package: NewPackage, now: datetime) -> None:
    """The archive package is in the store and passed its check; log, catalogue and the document's story say so."""
    with transaction(connection) as cursor:
        archive_packages.add(cursor, package, now)
        cursor.execute("update licence_version set state = 'archived' where id = %s", (version.id,))
        _event(cursor, version.id, now, "archived", {"package_sm3": package.sm3.hex()})


def _becoming(
    held: Licence, version: LicenceVersion, document_sm3: bytes, valid_until: date | None, grounds: Grounds
) -> Change:
    """The step by which a document becomes the current one."""
    step = Step(version.cause)
    return Change(
        held,
        step,
        after(step, held.status),
        grounds,
        case=version.case_no,
        version={
            "version": version.version,
            "identifier": version.identifier,
            "document_sm3": document_sm3,
            "valid_until": valid_until,
        },
    )


def _made_for(cursor: Any, made_for: str) -> LicenceVersion | None:
    cursor.execute(f"select {COLUMNS} {FROM} where v.made_for = %s", (made_for,))
    row = cursor.fetchone()
    return read(row) if row else None


def _event(cursor: Any, version: str, now: datetime, event: str, detail: Mapping[str, Any]) -> None:
    _events(cursor, now, event, [(version, detail)])


def _events(cursor: Any, now: datetime, event: str, told: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    """One line of the same kind in the stories of many documents."""
    execute_values(
        cursor,
        "insert into licence_event (licence, at, event, detail) values %s",
        [(version, now, event, json.dumps(detail)) for version, detail in told],
    )
