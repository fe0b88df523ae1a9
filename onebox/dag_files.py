"""Which files of a folder define a DAG, told without importing them."""

from __future__ import annotations

import re
from pathlib import Path

_DEFINES_A_DAG = re.compile(r"^\s*(@dag\b|with DAG\(|\w+\s*=\s*DAG\()", re.MULTILINE)


def dag_files(folder: Path) -> list[Path]:
    """The Python files below `folder` that Airflow must have read before its DAGs can be run."""
    return sorted(file for file in folder.rglob("*.py") if _DEFINES_A_DAG.search(file.read_text(encoding="utf-8")))
