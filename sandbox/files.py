"""The dataset on disk: the daily CSV folders of HR, JSON lines for the rest, and expected.jsonl."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from sandbox import daily_csv
from sandbox.dataset import VERSION, Dataset
from sandbox.records import DAYS, FOLDERS
from sandbox.rows import Row

#: Where each resource lies below the state folder.
TABLES = {
    "civil.marriage": "civil/up_marriage.jsonl",
    "civil.social_org": "civil/up_social_org.jsonl",
    "tax.registration": "tax/cf_ss_swdjxx.jsonl",
    "tax.clearance": "tax/cf_ss_wqxx.jsonl",
    "bureau.accept": "bureau/up_pro_accept.jsonl",
    "bureau.result": "bureau/up_pro_result.jsonl",
}
HR_FILES = {"hr.insurance": "cf_bx_sbxx", "hr.vocational": "zyzg"}
MARKET_FILE = "market/companies.csv"
EXPECTED = "expected.jsonl"
META = "meta.json"
#: The file that still comes in the older encoding, as one department's does.
_OLD_ENCODING = (FOLDERS[1], "cf_bx_sbxx")
_DATA_SOURCE = {"civil": "101", "bureau": "112"}


class StateTaken(Exception):
    """The folder holds data of another seed, size or version; nothing was changed."""


def write(dataset: Dataset, folder: Path) -> None:
    """Write everything below `folder`; `meta.json` comes last and says that all of it is there."""
    folder.mkdir(parents=True, exist_ok=True)
    for resource, name in HR_FILES.items():
        _write_hr(dataset.rows[resource], name, folder / "out")
    _write_market(dataset.rows["market.company"], folder / MARKET_FILE)
    for resource, relative in TABLES.items():
        owner = resource.partition(".")[0]
        rows = dataset.rows[resource]
        _write_lines((_exchange_fields(row, owner) if row.guid else row.fields for row in rows), folder / relative)
    _write_lines(dataset.expected(), folder / EXPECTED)
    whole = hashlib.sha256()
    for relative in (EXPECTED, *TABLES.values()):
        whole.update((folder / relative).read_bytes())
    meta = {"seed": dataset.seed, "size": dataset.size, "version": VERSION, "digest": whole.hexdigest()}
    replace(folder / META, json.dumps(meta) + "\n")


def present(folder: Path, seed: int, size: int) -> bool:
    """Whether `folder` already holds exactly this dataset.

    Raises:
        StateTaken: it holds another one.
    """
    if not (folder / META).exists():
        return False
    meta = json.loads((folder / META).read_text())
    if (meta.get("seed"), meta.get("size"), meta.get("version")) != (seed, size, VERSION):
        raise StateTaken(
            f"{folder} holds seed {meta.get('seed')}, size {meta.get('size')}, version {meta.get('version')}; "
            f"asked for seed {seed}, size {size}, version {VERSION}. Nothing was changed. "
            "Give another --state folder, or delete this one."
        )
    return True


def digest(folder: Path) -> str:
    """What `write` made in `folder`, in one word: two folders with the same word hold the same rows."""
    return str(json.loads((folder / META).read_text())["digest"])


def read_lines(path: Path) -> Iterator[dict[str, str | None]]:
    """The rows of a table as written by `write`."""
    with path.open(encoding="utf-8", newline="\n") as lines:
        for line in lines:
            yield json.loads(line)


def replace(path: Path, text: str, mode: int = 0o644) -> None:
    """Put `text` at `path` at once or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(path)


def _write_lines(rows: Iterable[object], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="\n") as out:
        for row in rows:
            out.write(json.dumps(row, ensure_ascii=False) + "\n")


def _exchange_fields(row: Row, owner: str) -> dict[str, str | None]:
    return {
        "row_guid": row.guid,
        **row.fields,
        "cd_batch": row.stamp[:10].replace("-", "") + "01",
        "cd_operation": row.operation,
        "cd_time": row.stamp,
        "data_source": _DATA_SOURCE[owner],
    }


def _write_hr(rows: list[Row], name: str, out: Path) -> None:
    """One CSV a day and its control file; the last folder is an upload still going on: no control file yet."""
    header = list(rows[0].fields)
    by_day = {day: list(group) for day, group in groupby(rows, key=lambda row: row.stamp)}
    for day in FOLDERS:
        encoding = "GB18030" if (day, name) == _OLD_ENCODING else "UTF-8"
        daily_csv.write(out / day / f"{name}_{day}.csv", header, by_day.get(day, []), encoding)
    coming = f"{DAYS[-1].replace(month=4, day=1):%Y%m%d}"
    if name == "zyzg":
        path = out / coming / f"{name}_{coming}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = daily_csv.line(header) + daily_csv.line([value or "" for value in rows[0].fields.values()])
        path.write_bytes(whole.encode()[:-9])


def _write_market(rows: list[Row], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    header = list(rows[0].fields)
    lines = [",".join(header) + "\r\n"]
    for number, row in enumerate(rows, 2):
        row.place = f"{path.name}:{number}"
        values = [value or "" for value in row.fields.values()]
        # the published file quotes only where it must, and once forgot to
        bare = daily_csv.column(header, row)
        cells = [
            daily_csv.quoted(value) if index != bare and ("," in value or '"' in value) else value
            for index, value in enumerate(values)
        ]
        lines.append(",".join(cells) + "\r\n")
    path.write_bytes("".join(lines).encode())
