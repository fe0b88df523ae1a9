"""Every way from a certificate to a trusted one that holds at any time; validity and revocation come after.

What does not depend on the time of asking is done here, once: names, signatures, who may issue, how deep. So it
can be remembered, and the path of every verification costs what depends on the time only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from signing.certificates import Certificate, Usage, check_issued
from signing.errors import CertificateFault, CertificateRefused, SignatureInvalid

#: Certificates between a signer and its anchor; Chinese public hierarchies have one or two.
_LONGEST = 6
#: Ways that are kept, and signatures that are tried, for one certificate: what came along may be made to cost time.
_MOST_PATHS = 8
_MOST_TRIES = 100
#: When no way leads to an anchor, the fault that is told: the one that was reached by the most that is right.
_TELLING = (CertificateFault.UNTRUSTED, CertificateFault.SIGNATURE, CertificateFault.USAGE)


@dataclass(frozen=True, slots=True)
class Path:
    """From a certificate (first) to an anchor (last), and the time in which all of them are valid."""

    certificates: tuple[Certificate, ...]
    begins: datetime
    ends: datetime

    @classmethod
    def of(cls, certificates: tuple[Certificate, ...]) -> Path:
        """With the time worked out."""
        begins, ends = (one.not_before for one in certificates), (one.not_after for one in certificates)
        return cls(certificates, max(begins), min(ends))


@dataclass(frozen=True, slots=True)
class Pool:
    """The certificates a house was given: anchors, where a path ends, and others that may stand between."""

    anchors: tuple[Certificate, ...]
    intermediates: tuple[Certificate, ...]
    anchored: frozenset[bytes]
    by_subject: Mapping[bytes, tuple[Certificate, ...]]

    @classmethod
    def of(cls, given: Iterable[Certificate]) -> Pool:
        """Each is an anchor but one that is not self-issued and whose issuer, by name and signature, was given too."""
        known = tuple({one.raw: one for one in given}.values())
        between = tuple(one for one in known if not one.self_issued and any(_issued(one, other) for other in known))
        below = {one.raw for one in between}
        anchors = tuple(one for one in known if one.raw not in below)
        by_subject: dict[bytes, tuple[Certificate, ...]] = {}
        # anchors first: the shortest way is tried first
        for one in (*anchors, *between):
            by_subject[one.subject] = (*by_subject.get(one.subject, ()), one)
        return cls(anchors, between, frozenset(one.raw for one in anchors), by_subject)

    def paths(self, certificate: Certificate, others: Sequence[Certificate] = ()) -> tuple[Path, ...]:
        """The ways from `certificate` to an anchor, at least one, over what was given and what came along.

        Raises:
            CertificateRefused: there is none; of several reasons the most telling one.
        """
        search = _Search(self, others)
        search.extend((certificate,))
        if search.found:
            return tuple(Path.of(one) for one in search.found)
        raise search.refusal


def _issued(certificate: Certificate, issuer: Certificate) -> bool:
    if issuer.subject != certificate.issuer or issuer.raw == certificate.raw or not issuer.is_authority:
        return False
    try:
        check_issued(certificate.tbs, certificate.signature, issuer.point)
    except SignatureInvalid:
        return False
    return True


class _Search:
    """One search, with its bounds."""

    def __init__(self, pool: Pool, others: Sequence[Certificate]) -> None:
        self._pool = pool
        self._others = others
        self._tries = _MOST_TRIES
        self.found: list[tuple[Certificate, ...]] = []
        self.refusal = CertificateRefused(
            CertificateFault.UNTRUSTED,
            "the chain of certificates does not lead to a configured trust anchor; "
            "if the issuer is to be trusted, configure its root.",
        )

    def extend(self, chain: tuple[Certificate, ...]) -> None:
        """Add every good end of `chain` to what was found."""
        last = chain[-1]
        if last.raw in self._pool.anchored:
            self.found.append(chain)
            return
        if len(chain) > _LONGEST + 1:
            self._refuse(CertificateFault.UNTRUSTED, "the chain of certificates does not end.")
            return
        claimed = issued = False
        for candidate in self._candidates(last):
            if len(self.found) >= _MOST_PATHS or self._tries <= 0:
                return
            if any(one.subject == candidate.subject and one.point == candidate.point for one in chain):
                continue
            self._tries -= 1
            try:
                check_issued(last.tbs, last.signature, candidate.point)
            except SignatureInvalid:
                claimed = True
                continue
            issued = True
            refusal = _may_issue(candidate, chain)
            if refusal is None:
                self.extend((*chain, candidate))
            else:
                self._refuse(CertificateFault.USAGE, refusal)
        if claimed and not issued:
            self._refuse(
                CertificateFault.SIGNATURE,
                f"the signature of certificate {last.serial:x} is not that of any certificate known under its issuer's "
                "name: it is forged or damaged, or the issuer has a new key that is not configured.",
            )

    def _candidates(self, certificate: Certificate) -> list[Certificate]:
        known = self._pool.by_subject.get(certificate.issuer, ())
        came = [one for one in self._others if one.subject == certificate.issuer]
        found = {one.raw: one for one in (*known, *came) if one.raw != certificate.raw}
        return sorted(found.values(), key=lambda one: _nearness(certificate, one))

    def _refuse(self, fault: CertificateFault, message: str) -> None:
        if _TELLING.index(fault) >= _TELLING.index(self.refusal.fault):
            self.refusal = CertificateRefused(fault, message)


_SAME_KEY, _NOT_TOLD, _OTHER_KEY = range(3)


def _nearness(certificate: Certificate, issuer: Certificate) -> int:
    """Whether the key identifiers say that this key issued it. All are tried, the likely one first."""
    if certificate.authority_key_id is None or issuer.subject_key_id is None:
        return _NOT_TOLD
    return _SAME_KEY if certificate.authority_key_id == issuer.subject_key_id else _OTHER_KEY


def _may_issue(issuer: Certificate, chain: Sequence[Certificate]) -> str | None:
    """Why `issuer` may not stand above `chain`; None when it may."""
    # An authority's certificates for its own name do not count (RFC 5280, 4.2.1.9), nor does the last one below.
    below = sum(not one.self_issued for one in chain[1:])
    allowed = issuer.usage is None or issuer.usage & Usage.KEY_CERT_SIGN
    if not issuer.is_authority or not allowed:
        return f"certificate {issuer.serial:x} issued another and may not issue any."
    if issuer.path_length is not None and below > issuer.path_length:
        return f"certificate {issuer.serial:x} may have {issuer.path_length} authorities below it, and has {below}."
    return None
