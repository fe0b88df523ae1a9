"""The demo's scheduler imports what its tasks need; what it cannot import is left to the task."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from connectors.registry import declarations
from onebox import preload
from onebox.preload import LOCAL_SETTINGS, MODULES

REPOSITORY = Path(__file__).resolve().parents[2]


def _loaded(tmp_path: Path, program: str) -> set[str]:
    """What a process called `program` has imported once it has read the settings, as Airflow does."""
    (tmp_path / "airflow_local_settings.py").write_text(LOCAL_SETTINGS, encoding="utf-8")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import airflow_local_settings; print(*sys.modules)"
    # Airflow's home, so that nothing is written into the tester's own
    done = subprocess.run(
        [sys.executable, "-c", code, program],
        cwd=REPOSITORY,
        env={"PATH": "/usr/bin:/bin", "AIRFLOW_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_the_scheduler_has_everything_and_the_other_components_nothing(tmp_path: Path) -> None:
    assert set(MODULES) <= _loaded(tmp_path, "scheduler")
    assert not set(MODULES) & _loaded(tmp_path, "api-server")


def test_a_module_that_cannot_be_imported_keeps_no_other_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preload, "MODULES", ("no_such_module_at_all", "hub.deposit"))
    monkeypatch.delitem(sys.modules, "hub.deposit", raising=False)
    preload.preload()
    assert "hub.deposit" in sys.modules


def test_the_adapter_of_every_open_source_is_among_them() -> None:
    # an adapter's module bears the name of its protocol
    protocols = {declared.access.protocol for declared in declarations().values() if declared.reach.open}
    assert {f"connectors.{protocol}" for protocol in protocols} <= set(MODULES)
