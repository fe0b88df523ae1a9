"""What the demo's tasks import, imported once in the scheduler, which forks a process for each task.

A task would spend more time importing than collecting. Only for a world that lives as long as one demo: a task forked
from here runs the code that was on disk when the scheduler began. What cannot be imported is left out, so that the
task that needs it fails and says so.
"""

from __future__ import annotations

import contextlib
import importlib

MODULES = (
    "airflow.sdk", "hub.context", "hub.collect", "hub.parts", "hub.issue", "hub.deposit_ended", "connectors.csv_file",
    "connectors.exchange_blob", "connectors.exchange_db", "connectors.folder_csv", "connectors.rest_gateway",
    "connectors.sftp_csv", "connectors.soap_xml", "connectors.xlsx_file",
)  # fmt: skip
#: Read by every component of Airflow at its start, from the folder `config` of its home.
LOCAL_SETTINGS = '''"""Written for the demo, and taken away by the next `make serve`."""

import sys

if "scheduler" in sys.argv:
    from onebox.preload import preload

    preload()
'''


def preload() -> None:
    """Import everything."""
    for name in MODULES:
        with contextlib.suppress(Exception):
            importlib.import_module(name)
