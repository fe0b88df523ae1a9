"""Renewals of a log's timestamps held against its heads, its entries and the files, while it is looked through."""

from __future__ import annotations

from core.digest import sha256
from core.errors import HubError
from core.merkle import Growing, leaf_hash
from core.verdict import Verdict
from hub import renewal_files
from hub.context import Hub
from hub.evidence_chain import judge
from hub.evidence_heads import doubt_renewals
from hub.log_files import LogFiles
from hub.log_report import LogReport
from hub.renewals import Covered, RenewalRefused, chained, check_heads
from hub.stamp_trust import StampTrust
from store import log_heads, log_renewals


class RenewalWatch:
    """Told every entry in order, it compares what each renewal covers by SHA-256; at the end it looks at the rest."""

    def __init__(self, hub: Hub, log: str, files: LogFiles, report: LogReport) -> None:
        self._hub, self._log, self._files, self._report = hub, log, files, report
        self._held = log_renewals.every(hub.connection, log)
        self._covered: list[Covered] = []
        try:
            self._covered = chained(self._held, log)
        except RenewalRefused as error:
            report.found("renewal", error.message)
        self._waiting = list(self._covered)
        self._tree = Growing(sha256)

    def add(self, body: bytes | None) -> None:
        """The next entry; None where what it said is gone."""
        self._compare()
        if self._waiting and body is not None:
            self._tree.add(leaf_hash(body, sha256))

    def finish(self) -> None:
        """All entries have passed: heads, stamps and files."""
        self._compare()
        for said in self._waiting:
            self._report.found(
                "renewal", f"renewal {said.number} covers {said.entries.size} entries, more than are there"
            )
        if self._covered:
            self._look_at_heads()
        self._look_at_files()
        if self._covered:
            self._look_at_stamps()

    def _compare(self) -> None:
        while self._waiting and self._waiting[0].entries.size == self._tree.size:
            said = self._waiting.pop(0)
            if said.entries.edge != self._tree.edge:
                self._report.found("renewal", f"renewal {said.number} was made over other entries than are there now")

    def _look_at_heads(self) -> None:
        try:
            check_heads(self._covered, log_heads.every(self._hub.connection, self._log))
        except RenewalRefused as error:
            self._report.found("renewal", error.message)

    def _look_at_files(self) -> None:
        try:
            there = renewal_files.compare(self._files, self._held)
        except HubError as error:
            self._report.found("file", error.message)
            return
        for one in self._held:
            if one.number not in there:
                self._report.found(
                    "file", f"renewal {one.number} has no file in {self._files.folder}: removed, or a process died "
                    "before it wrote it; `hub evidence renew` writes it"
                )  # fmt: skip

    def _look_at_stamps(self) -> None:
        try:
            trust = StampTrust.of(self._hub.settings)
            found = judge(None, self._held, trust, self._hub.clock.now())
        except HubError as error:
            self._report.unsure.append(f"stamps of renewals cannot be judged: {error.message}")
            return
        try:
            doubt = doubt_renewals(self._held, self._covered, trust)
        except HubError as error:
            doubt = Verdict.INVALID, error.message
        if doubt is not None and doubt[0] is Verdict.INVALID:
            self._report.found("renewal", doubt[1])
        elif doubt is not None:
            self._report.unsure.append(doubt[1])
        for lane in found.lanes:
            if lane.verdict is Verdict.INVALID:
                self._report.found("renewal", f"stamps over {lane.algorithm}: {lane.reason}")
            elif lane.verdict is Verdict.CANNOT_TELL and lane.stamps:
                self._report.notes.append(f"renewals by {lane.algorithm}: {lane.reason}")
