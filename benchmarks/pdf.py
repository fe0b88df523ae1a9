"""How many licences one core draws and signs as PDF a second, and where the time goes.

    python -m benchmarks.pdf

Every licence has another holder, number and scope. The floor is one P-256 signature in the same process (two with a
timestamp); `openssl speed` says what the curve costs without Python. The peer is pyHanko, which signs the same drawn
document. Rounds of floor and work alternate, so that both meet the same machine; medians, milliseconds per licence.
Targets: 1,500 drawn and signed licences a second on one core, 800 with a timestamp made in the process.
"""

from __future__ import annotations

import hashlib
import logging
import re
import statistics
import subprocess
import tempfile
import time
import zlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from benchmarks.draw import pages
from documents.fonts import FaceName
from documents.parts import LicencePage
from documents.pdf import PdfDocument, write
from documents.pdf.glyphs import beginning
from documents.seal_picture import draw as draw_picture
from documents.sheet import embedded, set_sheets
from signing.certificates import as_pem
from signing.demo_pki import Bureau, DemoKeys, prepare
from signing.pdf.cms import CmsTemplate
from signing.pdf.sealing import PdfSeal, PdfSealer
from signing.pdf.verify import verify
from signing.timestamp_making import LocalAuthority

ROUNDS, COUNT, PEER_COUNT, TEMPLATE = 9, 100, 8, "food"
_FLOOR, _SIGN, _PEER = "P-256 signature (floor)", "sign a drawn document", "pyHanko signs it (peer)"
_PLAIN, _STAMPED = "draw + sign (B-B)", "draw + sign + timestamp (B-T)"


class Times:
    """Milliseconds per piece of work, one figure a round."""

    def __init__(self) -> None:
        self.found: dict[str, list[float]] = {}

    def take(self, name: str, work: Callable[[Any], object], things: Sequence[Any]) -> list[Any]:
        """Do it for all of them, note the time, give the results."""
        begin = time.perf_counter()
        made = [work(one) for one in things]
        self.found.setdefault(name, []).append((time.perf_counter() - begin) / len(things) * 1000)
        return made

    def median(self, name: str) -> float:
        """Of all rounds but the first, which warms up."""
        return statistics.median(self.found[name][1:])


def chain_of(keys: DemoKeys) -> list[bytes]:
    """The certificates a verifier of PDF is given (DER), the root first."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    return [one.public_bytes(Encoding.DER) for one in x509.load_pem_x509_certificates(keys.pdf_root)]


def peer(keys: DemoKeys, chain: Sequence[bytes]) -> Callable[[bytes], bytes]:
    """pyHanko with the same key, its objects kept open between files, an invisible B-B signature."""
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from pyhanko.keys import load_certs_from_pemder_data, load_private_key_from_pemder_data
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import fields, signers
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    store = SimpleCertificateStore()
    for one in chain:
        store.register_multiple(load_certs_from_pemder_data(as_pem(one)))
    private = keys.pdf_signer._key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    signer = signers.SimpleSigner(
        signing_cert=next(iter(load_certs_from_pemder_data(as_pem(keys.pdf_signer.certificate)))),
        signing_key=load_private_key_from_pemder_data(private, passphrase=None),
        cert_registry=store,
    )
    told = signers.PdfSignatureMetadata(
        field_name="Seal",
        md_algorithm="sha256",
        subfilter=fields.SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES,
    )

    def sign(data: bytes) -> bytes:
        out = BytesIO()
        signers.sign_pdf(IncrementalPdfFileWriter(BytesIO(data)), told, signer=signer, output=out)
        return out.getvalue()

    return sign


def main() -> None:
    """Print medians, rates and ratios; fail when a signed licence does not verify."""
    logging.disable(logging.WARNING)
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory() as folder:
        bureau = Bureau("某区行政审批局（测试）", "11420112MB0000000M", "42011200000001")
        keys = prepare(Path(folder) / "demo", bureau, now)
        signer, tsa, trust = keys.pdf_signer, keys.pdf_tsa, keys.pdf_root
        chain = chain_of(keys)
    seal = PdfSeal.of("某区行政审批局电子证照专用章（测试）", draw_picture("某区行政审批局", "电子证照专用章"))
    plain = PdfSealer(signer, seal, chain=chain[1:])
    authority = LocalAuthority(tsa)
    stamped = PdfSealer(signer, seal, chain=chain[1:], timestamp=authority.token_sha256)
    cms = CmsTemplate(signer, chain[1:], None)
    made = pages(TEMPLATE, COUNT * (ROUNDS + 1))
    rounds = [made[number * COUNT : (number + 1) * COUNT] for number in range(ROUNDS + 1)]
    digest, times, sealed = bytes(range(32)), Times(), [b""]

    def drawn(page: LicencePage) -> PdfDocument:
        return write(set_sheets([page]))

    for few in rounds:
        times.take(_FLOOR, lambda _: signer.sign_digest(digest), few)
        times.take(_SIGN, lambda one: plain.seal(one, now), [drawn(page) for page in few])
        times.take("the same with a timestamp", lambda one: stamped.seal(one, now), [drawn(page) for page in few])
        times.take(_PLAIN, lambda page: plain.seal(drawn(page), now), few)
        sealed = times.take(_STAMPED, lambda page: stamped.seal(drawn(page), now), few)
    # The parts by themselves, after the whole, so that what is kept for them does not stand in its way.
    for few in rounds:
        sheets = times.take("  set: layout and code", lambda page: set_sheets([page]), few)
        times.take("  write: fonts and all", write, sheets)
        subsets = times.take("    of it the subset", _subset, sheets)
        times.take("    (HarfBuzz would take)", embedded, sheets)
        times.take("    (deflating it would take)", lambda one: zlib.compress(one, 1), subsets)
        times.take("  SHA-256 of the file", lambda one: hashlib.sha256(one).digest(), sealed)
        times.take("  CMS, its signature in it", lambda _: cms.sign(digest), few)
        times.take("  timestamp, its signature in it", lambda _: authority.token_sha256(digest), few)
    sign_like_pyhanko = peer(keys, chain)
    for few in rounds:
        unsigned = [drawn(page).to_bytes() for page in few[:PEER_COUNT]]
        times.take(_PEER, sign_like_pyhanko, unsigned)
        reports = times.take(
            "verify (pyHanko in it)", lambda one: verify(one, trust=[trust], at=now), sealed[:PEER_COUNT]
        )
        if any(report.verdict.value != "valid" for report in reports):
            raise SystemExit("a licence that was signed here does not verify; the figures are worth nothing")
    print(f"template {TEMPLATE}, {len(sealed[-1]) / 1024:.0f} KiB a licence, {ROUNDS} rounds of {COUNT}, warm")
    for name in times.found:
        print(f"{name:33} {times.median(name):8.3f} ms {1000 / times.median(name):9.0f} /s")
    floor = times.median(_FLOOR)
    for name, signatures in ((_PLAIN, 1), (_STAMPED, 2)):
        print(
            f"{name} takes {times.median(name) / floor / signatures:.1f} times its floor of {signatures} signature(s)"
        )
    ratio = times.median(_PEER) / times.median(_SIGN)
    print(f"pyHanko takes {ratio:.0f} times as long to sign a drawn document")
    print(f"openssl speed ecdsap256: {_openssl()} signatures/s")


def _subset(sheets: Sequence[Any]) -> bytes:
    (sheet,) = sheets
    steady = beginning(FaceName.BODY, sheet.steady.characters[FaceName.BODY])
    return b"".join(steady.and_also(sheet.characters[FaceName.BODY]).file())


def _openssl() -> str:
    told = subprocess.run(
        ["openssl", "speed", "-seconds", "2", "ecdsap256"], capture_output=True, text=True, check=False
    ).stdout
    found = re.search(r"nistp256\)\s+\S+\s+\S+\s+([\d.]+)", told)
    return found[1] if found else "not to be had"


if __name__ == "__main__":
    main()
