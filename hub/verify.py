"""Verify a licence file for whoever asks: an operator, a page, a script. Needs no database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from core.settings import Mode, Settings
from documents.package import Package
from documents.render import render
from hub.press import DEMO
from signing.certificates import read_many
from signing.ofd.verify import verify
from signing.report import Report
from signing.seal.parts import Seal
from signing.trust import Trust


def anchors_of(settings: Settings | None) -> list[bytes]:
    """The certificates this hub trusts: every PEM in `keys/trust/`, and outside production the demo's root and TSA."""
    if settings is None:
        return []
    found = sorted((settings.keys / "trust").glob("*.pem"))
    if settings.mode is Mode.DEMO:
        found += sorted((settings.keys / DEMO).glob("root-cert.pem")) + sorted(
            (settings.keys / DEMO).glob("tsa-cert.pem")
        )
    return [path.read_bytes() for path in found]


def read_anchors(paths: Sequence[Path]) -> list[bytes]:
    """Certificates from files, read once so that a wrong file is told apart from a wrong licence.

    Raises:
        CertificateRefused: a file holds no certificate that can be read.
    """
    given = [path.read_bytes() for path in paths]
    for data in given:
        read_many(data)
    return given


def trust_of(settings: Settings | None, anchors: Sequence[bytes] | None) -> Trust:
    """Given anchors and nothing else, or those of this hub."""
    return Trust.of(anchors if anchors is not None else anchors_of(settings))


def verify_file(
    data: bytes, settings: Settings | None = None, *, anchors: Sequence[bytes] | None = None, at: datetime | None = None
) -> Report:
    """The report on a sealed OFD. Bad input is an answer, not an exception.

    Args:
        settings: whose trusted certificates are used; None = nobody's.
        anchors: certificates (PEM or DER) to trust in place of them.
        at: judge as of this moment; now by default.

    Raises:
        CertificateRefused: a trusted certificate cannot be read.
        LibcryptoMissing: this machine cannot compute SM2.
    """
    return verify(data, trust=trust_of(settings, anchors), at=at)


def render_file(data: bytes, *, dpi: float = 120) -> list[bytes]:
    """The pages as PNG, seals drawn where they stand; a picture proves nothing.

    Raises:
        ContainerRefused: not a sound package.
        NotDrawable: it uses what our renderer does not draw.
    """
    return render(Package.read(data), dpi=dpi, seal_picture=lambda esl: Seal.read(esl).picture)
