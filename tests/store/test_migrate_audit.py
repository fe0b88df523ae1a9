"""What the old audit table holds is carried over into the log, in order, and says where it comes from."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta

import pytest

from core.clock import SHANGHAI
from store import audit
from store.connection import connect, fetch_all, transaction
from store.migrate import migrate

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=SHANGHAI)
SUBJECT = b"s" * 32


@pytest.fixture(scope="session")
def database_template() -> str:
    """Here the databases start empty."""
    return "template1"


def test_old_entries_become_the_first_of_the_log(database_url: str) -> None:
    migrate(database_url, "0007")
    connection = connect(database_url)
    with transaction(connection) as cursor:
        for n in range(7_000):
            refused = n % 2 == 1
            cursor.execute(
                "insert into audit (at, caller, organ, item, case_no, purpose, subject, outcome, released) "
                "values (%s, 'hub-command', '', 'i', null, '许可受理', %s, %s, %s)",
                (
                    NOW - timedelta(seconds=n), None if refused else SUBJECT,
                    "refused HUB-201" if refused else "complete", json.dumps({} if refused else {"M1": ["name"]}),
                ),
            )  # fmt: skip
    migrate(database_url)
    rows = fetch_all(
        connection, "select e.body, w.leaf, e.at from log_waiting w join audit_entry e on e.id = w.entry order by w.id"
    )
    bodies = [json.loads(bytes(body)) for body, _, _ in rows]
    assert [body["carried_over"]["id"] for body in bodies] == list(range(1, 7_001))
    assert all(bytes(leaf) == hashlib.new("sm3", b"\0" + bytes(body)).digest() for body, leaf, _ in rows[:50])
    assert [datetime.fromisoformat(body["at"]) for body in bodies] == [at for _, _, at in rows]
    assert (bodies[1]["outcome"], bodies[1]["refusal"], bodies[1]["about"]) == ("refused", "HUB-201", [])
    seen = audit.of_subject(connection, SUBJECT, now=NOW, limit=3)
    assert [one.body["carried_over"]["id"] for one in seen] == [1, 3, 5]
    assert seen[0].body["about"][0]["fields"] == {"M1": ["name"]}
    connection.close()
