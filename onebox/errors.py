"""What can go wrong when the world is started; each message says what to do (codes HUB-801 to HUB-808)."""

from __future__ import annotations

from typing import ClassVar

from core.errors import Permanent, Retryable


class WorldBusy(Retryable):
    """Another demo or serve is running in the same folder."""

    code: ClassVar[str] = "HUB-801"


class MachineUnfit(Permanent):
    """Something the world needs is missing on this machine: Python, disk space, libcrypto, a user to drop to."""

    code: ClassVar[str] = "HUB-802"


class ComponentFailed(Permanent):
    """A child process ended, or did not answer in time; the message holds the end of its log."""

    code: ClassVar[str] = "HUB-803"


class PostgresUnusable(Permanent):
    """The embedded PostgreSQL cannot be made or started with the data found."""

    code: ClassVar[str] = "HUB-804"


class AirflowRefused(Permanent):
    """Airflow's API answered, but with a refusal."""

    code: ClassVar[str] = "HUB-805"


class RunFailed(Permanent):
    """A DAG of the demo failed; the message names the task and holds the end of its log."""

    code: ClassVar[str] = "HUB-806"


class LeftRunning(Permanent):
    """Processes of the world outlived its stop."""

    code: ClassVar[str] = "HUB-807"


class NoFreePort(Retryable):
    """No TCP port could be had on 127.0.0.1."""

    code: ClassVar[str] = "HUB-808"
