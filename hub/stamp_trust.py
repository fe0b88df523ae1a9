"""Whom to trust for timestamps of either kind, SM2 and P-256 or RSA, and until when a stamp can be relied on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Final

from core.settings import Settings
from hub.press_file import press_file_of
from hub.renewals import DIGESTS
from hub.trust import (
    anchors_of,
    is_sm2,
    known_revocation,
    other_anchors,
    other_lists,
    trust_of,
    trust_of_press,
)
from signing import oids
from signing.certificates import Certificate
from signing.classic_chains import check_timestamper
from signing.errors import CertificateFault, CertificateRefused, SignatureInvalid
from signing.timestamp_checking import Stamped, carried_by, check_token
from signing.trust import Purpose, Trust

#: OID of each algorithm a statement is stamped by.
OIDS: Final = {"sm3": oids.SM3, "sha256": oids.SHA256}
#: Judging such a chain takes some 7 ms and depends on nothing else; every head's evidence ends with the same renewals,
#: which are a few a year, each judged at two moments.
_classic: Final = lru_cache(512)(check_timestamper)


@dataclass(frozen=True, slots=True)
class StampTrust:
    """Anchors and revocation lists for both kinds."""

    sm2: Trust
    roots: tuple[bytes, ...] = field(default=(), repr=False)
    lists: tuple[bytes, ...] = field(default=(), repr=False)

    @classmethod
    def of(
        cls, settings: Settings | None, anchors: Sequence[bytes] | None = None, *, fetch: bool = False
    ) -> StampTrust:
        """Given anchors and nothing else, or those of this hub; `fetch`: what `press.toml` says is to be fetched, is.

        Raises:
            CertificateRefused, RevocationListRefused, PressMalformed: one cannot be read.
        """
        given = anchors if anchors is not None else anchors_of(settings)
        known = known_revocation(settings, anchors, None)
        if fetch and settings is not None and anchors is None:
            sm2 = trust_of_press(settings, press_file_of(settings))
        else:
            sm2 = trust_of(settings, anchors)
        return cls(sm2, tuple(other_anchors(given)), tuple(other_lists(known.lists)))

    def check(self, certificate: bytes, others: Sequence[bytes], at: datetime) -> tuple[tuple[bytes, ...], datetime]:
        """The chain (DER, from this certificate to an anchor) of a timestamp authority, good at `at`, and until when
        all of it is valid.

        Raises:
            CertificateRefused: `fault` tells why.
            TrustUnknown: no anchor is configured, or nothing tells of revocation.
        """
        if not is_sm2(certificate):
            return _classic(certificate, tuple(one for one in others if not is_sm2(one)), self.roots, self.lists, at)
        between = [Certificate.read(one) for one in others if is_sm2(one)]
        chain = self.sm2.check(Certificate.read(certificate), at, Purpose.TIMESTAMP, between)
        return tuple(one.raw for one in chain), min(one.not_after for one in chain)


@dataclass(frozen=True, slots=True)
class Stamp:
    """A token whose signature was found right and that stamps what it should.

    Attributes:
        algorithm: `sm3` or `sha256`, of what was stamped.
        others: certificates (DER) that came along or were known.
    """

    algorithm: str
    time: datetime
    certificate: bytes = field(repr=False)
    others: tuple[bytes, ...] = field(repr=False)

    @property
    def ends(self) -> datetime:
        """Until when its own certificate is valid.

        Raises:
            CertificateRefused: it cannot be read.
        """
        if is_sm2(self.certificate):
            return Certificate.read(self.certificate).not_after
        from cryptography import x509

        try:
            return x509.load_der_x509_certificate(self.certificate).not_valid_after_utc
        except ValueError:
            raise CertificateRefused(CertificateFault.FORM, "a timestamp's certificate cannot be read.") from None


def read_stamp(raw: bytes, stamped: bytes, algorithm: str, others: Sequence[bytes] = ()) -> Stamp:
    """A bare token over the digest of `stamped` by an algorithm; whether to trust its authority is not asked.

    Raises:
        DerRefused, SignedDataRefused, CertificateRefused: not a token of the accepted form.
        SignatureInvalid: its signature is wrong, or it stamps something else.
    """
    found: Stamped = check_token(raw)
    if (found.hash_oid, found.imprint) != (OIDS[algorithm], DIGESTS[algorithm](stamped)):
        raise SignatureInvalid("the timestamp was made for something else; refused.")
    return Stamp(algorithm, found.time, found.certificate, (*carried_by(raw), *others))
