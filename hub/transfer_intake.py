"""Destination: a parcel is verified, each sound package taken in by a transaction of its own, and receipted.

A parcel that is not the origin's, or whose log does not hold, is refused whole. A package that was tampered with is
refused alone, with reasons; one that cannot be judged stops the transfer until somebody says whom to trust.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.digest import sm3
from hub import transfer_proofs
from hub.archive_store import FOLDER, ArchiveStore
from hub.catalogue import name_key, package_of, record_of
from hub.context import OnStep, no_step
from hub.transfer_desk import Desk, subject_of
from hub.transfer_judging import Parcel, Sound, judge
from hub.transfer_letters import Enclosed, LetterRefused, Read, opened, own
from hub.transfer_manifest import Listed, Manifest, Party, read_manifest
from hub.transfer_sheets import ENCLOSED, sealed_receipt
from schemas.names import folded
from schemas.transfer import Letter, Move, after
from store import archive_entries, archive_packages, archive_parties, transfer_letters, transfers
from store.archive_parties import Identity, Name, NumberOfAnother, Succession
from store.connection import transaction
from store.transfer_letters import ACCEPTED, GIVEN_UP, LISTED, MISSING, REFUSED, Item, Kept
from store.transfers import Transfer


def received(desk: Desk, transfer: Transfer, letter: Read, path: Path) -> None:
    """Verify a parcel's manifest and note what it lists; nothing is taken in yet.

    Args:
        path: of the letter, below the home.

    Raises:
        LetterRefused: the parcel as a whole is not what was asked for.
        LetterUntrusted: its log cannot be judged.
        NotNow: it does not fit.
    """
    hub = desk.hub
    number = letter.said.get("round")
    if letter.said.get("notice") != desk.notice(transfer) or number != transfer.round + 1:
        raise LetterRefused("a parcel is refused: it is for another notice than ours, or one before it is lacking.")
    manifest = read_manifest(letter.said)
    wanted = subject_of(transfer)
    if not any(one.text == wanted.value for party in manifest.parties[:1] for one in party.numbers):
        raise LetterRefused("a parcel is refused: it is of another company than the one asked for.")
    transfer_proofs.check_heads(manifest.log, desk.peers.trust(desk.peer(transfer)), hub.clock.now())
    with opened(hub.settings.home / path) as enclosed:
        strange = enclosed.names() - {one.path for one in manifest.packages} - set(manifest.reports)
    if strange:
        raise LetterRefused("a parcel is refused: it holds files its manifest does not list.")
    now = hub.clock.now()
    items = [
        *(Item(one.file_no, number, bytes.fromhex(one.sm3), one.size, LISTED, []) for one in manifest.packages),
        *(Item(file_no, number, None, None, MISSING, [why]) for file_no, why in manifest.absent.items()),
        *(Item(file_no, number, None, None, GIVEN_UP, [why]) for file_no, why in manifest.given_up.items()),
    ]
    with transaction(hub.connection) as cursor:
        transfer_letters.put_items(cursor, transfer.id, items)
        transfer_letters.keep(
            cursor, transfer.id, Kept(Letter.PARCEL, number, False, letter.sm3, path.as_posix(), now, now)
        )
        transfers.move(
            cursor, transfer, Move.RECEIVE, who="peer", now=now, round_=number, letter=letter.sm3.hex(),
            counts=letter.said["counts"],
        )  # fmt: skip


def take_in(desk: Desk, transfer: Transfer, on_step: OnStep = no_step) -> None:
    """Take in what is sound of the parcel that came last, and sign the receipt.

    Raises:
        PackageUnjudged: one cannot be judged; those before it are taken in, and the next try goes on with it.
        DiskRefuses, ArchiveAway, ArchiveRefuses: no room, or the store of the packages does not answer, or refuses.
        NotNow: no parcel waits to be taken in.
    """
    hub = desk.hub
    after(transfer.side, Move.RECEIPT, transfer.state)
    letters = transfer_letters.of_transfer(hub.connection, transfer.id)
    kept = next(one for one in letters if (one.kind, one.round) == (Letter.PARCEL, transfer.round))
    said = own(hub.settings.home / kept.path, kept.sm3)
    manifest, peer = read_manifest(said), desk.peer(transfer)
    shown = transfer_proofs.check_heads(manifest.log, desk.peers.trust(peer), hub.clock.now())
    parcel = Parcel(manifest, shown, desk.peers.anchors(peer))
    standing = {one.file_no: one.standing for one in transfer_letters.items(hub.connection, transfer.id)}
    with opened(hub.settings.home / kept.path) as enclosed:
        for one in manifest.packages:
            if standing[one.file_no] == LISTED:
                _take(desk, transfer, parcel, one, enclosed, on_step)
                on_step("package.settled")
    _receipt(desk, transfer, kept, manifest, on_step)


def _take(desk: Desk, transfer: Transfer, parcel: Parcel, one: Listed, enclosed: Enclosed, on_step: OnStep) -> None:
    hub = desk.hub
    there = one.path in enclosed.names()
    judged = judge(desk, transfer, parcel, one, enclosed.read(one.path)) if there else ["移交包中没有该文件"]
    item = Item(one.file_no, transfer.round, bytes.fromhex(one.sm3), one.size, ACCEPTED, [])
    if isinstance(judged, list):
        with transaction(hub.connection) as cursor:
            standing = REFUSED if there else MISSING
            transfer_letters.put_items(cursor, transfer.id, [item._replace(standing=standing, reasons=judged)])
        return
    path = f"{FOLDER}/in/{transfer.id}/{one.file_no}.zip"
    held = archive_packages.by_file_no(hub.connection, one.file_no) is not None
    if not held:
        ArchiveStore.of(hub.settings).put(path, judged.data)
        on_step("package.written")
    with transaction(hub.connection) as cursor:
        if held:
            transfer_letters.mark_back(cursor, one.file_no)
        else:
            _add(cursor, desk, transfer, parcel.manifest.parties[one.party], one, judged, path)
        transfer_letters.put_items(cursor, transfer.id, [item])


def _add(cursor: Any, desk: Desk, transfer: Transfer, party: Party, one: Listed, sound: Sound, path: str) -> None:
    """Table, catalogue, log, report and whose it is, as part of the caller's transaction."""
    hub = desk.hub
    record = record_of(
        hub, sound.case, sound.holder, stage=one.part, licence_number=one.licence_number, origin=transfer.id
    )
    new = package_of(
        sound.data, sound.report, record, file_no=one.file_no, path=path,
        proven_at=sound.proven_at, transfer=transfer.id,
    )  # fmt: skip
    archive_packages.add(cursor, new, hub.clock.now())
    _join(cursor, desk, transfer, archive_parties.hold(cursor, record.holder), party)


def _join(cursor: Any, desk: Desk, transfer: Transfer, holder: str, party: Party) -> None:
    """Give a holder the numbers and names the origin knows it by; a number that is another's here stays that one's."""
    hub = desk.hub
    for number in party.numbers:
        if number.text is None:
            continue
        hashed = hub.subject(number.kind, number.text)
        basis = f"迁入档案 {transfer.id}：{number.basis}"
        try:
            archive_parties.join(cursor, holder, Identity(hashed, number.kind, number.since, basis, number.until))
        except NumberOfAnother:
            continue
    for name, since in party.names:
        archive_parties.name(cursor, holder, Name(name_key(hub, name), name, folded(name), since))


def _receipt(desk: Desk, transfer: Transfer, parcel: Kept, manifest: Manifest, on_step: OnStep) -> None:
    hub = desk.hub
    items = transfer_letters.items(hub.connection, transfer.id)
    complete = all(item.settled for item in items)
    said: dict[str, Any] = {
        standing: [_told(desk, item) for item in items if item.standing == standing]
        for standing in (ACCEPTED, MISSING, REFUSED, GIVEN_UP)
    }
    said |= {
        "manifest": parcel.sm3.hex(),
        "notice_no": transfer.notice_no,
        "counts": {standing: len(said[standing]) for standing in (ACCEPTED, MISSING, REFUSED, GIVEN_UP)},
        "complete": complete,
    }
    sheet = sealed_receipt(desk, transfer, said)
    on_step("receipt.sealed")
    said["sheet_sm3"] = None if sheet is None else sm3(sheet).hex()
    enclosed = [] if sheet is None else [(ENCLOSED, sheet)]
    letter = desk.write(transfer.id, desk.peer(transfer), Letter.RECEIPT, transfer.round, said, enclosed)
    on_step("receipt.written")
    with transaction(hub.connection) as cursor:
        _succeed(cursor, desk, transfer, manifest)
        transfers.move(
            cursor, transfer, Move.RECEIPT, who="hub", now=hub.clock.now(), letter=letter.sm3.hex(),
            counts=said["counts"],
        )  # fmt: skip
        transfer_letters.keep(cursor, transfer.id, letter)
    on_step("receipt.recorded")


def _told(desk: Desk, item: Item) -> Mapping[str, Any]:
    if item.standing != ACCEPTED:
        return {"file_no": item.file_no, "reasons": item.reasons}
    entry = archive_entries.of_package(desk.hub.connection, item.file_no)
    return {"file_no": item.file_no, "sm3": item.sm3.hex() if item.sm3 else None, "entry": entry}


def _succeed(cursor: Any, desk: Desk, transfer: Transfer, manifest: Manifest) -> None:
    """Note who followed whom, where something was taken in of the company itself."""
    holders: dict[int, str] = {}
    for place in {place for one in manifest.successions for place in (one.earlier, one.later)}:
        party = manifest.parties[place]
        clear = [number for number in party.numbers if number.text is not None]
        if not clear:
            continue
        first = clear[0]
        hashed = desk.hub.subject(first.kind, first.text or "")
        basis = f"迁入档案 {transfer.id}：{first.basis}"
        holders[place] = archive_parties.hold(cursor, Identity(hashed, first.kind, first.since, basis, first.until))
        _join(cursor, desk, transfer, holders[place], party)
    for one in manifest.successions:
        earlier, later = holders.get(one.earlier), holders.get(one.later)
        if earlier is not None and later is not None and earlier != later:
            archive_parties.succeed(
                cursor, Succession(earlier, later, one.kind, one.happened_on, f"迁入档案 {transfer.id}：{one.basis}")
            )
