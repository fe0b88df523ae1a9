"""Whether this hub could seal a licence right now, found by trying: the key signs, its certificate and seal hold.

Nothing is sealed: what is signed is a sentence, by a signature that is no seal's and that nobody keeps. A seal on a
platform is only fetched, since every use of it is recorded there. A refused PIN is sent to a token once in a process
(`signing.token_key`), so probes do not lock it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import ClassVar, Final

from core.errors import HubError, Retryable
from hub.context import Hub
from hub.press import Press, timestamp_client
from hub.press_file import press_file_of
from hub.seals import require_active
from signing.certificates import Certificate
from signing.detached import sign_detached, verify_detached
from signing.seal.port import LocalSealer

#: Seconds an answer is kept, so that a probe each second opens no key and asks for no timestamp each second.
KEPT_SECONDS: Final = 10.0
_PROBE: Final = "可否签章：本行文字只用于自检 a sentence signed to see whether the key can be used".encode()


class CannotSign(Retryable):
    """This hub cannot sign now: its key, certificate, seal or a timestamp it has to have."""

    code: ClassVar[str] = "HUB-955"

    def __init__(self, message: str, because: str = "") -> None:
        super().__init__(message)
        self.because = because


class SigningWatch:
    """Remembers for some seconds what the last try found. Safe from any thread: one tries, the others wait for it."""

    def __init__(self, kept_seconds: float = KEPT_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._kept = kept_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._until = float("-inf")
        self._found: CannotSign | None = None

    def check(self, hub: Hub) -> None:
        """Return when this hub could seal, or is set up not to (HUB_SIGNS=no).

        Raises:
            CannotSign: it could not; `because` is the code of what stands in the way.
            StoreUnavailable, StoreNotReady: the register of seals cannot be asked.
        """
        if not hub.settings.signs:
            return
        with self._lock:
            if self._clock() >= self._until:
                self._found = _found(hub)
                self._until = self._clock() + self._kept
            if self._found is not None:
                raise CannotSign(self._found.message, self._found.because)


def _found(hub: Hub) -> CannotSign | None:
    try:
        _try(hub)
    except HubError as error:
        return CannotSign(f"this hub cannot sign now; what is approved waits. {error}", error.code)
    return None


def _try(hub: Hub) -> None:
    now = hub.clock.now()
    # without timestamps: whether one is needed is asked below
    press = Press.open(hub.settings, timestamps=False)
    require_active(hub, press)
    press.trust.check(Certificate.read(press.sealer.certificate), now)
    signers = [press.signer, press.sealer.signer if isinstance(press.sealer, LocalSealer) else None]
    for signer in {id(one): one for one in signers if one is not None}.values():
        verify_detached(_PROBE, sign_detached(_PROBE, signer, now), press.trust, now)
    part = press_file_of(hub.settings).timestamp
    if part is not None and part.when_down == "wait":
        timestamp_client(part)(_PROBE)
