"""What good rows do to the versions of their records: first worked out, then written in a few statements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Final, NamedTuple

from core.edition import older
from store import heads
from store.copying import CopyRows, array_of, of_bigint, of_bytes, of_int, of_moment, of_text
from store.hashes import Hashes
from store.heads import Head
from store.vault import Vault

CHANGED: Final = "changed"
DELETED: Final = "deleted"
ABSENT: Final = "absent"
_DIGEST_BEFORE: Final = 32


class GoodRow(NamedTuple):
    """An accepted record under the keyed hashes of its key and of everyone it speaks of.

    Attributes:
        canonical: its payload in the clear; None means the source ended the record.
        digest: keyed hash of `canonical`; None with it.
        edition: the place of the row in the source's own order, see `connectors.port.RawRecord`.
        mark: keyed hash of the row as received and of the rules it was judged by; None: not to be known again.
    """

    position: int
    key: bytes
    subjects: tuple[bytes, ...]
    canonical: bytes | None
    digest: bytes | None = None
    edition: str | None = None
    mark: bytes | None = None

    def __repr__(self) -> str:
        return f"GoodRow(position={self.position}, hidden)"


@dataclass(frozen=True, slots=True, repr=False)
class Passed:
    """A version that began and ended within one page: it goes into the history at once."""

    key: bytes
    version: int
    row: GoodRow
    ended_as: str


@dataclass(slots=True)
class Plan:
    """What is to be written, and what became of the rows.

    Attributes:
        current: key to the row that stands at the end, for records that are new or changed.
        heads: key to the head at the end, for everything that is not as it was.
        there: which of these have a head already.
        ended: (key, subjects, how) of stored versions that leave for the history.
        passed: versions the page itself brought and ended.
    """

    current: dict[bytes, GoodRow] = field(default_factory=dict)
    heads: dict[bytes, Head] = field(default_factory=dict)
    there: list[bytes] = field(default_factory=list)
    ended: list[tuple[bytes, tuple[bytes, ...], str]] = field(default_factory=list)
    passed: list[Passed] = field(default_factory=list)
    inserted: int = 0
    changed: int = 0
    unchanged: int = 0
    deleted: int = 0


def plan(rows: Sequence[GoodRow], stored: Mapping[bytes, Head], batch: int, hashes: Hashes) -> Plan:
    """Go through the rows in order, each against what stands when it comes.

    A row whose edition the source itself puts before the one that stands changes nothing: it is one that has been
    passed already, read again.
    """
    made = Plan()
    for row in rows:
        head = made.heads.get(row.key) or stored.get(row.key)
        if head is None:
            if row.canonical is None:
                made.unchanged += 1  # ended before we ever had it
                continue
            made.inserted += 1
            _stand(made, row, 1, batch)
            continue
        if older(row.edition, head.edition):
            made.unchanged += 1
        elif row.canonical is None:
            if head.digest is None:
                made.unchanged += 1
                continue
            _end(made, row.key, head, stored, DELETED)
            made.deleted += 1
            made.heads[row.key] = Head(head.version, None, None, row.edition or head.edition, (), batch)
        elif _same(head, row, hashes):
            made.unchanged += 1
            now = head._replace(digest=row.digest, mark=row.mark or head.mark, edition=row.edition or head.edition)
            if now != head:
                made.heads[row.key] = now
        else:
            if head.digest is None:
                made.inserted += 1
            else:
                _end(made, row.key, head, stored, CHANGED)
                made.changed += 1
            _stand(made, row, head.version + 1, batch)
    made.there = [key for key in made.heads if key in stored]
    return made


def _same(head: Head, row: GoodRow, hashes: Hashes) -> bool:
    """Whether a row says what stands, and of the same subjects: newer rules may find it under more of them.

    Heads of the version before have a longer digest of another kind.
    """
    if row.canonical is not None and set(head.subjects) != set(row.subjects):
        return False
    if head.digest == row.digest:
        return True
    before = head.digest is not None and len(head.digest) == _DIGEST_BEFORE
    return before and row.canonical is not None and hashes.fingerprint(row.canonical) == head.digest


def _stand(made: Plan, row: GoodRow, version: int, batch: int) -> None:
    made.current[row.key] = row
    made.heads[row.key] = Head(version, row.digest, row.mark, row.edition, row.subjects, batch)


def _end(made: Plan, key: bytes, head: Head, stored: Mapping[bytes, Head], how: str) -> None:
    """The version that stands leaves: one of this page at once, a stored one by a statement."""
    own = made.current.pop(key, None)
    if own is not None:
        made.passed.append(Passed(key, head.version, own, how))
    else:
        made.ended.append((key, stored[key].subjects, how))


def write(cursor: Any, vault: Vault, resource: str, batch: int, made: Plan, now: datetime) -> None:
    """Carry a plan out; part of a transaction.

    Raises:
        PartsCollided: by the transaction; another part of the batch was first at one of the records.
    """
    heads.put(cursor, resource, made.heads, made.there)  # first, so that two parts meet here and nowhere else
    for how in (CHANGED, DELETED, ABSENT):
        end(cursor, resource, ((key, subjects) for key, subjects, as_ in made.ended if as_ == how), how, batch, now)
    name, number, moment = of_text(resource), of_bigint(batch), of_moment(now)
    if made.passed:
        history = CopyRows(
            "record_history", "subject", "resource", "key", "version", "payload", "batch", "valid_from", "valid_to",
            "ended_by", "ended_as",
        )  # fmt: skip
        for passed in made.passed:
            payload = of_bytes(vault.seal(resource, passed.key, passed.row.canonical or b""))
            for subject in passed.row.subjects:
                history.add(
                    of_bytes(subject), name, of_bytes(passed.key), of_int(passed.version), payload, number, moment,
                    moment, number, of_text(passed.ended_as),
                )  # fmt: skip
        history.copy(cursor)
    if made.current:
        records = CopyRows("record", "subject", "resource", "key", "version", "payload", "batch", "valid_from")
        sealed = vault.seal_many(resource, [(key, row.canonical or b"") for key, row in made.current.items()])
        ordinal = cache(of_int)
        for (key, row), payload in zip(made.current.items(), map(of_bytes, sealed), strict=True):
            version, coded = ordinal(made.heads[key].version), of_bytes(key)
            for subject in row.subjects:
                records.add(of_bytes(subject), name, coded, version, payload, number, moment)
        records.copy(cursor)


def end(
    cursor: Any,
    resource: str,
    leaving: Iterable[tuple[bytes, Sequence[bytes]]],
    how: str,
    batch: int,
    now: datetime,
) -> None:
    """Move stored versions (key and the subjects they stand under) into the history; heads are the caller's."""
    pairs = [(subject, key) for key, subjects in leaving for subject in subjects]
    if pairs:
        cursor.execute(
            "with gone as (delete from record using unnest(%s::bytea[], %s::bytea[]) as leaving (s, k) "
            "where subject = s and resource = %s and key = k returning record.*) "
            "insert into record_history (subject, resource, key, version, payload, batch, valid_from, valid_to, "
            "ended_by, ended_as) "
            "select subject, resource, key, version, payload, batch, valid_from, %s, %s, %s from gone",
            (array_of(s for s, _ in pairs), array_of(k for _, k in pairs), resource, now, batch, how),
        )
