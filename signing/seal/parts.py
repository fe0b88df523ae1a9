"""Seals and seal signatures cut from their original bytes; versions 1, 4 and 5."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from core.clock import SHANGHAI
from core.digest import sm3
from signing import der
from signing.der import Element, Tag
from signing.errors import SealRefused

#: Header versions that are read, and of how many fields their seals are; from version 5 on there may be a timestamp.
_FIELDS = {1: (2,), 4: (4,), 5: (4, 5)}
#: Bytes of a seal, and of one that is remembered; entries of its lists. A round seal has some 20,000 bytes.
_LARGEST, _REMEMBERED = 4 << 20, 256 << 10
_MOST_USERS, _MOST_EXTENSIONS = 1024, 64
_LOCAL_TEXT = re.compile(rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


@dataclass(frozen=True, slots=True)
class Seal:
    """What a seal says; nothing in it is checked yet.

    `signed` are the bytes the maker's signature covers, `certificates` or `digests` (SM3) tell who may
    use the seal, `extensions` are OIDs with their critical flag. Lengths in mm.
    """

    raw: bytes = field(repr=False)
    version: int
    vendor: str
    es_id: str
    kind: int
    name: str
    certificates: tuple[bytes, ...] = field(repr=False)
    digests: tuple[bytes, ...] = field(repr=False)
    created: datetime
    valid_from: datetime
    valid_to: datetime
    picture_type: str
    picture: bytes = field(repr=False)
    width_mm: int
    height_mm: int
    extensions: tuple[tuple[str, bool], ...]
    signed: bytes = field(repr=False)
    maker_certificate: bytes = field(repr=False)
    algorithm: str
    signature: bytes = field(repr=False)
    timestamp: bytes | None = field(repr=False)

    @classmethod
    def read(cls, raw: bytes) -> Seal:
        """The seal in DER.

        Raises:
            DerRefused: not strict DER, or other bytes follow.
            SealRefused: of no known version, or larger than any seal is.
        """
        if len(raw) > _LARGEST:
            raise SealRefused(f"a seal has {len(raw)} bytes where {_LARGEST} are allowed; it was not read.")
        return _read_remembered(raw) if len(raw) <= _REMEMBERED else _read_seal(raw)

    def allows(self, certificate: bytes) -> bool:
        """Whether the certificate (DER) may use this seal: listed itself, or by its SM3."""
        return certificate in self.certificates or sm3(certificate) in self.digests


@dataclass(frozen=True, slots=True)
class SealSignature:
    """One use of a seal; nothing in it is checked yet. `signed` are the bytes the signer's signature covers."""

    version: int
    seal: Seal
    time: datetime
    data_hash: bytes
    property_info: str
    signed: bytes = field(repr=False)
    certificate: bytes = field(repr=False)
    algorithm: str
    signature: bytes = field(repr=False)
    timestamp: bytes | None = field(repr=False)
    extensions: tuple[tuple[str, bool], ...] = ()

    @classmethod
    def read(cls, raw: bytes) -> SealSignature:
        """The SES_Signature in DER.

        Raises:
            DerRefused: not strict DER, or other bytes follow.
            SealRefused: of no known version, or the versions within it differ.
        """
        top = der.read(raw, "seal signature").fields("seal signature", 2, 5)
        body = top[0].fields("signed part", 5, 7)
        found = _signature_v1(top, body) if len(top) == 2 else _signature_v4(top, body)
        if found.version != found.seal.version:
            raise SealRefused(
                f"the signature is of version {found.version}, its seal of version {found.seal.version}; refused."
            )
        return found


def _read_seal(raw: bytes) -> Seal:
    top = der.read(raw, "seal").fields("seal", 2, 5)
    header = top[0].fields("seal information", 4, 5)[0].fields("seal header", 3)
    version = header[1].integer("seal version")
    if len(top) not in _FIELDS.get(version, ()):
        raise SealRefused(f"a seal of version {version} with {len(top)} parts is not of a known kind; refused.")
    if header[0].text("seal header", Tag.IA5) != "ES":
        raise SealRefused("a seal's header does not say ES; refused.")
    return _seal(raw, top, header, version)


@lru_cache(maxsize=64)
def _read_remembered(raw: bytes) -> Seal:
    """One seal stands on thousands of licences."""
    return _read_seal(raw)


def _seal(raw: bytes, top: list[Element], header: list[Element], version: int) -> Seal:
    information = top[0].fields("seal information", 4, 5)
    es_id, property_part, picture_part = information[1:4]
    listed, times = _property(property_part, version)
    kind, data, width, height = picture_part.fields("seal picture", 4)
    if version == 1:
        certificate, algorithm, signature = top[1].fields("maker's signature", 3)
        # GM/T 0031-2014: over SEQUENCE { seal information, certificate, algorithm }
        signed = der.sequence(top[0].raw, certificate.raw, algorithm.raw)
    else:
        certificate, algorithm, signature = top[1:4]
        signed = top[0].raw
    type_part, name_part = property_part.fields("seal properties", 6, 7)[:2]
    return Seal(
        raw=raw,
        version=version,
        vendor=header[2].text("seal vendor", Tag.IA5),
        es_id=es_id.text("seal ID", Tag.IA5),
        kind=type_part.integer("seal type"),
        name=name_part.text("seal name", Tag.UTF8),
        certificates=listed[0],
        digests=listed[1],
        created=times[0],
        valid_from=times[1],
        valid_to=times[2],
        picture_type=kind.text("picture type", Tag.IA5),
        picture=data.octets("picture"),
        width_mm=width.integer("picture width"),
        height_mm=height.integer("picture height"),
        extensions=_extensions(information[4]) if len(information) == 5 else (),
        signed=signed,
        maker_certificate=certificate.octets("maker's certificate"),
        algorithm=algorithm.oid("seal signature algorithm"),
        signature=signature.bits("maker's signature"),
        timestamp=top[4].inner("seal timestamp", Tag.CONTEXT_0).bits("seal timestamp") if len(top) == 5 else None,
    )


def _property(part: Element, version: int) -> tuple[tuple[tuple[bytes, ...], tuple[bytes, ...]], list[datetime]]:
    """Who may use the seal (certificates, digests), and its three times."""
    what = "seal properties"
    fields = part.fields(what, 6 if version == 1 else 7)
    list_type = 1 if version == 1 else fields[2].integer("certificate list type")
    entries = fields[-4].children("certificate list", most=_MOST_USERS)
    certificates: tuple[bytes, ...] = ()
    digests: tuple[bytes, ...] = ()
    if list_type == 1:
        certificates = tuple(entry.octets("listed certificate") for entry in entries)
    elif list_type == 2:
        pairs = [entry.fields("certificate digest", 2) for entry in entries]
        for kind, _ in pairs:
            kind.text("certificate digest type", Tag.PRINTABLE)
        digests = tuple(value.octets("certificate digest") for _, value in pairs)
    else:
        raise SealRefused(f"a seal's certificate list is of unknown type {list_type}; refused.")
    return (certificates, digests), [one.time("seal time") for one in fields[-3:]]


def _extensions(part: Element) -> tuple[tuple[str, bool], ...]:
    # Most makers write them bare in a seal, some under [0]; the standard's tag is not settled.
    listed = part.inner("extensions", Tag.CONTEXT_0) if part.tag == Tag.CONTEXT_0 else part
    found = []
    for one in listed.children("extensions", most=_MOST_EXTENSIONS):
        fields = one.fields("extension", 2, 3)
        fields[-1].octets("extension value")
        critical = len(fields) == 3 and fields[1].boolean("extension")
        found.append((fields[0].oid("extension"), critical))
    return tuple(found)


def _signature_v1(top: list[Element], body: list[Element]) -> SealSignature:
    if len(body) != 7:
        raise SealRefused(f"a version 1 signed part has {len(body)} fields where 7 are due; refused.")
    return SealSignature(
        version=body[0].integer("signature version"),
        seal=Seal.read(body[1].raw),
        time=_time_v1(body[2].bits("signing time")),
        data_hash=body[3].bits("data hash"),
        property_info=body[4].text("signed file's name", Tag.IA5),
        signed=top[0].raw,
        certificate=body[5].octets("signer's certificate"),
        algorithm=body[6].oid("signature algorithm"),
        signature=top[1].bits("signer's signature"),
        timestamp=None,
    )


def _time_v1(content: bytes) -> datetime:
    """UTCTime or GeneralizedTime, or the local text some makers write (read as Asia/Shanghai)."""
    if _LOCAL_TEXT.fullmatch(content):
        try:
            return datetime.strptime(content.decode(), "%Y-%m-%d %H:%M:%S").replace(tzinfo=SHANGHAI)
        except ValueError:
            raise SealRefused("a version 1 signing time is no moment of any calendar; refused.") from None
    if content[:1] == b"\x30":
        raise SealRefused("a version 1 signature gives its time as a timestamp token, which is not read here; refused.")
    return der.read(content, "signing time").time("signing time")


def _signature_v4(top: list[Element], body: list[Element]) -> SealSignature:
    if len(top) not in (4, 5) or len(body) not in (5, 6):
        raise SealRefused(f"a seal signature with {len(top)} and {len(body)} parts is not of a known kind; refused.")
    return SealSignature(
        version=body[0].integer("signature version"),
        seal=Seal.read(body[1].raw),
        time=body[2].expect(Tag.GENERALIZED_TIME, "signing time").time("signing time"),
        data_hash=body[3].bits("data hash"),
        property_info=body[4].text("signed file's name", Tag.IA5),
        signed=top[0].raw,
        certificate=top[1].octets("signer's certificate"),
        algorithm=top[2].oid("signature algorithm"),
        signature=top[3].bits("signer's signature"),
        timestamp=top[4].inner("timestamp", Tag.CONTEXT_0).bits("timestamp") if len(top) == 5 else None,
        extensions=_extensions(body[5].expect(Tag.CONTEXT_0, "extensions")) if len(body) == 6 else (),
    )
