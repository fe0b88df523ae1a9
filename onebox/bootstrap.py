"""`make setup`: from a bare Python to an environment with everything in it, or to nothing at all to do.

Runs on the machine's own Python with the standard library only, before anything is installed:

    python3 onebox/bootstrap.py [--dev]

It makes `.venv`, installs exactly what requirements.txt locks (by uv, wheels only, hashes checked,
bytecode compiled) and puts this checkout on the environment's path. The checkout is not installed
by its build backend: that would need hatchling, a development tool, or the network. What an
editable install leaves behind is a path file, a `dist-info` folder and the script `hub`, and these
three are written here.

A file in `.venv` says what was installed for which locks; where it is missing or tells of an
unfinished run, `.venv` is made again.
"""

from __future__ import annotations

import argparse
import base64
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
VENV = REPOSITORY / ".venv"
STATE = VENV / ".yizheng-setup.json"
RUN, DEV = REPOSITORY / "requirements.txt", REPOSITORY / "requirements-dev.txt"
UV_LOCK = REPOSITORY / "onebox" / "requirements-uv.txt"

OLDEST = (3, 11)
OLDEST_UV = (0, 5)
NEED_MB = 1_500
#: Raised when this file puts other things into `.venv` than before.
EDITION = 1


class Unable(Exception):
    """Setting up is not possible; the text says why and what to do."""


def main() -> int:
    parser = argparse.ArgumentParser(description="Make .venv with everything the project needs.")
    parser.add_argument("--dev", action="store_true", help="also what tests and checks need")
    options = parser.parse_args()
    _choose_python()
    # another start-up's settings must not steer the new environment's programs
    for name in ("PYTHONHOME", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__"):
        os.environ.pop(name, None)
    lock = REPOSITORY / "var" / "run" / "setup.lock"
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        with lock.open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)  # a second `make` waits and then finds all done
            _set_up(dev=options.dev)
    except Unable as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"setup: {error.strerror}: {error.filename}. Nothing is lost; run it again.", file=sys.stderr)
        return 1
    return 0


def _choose_python() -> None:
    """Go on under a newer Python when this one is too old and a newer one is at hand."""
    if sys.version_info >= OLDEST:
        return
    for minor in range(14, OLDEST[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        if found:
            os.execv(found, [found, *sys.argv])  # noqa: S606 - the same script under another Python
    print(
        "setup: Python {}.{} or newer is needed, this is {}.{}. Install one (`apt-get install python3.11`), "
        "then run `make setup PYTHON=python3.11`.".format(*OLDEST, *sys.version_info[:2]),
        file=sys.stderr,
    )
    sys.exit(1)


def _set_up(*, dev: bool) -> None:
    state = _state()
    wanted = {"run": _digest(RUN), **({"dev": _digest(DEV)} if dev else {})}
    if state is not None and all(state.get(name) == value for name, value in wanted.items()):
        return
    began = time.monotonic()
    _require_space()
    if state is None:
        if VENV.exists():
            print("setup: .venv is unfinished or of another checkout or Python; making it again", flush=True)
        _make_venv()
        state = _identity()
    print("setup: installing" + (" (with tools for tests and checks)" if dev else ""), flush=True)
    STATE.unlink(missing_ok=True)  # until the end a run cut off here leaves an environment known to be unfinished
    install([RUN, DEV] if dev else [RUN])
    _link_checkout()
    fresh = STATE.with_suffix(".new")
    fresh.write_text(json.dumps({**state, **wanted}, indent=1) + "\n", encoding="utf-8")
    fresh.replace(STATE)
    print(f"setup: done in {time.monotonic() - began:.0f} s", flush=True)


# --- what is there ---------------------------------------------------------------------------


def _identity() -> dict[str, str]:
    """What makes an environment this one: scripts in it name the checkout's path and the Python."""
    return {
        "edition": str(EDITION),
        "checkout": str(REPOSITORY),
        "python": f"{sysconfig.get_python_version()} {os.path.realpath(sys.executable)}",
    }


def _state() -> dict[str, str] | None:
    """What is installed; None when `.venv` must be made (again)."""
    try:
        state = json.loads(STATE.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    same = isinstance(state, dict) and all(state.get(k) == v for k, v in _identity().items())
    return state if same and (VENV / "bin" / "python").exists() else None


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _require_space() -> None:
    free = shutil.disk_usage(REPOSITORY).free // 1_000_000
    if free < NEED_MB:
        raise Unable(
            f"{free} MB are free at {REPOSITORY}, about {NEED_MB} MB are needed to install. "
            "Free some space, then run it again; nothing was changed."
        )


# --- making it -------------------------------------------------------------------------------


def _make_venv() -> None:
    shutil.rmtree(VENV, ignore_errors=True)
    # without pip: Debian's Python has no ensurepip unless python3-venv is installed, and uv needs none
    _run([sys.executable, "-m", "venv", "--without-pip", str(VENV)], "the virtual environment could not be made")


def install(locks: list[Path], python: Path = VENV / "bin" / "python") -> None:
    """Install exactly what the locks name into the environment of `python`."""
    command = [
        *(str(part) for part in (_uv(), "pip", "install", "--python", python)),
        "--quiet",
        "--require-hashes",
        "--no-build",  # wheels only: no compiler is needed, no foreign build script is run
        "--compile-bytecode",
    ]
    for lock in locks:
        command += ["-r", str(lock)]
    environment = dict(os.environ)
    # what this machine's pip is told holds for uv as well: a mirror, and whom to trust behind a proxy
    index, certificates = _pip_setting("index-url"), _pip_setting("cert")
    if index and not {"UV_DEFAULT_INDEX", "UV_INDEX_URL"} & environment.keys():
        environment["UV_DEFAULT_INDEX"] = index
    if certificates and not {"SSL_CERT_FILE", "SSL_CERT_DIR"} & environment.keys():
        environment["SSL_CERT_FILE"] = certificates
    _run(
        command,
        "the packages could not be installed. Is the package index reachable (a mirror: set UV_DEFAULT_INDEX; "
        "own certificates: set SSL_CERT_FILE)?",
        environment,
    )


def _uv() -> Path:
    """A uv: the one on PATH when it is new enough, else a pinned one, put into `.venv` by pip."""
    own = VENV / "bin" / "uv"
    if own.exists():
        return own
    found = shutil.which("uv")
    if found:
        done = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)
        version = re.match(r"uv (\d+)\.(\d+)", done.stdout)
        if done.returncode == 0 and version and (int(version[1]), int(version[2])) >= OLDEST_UV:
            return Path(found)
    print("setup: fetching uv", flush=True)
    install = ["install", "-qq", "--disable-pip-version-check", "--require-hashes", "--no-deps", "-r", str(UV_LOCK)]
    python = str(VENV / "bin" / "python")
    if subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0:
        pip = [sys.executable, "-m", "pip", "--python", python]
    else:
        _run([python, "-m", "ensurepip"], "there is no pip. Install it (`apt-get install python3-pip`), then run again")
        pip = [python, "-m", "pip"]
    _run([*pip, *install], "uv could not be installed. Is the package index reachable?")
    return own


def _pip_setting(name: str) -> str:
    """What pip is configured with by environment or file; empty when it is not."""
    given = os.environ.get(f"PIP_{name.upper().replace('-', '_')}", "")
    if given:
        return given
    # `pip config get` does not find what stands in the machine's own file; `list` does
    command = [sys.executable, "-m", "pip", "config", "list"]
    told = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    found = re.search(rf"^(?:global|install)\.{re.escape(name)}='(.*)'$", told, re.MULTILINE)
    return found[1] if found else ""


def _run(command: list[str], failure: str, environment: dict[str, str] | None = None) -> None:
    try:
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, check=False)
    except OSError as error:
        raise Unable(f"{failure} ({error.strerror}: {command[0]})") from None
    if done.returncode != 0:
        raise Unable(f"{failure} (exit code {done.returncode}; what it said is above). Run it again: it starts over.")


# --- the checkout itself ---------------------------------------------------------------------


def _link_checkout() -> None:
    """Make `.venv` see this checkout, as an editable install would."""
    import tomllib

    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    name, version = project["name"], project["version"]
    packages = next((VENV / "lib").glob("python3.*/site-packages"))
    stem = name.replace("-", "_")
    for old in packages.glob(f"{stem}-*.dist-info"):
        shutil.rmtree(old)
    info = f"{stem}-{version}.dist-info"
    scripts: dict[str, str] = project.get("scripts", {})
    entry_points = "".join(f"{script} = {target}\n" for script, target in scripts.items())
    written = {
        f"{stem}.pth": f"{REPOSITORY}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/INSTALLER": "onebox\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{entry_points}",
    }
    for script, target in scripts.items():
        written[f"../../../bin/{script}"] = _script(target)
    record = ""
    for path, text in written.items():
        file = packages / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
        if file.parent.name == "bin":
            file.chmod(0o755)
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record += f"{path},sha256={digest},{len(text.encode())}\n"
    (packages / info / "RECORD").write_text(f"{record}{info}/RECORD,,\n", encoding="utf-8")


def _script(target: str) -> str:
    module, _, function = target.partition(":")
    # by way of sh, because a `#!` line must be short and must not hold a blank
    return (
        "#!/bin/sh\n"
        f"""'''exec' "{VENV / "bin" / "python"}" "$0" "$@"\n' '''\n"""
        "import sys\n\n"
        f"from {module} import {function}\n\n"
        f"sys.exit({function}())\n"
    )


if __name__ == "__main__":
    sys.exit(main())
