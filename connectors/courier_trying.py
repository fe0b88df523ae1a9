"""Goes on while something arrives: a try that broke after it moved the file on does not count as failed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from connectors.courier import Carried, CourierInterrupted
from connectors.retrying import Patience


@dataclass(slots=True)
class Tally:
    """What is known of one file on its way: `there` bytes arrived for certain, `sent` bytes crossed in all tries."""

    there: int = 0
    sent: int = 0


def persistently(attempt: Callable[[Tally], Carried], name: str, patience: Patience) -> Carried:
    """Run `attempt` until it succeeds, or broke `patience.tries` times in a row with nothing new arrived.

    Raises:
        CourierInterrupted: still no way through; the message says how much is there.
    """
    tally, failed = Tally(), 0
    while True:
        before = tally.there
        try:
            return attempt(tally)
        except CourierInterrupted as error:
            failed = 1 if tally.there > before else failed + 1
            if failed >= patience.tries:
                raise CourierInterrupted(
                    f"{name} is not there whole: {error.message}. {tally.there} bytes are there for certain; the next "
                    "try goes on behind them."
                ) from error
        time.sleep(min(patience.longest_wait_s, patience.first_wait_s * 2 ** (failed - 1)))
