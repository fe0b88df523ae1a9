"""Turns errors into what Airflow does next: `Retryable` is retried, everything else fails at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from airflow.sdk.exceptions import AirflowFailException

from core.errors import HubError, Retryable


@contextmanager
def airflow_outcome() -> Iterator[None]:
    """Let a `Retryable` through to Airflow's retries; make any other error final.

    An error nobody typed is a fault of the program: half an hour of retries would only hide it. What Airflow
    ends by itself (a stop, a time limit, a worker that died) does not pass here and keeps its retries.
    """
    try:
        yield
    except Retryable:
        raise
    except HubError as error:
        raise AirflowFailException(str(error)) from error
    except Exception as error:
        raise AirflowFailException(
            f"{type(error).__name__}: a fault of the program, not of the data; nothing half done was kept. "
            "Report it with this log, then run the task again."
        ) from error
