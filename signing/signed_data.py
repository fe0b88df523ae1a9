"""SignedData with one signer, cut strictly: GB/T 35275 messages and RFC 3161 tokens have the same shape."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from core.digest import sm3
from signing import der, oids
from signing.certificates import Certificate
from signing.der import Element, Tag
from signing.errors import SignatureInvalid, SignedDataRefused

_LARGEST = 16 << 20
#: Entries of the lists in it; a token brings two or three certificates and half a dozen attributes.
_MOST_CERTIFICATES, _MOST_ATTRIBUTES, _MOST_ALGORITHMS = 32, 32, 8
_SIGNATURE_ALGORITHMS = frozenset((oids.SM2_SIGN, oids.SM2_WITH_SM3))
_CONTENT_TYPES = frozenset((oids.GM_DATA, oids.PKCS7_DATA, oids.TST_INFO))
_TYPES = frozenset((oids.GM_SIGNED_DATA, oids.PKCS7_SIGNED_DATA))


@dataclass(frozen=True, slots=True)
class SignedData:
    """One signer's message; nothing in it is checked yet.

    `content` is None for a detached signature. `attributes` are the signed ones by OID (the one value's
    element), empty when the signature is over the content itself.
    """

    content_type: str
    content: bytes | None = field(repr=False)
    certificates: tuple[Certificate, ...]
    signer: Certificate
    attributes: Mapping[str, Element] = field(repr=False)
    attributes_signed: bytes | None = field(repr=False)
    signature: bytes = field(repr=False)

    @classmethod
    def read(cls, raw: bytes) -> SignedData:
        """The ContentInfo in DER.

        Raises:
            DerRefused: not strict DER, or other bytes follow.
            SignedDataRefused: not SignedData with SM3 and SM2, or not of exactly one signer whose
                certificate came along.
            CertificateRefused: an enclosed certificate cannot be read.
        """
        if len(raw) > _LARGEST:
            raise SignedDataRefused(f"a signature has {len(raw)} bytes; it was not read.")
        kind, wrapped = der.read(raw, "signature").fields("signature", 2)
        form = kind.oid("signature type")
        if form not in _TYPES:
            raise SignedDataRefused("the signature is not SignedData; it was not read.")
        parts = wrapped.inner("signed data", Tag.CONTEXT_0).fields("signed data", 5, 6)
        if len(parts) != 5:
            raise SignedDataRefused("the signature has no certificates or carries revocation lists; it was not read.")
        for algorithm in parts[1].children("digest algorithms", Tag.SET, _MOST_ALGORITHMS):
            _check_sm3(algorithm)
        encapsulated = parts[2].fields("signed content", 1, 2)
        content_type = encapsulated[0].oid("content type")
        # RFC 5652, 5.1: version 3 for content other than data; GB/T 35275 knows version 1 only.
        due = 3 if form == oids.PKCS7_SIGNED_DATA and content_type != oids.PKCS7_DATA else 1
        if content_type not in _CONTENT_TYPES or parts[0].integer("signed data version") != due:
            raise SignedDataRefused("the signature's version or the type of its content is unknown; it was not read.")
        enclosed = parts[3].children("certificates", Tag.CONTEXT_0, _MOST_CERTIFICATES)
        certificates = tuple(Certificate.read(one.raw) for one in enclosed)
        signers = parts[4].children("signers", Tag.SET, _MOST_CERTIFICATES)
        if len(signers) != 1:
            raise SignedDataRefused(f"the signature has {len(signers)} signers where one is due; it was not read.")
        signer, attributes_part, signature = _signer(signers[0], certificates)
        content = None
        if len(encapsulated) == 2:
            content = encapsulated[1].inner("signed content", Tag.CONTEXT_0).octets("signed content")
        return cls(
            content_type=content_type,
            content=content,
            certificates=certificates,
            signer=signer,
            attributes={} if attributes_part is None else _attributes(attributes_part),
            # The tag in the message is [0]; what is signed has the tag of a SET.
            attributes_signed=None if attributes_part is None else der.wrap(Tag.SET, attributes_part.content),
            signature=signature,
        )

    @property
    def signing_time(self) -> datetime | None:
        """The signed attribute of that name; the signer's own word. Raises DerRefused when it is unreadable."""
        found = self.attributes.get(oids.SIGNING_TIME)
        return None if found is None else found.time("signing time")

    def check(self, content: bytes) -> None:
        """Return when the one signer signed `content`.

        Raises:
            SignatureInvalid: the signature, the digest or the content type does not fit.
        """
        if self.content is not None and self.content != content:
            raise SignatureInvalid("the signature holds another content than the one it is said to cover.")
        if self.attributes_signed is None:
            self.signer.key.verify(content, self.signature)
            return
        self._check_attributes(self.attributes_signed, (sm3(content),))

    def check_digest(self, digest: bytes) -> None:
        """Return when the one signer signed the file with this SM3, in any form makers of OFD signatures use.

        Signed is the digest's 32 bytes, their Base64, or the file itself, enclosed or not; under signed attributes
        the message digest is that of one of these (that of the file is `digest`).

        Raises:
            SignatureInvalid: the signature, the digest or the content type does not fit.
        """
        forms: tuple[bytes, ...] = (digest, b64encode(digest))
        if self.content is not None:
            if self.content not in forms and sm3(self.content) != digest:
                raise SignatureInvalid("the signature holds another content than this file's digest.")
            forms = (self.content,)
        if self.attributes_signed is not None:
            self._check_attributes(self.attributes_signed, (digest, *map(sm3, forms)))
            return
        for content in forms[:-1]:
            with suppress(SignatureInvalid):
                self.signer.key.verify(content, self.signature)
                return
        self.signer.key.verify(forms[-1], self.signature)

    def _check_attributes(self, signed: bytes, digests: tuple[bytes, ...]) -> None:
        """The signature over the signed attributes, which name the content's type and one of `digests`."""
        kind, digest = self.attributes.get(oids.CONTENT_TYPE), self.attributes.get(oids.MESSAGE_DIGEST)
        if kind is None or kind.oid("content type") != self.content_type:
            raise SignatureInvalid("the signed attributes do not name the content's type.")
        if digest is None or digest.octets("message digest") not in digests:
            raise SignatureInvalid("the signed digest is not that of the content; the content was changed.")
        self.signer.key.verify(signed, self.signature)


def _check_sm3(algorithm: Element) -> None:
    parts = algorithm.fields("digest algorithm", 1, 2)
    if parts[0].oid("digest algorithm") != oids.SM3 or (len(parts) == 2 and parts[1].raw != b"\x05\x00"):
        raise SignedDataRefused("the signature uses another digest than SM3; refused.")


def _signer(part: Element, certificates: tuple[Certificate, ...]) -> tuple[Certificate, Element | None, bytes]:
    fields = part.fields("signer", 5, 6)
    if fields[0].integer("signer version") != 1:
        raise SignedDataRefused("the signer is not named by issuer and serial number; refused.")
    issuer, serial = fields[1].fields("signer's name", 2)
    number = serial.integer("signer's serial number")
    _check_sm3(fields[2])
    attributes = fields[3] if len(fields) == 6 else None
    algorithm, signature = fields[-2:]
    names = algorithm.fields("signature algorithm", 1, 2)
    if names[0].oid("signature algorithm") not in _SIGNATURE_ALGORITHMS or (
        len(names) == 2 and names[1].raw != b"\x05\x00"
    ):
        raise SignedDataRefused("the signature's algorithm is not SM2; refused.")
    found = [one for one in certificates if one.issuer == issuer.raw and one.serial == number]
    if len(found) != 1:
        raise SignedDataRefused("the signer's certificate did not come along exactly once; refused.")
    return found[0], attributes, signature.octets("signature value")


def _attributes(part: Element) -> dict[str, Element]:
    found: dict[str, Element] = {}
    previous = b""
    for one in part.children("signed attributes", Tag.CONTEXT_0, _MOST_ATTRIBUTES):
        if one.raw <= previous:
            raise SignedDataRefused("the signed attributes are not in DER order or one stands twice; refused.")
        previous = one.raw
        kind, values = one.fields("signed attribute", 2)
        listed = values.children("signed attribute", Tag.SET, _MOST_ATTRIBUTES)
        name = kind.oid("signed attribute")
        if name in found or len(listed) != 1:
            raise SignedDataRefused("a signed attribute stands twice or has not exactly one value; refused.")
        found[name] = listed[0]
    return found
