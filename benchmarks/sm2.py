"""SM2 signatures a second beside `openssl speed`, the same library's own measure, in the same round.

    python -m benchmarks.sm2

What is above 0.9 of the command is the library's speed, not ours; two threads show that others run meanwhile.
"""

from __future__ import annotations

import re
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from signing.sm2 import PrivateKey, message_digest

ROUNDS = 3
SECONDS = 2.0


def rate(work: Callable[[], object], seconds: float = SECONDS) -> float:
    """Calls a second."""
    begin, count = time.perf_counter(), 0
    while (passed := time.perf_counter() - begin) < seconds:
        for _ in range(50):
            work()
        count += 50
    return count / passed


def openssl_speed() -> tuple[float, float] | None:
    """Signatures and verifications a second of the `openssl` command."""
    if shutil.which("openssl") is None:
        return None
    told = subprocess.run(
        ["openssl", "speed", "-seconds", str(int(SECONDS)), "sm2"], capture_output=True, text=True, check=False
    ).stdout
    found = re.search(r"SM2.*?s\s+[\d.]+s\s+([\d.]+)\s+([\d.]+)", told)
    return None if found is None else (float(found[1]), float(found[2]))


def main() -> None:
    """Print medians."""
    key = PrivateKey.generate()
    public, message = key.public(), b"x" * 100
    signature, digest = key.sign(message), message_digest(key.point, message)
    jobs: dict[str, Callable[[], object]] = {
        "sign": lambda: key.sign(message),
        "sign_digest": lambda: key.sign_digest(digest),
        "verify": lambda: public.verify(message, signature),
    }
    figures: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        for name, work in jobs.items():
            figures.setdefault(name, []).append(rate(work))
        peer = openssl_speed()
        if peer is not None:
            figures.setdefault("openssl sign", []).append(peer[0])
            figures.setdefault("openssl verify", []).append(peer[1])
        with ThreadPoolExecutor(2) as pool:
            both = sum(pool.map(lambda _: rate(jobs["sign"]), range(2)))
        figures.setdefault("sign, two threads", []).append(both)
    for name, values in figures.items():
        print(f"{name:20} {statistics.median(values):8.0f} /s")
    for name, peer_name in (("sign", "openssl sign"), ("verify", "openssl verify")):
        if peer_name in figures:
            ratio = statistics.median(figures[name]) / statistics.median(figures[peer_name])
            print(f"{name} is {ratio:.2f} of the command's")


if __name__ == "__main__":
    main()
