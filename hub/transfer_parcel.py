"""Origin: every package of a company and of those it followed is checked, proven, listed, signed and packed.

What is not sound is named and sent with its report, what is gone is named: nothing is left out in silence. After a
receipt that lacks something only that is packed again, once it was mended.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, ClassVar

from archive.reading import read_case
from archive.report import CheckReport, Stage
from core.digest import sm3
from core.errors import HubError, Permanent, Retryable
from core.verdict import Verdict
from hub import holdings, transfer_proofs
from hub.archive_store import ArchiveStore, PackageGone
from hub.catalogue import holder_of
from hub.check_reports import entry_of
from hub.context import OnStep, no_step
from hub.inspect import check_package
from hub.transfer_desk import Desk, subject_of
from hub.transfer_peers import anchors_of_holdings, trust_with
from hub.volume import Entry, Volume, volume_of
from schemas.identifiers.credit import CreditCode
from schemas.records.base import Subject, legacy_subjects
from schemas.transfer import Letter, Move, after
from store import archive_checks, archive_entries, archive_parties, transfer_letters, transfers
from store.connection import transaction
from store.transfer_letters import GIVEN_UP, LISTED, MISSING, Item
from store.transfers import Transfer


class NothingToSend(Permanent):
    """What the destination did not accept is still as it was, so there is nothing to send again."""

    code: ClassVar[str] = "HUB-831"


class PackageChanged(Retryable):
    """A package changed on disk while the parcel was packed."""

    code: ClassVar[str] = "HUB-832"


class GivenUpUnknown(Permanent):
    """A package that was to be given up is not one the destination lacks."""

    code: ClassVar[str] = "HUB-833"


@dataclass(frozen=True, slots=True)
class _Looked:
    """A package as it was found. `fault` says why it is not sound; None: it is."""

    entry: Entry
    log_entry: str | None
    sm3: bytes
    sha256: str
    size: int
    verdict: str
    fault: str | None
    report: bytes | None = field(repr=False)
    subjects: tuple[Subject, ...] = field(repr=False)


def assemble(
    desk: Desk,
    transfer: Transfer,
    *,
    who: str = "hub",
    again: bool = False,
    without: Sequence[str] = (),
    reason: str | None = None,
    on_step: OnStep = no_step,
) -> None:
    """Pack and sign the next parcel.

    Args:
        again: send what was not accepted although it is as it was.
        without: packages that will never come, and `reason` why; the destination is told.

    Raises:
        NothingToSend: nothing that was not accepted has been mended.
        GivenUpUnknown: one of `without` is not lacking.
        PackageChanged: a file changed meanwhile; nothing was recorded.
        HoldingsAway, ArchiveAway, ArchiveRefuses: the store of the packages does not answer, or refuses.
        NotNow: the transfer is not at this point.
    """
    hub = desk.hub
    after(transfer.side, Move.ASSEMBLE, transfer.state)
    holdings.enter_older(hub)
    volume = volume_of(hub, subject_of(transfer))
    known = {item.file_no: item for item in transfer_letters.items(hub.connection, transfer.id)}
    given_up = _given_up(known, without, reason, transfer)
    over = {number for number, item in known.items() if item.settled} | set(given_up)
    wanted = [entry for entry in volume.entries if entry.file_no not in over]
    looked, absent = _look_at(desk, wanted, on_step)
    if transfer.round and not again:
        looked = [one for one in looked if (had := known.get(one.entry.file_no)) is None or had.sm3 != one.sm3]
        absent = [one for one in absent if one.file_no not in known]
    if transfer.round and not looked and not absent and not given_up:
        raise NothingToSend(
            f"of transfer {transfer.id}, {len(wanted)} packages were not accepted and are as they were: "
            f"{', '.join(entry.file_no for entry in wanted[:10])}. Restore them from the backup and run this again; "
            "what can never be restored is given up by an officer: hub transfer assemble ID --without FILE_NO "
            "--reason TEXT. `--again` sends them as they are."
        )
    number = transfer.round + 1
    said = _manifest(desk, transfer, volume, looked, absent, given_up)
    letter = desk.write(transfer.id, desk.peer(transfer), Letter.PARCEL, number, said, _enclosed(desk, looked))
    on_step("parcel.written")
    items = [
        *(Item(one.entry.file_no, number, one.sm3, one.size, LISTED, []) for one in looked),
        *(Item(one.file_no, number, None, None, MISSING, ["档案包文件缺失"]) for one in absent),
        *(Item(file_no, number, None, None, GIVEN_UP, [why]) for file_no, why in given_up.items()),
    ]
    with transaction(hub.connection) as cursor:
        transfers.move(
            cursor, transfer, Move.ASSEMBLE, who=who, now=hub.clock.now(), round_=number, letter=letter.sm3.hex(),
            counts=said["counts"],
        )  # fmt: skip
        transfer_letters.put_items(cursor, transfer.id, items)
        transfer_letters.keep(cursor, transfer.id, letter)
    on_step("parcel.recorded")


def _given_up(known: dict[str, Item], without: Sequence[str], reason: str | None, transfer: Transfer) -> dict[str, str]:
    lacking = {number for number, item in known.items() if not item.settled}
    if strange := sorted(set(without) - lacking):
        raise GivenUpUnknown(
            f"{', '.join(strange)}: the destination of transfer {transfer.id} does not lack this; nothing was given up."
        )
    return dict.fromkeys(without, reason or "")


def _look_at(desk: Desk, wanted: Sequence[Entry], on_step: OnStep) -> tuple[list[_Looked], list[Entry]]:
    """Check each package as at transfer (YJ) and keep its report; those whose files are gone come second."""
    hub, looked, absent = desk.hub, [], []
    store = ArchiveStore.of(hub.settings)
    store.demand_available()
    anchors = anchors_of_holdings(hub.settings)
    trust = trust_with(hub.settings, anchors)
    for entry in wanted:
        try:
            data = store.get(entry.path)
        except PackageGone:
            absent.append(entry)
            continue
        log_entry = archive_entries.of_package(hub.connection, entry.file_no)
        body = archive_entries.read(hub.connection, [log_entry])[log_entry].body if log_entry else b""
        said = archive_entries.said_in(body)
        at = hub.clock.now() if said is None else archive_entries.judged_as_of(said)
        report = check_package(data, trust, settings=hub.settings, anchors=anchors, stage=Stage.TRANSFER, at=at)
        fault = _fault(entry, data, report)
        kept = entry_of(report, "invalid" if fault and report.verdict is Verdict.VALID else None)
        archive_checks.keep(hub.connection, entry.file_no, kept, hub.clock.now())
        told = json.dumps(kept.report, ensure_ascii=False, indent=1).encode() if fault else None
        looked.append(
            _Looked(
                entry, log_entry, sm3(data), sha256(data).hexdigest(), len(data), kept.verdict, fault, told,
                _subjects(data),
            )
        )  # fmt: skip
        on_step("package.looked_at")
    return looked, absent


def _fault(entry: Entry, data: bytes, report: CheckReport) -> str | None:
    if sm3(data) != entry.sm3:
        return "档案包与归档登记的摘要不符"
    if report.verdict is Verdict.VALID:
        return None
    failed = "、".join(item.code or item.key for item in report.failed())
    return f"四性检测（移交接收）{report.verdict.zh}" + (f"：{failed}" if failed else "")


def _subjects(data: bytes) -> tuple[Subject, ...]:
    """The numbers a package tells of its holder; none where it cannot be read."""
    try:
        holder = holder_of(read_case(data))
        code = CreditCode.parse(holder.value) if holder.kind == "company" else None
    except HubError:
        return ()
    return (holder, *legacy_subjects(code, None, None))


def _manifest(
    desk: Desk, transfer: Transfer, volume: Volume, looked: Sequence[_Looked], absent: Sequence[Entry],
    given_up: dict[str, str],
) -> dict[str, Any]:  # fmt: skip
    hub = desk.hub
    parties = list(
        dict.fromkeys(
            [
                volume.party,
                *(entry.party for entry in volume.entries),
                *(one.party for one in volume.follows if one.before),
            ]
        )
    )
    number_of = {party: number for number, party in enumerate(parties)}
    proofs = transfer_proofs.make(hub, [one.log_entry for one in looked if one.log_entry is not None])
    subjects = [subject_of(transfer), *(subject for one in looked for subject in one.subjects)]
    # an old number may stand in the catalogue as one of no known kind
    clear = {hub.subject(kind, one.value): one.value for one in subjects for kind in (one.kind, "other")}
    return {
        "notice": desk.notice(transfer),
        "notice_no": transfer.notice_no,
        "parties": [_party(desk, party, clear) for party in parties],
        "successions": [
            {
                "earlier": number_of[one.earlier],
                "later": number_of[one.later],
                "kind": one.kind,
                "on": one.happened_on.isoformat(),
                "basis": one.basis,
            }
            for one in archive_parties.successions(hub.connection, parties)
            if one.earlier in number_of and one.later in number_of
        ],
        "packages": [
            {
                **_told(one.entry, number_of),
                "path": f"packages/{one.entry.file_no}.zip",
                "bytes": one.size,
                "sm3": one.sm3.hex(),
                "sha256": one.sha256,
                "verdict": one.verdict,
                "fault": one.fault,
                "report": None if one.report is None else f"reports/{one.entry.file_no}.json",
                "report_sm3": None if one.report is None else sm3(one.report).hex(),
                "proof": proofs.of_entry.get(one.log_entry or ""),
            }
            for one in looked
        ],
        "absent": [{**_told(entry, number_of), "fault": "档案包文件缺失"} for entry in absent],
        "given_up": [{"file_no": file_no, "reason": why} for file_no, why in sorted(given_up.items())],
        "log": proofs.log,
        "counts": {
            "volume": len(volume.entries),
            "packages": len(looked),
            "bytes": sum(one.size for one in looked),
            "unsound": sum(one.fault is not None for one in looked),
            "absent": len(absent),
            "given_up": len(given_up),
        },
    }


def _told(entry: Entry, number_of: dict[str, int]) -> dict[str, Any]:
    return {
        "file_no": entry.file_no,
        "party": number_of[entry.party],
        "archive_code": entry.archive_code,
        "project_no": entry.project_no,
        "item_name": entry.item_name,
        "part": entry.part,
        "licence_number": entry.licence_number,
        "decided_on": entry.decided_on.isoformat(),
        "retention": entry.retention,
        "organ": entry.organ,
    }


def _party(desk: Desk, party: str, clear: dict[bytes, str]) -> dict[str, Any]:
    """A party with its numbers: in clear as far as notice and packages tell them, else named by kind alone."""
    connection = desk.hub.connection
    return {
        "numbers": [
            {
                "kind": one.kind,
                "number": clear.get(one.subject),
                "since": one.since.isoformat(),
                "until": None if one.until is None else one.until.isoformat(),
                "basis": one.basis,
            }
            for one in archive_parties.identities(connection, party)
        ],
        "names": [
            {"name": one.name, "since": one.since.isoformat()}
            for one in archive_parties.names(connection, party)
            if one.name is not None
        ],
    }


def _enclosed(desk: Desk, looked: Sequence[_Looked]) -> Iterator[tuple[str, bytes]]:
    for one in looked:
        if one.report is not None:
            yield f"reports/{one.entry.file_no}.json", one.report
    store = ArchiveStore.of(desk.hub.settings)
    for one in looked:
        data = store.get(one.entry.path)
        if sm3(data) != one.sm3:
            raise PackageChanged(
                f"package {one.entry.file_no} changed on disk while the parcel was packed; nothing was recorded. Run "
                "the same again."
            )
        yield f"packages/{one.entry.file_no}.zip", data
