"""dlt doing its nearest equivalent of a collect: a CSV of companies, judged by our model, merged into PostgreSQL.

dlt is no dependency of the project. It is installed on demand, exactly as `dlt_peer.requirements.txt` locks it, into an
environment below the user's cache folder, and started there by `run_peer`. What it is asked for, and why:

- judged by `schemas.records.market.Company`, the model the hub judges with, of the same pydantic release;
- `data_type: discard_row`, so that a bad row does not end the load: the nearest thing to setting it aside;
- merged by credit code with `scd2` (versions with valid-from and valid-to, the nearest equivalent) and with `upsert`
  (the present state only); indexes are dlt's own;
- loaded by COPY (`loader_file_format="csv"`) in place of INSERT, its default here. Parquet through ADBC, which
  needs two more packages, was not tried: loading is the smallest of its three steps;
- intermediate files uncompressed and of 25,000 rows, two workers to normalise them for two cores, no telemetry;
- by two routes: `objects`, where dlt's own validation calls the model, and `arrow`, its fast route, for which the model
  is called by our own lines in front of it, since dlt passes Arrow tables by its validation. Both are timed from
  opening the file to the end of the load.

Usage: python -m benchmarks.dlt_peer FILE.csv POSTGRES_URL [--rows N]   (N: only the first N rows)
Prints JSON. The database gets the schemas dlt_peer_STRATEGY_ROUTE, made anew each time.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from onebox import bootstrap

_HERE = Path(__file__).resolve().parent
LOCK = _HERE / "dlt_peer.requirements.txt"

#: What a collect does and this does not, whatever its settings; `bad_rows_dropped` beside it is counted.
COULD_NOT = (
    "keep a bad row or say why it is bad: it is dropped, and no count of dlt's tells of it",
    "compare what the file holds with what arrived",
    "seal values or hash identifiers: every value lies in the table in the clear",
    "keep the bytes as received",
    "go on in the middle of a file after a crash: the extraction begins anew",
)


def run_peer(csv: Path, url: str, *, rows: int | None = None) -> dict[str, Any]:
    """Load the file twice by each strategy and route; what came of it.

    The result's `loads` maps e.g. "scd2 objects" to `first` and `second`, each with `rows`, `seconds`, `rows_a_second`,
    `steps` (seconds of extract, normalize, load) and `rows_in_table`.

    Args:
        csv: with the header of market.company.
        url: `postgresql://…` of a role that may create schemas.
        rows: only so many of the first rows.

    Raises:
        RuntimeError: the environment cannot be made, or dlt fails; the message ends with what it said.
    """
    python = environment()
    done = subprocess.run(
        [python, _HERE / "dlt_peer_inside.py", csv.resolve(), str(rows or 0)],
        # The address holds a password and so does not stand in the command line.
        env={**_plain_environment(), "DLT_PEER_URL": url, "PYTHONPATH": str(_HERE.parent)},
        cwd=python.parent,  # dlt looks for a .dlt folder where it is started
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError("dlt failed:\n" + "\n".join(done.stderr.splitlines()[-15:]))
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    dropped = {name: load["first"]["rows"] - load["first"]["rows_in_table"] for name, load in found["loads"].items()}
    return {**found, "bad_rows_dropped": dropped, "could_not": list(COULD_NOT)}


def environment() -> Path:
    """The Python of an environment that holds exactly what the lock names; made where it is missing.

    Raises:
        RuntimeError: it cannot be made.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "yizheng-hub"
    known = hashlib.sha256(LOCK.read_bytes() + os.path.realpath(sys.executable).encode()).hexdigest()[:12]
    folder = cache / f"dlt-peer-{sysconfig.get_python_version()}-{known}"
    python, whole = folder / "bin" / "python", folder / "whole"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "dlt-peer.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not whole.exists():
            shutil.rmtree(folder, ignore_errors=True)
            try:
                subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
                bootstrap.install([LOCK], python)
            except (bootstrap.Unable, subprocess.CalledProcessError) as error:
                raise RuntimeError(f"no environment for dlt: {error}") from None
            whole.touch()
    return python


def _plain_environment() -> dict[str, str]:
    """Ours without what would steer another environment's Python, or dlt."""
    steering = ("PYTHON", "VIRTUAL_ENV", "DLT", "RUNTIME__", "EXTRACT__", "NORMALIZE__", "LOAD__", "DATA_WRITER__")
    return {name: value for name, value in os.environ.items() if not name.startswith(steering)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="dlt's nearest equivalent of a collect; prints JSON.")
    parser.add_argument("file", type=Path)
    parser.add_argument("url")
    parser.add_argument("--rows", type=int)
    given = parser.parse_args()
    print(json.dumps(run_peer(given.file, given.url, rows=given.rows), ensure_ascii=False, indent=1))
