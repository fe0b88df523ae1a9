"""Children, leftovers and the guardian, with real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from onebox import environment
from onebox.errors import ComponentFailed, WorldBusy
from onebox.layout import Layout
from onebox.lock import WorldLock
from onebox.process import MARK, Child, end_marked, marked

pytestmark = pytest.mark.skipif(not Path("/proc").is_dir(), reason="leftovers are found by way of /proc")


def wait_for(what: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not what():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def child(tmp_path: Path, script: str, **env: str) -> Child:
    return Child(name="the child", argv=["sh", "-c", script], env={"PATH": os.defpath, **env}, log=tmp_path / "log")


def test_a_child_that_ends_by_itself_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    dying = child(tmp_path, "echo starting; echo 'the disk is gone' >&2; exit 7")
    dying.start()
    with pytest.raises(ComponentFailed, match=r"exit code 7(.|\n)*the disk is gone"):
        dying.wait_until(lambda: False, seconds=10)


def test_a_child_that_never_answers_is_given_up(tmp_path: Path) -> None:
    silent = child(tmp_path, "sleep 60")
    silent.start()
    try:
        with pytest.raises(ComponentFailed, match=r"did not answer within 0 s(.|\n)*the log is empty"):
            silent.wait_until(lambda: False, seconds=0.2)
    finally:
        silent.stop(grace=1)


def test_stopping_a_stubborn_child_ends_what_it_started_too(tmp_path: Path) -> None:
    stubborn = child(tmp_path, "trap '' TERM; sleep 60 & sleep 60; sleep 60", **{MARK: str(tmp_path)})
    stubborn.start()
    assert wait_for(lambda: len(marked(tmp_path)) == 3)
    stubborn.stop(grace=0.2)
    assert wait_for(lambda: marked(tmp_path) == [])


def test_leftovers_are_known_by_their_world_and_no_other_process_is_touched(tmp_path: Path) -> None:
    ours, other = tmp_path / "ours", tmp_path / "ours-too"
    left = subprocess.Popen(["sleep", "60"], env={"PATH": os.defpath, MARK: str(ours)})
    kept = subprocess.Popen(["sleep", "60"], env={"PATH": os.defpath, MARK: str(other)})
    try:
        assert end_marked(ours) == 1
        assert left.wait(timeout=5) == -signal.SIGTERM
        assert kept.poll() is None
        assert end_marked(ours) == 0
    finally:
        kept.kill()
        kept.wait()


def test_when_the_world_is_killed_nothing_of_it_is_left(tmp_path: Path) -> None:
    program = (
        "import os, sys, time; from pathlib import Path\n"
        "from onebox.guardian import Guardian; from onebox.process import Child, MARK\n"
        "world = Path(sys.argv[1]); env = dict(os.environ) | {MARK: str(world)}\n"
        "Guardian(world, env).start()\n"
        # a child that ignores being asked, and a grandchild in a session of its own
        "Child('c', ['sh', '-c', \"trap '' TERM; setsid sleep 60 & sleep 60; sleep 60\"], env, world / 'log').start()\n"
        "print('up', flush=True); time.sleep(60)"
    )
    world = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE)
    assert world.stdout is not None
    assert world.stdout.readline() == b"up\n"
    assert wait_for(lambda: len(marked(tmp_path)) >= 4)
    world.kill()
    world.communicate()
    assert wait_for(lambda: marked(tmp_path) == [], seconds=15)


def test_two_worlds_in_one_folder_do_not_meet(tmp_path: Path) -> None:
    lock = tmp_path / "run" / "world.lock"
    with WorldLock(lock), pytest.raises(WorldBusy, match=f"process {os.getpid()}"):
        WorldLock(lock).take()
    with WorldLock(lock):
        pass


def test_the_lock_of_a_killed_world_is_free(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from onebox.lock import WorldLock\n"
        "with WorldLock(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", program, str(tmp_path / "lock")], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(WorldBusy):
        WorldLock(tmp_path / "lock").take()
    holder.kill()
    holder.communicate()
    with WorldLock(tmp_path / "lock"):
        pass


def test_an_operators_shell_does_not_mislead_the_components(tmp_path: Path) -> None:
    layout = Layout.of_checkout(tmp_path / "var")
    shell = {
        "PATH": "/usr/bin",
        "HUB_DATABASE_URL": "postgresql://elsewhere/production",
        "HUB_MODE": "production",
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "PGPASSWORD": "another",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    given = environment.for_components(layout, shell)
    assert given["PATH"] == "/usr/bin"
    assert given["HUB_MODE"] == "demo"
    assert given[MARK] == str(tmp_path / "var")
    assert not {"HUB_DATABASE_URL", "AIRFLOW__CORE__EXECUTOR", "PGPASSWORD", "PYTHONDONTWRITEBYTECODE"} & given.keys()
