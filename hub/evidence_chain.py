"""A chain of stamps judged: each while the certificate of the one before still held, the last one at the asked moment.

Each algorithm has a chain of its own, and one whole chain is enough. A chain proves from its first stamp on; where a
stamp came too late it proves only from the one after the gap, and what was before cannot be told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from core.clock import day_text, second_text
from core.errors import HubError
from core.verdict import Verdict
from hub.log_heads import Head
from hub.renewals import DIGESTS, Renewal
from hub.stamp_trust import Stamp, StampTrust, read_stamp
from signing.errors import CertificateFault, CertificateRefused, TrustUnknown

#: How far the clocks of two authorities may differ.
_TOLERANCE: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Lane:
    """What the chain of one algorithm shows.

    Attributes:
        algorithm: `sm3` or `sha256`.
        since: the earliest moment that is proven without a gap up to the asked one; None where nothing is.
        until: so long the last stamp can be relied on, and the next one has to be made before then.
        first: the moment of the first stamp, whatever follows it.
        reason: why it is not valid.
    """

    algorithm: str
    verdict: Verdict
    stamps: int
    first: datetime | None = None
    since: datetime | None = None
    until: datetime | None = None
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "algorithm": self.algorithm,
            "verdict": self.verdict.value,
            "stamps": self.stamps,
            "first": second_text(self.first),
            "since": second_text(self.since),
            "until": second_text(self.until),
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Proven:
    """What all chains together show; one whole chain is enough, one forged stamp spoils all."""

    lanes: tuple[Lane, ...]

    @property
    def verdict(self) -> Verdict:
        """Of the three."""
        found = {lane.verdict for lane in self.lanes}
        if Verdict.INVALID in found:
            return Verdict.INVALID
        return Verdict.VALID if Verdict.VALID in found else Verdict.CANNOT_TELL

    @property
    def since(self) -> datetime | None:
        """The earliest moment that is proven; of a verdict that is not valid, the one after the last gap."""
        return min((lane.since for lane in self._best() if lane.since is not None), default=None)

    @property
    def until(self) -> datetime | None:
        """So long it stays provable without a further stamp."""
        return max((lane.until for lane in self._best() if lane.until is not None), default=None)

    @property
    def reason(self) -> str:
        """Why the verdict is not valid."""
        return next((lane.reason for lane in self.lanes if lane.verdict is self.verdict), "no algorithm was named")

    def _best(self) -> list[Lane]:
        valid = [lane for lane in self.lanes if lane.verdict is Verdict.VALID]
        return valid or [lane for lane in self.lanes if lane.since is not None]


def judge(
    head: Head | None,
    renewals: Sequence[Renewal],
    trust: StampTrust,
    at: datetime,
    algorithms: Sequence[str] = tuple(DIGESTS),
) -> Proven:
    """The stamps of a head (by SM3 only) and of the renewals after it, made up to `at`, judged as of `at`.

    Args:
        head: None, or one without a stamp: the chain begins with the first renewal.
        renewals: in order, each found to name the one before it.
        algorithms: those that are still believed in.
    """
    return Proven(tuple(_lane(one, head, renewals, trust, at) for one in algorithms))


def _lane(algorithm: str, head: Head | None, renewals: Sequence[Renewal], trust: StampTrust, at: datetime) -> Lane:
    try:
        stamps = [one for one in _stamps(algorithm, head, renewals) if one.time <= at + _TOLERANCE]
    except HubError as error:
        return Lane(algorithm, Verdict.INVALID, 0, reason=f"a stamp is refused: {error.message}")
    if not stamps:
        return Lane(algorithm, Verdict.CANNOT_TELL, 0, reason=f"there is no timestamp over {algorithm} made by then")
    since: datetime | None = stamps[0].time
    until: datetime | None = None
    reason = ""
    for place, stamp in enumerate(stamps):
        if place and stamp.time < stamps[place - 1].time - _TOLERANCE:
            made, before = day_text(stamp.time), day_text(stamps[place - 1].time)
            out_of_order = f"the stamp of {made} follows one of {before}: out of order"
            return Lane(algorithm, Verdict.INVALID, len(stamps), stamps[0].time, reason=out_of_order)
        last = place == len(stamps) - 1
        # it has to hold until the next one was made over it
        needed = max(at, stamp.time) if last else max(stamps[place + 1].time, stamp.time)
        ends: datetime | None = None
        try:
            _, ends = trust.check(stamp.certificate, stamp.others, stamp.time)
            broken = _broken(trust, stamp, ends, needed)
            if broken is not None and not last:
                broken += f"; the next one was made only on {day_text(needed)}"
        except (TrustUnknown, CertificateRefused) as error:
            broken = f"the authority of the stamp of {day_text(stamp.time)}: {error.message.rstrip('.')}"
            if isinstance(error, CertificateRefused) and error.fault is not CertificateFault.UNTRUSTED:
                return Lane(algorithm, Verdict.INVALID, len(stamps), stamps[0].time, reason=broken)
        if broken is not None:
            since = None if last else stamps[place + 1].time
            reason = broken if last or not reason else reason
        if last:
            until = ends
    verdict = Verdict.CANNOT_TELL if reason else Verdict.VALID
    return Lane(algorithm, verdict, len(stamps), stamps[0].time, since, until, reason)


def _stamps(algorithm: str, head: Head | None, renewals: Sequence[Renewal]) -> list[Stamp]:
    found = []
    if algorithm == "sm3" and head is not None and head.stamp is not None:
        found.append(read_stamp(head.stamp, head.signature, algorithm))
    for one in renewals:
        token = one.stamp if algorithm == "sm3" else one.stamp_sha256
        if token is not None:
            found.append(read_stamp(token, one.statement, algorithm, one.certificates))
    return found


def _broken(trust: StampTrust, stamp: Stamp, ends: datetime, needed: datetime) -> str | None:
    """Why the stamp no longer held when it was needed."""
    if needed > ends:
        return f"the certificate behind the stamp of {day_text(stamp.time)} ended on {day_text(ends)}"
    try:
        trust.check(stamp.certificate, stamp.others, needed)
    except HubError as error:
        return f"the stamp of {day_text(stamp.time)} did not hold until {day_text(needed)}: {error.message.rstrip('.')}"
    return None
