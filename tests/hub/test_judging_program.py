"""The processes that judge start from whatever program collects, also from one whose main file cannot be read again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from core.settings import Settings
from onebox.sandbox import as_toml

#: As Airflow's own main file is, within a task: it fails when a spawned process reads it.
_PROGRAM = """
if __name__ != "__main__":
    raise RuntimeError("read again")
import json
from benchmarks.marriages import COLUMNS, RESOURCE, marriage
from connectors.port import RawPage
from connectors.registry import declaration
from core.settings import Settings
from hub.context import open_hub
from hub.judging_pool import JudgePool
with open_hub(Settings.from_environment()) as hub, JudgePool(hub, declaration(RESOURCE), 2) as pool:
    body = json.dumps([dict(zip(COLUMNS, marriage(7)))]).encode()
    works = [pool.submit(RawPage(number, body, {}), b"digest") for number in (1, 2)]
    print([len(work.result().page.good) for work in works])
"""


def test_a_program_whose_main_file_cannot_be_read_again_has_pages_judged(settings: Settings, tmp_path: Path) -> None:
    settings.sources_file.write_text(as_toml({"civil": {"dsn": "postgresql://127.0.0.1:1/nobody"}}), encoding="utf-8")
    settings.sources_file.chmod(0o600)
    program = tmp_path / "program.py"
    program.write_text(_PROGRAM, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(program)],
        env=os.environ
        | {
            "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
            "HUB_HOME": str(settings.home),
            "HUB_DATABASE_URL": settings.database_url,
            "HUB_SOURCES": str(settings.sources_file),
            "HUB_KEYS": str(settings.keys),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.strip() == "[1, 1]", done.stderr[-2000:]
