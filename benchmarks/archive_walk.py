"""The walk over the archive's holdings 馆藏巡检, of a stock of packages in a real database, with no bound on its rate.

    python -m benchmarks.archive_walk [--count 5000] [--profile]

The stock: packages of three JSON files and a sealed licence each, written durably, checked and entered as deposit does
(check, entry of the log, catalogue); the cases are made up. Then `hub.keeping.walk` checks all of them once, one after
the other as it does at night: a file read, all items with signature and seal, SM3 and SHA-256 against table and log,
the report kept in a transaction of its own. Floor: the same files read and checked without a database. PostgreSQL is
durable, on the same cores. How long the district's 129,121 would take is extrapolated and said to be.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import time
from collections.abc import Iterator
from datetime import datetime
from itertools import cycle

from archive.package import build
from archive.stages import VolumePart
from benchmarks.archive_check import MANY, sealed_licences, small_case
from benchmarks.reseal import STOCK, world
from core.clock import SHANGHAI
from core.digest import sha256
from hub.archive_store import ArchiveStore
from hub.catalogue import package_of, record_of
from hub.context import Hub, open_hub
from hub.inspect import Stage, check_package
from hub.keeping import walk
from hub.press import DEMO, Press
from hub.trust import trust_of
from schemas.records.base import Subject
from signing.demo_pki import open_keys
from store import archive_packages
from store.connection import fetch_all, transaction


def stock(hub: Hub, count: int) -> int:
    """Fill the archive with so many packages; their bytes."""
    now = datetime.now(SHANGHAI).replace(microsecond=0)
    press, store = Press.open(hub.settings), ArchiveStore.of(hub.settings)
    licences = cycle(sealed_licences(open_keys(hub.settings.keys / DEMO), now, min(MANY, count)))
    total = 0
    for number in range(1, count + 1):
        case = small_case(number, now, next(licences))
        package = build(case, lambda listed: press.sign_detached(listed, now))
        checked = check_package(package.data, press.trust, settings=hub.settings)
        checked.demand_valid()
        path = f"archive/{now.year}/{package.name}"
        store.put(path, package.data)
        holder = Subject("company", f"91420112MA{number:08d}")
        record = record_of(hub, case, holder, stage=VolumePart.OVERSIGHT.value)
        new = package_of(package.data, checked, record, file_no=case.electronic_file_no, path=path)
        with transaction(hub.connection) as cursor:
            archive_packages.add(cursor, new, hub.clock.now())
        total += len(package.data)
    return total


def floor(hub: Hub) -> None:
    """Read and check every package, and digest it for the log."""
    store, trust = ArchiveStore.of(hub.settings), trust_of(hub.settings)
    for data in _files(hub, store):
        checked = check_package(data, trust, settings=hub.settings, stage=Stage.KEEPING)
        if checked.verdict.value != "valid" or not sha256(data):
            raise SystemExit("a package is not sound; the figures are worth nothing")


def _files(hub: Hub, store: ArchiveStore) -> Iterator[bytes]:
    for (path,) in fetch_all(hub.connection, "select path from archive_package order by file_no"):
        yield store.get(path)


def main() -> None:
    """Print figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=5_000, help="packages")
    parser.add_argument("--profile", action="store_true", help="show where the walk's time goes")
    asked = parser.parse_args()
    with world() as settings, open_hub(settings) as hub:
        began = time.perf_counter()
        size = stock(hub, asked.count)
        took = time.perf_counter() - began
        print(f"{asked.count:,} packages, {size:,} bytes, taken in at {asked.count / took:,.0f}/s")
        if asked.profile:
            profile = cProfile.Profile()
            profile.runcall(lambda: walk(hub, days=0, rate=0))
            pstats.Stats(profile).sort_stats("tottime").print_stats(40)
            return
        for title in ("floor: read and check", "walk", "floor: read and check", "walk"):
            wall, processor = time.perf_counter(), time.process_time()
            if title == "walk":
                walked = walk(hub, days=0, rate=0)
                walked.demand_sound()
                if walked.checked != asked.count:
                    raise SystemExit(f"{walked.checked} of {asked.count} were checked; the figures are worth nothing")
            else:
                floor(hub)
            wall, processor = time.perf_counter() - wall, time.process_time() - processor
            hours = wall / asked.count * STOCK / 3600
            print(
                f"  {title:24}{asked.count / wall:8,.0f}/s{size / wall / 1e6:8,.0f} MB/s, processor "
                f"{processor / asked.count * 1000:.2f} ms each; {STOCK:,} would take {hours:.2f} h (extrapolated)"
            )


if __name__ == "__main__":
    main()
