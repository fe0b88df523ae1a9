"""Signatures.xml and Signature.xml: which signatures there are, what each protects, where its seal is drawn."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from documents.package import Package
from signing import oids
from signing.errors import LayoutRefused
from signing.ofd.layout import NAMESPACE, Box, at_most_one, load, only, read_box, resolve, tag, text_of

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_PROVIDER = "Yizheng Hub"
_SM3_NAMES = frozenset((oids.SM3, "SM3"))


class Kind(StrEnum):
    """What a record of Signatures.xml is."""

    SEAL = "Seal"
    SIGN = "Sign"


@dataclass(frozen=True, slots=True)
class Record:
    """One line of Signatures.xml; `path` is that of its Signature.xml."""

    id: str
    kind: Kind
    path: str


@dataclass(frozen=True, slots=True)
class StampAnnot:
    """One place where the seal is drawn: page ID, box and visible part of the box, in mm."""

    id: str
    page: str
    boundary: Box
    clip: Box | None


@dataclass(frozen=True, slots=True)
class Description:
    """A Signature.xml as it stands; `check_method` is the text, `references` are path and digest in order."""

    path: str
    method: str
    check_method: str
    references: tuple[tuple[str, bytes], ...]
    stamps: tuple[StampAnnot, ...]
    seal: str | None
    value: str

    @property
    def digests_are_sm3(self) -> bool:
        """Whether the digest method is named as SM3: by its OID, or by the word some makers write."""
        return self.check_method in _SM3_NAMES


def read_records(package: Package, path: str) -> tuple[tuple[Record, ...], str | None]:
    """The records of Signatures.xml, and its MaxSignId.

    Raises:
        LayoutRefused: two records share an ID or a file, or a record is of unknown type.
    """
    root = load(package, path, "Signatures")
    records = []
    for one in root.findall(tag("Signature")):
        identifier, link = one.get("ID"), one.get("BaseLoc")
        try:
            kind = Kind(one.get("Type", Kind.SEAL))
        except ValueError:
            raise LayoutRefused(path, "a signature is of unknown type.") from None
        if not identifier or not link:
            raise LayoutRefused(path, "a signature has no ID or no file.")
        records.append(Record(identifier, kind, resolve(path, link)))
    if len({one.id for one in records}) != len(records) or len({one.path for one in records}) != len(records):
        raise LayoutRefused(path, "two signatures share an ID or a file.")
    largest = at_most_one(root, "MaxSignId", path)
    return tuple(records), None if largest is None else text_of(largest, path)


def read_description(package: Package, path: str) -> Description:
    """One Signature.xml; the order of its parts does not count, their number does.

    Raises:
        LayoutRefused: a part is missing, stands twice or cannot be read.
    """
    root = load(package, path, "Signature")
    info = only(root, "SignedInfo", path)
    listed = only(info, "References", path)
    seal = at_most_one(info, "Seal", path)
    return Description(
        path=path,
        method=text_of(only(info, "SignatureMethod", path), path),
        # The schema's default, so that an absent attribute is refused as what it means.
        check_method=listed.get("CheckMethod", "MD5"),
        references=tuple(_reference(one, path) for one in listed.findall(tag("Reference"))),
        stamps=tuple(_stamp(one, path) for one in info.findall(tag("StampAnnot"))),
        seal=None if seal is None else resolve(path, text_of(only(seal, "BaseLoc", path), path)),
        value=resolve(path, text_of(only(root, "SignedValue", path), path)),
    )


def _reference(element: etree._Element, path: str) -> tuple[str, bytes]:
    link = element.get("FileRef")
    if not link:
        raise LayoutRefused(path, "a reference names no file.")
    text = text_of(only(element, "CheckValue", path), path)
    try:
        return resolve(path, link), base64.b64decode(text, validate=True)
    except ValueError:
        raise LayoutRefused(path, "a CheckValue is not Base64.") from None


def _stamp(element: etree._Element, path: str) -> StampAnnot:
    identifier, page = element.get("ID"), element.get("PageRef")
    if not identifier or not page:
        raise LayoutRefused(path, "a StampAnnot has no ID or names no page.")
    clip = element.get("Clip")
    return StampAnnot(
        identifier, page, read_box(element.get("Boundary"), path), None if clip is None else read_box(clip, path)
    )


def write_records(records: Iterable[Record], largest: str) -> bytes:
    """Signatures.xml, parts in the order of the schema."""
    lines = "".join(
        f'<ofd:Signature ID={quoteattr(one.id)} Type="{one.kind.value}" BaseLoc={quoteattr("/" + one.path)}/>'
        for one in records
    )
    return (
        f'{_HEAD}<ofd:Signatures xmlns:ofd="{NAMESPACE}"><ofd:MaxSignId>{escape(largest)}</ofd:MaxSignId>'
        f"{lines}</ofd:Signatures>"
    ).encode()


def write_description(
    references: Sequence[tuple[str, bytes]], stamps: Sequence[StampAnnot], seal: str, value: str, at: datetime
) -> bytes:
    """Signature.xml, parts in the order of the schema, all paths absolute.

    CheckMethod holds the OID of SM3: the schema of 2016 lists MD5 and SHA1 only.
    """
    listed = "".join(
        f"<ofd:Reference FileRef={quoteattr('/' + path)}>"
        f"<ofd:CheckValue>{base64.b64encode(digest).decode()}</ofd:CheckValue></ofd:Reference>"
        for path, digest in references
    )
    drawn = "".join(
        f'<ofd:StampAnnot ID="{one.id}" PageRef={quoteattr(one.page)} Boundary="{_box(one.boundary)}"'
        + (f' Clip="{_box(one.clip)}"' if one.clip else "")
        + "/>"
        for one in stamps
    )
    moment = at.astimezone(UTC)
    return (
        f'{_HEAD}<ofd:Signature xmlns:ofd="{NAMESPACE}"><ofd:SignedInfo>'
        f'<ofd:Provider ProviderName="{_PROVIDER}"/>'
        f"<ofd:SignatureMethod>{oids.SM2_WITH_SM3}</ofd:SignatureMethod>"
        f"<ofd:SignatureDateTime>{moment:%Y%m%d%H%M%S}.{moment.microsecond // 1000:03}Z</ofd:SignatureDateTime>"
        f'<ofd:References CheckMethod="{oids.SM3}">{listed}</ofd:References>{drawn}'
        f"<ofd:Seal><ofd:BaseLoc>{escape('/' + seal)}</ofd:BaseLoc></ofd:Seal></ofd:SignedInfo>"
        f"<ofd:SignedValue>{escape('/' + value)}</ofd:SignedValue></ofd:Signature>"
    ).encode()


def _box(box: Box) -> str:
    return " ".join(f"{value:.3f}".rstrip("0").rstrip(".") for value in box)
