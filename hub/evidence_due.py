"""When a log's timestamps are due to be made anew: before the certificate behind the last one ends, and each year."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.clock import day_text, second_text
from core.errors import HubError
from hub.context import Hub
from hub.log_heads import Head
from hub.press_file import press_file_of
from hub.renewals import Renewal
from hub.stamp_trust import read_stamp
from store import log_heads, log_renewals


@dataclass(frozen=True, slots=True)
class Standing:
    """How a log's chain of timestamps stands.

    Attributes:
        head: number of the newest head; `renewal`: of the newest renewal, made `at`. None before the first.
        soonest: the earliest end of a certificate behind a stamp that nothing newer covers; `latest`: the last end.
        due: whether to renew now, and `why`; why not, where it is not.
        ended: whether every certificate behind the last stamp has ended: the chain is broken.
        ending: whether it is due because a certificate ends.
    """

    log: str
    head: int | None
    renewal: int | None
    at: datetime | None
    soonest: datetime | None
    latest: datetime | None
    due: bool
    why: str
    ended: bool = False
    ending: bool = False

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "log": self.log,
            "head": self.head,
            "renewal": self.renewal,
            "renewed_at": second_text(self.at),
            "provable_until": second_text(self.soonest),
            "due": self.due,
            "why": self.why,
            "ended": self.ended,
        }


def standing(hub: Hub, log: str) -> Standing:
    """How one log stands; nothing is asked of the authority.

    Raises:
        PressMalformed: from `press.toml`.
        StoreUnavailable: the database does not answer.
    """
    newest, last = log_heads.newest(hub.connection, log), log_renewals.newest(hub.connection, log)
    number = None if newest is None else newest.number
    made = (log, number, None if last is None else last.number, None if last is None else last.at)
    of_renewal, of_newest = [] if last is None else [*ends_of(last).values()], _ends_of_head(newest)
    # Of the first and the last head since the last renewal: an authority's next certificate ends later.
    first = next(iter(log_heads.after(hub.connection, log, -1 if last is None else last.head, 1)), None)
    of_heads = [] if first is None else [*_ends_of_head(first), *of_newest]
    # A chain holds as long as one of the last stamps does. Before the first renewal there is only the head's.
    holding = of_newest if last is None else of_renewal
    soonest, latest = min((*of_renewal, *of_heads), default=None), max(holding, default=None)
    now, settings = hub.clock.now(), hub.settings
    ended = latest is not None and latest < now
    if newest is None:
        return Standing(*made, soonest, latest, False, "no head was signed yet")
    if press_file_of(settings).timestamp is None:
        return Standing(*made, soonest, latest, False, "no timestamp authority is configured", ended)
    if ended and latest is not None:
        return Standing(*made, soonest, latest, True, f"the last stamp's certificate ended on {day_text(latest)}", True)
    if last is None:
        return Standing(*made, soonest, latest, True, "it was never renewed")
    if now >= last.at + timedelta(days=settings.evidence_days):
        return Standing(*made, soonest, latest, True, f"the last renewal is of {day_text(last.at)}")
    if soonest is not None and now >= soonest - timedelta(days=settings.evidence_days_before):
        why = f"the certificate behind a stamp ends on {day_text(soonest)}"
        return Standing(*made, soonest, latest, True, why, ending=True)
    return Standing(*made, soonest, latest, False, f"the last renewal is of {day_text(last.at)} and holds")


def ends_of(renewal: Renewal) -> dict[str, datetime]:
    """Until when the certificate behind each of its stamps is valid, by algorithm; an unreadable one is left out."""
    found = {}
    for algorithm, token in (("sm3", renewal.stamp), ("sha256", renewal.stamp_sha256)):
        if token is not None and (end := _end(token, renewal.statement, algorithm)) is not None:
            found[algorithm] = end
    return found


def _ends_of_head(head: Head | None) -> list[datetime]:
    end = None if head is None or head.stamp is None else _end(head.stamp, head.signature, "sm3")
    return [] if end is None else [end]


def _end(token: bytes, stamped: bytes, algorithm: str) -> datetime | None:
    try:
        return read_stamp(token, stamped, algorithm).ends
    except HubError:
        return None  # whoever verifies the log is told
