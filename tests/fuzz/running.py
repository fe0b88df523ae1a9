"""Starts atheris (libFuzzer for Python) on one of the targets, with what this house makes as the first inputs."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import atheris

from tests.fuzz.mutating import Mutate


def run(target: Callable[[bytes], None], seeds: Callable[[], Iterable[bytes]], mutate: Mutate | None = None) -> None:
    """Fuzz until the time given on the command line (`-max_total_time=60`) is over or something is found.

    What is found is written to the working folder as `crash-…`, `timeout-…` or `oom-…`, which the same command
    takes as an argument to run it once more. `mutate` makes three in four of the changes, libFuzzer the others.
    """

    def changed(data: bytes, most: int, seed: int) -> bytes:
        made = atheris.Mutate(data, most) if mutate is None or seed % 4 == 0 else mutate(data, seed)
        return bytes(made[:most])

    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(seeds()):
            (Path(folder) / f"{number:03}").write_bytes(seed)
        usual = ["-timeout=10", "-rss_limit_mb=1024", "-max_len=1048576", "-print_final_stats=1"]
        given = sys.argv[1:]
        repeated = any(Path(one).is_file() for one in given)
        atheris.Setup([sys.argv[0], *usual, *given, *([] if repeated else [folder])], target, custom_mutator=changed)
        atheris.Fuzz()


def sealed_files() -> list[bytes]:
    """Good files of this house: sealed, sealed twice, signed after the seal, timestamped."""
    from documents.package import Package
    from signing.demo_pki import Bureau, prepare
    from signing.ofd.seal import Stamp, seal, sign
    from signing.seal.port import LocalSealer
    from signing.timestamp_making import LocalAuthority
    from tests.fuzz.oracle import AROUND

    now = datetime.now(UTC)
    bureau = Bureau("某区行政审批局（测试）", "11420112MB0000000M", "42011200000001")
    with tempfile.TemporaryDirectory() as folder:
        keys = prepare(Path(folder) / "demo", bureau, now - timedelta(days=1))
    page = AROUND["Doc_0/P.xml"].replace(
        b"<ofd:Content/>", b"<ofd:Area><ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox></ofd:Area><ofd:Content/>"
    )
    plain = {name: data for name, data in AROUND.items() if "Signs" not in name} | {"Doc_0/P.xml": page}
    plain["OFD.xml"] = plain["OFD.xml"].replace(b"<ofd:Signatures>/Doc_0/Signs/Signatures.xml</ofd:Signatures>", b"")
    drawn, stamps = Package(plain), [Stamp(0, 10, 10, 42, 42)]
    sealer = LocalSealer(keys.seal, keys.signer)
    once = seal(drawn, sealer, stamps=stamps, at=now, lock=False)
    made = [
        once,
        seal(once, sealer, stamps=stamps, at=now),
        sign(once, keys.signer, at=now),
        seal(drawn, LocalSealer(keys.seal, keys.signer, LocalAuthority(keys.tsa)), stamps=stamps, at=now),
    ]
    return [one.to_bytes() for one in made]
