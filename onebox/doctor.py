"""Whether this machine can run the world, asked before anything is started; each answer says what to do."""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from onebox import installation
from onebox.errors import MachineUnfit, PostgresUnusable
from onebox.layout import Layout

#: What the world writes on its first start (measured: databases, logs, keys, licences), with room to spare.
FIRST_START_MB = 600
#: What a later start adds at most.
LATER_START_MB = 200
#: Below this, Airflow's processes are ended by the kernel sooner or later (measured: 0.75 GB for it alone).
MEMORY_MB = 1_500
LIBCRYPTO = "libcrypto.so.3"


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer. `act` is what a person does about it; empty when all is well."""

    what: str
    ok: bool
    found: str
    act: str = ""


def _free_mb(folder: Path) -> int:
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free // 1_000_000


def _memory_mb() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    fields = dict(line.split(":", 1) for line in lines)
    return int(fields["MemAvailable"].split()[0]) // 1_000


def _load(library: str) -> None:
    ctypes.CDLL(library)


@dataclass(frozen=True, slots=True)
class Probes:
    """How the machine is asked; a test puts in a machine that lacks something."""

    python: tuple[int, int] = (sys.version_info[0], sys.version_info[1])
    load: Callable[[str], None] = _load
    free_mb: Callable[[Path], int] = _free_mb
    memory_mb: Callable[[], int | None] = _memory_mb
    installation: Callable[[], str] = installation.version
    writable: Callable[[Path], bool] = lambda folder: os.access(folder, os.W_OK | os.X_OK)


def examine(layout: Layout, probes: Probes | None = None) -> list[Finding]:
    """Ask everything; nothing is changed."""
    ask = probes or Probes()
    return [
        _python(ask),
        _postgres(ask),
        _libcrypto(ask),
        _folder(layout, ask),
        _disk(layout, ask),
        _memory(ask),
    ]


def require(findings: Sequence[Finding]) -> None:
    """Raise MachineUnfit naming every finding that is not well."""
    bad = [finding for finding in findings if not finding.ok]
    if bad:
        raise MachineUnfit(
            "this machine cannot run the one-box world yet; nothing was started.\n"
            + "\n".join(f"    ✗ {finding.what}: {finding.found}. {finding.act}" for finding in bad)
        )


def _python(ask: Probes) -> Finding:
    found = ".".join(map(str, ask.python))
    return Finding(
        "Python 3.11 or newer",
        ask.python >= (3, 11),
        found,
        "" if ask.python >= (3, 11) else "Install a newer one, remove .venv and run `make setup PYTHON=python3.11`.",
    )


def _postgres(ask: Probes) -> Finding:
    what = "Embedded PostgreSQL"
    try:
        version = ask.installation()
        account = installation.unprivileged_account()
    except (ImportError, MachineUnfit, PostgresUnusable) as error:
        said = error.message if isinstance(error, MachineUnfit | PostgresUnusable) else "not installed"
        return Finding(what, False, said, "Run `make setup`." if isinstance(error, ImportError) else "")
    return Finding(what, True, version + (f", run as the user {account.name} (we are root)" if account else ""))


def _libcrypto(ask: Probes) -> Finding:
    what = f"OpenSSL 3 ({LIBCRYPTO}), for SM2 signatures"
    try:
        ask.load(LIBCRYPTO)
    except OSError:
        act = "Install it: `apt-get install libssl3` (Debian, Ubuntu), `dnf install openssl-libs` (Fedora, openEuler)."
        return Finding(what, False, "not found", act)
    return Finding(what, True, "found")


def _folder(layout: Layout, ask: Probes) -> Finding:
    folder = layout.var
    while not folder.exists():
        folder = folder.parent
    ok = ask.writable(folder)
    found = f"{layout.var} {'can' if ok else 'cannot'} be written"
    return Finding("Folder for data", ok, found, "" if ok else f"Give this user {folder}, or use another checkout.")


def _disk(layout: Layout, ask: Probes) -> Finding:
    need = LATER_START_MB if (layout.postgres / "data").exists() else FIRST_START_MB
    free = ask.free_mb(layout.var)
    act = "" if free >= need else f"Free at least {need - free} MB there (an old `var` goes with `make clean`)."
    return Finding(f"Disk space, {need} MB", free >= need, f"{free} MB free at {layout.var}", act)


def _memory(ask: Probes) -> Finding:
    free = ask.memory_mb()
    if free is None:
        return Finding(f"Memory, {MEMORY_MB} MB", True, "cannot be told on this system")
    act = "" if free >= MEMORY_MB else "Close some programs."
    return Finding(f"Memory, {MEMORY_MB} MB", free >= MEMORY_MB, f"{free} MB available", act)
