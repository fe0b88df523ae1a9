"""One licence from facts to a verified file: drawn, sealed, read back and verified, on one core; where the time goes.

    python -m benchmarks.licence

Every licence has another holder and number. What was just sealed is verified next, so that the digests of its files
are remembered (`core.digest.sm3_of_file`), as when issuing. The floor is SM2 alone: one signature to seal and one
verification to verify (what the bureau's certificates and its seal were found to be is remembered). Rounds of floor
and work alternate, so that both meet the same machine; processor time of one core, medians. Target: 300 a second.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.seal import ordinary_pages
from documents.licence import draw, seal_place
from signing.certificates import Certificate
from signing.demo_pki import Bureau, prepare
from signing.ofd.seal import Stamp, seal
from signing.ofd.verify import verify
from signing.port import sign_message
from signing.report import Expectation
from signing.seal.port import LocalSealer
from signing.trust import Trust

ROUNDS, COUNT, TEMPLATE = 7, 60, "food"


def main() -> None:
    """Print medians of the steps, the whole, and the floor."""
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory() as folder:
        keys = prepare(
            Path(folder) / "demo", Bureau("某区行政审批局（测试）", "11420112MB0000000M", "42011200000001"), now
        )
    made = ordinary_pages(COUNT * ROUNDS)
    stamps = [Stamp(one.page_index, one.x_mm, one.y_mm, one.w_mm, one.h_mm) for one in seal_place(TEMPLATE)]
    sealer, trust = LocalSealer(keys.seal, keys.signer), Trust.of([keys.root])
    expect = Expectation(credit_code="11420112MB0000000M", es_id="42011200000001", seals=1)
    digest, message = bytes(range(32)), b"x" * 100
    public, signature = Certificate.read(keys.signer.certificate).key, sign_message(keys.signer, message)
    steps: dict[str, list[float]] = {}

    def timed(name: str, work: Callable[[], object], times: int) -> None:
        begin = time.process_time()
        for _ in range(times):
            work()
        steps.setdefault(name, []).append((time.process_time() - begin) / times * 1000)

    size = 0
    for round_number in range(-1, ROUNDS):
        few = made[round_number * COUNT : (round_number + 1) * COUNT] if round_number >= 0 else made[:COUNT]
        timed("SM2 sign (floor)", lambda: keys.signer.sign_digest(digest), COUNT)
        timed("SM2 verify (floor)", lambda: public.verify(message, signature), COUNT)
        spent = dict.fromkeys(("draw", "seal", "verify"), 0.0)
        for page in few:
            # one after the other, as issuing does
            begin = time.process_time()
            drawn = draw(page)
            after_draw = time.process_time()
            data = seal(drawn, sealer, stamps=stamps, at=now).to_bytes()
            after_seal = time.process_time()
            report = verify(data, trust=trust, at=now, expect=expect)
            end = time.process_time()
            if report.verdict.value != "valid":
                raise SystemExit("a licence that was sealed here does not verify; the figures are worth nothing")
            spent["draw"] += after_draw - begin
            spent["seal"] += after_seal - after_draw
            spent["verify"] += end - after_seal
            size = len(data)
        for name, seconds in (*spent.items(), ("all three", sum(spent.values()))):
            steps.setdefault(name, []).append(seconds / len(few) * 1000)
    medians = {name: statistics.median(values[1:]) for name, values in steps.items()}
    print(f"template {TEMPLATE}, {size / 1024:.0f} KiB a licence, {ROUNDS} rounds of {COUNT}, warm")
    for name, milliseconds in medians.items():
        print(f"{name:20} {milliseconds:7.3f} ms {1000 / milliseconds:8.0f} /s")
    floor = medians["SM2 sign (floor)"] + medians["SM2 verify (floor)"]
    print(f"all three take {medians['all three'] / floor:.1f} times the floor of {floor:.3f} ms")


if __name__ == "__main__":
    main()
