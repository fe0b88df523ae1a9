"""Whether a certificate could be relied on at a moment: chain, validity, key usage, revocation.

The rules are kept here rather than taken from a library for three reasons: an answer has three values (refused,
good, cannot tell) and says what was known of revocation; signatures are SM2 over original bytes, with our own
binding, in every step including OCSP; and what does not depend on the moment is remembered, so that a chain met
before costs microseconds. The tests have OpenSSL judge the same chains and lists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from itertools import pairwise
from typing import TypeVar

from signing import oids
from signing.certificates import Certificate, Usage, read_many
from signing.chains import Path, Pool
from signing.errors import (
    CertificateFault,
    CertificateRefused,
    RevocationListRefused,
    RevocationUnknown,
    StatusAnswerRefused,
    TrustUnknown,
)
from signing.revocation.answers import StatusAnswer
from signing.revocation.known import Revocation, RevocationState, Statement, conclude
from signing.revocation.lists import RevocationList

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")
#: Lists and answers that a certificate's issuer publishes, the best first; raises RevocationUnknown when some
#: could not be had. See `signing.revocation.fetch.Fetcher`.
Fetch = Callable[[Certificate, Certificate], Iterator["RevocationList | StatusAnswer"]]
#: Chains and statements remembered by one Trust; then it begins anew.
_MOST_REMEMBERED = 4096
#: Key purposes that are for nothing else beside (RFC 3161, 2.3; RFC 6960, 4.2.2.2), least of all for sealing licences.
_APART = frozenset((oids.TIME_STAMPING, oids.OCSP_SIGNING))
_STAMPING = frozenset((oids.TIME_STAMPING,))
_NONE: frozenset[str] = frozenset()


class Purpose(Enum):
    """What a key is relied on for."""

    SIGN = "sign"
    TIMESTAMP = "timestamp"


class Chain(tuple[Certificate, ...]):
    """The certificates from the one that was asked about to an anchor, all good at the time.

    `revocation` tells what was known of each but the anchor, in the same order.
    """

    revocation: tuple[Revocation, ...]

    @classmethod
    def of(cls, certificates: tuple[Certificate, ...], revocation: tuple[Revocation, ...]) -> Chain:
        """A chain with what was known."""
        made = cls(certificates)
        made.revocation = revocation
        return made

    @property
    def asked(self) -> bool:
        """Whether revocation was asked about; an anchor alone leaves nothing to ask."""
        return all(one.state is not RevocationState.NOT_ASKED for one in self.revocation)


@dataclass(slots=True)
class _Memory:
    """What was found out and does not depend on the time; good results only."""

    paths: dict[tuple[bytes, ...], tuple[Path, ...]] = field(default_factory=dict)
    statements: dict[tuple[bytes, bytes], tuple[Statement, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom this house trusts, and what it knows of revocation. Safe from any thread."""

    pool: Pool
    lists: tuple[RevocationList, ...] = ()
    answers: tuple[StatusAnswer, ...] = ()
    fetch: Fetch | None = None
    _memory: _Memory = field(default_factory=_Memory, repr=False, compare=False)

    @classmethod
    def of(
        cls,
        anchors: Iterable[bytes],
        lists: Iterable[bytes] = (),
        answers: Iterable[bytes] = (),
        fetch: Fetch | None = None,
    ) -> Trust:
        """From certificate files (PEM, also several in one, or DER), revocation lists (DER) and OCSP answers (DER).

        Every certificate given is an anchor, except one that is not self-issued and whose issuer was given too:
        that is an intermediate, whose own validity and revocation count.

        Args:
            fetch: asked about certificates that lists and answers say nothing of. As soon as there is a list, an
                answer or this, nothing is trusted of which revocation is not known.

        Raises:
            CertificateRefused, RevocationListRefused, StatusAnswerRefused: one cannot be read.
        """
        given = [certificate for data in anchors for certificate in read_many(data)]
        return cls(
            Pool.of(given),
            tuple(RevocationList.read(data) for data in lists),
            tuple(StatusAnswer.read(data) for data in answers),
            fetch,
        )

    @property
    def anchors(self) -> tuple[Certificate, ...]:
        """The certificates that are trusted by themselves."""
        return self.pool.anchors

    @property
    def asks(self) -> bool:
        """Whether revocation is asked about."""
        return bool(self.lists or self.answers or self.fetch)

    def check(
        self,
        certificate: Certificate,
        at: datetime,
        purpose: Purpose = Purpose.SIGN,
        others: Sequence[Certificate] = (),
    ) -> Chain:
        """The chain from `certificate` to an anchor, good at `at`.

        Args:
            at: the moment the key was used, not the moment of asking.
            others: certificates that came along and may stand between.

        Raises:
            CertificateRefused: `fault` tells why. Of several ways to an anchor one must be good.
            TrustUnknown: no anchor is configured; RevocationUnknown, a kind of it: revocation is asked about,
                and nothing tells.
        """
        _check_usage(certificate, purpose)
        unknown: TrustUnknown | None = None
        refusal: CertificateRefused | None = None
        for path in self._paths(certificate, at, others):
            try:
                if not path.begins <= at <= path.ends:
                    for one in path.certificates:
                        _check_validity(one, at)
                return Chain.of(path.certificates, self._revocation(path, at))
            except TrustUnknown as error:
                unknown = error
            except CertificateRefused as error:
                refusal = refusal or error
        raise unknown or refusal or AssertionError("a search without result raises")

    def _paths(self, certificate: Certificate, at: datetime, others: Sequence[Certificate]) -> tuple[Path, ...]:
        remembered = self._memory.paths
        key = (certificate.raw, *[one.raw for one in others])
        found = remembered.get(key)
        if found is not None:
            return found
        if not self.pool.anchors:
            _check_validity(certificate, at)
            raise TrustUnknown(
                "no trust anchor is configured, so no certificate can be judged; name the root to trust."
            )
        try:
            found = self.pool.paths(certificate, others)
        except CertificateRefused as error:
            # Used out of its time is wrong under any root; that nobody knows the root tells less.
            if error.fault is CertificateFault.UNTRUSTED:
                _check_validity(certificate, at)
            raise
        _remember(remembered, key, found)
        return found

    def _revocation(self, path: Path, at: datetime) -> tuple[Revocation, ...]:
        """Raises CertificateRefused when any is known to be revoked, before RevocationUnknown."""
        chain = path.certificates
        if not (self.lists or self.answers or self.fetch):
            return tuple([Revocation(one.serial, RevocationState.NOT_ASKED) for one in chain[:-1]])
        known: list[Revocation] = []
        unknown: RevocationUnknown | None = None
        # from the anchor down: a revoked authority's word on those below counts for nothing, nor are
        # addresses called that only such a one names
        for issuer, subject in pairwise(reversed(chain)):
            try:
                known.append(self._revocation_of(subject, issuer, at))
            except RevocationUnknown as error:
                unknown = unknown or error
        if unknown is not None:
            raise unknown
        return tuple(reversed(known))

    def _revocation_of(self, subject: Certificate, issuer: Certificate, at: datetime) -> Revocation:
        statements = self._statements(subject, issuer)
        found = conclude(subject, statements, at)
        if found is not None:
            return found
        if self.fetch is None:
            raise RevocationUnknown(
                f"no revocation list or OCSP answer covers certificate {subject.serial:x} at the time of its use; "
                "fetch the issuer's current list."
            )
        # What is fetched is remembered by the fetcher, which knows when it ends.
        for evidence in self.fetch(subject, issuer):
            told = self._statement(evidence, subject, issuer)
            if told is not None:
                found = conclude(subject, (*statements, told), at)
                if found is not None:
                    return found
        raise RevocationUnknown(
            f"what the issuer of certificate {subject.serial:x} publishes does not cover it at the time of its use, "
            "or the certificate names no address; configure the issuer's list."
        )

    def _statements(self, subject: Certificate, issuer: Certificate) -> tuple[Statement, ...]:
        """What the lists and answers that were given say of it; those of others and forged ones say nothing."""
        key = (subject.raw, issuer.raw)
        found = self._memory.statements.get(key)
        if found is None:
            evidence: tuple[RevocationList | StatusAnswer, ...] = (*self.lists, *self.answers)
            told = (self._statement(one, subject, issuer) for one in evidence)
            found = tuple(one for one in told if one is not None)
            _remember(self._memory.statements, key, found)
        return found

    def _statement(
        self, evidence: RevocationList | StatusAnswer, subject: Certificate, issuer: Certificate
    ) -> Statement | None:
        try:
            told = evidence.statement_on(subject, issuer)
            if told is None or isinstance(evidence, RevocationList):
                return told
            responder = evidence.signer(issuer)
            return told if self._may_answer(responder, issuer, evidence.produced_at) else None
        except (RevocationListRefused, StatusAnswerRefused):
            return None

    def _may_answer(self, responder: Certificate, issuer: Certificate, at: datetime) -> bool:
        """Whether an OCSP responder was not revoked itself, by its issuer's list; answers about it go in circles."""
        if responder.point == issuer.point or responder.no_check:
            return True
        told = (self._statement(one, responder, issuer) for one in self.lists)
        try:
            return conclude(responder, [one for one in told if one is not None], at) is not None
        except CertificateRefused:
            return False


def _remember(memory: dict[_Key, _Value], key: _Key, value: _Value) -> None:
    if len(memory) >= _MOST_REMEMBERED:
        memory.clear()
    memory[key] = value


def _check_usage(certificate: Certificate, purpose: Purpose) -> None:
    signs = certificate.usage is None or certificate.usage & (Usage.DIGITAL_SIGNATURE | Usage.NON_REPUDIATION)
    apart = _NONE if certificate.extended_usage is None else _APART & certificate.extended_usage
    if not signs or apart != (_STAMPING if purpose is Purpose.TIMESTAMP else _NONE):
        raise CertificateRefused(
            CertificateFault.USAGE, f"certificate {certificate.serial:x} is not for this use ({purpose.value})."
        )


def _check_validity(certificate: Certificate, at: datetime) -> None:
    if at < certificate.not_before:
        raise CertificateRefused(
            CertificateFault.NOT_YET_VALID,
            f"certificate {certificate.serial:x} is valid from {certificate.not_before:%Y-%m-%dT%H:%M:%SZ}, "
            f"but was used at {at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}.",
        )
    if at > certificate.not_after:
        raise CertificateRefused(
            CertificateFault.EXPIRED,
            f"certificate {certificate.serial:x} ended at {certificate.not_after:%Y-%m-%dT%H:%M:%SZ}, "
            f"but was used at {at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}.",
        )
