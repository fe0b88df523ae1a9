"""The hub itself behind the public check."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager

from core.clock import Clock
from core.errors import HubError
from core.settings import Settings
from hub import checking_ask
from hub.checking import Checked, Proof, RegisterSilent
from hub.checking_proof import proof_of, proof_of_entry
from hub.context import Hub
from web.check_port import Shown

_LOG = logging.getLogger(__name__)


class HubChecks:
    """Borrows a hub for each question."""

    def __init__(self, settings: Settings, hubs: Callable[[], AbstractContextManager[Hub]], clock: Clock) -> None:
        self._settings = settings
        self._hubs = hubs
        self._clock = clock

    def by_token(self, token: str) -> Shown:
        return self._asked(lambda hub: checking_ask.by_token(hub, token))

    def by_number(self, identifier: str, number: str) -> Shown:
        return self._asked(lambda hub: checking_ask.by_number(hub, identifier, number))

    def proof(self, entry: str) -> Proof:
        with self._hubs() as hub:
            return proof_of_entry(hub, entry)

    def by_file(self, data: bytes) -> Shown:
        checked = checking_ask.by_file(self._settings, self._hubs, data, self._clock)
        if checked.licence is None:
            return Shown(checked)
        try:
            with self._hubs() as hub:
                return Shown(checked, proof_of(hub, checked))
        except HubError as error:
            _LOG.warning("a verdict goes out without its proof: %s", error)
            return Shown(checked)

    def _asked(self, ask: Callable[[Hub], Checked]) -> Shown:
        try:
            with self._hubs() as hub:
                checked = ask(hub)
                return Shown(checked, proof_of(hub, checked))
        except HubError as error:
            _LOG.warning("the register could not be asked: %s", error)
            raise RegisterSilent(f"the public check got no answer ({error.code})") from error
