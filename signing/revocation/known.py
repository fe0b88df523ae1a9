"""What lists and answers say about one certificate, and what follows from it for a moment of use.

Three values: it was not revoked then, it was, or nothing that is known tells. What nothing tells is never
taken for good.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, IntEnum

from signing.certificates import Certificate
from signing.errors import CertificateFault, CertificateRefused


class Reason(IntEnum):
    """CRLReason (RFC 5280, 5.3.1)."""

    UNSPECIFIED = 0
    KEY_COMPROMISE = 1
    CA_COMPROMISE = 2
    AFFILIATION_CHANGED = 3
    SUPERSEDED = 4
    CESSATION_OF_OPERATION = 5
    CERTIFICATE_HOLD = 6
    REMOVE_FROM_LIST = 8
    PRIVILEGE_WITHDRAWN = 9
    AA_COMPROMISE = 10


#: Someone else may have had the key: what it signed counts from the day that is doubted, not from the report.
_COMPROMISED = frozenset((Reason.KEY_COMPROMISE, Reason.CA_COMPROMISE, Reason.AA_COMPROMISE))


class Source(Enum):
    """What told."""

    LIST = "revocation list"
    ANSWER = "OCSP answer"


@dataclass(frozen=True, slots=True)
class Revoked:
    """That and when a certificate was revoked; `invalid_from` is since when its key is doubted."""

    at: datetime
    reason: Reason = Reason.UNSPECIFIED
    invalid_from: datetime | None = None

    @property
    def counts_from(self) -> datetime:
        """What the key signed from this moment on does not count."""
        if self.reason in _COMPROMISED and self.invalid_from is not None:
            return min(self.at, self.invalid_from)
        return self.at


@dataclass(frozen=True, slots=True)
class Statement:
    """What one list or answer, found authentic, says of one certificate: revoked, or not revoked so far."""

    source: Source
    this_update: datetime
    next_update: datetime | None
    revoked: Revoked | None

    def covers(self, at: datetime) -> bool:
        """Whether it tells about `at`: made since then, or not yet followed by a newer one.

        A list made before the key was used cannot know of a revocation in between.
        """
        return self.this_update >= at or (self.next_update is not None and at <= self.next_update)


class RevocationState(Enum):
    """What is known of a certificate that may be relied on."""

    #: Nothing is configured that could tell; nobody was asked.
    NOT_ASKED = "not asked"
    GOOD = "good"
    #: Revoked, but after its use.
    REVOKED_LATER = "revoked later"


@dataclass(frozen=True, slots=True)
class Revocation:
    """What was known of one certificate of a chain.

    `source` and `as_of` (when that was made) are None when nobody was asked; `revoked` is set for REVOKED_LATER.
    """

    serial: int
    state: RevocationState
    source: Source | None = None
    as_of: datetime | None = None
    revoked: Revoked | None = None


def conclude(certificate: Certificate, statements: Iterable[Statement], at: datetime) -> Revocation | None:
    """What follows for a use at `at`; None when nothing tells.

    Raises:
        CertificateRefused: it was revoked by then (`CertificateFault.REVOKED`).
    """
    known = list(statements)
    best: Statement | None = None
    for one in known:
        if one.revoked is None:
            if one.covers(at) and (best is None or best.this_update < one.this_update):
                best = one
        elif _released(one, known, at):
            continue
        elif one.revoked.counts_from <= at:
            raise CertificateRefused(CertificateFault.REVOKED, _told(certificate, one.revoked))
        else:
            # It was good until then, and the one who says so knows the end.
            return Revocation(
                certificate.serial, RevocationState.REVOKED_LATER, one.source, one.this_update, one.revoked
            )
    if best is None:
        return None
    return Revocation(certificate.serial, RevocationState.GOOD, best.source, best.this_update)


def _released(hold: Statement, known: Sequence[Statement], at: datetime) -> bool:
    """Whether a certificate that was on hold was found off it again before `at`."""
    return (
        hold.revoked is not None
        and hold.revoked.reason is Reason.CERTIFICATE_HOLD
        and any(one.revoked is None and hold.this_update < one.this_update <= at for one in known)
    )


def _told(certificate: Certificate, revoked: Revoked) -> str:
    reason = revoked.reason.name.lower().replace("_", " ")
    told = f"certificate {certificate.serial:x} was revoked at {_moment(revoked.at)} ({reason})"
    if revoked.counts_from < revoked.at:
        return f"{told}; its key is in doubt since {_moment(revoked.counts_from)}, before its use."
    return f"{told}, before its use."


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
