"""What pyHanko says of a PDF signature: structure, cryptography, chain and changes. Imported only when asked.

pyHanko and its certificate validator were made to be met by any file; what they raise over a broken one has no
common base, so everything they raise is an answer here.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from signing.errors import CertificateFault, CertificateRefused, PdfRefused

if TYPE_CHECKING:
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
    from pyhanko.sign.validation.status import PdfSignatureStatus

#: How far two clocks may differ.
TOLERANCE = timedelta(minutes=5)
#: What a licence's streams may grow to, all together, when they are inflated.
_BUDGET = 128 << 20


@dataclass(frozen=True, slots=True)
class Anchors:
    """Whom to trust, and revocation lists, all DER."""

    roots: tuple[bytes, ...]
    lists: tuple[bytes, ...]


def open_reader(data: bytes) -> tuple[PdfFileReader, list[EmbeddedPdfSignature]]:
    """The file as pyHanko reads it, strictly and bounded, and the signatures it finds.

    Raises:
        PdfRefused: pyHanko does not read it.
    """
    from pyhanko.pdf_utils.decode_limits import DecodeLimits, DocumentDecodeBudget
    from pyhanko.pdf_utils.reader import PdfFileReader

    # Refusals are told in the report; what it warns of while refusing is no concern of our log.
    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)
    logging.getLogger("pyhanko_certvalidator").setLevel(logging.CRITICAL)
    try:
        limits = DecodeLimits(document_budget=DocumentDecodeBudget(base_allowance=_BUDGET, max_ratio=4))
        reader = PdfFileReader(BytesIO(data), strict=True, decode_limits=limits)
        encrypted, signatures = reader.encrypted, [] if reader.encrypted else list(reader.embedded_signatures)
    except Exception as error:  # noqa: BLE001 - see above
        raise PdfRefused("文件结构无法读取", f"the file's structure cannot be read ({type(error).__name__})") from None
    if encrypted:
        raise PdfRefused("文件已加密", "the file is encrypted")
    return reader, signatures


def ask(
    embedded: EmbeddedPdfSignature, anchors: Anchors, carried: Sequence[bytes], used: datetime, *, covered: bool
) -> PdfSignatureStatus:
    """pyHanko's status of one signature and its timestamp, their chains judged at `used`.

    Args:
        carried: all certificates (DER) that came along: any of them may stand in either chain.
        covered: whether every issuer must be covered by a revocation list.

    Raises:
        PdfRefused: pyHanko cannot judge it.
    """
    from pyhanko.sign.validation.pdf_embedded import async_validate_pdf_signature
    from pyhanko.sign.validation.settings import KeyUsageConstraints

    usage = KeyUsageConstraints(key_usage={"non_repudiation", "digital_signature"})
    try:
        return _run(
            async_validate_pdf_signature(
                embedded,
                signer_validation_context=_context(anchors, carried, used, covered),
                ts_validation_context=_context(anchors, carried, used, covered),
                key_usage_settings=usage,
            )
        )
    except Exception as error:  # noqa: BLE001 - see above
        raise PdfRefused("签名无法验证", f"the signature cannot be judged ({type(error).__name__})") from None


def _context(anchors: Anchors, carried: Sequence[bytes], moment: datetime, covered: bool) -> Any:
    from pyhanko.keys import load_certs_from_pemder_data
    from pyhanko_certvalidator import ValidationContext

    return ValidationContext(
        trust_roots=[one for root in anchors.roots for one in load_certs_from_pemder_data(root)],
        other_certs=[one for raw in carried for one in load_certs_from_pemder_data(raw)],
        moment=moment,
        allow_fetching=False,
        crls=anchors.lists,
        revocation_mode="require" if covered else "soft-fail",
        # A list made after the signature knows all that happened before it.
        retroactive_revinfo=True,
        time_tolerance=TOLERANCE,
    )


def _run(work: Coroutine[Any, Any, PdfSignatureStatus]) -> PdfSignatureStatus:
    """The result of a coroutine, also from within a running loop, which must not be entered twice."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    found: list[PdfSignatureStatus] = []
    raised: list[BaseException] = []

    def aside() -> None:
        try:
            found.append(asyncio.run(work))
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that asked
            raised.append(error)

    thread = threading.Thread(target=aside)
    thread.start()
    thread.join()
    if raised:
        raise raised[0]
    return found[0]


def read_anchors(trust: Sequence[bytes], lists: Sequence[bytes]) -> Anchors:
    """Certificates from PEM or DER files; SM2 ones, which no PDF reader uses, are passed over.

    Raises:
        CertificateRefused: one of them is no certificate, or a list is no revocation list.
    """
    roots: list[bytes] = []
    try:
        for data in trust:
            der_form = data.startswith(b"\x30")
            read = [x509.load_der_x509_certificate(data)] if der_form else x509.load_pem_x509_certificates(data)
            roots += [one.public_bytes(Encoding.DER) for one in read if _usable(one)]
        for data in lists:
            x509.load_der_x509_crl(data)
    except ValueError:
        raise CertificateRefused(
            CertificateFault.FORM, "a certificate or revocation list to trust cannot be read; nothing was judged."
        ) from None
    return Anchors(tuple(roots), tuple(lists))


def _usable(certificate: x509.Certificate) -> bool:
    try:
        certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return False
    return True
