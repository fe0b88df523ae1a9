"""Putting a seal on a licence's PDF: a certified, finished document in one revision (PAdES B-T, ISO 32000-1 12.8).

The objects of the seal are made once for each kind of document; a licence costs one SHA-256 over its bytes, one
signature and one timestamp.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from cryptography import x509

from documents.pdf import OpenPage, PdfDocument
from documents.pdf.objects import moment, text
from documents.pdf.picture import Picture
from documents.places import Place
from signing.errors import CertificateFault, CertificateRefused, ContentsTooSmall, PdfNotSealable
from signing.pdf.cms import CmsTemplate, DigestTimestamp
from signing.pdf.stamps import Stamped, stamp
from signing.port import Signer

#: Room for a token: an authority that sends its whole chain needs some 6 KB, two in the file.
_TOKEN_ROOM = 6144
_SOME = 64


@dataclass(frozen=True, slots=True)
class PdfSeal:
    """The registered seal of an organ: its name and its picture."""

    name: str
    picture: Picture = field(repr=False)

    @classmethod
    def of(cls, name: str, png: bytes) -> PdfSeal:
        """From the picture of the seal register. Raises PictureRefused: no PNG, damaged or too large."""
        return cls(name, Picture.of(png))


class PdfSealer:
    """Seals documents with one seal and one key; safe from any thread when its signer and timestamp are."""

    def __init__(
        self,
        signer: Signer,
        seal: PdfSeal,
        *,
        chain: Sequence[bytes] = (),
        timestamp: DigestTimestamp | None = None,
        reason: str = "电子证照签发",
        location: str | None = None,
        token_room: int = _TOKEN_ROOM,
    ) -> None:
        """Nothing is signed yet.

        Args:
            signer: a P-256 or RSA key.
            chain: certificates (DER) between the signer's and the root; the root itself may be left out.
            timestamp: asked for a token over every signature; what it raises passes through. None makes B-B.
            token_room: bytes kept for a token; the file grows by twice as many.

        Raises:
            KeyRefused: the signer's key is an SM2 key.
            CertificateRefused: its certificate cannot be read.
        """
        try:
            read = x509.load_der_x509_certificate(signer.certificate)
            self._valid = read.not_valid_before_utc, read.not_valid_after_utc
        except ValueError:
            raise CertificateRefused(
                CertificateFault.FORM, "the signer's certificate cannot be read; nothing was sealed."
            ) from None
        self._cms = CmsTemplate(signer, chain, timestamp)
        self._seal = seal
        self._room = 2 * (self._cms.longest + (0 if timestamp is None else token_room + _SOME))
        told = b"/Name %b/Reason %b" % (text(seal.name), text(reason))
        self._told = told + (b"" if location is None else b"/Location %b" % text(location))
        self._stamped = lru_cache(maxsize=_SOME)(self._stamp)

    def seal(self, document: PdfDocument, at: datetime, places: Sequence[Place] | None = None) -> bytes:
        """The sealed file.

        Args:
            at: the signing time, with a zone; whole seconds are kept.
            places: where the seal stands, the signature field first; the template's own places by default.

        Raises:
            PdfNotSealable: a place off its page, or the certificate is not valid at `at`.
            ContentsTooSmall: the timestamp is larger than the room kept for it.
            SignerUnavailable, KeyRefused, TimestampUnavailable: from signer and timestamp authority.
        """
        if at.tzinfo is None:
            raise ValueError("a signing time needs a zone")
        if not self._valid[0] <= at <= self._valid[1]:
            raise PdfNotSealable(
                f"the signer's certificate is valid from {self._valid[0]:%Y-%m-%d} to {self._valid[1]:%Y-%m-%d}; "
                "nothing was sealed. Renew it."
            )
        wanted = document.places if places is None else tuple(places)
        stamped = self._stamped(document.pages, wanted, document.next_number)
        begin = b"%d 0 obj\n<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/M %b%b%b/ByteRange[0 " % (
            stamped.signature,
            moment(at),
            self._told,
            _DOC_MDP,
        )
        # The signature's object is written as long as it will be, so that the table after it is right.
        blank = b"%b%b%b%b%b" % (begin, bytes(_RANGE), _OPENS, bytes(self._room + 2), _CLOSES)
        *parts, _, table = document.parts((*stamped.objects, blank), stamped.catalog, stamped.annotations)
        opens = sum(map(len, parts)) + len(begin) + _RANGE + len(_OPENS)
        closes = opens + self._room + len(b"<>")
        after = _CLOSES + table
        parts += begin, b"%-10d %-10d %-10d" % (opens, closes, len(after)), _OPENS
        before = b"".join(parts)
        hashed = hashlib.sha256(before)
        hashed.update(after)
        signed = self._cms.sign(hashed.digest()).hex().encode()
        if len(signed) > self._room:
            raise ContentsTooSmall(
                f"the signature with its timestamp takes {len(signed) // 2} bytes where {self._room // 2} were kept; "
                "nothing was sealed. Give the sealer a larger token_room."
            )
        return b"".join((before, b"<", signed.ljust(self._room, b"0"), b">", after))

    def _stamp(self, pages: tuple[OpenPage, ...], places: tuple[Place, ...], first: int) -> Stamped:
        return stamp(self._seal.picture, self._seal.name, pages, places, first)


#: Three numbers of ten digits in ByteRange, a space between them.
_RANGE = 3 * 10 + 2
#: What stands between those and the signature's string, and after it.
_OPENS, _CLOSES = b"]/Contents", b">>\nendobj\n"
#: A finished licence: any later change at all breaks it (ISO 32000-1, 12.8.2.2, P = 1).
_DOC_MDP = b"/Reference[<</Type/SigRef/TransformMethod/DocMDP/TransformParams<</Type/TransformParams/P 1/V/1.2>>>>]"
