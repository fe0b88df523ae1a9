"""Licences of a release that knew no versions are in force after the upgrade, and in the register."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from core.clock import FixedClock
from core.settings import Settings
from hub.adopting import adopt
from hub.context import open_hub
from schemas.licence_life import Status, Step
from store import licence_life, licences
from store.connection import connect, transaction
from store.migrate import migrate
from store.vault import Vault
from tests.hub.conftest import NOON
from tests.preparing import prepare


def test_what_was_issued_before_stays_issued(settings: Settings) -> None:
    connection = connect(settings.database_url)
    with transaction(connection) as cursor:
        cursor.execute("drop schema public cascade; create schema public")
    migrate(settings.database_url, "0011")
    vault = Vault.open(connection, settings.keys)
    for number, until, state in ((1, "2031-03-03", "archived"), (2, "长期", "published"), (3, "长期", "reserved")):
        facts: dict[str, Any] = {"metadata": {"ZZYXQJZRQ": until, "ZZBFRQ": "2026-03-04", "ZZBFJG": "审批局"}}
        sealed = vault.seal("licence", f"case-{number}".encode(), json.dumps(facts).encode())
        with transaction(connection) as cursor:
            cursor.execute(
                "insert into licence (licence_type, year, sequence, number, identifier, approval, item, holder, facts, "
                "state, reserved_at, document_sm3) values ('food', 2026, %s, %s, %s, %s, 'item', '', %s, %s, %s, %s)",
                (number, f"no-{number}", f"id-{number}", f"case-{number}", sealed, state, NOON, b"2" * 32),
            )
    connection.close()
    assert "2 licences of an earlier release entered into the register" in prepare(settings, FixedClock(NOON))
    with open_hub(settings, FixedClock(NOON)) as hub:
        assert adopt(hub) == 0, "once is enough"
        told = {
            number: licence_life.find(hub.connection, f"no-{number}") for number in (1, 2, 3)
        }  # fmt: skip
        assert [(one.status, one.valid_until) for one in told.values() if one] == [
            (Status.VALID, date(2031, 3, 3)),
            (Status.VALID, None),
            (Status.RESERVED, None),
        ]
        (version,) = [one for one in licences.every(hub.connection) if one.number == "no-1"]
        (taken,) = licence_life.history(hub.connection, version.licence)
        assert (taken.step, taken.grounds.effective_on) == (Step.ISSUE, date(2026, 3, 4))
