"""A few quick tries inside an adapter, so that one HTTP 500 does not fail a task.

Long waits are Airflow's business: after these tries the error goes up with what is kept and what comes next.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type
from tenacity.wait import wait_exponential_jitter

from connectors.port import SourceGarbled, SourceRefused, SourceUnavailable

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an adapter itself waits; seconds. A source that asks for more than `longest_wait_s` gets Airflow."""

    tries: int = 4
    first_wait_s: float = 0.5
    longest_wait_s: float = 10.0


def patiently(call: Callable[[], T], *, resource: str, kept: str, patience: Patience) -> T:
    """Run `call` up to `patience.tries` times with growing, jittered waits, or as the source's Retry-After asks.

    Args:
        call: raises SourceUnavailable or SourceGarbled with a short reason for "again".
        resource: name for the message.
        kept: what is safe already, for the message, e.g. "13 pages are kept; page 14 is next".

    Raises:
        SourceUnavailable: still no answer; the message names resource, reason, tries, what is kept and what to do.
        SourceGarbled: still no sound answer; carries the bytes of the last one.
        SourceRefused: at once, with the resource's name put in front.
    """
    backoff = wait_exponential_jitter(
        multiplier=patience.first_wait_s, max=patience.longest_wait_s, jitter=patience.first_wait_s
    )

    def wait(state: RetryCallState) -> float:
        return max(backoff(state), _asked(state) or 0.0)

    def enough(state: RetryCallState) -> bool:
        return state.attempt_number >= patience.tries or (_asked(state) or 0.0) > patience.longest_wait_s

    retrying = Retrying(
        stop=enough, wait=wait, retry=retry_if_exception_type((SourceUnavailable, SourceGarbled)), reraise=True
    )
    try:
        return retrying(call)
    except SourceUnavailable as error:
        raise SourceUnavailable(_sentence(resource, error.message, retrying, kept), error.retry_after_s) from error
    except SourceGarbled as error:
        raise SourceGarbled(_sentence(resource, error.message, retrying, kept), error.body) from error
    except SourceRefused as error:
        raise SourceRefused(f"{resource}: {error.message} {kept}.") from error


def _asked(state: RetryCallState) -> float | None:
    error = state.outcome.exception() if state.outcome is not None else None
    return error.retry_after_s if isinstance(error, SourceUnavailable) else None


def _sentence(resource: str, reason: str, retrying: Retrying, kept: str) -> str:
    tries = retrying.statistics.get("attempt_number", 1)
    return (
        f"{resource}: {reason} ({tries} {'try' if tries == 1 else 'tries'}). {kept}. "
        f"Next try: the task's own retry, or `hub collect {resource}`; runbook: source-down."
    )
