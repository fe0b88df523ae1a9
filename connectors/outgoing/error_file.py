"""Rejected rows as a CSV with control file on the department's file channel: an SFTP server or a mounted share."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from connectors.access import ErrorFileReturn
from connectors.daily_files import Control, OpenShelf
from connectors.declaration import Declaration
from connectors.outgoing.failures import told
from connectors.outgoing.port import Receipt, RejectedRow, Sending
from connectors.retrying import Patience, patiently
from core.digest import sm3_hex

_OURS = ("error_no", "error_row", "error_remark", "error_due")


class ErrorFile:
    """Writes `<prefix>_<reference>.err.csv` and then `.err.ctl` in the form the department's own files have.

    Publisher:  the hub, for the resource's owner
    Access:     the channel of the resource, in a folder the department gives for it
    Freshness:  complete once the control file is there; the same reference replaces the same files
    Caveats:    names first, every value in double quotes, CRLF; behind the declared columns stand our number, the
                row's place in its source, the reasons and the day an answer is due; a character the encoding lacks is
                written as `?`
    """

    def __init__(self, declaration: Declaration, shelf: OpenShelf, *, patience: Patience | None = None) -> None:
        rejected = declaration.rejected
        if not isinstance(rejected, ErrorFileReturn):
            raise TypeError(f"{declaration.name} does not send rejected rows as a file")
        self._rejected = rejected
        self._columns = declaration.columns
        self._shelf = shelf
        self._patience = patience or Patience()

    def send(self, sending: Sending, rows: Sequence[RejectedRow]) -> Receipt:
        """Write the file, then its control file."""
        name = f"{self._rejected.prefix}_{sending.reference}.err"
        body = self._body(sending, rows)
        encoding = self._rejected.encoding
        control = Control(f"{name}.csv", len(rows), len(body), sm3_hex(body), encoding).written()

        def once() -> None:
            with self._shelf() as shelf:
                shelf.put(f"{name}.csv", body)
                shelf.put(f"{name}.ctl", control)

        with told(sending, len(rows)):
            kept = "nothing of it counts before its control file is there"
            patiently(once, resource=sending.resource, kept=kept, patience=self._patience)
        return Receipt("error_file", f"{self._rejected.folder}/{name}.csv", len(rows), handed_over=True)

    def _body(self, sending: Sending, rows: Sequence[RejectedRow]) -> bytes:
        text = io.StringIO(newline="")
        writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        writer.writerow([*self._columns, *_OURS])
        due = ""
        if sending.due is not None:
            due = f"{sending.due.isoformat()}{'' if sending.due_verified else '（未核实）'}"
        for row in rows:
            theirs = ("" if (value := row.fields.get(name)) is None else str(value) for name in self._columns)
            writer.writerow([*theirs, str(row.number), str(row.position), row.remark(), due])
        return text.getvalue().encode(self._rejected.encoding, errors="replace")
