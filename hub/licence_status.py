"""How a document stands, told to a machine that has the right to ask: state, validity, what superseded it."""

from __future__ import annotations

from typing import Any, ClassVar

from core.clock import SHANGHAI
from core.errors import Permanent
from hub.context import Hub
from hub.status_slots import slot_of
from schemas.licence_life import status_on
from store import status_rows


class DocumentUnknown(Permanent):
    """No document of this identifier was ever published here."""

    code: ClassVar[str] = "HUB-924"


def status_of(hub: Hub, identifier: str) -> dict[str, Any]:
    """State of the document and its licence on this day; no holder, no facts.

    Raises:
        DocumentUnknown: none was published; the same for what never was, is in the making, or is no identifier.
    """
    found = status_rows.of_document(hub.connection, identifier)
    if found is None:
        raise DocumentUnknown("no document of this identifier was published here; take it from the document's face.")
    now = hub.clock.now().astimezone(SHANGHAI)
    status = status_on(now.date(), found.status, found.valid_until)
    return {
        "identifier": found.identifier,
        "number": found.number,
        "licence_type": found.licence_type,
        "version": found.version,
        "document_sm3": found.document_sm3.hex(),
        "state": slot_of(status, superseded=found.superseded_by is not None).name.lower(),
        "superseded_by": found.superseded_by,
        "licence_status": status.value,
        "licence_status_zh": status.chinese,
        "since": found.status_since.isoformat() if found.status_since and status is found.status else None,
        "valid_until": found.valid_until.isoformat() if found.valid_until else None,
        "entry": found.entry,
        "as_of": now.isoformat(timespec="seconds"),
    }
