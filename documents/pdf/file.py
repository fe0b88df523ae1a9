"""A PDF that is drawn but not closed: a seal may still be laid on its pages before its table is written.

Everything is one revision. Whoever seals hands in further objects; page, catalog and the cross-reference
table are written at the very end, so a sealed file never carries an update that came after.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from documents.pdf.objects import numbered
from documents.places import Place

#: The version, and four bytes that tell a transfer program that this is no text (ISO 32000-1, 7.5.2).
HEADER = b"%PDF-1.7\n%\xe4\xb8\xad\xe5\n"
_CATALOG = 1
_NONE: Mapping[int, bytes] = {}


@dataclass(frozen=True, slots=True)
class OpenPage:
    """A page whose annotations are still open: its object number, its size in mm, its entries so far."""

    number: int
    width_mm: float
    height_mm: float
    entries: bytes


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PdfDocument:
    """A licence as numbered objects: the catalog, the open pages from 2 on, then whole objects.

    The latter are `pieces` one after the other, each object as many bytes of them as `lengths` tells. `places` are
    where its template wants seals; `catalog` and `trailer` are dictionary entries.
    """

    doc_id: str
    catalog: bytes
    trailer: bytes
    pages: tuple[OpenPage, ...]
    pieces: tuple[bytes, ...]
    lengths: tuple[int, ...]
    places: tuple[Place, ...]

    @property
    def next_number(self) -> int:
        """The number of the first object that may be added."""
        return 2 + len(self.pages) + len(self.lengths)

    def to_bytes(self) -> bytes:
        """The file as it is, unsigned; the same pages give the same bytes."""
        return b"".join(self.parts())

    def parts(
        self, more: Sequence[bytes] = (), catalog: bytes = b"", annotations: Mapping[int, bytes] = _NONE
    ) -> list[bytes]:
        """The whole file in pieces: header, objects, those of `more` one by one, at last the table with the trailer.

        Args:
            more: further objects, numbered one by one from `next_number`; they stand last, in this order.
            catalog: further entries of the catalog.
            annotations: references to the annotations of pages, by page from 0.
        """
        found = [HEADER, numbered(_CATALOG, b"<<%b%b>>" % (self.catalog, catalog))]
        for index, page in enumerate(self.pages):
            referred = annotations.get(index)
            annots = b"" if referred is None else b"/Annots[%b]" % referred
            found.append(numbered(page.number, b"<<%b%b>>" % (page.entries, annots)))
        offsets = tuple(accumulate((*map(len, found), *self.lengths, *map(len, more))))
        found += self.pieces
        found += more
        count = len(offsets)
        # Every entry has twenty bytes, the end of its line among them (ISO 32000-1, 7.5.4).
        table = ("%010d 00000 n \n" * (count - 1) % offsets[:-1]).encode()
        found.append(
            b"xref\n0 %d\n0000000000 65535 f \n%b"
            b"trailer\n<</Size %d/Root 1 0 R%b/ID[<%b><%b>]>>\nstartxref\n%d\n%%%%EOF\n"
            % (count, table, count, self.trailer, self.doc_id.encode(), self.doc_id.encode(), offsets[-1])
        )
        return found
