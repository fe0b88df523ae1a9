"""Whether a number and a name belong together: the demonstration's stand-in for a citizens' identity provider."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from core.settings import Mode
from hub.access_file import DemoAccessRefused
from hub.context import Hub
from schemas.errors import IdentifierRefused
from schemas.identifiers.citizen import CitizenId
from schemas.identifiers.credit import CreditCode
from schemas.judge import restore
from store.connection import transaction
from store.records import select_subject

#: Where the name stands: of a citizen his own, of a company its legal representative's.
_NAMED: Final = {
    "citizen": ("police.household", "name"),
    "company": ("tax.registration", "legal_representative"),
}


@dataclass(frozen=True, slots=True, repr=False)
class Known:
    """Somebody whose number and name are stored together; `label` shows the first character of the name only."""

    kind: Literal["citizen", "company"]
    subject: bytes
    label: str


def recognise(hub: Hub, number: str, name: str) -> Known | None:
    """The citizen or company of a number, when the name is the one stored beside it.

    Anybody who knows both gets in, so it is for demonstrations only.

    Raises:
        DemoAccessRefused: in production mode.
    """
    if hub.settings.mode is Mode.PRODUCTION:
        raise DemoAccessRefused(
            "a number and a name are no proof of who somebody is; in production mode nobody is let in by them. "
            "Connect the province's identity provider for citizens."
        )
    name = name.strip()
    for kind, parse in _READERS:
        try:
            found = parse(number)
        except IdentifierRefused:
            continue
        resource, field = _NAMED[kind]
        subject = hub.subject(kind, found.text)
        with transaction(hub.connection) as cursor:
            rows = select_subject(cursor, subject, [resource])[resource]
        for row in rows:
            record: Any = restore(resource, row.open(hub.vault).payload)
            if name and str(getattr(record, field)) == name:
                return Known(kind, subject, name[0] + "*" * (len(name) - 1))
    return None


_READERS: Final[tuple[tuple[Literal["citizen", "company"], Any], ...]] = (
    ("citizen", CitizenId.parse),
    ("company", CreditCode.parse),
)
