"""The newest version of each record, without what it says: enough to tell new, changed, unchanged and ended apart."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from store.connection import Connection, fetch_one
from store.copying import NULL, CopyRows, array_of, of_array, of_bigint, of_bytes, of_int, of_text


class Head(NamedTuple):
    """One record's newest version. `digest` is None where the record has ended.

    Attributes:
        mark: of the row it came in; None where a row cannot be known again by its bytes.
        edition: the source's own order of editions, compared as text.
        subjects: whom the stored rows of this version stand under.
    """

    version: int
    digest: bytes | None
    mark: bytes | None
    edition: str | None
    subjects: tuple[bytes, ...]
    batch: int


def of_keys(cursor: Any, resource: str, keys: Sequence[bytes], *, hold: bool = False) -> dict[bytes, Head]:
    """The heads of those of these keys that are or were there; part of a page's transaction.

    With `hold` nobody else may change them until it ends. One that somebody is changing now counts as not there; to
    write it is refused then (`PartsCollided`).
    """
    if not keys:
        return {}
    cursor.execute(
        "select key, version, digest, mark, edition, subjects, batch from record_head "
        "where resource = %s and key = any(%s::bytea[])" + (" order by key for update" if hold else ""),
        (resource, array_of(keys)),
    )
    return {
        bytes(key): Head(
            version,
            None if digest is None else bytes(digest),
            None if mark is None else bytes(mark),
            edition,
            tuple(map(bytes, subjects)),
            batch,
        )
        for key, version, digest, mark, edition, subjects, batch in cursor
    }


def any_before(connection: Connection, resource: str, batch: int) -> bool:
    """Whether the store holds or ever held a record of the resource that another batch brought."""
    found = fetch_one(
        connection, "select 1 from record_head where resource = %s and batch <> %s limit 1", (resource, batch)
    )
    return found is not None


def put(cursor: Any, resource: str, new: dict[bytes, Head], there: Sequence[bytes]) -> None:
    """Write heads; `there` are those of the keys that have one already."""
    if there:
        cursor.execute(
            "delete from record_head where resource = %s and key = any(%s::bytea[])", (resource, array_of(there))
        )
    rows = CopyRows("record_head", "resource", "key", "version", "digest", "mark", "edition", "subjects", "batch")
    name = of_text(resource)
    number = cache(of_bigint)  # one batch and a few versions: the same bytes for nearly every row
    ordinal = cache(of_int)
    for key in sorted(new):  # all in one order, so that no two parts wait for each other
        version, digest, mark, edition, subjects, batch = new[key]
        rows.add(
            name,
            of_bytes(key),
            ordinal(version),
            NULL if digest is None else of_bytes(digest),
            NULL if mark is None else of_bytes(mark),
            NULL if edition is None else of_bytes(edition.encode()),
            of_array(subjects),
            number(batch),
        )
    rows.copy(cursor)
