"""The licences of one chunk get their next document together: drawn, reserved with intents, sealed, written, published.

What issuing writes for one (`hub.making`) is written for all in two transactions: number and intent before the first
is sealed, the rest once all files are on disk. Killed in between, the documents keep numbers, facts and intents, and
the next try draws the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import ClassVar

from pydantic import ValidationError

from core.clock import SHANGHAI, today
from core.digest import sm3
from core.errors import HubError, Permanent, Retryable
from hub.compose import Drawn, drawn_from
from hub.context import Hub, OnStep, no_step
from hub.designation import address_of, digest_of, new_token
from hub.files import FileAltered, read_checked, write_all_durably
from hub.issuing_stops import demand_open
from hub.making import NumberInUse, Sealed, path_of, seal_and_verify
from hub.organ_rule import require_issuer
from hub.press import Press
from hub.reseal_facts import renamed
from schemas.identifiers.licence import LicenceId
from schemas.licence_life import Status, Step, status_on
from schemas.licence_types import licence_type
from store import licence_life, licence_making, licences, reseal_orders
from store.connection import transaction
from store.errors import StatusPlaceTaken
from store.licence_life import VersionInMaking
from store.licence_making import Composed, NewVersion, SealedDocument
from store.licences import LicenceVersion
from store.register_entries import Grounds
from store.reseal_orders import Item, Order

#: So often a chunk is looked at again in one go, where others took steps meanwhile or drew the same place.
_TRIES = 3
#: Kept of what an error said.
_LONGEST_SAID = 600


class ResealUnfit(Permanent):
    """A licence cannot get its next document: its facts are not of a form that is drawn today."""

    code: ClassVar[str] = "HUB-938"


@dataclass(slots=True)
class Outcome:
    """What came of a chunk in this call. `busy` when another process is at it."""

    done: int = 0
    passed_over: int = 0
    failed: int = 0
    busy: bool = False

    def add(self, other: Outcome) -> None:
        """Take another chunk's numbers in."""
        self.done += other.done
        self.passed_over += other.passed_over
        self.failed += other.failed
        self.busy = self.busy or other.busy


@dataclass(slots=True)
class _Work:
    """A licence on its way. What it does not have yet is None."""

    item: Item
    drawn: Drawn
    draft_sm3: bytes
    new: NewVersion | None
    version: LicenceVersion | None
    sealed: Sealed | None = None


@dataclass(slots=True)
class _Told:
    """What came of licences that go no further, by id: written in the transaction that ends the chunk."""

    passed_over: list[tuple[str, str | None, str | None]] = field(default_factory=list)
    failed: list[tuple[str, str | None, str | None]] = field(default_factory=list)
    #: Documents in the making that have no place any more.
    given_up: list[LicenceVersion] = field(default_factory=list)

    def fail(self, item: Item, error: Exception) -> None:
        if isinstance(error, HubError):
            self.failed.append((item.licence, error.code, error.message[:_LONGEST_SAID]))
            return
        # Its text may quote a record.
        said = f"unexpected fault ({type(error).__name__}); please report it"
        self.failed.append((item.licence, ResealUnfit.code, said))


def reseal_chunk(hub: Hub, press: Press, order: Order, chunk: int, on_step: OnStep = no_step) -> Outcome:
    """Take what is left of a chunk as far as published.

    What cannot get its document is written down with its error, and the others go on.

    Raises:
        SealNotActive, SealNotRegistered: the seal may not be used; what was not sealed yet stays left.
        Retryable: of seal, timestamp, disk or store; what was sealed before is published, the rest stays left.
    """
    outcome = Outcome()
    with reseal_orders.chunk_held(hub.connection, order.id, chunk) as ours:
        if not ours:
            return Outcome(busy=True)
        failed_now: set[str] = set()
        for _ in range(_TRIES):
            items = reseal_orders.items_left(hub.connection, order, chunk, press.bureau.credit_code)
            items = [one for one in items if one.licence not in failed_now]
            if not items:
                break
            on_step("chunk.read")
            try:
                told = _once(hub, press, order, items, outcome, on_step)
            except StatusPlaceTaken:
                continue  # one place of a million was drawn by two at once
            failed_now |= {licence for licence, _, _ in told.failed}
    return outcome


def _once(hub: Hub, press: Press, order: Order, items: Sequence[Item], outcome: Outcome, on_step: OnStep) -> _Told:
    told = _Told()
    works = _drawn(hub, press, order, items, told)
    on_step("chunk.drawn")
    works = _reserved(hub, press, works)
    on_step("chunk.reserved")
    stopped = _seal(hub, press, works, told)
    on_step("chunk.sealed")
    ready = [one for one in works if one.sealed is not None]
    _write(hub, ready)
    on_step("chunk.written")
    done = _publish(hub, order, ready, told)
    on_step("chunk.published")
    outcome.done += done
    outcome.failed += len(told.failed)
    outcome.passed_over += len(told.passed_over)
    if stopped is not None:
        raise stopped
    return told


def _drawn(hub: Hub, press: Press, order: Order, items: Sequence[Item], told: _Told) -> list[_Work]:
    """The documents of those that are to have one. Nothing is written yet, so what cannot be drawn costs no number."""
    day, now = today(hub.clock), hub.clock.now()
    with transaction(hub.connection) as cursor:
        places = licence_making.free_places(cursor, len(items))
    works: list[_Work] = []
    unfit = _unfit_types(hub, press, items, day)
    for item, place in zip(items, places, strict=True):
        note = _why_not(item, day_status=status_on(day, item.status, item.valid_until))
        if note is not None:
            _sweep(hub, item)
            told.passed_over.append((item.licence, note, None))
            if item.unfinished is not None and _is_ours(order, item.unfinished[0]):
                told.given_up.append(item.unfinished[0])
            continue
        if item.current.licence_type in unfit:
            told.fail(item, unfit[item.current.licence_type])
            continue
        try:
            works.append(_draw(hub, press, order, item, place, now))
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one licence keeps no other from its document
            told.fail(item, error)
    return works


def _unfit_types(hub: Hub, press: Press, items: Sequence[Item], day: date) -> dict[str, HubError]:
    """The licence types of which the bureau may make no document today, each with the reason."""
    unfit: dict[str, HubError] = {}
    for name in {one.current.licence_type for one in items}:
        try:
            require_issuer(hub.settings, press.bureau, licence_type(name), day)
            demand_open(hub, name)
        except HubError as error:
            unfit[name] = error
    return unfit


def _why_not(item: Item, *, day_status: Status) -> str | None:
    """Why a licence of the order is passed over; None when it is not."""
    if day_status not in (Status.VALID, Status.SUSPENDED):
        return day_status.value
    if item.under and item.unfinished is None:
        return "sealed"
    return None


def _is_ours(order: Order, version: LicenceVersion) -> bool:
    """Whether a document in the making is the order's own."""
    return version.made_for == reseal_orders.made_for(order.id, version.licence) and version.state == "reserved"


def _sweep(hub: Hub, item: Item) -> None:
    """Take away the file of a document that was given up: a process died when it had written and not recorded it."""
    if item.dropped is not None and item.dropped.document_sm3 is None:
        sweep(hub, item.dropped)


def sweep(hub: Hub, version: LicenceVersion) -> None:
    """Take away what may lie on disk of a document that nobody recorded."""
    path = hub.settings.home / path_of(version)
    path.unlink(missing_ok=True)
    path.with_name(f".{path.name}.part").unlink(missing_ok=True)


def _draw(hub: Hub, press: Press, order: Order, item: Item, place: int, now: datetime) -> _Work:
    current = item.current
    _check_current(hub, current)
    if item.unfinished is not None:
        version, sealed_facts = item.unfinished
        if not _is_ours(order, version):
            raise VersionInMaking(
                f"another document of licence {current.number} is being made (for {version.case_no}); it was left as "
                "it is. Finish that one, then go on with the order."
            )
        drawn = drawn_from(licences.open_facts(hub.vault, version.made_for, sealed_facts), press.bureau)
        return _Work(item, drawn, sm3(drawn.package.to_bytes()), None, version)
    new = _new_version(hub, press, order, item, place, now)
    drawn = drawn_from(new.composed.facts, press.bureau)
    path = path_of(replace(current, version=new.version))
    if (hub.settings.home / path).exists():
        raise NumberInUse(
            f"{path} is there, but the register knows no such document of licence {current.number}: the database is "
            "older than the files, as after restoring an early backup. Nothing was sealed, the file was not touched. "
            "Restore the newest backup; runbook: restoring."
        )
    return _Work(item, drawn, sm3(drawn.package.to_bytes()), new, None)


def _check_current(hub: Hub, current: LicenceVersion) -> None:
    """What is about to be superseded must be what was published: an altered file is for a person to look at first."""
    if current.document_path is None or current.document_sm3 is None:
        raise FileAltered(f"licence {current.number}: its current document has no recorded file; look at the register")
    read_checked(hub.settings.home / current.document_path, current.document_sm3)


def _new_version(hub: Hub, press: Press, order: Order, item: Item, place: int, now: datetime) -> NewVersion:
    current, number = item.current, item.newest + 1
    kind = licence_type(current.licence_type)
    before = LicenceId.from_stored(current.identifier)
    identifier = LicenceId.compose(before.type_code, press.bureau.credit_code, before.serial, number)
    token = new_token()
    try:
        facts = renamed(
            licences.open_facts(hub.vault, current.made_for, item.facts),
            kind,
            press.bureau,
            identifier=identifier,
            status_index=place,
            address=address_of(hub.settings, token),
            now=now,
            test_mark=press.is_test,
        )
    except (ValidationError, LookupError, TypeError, ValueError) as error:
        raise ResealUnfit(
            f"licence {current.number}: its facts are not of a form that is drawn today ({type(error).__name__}); no "
            "document was begun. Issue it anew by a change (变更), or report it."
        ) from None
    return NewVersion(
        licence=item.licence,
        version=number,
        step=Step.RESEAL,
        approval=None,
        made_for=reseal_orders.made_for(order.id, item.licence),
        item=current.item,
        grounds=Grounds(order.legal_basis, now.astimezone(SHANGHAI).date(), order.by_user, order.by_organisation),
        composed=Composed(current.number, identifier.text, facts, digest_of(token), current.valid_until, item.trust),
        status_index=place,
    )


def _reserved(hub: Hub, press: Press, works: Sequence[_Work]) -> list[_Work]:
    """Numbers taken and intents written, in one transaction, for those that still stand as they were read."""
    if not works:
        return []
    now = hub.clock.now()
    hub.vault.ready(licences.FACTS)
    with transaction(hub.connection) as cursor:
        hub.vault.hold(cursor, licences.FACTS)
        licence_life.hold_all(cursor, [one.item.licence for one in works])
        standing = reseal_orders.still(cursor, [one.item for one in works])
        # The others are looked at again: another step was quicker.
        works = [one for one in works if one.item.licence in standing]
        fresh = [one for one in works if one.new is not None]
        made = licence_making.add_versions(cursor, hub.vault, [one.new for one in fresh if one.new is not None], now)
        for one, version in zip(fresh, made, strict=True):
            one.version = version
        drafts = [(one.version, one.draft_sm3) for one in works if one.version is not None]
        if drafts:
            licence_making.intend_all(
                cursor, drafts, seal_sm3=press.seal_sm3, es_id=press.bureau.seal_id, now=now
            )  # fmt: skip
    return list(works)


def _seal(hub: Hub, press: Press, works: Sequence[_Work], told: _Told) -> Retryable | None:
    """Seal and verify each; what keeps the seal from being used at all is given back, and the rest is not tried."""
    for one in works:
        assert one.version is not None  # noqa: S101
        try:
            one.sealed = seal_and_verify(hub, one.version, press, one.drawn, hub.clock.now())
        except Retryable as error:
            return error
        except Exception as error:  # noqa: BLE001 - as when drawing
            told.fail(one.item, error)
    return None


def _write(hub: Hub, ready: Sequence[_Work]) -> None:
    home = hub.settings.home
    files = {
        home / path_of(one.version): one.sealed.data
        for one in ready
        if one.version is not None and one.sealed is not None
    }
    write_all_durably(files)
    for path, data in files.items():
        if path.read_bytes() != data:
            raise FileAltered(f"{path} is not what was written a moment ago; nothing was recorded. Look at the disk.")


def _publish(hub: Hub, order: Order, ready: Sequence[_Work], told: _Told) -> int:
    """All that came of the chunk, in one transaction; how many documents were published.

    A document that a final step of its licence gave up meanwhile is not: its file goes, and the licence is looked at
    again.
    """
    now = hub.clock.now()
    documents = [
        SealedDocument(one.version, sm3(one.sealed.data), one.sealed.timestamped, path_of(one.version).as_posix())
        for one in ready
        if one.version is not None and one.sealed is not None
    ]
    with transaction(hub.connection) as cursor:
        licence_life.hold_all(cursor, [one.licence for one in (*(done.version for done in documents), *told.given_up)])
        for version in told.given_up:
            sweep(hub, version)
            licence_life.drop(cursor, version.id, now, Step.RESEAL)
        recorded = licence_making.record_all_sealed(cursor, documents, now)
        published = [one.version for one in documents if one.version.id in recorded]
        licence_making.publish_all(cursor, published, now)
        reseal_orders.settle(cursor, order.id, "done", [(one.licence, None, None) for one in published], now)
        reseal_orders.settle(cursor, order.id, "passed_over", told.passed_over, now)
        reseal_orders.settle(cursor, order.id, "failed", told.failed, now)
    for one in documents:
        if one.version.id not in recorded:
            sweep(hub, one.version)
    return len(published)
