"""Certificates that came along with a signature and that nobody signed for: each must be whole.

The signer vouches for its own certificate only. Of all others it is asked here that somebody known issued them,
so that not a byte of a signed file can be changed unseen, even where no chain leads through it.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm


class Carried(Enum):
    """What the certificates that came along are, all together."""

    WHOLE = "whole"
    #: One names an issuer that neither came along nor is trusted.
    ORPHANED = "orphaned"
    #: One is not what its issuer signed.
    DAMAGED = "damaged"


def judge(carried: Sequence[bytes], roots: Sequence[bytes]) -> Carried:
    """Judge `carried` (DER); `roots` (DER) are whole by being trusted, and may have issued."""
    trusted = frozenset(roots)
    try:
        asked = [x509.load_der_x509_certificate(one) for one in carried if one not in trusted]
        known = [*asked, *(x509.load_der_x509_certificate(one) for one in roots)]
        found = {_judge(one, known) for one in asked}
    except (ValueError, TypeError, x509.InvalidVersion, UnsupportedAlgorithm):
        return Carried.DAMAGED
    return next((one for one in (Carried.DAMAGED, Carried.ORPHANED) if one in found), Carried.WHOLE)


def _judge(certificate: x509.Certificate, known: Sequence[x509.Certificate]) -> Carried:
    issuers = [one for one in known if one.subject == certificate.issuer]
    for issuer in issuers:
        try:
            certificate.verify_directly_issued_by(issuer)
        except InvalidSignature:
            continue
        return Carried.WHOLE
    return Carried.DAMAGED if issuers else Carried.ORPHANED
