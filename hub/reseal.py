"""Reseal 换章: our own licences under an earlier seal get a new document under the current one, in bulk.

An order lists the licences in chunks; each chunk is made by itself (`hub.reseal_chunk`), by as many processes as there
are. Killed anywhere, the same order is gone on with; every licence gets one new document.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from core.clock import second_text, today
from core.errors import Permanent
from hub.context import Hub, OnStep, no_step
from hub.press import Press
from hub.reseal_chunk import Outcome, reseal_chunk, sweep
from hub.reseal_organs import ours
from hub.reseal_pool import ResealInterrupted, ResealPool
from hub.seals import require_active
from schemas.licence_life import Status, Step
from store import licence_life, reseal_orders
from store.connection import transaction
from store.reseal_orders import Choice, Counts, Failed, Order, OrderUnfit

__all__ = ["Order", "Outcome", "Preview", "Report", "begin", "close", "go_on", "parts", "preview", "work"]

#: Told how many licences are through, of how many.
OnProgress = Callable[[int, int], None]


class ResealIncomplete(Permanent):
    """Some licences of an order did not get their document; the others did."""

    code: ClassVar[str] = "HUB-936"


def no_progress(done: int, total: int) -> None:
    """For callers that do not want to hear of it."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What an order would do. `rows`: licence type, ES_ID of its seal, status where it is passed over, licences."""

    seal: str
    organ: str
    rows: tuple[tuple[str, str, str | None, int], ...]

    @property
    def licences(self) -> int:
        """How many would be resealed."""
        return sum(many for _, _, passed_over, many in self.rows if passed_over is None)

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        keys = ("licence_type", "seal", "passed_over", "licences")
        return {
            "seal": self.seal,
            "organ": self.organ,
            "licences": self.licences,
            "rows": [dict(zip(keys, row, strict=True)) for row in self.rows],
        }


@dataclass(frozen=True, slots=True)
class Report:
    """How an order stands; `failures` are the first hundred."""

    order: Order
    counts: Counts
    failures: tuple[Failed, ...]

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        order, counts = self.order, self.counts
        return {
            "order": order.id,
            "organ": order.organ,
            "old_seal": order.old_seal,
            "seal": order.es_id,
            "legal_basis": order.legal_basis,
            "by": order.by_user,
            "begun_at": second_text(order.begun_at),
            "ended_at": second_text(order.ended_at),
            "done": counts.done,
            "left": counts.left,
            "failed": counts.failed,
            "passed_over": dict(counts.passed_over),
            "failures": [{"number": one.number, "code": one.code, "said": one.said} for one in self.failures],
        }


def preview(hub: Hub, *, organ: str | None, old_seal: str | None = None) -> Preview:
    """What an order would be about; nothing is written.

    Raises:
        OrganNotOurs: the organ is none of ours.
    """
    press = Press.open(hub.settings)
    rows = reseal_orders.count(hub.connection, _choice(hub, press, organ, old_seal, None), today(hub.clock))
    return Preview(press.bureau.seal_id, press.bureau.name, tuple(rows))


def begin(
    hub: Hub,
    *,
    organ: str | None,
    old_seal: str | None = None,
    limit: int | None = None,
    legal_basis: str,
    who: str,
    chunk: int = reseal_orders.CHUNK,
    origin: str | None = None,
) -> Order:
    """Write down which licences are to be resealed, for good; nothing is sealed yet.

    What earlier orders for seals that are not used any more left over is given up.

    Args:
        organ: name or credit code; None for the bureau and every organ it followed.
        old_seal: only licences under a seal of this ES_ID.
        origin: what asks, where the same is to get its own order again: a run of a schedule.

    Raises:
        OrganNotOurs: the organ is none of ours.
        SealNotRegistered, SealNotActive: the current seal may not be used.
    """
    press = Press.open(hub.settings)
    require_active(hub, press)
    _give_up_others(hub, press)
    return reseal_orders.begin(
        hub.connection,
        _choice(hub, press, organ, old_seal, limit),
        organ=organ,
        es_id=press.bureau.seal_id,
        legal_basis=legal_basis,
        by_user=who,
        by_organisation=press.bureau.name,
        day=today(hub.clock),
        now=hub.clock.now(),
        chunk=chunk,
        origin=origin,
    )


def begin_asked(hub: Hub, asked: Mapping[str, Any], *, origin: str) -> Order:
    """The order of a form filled in: `order` to go on with, or `organ` or `everything` with `legal_basis`, `old_seal`,
    `limit` and `who`. Raises as `begin`, and OrderUnfit where the form is not filled in.
    """
    if asked["order"]:
        return reseal_orders.find(hub.connection, asked["order"])
    if bool(asked["organ"]) is bool(asked["everything"]) or not (asked["legal_basis"] or "").strip():
        raise OrderUnfit(
            "an order names an organ, or all of ours, and the decision it rests on; nothing was done. Fill in `organ` "
            "or `everything`, and `legal_basis`."
        )
    return begin(
        hub,
        organ=asked["organ"] or None,
        old_seal=asked["old_seal"] or None,
        limit=asked["limit"],
        legal_basis=asked["legal_basis"],
        who=asked["who"] or "airflow",
        origin=origin,
    )


def parts(hub: Hub, order: str, *, at_most: int, at_least: int = 1) -> list[list[int]]:
    """The chunks with something left, in `at_most` parts of about the same size, none below `at_least` but the last."""
    left = [number for number, _ in reseal_orders.chunks_left(hub.connection, order)]
    size = max(at_least, -(-len(left) // at_most))
    return [left[start : start + size] for start in range(0, len(left), size)]


def work(
    hub: Hub,
    order_id: str,
    chunks: Iterable[int],
    on_step: OnStep = no_step,
    on_chunk: Callable[[Outcome], None] | None = None,
) -> Outcome:
    """Make what is left of some chunks, in this process.

    Raises:
        OrderUnfit: nothing was done.
        SealNotRegistered, SealNotActive, Retryable: as `reseal_chunk`; what was done is kept.
    """
    order, press = _open(hub, order_id)
    total = Outcome()
    for chunk in chunks:
        done = reseal_chunk(hub, press, order, chunk, on_step)
        total.add(done)
        if on_chunk is not None:
            on_chunk(done)
    return total


def go_on(
    hub: Hub,
    order_id: str,
    *,
    workers: int = 1,
    on_progress: OnProgress = no_progress,
    on_step: OnStep = no_step,
) -> Report:
    """Make all that is left of an order, and tell how it stands then.

    Args:
        workers: processes; 1 is this one.

    Raises:
        OrderUnfit: nothing was done.
        SealNotRegistered, SealNotActive: the seal may not be used; what is left stays left.
        ResealInterrupted: a Retryable; another process has the rest at hand, or one of ours was killed.
        Retryable: of seal, timestamp, disk or store.
    """
    order, _ = _open(hub, order_id)
    left = reseal_orders.chunks_left(hub.connection, order.id)
    through, total = 0, sum(many for _, many in left)
    chunks = [chunk for chunk, _ in left]
    busy = False

    def on_chunk(done: Outcome) -> None:
        nonlocal through, busy
        through += done.done + done.passed_over + done.failed
        busy = busy or done.busy
        on_progress(through, total)

    on_progress(0, total)
    if workers <= 1 or len(chunks) < 2:
        work(hub, order.id, chunks, on_step, on_chunk)
    else:
        with ResealPool(hub, order.id, min(workers, len(chunks))) as pool:
            pool.run(chunks, on_chunk)
    if busy and reseal_orders.chunks_left(hub.connection, order.id):
        raise ResealInterrupted(
            f"another process works at order {order.id} and has the rest of it at hand; nothing was done twice. Look "
            "again when it has ended."
        )
    return close(hub, order.id)


def close(hub: Hub, order_id: str) -> Report:
    """Write that an order has ended, when nothing is left of it and nothing failed; how it stands.

    Raises:
        OrderUnfit: there is none.
    """
    order = reseal_orders.find(hub.connection, order_id)
    counts = reseal_orders.counts(hub.connection, order)
    if order.ended_at is None and not counts.left and not counts.failed:
        reseal_orders.end(hub.connection, order.id, counts, hub.clock.now())
        order = reseal_orders.find(hub.connection, order_id)
    return Report(order, counts, tuple(reseal_orders.failures(hub.connection, order.id)))


def demand_complete(report: Report) -> None:
    """Raises ResealIncomplete when some licences failed or are left."""
    counts = report.counts
    if counts.failed or counts.left:
        codes = sorted({one.code for one in report.failures})
        raise ResealIncomplete(
            f"order {report.order.id}: {counts.done} licences resealed, {counts.failed} failed "
            f"({', '.join(codes) or '—'}), {counts.left} left. Each keeps its old document until then. docs/errors.md "
            f"says what each code asks for; then `hub licences reseal --resume {report.order.id}`."
        )


def _open(hub: Hub, order_id: str) -> tuple[Order, Press]:
    order = reseal_orders.find(hub.connection, order_id)
    press = Press.open(hub.settings)
    if press.seal_sm3 != order.seal_sm3:
        raise OrderUnfit(
            f"order {order.id} was given for another seal (ES_ID {order.es_id}) than the one this hub uses now (ES_ID "
            f"{press.bureau.seal_id}); nothing was done. Correct press.toml, or give a new order: what is left of this "
            "one is then given up."
        )
    require_active(hub, press)
    return order, press


def _choice(hub: Hub, press: Press, organ: str | None, old_seal: str | None, limit: int | None) -> Choice:
    of = ours(hub.settings, today(hub.clock), organ)
    return Choice(of, press.seal_sm3, press.bureau.credit_code, old_seal, limit)


def _give_up_others(hub: Hub, press: Press) -> None:
    """End the open orders for seals that are not used any more: their documents say what the current seal does not."""
    for order in reseal_orders.open_orders(hub.connection):
        if order.seal_sm3 == press.seal_sm3:
            continue
        now = hub.clock.now()
        with transaction(hub.connection) as cursor:
            for version in reseal_orders.left_over(cursor, order.id):
                sweep(hub, version)
                licence_life.drop(cursor, version.id, now, Step.RESEAL)
            reseal_orders.give_up(cursor, order.id, now)
        close(hub, order.id)


def words_of(passed_over: Mapping[str, int]) -> Sequence[str]:
    """Why licences were passed over, for people."""
    known = {status.value: status.chinese for status in Status} | {"sealed": "已是现行印章", "given_up": "已放弃"}
    return [f"{known.get(note, note)} {many}" for note, many in sorted(passed_over.items())]
