"""Questions about one citizen or company, as the gateways and the SOAP service answer them, and how that goes wrong.

A service that pages and answers questions takes both kinds of orders: those that begin with `ask_` hit questions only,
all others hit pages only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

from sandbox.listening import Faults, Order

#: What can be ordered of a question: a right answer after 5 s, a closed connection, a refusal, somebody else's row, and
#: bytes that are no answer.
FAULTS: Final = ("ask_slow", "ask_down", "ask_refused", "ask_other_person", "ask_garbage")
SLOW_SECONDS: Final = 5.0
GARBAGE: Final = b"<html><body>garbage</body></html>"
#: What an address of a gateway ends with where one number is asked about.
QUERY: Final = "/query"

Row = Mapping[str, str | None]


def ordered(faults: Faults, pages: Sequence[str]) -> Order:
    """What goes wrong with this question; `pages` are the kinds that wait for a page. A slow one is waited for here."""
    order = faults.take_order(spared=pages)
    if order.kind == "ask_slow":
        faults.stopping.wait(SLOW_SECONDS)
    return order


def asked(body: bytes) -> dict[str, str]:
    """Column and number of a question: one JSON object with one name.

    Raises:
        ValueError: it is something else.
    """
    said = json.loads(body)
    if not isinstance(said, dict) or len(said) != 1 or not all(isinstance(value, str) for value in said.values()):
        raise ValueError("one column and one number")
    return said


def about(rows: Sequence[Row], columns: Sequence[str], number: str, kind: str | None) -> list[Row]:
    """The rows with the number in one of the columns; under a fault one that has another."""
    holds = [any(row.get(column) == number for column in columns) for row in rows]
    if kind == "ask_other_person":
        return [row for row, held in zip(rows, holds, strict=True) if not held][:1]
    return [row for row, held in zip(rows, holds, strict=True) if held]
