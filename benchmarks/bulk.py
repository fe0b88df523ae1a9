"""A district's whole stock drawn and sealed anew: 5,000 licences over all cores, extrapolated to 129,121.

    python -m benchmarks.bulk [--count 5000] [--processes 2]

Each licence is drawn from its facts, sealed, verified by our own verifier with the expectation of organ and seal, and
written to disk. The register is not in it: this measures what signing and drawing cost. Target: under 5 minutes for
the stock on 2 cores.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.seal import ordinary_pages
from documents.licence import LicencePage, draw, seal_place
from signing.demo_pki import Bureau, open_keys, prepare
from signing.ofd.seal import Stamp, seal
from signing.ofd.verify import verify
from signing.report import Expectation
from signing.seal.port import LocalSealer
from signing.trust import Trust

STOCK, TEMPLATE = 129_121, "food"


def reseal(keys_folder: Path, out: Path, first: int, count: int, made: Sequence[LicencePage]) -> int:
    """Draw, seal, verify and write some licences; the number written."""
    keys, now = open_keys(keys_folder), datetime.now(UTC)
    sealer, trust = LocalSealer(keys.seal, keys.signer), Trust.of([keys.root])
    stamps = [Stamp(one.page_index, one.x_mm, one.y_mm, one.w_mm, one.h_mm) for one in seal_place(TEMPLATE)]
    expect = Expectation(credit_code="11420112MB0000000M", es_id="42011200000001", seals=1)
    for number, page in enumerate(made[first : first + count], first):
        data = seal(draw(page), sealer, stamps=stamps, at=now).to_bytes()
        if verify(data, trust=trust, at=now, expect=expect).verdict.value != "valid":
            raise SystemExit(f"licence {number} does not verify")
        (out / f"{number:06}.ofd").write_bytes(data)
    return count


def measure(count: int, processes: int) -> tuple[float, float]:
    """Licences a second, and the size of one in bytes."""
    with tempfile.TemporaryDirectory() as folder:
        keys_folder, out = Path(folder) / "demo", Path(folder) / "out"
        out.mkdir()
        prepare(
            keys_folder, Bureau("某区行政审批局（测试）", "11420112MB0000000M", "42011200000001"), datetime.now(UTC)
        )
        share = -(-count // processes)
        starts = range(0, count, share)
        with ProcessPoolExecutor(processes) as pool:
            made = ordinary_pages(count)
            warm = [pool.submit(reseal, keys_folder, out, 0, 20, made[:20]) for _ in range(processes)]
            [one.result() for one in warm]
            begin = time.perf_counter()
            jobs = [pool.submit(reseal, keys_folder, out, start, min(share, count - start), made) for start in starts]
            done = sum(job.result() for job in jobs)
            took = time.perf_counter() - begin
        size = sum(path.stat().st_size for path in out.iterdir()) / done
    return done / took, size


def main() -> None:
    """Print the rate and what it means for the stock."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=5_000)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    rate, size = measure(asked.count, asked.processes)
    print(
        f"{asked.count} licences in {asked.count / rate:.1f} s with {asked.processes} processes: {rate:.0f} /s, "
        f"{size / 1024:.0f} KiB each"
    )
    print(f"extrapolated to {STOCK}: {STOCK / rate / 60:.1f} minutes, {STOCK * size / 2**30:.1f} GiB")


if __name__ == "__main__":
    main()
