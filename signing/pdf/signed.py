"""A PDF's detached CMS signature read strictly: what it signs, with what, under which certificate, stamped when.

Much of a CMS structure is not signed by anybody (its certificates, its unsigned attributes, the names of its
algorithms). All that is read here either agrees with what is signed, or the structure is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from signing import der, oids
from signing.der import Element, Tag
from signing.errors import SignatureForeign, SignatureInvalid, SignedDataRefused
from signing.pdf.cms import SIGNATURE_TIMESTAMP
from signing.timestamp_making import issuer_and_serial

_DIGESTS: Mapping[str, str] = {oids.SHA256: "sha256", oids.SHA384: "sha384", oids.SHA512: "sha512"}
_SM: Final = frozenset((oids.SM3, oids.SM2_WITH_SM3, oids.SM2_SIGN, oids.GM_SIGNED_DATA, oids.GM_DATA))
_NULL = b"\x05\x00"
_WHAT = "PDF signature"
_TOKEN_VERSION = 3


@dataclass(frozen=True, slots=True)
class Signed:
    """What a signature says; nothing is trusted yet.

    `certificate` (DER) is the signer's, `carried` are all others that came along, the timestamp's among them.
    """

    certificate: bytes = field(repr=False)
    carried: tuple[bytes, ...] = field(repr=False)
    digest_name: str
    digest: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    time: datetime | None
    token: bytes | None = field(repr=False)


def read_signed(contents: bytes) -> Signed:
    """From the bytes of /Contents, the zeros that fill it up among them.

    Raises:
        DerRefused, SignedDataRefused: not of the accepted form, or filled up with something else than zeros.
        SignatureForeign: made with SM2, or another algorithm that is not judged here.
        SignatureInvalid: it does not bind the certificate it names.
    """
    raw = _without_filling(contents)
    kind, wrapped = der.read(raw, _WHAT).fields(_WHAT, 2)
    if kind.oid(_WHAT) in _SM:
        raise SignatureForeign("国密算法（SM2/SM3）", "it is made with SM2")
    if kind.oid(_WHAT) != oids.PKCS7_SIGNED_DATA:
        raise SignedDataRefused("the signature is no CMS SignedData; it was not read.")
    version, digests, content, *rest = wrapped.inner(_WHAT, Tag.CONTEXT_0).fields(_WHAT, 5, 6)
    if version.integer(_WHAT) != 1 or [one.oid(_WHAT) for one in content.children(_WHAT)] != [oids.PKCS7_DATA]:
        raise SignedDataRefused("the signature is not detached CMS of version 1; it was not judged.")
    if rest[0].tag != Tag.CONTEXT_0 or len(rest) != 2:
        raise SignatureForeign("签名数据结构", "it carries no certificates, or revocation lists")
    signers = rest[1].children(_WHAT, Tag.SET)
    if len(signers) != 1:
        raise SignedDataRefused("the signature has not exactly one signer; it was not judged.")
    certificates = tuple(one.expect(Tag.SEQUENCE, _WHAT).raw for one in rest[0].children(_WHAT, Tag.CONTEXT_0))
    return _read_signer(signers[0], digests, certificates)


def _without_filling(contents: bytes) -> bytes:
    head = contents[:8]
    count = head[1] & 0x7F if len(head) > 1 and head[1] >= 0x80 else 0
    size = int.from_bytes(head[2 : 2 + count], "big") + 2 + count if count else (head[1] + 2 if len(head) > 1 else 0)
    if contents[size:].strip(b"\x00"):
        raise SignedDataRefused("the signature is followed by something else than zeros; it was not read.")
    return contents[:size]


def _read_signer(signer: Element, digests: Element, certificates: tuple[bytes, ...]) -> Signed:
    version, name, digest_part, attributes_part, algorithm, value, *unsigned = signer.fields(_WHAT, 6, 7)
    if version.integer(_WHAT) != 1:
        raise SignedDataRefused("the signer is not named by issuer and serial number; it was not judged.")
    digest_oid = _algorithm(digest_part)
    if digest_oid not in _DIGESTS:
        raise SignatureForeign("摘要算法", f"its digest is {digest_oid}")
    if [one.raw for one in digests.children(_WHAT, Tag.SET)] != [digest_part.raw]:
        raise SignedDataRefused("the signature names other digests than its signer; it was not judged.")
    signature_oid = _algorithm(algorithm)
    if signature_oid not in oids.DIGEST_OF_SIGNATURE:
        raise SignatureForeign("签名算法", f"its algorithm is {signature_oid}")
    if oids.DIGEST_OF_SIGNATURE[signature_oid] not in (digest_oid, None):
        raise SignedDataRefused("the signature's algorithm names another digest than its signer; it was not judged.")
    issuer, serial = name.fields(_WHAT, 2)
    named = [one for one in certificates if issuer_and_serial(one) == (issuer.raw, serial.raw)]
    if len(named) != 1 or len(set(certificates)) != len(certificates):
        raise SignedDataRefused("the signer's certificate did not come along exactly once; it was not judged.")
    attributes = _attributes(attributes_part, Tag.CONTEXT_0)
    told, kind = attributes.get(oids.MESSAGE_DIGEST), attributes.get(oids.CONTENT_TYPE)
    if told is None or kind is None or kind.oid(_WHAT) != oids.PKCS7_DATA:
        raise SignedDataRefused("the signature's signed attributes lack what they must have; it was not judged.")
    binding = attributes.get(oids.SIGNING_CERTIFICATE_V2)
    if binding is not None:
        _check_binding(binding, named[0])
    when = attributes.get(oids.SIGNING_TIME)
    token, carried = _token(unsigned)
    return Signed(
        named[0],
        (*(one for one in certificates if one != named[0]), *carried),
        _DIGESTS[digest_oid],
        told.octets(_WHAT),
        value.octets(_WHAT),
        None if when is None else when.time("signing time"),
        token,
    )


def _algorithm(part: Element) -> str:
    """The OID of an AlgorithmIdentifier whose parameters are absent or NULL."""
    parts = part.children(_WHAT)
    named = parts[0].oid(_WHAT) if parts else ""
    if named in _SM:
        raise SignatureForeign("国密算法（SM2/SM3）", "it is made with SM2 or SM3")
    if len(parts) > 2 or (len(parts) == 2 and parts[1].raw != _NULL):
        raise SignatureForeign("签名算法参数", f"{named} has parameters")
    return named


def _attributes(part: Element, tag: int) -> dict[str, Element]:
    found: dict[str, Element] = {}
    for one in part.children(_WHAT, tag):
        kind, values = one.fields(_WHAT, 2)
        listed = values.children(_WHAT, Tag.SET)
        if kind.oid(_WHAT) in found or len(listed) != 1:
            raise SignedDataRefused("an attribute stands twice or has not exactly one value; it was not judged.")
        found[kind.oid(_WHAT)] = listed[0]
    return found


def _check_binding(binding: Element, certificate: bytes) -> None:
    """ESSCertIDv2 (RFC 5035): the first entry is the signer's; its digest is SHA-256 where none is named."""
    first, *_ = binding.fields(_WHAT, 1, 2)[0].children(_WHAT)
    parts = first.fields(_WHAT, 1, 3)
    name = "sha256"
    if parts[0].tag == Tag.SEQUENCE:
        name = _DIGESTS.get(_algorithm(parts.pop(0)), "")
    if not name or not parts or parts[0].octets(_WHAT) != hashlib.new(name, certificate).digest():
        raise SignatureInvalid("the signature was made with another certificate than the one it names; refused.")


def _token(unsigned: list[Element]) -> tuple[bytes | None, tuple[bytes, ...]]:
    """The timestamp token among the unsigned attributes, and the certificates in it.

    Any other unsigned attribute nobody vouches for, so a file that carries one is not judged.
    """
    if not unsigned:
        return None, ()
    attributes = _attributes(unsigned[0], Tag.CONTEXT_1)
    strange = sorted(set(attributes) - {SIGNATURE_TIMESTAMP})
    if strange or not attributes:
        raise SignatureForeign("未签名属性", f"it carries the unsigned attributes {', '.join(strange) or 'none'}")
    token = attributes[SIGNATURE_TIMESTAMP]
    return token.raw, _check_token(token)


def _check_token(token: Element) -> tuple[bytes, ...]:
    """The token's certificates, once what its signer does not sign is found to agree with what it does."""
    what = "timestamp"
    parts = token.fields(what, 2)[1].inner(what, Tag.CONTEXT_0).fields(what, 5, 6)
    signer = parts[-1].children(what, Tag.SET)[0].fields(what, 6, 7)
    digests = parts[1].children(what, Tag.SET)
    if parts[0].integer(what) != _TOKEN_VERSION or [one.raw for one in digests] != [signer[2].raw] or len(signer) != 6:
        raise SignedDataRefused("the timestamp's version, digests or unsigned attributes are not a token's; refused.")
    # Reading them raises for parameters, which are not signed, and for SM2.
    _algorithm(signer[2]), _algorithm(signer[4])
    if parts[3].tag != Tag.CONTEXT_0 or len(parts) != 5:
        raise SignatureForeign("时间戳结构", "its timestamp carries no certificates, or revocation lists")
    return tuple(one.raw for one in parts[3].children(what, Tag.CONTEXT_0))
