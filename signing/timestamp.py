"""RFC 3161 / GB/T 20520 timestamp tokens with SM3 and SM2."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from core.digest import sm3
from signing import der, oids
from signing.der import Element, Tag
from signing.errors import SignatureInvalid, SignedDataRefused
from signing.signed_data import SignedData
from signing.timestamp_checking import check_binding

_GENERATED = re.compile(rb"(\d{14})(?:\.\d{1,9})?Z")


@dataclass(frozen=True, slots=True)
class Token:
    """A token whose signature was found right; whether to trust its authority is still to be asked."""

    time: datetime
    signed: SignedData
    bound: bool
    """Whether its signature vouches for every byte: bare, with one certificate, the one it binds (RFC 5816)."""

    @classmethod
    def check(cls, raw: bytes, stamped: bytes) -> Token:
        """The token (bare, or in the answer it came in) over SM3(`stamped`).

        Raises:
            DerRefused, SignedDataRefused: not a token of the accepted form.
            CertificateRefused: its certificate cannot be read.
            SignatureInvalid: the token's signature is wrong or it stamps something else.
        """
        signed = SignedData.read(_bare(raw))
        if signed.content is None or signed.content_type != oids.TST_INFO or signed.attributes_signed is None:
            raise SignedDataRefused("the timestamp does not hold what a token holds; refused.")
        fields = der.read(signed.content, "timestamp").fields("timestamp", 5, 10)
        if fields[0].integer("timestamp version") != 1:
            raise SignedDataRefused("the timestamp is of another version than 1; refused.")
        algorithm, imprint = fields[2].fields("timestamp imprint", 2)
        if algorithm.fields("timestamp digest", 1, 2)[0].oid("timestamp digest") != oids.SM3:
            raise SignedDataRefused("the timestamp's imprint is not SM3; refused.")
        if imprint.octets("timestamp imprint") != sm3(stamped):
            raise SignatureInvalid("the timestamp was made for something else; refused.")
        signed.check(signed.content)
        return cls(_time(fields[4]), signed, _is_bound(raw, signed))


def _is_bound(raw: bytes, signed: SignedData) -> bool:
    """Raises SignatureInvalid when the token binds another certificate than the one that signed it."""
    binding = signed.attributes.get(oids.SIGNING_CERTIFICATE_V2)
    if binding is None:
        return False
    check_binding(binding, signed.signer.raw)
    return _bare(raw) == raw and len(signed.certificates) == 1


def _bare(raw: bytes) -> bytes:
    """The ContentInfo, also out of a TimeStampResp: makers are not of one mind which of the two to keep."""
    first, *rest = der.read(raw, "timestamp").fields("timestamp", 2)
    return rest[0].raw if first.tag == Tag.SEQUENCE else raw


def _time(part: Element) -> datetime:
    found = _GENERATED.fullmatch(part.expect(Tag.GENERALIZED_TIME, "timestamp").content)
    if found is None:
        raise SignedDataRefused("the timestamp's time cannot be read; refused.")
    try:
        return datetime.strptime(found[1].decode(), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        raise SignedDataRefused("the timestamp's time is no moment of any calendar; refused.") from None
