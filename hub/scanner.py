"""ClamAV, where it is installed: one file in, one answer out.

The programs are called, not a library: the usual Python client of clamd has stood still since 2014, and the programs
that come with ClamAV speak to whatever clamd they are configured for. `clamdscan` asks a clamd that runs; `clamscan`
loads its database for every package, which takes seconds.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar, Final

from core.errors import Retryable
from core.settings import Settings

#: ClamAV skips larger files by itself and calls them clean.
LARGEST: Final = 100 << 20
_CLIENT, _ALONE = "clamdscan", "clamscan"
_FOUND = re.compile(rb": (\S+) FOUND\s*$", re.MULTILINE)
_LIMITS = b"Heuristics.Limits.Exceeded"
_VERSION = re.compile(r"ClamAV [^/]+/\d+/(.+)")


class ScannerFailed(Retryable):
    """The virus scanner gave no answer: it ended with an error, took too long, or looked at a part only."""

    code: ClassVar[str] = "HUB-971"


@dataclass(frozen=True, slots=True)
class ClamAv:
    """A ClamAV program with its options; `seconds` it may take for one file."""

    command: tuple[str, ...]
    seconds: float = 300

    def database_age(self) -> timedelta | None:
        """How old its signatures are; None where it does not say.

        Raises:
            ScannerFailed: it cannot be run.
        """
        said = self._run("--version").stdout.decode("utf-8", "replace")
        found = _VERSION.search(said)
        if found is None:
            return None
        try:
            made = datetime.strptime(found[1].strip(), "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC)
        except ValueError:
            return None
        return datetime.now(UTC) - made

    def scan(self, data: bytes) -> str | None:
        """The name of what was found in the bytes, or in a file in them; None when they are clean.

        Raises:
            ScannerFailed: it gave no answer, or the file is more than it looks at.
        """
        if len(data) > LARGEST:
            raise ScannerFailed(f"a file of {len(data):,} bytes is more than ClamAV looks at; it was not scanned.")
        alone = Path(self.command[0]).name == _ALONE
        options = ("--no-summary", "--stdout", *(("--alert-exceeds-max=yes",) if alone else ()), "-")
        done = self._run(*options, data=data)
        found = _FOUND.search(done.stdout)
        if done.returncode == 0 and found is None:
            return None
        if done.returncode == 1 and found is not None and not found[1].startswith(_LIMITS):
            return found[1].decode("ascii", "replace")
        raise ScannerFailed(
            f"{self.command[0]} gave no answer (exit status {done.returncode}); nothing is known of viruses in the "
            "file. Look whether clamd runs and has its database, then check again."
        )

    def _run(self, *options: str, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run(
                [*self.command, *options], input=data, capture_output=True, timeout=self.seconds, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ScannerFailed(
                f"{self.command[0]} gave no answer ({type(error).__name__}); nothing is known of viruses in the file. "
                "Look whether ClamAV is installed and answers, then check again."
            ) from None


def scanner_of(settings: Settings | None) -> ClamAv | None:
    """The scanner the settings name; `auto` takes clamd where it answers, then clamscan, then none."""
    said = "off" if settings is None else settings.clamav
    if said == "off":
        return None
    if said != "auto":
        return ClamAv(tuple(shlex.split(said)))
    if shutil.which(_CLIENT):
        client = ClamAv((_CLIENT,))
        if _answers(client):
            return client
    return ClamAv((_ALONE,)) if shutil.which(_ALONE) else None


def _answers(client: ClamAv) -> bool:
    try:
        return subprocess.run([*client.command, "--ping", "1"], capture_output=True, timeout=10).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
