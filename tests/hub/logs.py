"""An audit log with something in it, and somebody who may do anything in the database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import psycopg2

from core.merkle import full_root, leaf_hash
from hub import audit
from hub.context import Hub
from store import audit as entries
from store.audit import About, Trace, Usage
from store.connection import transaction

USAGE = Usage(
    channel="clerk", user="zhang", user_name="窗口甲", organisation="x", organisation_name="行政审批局", street=None,
    place=None, item="3" * 31, item_name="食品经营许可", item_version=1, case_no="A-1", purpose="acceptance", basis="b",
    outcome="complete", refusal=None, about=(About(b"1" * 32, "applicant", {"M1": ["name"]}, b"n" * 32, True),),
    materials=(Trace("M1", "satisfied", "shared", "tax.registration", ""),),
)  # fmt: skip


def add(hub: Hub, count: int, usage: Usage = USAGE) -> list[str]:
    """So many lookups, a second apart, each in a transaction of its own."""
    added = []
    for number in range(count):
        with transaction(hub.connection) as cursor:
            now = hub.clock.now() + timedelta(seconds=number)
            added.append(entries.append(cursor, replace(usage, case_no=f"A-{number}"), now))
    return added


@dataclass(frozen=True)
class Superuser:
    """Whom no trigger stops."""

    url: str

    @contextmanager
    def at_work(self) -> Iterator[Any]:
        connection = psycopg2.connect(self.url)
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute("set session_replication_role = replica")
                yield cursor
        finally:
            connection.close()

    def run(self, statement: str, arguments: Sequence[Any] | None = None) -> None:
        with self.at_work() as cursor:
            cursor.execute(statement, arguments)
            assert cursor.rowcount > 0, "nothing was tampered with"

    def rewrite(self, held: Sequence[tuple[str, bytes]]) -> None:
        """Have the log hold just these entries, (number, body), with leaves and tiles that fit them."""
        with self.at_work() as cursor:
            cursor.execute("delete from log_leaf; delete from log_tile")
            hashes = []
            for seq, (entry, body) in enumerate(held):
                cursor.execute("update audit_entry set body = %s where id = %s", (body, entry))
                hashes.append(leaf_hash(body))
                cursor.execute("insert into log_leaf values ('audit', %s, %s, %s)", (seq, entry, hashes[-1]))
            level = 0
            while len(hashes) >= 256:
                chunks = [hashes[i : i + 256] for i in range(0, len(hashes) // 256 * 256, 256)]
                hashes = [full_root(chunk) for chunk in chunks]
                for n, (chunk, root) in enumerate(zip(chunks, hashes, strict=True)):
                    cursor.execute(
                        "insert into log_tile values ('audit', %s, %s, %s, %s)", (level, n, b"".join(chunk), root)
                    )
                level += 1

    def held(self) -> list[tuple[str, bytes]]:
        with self.at_work() as cursor:
            cursor.execute(
                "select l.entry::text, e.body from log_leaf l join audit_entry e on e.id = l.entry order by seq"
            )
            return [(entry, bytes(body)) for entry, body in cursor]


def superuser_of(hub: Hub, postgres_url: str) -> Superuser:
    database = urlsplit(hub.settings.database_url).path
    return Superuser(urlsplit(postgres_url)._replace(path=database).geturl())


def found(hub: Hub) -> set[tuple[str, int | None, str | None]]:
    """What verifying finds of entries: kind, number, entry."""
    report = audit.verify(hub)
    return {(one.kind, one.number, one.entry) for one in report.findings}


def kinds(hub: Hub) -> set[str]:
    return set(audit.verify(hub).counts)
