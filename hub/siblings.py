"""Approvals about one applicant's licences of one type, in the order in which they were decided.

A change decided before a cancellation is carried out before it, whichever of them comes to the hub first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import cast

from hub.context import Hub
from hub.sources import ACCEPT, RESULT
from schemas.items import all_items
from schemas.judge import restore
from schemas.records import Accept, Result
from schemas.records.base import Subject
from schemas.records.bureau import Decision
from store import approval_outcomes, records


@dataclass(frozen=True, slots=True, order=True)
class Sibling:
    """A granted approval that is not carried out yet; they are ordered by when they were decided.

    Attributes:
        state: how it stood when it was looked at last; empty when nobody has.
    """

    decided_on: date
    accepted_on: date
    approval: str
    state: str = ""


def place_of(accept: Accept, result: Result) -> Sibling:
    """Where an approval stands in the order."""
    return Sibling(result.decided_on, accept.accepted_on, result.project_no)


def open_siblings(hub: Hub, applicant: Subject, licence_type: str) -> list[Sibling]:
    """Every such approval of the applicant, the first decided first."""
    items = {item.code for item in all_items().values() if item.licence_type == licence_type}
    subject = hub.subject(applicant.kind, applicant.value)
    rows = records.of_subject(hub.connection, hub.vault, subject, [ACCEPT])[ACCEPT]
    accepts = [cast(Accept, restore(ACCEPT, row.payload)) for row in rows]
    own = {accept.project_no: accept for accept in accepts if accept.item_code in items}
    states = approval_outcomes.states(hub.connection, list(own))
    found = []
    for number, accept in own.items():
        if states.get(number) == "issued":
            continue
        for row in records.of_subject(hub.connection, hub.vault, hub.subject("case", number), [RESULT])[RESULT]:
            result = cast(Result, restore(RESULT, row.payload))
            if result.decision is Decision.GRANTED:
                found.append(Sibling(result.decided_on, accept.accepted_on, number, states.get(number, "")))
    return sorted(found)
