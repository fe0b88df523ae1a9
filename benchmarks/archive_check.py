"""Archive packages built, and checked for the four properties 四性检测, by one process; small ones and a large one.

    python -m benchmarks.archive_check [--profile build|check] [--large MB] [--rounds N]

Small: three JSON files and a sealed licence, a hundred different ones in turn. Bare: the same without the licence.
Large: one package of scans. "Check" is `hub.inspect.check_package`, as at deposit and in keeping: container, metadata,
digests, signature of the digest list, every file's format and what lies in it, the licence's seal; without a virus
scanner, which is another program. "In keeping" adds SHA-256 of the whole file, which the walk holds against the log.

Floors: SM3 and SHA-256 once over the same bytes, by the same library. An archive needs SM3 twice, of each file for the
digest list and of the package for the log; from 4 MiB on the second is computed on a second core, so wall time tells
what a person waits and processor time what it costs. Of small packages the floor is two SM3 and two SM2 verifications.
Peers: `zipfile` reading everything (CRC-32 only), and bagit-python validating the same package as a bag in a folder
(SHA-256), where it is installed (tests/archive/peers.txt). Rounds of all parts alternate; medians.
Targets: check a large package at 60 % of the speed of one SM3; 300 small packages a second and core.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import statistics
import tempfile
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import cycle
from pathlib import Path
from random import Random

from PIL import Image

from archive.bag import to_bag
from archive.case import CaseEvent, CaseFile, CaseFileEntry, CaseFolder, FolderKind, Outcome
from archive.package import build
from archive.retention import Retention, RetentionRule
from benchmarks.seal import BUREAU, ordinary_pages
from core.clock import SHANGHAI
from core.digest import sha256, sm3
from documents.licence import draw, seal_place
from hub.inspect import Stage, check_package
from signing.certificates import Certificate
from signing.demo_pki import DemoKeys, prepare
from signing.detached import sign_detached
from signing.ofd.seal import Stamp, seal
from signing.port import sign_message
from signing.seal.port import LocalSealer
from signing.trust import Trust

MANY, TEMPLATE = 100, "food"
Work = Mapping[str, Callable[[], object]]


def case_of(number: int, now: datetime, files: Mapping[FolderKind, Sequence[CaseFileEntry]]) -> CaseFile:
    """An ordinary case with these files."""
    return CaseFile(
        electronic_file_no=f"420112-food-2026-{number:05d}",
        project_no=f"SP2026{number:08d}",
        item_code="11420112MB0000000M400012300100001",
        item_name="食品经营许可",
        item_version="3",
        applicant_name="武汉小满餐饮管理有限公司",
        applicant_code_masked="914201********0000",
        organ_name=BUREAU.name,
        organ_code=BUREAU.credit_code,
        retention=RetentionRule(Retention.PERMANENT, "demo", verified=False),
        accepted=(now - timedelta(days=3)).date(),
        decided=(now - timedelta(days=1)).date(),
        outcome=Outcome.GRANTED,
        packed_at=now,
        folders=[CaseFolder(kind, found) for kind, found in files.items()],
        events=[
            CaseEvent("受理", "综合窗口", now - timedelta(days=3), "已受理"),
            CaseEvent("决定", BUREAU.name, now - timedelta(days=1), "准予"),
        ],
    )


def written(name: str, number: int, lines: int, now: datetime) -> CaseFileEntry:
    """A file of a case as the hub writes it: JSON of so many lines."""
    told = {f"材料{line:03d}": f"{name} {number} {line}" for line in range(lines)}
    data = json.dumps(told, ensure_ascii=False, indent=2).encode()
    return CaseFileEntry(name, f"{name}.json", data, "application/json", now - timedelta(days=1))


def sealed_licences(keys: DemoKeys, now: datetime, count: int) -> list[CaseFileEntry]:
    """So many licences of different holders, as files of a case."""
    stamps = [Stamp(one.page_index, one.x_mm, one.y_mm, one.w_mm, one.h_mm) for one in seal_place(TEMPLATE)]
    sealer = LocalSealer(keys.seal, keys.signer)
    files = (seal(draw(page), sealer, stamps=stamps, at=now).to_bytes() for page in ordinary_pages(count))
    return [CaseFileEntry("食品经营许可证", "licence.ofd", file, "application/ofd", now) for file in files]


def small_case(number: int, now: datetime, licence: CaseFileEntry | None) -> CaseFile:
    """A case of three JSON files, and a licence if there is one."""
    files = {
        FolderKind.APPLICATION: [written("受理信息", number, 40, now)],
        FolderKind.PROCESS: [written("共享数据核验记录", number, 80, now)],
        FolderKind.RESULT: [written("办理结果", number, 20, now), *((licence,) if licence else ())],
    }
    return case_of(number, now, files)


def large_case(size: int, now: datetime) -> CaseFile:
    """A case of so many bytes of scans: one picture of noise, each copy with a comment of its own."""
    noise = Image.frombytes("L", (2400, 3300), Random(20261129).randbytes(2400 * 3300))
    drawn = BytesIO()
    noise.save(drawn, "JPEG", quality=60)
    picture = drawn.getvalue()
    scans = []
    for number in range(max(1, size // len(picture))):
        own = b"\xff\xfe\0\x0a" + f"{number:08d}".encode()
        data = picture[:2] + own + picture[2:]
        scans.append(CaseFileEntry("扫描件", f"scan-{number:03d}.jpg", data, "image/jpeg", now - timedelta(days=2)))
    return case_of(99_999, now, {FolderKind.APPLICATION: scans, FolderKind.RESULT: [written("办理结果", 1, 20, now)]})


def parts(keys: DemoKeys, cases: Sequence[CaseFile], now: datetime, folder: Path) -> tuple[int, Work]:
    """Bytes of a package, and the work to measure by name."""
    trust = Trust.of([keys.root])

    def built(case: CaseFile) -> bytes:
        return build(case, lambda listed: sign_detached(listed, keys.signer, now)).data

    packages = [built(case) for case in cases]
    for one in packages:
        check_package(one, trust).demand_valid()
    next_case, next_package = cycle(cases), cycle(packages)

    def in_keeping() -> tuple[str, str]:
        data = next(next_package)
        return check_package(data, trust, stage=Stage.KEEPING, at=now).sm3, sha256(data).hex()

    def zip_test() -> None:
        with zipfile.ZipFile(BytesIO(next(next_package))) as opened:
            if opened.testzip() is not None:
                raise SystemExit("a package of ours is no zip file")

    message, signature = b"x" * 1000, sign_message(keys.signer, b"x" * 1000)
    key = Certificate.read(keys.signer.certificate).key
    work: dict[str, Callable[[], object]] = {
        "build and sign": lambda: built(next(next_case)),
        "check": lambda: check_package(next(next_package), trust),
        "check in keeping": in_keeping,
        "floor: SM3 once": lambda: sm3(next(next_package)),
        "floor: SM2 verify": lambda: key.verify(message, signature),
        "floor: SHA-256 once": lambda: sha256(next(next_package)),
        "peer: zipfile test-read": zip_test,
    }
    try:
        import bagit
    except ImportError:
        print("(bagit-python is not installed here: no peer of that name)")
    else:
        bag = folder / f"bag-{len(packages)}-{len(packages[0])}"
        with zipfile.ZipFile(BytesIO(to_bag(packages[0]))) as opened:
            opened.extractall(bag)
        (root,) = bag.iterdir() if not (bag / "bagit.txt").exists() else (bag,)
        work["peer: bagit validate"] = lambda: bagit.Bag(str(root)).validate()
    return sum(map(len, packages)) // len(packages), work


def measure(work: Work, times: int, rounds: int) -> dict[str, tuple[float, float]]:
    """Median seconds of wall and of processor of each, in rounds that alternate."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in work}
    for number in range(-1, rounds):
        for name, one in work.items():
            wall, processor = time.perf_counter(), time.process_time()
            for _ in range(times):
                one()
            took = ((time.perf_counter() - wall) / times, (time.process_time() - processor) / times)
            if number >= 0:
                found[name].append(took)
    return {
        name: (statistics.median(wall for wall, _ in each), statistics.median(processor for _, processor in each))
        for name, each in found.items()
    }


def main() -> None:
    """Print figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", choices=["build", "check"], help="show where the time of small packages goes")
    parser.add_argument("--large", type=int, default=200, help="MB of the large package; 0 for none")
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()
    now = datetime.now(SHANGHAI).replace(microsecond=0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        keys = prepare(folder / "demo", BUREAU, datetime.now(UTC) - timedelta(days=30))
        small = [small_case(at, now, one) for at, one in enumerate(sealed_licences(keys, now, MANY), start=1)]
        if asked.profile:
            chosen = {"build": "build and sign", "check": "check"}[asked.profile]
            _, work = parts(keys, small, now, folder)
            profile = cProfile.Profile()
            profile.runcall(lambda: [work[chosen]() for _ in range(500)])
            pstats.Stats(profile).sort_stats("tottime").print_stats(45)
            return
        kinds: list[tuple[str, list[CaseFile], int]] = [
            ("bare: three JSON files", [small_case(at, now, None) for at in range(MANY)], 100),
            ("small: three JSON files and a sealed licence", small, 100),
        ]
        if asked.large:
            kinds.append((f"large: scans of {asked.large} MB", [large_case(asked.large * 1_000_000, now)], 1))
        for title, cases, times in kinds:
            size, work = parts(keys, cases, now, folder)
            found = measure(work, times, asked.rounds)
            floor = found["floor: SM3 once"]
            print(f"{title}: {size:,} bytes, {asked.rounds} rounds of {times}")
            print(f"  {'':26}{'wall':>11}{'':>12}{'':>12}{'of SM3':>8}{'processor':>12}{'of SM3':>8}")
            verified = found["floor: SM2 verify"]
            found["floor: two SM3, two SM2"] = (2 * (floor[0] + verified[0]), 2 * (floor[1] + verified[1]))
            for one, (wall, processor) in found.items():
                print(
                    f"  {one:26}{wall * 1000:>9.3f}ms{1 / wall:>10,.0f}/s{size / wall / 1e6:>8,.0f}MB/s"
                    f"{floor[0] / wall:>8.2f}{processor * 1000:>10.3f}ms{floor[1] / processor:>8.2f}"
                )


if __name__ == "__main__":
    main()
