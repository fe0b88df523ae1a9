"""Putting a seal, or a signature without one, on an OFD package: everything protected, then hashed, then signed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from documents.package import Package
from signing.certificates import Certificate
from signing.detached import sign_enclosed
from signing.errors import NotSealable
from signing.ofd.appending import Slot, check_certificate
from signing.ofd.description import Kind, StampAnnot
from signing.ofd.layout import Files, Layout, read_layout
from signing.ofd.stamps import Stamp, lies_on
from signing.port import Signer
from signing.seal.parts import Seal
from signing.seal.port import Sealer

__all__ = ["Stamp", "seal", "sign"]


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
    _check_zone(at)
    files = Files(package)
    layout = read_layout(files)
    _check_use(sealer.seal, Certificate.read(sealer.certificate), at)
    slot = Slot.after(files, layout)
    annotations = _annotations(layout, stamps, first=slot.used + 2)
    prepared = slot.prepare(Kind.SEAL, at, lock=lock, stamps=annotations, seal=sealer.seal.raw)
    return prepared.signed(sealer.sign(prepared.digest, f"/{prepared.described}", at))


def sign(package: Package, signer: Signer, *, at: datetime, lock: bool = True) -> Package:
    """`package` under a signature without a seal (Type=Sign): GB/T 35275 SignedData that encloses SM3 of Signature.xml.

    After the seals, with `lock`, it closes the package: it protects every file, Signatures.xml and OFD.xml too.

    Raises:
        NotSealable: already locked, or the certificate is not valid at `at`.
        LayoutRefused: the package is not a document this house seals.
        KeyRefused: not an SM2 key, or refused by the signer.
        SignerUnavailable: from the signer.
    """
    _check_zone(at)
    files = Files(package)
    layout = read_layout(files)
    check_certificate(Certificate.read(signer.certificate), at)
    prepared = Slot.after(files, layout).prepare(Kind.SIGN, at, lock=lock)
    return prepared.signed(sign_enclosed(prepared.digest, signer, at))


def _check_zone(at: datetime) -> None:
    if at.tzinfo is None:
        raise ValueError("a signing time needs a zone")


def _check_use(seal: Seal, certificate: Certificate, at: datetime) -> None:
    if not seal.allows(certificate.raw):
        raise NotSealable("the seal does not list the signer's certificate; nothing was sealed. Take the right key.")
    if not seal.valid_from <= at <= seal.valid_to:
        raise NotSealable(
            f"the seal is valid from {seal.valid_from:%Y-%m-%d} to {seal.valid_to:%Y-%m-%d}; nothing was sealed. "
            "Apply for a new seal."
        )
    check_certificate(certificate, at)


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
