"""Making timestamp tokens (RFC 3161, GB/T 20520) with a key of ours: the demo authority, and tests.

A timestamp proves something to others only when somebody else makes it; in production the token comes
from an authority over `signing.tsa`.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from core.clock import Clock, SystemClock
from core.digest import sm3
from signing import der, oids
from signing.der import Tag
from signing.port import Algorithm, Signer, sign_message
from signing.timestamp_messages import imprint_part

#: The policy OpenSSL's sample configuration uses; an authority of one's own has its own OID.
SAMPLE_POLICY = "1.2.3.4.1"
_NULL = b"\x05\x00"
#: RFC 3161, 2.4.2: clients must take serial numbers of up to 160 bits; 127 random ones never meet again.
_SERIAL_BITS = 127


def make_token(
    signer: Signer,
    request_imprint: bytes,
    hash_oid: str,
    at: datetime,
    serial: int,
    *,
    policy: str = SAMPLE_POLICY,
    nonce: int | None = None,
    extra_certificates: Sequence[bytes] = (),
) -> bytes:
    """A bare token (ContentInfo, DER) over a digest made by `hash_oid`.

    The signature is the signer's: SM2 with SM3, or ECDSA or RSA with SHA-256; the imprint's algorithm is free
    of it. The certificate is bound by ESSCertIDv2 (RFC 5816) and comes along, as do `extra_certificates` (DER).

    Args:
        at: with a zone; whole seconds are written.
        serial: never used before by this authority.

    Raises:
        ValueError: `at` has no zone.
        SignerUnavailable, KeyRefused: from the signer.
    """
    identity = _identity(signer.certificate, signer.algorithm)
    info = der.sequence(
        der.integer(1),
        der.oid(policy),
        imprint_part(request_imprint, hash_oid),
        der.integer(serial),
        der.generalized_time(at),
        *([] if nonce is None else [der.integer(nonce)]),
    )
    digest = der.sequence(der.oid(oids.MESSAGE_DIGEST), der.wrap(Tag.SET, der.octets(identity.digest(info))))
    # DER orders a SET by its elements' bytes.
    attributes = b"".join(sorted((identity.content_type, identity.certificate_binding, digest)))
    signer_info = der.sequence(
        der.integer(1),
        identity.name,
        identity.digest_algorithm,
        der.wrap(Tag.CONTEXT_0, attributes),
        identity.signature_algorithm,
        der.octets(sign_message(signer, der.wrap(Tag.SET, attributes))),
    )
    certificates = (signer.certificate, *extra_certificates)
    signed = der.sequence(
        der.integer(3),
        der.wrap(Tag.SET, identity.digest_algorithm),
        der.sequence(der.oid(oids.TST_INFO), der.wrap(Tag.CONTEXT_0, der.octets(info))),
        der.wrap(Tag.CONTEXT_0, b"".join(sorted(certificates))),
        der.wrap(Tag.SET, signer_info),
    )
    return der.sequence(der.oid(oids.PKCS7_SIGNED_DATA), der.wrap(Tag.CONTEXT_0, signed))


class LocalAuthority:
    """A timestamp authority in this process; usable wherever a `Timestamp` is asked for."""

    def __init__(self, signer: Signer, *, policy: str = SAMPLE_POLICY, clock: Clock | None = None) -> None:
        self._signer = signer
        self._policy = policy
        self._clock = clock or SystemClock()

    @property
    def certificate(self) -> bytes:
        """The authority's certificate (DER)."""
        return self._signer.certificate

    def __call__(self, stamped: bytes) -> bytes:
        """A token over SM3 of `stamped`: what an SES_Signature takes."""
        return self.token(sm3(stamped), oids.SM3)

    def token(self, imprint: bytes, hash_oid: str) -> bytes:
        """A token over a digest made by `hash_oid`."""
        return make_token(self._signer, imprint, hash_oid, self._clock.now(), new_serial(), policy=self._policy)

    def token_sha256(self, digest: bytes) -> bytes:
        """A token over a SHA-256 digest: what a PDF takes."""
        return self.token(digest, oids.SHA256)


def new_serial() -> int:
    """A positive serial number that was never used before, by chance alone."""
    return secrets.randbits(_SERIAL_BITS) | 1


@dataclass(frozen=True, slots=True)
class _Identity:
    """What every token of one signer has in common, already written."""

    algorithm: Algorithm
    name: bytes
    digest_algorithm: bytes
    signature_algorithm: bytes
    content_type: bytes
    certificate_binding: bytes

    def digest(self, data: bytes) -> bytes:
        return sm3(data) if self.algorithm is Algorithm.SM2_SM3 else hashlib.sha256(data).digest()


@lru_cache(maxsize=16)
def _identity(certificate: bytes, algorithm: Algorithm) -> _Identity:
    issuer, serial = issuer_and_serial(certificate)
    general_names = der.sequence(der.wrap(0xA4, issuer))
    if algorithm is Algorithm.SM2_SM3:
        digest_algorithm = der.sequence(der.oid(oids.SM3))
        signature_algorithm = der.sequence(der.oid(oids.SM2_WITH_SM3))
        hashed = der.sequence(digest_algorithm, der.octets(sm3(certificate)), der.sequence(general_names, serial))
    else:
        digest_algorithm = der.sequence(der.oid(oids.SHA256))
        rsa = algorithm is Algorithm.RSA_SHA256
        # RFC 5754: RSA's identifier has NULL parameters, ECDSA's has none.
        signature_algorithm = (
            der.sequence(der.oid(oids.RSA_WITH_SHA256), _NULL) if rsa else der.sequence(der.oid(oids.ECDSA_WITH_SHA256))
        )
        # SHA-256 is the default, and DER leaves a default out.
        hashed = der.sequence(der.octets(hashlib.sha256(certificate).digest()), der.sequence(general_names, serial))
    binding = der.sequence(der.sequence(hashed))
    return _Identity(
        algorithm=algorithm,
        name=der.sequence(issuer, serial),
        digest_algorithm=digest_algorithm,
        signature_algorithm=signature_algorithm,
        content_type=der.sequence(der.oid(oids.CONTENT_TYPE), der.wrap(Tag.SET, der.oid(oids.TST_INFO))),
        certificate_binding=der.sequence(der.oid(oids.SIGNING_CERTIFICATE_V2), der.wrap(Tag.SET, binding)),
    )


def issuer_and_serial(certificate: bytes) -> tuple[bytes, bytes]:
    """The issuer's Name and the serial number of a certificate of any algorithm, as they stand in it (DER).

    Raises:
        DerRefused: not a version 3 certificate.
    """
    what = "certificate"
    body = der.read(certificate, what).fields(what, 3)[0].fields(what, 7, 10)
    body[0].expect(Tag.CONTEXT_0, what)
    return body[3].expect(Tag.SEQUENCE, what).raw, body[1].expect(Tag.INTEGER, what).raw
