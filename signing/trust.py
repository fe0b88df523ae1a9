"""Whether a certificate could be relied on at a moment: chain, validity, key usage, revocation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import lru_cache
from itertools import pairwise

from signing import oids
from signing.certificates import Certificate, RevocationList, Usage, read_many
from signing.errors import CertificateFault, CertificateRefused, SignatureInvalid, TrustUnknown
from signing.sm2 import PublicKey

#: Certificates between a signer and its anchor; Chinese public hierarchies have one or two.
_LONGEST_CHAIN = 6


class Purpose(Enum):
    """What a key is relied on for."""

    SIGN = "sign"
    TIMESTAMP = "timestamp"


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom this house trusts. Every certificate given is an anchor, whether self-signed or not."""

    anchors: tuple[Certificate, ...]
    lists: tuple[RevocationList, ...] = ()

    @classmethod
    def of(cls, anchors: Iterable[bytes], lists: Iterable[bytes] = ()) -> Trust:
        """From certificate files (PEM, also several in one, or DER) and revocation lists (DER).

        Raises:
            CertificateRefused: one cannot be read.
        """
        found = tuple(certificate for data in anchors for certificate in read_many(data))
        return cls(found, tuple(RevocationList.read(data) for data in lists))

    def check(
        self,
        certificate: Certificate,
        at: datetime,
        purpose: Purpose = Purpose.SIGN,
        others: Sequence[Certificate] = (),
    ) -> tuple[Certificate, ...]:
        """The chain from `certificate` to an anchor, good at `at`.

        Args:
            at: the moment the key was used, not the moment of asking.
            others: certificates that came along and may stand between.

        Raises:
            CertificateRefused: `fault` tells why.
            TrustUnknown: no anchor is configured, or lists are but none covers an issuer in the chain.
        """
        _check_usage(certificate, purpose)
        _check_validity(certificate, at)
        if not self.anchors:
            raise TrustUnknown(
                "no trust anchor is configured, so no certificate can be judged; name the root to trust."
            )
        chain = [certificate]
        while not any(chain[-1].raw == anchor.raw for anchor in self.anchors):
            chain.append(self._issuer_of(chain[-1], at, others, below=len(chain) - 1))
            if len(chain) > _LONGEST_CHAIN:
                raise CertificateRefused(CertificateFault.UNTRUSTED, "the chain of certificates does not end.")
        for subject, issuer in pairwise(chain):
            self._check_revocation(subject, issuer, at)
        return tuple(chain)

    def _issuer_of(
        self, certificate: Certificate, at: datetime, others: Sequence[Certificate], below: int
    ) -> Certificate:
        refusal = CertificateRefused(
            CertificateFault.UNTRUSTED,
            "the chain of certificates does not lead to a configured trust anchor; "
            "if the issuer is to be trusted, configure its root.",
        )
        for candidate in (*self.anchors, *others):
            # A self-signed stranger is not its own way to trust.
            if candidate.subject != certificate.issuer or candidate.raw == certificate.raw:
                continue
            try:
                _check_issued(certificate.tbs, certificate.signature, candidate.point)
                _check_authority(candidate, below)
                _check_validity(candidate, at)
            except SignatureInvalid:
                refusal = CertificateRefused(
                    CertificateFault.SIGNATURE,
                    "a certificate's signature is not its issuer's; it is forged or damaged.",
                )
            except CertificateRefused as error:
                refusal = error
            else:
                return candidate
        raise refusal

    def _check_revocation(self, certificate: Certificate, issuer: Certificate, at: datetime) -> None:
        if not self.lists:
            return
        covered = False
        for one in self.lists:
            if one.issuer != issuer.subject:
                continue
            try:
                _check_issued(one.tbs, one.signature, issuer.point)
            except SignatureInvalid:
                continue
            if issuer.usage is not None and not issuer.usage & Usage.CRL_SIGN:
                continue
            revoked_at = one.revoked.get(certificate.serial)
            if revoked_at is not None and revoked_at <= at:
                raise CertificateRefused(
                    CertificateFault.REVOKED,
                    f"certificate {certificate.serial:x} was revoked at {revoked_at:%Y-%m-%dT%H:%M:%SZ}, "
                    "before its use.",
                )
            # A list made before the key was used cannot know of a revocation in between.
            covered |= (
                revoked_at is not None
                or one.this_update >= at
                or (one.next_update is not None and at <= one.next_update)
            )
        if not covered:
            raise TrustUnknown(
                f"no revocation list covers the issuer of certificate {certificate.serial:x} at the time of its use; "
                "fetch the issuer's current list."
            )


def _check_usage(certificate: Certificate, purpose: Purpose) -> None:
    signs = certificate.usage is None or certificate.usage & (Usage.DIGITAL_SIGNATURE | Usage.NON_REPUDIATION)
    # A certificate for timestamps is for nothing else (RFC 3161, 2.3), least of all for sealing licences.
    stamps = certificate.extended_usage is not None and oids.TIME_STAMPING in certificate.extended_usage
    if not signs or stamps is not (purpose is Purpose.TIMESTAMP):
        raise CertificateRefused(
            CertificateFault.USAGE, f"certificate {certificate.serial:x} is not for this use ({purpose.value})."
        )


def _check_authority(certificate: Certificate, below: int) -> None:
    allowed = certificate.usage is None or certificate.usage & Usage.KEY_CERT_SIGN
    short = certificate.path_length is None or below <= certificate.path_length
    if not certificate.is_authority or not allowed or not short:
        raise CertificateRefused(
            CertificateFault.USAGE, f"certificate {certificate.serial:x} issued another and may not issue any."
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


@lru_cache(maxsize=1024)
def _check_issued(tbs: bytes, signature: bytes, point: bytes) -> None:
    """Remembered when good: a bureau's certificate is met again with every licence."""
    PublicKey.from_point(point).verify(tbs, signature)
