"""Licences of a release before licences had versions: what their documents state is entered into the register once."""

from __future__ import annotations

from datetime import date

from core.clock import SHANGHAI
from hub.context import Hub
from schemas.dates import Validity
from store import licence_making, licences
from store.register_entries import Grounds

#: What the register says of why they were issued: nobody wrote it down then.
_BASIS = "早前版本登记，依据未记录"


def adopt(hub: Hub) -> int:
    """Enter every published document that no step of a licence's life tells of; how many."""
    older = licence_making.without_step(hub.connection)
    for version in older:
        metadata = licences.facts(hub.connection, hub.vault, version)["metadata"]
        licence_making.enter_older(
            hub.connection,
            version,
            valid_until=Validity.parse(metadata["ZZYXQJZRQ"]).until,
            grounds=Grounds(_BASIS, date.fromisoformat(metadata["ZZBFRQ"]), "hub", metadata["ZZBFJG"]),
            now=hub.clock.now().astimezone(SHANGHAI),
        )
    return len(older)
