"""Append-only logs: an entry waits in the transaction that made it, a sequencer numbers it, tiles hold the tree."""

from __future__ import annotations

from typing import Final

#: Statement by which an entry (log, entry, leaf) begins to wait for its number; it conflicts with no other append.
WAIT: Final = "insert into log_waiting (log, entry, leaf) values (%s, %s, %s)"
