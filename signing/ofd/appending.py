"""One more signature on a package: where it goes, and what it protects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from core.digest import sm3, sm3_of_file
from documents.package import Package
from signing.certificates import Certificate
from signing.errors import NotSealable
from signing.ofd.description import (
    Kind,
    Record,
    StampAnnot,
    number_of,
    read_description,
    read_records,
    write_description,
    write_records,
)
from signing.ofd.layout import ENTRY, Files, Layout, only, tag


@dataclass(frozen=True, slots=True)
class Prepared:
    """A package that lacks the signature value only; `digest` is SM3 of its Signature.xml, `described` its path."""

    entries: dict[str, bytes]
    described: str
    value: str
    digest: bytes

    def signed(self, value: bytes) -> Package:
        """The package with the signature value in it."""
        return Package({**self.entries, self.value: value})


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of the next signature. `used` is the highest number of an ID so far."""

    entries: dict[str, bytes]
    list_path: str
    records: tuple[Record, ...]
    used: int
    folder: str

    @classmethod
    def after(cls, files: Files, layout: Layout) -> Slot:
        """The place after those there are.

        Raises:
            NotSealable: a signature protects the list of signatures, or numbers its parts in a way unknown here.
            LayoutRefused: the list, or a description it names, cannot be read.
        """
        entries = dict(files.entries)
        records: tuple[Record, ...] = ()
        used, fixed = 0, False
        if layout.signatures is None:
            list_path = f"{layout.root_path[: layout.root_path.rfind('/') + 1]}Signs/Signatures.xml"
            entries[ENTRY] = _linked(layout, list_path)
        else:
            list_path = layout.signatures
            records, used, fixed = _present(files, list_path)
        if not fixed:
            # The first signature that fixes the order of entries has the list directly before its own files.
            entries.pop(list_path, None)
        base, number = list_path.rpartition("/")[0], len(records)
        while any(name.startswith(f"{base}/Sign_{number}/") for name in entries):
            number += 1
        return cls(entries, list_path, records, used, f"{base}/Sign_{number}")

    def prepare(
        self, kind: Kind, at: datetime, *, lock: bool, stamps: Sequence[StampAnnot] = (), seal: bytes | None = None
    ) -> Prepared:
        """The package with the list, the seal's file and Signature.xml of one more signature; `lock` protects the list.

        `stamps` are numbered from `used + 2` on.
        """
        names = ("Signature.xml", "SignedValue.dat", "Seal.esl")
        described, value, seal_path = (f"{self.folder}/{name}" for name in names)
        record = Record(f"s{self.used + 1:03}", kind, described)
        entries = dict(self.entries)
        entries[self.list_path] = write_records((*self.records, record), stamps[-1].id if stamps else record.id)
        if seal is not None:
            entries[seal_path] = seal
        # The order of the references is the order of the entries: see `signing.ofd.order`.
        references = [(name, sm3_of_file(data)) for name, data in entries.items() if lock or name != self.list_path]
        description = write_description(references, stamps, None if seal is None else seal_path, value, at)
        entries[described] = description
        return Prepared(entries, described, value, sm3(description))


def check_certificate(certificate: Certificate, at: datetime) -> None:
    """Raise NotSealable when the signer's certificate is not valid at `at`."""
    if not certificate.not_before <= at <= certificate.not_after:
        raise NotSealable(
            f"the signer's certificate is valid from {certificate.not_before:%Y-%m-%d} to "
            f"{certificate.not_after:%Y-%m-%d}; nothing was sealed. Renew it."
        )


def _linked(layout: Layout, list_path: str) -> bytes:
    """OFD.xml with the link to the list of signatures, the last part of DocBody by the schema."""
    etree.SubElement(only(layout.entry, "DocBody", ENTRY), tag("Signatures")).text = f"/{list_path}"
    return etree.tostring(layout.entry.getroottree(), encoding="UTF-8", xml_declaration=True)


def _present(files: Files, list_path: str) -> tuple[tuple[Record, ...], int, bool]:
    """The records there are, the highest number used, and whether one fixes the order; none may protect the list."""
    records, largest = read_records(files, list_path)
    used = 0 if largest is None else _number(largest, list_path)
    fixed = False
    for record in records:
        description = read_description(files, record.path)
        if any(path == list_path for path, _ in description.references):
            raise NotSealable(
                f"signature {record.id} closes the list of signatures, so a further seal would break it. "
                "Nothing was sealed; seal the unsealed document again, with lock only at the last seal."
            )
        fixed = fixed or description.orders_entries
        used = max(used, _number(record.id, list_path), *(_number(one.id, list_path) for one in description.stamps))
    return records, used, fixed


def _number(identifier: str, path: str) -> int:
    found = number_of(identifier)
    if found is None:
        raise NotSealable(
            f"{path} numbers its signatures in a way unknown here ({identifier[:20]!r}); nothing was sealed."
        )
    return found
