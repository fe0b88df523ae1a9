"""Generated registrations of marriages, all good, as an exchange database would hold them; no person is real."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta

import psycopg2

from connectors.declaration import load_all
from connectors.exchange_rows import CONTROL

RESOURCE = "civil.marriage"
TABLE = "up_marriage"
COLUMNS = (*CONTROL, *load_all()[RESOURCE].columns)
_BEGAN = datetime(2026, 1, 5, 8)  # noqa: DTZ001 - the table's own time, which has no zone
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def citizen(born: date, number: int) -> str:
    """A well-formed citizen number; odd numbers are men's."""
    body = f"420112{born:%Y%m%d}{number % 1000:03d}"
    return body + "10X98765432"[sum(int(sign) * weight for sign, weight in zip(body, _WEIGHTS, strict=True)) % 11]


def marriage(number: int, *, certificate: str | None = None, office: str = "武汉市东西湖区民政局") -> list[str]:
    """One registration, in the order of `COLUMNS`; the numbers lie scattered over the time at which rows came."""
    came = number * 7919 % 1_000_003
    man, woman = date(1960, 1, 1) + timedelta(days=number % 9000), date(1962, 1, 1) + timedelta(days=number * 3 % 9000)
    return [
        f"{came:07d}-{number:08d}", "b1", "I", (_BEGAN + timedelta(seconds=came)).isoformat(sep=" "), "001",
        "IA", certificate or f"J420112-2019-{number:08d}", "20190506", "420112", office,
        "测试甲", f"{man:%Y%m%d}", "111", citizen(man, number * 2 + 1), "中国", "汉族",
        "测试乙", f"{woman:%Y%m%d}", "111", citizen(woman, number * 2), "中国", "汉族", "1",
    ]  # fmt: skip


def marriages(rows: int) -> Iterator[list[str]]:
    """So many of them."""
    return map(marriage, range(1, rows + 1))


def fill(url: str, rows: Iterable[list[str]]) -> None:
    """Add rows to the exchange table of a database; it is made where there is none."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    text.seek(0)
    columns = ", ".join(f"{name} {'timestamp' if name == 'cd_time' else 'varchar(200)'}" for name in COLUMNS)
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(f"create table if not exists {TABLE} ({columns}, primary key (row_guid))")
            cursor.execute(f"create index if not exists up_marriage_by_time on {TABLE} (cd_time, row_guid)")
            cursor.copy_expert(f"copy {TABLE} ({', '.join(COLUMNS)}) from stdin (format csv)", text)
            cursor.execute(f"analyze {TABLE}")
    finally:
        connection.close()
