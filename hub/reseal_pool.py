"""Chunks of an order made by several processes, each with a connection and a press of its own."""

from __future__ import annotations

import gc
import multiprocessing
import pickle
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from types import TracebackType
from typing import ClassVar, Final

from core.clock import Clock
from core.errors import HubError, Permanent, Retryable
from core.settings import Settings
from hub.context import Hub, open_hub
from hub.press import Press
from hub.reseal_chunk import Outcome, reseal_chunk
from hub.spawning import end_with_parent, no_main_module
from store import reseal_orders
from store.reseal_orders import Order

#: Chunks that wait for a process, beside those at work: a list of a whole stock need not lie in the queue.
_WAITING: Final = 2
#: So many objects are made before a process looks for circles of them.
_OBJECTS_BETWEEN: Final = 100_000


class ResealInterrupted(Retryable):
    """A process that resealed was killed, or another one is at the same order; it goes on where it stood."""

    code: ClassVar[str] = "HUB-939"


class ResealPool:
    """Processes that end with this object, and by themselves when this process is killed."""

    def __init__(self, hub: Hub, order: str, workers: int) -> None:
        self._workers = workers
        self._order = order
        self._pool = ProcessPoolExecutor(
            workers,
            # not forked: this process has threads and connections that no other may use
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_begin,
            initargs=(hub.settings, hub.clock, order),
        )

    def run(self, chunks: Sequence[int], on_chunk: Callable[[Outcome], None]) -> None:
        """Have every chunk made. The first error ends it once the chunks at work are through.

        Raises:
            ResealInterrupted: a Retryable; a process was killed.
            HubError: as `reseal_chunk`.
        """
        left = iter(chunks)
        running: set[Future[Outcome]] = set()
        first: BaseException | None = None
        with no_main_module():
            while True:
                while first is None and len(running) < self._workers + _WAITING:
                    chunk = next(left, None)
                    if chunk is None:
                        break
                    running.add(self._pool.submit(_reseal, chunk))
                if not running:
                    break
                ended, running = wait(running, return_when=FIRST_COMPLETED)
                for one in ended:
                    if one.cancelled():
                        continue
                    error = one.exception()
                    if error is None:
                        on_chunk(one.result())
                    elif first is None:
                        first = error
                        for other in running:
                            other.cancel()
        if isinstance(first, BrokenProcessPool):
            raise ResealInterrupted(
                "a process that resealed was killed (out of memory?). Nothing is lost: what it had published stays, "
                f"and the order goes on with the rest: hub licences reseal --resume {self._order}"
            ) from None
        if first is not None:
            raise first

    def __enter__(self) -> ResealPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)


# --- in the other process ---

_asked: tuple[Settings, Clock, str] | None = None
_bench: tuple[Hub, Press, Order] | None = None
_open = ExitStack()


def _begin(settings: Settings, clock: Clock, order: str) -> None:
    global _asked
    _asked = settings, clock, order
    end_with_parent()
    # Who stops the command at a terminal stops us too: the chunk at work comes to its end, and no other is begun.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What is made for one document holds no circles: looking for them took a twentieth of the time.
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN, 50, 100)


def _reseal(chunk: int) -> Outcome:
    global _bench
    try:
        if _bench is None:
            # Not as the process begins: an error there would look as if it had been killed.
            assert _asked is not None, "the process was not begun"  # noqa: S101
            settings, clock, order = _asked
            hub = _open.enter_context(open_hub(settings, clock))
            _bench = hub, Press.open(settings), reseal_orders.find(hub.connection, order)
        return reseal_chunk(*_bench, chunk)
    except HubError as error:
        raise _portable(error) from None


def _portable(error: HubError) -> HubError:
    """The error, or where it cannot pass between processes, one that asks for the same and says the same."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes of a moment ago
    except Exception:  # noqa: BLE001 - whatever keeps it from passing
        return (Retryable if isinstance(error, Retryable) else Permanent)(str(error))
    return error
