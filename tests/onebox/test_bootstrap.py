"""`make setup` on machines that lack something, and after a run that was cut off. Installs nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import PathDistribution
from pathlib import Path

import pytest

from onebox import bootstrap

SCRIPT = Path(bootstrap.__file__)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty environment of its own for the script to look at."""
    venv = tmp_path / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to(sys.executable)
    (venv / "lib" / "python3.11" / "site-packages").mkdir(parents=True)
    monkeypatch.setattr(bootstrap, "VENV", venv)
    monkeypatch.setattr(bootstrap, "STATE", venv / bootstrap.STATE.name)
    return tmp_path


def finish(**more: str) -> None:
    bootstrap.STATE.write_text(json.dumps({**bootstrap._identity(), **more}), encoding="utf-8")


def test_an_old_python_is_told_what_to_do() -> None:
    program = (
        "import runpy, sys; sys.version_info = (3, 9, 2)\n"
        f"sys.argv = [{str(SCRIPT)!r}]; runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env={"PATH": "/nonexistent"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "Python 3.11 or newer is needed, this is 3.9" in done.stderr
    assert "make setup PYTHON=" in done.stderr


def test_a_full_disk_is_told_before_anything_is_changed(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap, "NEED_MB", 10**12)
    with pytest.raises(bootstrap.Unable, match=r"MB are free .* nothing was changed"):
        bootstrap._set_up(dev=False)
    assert (bootstrap.VENV / "bin" / "python").exists()


def test_a_run_that_was_cut_off_is_known_as_unfinished(checkout: Path) -> None:
    assert bootstrap._state() is None
    bootstrap.STATE.write_text('{"edition": "1", "che', encoding="utf-8")
    assert bootstrap._state() is None


def test_a_moved_checkout_or_another_python_makes_it_again(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    finish()
    assert bootstrap._state() is not None
    monkeypatch.setattr(bootstrap, "REPOSITORY", checkout / "moved")
    assert bootstrap._state() is None


def test_a_python_that_was_removed_makes_it_again(checkout: Path) -> None:
    finish()
    (bootstrap.VENV / "bin" / "python").unlink()
    (bootstrap.VENV / "bin" / "python").symlink_to("/nonexistent/python3")
    assert bootstrap._state() is None


def test_with_everything_there_nothing_is_done(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    finish(run=bootstrap._digest(bootstrap.RUN))
    monkeypatch.setattr(bootstrap, "NEED_MB", 10**12)  # would refuse if it meant to install
    bootstrap._set_up(dev=False)
    with pytest.raises(bootstrap.Unable):
        bootstrap._set_up(dev=True)


def test_the_environment_sees_the_checkout_and_its_command(checkout: Path) -> None:
    bootstrap._link_checkout()
    packages = bootstrap.VENV / "lib" / "python3.11" / "site-packages"
    assert (packages / "yizheng_hub.pth").read_text().strip() == str(bootstrap.REPOSITORY)
    (info,) = packages.glob("*.dist-info")
    distribution = PathDistribution(info)
    assert distribution.metadata["Name"] == "yizheng-hub"
    assert {point.name: point.value for point in distribution.entry_points} == {"hub": "cli.main:main"}
    assert distribution.files is not None
    assert all(Path(file.locate()).exists() for file in distribution.files)
    script = bootstrap.VENV / "bin" / "hub"
    assert os.access(script, os.X_OK)
    compile(script.read_text(), str(script), "exec")
