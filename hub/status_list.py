"""The status list 状态清单: where every document stands, signed by the bureau, for checks without a network.

It is made of the tables, at every change of the register and at least every hour, and may be relied on for a day.
Whether the tables say what the register says `hub register verify` tells.
"""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import timedelta
from pathlib import Path
from typing import Final

from core.canonical import canonical
from core.clock import SHANGHAI
from core.settings import Settings
from hub import licence_register
from hub.context import Hub, OnStep, no_step
from hub.files import write_durably
from hub.press import Press
from hub.status_reading import KIND, VERSION, StatusList, StatusListRefused
from hub.status_slots import BITS, PLACES, pack, slot_of
from schemas.licence_life import status_on
from store import status_rows
from store.turns import only_one

#: A list without news is made anew after so long, so that nobody waits for one that ends soon.
_EVERY: Final = timedelta(hours=1)


def path_of(settings: Settings) -> Path:
    """Where the newest list lies."""
    return settings.home / "published" / "status-list.json"


def current(settings: Settings) -> StatusList | None:
    """The newest list; None where there is none, or what lies there is none."""
    try:
        return StatusList.read(path_of(settings).read_bytes())
    except (OSError, StatusListRefused):
        return None


def make(hub: Hub, on_step: OnStep = no_step) -> StatusList:
    """Make and sign a new list, and put it in the place of the one before.

    Raises:
        TurnTaken: another process makes one; nothing was done.
        PressUnset, DemoSealRefused, KeyRefused and others of `Press.open`: no key to sign with.
        SignerUnavailable: a Retryable; token or platform does not answer.
        DiskRefuses: it cannot be written; the one before is still there.
    """
    press = Press.open(hub.settings)
    with only_one(hub.connection, "make the status list"):
        return _make(hub, press, on_step)


def refresh(hub: Hub) -> StatusList | None:
    """Make a new list where there is news: an entry of the register, a new day, an hour gone; else nothing, cheaply.

    Raises as `make` does.
    """
    known = current(hub.settings)
    now = hub.clock.now().astimezone(SHANGHAI)
    if known is not None and known.entries == status_rows.entries(hub.connection):
        made = known.issued_at.astimezone(SHANGHAI)
        if made <= now < made + _EVERY and made.date() == now.date():
            return None
    return make(hub)


def _make(hub: Hub, press: Press, on_step: OnStep) -> StatusList:
    now = hub.clock.now().astimezone(SHANGHAI).replace(microsecond=0)
    held = status_rows.snapshot(hub.connection)
    slots = {
        row.place: slot_of(status_on(now.date(), row.status, row.valid_until), superseded=row.superseded)
        for row in held.rows
    }
    head = licence_register.head(hub)
    statement = canonical(
        {
            "v": VERSION,
            "type": KIND,
            "issuer": press.bureau.name,
            "issuer_code": press.bureau.credit_code,
            "issued_at": now.isoformat(),
            "valid_until": (now + timedelta(hours=hub.settings.status_list_hours)).isoformat(),
            "bits": BITS,
            "places": PLACES,
            "list": pack(slots),
            "register": None if head is None else {"number": head.number, "size": head.size, "root": head.root.hex()},
            "entries": held.entries,
        }
    )
    signature = press.sign_detached(statement, now)
    on_step("list.signed")
    file = {"type": KIND, "statement": statement.decode(), "signature": b64encode(signature).decode()}
    data = json.dumps(file, ensure_ascii=False).encode()
    write_durably(path_of(hub.settings), data)
    on_step("list.written")
    return StatusList.read(data)
