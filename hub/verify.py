"""Verify a licence file for whoever asks: an operator, a page, a script. Needs no database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.settings import Settings
from documents.package import Package
from documents.render import left_out, render
from hub.trust import Revocation, anchors_of, read_anchors, trust_of
from signing.ofd.verify import verify
from signing.report import Expectation, Report
from signing.seal.parts import Seal

__all__ = ["Drawn", "Expectation", "Report", "Revocation", "anchors_of", "read_anchors", "render_file", "verify_file"]

_PDF = b"%PDF-"


def verify_file(
    data: bytes,
    settings: Settings | None = None,
    *,
    anchors: Sequence[bytes] | None = None,
    at: datetime | None = None,
    expect: Expectation | None = None,
    revocation: Revocation | None = None,
) -> Report:
    """The report on a sealed OFD, or a signed PDF; which it is its first bytes tell. Bad input is an answer, not an
    exception.

    Args:
        settings: whose trusted certificates and revocation lists are used; None = nobody's.
        anchors: certificates (PEM or DER) to trust in place of them.
        at: judge as of this moment; now by default.
        expect: whose seals there must be.
        revocation: what is known of revocation, in place of what this hub's `press.toml` names.

    Raises:
        CertificateRefused: a trusted certificate, a revocation list or answer cannot be read.
        PressMalformed: from `press.toml`.
        LibcryptoMissing: this machine cannot compute SM2.
    """
    if data.startswith(_PDF):
        from hub.pdf import verify_pdf

        return verify_pdf(data, settings, anchors=anchors, at=at, expect=expect, revocation=revocation)
    return verify(data, trust=trust_of(settings, anchors, revocation), at=at, expect=expect)


@dataclass(frozen=True, slots=True)
class Drawn:
    """Pages as PNG, and what the file asks for that our renderer does not draw; empty for a file of ours."""

    pictures: tuple[bytes, ...]
    left_out: tuple[str, ...]


def render_file(data: bytes, *, dpi: float = 120) -> Drawn:
    """The pages as PNG, seals drawn where they stand; a picture proves nothing.

    Raises:
        ContainerRefused: not a sound package.
        NotDrawable: it uses what our renderer does not draw.
    """
    package = Package.read(data)
    pictures = render(package, dpi=dpi, seal_picture=lambda esl: Seal.read(esl).picture)
    return Drawn(tuple(pictures), left_out(package))
