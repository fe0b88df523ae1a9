"""The departments and a timestamp authority: one child process, and the files by which the hub finds them."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from onebox import ports
from onebox.files import write_secret
from onebox.layout import Layout
from onebox.postgres import Cluster
from onebox.process import Child

ROLE = "sandbox"
#: Told about the sandbox itself, not about a department: no part of the sources file.
_NOT_FOR_THE_HUB = frozenset({"admin_url", "file"})
#: Servers that are no departments; the press file names what the hub needs of them.
_TSA, _SEAL_PLATFORM = "tsa", "seal_platform"
_NO_DEPARTMENTS = frozenset({_TSA, _SEAL_PLATFORM})
#: A press file that begins otherwise was written by a person, and stays.
_OURS = "# Written at every start of the one-box world. Take this line out to keep your own file."
_READY_SECONDS = 60.0


class Sandbox:
    """The simulated departments over two databases of `cluster`."""

    def __init__(
        self,
        layout: Layout,
        cluster: Cluster,
        *,
        seed: int,
        size: int,
        tax_port: int,
        hr_port: int,
        tsa_port: int,
        seal_port: int,
        environment: Mapping[str, str],
    ) -> None:
        self._layout = layout
        self._ready = layout.sandbox / "ready.json"
        # a superuser, because it stands for the departments' own servers: it makes databases and their login roles
        cluster.ensure_role(ROLE, options="SUPERUSER")
        arguments = {
            "--state": str(layout.sandbox),
            "--seed": str(seed),
            "--size": str(size),
            # no password here, every user of the machine sees a command line; libpq takes it from PGPASSWORD
            "--postgres": f"postgresql://{ROLE}@{ports.HOST}:{cluster.port}/postgres",
            "--ready": str(self._ready),
            "--tax-port": str(tax_port),
            "--hr-port": str(hr_port),
            "--tsa-port": str(tsa_port),
            "--seal-port": str(seal_port),
        }
        argv = [sys.executable, "-m", "sandbox", "serve"]
        for name, value in arguments.items():
            argv += [name, value]
        self._child = Child(
            name="the sandbox of departments",
            argv=argv,
            env=dict(environment) | {"PGPASSWORD": cluster.password(ROLE)},
            log=layout.log / "sandbox.log",
            cwd=layout.sandbox,
        )

    def start(self) -> None:
        """Start it; it makes its data on the first start, so `wait` may take seconds."""
        self._ready.unlink(missing_ok=True)
        self._child.start()

    def wait(self) -> None:
        """Wait until all departments answer.

        Raises:
            ComponentFailed: it ended, or a minute passed.
        """
        self._child.wait_until(self._ready.exists, seconds=_READY_SECONDS)

    def write_sources(self) -> None:
        """Write the hub's sources file (0600) from what the departments announced."""
        announced = json.loads(self._ready.read_text(encoding="utf-8"))
        departments = {name: section for name, section in announced.items() if name not in _NO_DEPARTMENTS}
        write_secret(self._layout.sources, as_toml(departments))

    def write_press(self) -> None:
        """Let the hub's seals carry timestamps of the sandbox's authority, and trust that authority."""
        announced = json.loads(self._ready.read_text(encoding="utf-8"))
        write_press(self._layout.keys, announced[_TSA])

    def ensure_running(self) -> None:
        """Raise ComponentFailed when it has ended."""
        self._child.ensure_running()

    def ask_to_stop(self) -> None:
        """Send the stop signal and return at once."""
        self._child.ask_to_stop()

    def stop(self) -> None:
        """End it; nothing it serves is lost, its data is on disk."""
        self._child.stop(grace=5)


def write_press(keys: Path, tsa: Mapping[str, str]) -> None:
    """Write into the keys folder whom to ask for timestamps, and what certificates to trust them by.

    A press file that a person wrote is left as it is; what has not changed is not written.
    """
    trust = keys / "trust"
    trust.mkdir(mode=0o700, exist_ok=True)
    for name, sources in (
        ("trust/sandbox-tsa.pem", ("trust_file",)),
        ("trust/sandbox-tsa-p256.pem", ("trust_file_p256",)),
        ("sandbox-tsa-signers.pem", ("certificate_file", "certificate_file_p256")),
    ):
        _write(keys / name, "".join(Path(tsa[source]).read_text(encoding="ascii") for source in sources))
    file = keys / "press.toml"
    if file.exists() and not file.read_text(encoding="utf-8", errors="replace").startswith(_OURS):
        return
    _write(
        file,
        f"{_OURS}\n# The seal is the demo's; hub/press.example.toml explains what may stand here.\n\n"
        "[timestamp]\n"
        f"url = {json.dumps(tsa['url'])}\n"
        'certificate_file = "sandbox-tsa-signers.pem"\n'
        'when_down = "wait"\n',
    )


def _write(file: Path, text: str) -> None:
    if not file.exists() or file.read_text(encoding="utf-8", errors="replace") != text:
        write_secret(file, text)


def as_toml(announced: Mapping[str, Any]) -> str:
    """One table per department, as `connectors/endpoints.example.toml` shows them."""
    lines = ["# Written at every start of the one-box world; change nothing here."]
    for department, section in sorted(announced.items()):
        if isinstance(section, dict):
            lines += _table(department, section)
    return "\n".join(lines) + "\n"


def _table(name: str, section: Mapping[str, Any]) -> list[str]:
    """A TOML table, and behind it the tables inside it."""
    lines = ["", f"[{name}]"]
    inner: list[str] = []
    for key, value in section.items():
        if isinstance(value, dict):
            inner += _table(f"{name}.{key}", value)
        elif key not in _NOT_FOR_THE_HUB:
            # a JSON text, number or list of them is the same in TOML
            lines.append(f"{key} = {json.dumps(value, ensure_ascii=False)}")
    return lines + inner
