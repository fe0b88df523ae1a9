"""Files that must have been read before a DAG is run are found without importing Airflow."""

from __future__ import annotations

from pathlib import Path

from onebox.dag_files import dag_files


def test_helpers_beside_the_dags_are_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "generated.py").write_text("def make():\n    @dag(dag_id='x')\n    def _(): ...\n")
    (tmp_path / "plain.py").write_text('with DAG("y"):\n    pass\n')
    (tmp_path / "_outcome.py").write_text('"""Turns errors of a DAG into outcomes."""\nfrom airflow.sdk import dag\n')
    assert [file.name for file in dag_files(tmp_path)] == ["generated.py", "plain.py"]
