"""Signed heads and renewals as links of the evidence: who signed them, and whether to rely on that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from core.verdict import Verdict
from hub import log_heads
from hub.log_heads import Head, HeadRefused
from hub.renewals import Covered, Renewal
from hub.stamp_trust import StampTrust, read_stamp
from signing.certificates import Certificate
from signing.errors import CertificateFault, CertificateRefused, SignedDataRefused, TrustUnknown
from signing.signed_data import SignedData
from store import log_heads as stored
from store.connection import Connection

#: A signature that says it was made later than it was stamped, by more than that, is none of that moment.
_TOLERANCE: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class LinkSigner:
    """Whose good signature a head or a renewal bears, and when it was made by the signer's own word."""

    certificate: Certificate
    signed_at: datetime
    came_along: tuple[Certificate, ...]

    @property
    def name(self) -> str:
        """As the certificate has it: any signer under a trusted root is taken, so people are to be told who it was."""
        return f"{self.certificate.common_name} ({self.certificate.organisation})"

    @classmethod
    def of_head(cls, head: Head, log: str) -> LinkSigner:
        """The signer, once statement and signature were found right; whether to trust is still to be asked.

        Raises:
            HeadRefused: statement and head differ.
            SignatureInvalid, DerRefused, SignedDataRefused, CertificateRefused: the signature is wrong.
        """
        if not log_heads.says(head, log):
            raise HeadRefused(f"head {head.number}: its statement says something else than what stands beside it.")
        return cls._of(head.statement, head.signature)

    @classmethod
    def of_renewal(cls, said: Covered) -> LinkSigner:
        """The same of a renewal. Raises as `of_head`."""
        return cls._of(said.signed, said.signature)

    @classmethod
    def _of(cls, statement: bytes, signature: bytes) -> LinkSigner:
        signed = SignedData.read(signature)
        signed.check(statement)
        if signed.content is not None or signed.signing_time is None:
            raise SignedDataRefused("the signature of a head or renewal is no detached one with a time; refused.")
        return cls(signed.signer, signed.signing_time, signed.certificates)

    def doubt(
        self, trust: StampTrust, since: datetime, others: Sequence[Certificate] = ()
    ) -> tuple[Verdict, str] | None:
        """Why the signer could not be relied on when it signed and at the moment the link is proven since.

        Args:
            others: certificates that may stand between the signer's and a root.
        """
        if self.signed_at > since + _TOLERANCE:
            return Verdict.INVALID, "a head or renewal says that it was signed after it was stamped."
        for moment in (self.signed_at, max(since, self.signed_at)):
            try:
                trust.sm2.check(self.certificate, moment, others=(*self.came_along, *others))
            except TrustUnknown as error:
                return Verdict.CANNOT_TELL, error.message
            except CertificateRefused as error:
                untold = error.fault in (CertificateFault.UNTRUSTED, CertificateFault.EXPIRED)
                return Verdict.CANNOT_TELL if untold else Verdict.INVALID, error.message
        return None


def doubt_renewals(
    renewals: Sequence[Renewal], covered: Sequence[Covered], trust: StampTrust, others: Sequence[Certificate] = ()
) -> tuple[Verdict, str] | None:
    """Why one of them cannot be relied on to be the log's own; its stamps are judged elsewhere.

    Raises:
        SignatureInvalid, DerRefused, SignedDataRefused, CertificateRefused: a signature or a stamp is wrong.
    """
    for one, said in zip(renewals, covered, strict=True):
        stamped = read_stamp(one.stamp, one.statement, "sm3").time
        doubt = LinkSigner.of_renewal(said).doubt(trust, stamped, others)
        if doubt is not None:
            return doubt[0], f"renewal {one.number}: {doubt[1]}"
    return None


def first_link(connection: Connection, log: str, entry: int, covered: Sequence[Covered]) -> tuple[Head, int] | None:
    """The head by which an entry is proven earliest, and the place of the first renewal that covers it.

    The first head with a stamp, unless a renewal covers one without before that. None while no head covers the entry;
    the place is behind the last where no renewal covers it yet.
    """
    head = stored.covering(connection, log, entry, stamped=False)
    if head is None:
        return None
    place = next((place for place, said in enumerate(covered) if said.head_number >= head.number), len(covered))
    stamped = stored.covering(connection, log, entry, stamped=True)
    if stamped is not None and (place == len(covered) or stamped.number <= covered[place].head_number):
        head = stamped
    return head, place
