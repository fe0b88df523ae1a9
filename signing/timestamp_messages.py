"""What a client and a timestamp authority say to each other: RFC 3161 requests and answers."""

from __future__ import annotations

from dataclasses import dataclass, field

from signing import der, oids
from signing.der import Element, Tag
from signing.errors import DerRefused, TimestampUnavailable

#: Bytes of the digests a request may carry.
DIGEST_LENGTHS = {oids.SM3: 32, oids.SHA256: 32, oids.SHA384: 48, oids.SHA512: 64}
#: RFC 3161, 2.4.2: granted, granted with modifications.
_GRANTED = (0, 1)
_EXTENSIONS = 0xA0


@dataclass(frozen=True, slots=True)
class TimestampRequest:
    """A TimeStampReq (RFC 3161, 2.4.1).

    Args:
        imprint: the digest to stamp, of the length its algorithm `hash_oid` has.
        nonce: comes back in the token; None when the client sends none.
        wants_certificate: whether the token shall hold the authority's certificate.
        policy: the policy asked for (OID); None leaves the choice to the authority.
    """

    imprint: bytes = field(repr=False)
    hash_oid: str
    nonce: int | None = None
    wants_certificate: bool = True
    policy: str | None = None

    def to_der(self) -> bytes:
        """The request in DER. Raises ValueError for an imprint of the wrong length or an unknown digest."""
        if len(self.imprint) != DIGEST_LENGTHS.get(self.hash_oid):
            raise ValueError(f"an imprint of {len(self.imprint)} bytes is no digest of {self.hash_oid}")
        return der.sequence(
            der.integer(1),
            imprint_part(self.imprint, self.hash_oid),
            *([] if self.policy is None else [der.oid(self.policy)]),
            *([] if self.nonce is None else [der.integer(self.nonce)]),
            *([der.boolean(True)] if self.wants_certificate else []),
        )

    @classmethod
    def read(cls, raw: bytes) -> TimestampRequest:
        """The request in DER.

        Raises:
            DerRefused: not a request, with extensions, or with an imprint that is no digest of its algorithm.
        """
        what = "timestamp request"
        version, imprint, *rest = der.read(raw, what).fields(what, 2, 6)
        if version.integer(what) != 1:
            raise DerRefused("the timestamp request is of another version than 1; it was not read.")
        hash_oid, digest = read_imprint(imprint)
        policy = nonce = None
        wants_certificate = False
        if rest and rest[0].tag == Tag.OID:
            policy = rest.pop(0).oid(what)
        if rest and rest[0].tag == Tag.INTEGER:
            nonce = rest.pop(0).integer(what)
        if rest and rest[0].tag == Tag.BOOLEAN:
            wants_certificate = rest.pop(0).boolean(what)
        if rest:
            kind = "extensions" if rest[0].tag == _EXTENSIONS else f"a field with tag {rest[0].tag:#04x}"
            raise DerRefused(f"the timestamp request holds {kind}, which is not read here.")
        return cls(digest, hash_oid, nonce, wants_certificate, policy)


def imprint_part(digest: bytes, hash_oid: str) -> bytes:
    """A MessageImprint; without NULL parameters (RFC 5754, section 2, for SHA-2)."""
    return der.sequence(der.sequence(der.oid(hash_oid)), der.octets(digest))


def read_imprint(part: Element) -> tuple[str, bytes]:
    """Algorithm (OID) and digest of a MessageImprint, with or without NULL parameters.

    Raises:
        DerRefused: an algorithm not used here, or a digest of another length than its own.
    """
    what = "timestamp imprint"
    algorithm, digest = part.fields(what, 2)
    names = algorithm.fields(what, 1, 2)
    hash_oid, value = names[0].oid(what), digest.octets(what)
    if len(names) == 2 and names[1].raw != b"\x05\x00":
        raise DerRefused("a timestamp imprint's algorithm has parameters; the structure was not read.")
    if len(value) != DIGEST_LENGTHS.get(hash_oid):
        raise DerRefused(f"a timestamp imprint is no digest of {hash_oid} that is used here; it was not read.")
    return hash_oid, value


def granted(token: bytes) -> bytes:
    """The TimeStampResp (DER) that hands over a token."""
    return der.sequence(der.sequence(der.integer(_GRANTED[0])), token)


def refused(reason: str, failure_bit: int) -> bytes:
    """The TimeStampResp (DER) that rejects a request; `failure_bit` as in PKIFailureInfo (RFC 3161, 2.4.2)."""
    octets = bytearray(failure_bit // 8 + 1)
    octets[-1] = 0x80 >> failure_bit % 8
    unused = 7 - failure_bit % 8
    return der.sequence(
        der.sequence(
            der.integer(2),
            der.sequence(der.text(Tag.UTF8, reason)),
            der.wrap(Tag.BIT_STRING, bytes((unused,)) + bytes(octets)),
        )
    )


def token_of(raw: bytes) -> bytes:
    """The token (ContentInfo) in a TimeStampResp.

    Raises:
        DerRefused: not a TimeStampResp.
        TimestampUnavailable: the authority refused; its status is named.
    """
    what = "timestamp answer"
    status, *rest = der.read(raw, what).fields(what, 1, 2)
    told = status.fields(what, 1, 3)[0].integer(what)
    if told not in _GRANTED or not rest:
        raise TimestampUnavailable(
            f"the timestamp authority refused with status {told}; nothing was stamped. "
            "Ask its operator which digests and policies it serves."
        )
    return rest[0].raw
