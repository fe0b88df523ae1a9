"""Whether this hub can look something up right now: tables, keys, and an audit log that takes entries."""

from __future__ import annotations

from typing import ClassVar, Final

import psycopg2

from core.errors import Retryable
from hub import audit
from hub.caller import operator
from hub.context import Hub
from hub.sources import source_states
from store.audit import Usage, append
from store.connection import fetch_all
from store.errors import StoreNotReady

#: Seconds an entry may wait for its number; longer, and nobody gives numbers any more.
LONGEST_WAIT: Final = 60.0


class LogBehind(Retryable):
    """Entries of the audit log wait for their numbers, and nobody gives any."""

    code: ClassVar[str] = "HUB-772"


def check(hub: Hub) -> None:
    """Return when a lookup would work: tried, not assumed, and nothing is left of the trial.

    Raises:
        StoreUnavailable, StoreNotReady: the database does not answer, or its tables are not those of this release.
        KeyringUnusable, KekNotHere: the keys folder is not this database's.
        LogBehind: entries have waited for a minute or longer.
    """
    source_states(hub)
    _open_every_key(hub)
    _append_and_undo(hub)
    waited = audit.behind(hub)
    if waited > LONGEST_WAIT:
        raise LogBehind(
            f"the oldest entry of the audit log has waited {waited:.0f} s for its number, so no proof can be given. "
            "Lookups go on being logged. See that the web process or Airflow runs (runbook: log-waits)."
        )


def _open_every_key(hub: Hub) -> None:
    for (resource,) in fetch_all(hub.connection, "select distinct resource from data_key order by 1"):
        hub.vault.refresh(resource)


def _append_and_undo(hub: Hub) -> None:
    """An entry written and taken back, so that a full disk or a read-only server is noticed."""
    caller = operator()
    usage = Usage(
        channel=caller.kind.value,
        user=caller.id,
        user_name=caller.name,
        organisation=caller.organisation,
        organisation_name=caller.organisation_name,
        street=None,
        place=None,
        item="",
        item_name="",
        item_version=None,
        case_no=None,
        purpose="readiness",
        basis="",
        outcome="refused",
        refusal=None,
        about=(),
        materials=(),
    )
    try:
        with hub.connection.cursor() as cursor:
            append(cursor, usage, hub.clock.now())
    except psycopg2.Error as error:
        raise StoreNotReady(
            "the audit log takes no entry, so nothing may be looked up. PostgreSQL said: "
            f"{str(error).splitlines()[0] if str(error) else type(error).__name__}"
        ) from None
    finally:
        if not hub.connection.closed:
            hub.connection.rollback()
