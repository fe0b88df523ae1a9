"""Licences sealed and verified a second by one core, from package to bytes and from bytes to report.

    python -m benchmarks.seal

The floor of both is SM2 itself: one signature to seal, one or more verifications to verify (what a bureau's
certificates and its seal were found to be is remembered, as it is met again with every licence).
"""

from __future__ import annotations

import tempfile
from datetime import UTC, date, datetime
from pathlib import Path

from benchmarks.sm2 import rate
from documents.licence import LicencePage, draw, fields, seal_place
from documents.package import Package
from signing.demo_pki import Bureau, prepare
from signing.ofd.seal import Stamp, seal
from signing.ofd.verify import verify
from signing.seal.port import LocalSealer
from signing.trust import Trust


def main() -> None:
    """Print figures."""
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory() as folder:
        keys = prepare(
            Path(folder) / "demo", Bureau("某区行政审批局（测试）", "11420112MB0000000M", "42011200000001"), now
        )
    page = LicencePage(
        template="food",
        fields={one.key: "测试内容" for one in fields("food")},
        metadata={"ZZMC": "食品经营许可证"},
        data_xml=b"<a/>",
        qr_text="q",
        doc_id="0" * 32,
        title="t",
        creator="c",
        created=date(2026, 3, 2),
        test_mark=True,
    )
    drawn = draw(page)
    stamps = [Stamp(one.page_index, one.x_mm, one.y_mm, one.w_mm, one.h_mm) for one in seal_place("food")]

    sealer = LocalSealer(keys.seal, keys.signer)

    def sealed() -> bytes:
        return seal(drawn, sealer, stamps=stamps, at=now).to_bytes()

    data, trust = sealed(), Trust.of([keys.root])
    print(f"a sealed licence has {len(data)} bytes in {len(Package.read(data).entries)} files")
    print(f"{'seal':20} {rate(sealed):8.0f} /s")
    print(f"{'verify':20} {rate(lambda: verify(data, trust=trust)):8.0f} /s")
    print(f"{'read the package':20} {rate(lambda: Package.read(data)):8.0f} /s")
    print(f"{'sign with the key':20} {rate(lambda: keys.signer.sign_digest(bytes(range(32)))):8.0f} /s")


if __name__ == "__main__":
    main()
