"""Since when the archive is shown to hold a package: what keeping rests on once a certificate in it has ended."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from core.clock import day_text
from core.errors import HubError
from core.merkle import check_inclusion, inclusion, leaf_hash
from core.verdict import Verdict
from hub import renewal_files
from hub.context import Hub
from hub.evidence_chain import Proven, judge
from hub.evidence_heads import LinkSigner, doubt_renewals, first_link
from hub.holdings import LOG
from hub.log_heads import Head
from hub.log_sealing import files_of
from hub.renewals import Covered, Renewal, chained, check_heads
from hub.stamp_trust import StampTrust
from store import log_heads, log_renewals, merkle_log
from store.merkle_log import Tree

#: Chains judged and remembered: packages of one hour share theirs.
_MOST: Final = 4_096


class ProvenMoments:
    """For one walk: heads and renewals are looked through once, at the first question."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._at = hub.clock.now()
        self._loaded: tuple[list[Renewal], list[Covered], StampTrust] | str | None = None
        self._known: dict[int, Proven | str] = {}

    def doubt(self, entry: str | None, body: bytes | None, ended: datetime) -> str | None:
        """Why it cannot be shown that an entry's package was there when a certificate in it ended; None: it can."""
        why = self._why(entry, body, ended)
        if why is None:
            return None
        return (
            f"a certificate in it ended on {day_text(ended)}, and no unbroken chain of timestamps shows that it was "
            f"there before: {why}"
        )

    def _why(self, entry: str | None, body: bytes | None, ended: datetime) -> str | None:
        if entry is None or body is None:
            return "no entry of the archive's log tells of it"
        if self._loaded is None:
            self._loaded = self._load()
        if isinstance(self._loaded, str):
            return self._loaded
        renewals, covered, trust = self._loaded
        leaf = merkle_log.number_of(self._hub.connection, LOG, entry)
        link = None if leaf is None else first_link(self._hub.connection, LOG, leaf.seq, covered)
        if leaf is None or link is None:
            return "no signed head covers it yet"
        head, place = link
        try:
            path = inclusion(leaf.seq, head.size, Tree(self._hub.connection, LOG).node)
            check_inclusion(leaf_hash(body), leaf.seq, head.size, path, head.root)
        except HubError as error:
            return error.message
        if head.number not in self._known:
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[head.number] = self._judged(head, renewals[place:], trust)
        found = self._known[head.number]
        if isinstance(found, str):
            return found
        if found.since is None or found.since > ended:
            return f"it is shown only from {day_text(found.since)} on" if found.since else found.reason
        return None

    def _load(self) -> tuple[list[Renewal], list[Covered], StampTrust] | str:
        try:
            held = log_renewals.every(self._hub.connection, LOG)
            renewal_files.compare(files_of(self._hub, LOG), held)
            covered = chained(held, LOG)
            if covered:
                check_heads(covered, log_heads.every(self._hub.connection, LOG))
            trust = StampTrust.of(self._hub.settings)
            doubt = doubt_renewals(held, covered, trust)
            return (held, covered, trust) if doubt is None else doubt[1]
        except HubError as error:
            return error.message

    def _judged(self, head: Head, renewals: list[Renewal], trust: StampTrust) -> Proven | str:
        try:
            signer = LinkSigner.of_head(head, LOG)
        except HubError as error:
            return error.message
        found = judge(head, renewals, trust, self._at)
        if found.verdict is Verdict.INVALID or found.since is None:
            return found.reason
        doubt = signer.doubt(trust, found.since)
        return found if doubt is None else doubt[1]
