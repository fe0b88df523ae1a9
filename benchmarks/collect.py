"""How fast a page lands: judged, sealed, copied, with history and cursor, beside its floors.

Floors in the same run, on the same rows: raw COPY of the canonical bytes into a bare table, and the
schema's judgement alone. Usage: python -m benchmarks.collect [ROWS]   (default 20,000)
"""

from __future__ import annotations

import csv
import io
import shutil
import sys
import tempfile
import time
from pathlib import Path

import psycopg2

from core.settings import Mode, Settings
from hub.collect import collect
from hub.context import open_hub
from onebox.postgres import Cluster
from schemas.judge import judge
from store.migrate import migrate
from store.vault import make_keyring

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_HEADER = [
    "source_year", "name", "code", "registered_on", "type", "legal_rep_masked", "capital", "scope",
    "province", "city", "address", "code_class", "flags",
]  # fmt: skip


def code(number: int) -> str:
    """A well-formed credit code for a number."""
    body = f"91420112{number:09d}"
    total = sum(_ALPHABET.index(sign) * pow(3, place, 31) for place, sign in enumerate(body))
    return body + _ALPHABET[(31 - total % 31) % 31]


def main(rows: int) -> None:
    """Print rows a second for each stage, and the ratio to the floors one after the other."""
    table = [
        [
            "2019", f"武汉测试第{n}号有限公司", code(n), "2019-05-06", "有限责任公司", "张**", f"{n % 900 + 1}(万元)",
            "软件开发，技术咨询，食品销售", "湖北", "武汉", f"东西湖区金山大道{n}号", "uscc18_valid", "",
        ]
        for n in range(1, rows + 1)
    ]  # fmt: skip
    folder = Path(tempfile.mkdtemp(prefix="hub-bench-", dir="/var/tmp"))
    folder.chmod(0o711)
    cluster = Cluster(folder / "postgres", secrets_folder=folder / "secrets", durable=True)
    cluster.start()
    try:
        url = cluster.url()
        migrate(url)
        keys = folder / "keys"
        make_keyring(keys)
        file = folder / "companies.csv"
        with file.open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(_HEADER)
            writer.writerows(table)
        copy = _raw_copy(url, table)
        judging = _judge(table)
        settings = Settings(folder, url, folder / "sources.toml", keys, Mode.DEMO)
        with open_hub(settings) as hub:
            first = _timed(lambda: collect(hub, "market.company", file=file), rows)
            second = _timed(lambda: collect(hub, "market.company", file=file), rows)
        floor = 1 / (1 / copy + 1 / judging)
        print(f"rows {rows:,}")
        print(f"raw COPY of the same text      {copy:>10,.0f} rows/s")
        print(f"judging alone                  {judging:>10,.0f} rows/s")
        print(f"both one after the other       {floor:>10,.0f} rows/s")
        print(f"collect, all new               {first:>10,.0f} rows/s   {first / floor:.2f} of that")
        print(f"collect again, all unchanged   {second:>10,.0f} rows/s   {second / first:.2f} times the first")
    finally:
        cluster.destroy()
        shutil.rmtree(folder, ignore_errors=True)


def _timed(work: object, rows: int) -> float:
    began = time.perf_counter()
    assert callable(work)
    work()
    return rows / (time.perf_counter() - began)


def _raw_copy(url: str, table: list[list[str]]) -> float:
    connection = psycopg2.connect(url)
    with connection, connection.cursor() as cursor:
        columns = ", ".join(f"c{number} text" for number in range(len(_HEADER)))
        cursor.execute(f"create table floor_table ({columns})")
    text = "".join("\t".join(row) + "\n" for row in table)

    def work() -> None:
        with connection, connection.cursor() as cursor:
            cursor.copy_expert("copy floor_table from stdin", io.StringIO(text))

    rate = _timed(work, len(table))
    connection.close()
    return rate


def _judge(table: list[list[str]]) -> float:
    records = [dict(zip(_HEADER, row, strict=True)) for row in table]

    def work() -> None:
        for record in records:
            judge("market.company", record)

    return _timed(work, len(table))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
