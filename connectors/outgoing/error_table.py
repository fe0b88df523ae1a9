"""Rejected rows into the department's own error table, a mirror of the table it sent them through."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, insert

from connectors.access import ErrorTableReturn
from connectors.declaration import Declaration
from connectors.endpoints import DatabaseEndpoint, SourceNotConfigured
from connectors.exchange_rows import CONTROL
from connectors.outgoing.failures import told
from connectors.outgoing.port import Receipt, RejectedRow, Sending
from connectors.retrying import Patience, patiently
from connectors.sql_database import SqlDatabase, named_table

#: cd_batch is varchar(32) in the national DDL.
_BATCH_LENGTH = 32


class ErrorTable:
    """Fills `dn_*`: the declared columns as they came, the remark, and cd_batch, cd_operation, cd_time, data_source.

    Publisher:  the hub, for the resource's owner
    Access:     `write_dsn` of the sources file; one transaction a sending
    Freshness:  rows of one sending share its cd_batch; the same reference replaces its own rows
    Caveats:    the table must have the declared columns, the control columns and the remark, in which the day an
                answer is due stands last, where there is room for it; a value too long for its column refuses
                the whole sending; row_guid is made from the reference and our number
    """

    def __init__(
        self, declaration: Declaration, endpoint: DatabaseEndpoint, *, patience: Patience | None = None
    ) -> None:
        rejected = declaration.rejected
        if not isinstance(rejected, ErrorTableReturn):
            raise TypeError(f"{declaration.name} does not send rejected rows to an error table")
        if endpoint.write_dsn is None:
            raise SourceNotConfigured(
                f"{declaration.name}: section [{declaration.section}] of the sources file has no `write_dsn`. "
                "Add the login that may fill the error table."
            )
        self._rejected = rejected
        self._own = tuple(name for name in declaration.columns if name not in CONTROL)
        self._patience = patience or Patience()
        self._database = SqlDatabase(
            endpoint.write_dsn.get_secret_value(),
            section=declaration.section,
            statement_timeout_s=60,
            writes=True,
        )

    def send(self, sending: Sending, rows: Sequence[RejectedRow]) -> Receipt:
        """Put the rows there in place of those of the same reference."""
        remark = self._rejected.remark_column
        target = named_table(self._rejected.table, *self._own, *CONTROL, remark)
        batch = _short(sending.reference)
        values: list[dict[str, Any]] = [
            {
                **{name: _value(row.fields.get(name)) for name in self._own},
                "row_guid": _guid(sending.reference, row.number),
                "cd_batch": batch,
                "cd_operation": "I",
                "cd_time": sending.made_at.replace(tzinfo=None),
                "data_source": str(row.fields.get("data_source") or "")[:3],
                remark: row.remark(self._rejected.remark_length, wish=sending.wish() if sending.due else ""),
            }
            for row in rows
        ]

        def once() -> None:
            with self._database.connection() as connection:
                connection.execute(delete(target).where(target.c.cd_batch == batch))
                if values:
                    connection.execute(insert(target), values)

        with told(sending, len(rows)):
            kept = "nothing of it was written"
            patiently(once, resource=sending.resource, kept=kept, patience=self._patience)
        return Receipt("error_table", self._rejected.table, len(rows), handed_over=True)


def _short(reference: str) -> str:
    """The reference as far as cd_batch holds it; a longer one keeps its beginning and a digest of the whole."""
    if len(reference) <= _BATCH_LENGTH:
        return reference
    return f"{reference[: _BATCH_LENGTH - 13]}-{hashlib.sha256(reference.encode()).hexdigest()[:12]}"


def _guid(reference: str, number: int) -> str:
    return hashlib.sha256(f"{reference}/{number}".encode()).hexdigest()[:32]


def _value(value: object) -> str | None:
    return None if value is None else str(value)
