"""The detached CMS signature of a PDF (RFC 5652, CAdES attributes), with all that is constant written beforehand.

What changes from one licence to the next is a digest, a signature and a timestamp; everything else (names,
algorithms, certificates, the binding of the signer's certificate) is bytes made once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Final

from signing import der, oids
from signing.der import Tag
from signing.errors import KeyRefused
from signing.port import Algorithm, Signer
from signing.timestamp_making import issuer_and_serial

#: Takes the SHA-256 of the signature value, gives an RFC 3161 token (ContentInfo, DER) over it; None when there
#: is no answer from the authority and the house's rule is to go on without one.
DigestTimestamp = Callable[[bytes], bytes | None]

#: id-aa-signatureTimeStampToken (RFC 3161, appendix A)
SIGNATURE_TIMESTAMP: Final = "1.2.840.113549.1.9.16.2.14"
_NULL = b"\x05\x00"
_SHA256 = der.sequence(der.oid(oids.SHA256))
_DIGEST_BYTES = 32
#: The longest DER ECDSA signature on P-256: two integers of 33 bytes.
_LONGEST_ECDSA = 72
_LONGEST_RSA = 512
_ALGORITHMS = {
    Algorithm.ECDSA_SHA256: (der.sequence(der.oid(oids.ECDSA_WITH_SHA256)), _LONGEST_ECDSA),
    # RFC 5754: RSA's identifier has NULL parameters, ECDSA's has none.
    Algorithm.RSA_SHA256: (der.sequence(der.oid(oids.RSA_WITH_SHA256), _NULL), _LONGEST_RSA),
}


class CmsTemplate:
    """Signs the digest of a PDF's bytes with one key."""

    def __init__(self, signer: Signer, chain: Sequence[bytes], timestamp: DigestTimestamp | None) -> None:
        """`chain` are further certificates (DER) that come along. Raises KeyRefused for an SM2 key."""
        if signer.algorithm not in _ALGORITHMS:
            raise KeyRefused(
                f"the key signs {signer.algorithm.value}, which PDF readers do not know; nothing was signed. "
                "Take the P-256 or RSA key for PDF."
            )
        self._signer = signer
        self._timestamp = timestamp
        self._algorithm, self._longest = _ALGORITHMS[signer.algorithm]
        issuer, serial = issuer_and_serial(signer.certificate)
        certificates = b"".join(sorted({signer.certificate, *chain}))
        self._begin = b"".join(
            (
                der.integer(1),
                der.wrap(Tag.SET, _SHA256),
                der.sequence(der.oid(oids.PKCS7_DATA)),
                der.wrap(Tag.CONTEXT_0, certificates),
            )
        )
        self._who = der.integer(1) + der.sequence(issuer, serial) + _SHA256
        # SHA-256 is ESSCertIDv2's default, and DER leaves a default out.
        bound = der.sequence(
            der.octets(hashlib.sha256(signer.certificate).digest()),
            der.sequence(der.sequence(der.wrap(0xA4, issuer)), serial),
        )
        placeholder = bytes(_DIGEST_BYTES)
        # DER orders a SET by its elements' bytes; the digest is the last thing of its element, so its place is fixed.
        attributes = b"".join(
            sorted(
                (
                    _attribute(oids.CONTENT_TYPE, der.oid(oids.PKCS7_DATA)),
                    _attribute(oids.MESSAGE_DIGEST, der.octets(placeholder)),
                    _attribute(oids.SIGNING_CERTIFICATE_V2, der.sequence(der.sequence(bound))),
                )
            )
        )
        before, _, after = attributes.partition(der.octets(placeholder))
        self._before = before + der.octets(placeholder)[:-_DIGEST_BYTES]
        self._after = after
        size = len(attributes)
        self._set_head = der.wrap(Tag.SET, attributes)[:-size]
        self._implicit_head = der.wrap(Tag.CONTEXT_0, attributes)[:-size]

    @property
    def longest(self) -> int:
        """Bytes of the longest signature this key makes, without a timestamp."""
        return len(self._assembled(bytes(_DIGEST_BYTES), bytes(self._longest), None))

    def sign(self, digest: bytes) -> bytes:
        """The ContentInfo (DER) over a SHA-256 digest.

        Raises:
            SignerUnavailable, KeyRefused: from the signer.
            TimestampUnavailable: from the timestamp authority.
        """
        attributes = self._before + digest + self._after
        signature = self._signer.sign_digest(hashlib.sha256(self._set_head + attributes).digest())
        token = None if self._timestamp is None else self._timestamp(hashlib.sha256(signature).digest())
        return self._assembled(digest, signature, token)

    def _assembled(self, digest: bytes, signature: bytes, token: bytes | None) -> bytes:
        unsigned = b"" if token is None else der.wrap(Tag.CONTEXT_1, _attribute(SIGNATURE_TIMESTAMP, token))
        information = der.sequence(
            self._who,
            self._implicit_head,
            self._before,
            digest,
            self._after,
            self._algorithm,
            der.octets(signature),
            unsigned,
        )
        signed = der.sequence(self._begin, der.wrap(Tag.SET, information))
        return der.sequence(der.oid(oids.PKCS7_SIGNED_DATA), der.wrap(Tag.CONTEXT_0, signed))


def _attribute(kind: str, value: bytes) -> bytes:
    return der.sequence(der.oid(kind), der.wrap(Tag.SET, value))
