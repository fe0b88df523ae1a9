"""Turns the hub's errors into what Airflow does next: `Retryable` is retried, everything else fails at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from airflow.sdk.exceptions import AirflowFailException

from core.errors import HubError, Retryable


@contextmanager
def airflow_outcome() -> Iterator[None]:
    """Let a `Retryable` through to Airflow's retries; make any other typed error final."""
    try:
        yield
    except Retryable:
        raise
    except HubError as error:
        raise AirflowFailException(str(error)) from error
