"""Proofs as they are brought: files of a type that is looked at and not believed, or papers seen at the counter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from archive.formats import FORMATS
from hub.retrieval_errors import ProofUnfit
from hub.retrieval_parts import LARGEST_PROOF, MOST_PROOFS, Proof, ProofGiven
from store.archive_requests import NewFile

#: What a scan, a photograph or an electronic document is, by its first bytes.
_TYPES: Final = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"PK\x03\x04", "application/ofd"),
)


def files_of(proofs: Sequence[ProofGiven]) -> list[NewFile]:
    """The proofs as they are kept.

    Raises:
        ProofUnfit: a file is empty, too large, damaged, or neither PDF, OFD, PNG nor JPEG; or there are too many.
    """
    if len(proofs) > MOST_PROOFS:
        raise ProofUnfit(
            f"a request takes {MOST_PROOFS} proofs at most, these are {len(proofs)}; nothing was taken in. Put pages "
            "that belong together into one file."
        )
    found = []
    for one in proofs:
        if one.kind is Proof.SIGNED_IN:
            raise ProofUnfit("a sign-in is seen by the hub itself and not brought as a proof; nothing was taken in.")
        found.append(
            NewFile("proof", None, proof=one.kind.value)
            if one.data is None
            else NewFile("proof", one.data, _type_of(one.kind, one.data), one.kind.value)
        )
    return found


def _type_of(kind: Proof, data: bytes) -> str:
    if len(data) > LARGEST_PROOF:
        raise ProofUnfit(
            f"the file of proof {kind.value} has {len(data):,} bytes where {LARGEST_PROOF:,} are taken; nothing was "
            "taken in. Scan it with fewer dots or split it."
        )
    for mark, media_type in _TYPES:
        if data.startswith(mark) and FORMATS[media_type].holds(data):
            return media_type
    raise ProofUnfit(
        f"the file of proof {kind.value} is empty, damaged, or neither PDF, OFD, PNG nor JPEG; nothing was taken in. "
        "Attach it again in one of these."
    )
