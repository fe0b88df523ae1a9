"""Errors grouped by what the caller does next; every one carries a stable code listed in docs/errors.md."""

from __future__ import annotations

from typing import ClassVar


class HubError(Exception):
    """Base of all typed errors.

    The message says what happened, to what, what is left and what to do. It never holds a
    citizen's data: identifiers appear masked or not at all.
    """

    code: ClassVar[str] = "HUB-000"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return f"{self.code} {self.message}"


class Retryable(HubError):
    """The same call may succeed later; Airflow retries it."""

    code: ClassVar[str] = "HUB-001"


class Permanent(HubError):
    """The same call will fail again; the task fails at once and a person acts."""

    code: ClassVar[str] = "HUB-002"


class Rejected(HubError):
    """One record or file is bad, not the batch; it goes to quarantine or back to its sender."""

    code: ClassVar[str] = "HUB-003"
