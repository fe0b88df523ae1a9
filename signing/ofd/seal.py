"""Putting a seal on an OFD package: everything protected, then hashed, then signed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from core.digest import sm3
from documents.package import Package
from signing.certificates import Certificate
from signing.errors import NotSealable
from signing.ofd.description import (
    Kind,
    Record,
    StampAnnot,
    read_description,
    read_records,
    write_description,
    write_records,
)
from signing.ofd.layout import ENTRY, Box, Layout, only, read_layout, tag
from signing.seal.parts import Seal
from signing.seal.port import Sealer

_NUMBERED = re.compile(r"s(\d+)")
#: How far a seal may reach over the page's edge by rounding, mm.
EDGE_MM = 0.5


@dataclass(frozen=True, slots=True)
class Stamp:
    """Where to draw the seal: page from 0, top left corner and size in mm on the page.

    `clip` (x, y, width, height, relative to the corner) shows a part only, for a seal across pages.
    """

    page_index: int
    x_mm: float
    y_mm: float
    w_mm: float
    h_mm: float
    clip: Box | None = None


def seal(package: Package, sealer: Sealer, *, stamps: Sequence[Stamp], at: datetime, lock: bool = True) -> Package:
    """`package` under one more seal; what it held before is unchanged, but for the link to the list of signatures.

    Args:
        stamps: one or more places.
        at: the signing time, with a zone; whole seconds are kept.
        lock: protect Signatures.xml too, so that no further seal fits. False while more are to come.

    Raises:
        NotSealable: already locked, a stamp off its page, the seal or certificate not valid at `at`,
            or the seal is not this signer's.
        LayoutRefused: the package is not a document this house seals.
        SealRefused: the seal is of version 1.
        SignerUnavailable, KeyRefused, TimestampUnavailable: from the sealer.
    """
    if at.tzinfo is None:
        raise ValueError("a signing time needs a zone")
    layout = read_layout(package)
    _check_use(sealer.seal, Certificate.read(sealer.certificate), at)
    if layout.signatures is None:
        list_path = f"{_folder(layout.root_path)}Signs/Signatures.xml"
        package = package.with_entries({ENTRY: _linked(layout, list_path)})
        records: tuple[Record, ...] = ()
        used = 0
    else:
        list_path = layout.signatures
        records, used = _present(package, list_path)
    number = len(records)
    base = list_path.rpartition("/")[0]
    while any(name.startswith(f"{base}/Sign_{number}/") for name in package.entries):
        number += 1
    folder = f"{base}/Sign_{number}"
    described, value, seal_file = f"{folder}/Signature.xml", f"{folder}/SignedValue.dat", f"{folder}/Seal.esl"
    annotations = _annotations(layout, stamps, first=used + 2)
    record = Record(f"s{used + 1:03}", Kind.SEAL, described)
    package = package.with_entries(
        {list_path: write_records((*records, record), annotations[-1].id), seal_file: sealer.seal.raw}
    )
    protected = [name for name in package.entries if lock or name != list_path]
    description = write_description(
        [(name, sm3(package.entries[name])) for name in protected], annotations, seal_file, value, at
    )
    signed = sealer.sign(sm3(description), f"/{described}", at)
    return package.with_entries({described: description, value: signed})


def _folder(path: str) -> str:
    return path[: path.rfind("/") + 1]


def _linked(layout: Layout, list_path: str) -> bytes:
    """OFD.xml with the link to the list of signatures, the last part of DocBody by the schema."""
    etree.SubElement(only(layout.entry, "DocBody", ENTRY), tag("Signatures")).text = f"/{list_path}"
    return etree.tostring(layout.entry.getroottree(), encoding="UTF-8", xml_declaration=True)


def _present(package: Package, list_path: str) -> tuple[tuple[Record, ...], int]:
    """The records there are and the highest number used; nothing may protect the list itself yet."""
    records, largest = read_records(package, list_path)
    used = 0 if largest is None else _number(largest, list_path)
    for record in records:
        description = read_description(package, record.path)
        if any(path == list_path for path, _ in description.references):
            raise NotSealable(
                f"signature {record.id} closes the list of signatures, so a further seal would break it. "
                "Nothing was sealed; seal the unsealed document again, with lock only at the last seal."
            )
        used = max(used, _number(record.id, list_path), *(_number(one.id, list_path) for one in description.stamps))
    return records, used


def _number(identifier: str, path: str) -> int:
    found = _NUMBERED.fullmatch(identifier)
    if found is None:
        raise NotSealable(
            f"{path} numbers its signatures in a way unknown here ({identifier[:20]!r}); nothing was sealed."
        )
    return int(found[1])


def _check_use(seal: Seal, certificate: Certificate, at: datetime) -> None:
    if not seal.allows(certificate.raw):
        raise NotSealable("the seal does not list the signer's certificate; nothing was sealed. Take the right key.")
    if not seal.valid_from <= at <= seal.valid_to:
        raise NotSealable(
            f"the seal is valid from {seal.valid_from:%Y-%m-%d} to {seal.valid_to:%Y-%m-%d}; nothing was sealed. "
            "Apply for a new seal."
        )
    if not certificate.not_before <= at <= certificate.not_after:
        raise NotSealable(
            f"the signer's certificate is valid from {certificate.not_before:%Y-%m-%d} to "
            f"{certificate.not_after:%Y-%m-%d}; nothing was sealed. Renew it."
        )


def _annotations(layout: Layout, stamps: Sequence[Stamp], first: int) -> list[StampAnnot]:
    if not stamps:
        raise NotSealable("no place for the seal was given; nothing was sealed. Name one at least.")
    found = []
    for number, stamp in enumerate(stamps, first):
        if not 0 <= stamp.page_index < len(layout.pages):
            raise NotSealable(f"there is no page {stamp.page_index} (the first is 0); nothing was sealed.")
        page = layout.pages[stamp.page_index]
        boundary = (stamp.x_mm, stamp.y_mm, stamp.w_mm, stamp.h_mm)
        if not lies_on(page.box, boundary, stamp.clip):
            raise NotSealable(
                f"a seal would not lie on page {stamp.page_index}; nothing was sealed. Correct its place."
            )
        found.append(StampAnnot(f"s{number:03}", page.id, boundary, stamp.clip))
    return found


def lies_on(page: Box | None, boundary: Box, clip: Box | None) -> bool:
    """Whether the visible part of a seal lies on the page."""
    if page is None:
        return False
    x, y, width, height = boundary
    if clip is not None:
        x, y, width, height = x + clip[0], y + clip[1], clip[2], clip[3]
    # The page's own coordinates begin at its corner, whatever the box's offset says.
    return (
        width > 0
        and height > 0
        and x >= -EDGE_MM
        and y >= -EDGE_MM
        and x + width <= page[2] + EDGE_MM
        and y + height <= page[3] + EDGE_MM
    )
