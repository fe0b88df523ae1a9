"""PDF copies of issued licences, for readers outside the OFD world: the same frozen facts, the same seal's picture.

What signs a PDF is a certificate such readers know (P-256 or RSA); the licence itself is and stays the OFD.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar

from core.digest import sm3
from core.errors import Permanent
from core.settings import Mode, Settings
from documents.errors import PictureRefused
from documents.pdf import draw
from hub.compose import pages_of
from hub.context import Hub, OnStep, no_step
from hub.files import write_durably
from hub.organ_rule import require_one_organ
from hub.press import DEMO, DemoSealRefused, Press, PressUnset, open_token, timestamp_client
from hub.press_file import KeyFile, PdfPart, press_file_of
from hub.seals import require_active
from hub.trust import Revocation, anchors_of, ders_in, known_revocation, other_anchors, other_lists
from signing.demo_pki import TEST_MARK, open_keys
from signing.errors import KeyRefused
from signing.pdf.sealing import PdfSeal, PdfSealer
from signing.pdf.verify import verify
from signing.port import Signer
from signing.report import Expectation, Report
from store import licences, seal_uses
from store.licences import LicenceVersion
from store.seal_uses import DocumentKind
from store.seals import RegisteredSeal

_PUBLISHED = ("published", "archived")


class LicenceNotPublished(Permanent):
    """No licence that was published bears the number, or belongs to the approval, that was asked for."""

    code: ClassVar[str] = "HUB-714"


class PdfRefusedByVerifier(Permanent):
    """A PDF copy that was sealed did not pass our own verifier; it was not written."""

    code: ClassVar[str] = "HUB-715"


@dataclass(frozen=True, slots=True)
class PdfCopy:
    """A PDF copy that was written in this call."""

    approval: str
    number: str
    path: str
    size: int
    sm3: str
    timestamped: bool

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "approval": self.approval,
            "number": self.number,
            "path": self.path,
            "bytes": self.size,
            "sm3": self.sm3,
            "timestamped": self.timestamped,
        }


def make_pdf(hub: Hub, asked: str, out: Path, on_step: OnStep = no_step) -> PdfCopy:
    """Draw a published licence as PDF, seal it, verify it, log the use of the seal, and write it to `out`.

    Args:
        asked: the licence's number, or its approval's.

    Raises:
        LicenceNotPublished: there is no such licence, or it is not published yet.
        SealNotRegistered, SealNotActive: the seal may not be used.
        PressUnset: production mode, and `press.toml` names no key for PDF.
        PdfRefusedByVerifier: our own verifier does not find the sealed PDF valid; it was not written.
        OrganRuleBroken: the licence is of the organ of before, and the PDF would be signed by another.
        DiskRefuses: a Retryable; it could not be written.
        HubError: of drawing, signing or the store.
    """
    licence = _published(hub, asked)
    press = Press.open(hub.settings)
    sealer = pdf_sealer(hub, require_active(hub, press))
    document = draw(*pages_of(licences.facts(hub.connection, hub.vault, licence), press.bureau))
    now = hub.clock.now()
    use = seal_uses.begin_use(
        hub.connection,
        seal_sm3=press.seal_sm3,
        es_id=press.bureau.seal_id,
        case_no=licence.case_no,
        licence=licence.id,
        document_kind=DocumentKind.PDF,
        draft_sm3=sm3(document.to_bytes()),
        now=now,
    )
    on_step("pdf.intended")
    data = sealer.seal(document, now)
    on_step("pdf.sealed")
    report = verify_pdf(data, hub.settings, at=now, expect=Expectation(credit_code=press.bureau.credit_code, seals=1))
    if report.verdict.value != "valid":
        raise PdfRefusedByVerifier(
            f"licence {licence.number}: our own verifier finds the sealed PDF {report.verdict.value} "
            f"({'; '.join(report.lines(quiet=True))}). It was not written. Check the section [pdf] of press.toml and "
            "the roots in keys/trust; the licence itself (OFD) is not affected."
        )
    require_one_organ(hub.settings, data, report, licence.number, now)
    on_step("pdf.verified")
    write_durably(out, data)
    on_step("pdf.written")
    timestamped = all(seal.stamped_at is not None for seal in report.seals)
    seal_uses.settle_use(hub.connection, use, document_sm3=sm3(data), timestamped=timestamped, now=hub.clock.now())
    return PdfCopy(licence.case_no, licence.number, str(out), len(data), sm3(data).hex(), timestamped)


def verify_pdf(
    data: bytes,
    settings: Settings | None = None,
    *,
    anchors: Sequence[bytes] | None = None,
    at: datetime | None = None,
    expect: Expectation | None = None,
    revocation: Revocation | None = None,
) -> Report:
    """The report on a signed PDF; arguments and errors as of `hub.verify.verify_file`.

    OCSP answers and fetching serve OFD only: a PDF is judged by the revocation lists that were given.
    """
    known = known_revocation(settings, anchors, revocation)
    roots = other_anchors(anchors if anchors is not None else anchors_of(settings))
    return verify(data, trust=roots, at=at, expect=expect, lists=other_lists(known.lists))


def _published(hub: Hub, asked: str) -> LicenceVersion:
    found = licences.by_number(hub.connection, asked) or licences.by_approval(hub.connection, asked)
    if found is None or found.state not in _PUBLISHED:
        why = "is not published yet (`hub issue`)" if found is not None else "is in the register"
        what = "the licence" if found is not None else "no licence of this number or approval"
        raise LicenceNotPublished(f"{asked}: {what} {why}. No PDF was made; `hub licences` lists the numbers.")
    return found


def pdf_sealer(hub: Hub, seal: RegisteredSeal) -> PdfSealer:
    """What seals PDFs: the configured key, or in demo mode the demo's.

    Raises:
        PressUnset, DemoSealRefused, KeyRefused, CertificateRefused, SignerUnavailable: from the configuration.
    """
    settings, file = hub.settings, press_file_of(hub.settings)
    client = timestamp_client(file.timestamp) if file.timestamp is not None else None
    stamping = None if client is None else client.token_sha256
    if file.pdf is not None:
        signer, chain = _configured(file.pdf)
    elif settings.mode is Mode.DEMO:
        from signing.timestamp_making import LocalAuthority

        keys = open_keys(settings.keys / DEMO)
        signer, chain = keys.pdf_signer, tuple(ders_in(keys.pdf_root))[1:]
        stamping = stamping or LocalAuthority(keys.pdf_tsa, clock=hub.clock).token_sha256
    else:
        raise PressUnset(
            f"production mode, and {file.path} has no section [pdf]: no PDF was made. "
            "hub/press.example.toml explains its keys."
        )
    if settings.mode is Mode.PRODUCTION and _says_test(signer.certificate):
        raise DemoSealRefused(
            "production mode refuses the demo's key for PDF; nothing was sealed. Configure the bureau's own."
        )
    picture = PdfSeal.of(seal.entry.name, _png(seal))
    return PdfSealer(signer, picture, chain=chain, timestamp=stamping)


def _configured(part: PdfPart) -> tuple[Signer, tuple[bytes, ...]]:
    try:
        chain = tuple(ders_in(part.chain_file.read_bytes())) if part.chain_file is not None else ()
    except OSError as error:
        raise KeyRefused(
            f"{error.filename} cannot be read ({error.strerror}); no PDF was made. Correct [pdf] chain_file."
        ) from None
    if isinstance(part.key, KeyFile):
        from signing.ec_key import EcFileKey

        return EcFileKey.open(part.key.key_file, part.key.certificate_file, part.key.passphrase_file), chain
    return open_token(part.key), chain


def _says_test(certificate: bytes) -> bool:
    from cryptography import x509

    try:
        read = x509.load_der_x509_certificate(certificate)
    except ValueError:
        return False
    return TEST_MARK in read.subject.rfc4514_string() or TEST_MARK in read.issuer.rfc4514_string()


def _png(seal: RegisteredSeal) -> bytes:
    """The seal's picture as PNG, whatever its maker chose."""
    if seal.entry.picture_type.upper() == "PNG":
        return seal.entry.picture
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(BytesIO(seal.entry.picture)) as image:
            written = BytesIO()
            image.convert("RGBA").save(written, "PNG")
    except (UnidentifiedImageError, OSError, ValueError):
        raise PictureRefused(
            f"the picture of seal {seal.entry.es_id} ({seal.entry.picture_type}) cannot be read; no PDF was made. "
            "Ask its maker for a seal with a PNG picture."
        ) from None
    return written.getvalue()
