"""Signatures.xml and Signature.xml: which signatures there are, what each protects, where its seal is drawn."""

from __future__ import annotations

import re
from binascii import a2b_base64, b2a_base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from signing import oids
from signing.errors import LayoutRefused
from signing.ofd.layout import NAMESPACE, Box, Files, at_most_one, load, only, read_box, resolve, tag, text_of

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
#: How this house signs its descriptions. From version 2 on the order of the package's entries is signed along
#: (`signing.ofd.order`); descriptions without a version were made before that.
_PROVIDER, _VERSION = "Yizheng Hub", "2"
#: More than any package has files; a description that lists more is refused before it costs anything.
_MOST_REFERENCES, _MOST_STAMPS, _MOST_RECORDS = 8192, 4096, 128
_CHECK_VALUE = tag("CheckValue")
_NUMBERED = re.compile(r"s(\d{1,9})", re.ASCII)
_SM3_NAMES = frozenset((oids.SM3, "SM3"))


class Kind(StrEnum):
    """What a record of Signatures.xml is."""

    SEAL = "Seal"
    SIGN = "Sign"


@dataclass(frozen=True, slots=True)
class Record:
    """One line of Signatures.xml; `path` is that of its Signature.xml, `rests_on` the ID another line must have."""

    id: str
    kind: Kind
    path: str
    rests_on: str = ""


@dataclass(frozen=True, slots=True)
class StampAnnot:
    """One place where the seal is drawn: page ID, box and visible part of the box, in mm."""

    id: str
    page: str
    boundary: Box
    clip: Box | None


@dataclass(frozen=True, slots=True)
class Description:
    """A Signature.xml as it stands; `check_method` is the text, `references` are path and digest in order.

    `provider` and `version` are what its maker calls itself.
    """

    path: str
    provider: str
    version: str
    method: str
    check_method: str
    references: tuple[tuple[str, bytes], ...]
    stamps: tuple[StampAnnot, ...]
    seal: str | None
    value: str

    @property
    def orders_entries(self) -> bool:
        """Whether this house made it, in a version that signs the order of the package's entries."""
        return self.provider == _PROVIDER and self.version != ""

    @property
    def digests_are_sm3(self) -> bool:
        """Whether the digest method is named as SM3: by its OID, or by the word some makers write."""
        return self.check_method in _SM3_NAMES


def read_records(files: Files, path: str) -> tuple[tuple[Record, ...], str | None]:
    """The records of Signatures.xml, and its MaxSignId.

    Raises:
        LayoutRefused: two records share an ID or a file, a record is of unknown type, or rests on one that is not
            there.
    """
    root = load(files, path, "Signatures")
    records: list[Record] = []
    listed = list(root.iterchildren(tag("Signature")))
    if len(listed) > _MOST_RECORDS:
        raise LayoutRefused(path, f"it lists {len(listed)} signatures where {_MOST_RECORDS} are allowed.")
    for one in listed:
        identifier, link = one.get("ID"), one.get("BaseLoc")
        try:
            kind = Kind(one.get("Type", Kind.SEAL))
        except ValueError:
            raise LayoutRefused(path, "a signature is of unknown type.") from None
        if not identifier or not link:
            raise LayoutRefused(path, "a signature has no ID or no file.")
        records.append(Record(identifier, kind, resolve(path, link), one.get("Relative", "")))
    if len({one.id for one in records}) != len(records) or len({one.path for one in records}) != len(records):
        raise LayoutRefused(path, "two signatures share an ID or a file.")
    if any(one.rests_on not in {other.id for other in records} for one in records if one.rests_on):
        raise LayoutRefused(path, "a signature rests on one that is not there.")
    largest = at_most_one(root, "MaxSignId", path)
    return tuple(records), None if largest is None else text_of(largest, path)


def read_description(files: Files, path: str) -> Description:
    """One Signature.xml; the order of its parts does not count, their number does.

    Raises:
        LayoutRefused: a part is missing, stands twice or cannot be read.
    """
    root = load(files, path, "Signature")
    info = only(root, "SignedInfo", path)
    provider = at_most_one(info, "Provider", path)
    listed = only(info, "References", path)
    references = list(listed.iterchildren(tag("Reference")))
    stamps = list(info.iterchildren(tag("StampAnnot")))
    if len(references) > _MOST_REFERENCES or len(stamps) > _MOST_STAMPS:
        raise LayoutRefused(path, "it lists more files or stamps than any document has.")
    seal = at_most_one(info, "Seal", path)
    return Description(
        path=path,
        provider="" if provider is None else provider.get("ProviderName", ""),
        version="" if provider is None else provider.get("Version", ""),
        method=text_of(only(info, "SignatureMethod", path), path),
        # The schema's default, so that an absent attribute is refused as what it means.
        check_method=listed.get("CheckMethod", "MD5"),
        references=tuple([_reference(one, path) for one in references]),
        stamps=tuple([_stamp(one, path) for one in stamps]),
        seal=None if seal is None else resolve(path, text_of(only(seal, "BaseLoc", path), path)),
        value=resolve(path, text_of(only(root, "SignedValue", path), path)),
    )


def _reference(element: etree._Element, path: str) -> tuple[str, bytes]:
    link = element.get("FileRef")
    if not link:
        raise LayoutRefused(path, "a reference names no file.")
    value = element[0] if len(element) == 1 and element[0].tag == _CHECK_VALUE else only(element, "CheckValue", path)
    text = text_of(value, path)
    try:
        return resolve(path, link), a2b_base64(text, strict_mode=True)
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


def number_of(identifier: str) -> int | None:
    """The number in an ID as this house writes it (`s001`); None for another kind."""
    found = _NUMBERED.fullmatch(identifier)
    return None if found is None else int(found[1])


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
    references: Sequence[tuple[str, bytes]], stamps: Sequence[StampAnnot], seal: str | None, value: str, at: datetime
) -> bytes:
    """Signature.xml, parts in the order of the schema, all paths absolute.

    CheckMethod holds the OID of SM3: the schema of 2016 lists MD5 and SHA1 only.
    """
    listed = "".join(
        [
            f"<ofd:Reference FileRef={_attribute('/' + path)}>"
            f"<ofd:CheckValue>{b2a_base64(digest, newline=False).decode()}</ofd:CheckValue></ofd:Reference>"
            for path, digest in references
        ]
    )
    shown = "" if seal is None else f"<ofd:Seal><ofd:BaseLoc>{escape('/' + seal)}</ofd:BaseLoc></ofd:Seal>"
    drawn = "".join(
        f'<ofd:StampAnnot ID="{one.id}" PageRef={quoteattr(one.page)} Boundary="{_box(one.boundary)}"'
        + (f' Clip="{_box(one.clip)}"' if one.clip else "")
        + "/>"
        for one in stamps
    )
    moment = at.astimezone(UTC)
    return (
        f'{_HEAD}<ofd:Signature xmlns:ofd="{NAMESPACE}"><ofd:SignedInfo>'
        f'<ofd:Provider ProviderName="{_PROVIDER}" Version="{_VERSION}"/>'
        f"<ofd:SignatureMethod>{oids.SM2_WITH_SM3}</ofd:SignatureMethod>"
        f"<ofd:SignatureDateTime>{moment:%Y%m%d%H%M%S}.{moment.microsecond // 1000:03}Z</ofd:SignatureDateTime>"
        f'<ofd:References CheckMethod="{oids.SM3}">{listed}</ofd:References>{drawn}{shown}</ofd:SignedInfo>'
        f"<ofd:SignedValue>{escape('/' + value)}</ofd:SignedValue></ofd:Signature>"
    ).encode()


@lru_cache(maxsize=1024)
def _attribute(text: str) -> str:
    """Quoted; the names of a licence's files are the same in thousands of them."""
    return quoteattr(text)


def _box(box: Box) -> str:
    return " ".join(f"{value:.3f}".rstrip("0").rstrip(".") for value in box)
