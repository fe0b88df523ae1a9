"""A folder PostgreSQL's user can reach, whoever runs the tests."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def place() -> Iterator[Path]:
    # not pytest's own folder, which is 0700: run by root, PostgreSQL's user must pass through it
    folder = Path(tempfile.mkdtemp(prefix="hub-onebox-", dir="/var/tmp"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
