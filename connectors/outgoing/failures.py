"""Failures of a department's system, said from the side of what was to be sent back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from connectors.outgoing.port import ReturnRefused, ReturnUnavailable, Sending
from connectors.port import SourceGarbled, SourceRefused, SourceUnavailable


@contextmanager
def told(sending: Sending, rows: int) -> Iterator[None]:
    """Turn the port's errors into those of a sending.

    Raises:
        ReturnUnavailable, ReturnRefused: with resource, reason, what is left and what to do.
    """
    left = f"{rows} rows of {sending.reference} stay in quarantine, unsent"
    try:
        yield
    except (SourceUnavailable, SourceGarbled) as error:
        raise ReturnUnavailable(
            f"{sending.resource}: {error.message.rstrip('.')}. {left}; they are sent again at the next try."
        ) from None
    except SourceRefused as error:
        raise ReturnRefused(
            f"{sending.resource}: {error.message.rstrip('.')}. {left}; correct the channel or declare "
            '`rejected = { channel = "workbook" }`.'
        ) from None
