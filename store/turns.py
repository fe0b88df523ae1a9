"""One process at a time does a thing; the database keeps the others out, and lets go when the process dies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar, Final

from core.errors import Retryable
from store.connection import Connection, fetch_one

#: First half of the advisory locks; the second is what is done.
_TURN: Final = "hashtext('turn')"


class TurnTaken(Retryable):
    """Another process does the same thing at this moment."""

    code: ClassVar[str] = "HUB-920"


@contextmanager
def only_one(connection: Connection, what: str) -> Iterator[None]:
    """Be the only process that does it.

    Args:
        what: in words, such as `publish the register of 2026-10`.

    Raises:
        TurnTaken: another one does.
    """
    row = fetch_one(connection, f"select pg_try_advisory_lock({_TURN}, hashtext(%s))", (what,))
    if row is None or not row[0]:
        raise TurnTaken(f"another process is about to {what}; nothing was done. Try again when it ends.")
    try:
        yield
    finally:
        if not connection.closed:
            fetch_one(connection, f"select pg_advisory_unlock({_TURN}, hashtext(%s))", (what,))
