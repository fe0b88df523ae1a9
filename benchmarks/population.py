"""Grows a store to a population: citizens with five records each, sealed and hashed as collecting does, by COPY.

One row of every kind is judged by its schema; what the store keeps of it is the pattern of a million others, in which
number, name, birth date and keys are put in their places. So a store of five million records takes minutes.
"""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg2

from core.clock import SHANGHAI
from schemas.identifiers.citizen import check_character
from schemas.judge import judge
from schemas.payload import canonical
from store.connection import connect
from store.copying import CopyRows, of_bigint, of_bytes, of_int, of_moment, of_text
from store.vault import Vault

_FIRST_DAY = date(1950, 1, 1)
_DAYS = 20_000
_BATCH = 1
_AT_ONCE = 5_000
_FAMILY = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英"


def number(n: int) -> str:
    """The citizen number of the n-th person: well-formed, and of nobody."""
    born = _FIRST_DAY + timedelta(days=n % _DAYS)
    body = f"420112{born:%Y%m%d}{n // _DAYS % 1000:03}"
    return body + check_character(body)


def name(n: int) -> str:
    """A name for the n-th person."""
    return _FAMILY[n % 20] + _GIVEN[n // 20 % 23] + _GIVEN[n // 460 % 23]


def _rows(n: int) -> dict[str, tuple[str, dict[str, str]]]:
    """(resource, key pattern, row) of the person who is the pattern of all."""
    citizen, born = number(n), (_FIRST_DAY + timedelta(days=n % _DAYS)).isoformat()
    sex = "1" if int(citizen[16]) % 2 else "2"
    person = {"zjhm": citizen, "xm": name(n)}
    insured = person | {"xb": sex, "csrq": born, "cbrq": "2015-03-01", "jfzt": "正常", "jfjs": "6500", "jfqz": "202611"}
    return {
        "household": ("police.household", {
            "gmsfhm": citizen, "xm": name(n), "xb": sex, "mz": "汉族", "csrq": born, "hh": f"H{n:09}",
            "yhzgx": "户主", "pcs": "420112001",
        }),
        "pension": ("hr.insurance", insured | {"xz": "职工养老"}),
        "medical": ("hr.insurance", insured | {"xz": "职工医疗"}),
        "vocational": ("hr.vocational", person | {
            "zyzgzsbh": f"S{n:015}", "zygz": "企业人力资源管理师", "zydj": "三级", "bzjg": "武汉市人力资源和社会保障局",
            "zsbfrq": "2019-06-01",
        }),
        "fund": ("housing.fund", person | {
            "grzh": f"F{n:011}", "dwzh": "D000000001", "jgh": "01", "zjlx": "身份证", "grjcjs": "6500",
        }),
    }  # fmt: skip


def _patterns() -> list[tuple[str, Callable[[int], tuple[str, bytes]]]]:
    """For each kind: the resource, and what makes key and payload of the n-th person."""
    sample = 7
    made = []
    for resource, row in _rows(sample).values():
        record = judge(resource, row).record
        if record is None:
            raise SystemExit(f"the pattern of {resource} is not a good row")
        made.append((resource, _filler(sample, record.key(), canonical(record))))
    return made


def _filler(sample: int, key: str, payload: bytes) -> Callable[[int], tuple[str, bytes]]:
    old_born = (_FIRST_DAY + timedelta(days=sample % _DAYS)).isoformat()
    old = [number(sample), name(sample), old_born, f"{sample:09}", f"{sample:015}", f"{sample:011}"]

    def fill(n: int) -> tuple[str, bytes]:
        born = (_FIRST_DAY + timedelta(days=n % _DAYS)).isoformat()
        new = [number(n), name(n), born, f"{n:09}", f"{n:015}", f"{n:011}"]
        own_key, text = key, payload.decode()
        for before, after in zip(old, new, strict=True):
            own_key, text = own_key.replace(before, after), text.replace(before, after)
        text = text.replace('"sex":"1"', f'"sex":"{"1" if int(new[0][16]) % 2 else "2"}"')
        return own_key, text.encode()

    return fill


def grow(url: str, keys: Path, citizens: int, *, processes: int = 2) -> None:
    """Fill an empty, migrated store: five records a citizen, and a complete batch of each resource."""
    _prepare(url, keys, sorted({resource for resource, _ in _patterns()}))
    share = -(-citizens // processes)
    spans = [(start, min(start + share, citizens)) for start in range(0, citizens, share)]
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_fill, args=(url, keys, *span)) for span in spans]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        if worker.exitcode:
            raise SystemExit("a process that fills the store failed")
    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("vacuum (analyze, freeze) record")
        cursor.execute("checkpoint")
    connection.close()


def _prepare(url: str, keys: Path, resources: list[str]) -> None:
    connection = connect(url)
    vault = Vault.open(connection, keys)
    for resource in resources:
        vault.refresh(resource)
    with connection, connection.cursor() as cursor:
        for resource in resources:
            cursor.execute(
                "insert into batch (resource, state, finished_at) values (%s, 'complete', now())", (resource,)
            )
    connection.close()


def _fill(url: str, keys: Path, start: int, end: int) -> None:
    connection = connect(url)
    vault = Vault.open(connection, keys)
    patterns = _patterns()
    since = of_moment(datetime(2026, 11, 1, tzinfo=SHANGHAI))
    for first in range(start, end, _AT_ONCE):
        rows = CopyRows("record", "subject", "resource", "key", "version", "payload", "batch", "valid_from")
        people = range(first, min(first + _AT_ONCE, end))
        subjects = [of_bytes(vault.subject("citizen", number(n))) for n in people]
        for resource, fill in patterns:
            filled = [fill(n) for n in people]
            hashed = [vault.key(resource, key) for key, _ in filled]
            sealed = vault.seal_many(resource, [(key, text) for key, (_, text) in zip(hashed, filled, strict=True)])
            for subject, key, payload in zip(subjects, hashed, sealed, strict=True):
                rows.add(
                    subject, of_text(resource), of_bytes(key), of_int(1), of_bytes(payload), of_bigint(_BATCH), since
                )
        with connection, connection.cursor() as cursor:
            cursor.execute("set local synchronous_commit = off")
            rows.copy(cursor)
    connection.close()


def people(citizens: int, some: int) -> Iterator[tuple[int, str]]:
    """Numbers of people spread evenly over the population."""
    step = max(citizens // some, 1)
    for n in range(0, citizens, step):
        yield n, number(n)


def describe(connection: Any) -> dict[str, Any]:
    """How large the store is: rows and bytes of table with index."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select sum(reltuples)::bigint, sum(pg_total_relation_size(oid))::bigint from pg_class "
            "where relkind = 'r' and relname like 'record!_%%' escape '!' and relispartition"
        )
        rows, size = cursor.fetchone()
    return {"records": rows, "bytes": size}


if __name__ == "__main__":
    print(json.dumps([key(3)[0] for _, key in _patterns()]))
