"""A status list read and checked where there is no hub: at a bank, by anybody who trusts the root."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from core.canonical import canonical
from core.clock import SHANGHAI
from core.errors import HubError, Rejected, Retryable
from hub.status_slots import BITS, Slot, slot_at, unpack
from signing.detached import verify_detached
from signing.errors import TrustUnknown
from signing.trust import Trust

VERSION: Final = 1
KIND: Final = "status-list"
#: So far another clock may be ahead of ours.
_TOLERANCE: Final = timedelta(minutes=5)
_MOST_PLACES: Final = 1 << 24
_KEYS = {
    "v", "type", "issuer", "issuer_code", "issued_at", "valid_until", "bits", "places", "list", "register", "entries",
}  # fmt: skip


class StatusListRefused(Rejected):
    """A status list is none, is not signed by the organ it speaks for, or was changed."""

    code: ClassVar[str] = "HUB-921"


class StatusListStale(Retryable):
    """A status list is older than it may be relied on."""

    code: ClassVar[str] = "HUB-922"


@dataclass(frozen=True, slots=True)
class StatusList:
    """A list as it is written; nothing is checked before `check`.

    Attributes:
        issuer, issuer_code: the organ whose documents it is about.
        issued_at, valid_until: it may be relied on between the two.
        register: `number`, `size` and `root` of the signed head of the register it came after; None before the first.
        entries: entries of the register it takes account of.
        packed: the slots.
    """

    issuer: str
    issuer_code: str
    issued_at: datetime
    valid_until: datetime
    register: dict[str, Any] | None
    entries: int
    packed: bytes = field(repr=False)
    statement: bytes = field(repr=False)
    signature: bytes = field(repr=False)

    @classmethod
    def read(cls, data: bytes) -> StatusList:
        """The file's list.

        Raises:
            StatusListRefused: it is not of that form.
        """
        try:
            value = json.loads(data)
            statement = value["statement"].encode()
            said = json.loads(statement)
            if value["type"] == KIND and _well_formed(said) and canonical(said) == statement:
                return cls(
                    issuer=said["issuer"],
                    issuer_code=said["issuer_code"],
                    issued_at=_moment(said["issued_at"]),
                    valid_until=_moment(said["valid_until"]),
                    register=said["register"],
                    entries=said["entries"],
                    packed=unpack(said["list"], said["places"]),
                    statement=statement,
                    signature=b64decode(value["signature"], validate=True),
                )
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
            pass
        raise StatusListRefused(
            "this is no status list as docs/status-list.md describes it; fetch it anew from its organ."
        )

    def check(self, trust: Trust, at: datetime, *, issuer_code: str) -> str:
        """Return who signed the list, once signature, organ and age were found right.

        Args:
            at: the moment of asking.
            issuer_code: credit code of the organ whose list is wanted.

        Raises:
            StatusListRefused: it is not that organ's, or not signed by it.
            StatusListStale: it is too old; a new one has to be fetched.
            TrustUnknown: it cannot be told whom to trust.
        """
        if self.issuer_code != issuer_code:
            raise StatusListRefused(
                f"the status list is of the organ {self.issuer_code}, the document of {issuer_code}; the state was not "
                "read. Fetch the list of the document's own organ."
            )
        try:
            signer = verify_detached(self.statement, self.signature, trust, at + _TOLERANCE)
        except TrustUnknown:
            raise
        except HubError as error:
            raise StatusListRefused(f"the status list's signature is refused: {error.message}") from None
        # Certificates of organs carry the credit code, followed by the name.
        if signer.organisation[:18] != issuer_code:
            raise StatusListRefused(
                "the status list is signed by another than the organ it speaks for; the state was not read. Fetch it "
                "anew from its organ."
            )
        if at + _TOLERANCE < self.issued_at:
            raise StatusListStale(
                f"the status list says it was made at {_words(self.issued_at)}, which is yet to come: this machine's "
                "clock is wrong, or the organ's. The state was not read."
            )
        if at > self.valid_until:
            raise StatusListStale(
                f"the status list was made at {_words(self.issued_at)} and may be relied on until "
                f"{_words(self.valid_until)}; that is over. The state was not read. Fetch a new one."
            )
        return signer.common_name

    def slot(self, place: int) -> Slot:
        """What it says of the document at a place.

        Raises:
            StatusListRefused: there is no such place, or a value that means nothing.
        """
        try:
            return slot_at(self.packed, place)
        except ValueError:
            raise StatusListRefused(
                "the status list says nothing that has a meaning at the document's place; fetch it anew from its organ."
            ) from None


def _well_formed(said: dict[str, Any]) -> bool:
    places = said["places"]
    return (
        said.keys() == _KEYS
        and (said["v"], said["type"], said["bits"]) == (VERSION, KIND, BITS)
        and all(type(said[name]) is str for name in ("issuer", "issuer_code", "list"))
        and type(said["entries"]) is int
        and type(places) is int
        and 0 < places <= _MOST_PLACES
        and isinstance(said["register"], dict | None)
    )


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("no zone")
    return found


def _words(moment: datetime) -> str:
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
