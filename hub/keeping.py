"""Keeping 长期保存: every package the archive holds is checked again before its last check is too old.

The package whose check is longest ago comes first. Each check is kept before the next one begins, so a walk that was
killed is gone on with by the next. Seals are judged as of the moment the package entered the archive's log: a
certificate that ended since then takes nothing from it, as long as an unbroken chain of timestamps shows that the
package was there before. Where it does not, the walk cannot tell.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from archive.report import Stage
from core.digest import sha256
from core.errors import Permanent
from core.verdict import Verdict
from hub.archive_codes import policy_of
from hub.archive_store import ArchiveRefuses, ArchiveStore, PackageGone
from hub.check_reports import entry_of
from hub.context import Hub, OnStep, no_step
from hub.evidence_moments import ProvenMoments
from hub.inspect import check_package
from hub.transfer_peers import anchors_of_holdings, trust_with
from signing.trust import Trust
from store import archive_checks, archive_entries
from store.archive_checks import CheckEntry
from store.archive_entries import Holding
from store.turns import only_one

#: Packages asked for at once.
_AT_ONCE: Final = 100
#: Numbers of packages told in a message.
_TOLD: Final = 20

#: Told how many packages are through, of how many, and how many bytes they had.
OnProgress = Callable[[int, int, int], None]


class HoldingsUnsound(Permanent):
    """Packages the archive holds are not sound any more, or cannot be judged."""

    code: ClassVar[str] = "HUB-973"


def no_progress(done: int, total: int, read: int) -> None:
    """For callers that do not want to hear of it."""


@dataclass(frozen=True, slots=True)
class Walked:
    """What a walk came to: packages checked, their bytes, how many are still to be checked, and which were not good."""

    checked: int
    bytes: int
    left: int
    invalid: tuple[str, ...]
    unjudged: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "checked": self.checked,
            "bytes": self.bytes,
            "left": self.left,
            "invalid": list(self.invalid),
            "unjudged": list(self.unjudged),
        }

    def demand_sound(self) -> None:
        """Raises HoldingsUnsound: a package was not found valid. Its report is kept, and it is checked at each walk."""
        if not self.invalid and not self.unjudged:
            return
        told = [
            f"{len(numbers)} {what}: {', '.join(numbers[:_TOLD])}{' …' if len(numbers) > _TOLD else ''}"
            for numbers, what in ((self.invalid, "not sound"), (self.unjudged, "that cannot be judged"))
            if numbers
        ]
        raise HoldingsUnsound(
            f"of {self.checked} packages checked, {'; '.join(told)}. Their reports are kept (`hub archive reports "
            "FILE_NO`); restore what is not sound from the backup, then walk again; runbook: package-unsound."
        )


def walk(
    hub: Hub,
    *,
    days: int | None = None,
    limit: int | None = None,
    rate: int | None = None,
    pause: Callable[[float], None] = time.sleep,
    on_progress: OnProgress = no_progress,
    on_step: OnStep = no_step,
) -> Walked:
    """Check every package whose last check is `days` ago or more, that never was checked, or was not found valid.

    Args:
        days, rate: in place of the settings': the age of a check that makes it due, and bytes read per second (0 for
            no bound).
        limit: no more packages than that.

    Raises:
        TurnTaken: another walk is going on.
        HoldingsAway: the folder or bucket of the packages is not there; what was checked before is kept.
        ArchiveAway, ArchiveRefuses, ArchiveUnset: their store does not answer, or refuses; likewise.
        SchemeUnfit, CertificateRefused, PressMalformed: from the configuration; nothing was checked.
        StoreUnavailable: the database does not answer; what was checked is kept.
    """
    bound = hub.settings.archive_rate if rate is None else rate
    with only_one(hub.connection, "walk the holdings"):
        began = hub.clock.now()
        before = began - timedelta(days=hub.settings.archive_days if days is None else days)
        due = archive_checks.due(hub.connection, before, began, limit)
        total = len(due)
        store = ArchiveStore.of(hub.settings)
        if total:
            store.demand_available()
        anchors, moments = anchors_of_holdings(hub.settings), ProvenMoments(hub)
        trust = trust_with(hub.settings, anchors)
        checked = read = 0
        bad: dict[str, list[str]] = {"valid": [], "invalid": [], "cannot_tell": []}
        clock = time.monotonic()
        on_progress(0, total, 0)
        for start in range(0, total, _AT_ONCE):
            # what somebody else checked meanwhile is not due any more
            for holding in archive_checks.still_due(hub.connection, before, began, due[start : start + _AT_ONCE]):
                made = _check(hub, store, holding, trust, anchors, moments)
                # a clock that was set back must not make this package due again in the same walk
                archive_checks.keep(hub.connection, holding.file_no, made, max(hub.clock.now(), began))
                on_step("package.checked")
                bad[made.verdict].append(holding.file_no)
                checked, read = checked + 1, read + holding.size
                on_progress(checked, total, read)
                if bound and (ahead := read / bound - (time.monotonic() - clock)) > 0:
                    pause(ahead)
        left, _ = archive_checks.count_due(hub.connection, before, began)
    return Walked(checked, read, left, tuple(bad["invalid"]), tuple(bad["cannot_tell"]))


def _check(
    hub: Hub, store: ArchiveStore, holding: Holding, trust: Trust, anchors: Sequence[bytes], moments: ProvenMoments
) -> CheckEntry:
    try:
        data = store.get(holding.path)
    except (PackageGone, ArchiveRefuses) as error:
        # a store that went away since the walk began says nothing of this package
        store.demand_available()
        if isinstance(error, PackageGone):
            return _unread(holding, "invalid", "its file is gone")
        return _unread(holding, "cannot_tell", f"its file cannot be read: {error.message}")
    said = None if holding.body is None else archive_entries.said_in(holding.body)
    at = hub.clock.now() if said is None else archive_entries.judged_as_of(said)
    came = at if said is None else datetime.fromisoformat(said["at"])
    ends: list[datetime] = []
    # another archive's codes are of another fonds, and not this one's to judge
    policy = None if said is not None and "proven_at" in said else policy_of(hub)
    report = check_package(
        data, trust, settings=hub.settings, anchors=anchors, stage=Stage.KEEPING, at=at,
        on_certificate_end=ends.append, policy=policy,
    )  # fmt: skip
    fault, doubt = _fault(holding, said, bytes.fromhex(report.sm3), data), None
    # of what had ended before the package came, whoever took it in has judged
    ended = [one for one in ends if one < hub.clock.now() and (said is None or one >= came)]
    if fault is None and report.verdict is Verdict.VALID and ended:
        doubt = moments.doubt(holding.entry, holding.body, min(ended))
    told = {"fault": fault, "doubt": doubt, "in_log": said is not None}
    decided = "invalid" if fault is not None else "cannot_tell" if doubt is not None else None
    return entry_of(report, decided, keeping=told)


def _fault(holding: Holding, said: dict[str, Any] | None, digest: bytes, data: bytes) -> str | None:
    """What is wrong with the file as a whole, held against the table and the archive's log."""
    if holding.body is not None and said is None:
        return "its entry in the archive's log is not of the form of one"
    if digest != holding.sm3:
        return "its file is not the one that was recorded"
    if said is not None and (digest.hex(), sha256(data).hex()) != (said["sm3"], said["sha256"]):
        return "its file is not the one the archive's log tells of"
    return None


def _unread(holding: Holding, verdict: str, fault: str) -> CheckEntry:
    report = {
        "standard": "DA/T 70-2018",
        "stage": Stage.KEEPING.value,
        "verdict": verdict,
        "electronic_file_no": holding.file_no,
        "items": [],
        "keeping": {"fault": fault, "doubt": None, "in_log": holding.entry is not None},
    }
    return CheckEntry(Stage.KEEPING.value, verdict, {}, report)
