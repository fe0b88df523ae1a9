"""Giving an answer out: each file is taken out of its package anew, held against its digest, and logged first."""

from __future__ import annotations

from core.errors import HubError, Retryable
from documents.package import Package
from hub.context import Hub, OnStep, no_step
from hub.retrieval_errors import AnswerExpired, StageWrong
from hub.retrieval_files import Place, take
from hub.retrieval_kept import kept, titles
from hub.retrieval_lists import stage_on, unknown, visible
from hub.retrieval_log import account_of, number_of, of_step, refuse
from hub.retrieval_parts import CERTIFICATE, By, Fetched, Handed, PickUp, Stage
from hub.volume import volume_of
from store import archive_requests, audit
from store.archive_requests import RESOURCE, Step, Stored
from store.connection import transaction

_OFD = "application/ofd"


def fetch(hub: Hub, request: str, by: By | PickUp, name: str | None = None, on_step: OnStep = no_step) -> Fetched:
    """One file of an answer, by `Handed.name` or `CERTIFICATE`; without a name all of them as one zip file.

    Raises:
        RequestUnknown: there is no such request, answer, file or code, or it is not for `by`.
        AnswerExpired, AnswerChanged, PackageUnsound.
    """
    stored = visible(hub, request, by)
    try:
        fetched, given = _taken(hub, stored, name)
        on_step("answer.taken")
        return _let_go(hub, stored, by, fetched, given)
    except Retryable:
        raise
    except HubError as error:
        refuse(hub, of_step(hub, by, "领取", stored), error)
        raise


def proof_file(hub: Hub, request: str, by: By, part: int) -> Fetched:
    """The file of a proof (`ProofKept.part`), for who decides or asked.

    Raises:
        RequestUnknown: there is none, or it is not for `by`.
    """
    stored = visible(hub, request, by)
    file = next((one for one in archive_requests.files(hub.connection, stored.id) if one.part == part), None)
    body = archive_requests.body(hub.connection, hub.vault, stored.id, part)
    if file is None or file.kind != "proof" or file.media_type is None or body is None:
        raise unknown()
    usage = of_step(hub, by, "查看证明材料", stored)
    with transaction(hub.connection) as cursor:
        audit.append(cursor, usage, hub.clock.now())
    suffix = file.media_type.rpartition("/")[2].replace("jpeg", "jpg")
    return Fetched(f"{number_of(stored)}-{part}.{suffix}", file.media_type, body)


def _taken(hub: Hub, stored: Stored, name: str | None) -> tuple[Fetched, tuple[str, ...]]:
    """The bytes, and what of the archive is in them."""
    found = kept(hub, stored)
    if found is None:
        raise unknown()
    stage = stage_on(hub, stored)
    if stage is not Stage.ANSWERED:
        raise AnswerExpired(
            f"the answer to request {number_of(stored)} is {stage.value} ({stage.chinese}); its files are not given "
            "out any more. Make a new request."
        )
    list_, files = found
    if name == CERTIFICATE:
        return Fetched(CERTIFICATE, _OFD, _own(hub, stored, files["certificate"].part)), ()
    wanted = [at for at, one in enumerate(list_.files) if name in (None, one.name)]
    if not wanted:
        raise unknown()
    entries = {one.file_no: one for one in volume_of(hub, stored.party).entries}
    data: dict[str, bytes] = {}
    inside: dict[str, list[tuple[Place, Handed]]] = {}
    for at in wanted:
        handed, place = list_.files[at], list_.places[at]
        if place is None:
            data[handed.name] = _own(hub, stored, files["facts"].part)
        else:
            inside.setdefault(handed.file_no or "", []).append((place, handed))
    for file_no, chosen in inside.items():
        data |= take(hub, entries[file_no], chosen)
    given = tuple(titles([list_.files[at] for at in wanted]))
    if name is not None:
        only = list_.files[wanted[0]]
        return Fetched(only.name.rpartition("/")[2], only.media_type, data[only.name]), given
    certificate = {CERTIFICATE: _own(hub, stored, files["certificate"].part)}
    return Fetched(f"{number_of(stored)}.zip", "application/zip", Package({**certificate, **data}).to_bytes()), given


def _own(hub: Hub, stored: Stored, part: int) -> bytes:
    return archive_requests.body(hub.connection, hub.vault, stored.id, part) or b""


def _let_go(hub: Hub, stored: Stored, by: By | PickUp, fetched: Fetched, given: tuple[str, ...]) -> Fetched:
    """Write down that the bytes leave, then let them."""
    now = hub.clock.now()
    usage = of_step(hub, by, "领取", stored, {"archive": given})
    hub.vault.ready(RESOURCE)
    with transaction(hub.connection) as cursor:
        held = archive_requests.hold(cursor, hub.vault, stored.id)
        if held.stage != Stage.ANSWERED:
            raise StageWrong(f"request {number_of(stored)} was {held.stage} meanwhile; nothing was given out.")
        entry = audit.append(cursor, usage, now)
        archive_requests.add_step(
            cursor, hub.vault, stored.id, Step("fetched", *account_of(by), fetched.name, entry), now
        )
    return fetched
