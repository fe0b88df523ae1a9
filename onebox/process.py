"""Child processes that cannot outlive the world, and the ones an earlier world left behind.

Three nets, because a demo may be killed at any point:
- a child gets its own session, so that stopping it ends everything it started;
- on Linux a child is signalled by the kernel when its parent dies (PR_SET_PDEATHSIG);
- every child inherits the variable `ONEBOX_WORLD` naming its world's folder, so that the guardian
  (`onebox.guardian`) and the next start find what the first two missed and end it. Nothing is
  ever ended by name. PostgreSQL alone is without the mark: it must be ended its own way, and is
  known by its data folder.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from onebox.errors import ComponentFailed, LeftRunning

#: The variable by which a process is known to belong to a world; its value is the world's folder.
MARK = "ONEBOX_WORLD"

_PROC = Path("/proc")
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class Account:
    """The unprivileged user a child runs as."""

    name: str
    uid: int
    gid: int


@dataclass(slots=True)
class Child:
    """One child process with its log.

    It must be started from a thread that lives as long as the child: the kernel's parent-death
    signal watches the thread, not the process.

    Attributes:
        name: what a person calls it, in messages.
        log: file its output is appended to.
        stop_signal: what asks it to end in order; also what the kernel sends when the parent dies.
        nice: how far it, and all it starts, steps back when processors are scarce (0 to 19).
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    log: Path
    account: Account | None = None
    cwd: Path | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    nice: int = 0
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start it; its output goes to `log`."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as out:
            self._process = subprocess.Popen(
                list(self.argv),
                env=dict(self.env),
                cwd=self.cwd,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_before_it_runs(os.getpid(), self.stop_signal, self.nice),
                **as_account(self.account),
            )

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def ensure_running(self) -> None:
        """Raise ComponentFailed, with the end of the log, when the child has ended."""
        if self._process is not None and self._process.poll() is not None:
            raise ComponentFailed(self.obituary())

    def obituary(self) -> str:
        """What to say of a child that ended and should not have."""
        how = "" if self._process is None else f" ({ending(self._process.returncode)})"
        return f"{self.name} ended by itself{how}. The whole log is in {self.log}; its end:\n{tail(self.log)}"

    def wait(self, *, seconds: float) -> int:
        """Wait for a child that ends by itself and return its exit code; raise ComponentFailed after `seconds`."""
        if self._process is None:
            raise ComponentFailed(f"{self.name} was never started")
        try:
            return self._process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.stop(grace=1)
            raise ComponentFailed(
                f"{self.name} was not done within {seconds:.0f} s. "
                f"The whole log is in {self.log}; its end:\n{tail(self.log)}"
            ) from None

    def wait_until(self, ready: Callable[[], bool], *, seconds: float, every: float = 0.05) -> None:
        """Wait until `ready()`; raise ComponentFailed when the child ends first or `seconds` pass."""
        deadline = time.monotonic() + seconds
        while not ready():
            self.ensure_running()
            if time.monotonic() > deadline:
                raise ComponentFailed(
                    f"{self.name} did not answer within {seconds:.0f} s. "
                    f"The whole log is in {self.log}; its end:\n{tail(self.log)}"
                )
            time.sleep(every)

    def ask_to_stop(self) -> None:
        """Send the stop signal and return at once."""
        if self._process is not None and self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(self.stop_signal)

    def stop(self, *, grace: float) -> None:
        """Ask it to end, wait `grace` seconds, then end its whole session by force."""
        if self._process is None:
            return
        self.ask_to_stop()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=grace)
        # also when it ended in order: what it started may still be there
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(timeout=10)
        self._process = None


def as_account(account: Account | None) -> dict[str, Any]:
    """The arguments of `subprocess` that make the child run as `account`."""
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def _before_it_runs(parent: int, sent: signal.Signals, nice: int) -> Callable[[], None]:
    prctl = None if _LIBC is None else _LIBC.prctl

    def ask_kernel() -> None:
        if nice:
            os.nice(nice)
            # where Linux weighs sessions against each other, a process's own value counts only within its session
            with contextlib.suppress(OSError):
                (_PROC / "self" / "autogroup").write_text(str(nice), encoding="ascii")
        if prctl is not None:
            prctl(_PR_SET_PDEATHSIG, int(sent))
            if os.getppid() != parent:  # it died before we could ask
                os._exit(1)

    return ask_kernel


def ending(returncode: int) -> str:
    """`exit code 3` or `signal SIGKILL`, for a message."""
    if returncode >= 0:
        return f"exit code {returncode}"
    with contextlib.suppress(ValueError):
        return f"signal {signal.Signals(-returncode).name}"
    return f"signal {-returncode}"


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log, indented for a message; says so when there are none."""
    try:
        with log.open("rb") as stream:
            stream.seek(max(0, log.stat().st_size - 32_768))
            text = stream.read().decode("utf-8", errors="replace")
    except OSError as error:
        return f"    (no log: {error.strerror})"
    kept = [line for line in text.splitlines() if line.strip()][-lines:]
    return "\n".join(f"    {line}" for line in kept) or "    (the log is empty)"


# --- leftovers of an earlier world -----------------------------------------------------------


def marked(world: Path) -> list[int]:
    """Processes, other than this one and its ancestors, that carry the mark of the world in folder `world`."""
    wanted = f"{MARK}={world}".encode()
    spared = set(_self_and_ancestors())
    return [pid for pid in _all_pids() if pid not in spared and wanted in _environ(pid).split(b"\0")]


def working_in(folder: Path, program: str) -> list[int]:
    """Processes of `program` whose working directory is `folder`: how PostgreSQL's are known by their data.

    The program's name is asked for so that a person's shell standing in the folder is left alone.
    """
    found = []
    wanted = os.path.realpath(folder)
    for pid in _all_pids():
        with contextlib.suppress(OSError):
            process = _PROC / str(pid)
            if str((process / "cwd").readlink()) == wanted and (process / "exe").readlink().name == program:
                found.append(pid)
    return found


def can_look() -> bool:
    """Whether this system shows its processes (/proc); without it leftovers are not looked for."""
    return _PROC.is_dir()


def end_all(find: Callable[[], list[int]], steps: Sequence[tuple[signal.Signals, float]]) -> int:
    """End the processes `find` gives: each step sends a signal and waits so many seconds. Returns how many are left."""
    for sent, seconds in steps:
        pids = find()
        for pid in pids:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, sent)
        deadline = time.monotonic() + seconds
        while pids and time.monotonic() < deadline:
            time.sleep(0.05)
            pids = find()
        if not pids:
            return 0
    return len(find())


def end_marked(world: Path) -> int:
    """End every process that carries the mark of `world`; the caller holds its lock, so whoever started them is gone.

    Returns:
        How many there were.

    Raises:
        LeftRunning: some cannot be ended by this user.
    """
    found = len(marked(world))
    if left := end_all(lambda: marked(world), [(signal.SIGTERM, 3.0), (signal.SIGKILL, 5.0)]):
        raise LeftRunning(
            f"{left} process(es) of this world cannot be ended: {marked(world)}. "
            "End them as the user they belong to, then start again."
        )
    return found


def _all_pids() -> Iterator[int]:
    if can_look():
        for entry in _PROC.iterdir():
            if entry.name.isdigit() and not _is_zombie(int(entry.name)):
                yield int(entry.name)


def _is_zombie(pid: int) -> bool:
    return _stat_fields(pid)[:1] == ["Z"]


def _stat_fields(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the program's name: state, parent, group, session, …"""
    try:
        text = (_PROC / str(pid) / "stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def _environ(pid: int) -> bytes:
    try:
        return (_PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return b""


def _self_and_ancestors() -> Iterator[int]:
    pid = os.getpid()
    while pid > 0:
        yield pid
        fields = _stat_fields(pid)
        pid = int(fields[1]) if len(fields) > 1 else 0
