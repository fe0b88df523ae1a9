"""What a person does about a row set aside: give it up with a reason, or take its bytes out to look at them."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from core.errors import Permanent
from hub.answers import WHYS
from hub.context import Hub
from hub.files import DiskRefuses
from store import quarantine, quarantine_acts
from store.connection import transaction

#: 15 and more digits in a row, however grouped: a note is for reasons, not for numbers of people.
_IDENTIFIER: Final = re.compile(r"\d(?:[ \-]?\d){13,}[\dXx]")


class DismissRefused(Permanent):
    """An entry cannot be given up so: the note is missing, too long, or holds what looks like a person's number."""

    code: ClassVar[str] = "HUB-727"


class ExportRefused(Permanent):
    """The bytes of an entry were not written: something lies at that path already, or it is no place for a file."""

    code: ClassVar[str] = "HUB-728"


@dataclass(frozen=True, slots=True)
class Dismissed:
    """What giving up came to; `closed` entries were no longer open."""

    dismissed: int
    closed: int

    def to_dict(self) -> dict[str, int]:
        """For `--json`."""
        return {"dismissed": self.dismissed, "closed": self.closed}


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written where."""

    entry: int
    path: Path
    size: int


def dismiss(hub: Hub, numbers: Sequence[int], *, why: str, note: str, who: str) -> Dismissed:
    """Close entries that nobody will correct. They stay, with who, when and why; their records stay unaccepted.

    Args:
        why: a key of `hub.answers.WHYS`.

    Raises:
        DismissRefused: see there; nothing was closed.
        NotInStore: a number is not there; nothing was closed.
    """
    note = note.strip()
    if why not in WHYS:
        raise DismissRefused(f"`{why}` is no reason of the list ({', '.join(WHYS)}); nothing was closed.")
    if why == "other" and not note:
        raise DismissRefused("`other` needs a note that says why; nothing was closed. Write it and try again.")
    if len(note) > 500 or _IDENTIFIER.search(note):
        raise DismissRefused(
            "the note is longer than 500 characters or holds what looks like a person's or company's number; nothing "
            "was closed. Say why without naming anybody."
        )
    entries = [quarantine.get_entry(hub.connection, number) for number in dict.fromkeys(numbers)]
    for resource in {entry.resource for entry in entries}:
        hub.vault.ready(resource)
    done = 0
    now = hub.clock.now()
    with transaction(hub.connection) as cursor:
        for entry in entries:
            if quarantine.dismiss(cursor, entry.id, now):
                done += 1
                quarantine_acts.record(
                    cursor, hub.vault, "dismissed", who=who, resource=entry.resource, at=now, entry=entry.id, why=why,
                    note=note,
                )  # fmt: skip
    return Dismissed(done, len(entries) - done)


def export(hub: Hub, number: int, out: Path, *, who: str) -> Exported:
    """Write the bytes of an entry as received into a new file that only its maker can read; who did it is logged.

    The entry in the log is committed before a byte leaves, so there is no export without one.

    Raises:
        NotInStore: there is no such entry.
        ExportRefused: the path is taken, or is no place for a new file; nothing was written.
        DiskRefuses: no room; nothing is left at the path.
    """
    entry = quarantine.get_entry(hub.connection, number)
    content = quarantine.open_content(hub.connection, hub.vault, number)
    try:
        # exclusive: never over another file, never into a device or through a link
        handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ExportRefused(f"{out} is there already; nothing was written. Give a path that is free.") from None
    except OSError as error:
        raise ExportRefused(
            f"{out} cannot be made ({error.strerror}); nothing was written. Give another path."
        ) from None
    try:
        with os.fdopen(handle, "wb") as stream:
            with transaction(hub.connection) as cursor:
                quarantine_acts.record(
                    cursor, hub.vault, "exported", who=who, resource=entry.resource, at=hub.clock.now(),
                    entry=entry.id, size=len(content.raw),
                )  # fmt: skip
            stream.write(content.raw)
            stream.flush()
            os.fsync(stream.fileno())
    except BaseException as error:
        out.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise DiskRefuses(f"{out} was not written: {error.strerror}. Make room, then export again.") from None
        raise
    return Exported(entry.id, out, len(content.raw))
