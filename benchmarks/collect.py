"""How fast records come in: read, judged, sealed, merged, with history and cursor, beside floors and a peer in one run.

A generated file of companies with 12 columns is collected into an empty store and collected again unchanged, each in
a process of its own whose greatest memory is told. Beside it, on the same rows and the same PostgreSQL:

- raw COPY of the file's own bytes into a bare table without an index, and the schema's judgement alone; one after the
  other they are the floor;
- dlt doing its nearest equivalent (`benchmarks/dlt_peer.py`), on a smaller number of rows since it is slower.

Usage: python -m benchmarks.collect --rows 1000000 --small 100000 --rounds 3 --peer-rows 100000
Without them it runs a tenth of that and no dlt. Figures are medians of the rounds, and the rounds take turns.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg2

from core.settings import Mode, Settings
from hub.collect import collect
from hub.context import open_hub
from onebox.postgres import Cluster
from schemas.judge import judge
from store.migrate import migrate
from store.vault import make_keyring

RESOURCE = "market.company"
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
HEADER = (
    "source_year", "name", "code", "registered_on", "type", "legal_rep_masked", "capital", "scope",
    "province", "city", "address", "code_class",
)  # fmt: skip
_TABLE = f"floor_table ({', '.join(f'{name} text' for name in HEADER)})"


def code(number: int) -> str:
    """A well-formed credit code for a number."""
    body = f"91420112{number:09d}"
    total = sum(_ALPHABET.index(sign) * pow(3, place, 31) for place, sign in enumerate(body))
    return body + _ALPHABET[(31 - total % 31) % 31]


def companies(rows: int) -> Iterator[list[str]]:
    """Rows of 12 columns, about 200 bytes each."""
    for n in range(1, rows + 1):
        yield [
            "2019", f"武汉测试第{n}号有限公司", code(n), f"2019-{n % 12 + 1:02}-{n % 28 + 1:02}", "有限责任公司",
            "张**", f"{n % 900 + 1}(万元)", "软件开发，技术咨询，食品销售", "湖北", "武汉",
            f"东西湖区金山大道{n}号", "uscc18_valid",
        ]  # fmt: skip


def write_file(path: Path, rows: int) -> Path:
    """A CSV of generated companies."""
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(HEADER)
        writer.writerows(companies(rows))
    return path


def raw_copy(url: str, file: Path, rows: int) -> float:
    """Rows a second of COPY with the file as it is."""
    connection = psycopg2.connect(url)
    with connection, connection.cursor() as cursor:
        cursor.execute(f"drop table if exists floor_table; create table {_TABLE}")
    began = time.perf_counter()
    with connection, connection.cursor() as cursor, file.open("rb") as stream:
        cursor.copy_expert("copy floor_table from stdin (format csv, header)", stream)
    took = time.perf_counter() - began
    with connection, connection.cursor() as cursor:
        cursor.execute("drop table floor_table")
    connection.close()
    return rows / took


def judging(rows: int) -> float:
    """Rows a second of the schema alone, on rows that are cut already."""
    records = [dict(zip(HEADER, row, strict=True)) for row in companies(min(rows, 100_000))]
    began = time.perf_counter()
    for record in records:
        if judge(RESOURCE, record).record is None:
            raise SystemExit("a generated row is not good")
    return len(records) / (time.perf_counter() - began)


def collect_here(home: Path, url: str, file: Path) -> None:
    """The child: one collect; prints rows, seconds, and the greatest memory of it and of one that judges, in bytes."""
    settings = Settings(home, url, home / "sources.toml", home / "keys", Mode.DEMO)
    with open_hub(settings) as hub:
        began = time.perf_counter()
        done = collect(hub, RESOURCE, file=file)
        took = time.perf_counter() - began
    own, judging = (
        resource.getrusage(who).ru_maxrss * 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    told = {"landed": done.counts.landed, "changed": done.counts.accepted, "seconds": took}
    print(json.dumps(told | {"peak": own, "judging": judging}))


def collected(home: Path, url: str, file: Path) -> dict[str, float]:
    """One collect in a process of its own."""
    told = subprocess.run(
        [sys.executable, "-m", "benchmarks.collect", "--child", str(home), str(file)],
        env={**os.environ, "HUB_DATABASE_URL": url},
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, float] = json.loads(told.stdout)
    return found


class Bench:
    """A PostgreSQL of its own, a fresh database for each load."""

    def __init__(self, folder: Path) -> None:
        folder.chmod(0o711)
        self.folder = folder
        self.cluster = Cluster(folder / "postgres", secrets_folder=folder / "secrets", durable=True)
        self.cluster.start()
        make_keyring(folder / "keys")
        self._made = 0

    def fresh(self) -> str:
        """The address of an empty, migrated database."""
        self._made += 1
        name = f"load_{self._made}"
        self.cluster.ensure_database(name, owner="postgres")
        url = self.cluster.url(name)
        migrate(url)
        return url

    def drop(self, url: str) -> None:
        """Make room, and let the server write out what it still has in memory."""
        self.cluster.drop_database(url.rpartition("/")[2])
        connection = psycopg2.connect(self.cluster.url())
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("checkpoint")
        connection.close()


def main(rows: int, small: int, rounds: int, peer_rows: int) -> None:
    """Print the table."""
    folder = Path(tempfile.mkdtemp(prefix="hub-bench-", dir="/var/tmp"))
    bench = Bench(folder)
    figures: dict[str, list[float]] = {}

    def note(name: str, value: float) -> None:
        figures.setdefault(name, []).append(value)

    try:
        files = {size: write_file(folder / f"{size}.csv", size) for size in {rows, small}}
        for number in range(1, rounds + 1):
            for size, file in sorted(files.items()):
                print(f"round {number} of {rounds}: {size:,} rows …", file=sys.stderr, flush=True)
                url = bench.fresh()
                note(f"copy {size}", raw_copy(url, file, size))
                note(f"judge {size}", judging(size))
                for which in ("first", "second"):
                    done = collected(folder, url, file)
                    if done["landed"] != size or done["changed"] != (size if which == "first" else 0):
                        raise SystemExit(f"the {which} collect of {size} rows did {done}")
                    note(f"{which} {size}", size / done["seconds"])
                    note(f"{which} peak {size}", done["peak"])
                    note(f"{which} judging peak {size}", done["judging"])
                bench.drop(url)
        if peer_rows:
            from benchmarks.dlt_peer import run_peer

            print(f"dlt: {peer_rows:,} rows …", file=sys.stderr, flush=True)
            url = bench.fresh()
            file = write_file(folder / "peer.csv", peer_rows)
            for name, loads in run_peer(file, url)["loads"].items():
                for which in ("first", "second"):
                    note(f"dlt {name} {which}", loads[which]["rows_a_second"])
            note("beside first", peer_rows / collected(folder, url, file)["seconds"])
            note("beside second", peer_rows / collected(folder, url, file)["seconds"])
    finally:
        bench.cluster.destroy()
        shutil.rmtree(folder, ignore_errors=True)
    median = {name: statistics.median(values) for name, values in figures.items()}
    for size in sorted(files):
        floor = 1 / (1 / median[f"copy {size}"] + 1 / median[f"judge {size}"])
        first, second = median[f"first {size}"], median[f"second {size}"]
        print(f"{size:,} rows of {len(HEADER)} columns, medians of {rounds}")
        print(f"  raw COPY of the same bytes      {median[f'copy {size}']:>10,.0f} rows/s")
        print(f"  judging alone                   {median[f'judge {size}']:>10,.0f} rows/s")
        print(f"  one after the other: the floor  {floor:>10,.0f} rows/s")
        print(f"  collect, all new                {first:>10,.0f} rows/s   {first / floor:.2f} of the floor")
        print(f"  collect again, all unchanged    {second:>10,.0f} rows/s   {second / first:.1f} times the first")
        print(
            f"  greatest memory                 {median[f'first peak {size}'] / 1e6:>10,.0f} MB first, "
            f"{median[f'second peak {size}'] / 1e6:,.0f} MB second; of a judging process "
            f"{median[f'first judging peak {size}'] / 1e6:,.0f} MB"
        )
    if small != rows:
        growth = (rows / median[f"first {rows}"]) / (small / median[f"first {small}"])
        print(f"{rows / small:.0f} times the rows take {growth:.1f} times as long")
    if peer_rows:
        ours = {"first": median["beside first"], "second": median["beside second"]}
        print(f"dlt beside it, {peer_rows:,} rows (the hub: {ours['first']:,.0f}, again {ours['second']:,.0f} rows/s)")
        for name, value in sorted(median.items()):
            if name.startswith("dlt "):
                which = name.rpartition(" ")[2]
                print(f"  {name[4:]:<28} {value:>10,.0f} rows/s   the hub {ours[which] / value:.1f} times as fast")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        collect_here(Path(sys.argv[2]), os.environ["HUB_DATABASE_URL"], Path(sys.argv[3]))
    else:
        parser = argparse.ArgumentParser()
        parser.add_argument("--rows", type=int, default=100_000)
        parser.add_argument("--small", type=int, default=20_000)
        parser.add_argument("--rounds", type=int, default=3)
        parser.add_argument("--peer-rows", type=int, default=0)
        chosen = parser.parse_args()
        main(chosen.rows, chosen.small, chosen.rounds, chosen.peer_rows)
