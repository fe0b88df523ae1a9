"""Deposit: each issued licence with its case becomes an archive package, checked before it is recorded."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

from archive.case import CaseEvent, CaseFile, CaseFileEntry, CaseFolder, FolderKind, Outcome
from core.clock import SHANGHAI
from hub.context import Hub, OnStep, no_step
from hub.files import read_checked
from hub.making import path_of
from hub.packing import Packer, masked, start_of, written
from hub.press import Press
from schemas.items import item as item_of
from schemas.licence_life import Step
from store import licence_making, licences
from store.licences import LicenceVersion

_EVENT_ZH = {
    "reserved": ("证照编号", "已编号"),
    "intended": ("用章登记", "已登记"),
    "sealed": ("加盖电子印章", "已盖章，自检有效"),
    "published": ("证照发布", "已发布"),
    "abandoned": ("用章中断", "未盖章，已重新登记"),
}


def deposit_all(hub: Hub, on_step: OnStep = no_step) -> list[str]:
    """Pack every published licence that has no package yet; give back the electronic file numbers.

    Raises:
        As `deposit`.
    """
    waiting = licences.in_state(hub.connection, "published")
    if not waiting:
        return []
    packer = Packer(hub, Press.open(hub.settings), on_step)
    return [deposit(packer, licence) for licence in waiting]


def deposit(packer: Packer, licence: LicenceVersion) -> str:
    """Pack one licence's case; the same case packs to the same content. One that another process has packed is left.

    Raises:
        CaseUnfit, RetentionUnset, SealMissing: the case cannot be packed; nothing was written.
        PackageRefused: the package fails its own check; it was not recorded.
        PackageOccupied: another file lies where it is to be put; nothing was recorded.
        ArchiveAway, DiskRefuses: try again; what was put there is found by the next try.
        ArchiveRefuses, ArchiveUnset: the store of the packages is not there, or refuses.
    """
    with licence_making.only_maker(packer.hub.connection, licence) as held:
        if held.state == "published":
            return _packed(packer, held)
    return _file_no(held)


def _packed(packer: Packer, licence: LicenceVersion) -> str:
    hub = packer.hub
    case = _case(packer, licence)
    new = packer.put(case, year=licence.year, step=licence.cause, licence=licence.id, licence_number=licence.number)
    licence_making.record_archived(hub.connection, licence, new, hub.clock.now())
    packer.recorded(case)
    return case.electronic_file_no


def _file_no(licence: LicenceVersion) -> str:
    return f"{item_of(licence.item).office[2:8]}-{path_of(licence).stem}"


def _case(packer: Packer, licence: LicenceVersion) -> CaseFile:
    hub, press = packer.hub, packer.press
    facts = licences.facts(hub.connection, hub.vault, licence)
    accept: dict[str, Any] = json.loads(facts["case"]["accept"])
    result: dict[str, Any] = json.loads(facts["case"]["result"])
    item = item_of(licence.item)
    history = licences.events(hub.connection, licence)
    packed_at = history[-1][0].astimezone(SHANGHAI)
    accepted, decided = date.fromisoformat(accept["accepted_on"]), date.fromisoformat(result["decided_on"])
    document = read_checked(hub.settings.home / (licence.document_path or ""), licence.document_sm3 or b"")
    reserved = licence.reserved_at.astimezone(SHANGHAI)

    return CaseFile(
        electronic_file_no=_file_no(licence),
        project_no=licence.case_no,
        item_code=item.code,
        item_name=item.name,
        item_version=accept.get("item_version") or "未注明",
        applicant_name=accept["applicant_name"],
        applicant_code_masked=masked(facts["metadata"]["CZZTDM"]),
        organ_name=press.bureau.name,
        organ_code=press.bureau.credit_code,
        retention=packer.retention(item.code),
        accepted=accepted,
        decided=decided,
        outcome=Outcome.GRANTED,
        packed_at=packed_at,
        folders=[
            CaseFolder(FolderKind.APPLICATION, [written("受理信息.json", "受理信息", accept, start_of(accepted))]),
            CaseFolder(
                FolderKind.PROCESS,
                [written("证据核验.json", "共享数据核验记录", facts["evidence"], reserved)],
            ),
            CaseFolder(
                FolderKind.RESULT,
                [
                    written("办理结果.json", "办理结果", result, start_of(decided)),
                    CaseFileEntry(
                        facts["title"],
                        path_of(licence).name,
                        document,
                        "application/ofd",
                        _moment(history, "sealed"),
                    ),
                ],
            ),
        ],
        events=[
            CaseEvent("受理", accept["office_name"], start_of(accepted), "已受理"),
            # Of a document made since under another organ's seal, the organ that decided is the one of before.
            CaseEvent("决定", facts.get("decided_by", facts["metadata"]["ZZBFJG"]), start_of(decided), "准予"),
            *(
                [CaseEvent("换章", press.bureau.name, reserved, f"换章单 {licence.case_no}")]
                if licence.cause == Step.RESEAL
                else []
            ),
            *(
                CaseEvent(_EVENT_ZH[event][0], "一证通办数据共享枢纽", at.astimezone(SHANGHAI), _EVENT_ZH[event][1])
                for at, event, _ in history
                if event in _EVENT_ZH
            ),
        ],
    )


def _moment(history: list[tuple[datetime, str, dict[str, Any]]], event: str) -> datetime:
    moment: datetime = next(at for at, name, _ in reversed(history) if name == event)
    return moment.astimezone(SHANGHAI)
