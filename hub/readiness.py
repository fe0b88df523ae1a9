"""Whether this hub can work right now: tables, keys, an audit log that takes entries, and a seal that can be used."""

from __future__ import annotations

from typing import ClassVar, Final

from core.errors import Retryable
from hub import audit
from hub.caller import operator
from hub.context import Hub
from hub.signing_ready import SigningWatch
from hub.sources import source_states
from hub.usage import usage_of
from store import data_keys
from store.audit import try_append

#: Seconds an entry may wait for its number; longer, and nobody gives numbers any more.
LONGEST_WAIT: Final = 60.0


class LogBehind(Retryable):
    """Entries of the audit log wait for their numbers, and nobody gives any."""

    code: ClassVar[str] = "HUB-772"


def check(hub: Hub, signing: SigningWatch) -> None:
    """Return when a lookup would work and a licence could be sealed: tried, not assumed; nothing is left of the trial.

    Args:
        signing: what it found of the seal is kept for some seconds, so it is kept by the caller.

    Raises:
        StoreUnavailable, StoreNotReady: the database does not answer, or its tables are not those of this release.
        KeyringUnusable, KekNotHere: the keys folder is not this database's.
        LogBehind: entries have waited for a minute or longer.
        CannotSign: the seal cannot be used; not asked on a node that does not sign (HUB_SIGNS=no).
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
    signing.check(hub)


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
