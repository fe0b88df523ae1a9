"""Whatever is next of a transfer on this side, and of all: killed anywhere, the next run goes on."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any

from core.errors import HubError, Retryable
from hub.context import OnStep, no_step
from hub.transfer_ask import answer_by_itself
from hub.transfer_desk import Desk
from hub.transfer_intake import take_in
from hub.transfer_parcel import assemble
from hub.transfer_post import Arrived, deliver, open_inbox
from schemas.transfer import Side, State
from store import transfers
from store.transfers import Transfer

_LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class Carried:
    """What a run over all came to: state by transfer, letters that came, and what kept a transfer where it is."""

    arrived: Arrived
    states: dict[str, State] = field(default_factory=dict)
    troubles: dict[str, HubError] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """For `--json`; troubles by transfer."""
        return {
            **self.arrived.to_dict(),
            "states": {id_: state.value for id_, state in self.states.items()},
            "troubles": {id_: str(error) for id_, error in self.troubles.items()},
        }

    def demand_sound(self) -> None:
        """Raise what was set aside, else what a person has to look at, else what may be tried again."""
        if self.arrived.aside:
            self.arrived.demand_sound()
        errors = [*self.troubles.values(), *self.arrived.troubles]
        for error in sorted(errors, key=lambda one: isinstance(one, Retryable)):
            raise error


def run(desk: Desk, id_: str, on_step: OnStep = no_step) -> Transfer:
    """Do what is next of one transfer until it waits for the other side or for an officer.

    Raises:
        TransferUnknown: there is none.
        TurnTaken: another process does it.
        NothingToSend: what the destination lacks has to be mended first.
        PackageUnjudged: nobody is trusted for what another archive's package holds.
    """
    with desk.turn(id_):
        while True:
            transfer = desk.get(id_)
            if deliver(desk, transfer, on_step):
                continue
            if not _next(desk, transfer, on_step):
                return transfer


def run_all(desk: Desk, on_step: OnStep = no_step) -> Carried:
    """Send what is to be sent, open the inbox, and do what is next of every transfer that has not ended.

    Raises:
        TurnTaken: another process opens the inbox.
    """
    states, troubles = _each(desk, on_step)
    arrived = open_inbox(desk, on_step)
    if arrived.taken:
        again, troubles = _each(desk, on_step)
        states |= again
    return Carried(arrived, states, troubles)


def _each(desk: Desk, on_step: OnStep) -> tuple[dict[str, State], dict[str, HubError]]:
    states, troubles = {}, {}
    for id_ in transfers.to_carry(desk.hub.connection):
        try:
            states[id_] = run(desk, id_, on_step).state
        except HubError as error:
            _LOG.warning("transfer %s waits: %s", id_, error)
            states[id_], troubles[id_] = desk.get(id_).state, error
    return states, troubles


def _next(desk: Desk, transfer: Transfer, on_step: OnStep) -> bool:
    """One thing; False where nothing is to be done now."""
    if transfer.side is Side.IN:
        if transfer.state is not State.RECEIVED:
            return False
        take_in(desk, transfer, on_step)
        return True
    if transfer.state is State.ASKED:
        return answer_by_itself(desk, transfer, on_step)
    if transfer.state in (State.ACCEPTED, State.PARTIAL):
        assemble(desk, transfer, on_step=on_step)
        return True
    return False
