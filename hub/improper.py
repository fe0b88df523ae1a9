"""Lookups that the person looked at finds improper, as the bureau works through them."""

from __future__ import annotations

from hub.context import Hub
from store import reports
from store.reports import Report


def unanswered(hub: Hub) -> list[Report]:
    """Every report that waits for an answer, the oldest first."""
    return reports.unanswered(hub.connection, hub.vault)


def answer(hub: Hub, number: int, *, words: str, who: str) -> None:
    """Answer a report, once; the person reads it.

    Raises:
        NotInStore: there is none of this number, or it has its answer.
    """
    reports.answer(hub.connection, hub.vault, number, words=words, who=who, now=hub.clock.now())
