"""dlt loading a file of companies; runs in an environment of its own that has dlt and is started by `dlt_peer.py`.

`python dlt_peer_inside.py FILE.csv ROWS`, the database's address in the variable DLT_PEER_URL; ROWS 0 means all.
Prints one JSON object.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

# Before dlt is imported: it reads its settings from here.
os.environ |= {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "ERROR",
    # Written once and read once on the same disk: compressing costs more than it saves.
    "DATA_WRITER__DISABLE_COMPRESSION": "true",
    "NORMALIZE__DATA_WRITER__DISABLE_COMPRESSION": "true",
    "DATA_WRITER__BUFFER_MAX_ITEMS": "20000",
    # Two cores: files that two processes can normalise and two sessions load at the same time.
    "DATA_WRITER__FILE_MAX_ITEMS": "25000",
    "NORMALIZE__WORKERS": "2",
    "LOAD__WORKERS": "4",
}

import dlt
import pyarrow as pa
from pydantic import PlainSerializer, PlainValidator, ValidationError

from schemas.records.columns import _capital, _credit, column
from schemas.records.market import Company

_BATCH = 5_000


class Row(Company):
    """The hub's own model, every rule of it. Its two compound values leave as text: dlt has no type for them."""

    credit_code: Annotated[str, PlainValidator(_credit), PlainSerializer(lambda code: code.text)] = column(
        "code", "统一社会信用代码", "credit code"
    )
    capital: Annotated[str, PlainValidator(_capital), PlainSerializer(lambda money: money.text)] | None = column(
        "capital", "注册资本", "registered capital", default=None
    )


#: The first is the nearest equivalent: versions with valid-from and valid-to. Its merge key says that a row which does
#: not come is not gone. The second keeps the present state only.
STRATEGIES = ("scd2", "upsert")
#: How rows travel through dlt. "objects" is its own validation by a pydantic model, each row a dict through every step.
#: "arrow" is its fast route, which no pydantic model can judge: here the model is called before, by our own lines.
ROUTES = ("objects", "arrow")


class Reading:
    """The rows of a file, and what became of them before dlt had them."""

    def __init__(self, file: Path, limit: int) -> None:
        self._file = file
        self._limit = limit
        self.rows = 0

    def batches(self) -> Iterator[list[dict[str, str]]]:
        """As the file has them."""
        with self._file.open(encoding="utf-8-sig", newline="") as stream:
            rows = islice(csv.DictReader(stream), self._limit or None)
            while batch := list(islice(rows, _BATCH)):
                self.rows += len(batch)
                yield batch

    def tables(self) -> Iterator[pa.Table]:
        """The good rows as Arrow tables with the hash by which scd2 tells a change; bad rows are dropped."""
        fields = [(name, pa.string()) for name in Row.model_fields]
        shape = pa.schema([*fields, ("row_version", pa.string())])
        shape = shape.set(shape.get_field_index("source_year"), pa.field("source_year", pa.int64()))
        shape = shape.set(shape.get_field_index("registered_on"), pa.field("registered_on", pa.date32()))
        for batch in self.batches():
            good = []
            for row in batch:
                with suppress(ValidationError):
                    good.append(Row.model_validate(row).model_dump())
            for row in good:
                row["row_version"] = hashlib.md5(repr(row.values()).encode(), usedforsecurity=False).hexdigest()
            yield pa.Table.from_pylist(good, schema=shape)


def main(file: Path, limit: int, url: str) -> dict[str, Any]:
    """Every strategy by every route into a schema of its own, the same file twice."""
    loads: dict[str, Any] = {}
    for strategy in STRATEGIES:
        for route in ROUTES:
            with tempfile.TemporaryDirectory(prefix="dlt-peer-", dir="/var/tmp") as folder:
                pipeline = dlt.pipeline(
                    pipeline_name=f"peer_{strategy}_{route}",
                    pipelines_dir=folder,
                    destination=dlt.destinations.postgres(url),
                    dataset_name=f"dlt_peer_{strategy}_{route}",
                )
                with pipeline.sql_client() as client, suppress(Exception):
                    client.drop_dataset()
                first, second = (_load(pipeline, Reading(file, limit), strategy, route) for _ in range(2))
                loads[f"{strategy} {route}"] = {"first": first, "second": second}
    memory = max(resource.getrusage(whose).ru_maxrss for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {"dlt": dlt.__version__, "loads": loads, "largest_process_mb": memory // 1024}


def _load(pipeline: Any, reading: Reading, strategy: str, route: str) -> dict[str, Any]:
    disposition = {"disposition": "merge", "strategy": strategy}
    if (strategy, route) == ("scd2", "arrow"):
        disposition["row_version_column_name"] = "row_version"
    judged: dict[str, Any] = {
        "columns": Row,
        # A bad row is dropped and the rest goes on: the nearest thing to setting it aside.
        "schema_contract": {"tables": "evolve", "columns": "discard_value", "data_type": "discard_row"},
    }
    company = dlt.resource(
        reading.batches() if route == "objects" else reading.tables(),
        name="company",
        primary_key="credit_code",
        merge_key="credit_code",
        write_disposition=disposition,
        **(judged if route == "objects" else {}),
    )
    seconds = {}
    began = before = time.perf_counter()
    # COPY in place of INSERT … VALUES, on both routes.
    pipeline.extract(company, loader_file_format="csv")
    seconds["extract"] = time.perf_counter() - before
    before = time.perf_counter()
    pipeline.normalize()
    seconds["normalize"] = time.perf_counter() - before
    before = time.perf_counter()
    pipeline.load().raise_on_failed_jobs()
    seconds["load"] = time.perf_counter() - before
    whole = time.perf_counter() - began
    with pipeline.sql_client() as client:
        held = client.execute_sql(f"select count(*) from {client.make_qualified_table_name('company')}")[0][0]
    return {
        "rows": reading.rows,
        "seconds": round(whole, 2),
        "rows_a_second": round(reading.rows / whole),
        "steps": {step: round(took, 2) for step, took in seconds.items()},
        "rows_in_table": held,
    }


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]), os.environ["DLT_PEER_URL"])))
