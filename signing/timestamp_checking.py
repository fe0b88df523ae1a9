"""Whether a timestamp token is the answer to a request of ours: SM2, ECDSA or RSA, read over its original bytes.

Whom to trust is not asked here: that is for `Trust`, a pinned certificate, or the reader of the document.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from core.digest import sm3
from signing import der, oids
from signing.der import Element, Tag
from signing.errors import CertificateFault, CertificateRefused, SignatureInvalid, SignedDataRefused
from signing.signed_data import SignedData
from signing.timestamp_making import issuer_and_serial
from signing.timestamp_messages import read_imprint

_LARGEST = 64 << 10
_HASHES: Mapping[str, hashes.HashAlgorithm] = {
    oids.SHA256: hashes.SHA256(),
    oids.SHA384: hashes.SHA384(),
    oids.SHA512: hashes.SHA512(),
}
_UNSIGNED = 0xA1
#: What `cryptography` raises over a certificate that is none; they have no common base of their own.
_UNREADABLE = (
    ValueError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)


@dataclass(frozen=True, slots=True)
class Stamped:
    """What a token says, its signature found right. `certificate` (DER) is its signer's."""

    time: datetime
    serial: int
    policy: str
    hash_oid: str
    imprint: bytes = field(repr=False)
    nonce: int | None
    certificate: bytes = field(repr=False)


def check_token(raw: bytes) -> Stamped:
    """The bare token (ContentInfo, DER), its one signature checked with the certificate it brings.

    That certificate must be for timestamps, and is the one the token binds (ESSCertIDv2) where it binds one.

    Raises:
        DerRefused, SignedDataRefused: not a token of the accepted form.
        CertificateRefused: its certificate cannot be read or is not for timestamps.
        SignatureInvalid: the signature is wrong, or not made with the certificate it names.
    """
    if len(raw) > _LARGEST:
        raise SignedDataRefused(f"a timestamp has {len(raw)} bytes; it was not read.")
    content, certificate, attributes = _sm2(raw) if _is_sm3(raw) else _classic(raw)
    binding = attributes.get(oids.SIGNING_CERTIFICATE_V2)
    if binding is not None:
        check_binding(binding, certificate)
    _check_purpose(certificate)
    return _read(content, certificate)


def _read(content: bytes, certificate: bytes) -> Stamped:
    what = "timestamp"
    version, policy, imprint, serial, time, *rest = der.read(content, what).fields(what, 5, 10)
    if version.integer(what) != 1:
        raise SignedDataRefused("the timestamp is of another version than 1; refused.")
    hash_oid, digest = read_imprint(imprint)
    numbers = [part for part in rest if part.tag == Tag.INTEGER]
    # Fractions of a second, which RFC 3161 allows, are cut before the strict reader sees them.
    whole = time.expect(Tag.GENERALIZED_TIME, what).content
    seconds = Element(time.tag, b"", whole.partition(b".")[0] + b"Z") if b"." in whole else time
    return Stamped(
        time=seconds.time(what),
        serial=serial.integer(what),
        policy=policy.oid(what),
        hash_oid=hash_oid,
        imprint=digest,
        nonce=numbers[0].integer(what) if numbers else None,
        certificate=certificate,
    )


def carried_by(raw: bytes) -> tuple[bytes, ...]:
    """The certificates (DER) a bare token brings, its signer's among them.

    Raises:
        DerRefused, SignedDataRefused: not a token of the accepted form.
    """
    return tuple(one.raw for one in _parts(raw)[3].children("timestamp certificates", Tag.CONTEXT_0))


def _parts(raw: bytes) -> list[Element]:
    kind, wrapped = der.read(raw, "timestamp").fields("timestamp", 2)
    if kind.oid("timestamp") != oids.PKCS7_SIGNED_DATA:
        raise SignedDataRefused("the timestamp is not SignedData; it was not read.")
    return wrapped.inner("timestamp", Tag.CONTEXT_0).fields("timestamp", 5, 6)


def _is_sm3(raw: bytes) -> bool:
    listed = _parts(raw)[1].children("timestamp digests", Tag.SET)
    return any(one.fields("timestamp digest", 1, 2)[0].oid("timestamp digest") == oids.SM3 for one in listed)


def _sm2(raw: bytes) -> tuple[bytes, bytes, Mapping[str, Element]]:
    signed = SignedData.read(raw)
    if signed.content is None or signed.content_type != oids.TST_INFO or signed.attributes_signed is None:
        raise SignedDataRefused("the timestamp does not hold what a token holds; refused.")
    signed.check(signed.content)
    return signed.content, signed.signer.raw, signed.attributes


def _classic(raw: bytes) -> tuple[bytes, bytes, Mapping[str, Element]]:
    what = "timestamp"
    parts = _parts(raw)
    kind, wrapped = parts[2].fields(what, 2)
    content = wrapped.inner(what, Tag.CONTEXT_0).octets(what)
    certificates = parts[3].children("timestamp certificates", Tag.CONTEXT_0)
    signers = parts[-1].children("timestamp signers", Tag.SET)
    if kind.oid(what) != oids.TST_INFO or len(signers) != 1:
        raise SignedDataRefused("the timestamp does not hold what a token holds, signed once; refused.")
    version, name, digest_part, attributes_part, algorithm, value, *rest = signers[0].fields(what, 6, 7)
    if version.integer(what) != 1 or any(part.tag != _UNSIGNED for part in rest):
        raise SignedDataRefused("the timestamp's signer is not named by issuer and serial number; refused.")
    certificate = _named(name, certificates)
    digest_oid = digest_part.fields(what, 1, 2)[0].oid(what)
    signature_oid = algorithm.fields(what, 1, 2)[0].oid(what)
    if digest_oid not in _HASHES or oids.DIGEST_OF_SIGNATURE.get(signature_oid, "") not in (digest_oid, None):
        raise SignedDataRefused(f"the timestamp is signed by {signature_oid}, which is not checked here; refused.")
    attributes = _attributes(attributes_part)
    told, kind_told = attributes.get(oids.MESSAGE_DIGEST), attributes.get(oids.CONTENT_TYPE)
    digest = hashlib.new(_HASHES[digest_oid].name, content).digest()
    if told is None or told.octets(what) != digest or kind_told is None or kind_told.oid(what) != oids.TST_INFO:
        raise SignatureInvalid("the timestamp's signed attributes are not those of its content; it was changed.")
    _check_signature(certificate, der.wrap(Tag.SET, attributes_part.content), value.octets(what), _HASHES[digest_oid])
    return content, certificate, attributes


def _named(name: Element, certificates: list[Element]) -> bytes:
    issuer, serial = name.fields("timestamp signer", 2)
    found = [one.raw for one in certificates if issuer_and_serial(one.raw) == (issuer.raw, serial.raw)]
    if len(found) != 1:
        raise SignedDataRefused("the timestamp's certificate did not come along exactly once; refused.")
    return found[0]


def _attributes(part: Element) -> dict[str, Element]:
    what = "timestamp attribute"
    found: dict[str, Element] = {}
    for one in part.children(what, Tag.CONTEXT_0):
        kind, values = one.fields(what, 2)
        listed = values.children(what, Tag.SET)
        if kind.oid(what) in found or len(listed) != 1:
            raise SignedDataRefused("a timestamp attribute stands twice or has not exactly one value; refused.")
        found[kind.oid(what)] = listed[0]
    return found


def _check_signature(certificate: bytes, signed: bytes, signature: bytes, digest: hashes.HashAlgorithm) -> None:
    key = _public_key(certificate)
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, signed, ec.ECDSA(digest))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, signed, padding.PKCS1v15(), digest)
        else:
            raise SignedDataRefused("the timestamp's key is of a kind that is not checked here; refused.")
    except InvalidSignature:
        raise SignatureInvalid("the timestamp's signature does not verify; refused.") from None


def _certificate(raw: bytes) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(raw)
    except _UNREADABLE:
        raise CertificateRefused(CertificateFault.FORM, "the timestamp's certificate cannot be read.") from None


@lru_cache(maxsize=16)
def _public_key(certificate: bytes) -> object:
    """Kept open: an authority's key is met again with every token."""
    try:
        return _certificate(certificate).public_key()
    except _UNREADABLE:
        raise CertificateRefused(CertificateFault.FORM, "the timestamp's key cannot be read; refused.") from None


@lru_cache(maxsize=16)
def _check_purpose(raw: bytes) -> None:
    """RFC 3161, 2.3: the certificate's one extended key usage is timeStamping, and it is critical."""
    try:
        usage = _certificate(raw).extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except (x509.ExtensionNotFound, *_UNREADABLE):
        usage = None
    if usage is None or not usage.critical or [one.dotted_string for one in usage.value] != [oids.TIME_STAMPING]:
        raise CertificateRefused(CertificateFault.USAGE, "the timestamp's certificate is not one for timestamps.")


def check_binding(binding: Element, certificate: bytes) -> None:
    """ESSCertIDv2 (RFC 5035, 4): the first entry is the signer's; its digest is SHA-256 where none is named."""
    what = "timestamp certificate binding"
    first, *_ = binding.fields(what, 1, 2)[0].children(what)
    parts = first.fields(what, 1, 3)
    hash_oid = oids.SHA256
    if parts[0].tag == Tag.SEQUENCE:
        hash_oid = parts.pop(0).fields(what, 1, 2)[0].oid(what)
    if hash_oid == oids.SM3:
        digest = sm3(certificate)
    elif hash_oid in _HASHES:
        digest = hashlib.new(_HASHES[hash_oid].name, certificate).digest()
    else:
        raise SignedDataRefused("the timestamp binds its certificate by a digest that is not used here; refused.")
    if not parts or parts[0].octets(what) != digest:
        raise SignatureInvalid("the timestamp was made with another certificate than the one it brings; refused.")
