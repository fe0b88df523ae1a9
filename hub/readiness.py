"""Whether this hub can look something up right now: tables, keys, and an audit log that takes entries."""

from __future__ import annotations

from typing import ClassVar, Final

from core.errors import Retryable
from hub import audit
from hub.caller import operator
from hub.context import Hub
from hub.sources import source_states
from hub.usage import usage_of
from store import data_keys
from store.audit import try_append

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
    for resource in {key.resource for key in data_keys.every(hub.connection)}:
        hub.vault.refresh(resource)


def _append_and_undo(hub: Hub) -> None:
    usage = usage_of(
        operator(),
        None,
        case_no=None,
        purpose="readiness",
        basis="",
        outcome="refused",
        refusal=None,
        about=(),
        materials=(),
    )
    try_append(hub.connection, usage, hub.clock.now())
