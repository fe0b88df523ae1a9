"""SM2 signatures a second beside `openssl speed`, the same library's own measure, in the same minute.

    python -m benchmarks.sm2 [--rounds 7]
    python -m benchmarks.sm2 --leak 1000000

Rounds are short and take turns with the command's, so that what else the machine does hits both alike; the command
counts processor time, so ours is counted so too; medians are printed. Above 1.0 is what is spared by computing Z once
a key and keeping contexts open. Two threads show that others run while the library works. With `--leak`, that many
calls are made and the process's memory is printed before, underway and after.
"""

from __future__ import annotations

import argparse
import gc
import re
import shutil
import statistics
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from signing.errors import KeyRefused, SignatureInvalid
from signing.sm2 import PrivateKey, PublicKey, message_digest, tested_library

ROUNDS = 7
SECONDS = 2.0
_ROUND_SECONDS = 1.0
#: Calls of each kind in every 100 of `--leak`; what costs most is called least. Refusals leak elsewhere than successes.
MIX = {
    "sign": 24,
    "sign_digest": 12,
    "verify": 30,
    "verify_digest": 12,
    "verify, refused": 12,
    "generate": 2,
    "open a public key": 4,
    "open a point off the curve": 2,
    "load encrypted PEM or DER": 1,
    "write encrypted PEM or DER": 1,
}


def rate(work: Callable[[], object], seconds: float = SECONDS) -> float:
    """Calls a second."""
    begin, count = time.perf_counter(), 0
    while (passed := time.perf_counter() - begin) < seconds:
        for _ in range(50):
            work()
        count += 50
    return count / passed


def processor_rate(work: Callable[[], object], seconds: float) -> float:
    """Calls a second of this thread's processor time, as `openssl speed` counts."""
    begin, count = time.thread_time(), 0
    while (passed := time.thread_time() - begin) < seconds:
        for _ in range(50):
            work()
        count += 50
    return count / passed


def openssl_speed(seconds: int = 1) -> tuple[float, float] | None:
    """Signatures and verifications a second of the `openssl` command."""
    if shutil.which("openssl") is None:
        return None
    told = subprocess.run(
        ["openssl", "speed", "-seconds", str(seconds), "sm2"], capture_output=True, text=True, check=False
    ).stdout
    found = re.search(r"SM2.*?s\s+[\d.]+s\s+([\d.]+)\s+([\d.]+)", told)
    return None if found is None else (float(found[1]), float(found[2]))


def resident_kb() -> int:
    """Memory of this process that is in use now, in KB."""
    gc.collect()
    found = re.search(r"VmRSS:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) if found else 0


def mixed(count: int) -> Counter[str]:
    """Make `count` calls in the proportions of `MIX`; gives how many of each were made.

    Raises:
        RuntimeError: a call that must be refused was not.
    """
    key, message = PrivateKey.generate(), b"x" * 100
    public, digest = key.public(), message_digest(key.point, message)
    signature, library = key.sign(message), tested_library()
    files = (key.encrypted_pem(b"passphrase"), key.encrypted_der(b"passphrase"))
    off_the_curve = b"\x04" + bytes(64)

    def refused(work: Callable[[], object], error: type[Exception]) -> None:
        try:
            work()
        except error:
            return
        raise RuntimeError("a call that must be refused was not")

    work: dict[str, Callable[[int], object]] = {
        "sign": lambda _: key.sign(message),
        "sign_digest": lambda _: key.sign_digest(digest),
        "verify": lambda _: public.verify(message, signature),
        "verify_digest": lambda _: public.verify_digest(digest, signature),
        "verify, refused": lambda _: refused(lambda: public.verify(b"y", signature), SignatureInvalid),
        # a new key signs and verifies, so that its own contexts are made and freed too
        "generate": lambda _: PublicKey._open(library, (fresh := PrivateKey.generate()).point).verify(
            message, fresh.sign(message)
        ),
        "open a public key": lambda _: PublicKey._open(library, key.point).verify(message, signature),
        "open a point off the curve": lambda _: refused(lambda: PublicKey._open(library, off_the_curve), KeyRefused),
        "load encrypted PEM or DER": lambda n: PrivateKey.load(files[n % 2], b"passphrase"),
        "write encrypted PEM or DER": lambda n: key.encrypted_pem(b"x") if n % 2 else key.encrypted_der(b"x"),
    }
    order = [name for name, share in MIX.items() for _ in range(share)]
    made: Counter[str] = Counter()
    for number in range(count):
        name = order[number % len(order)]
        work[name](number // len(order))
        made[name] += 1
    return made


def leak(count: int) -> None:
    """Make `count` calls in ten parts, printing the memory after each."""
    mixed(2000)
    before, begin, made = resident_kb(), time.perf_counter(), Counter[str]()
    print(f"before: {before} KB (after 2,000 calls to warm up)")
    for _ in range(10):
        made += mixed(count // 10)
        now = resident_kb()
        print(f"after {sum(made.values()):9,} calls: {now} KB, {now - before:+d} KB", flush=True)
    for name, number in made.items():
        print(f"{name:28} {number:9,}")
    print(f"{time.perf_counter() - begin:.0f} s")


def compare(rounds: int) -> None:
    """Print medians of rounds that take turns with the command's."""
    key = PrivateKey.generate()
    public, message = key.public(), b"x" * 100
    signature, digest = key.sign(message), message_digest(key.point, message)
    jobs: dict[str, Callable[[], object]] = {
        "sign": lambda: key.sign(message),
        "sign_digest": lambda: key.sign_digest(digest),
        "verify": lambda: public.verify(message, signature),
        "verify_digest": lambda: public.verify_digest(digest, signature),
    }
    figures: dict[str, list[float]] = {}
    for _ in range(rounds):
        for name, work in jobs.items():
            figures.setdefault(name, []).append(processor_rate(work, _ROUND_SECONDS))
        peer = openssl_speed()
        if peer is not None:
            figures.setdefault("openssl sign", []).append(peer[0])
            figures.setdefault("openssl verify", []).append(peer[1])
        with ThreadPoolExecutor(2) as pool:
            both = sum(pool.map(lambda _: rate(jobs["sign"], _ROUND_SECONDS), range(2)))
        figures.setdefault("sign, two threads, clock", []).append(both)
    for name, values in figures.items():
        print(f"{name:24} {statistics.median(values):8.0f} /s   ({min(values):.0f} to {max(values):.0f})")
    for name, peer_name in (("sign", "openssl sign"), ("verify", "openssl verify")):
        if peer_name in figures:
            ratios = [ours / theirs for ours, theirs in zip(figures[name], figures[peer_name], strict=True)]
            print(
                f"{name} is {statistics.median(ratios):.2f} of the command's ({min(ratios):.2f} to {max(ratios):.2f})"
            )


def main() -> None:
    """Compare, or look for a leak."""
    parser = argparse.ArgumentParser(description="SM2 beside `openssl speed sm2`, or its memory over many calls.")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of one second a job (default %(default)s)")
    parser.add_argument("--leak", type=int, metavar="CALLS", help="make so many calls and print the memory")
    options = parser.parse_args()
    if options.leak:
        leak(options.leak)
    else:
        compare(options.rounds)


if __name__ == "__main__":
    main()
