"""Deposit: each issued licence with its case becomes an archive package, checked before it is recorded."""

from __future__ import annotations

import json
from datetime import date, datetime, time
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

from archive.case import CaseEvent, CaseFile, CaseFileEntry, CaseFolder, FolderKind, Outcome
from archive.errors import RetentionUnset
from archive.metadata import SIGNATURE
from archive.opened import LIMITS
from archive.package import build
from archive.retention import RetentionTable
from core.clock import SHANGHAI
from core.digest import sm3
from core.own_types import RETENTION, own_types
from core.settings import Mode, Settings
from documents.package import ContainerRefused, Package
from hub.archive_store import FOLDER, ArchiveStore, PackageGone
from hub.catalogue import holder_of, record_of
from hub.check_reports import entry_of
from hub.context import Hub, OnStep, no_step
from hub.files import read_checked
from hub.inspect import check_package
from hub.making import path_of
from hub.press import Press
from schemas.items import item as item_of
from schemas.licence_life import Step
from store import licence_making, licences
from store.archive_packages import NewPackage
from store.licences import LicenceVersion

_EVENT_ZH = {
    "reserved": ("证照编号", "已编号"),
    "intended": ("用章登记", "已登记"),
    "sealed": ("加盖电子印章", "已盖章，自检有效"),
    "published": ("证照发布", "已发布"),
    "abandoned": ("用章中断", "未盖章，已重新登记"),
}


def deposit_all(hub: Hub, on_step: OnStep = no_step) -> list[str]:
    """Pack every published licence that has no package yet; give back the electronic file numbers."""
    waiting = licences.in_state(hub.connection, "published")
    if not waiting:
        return []
    press = Press.open(hub.settings)
    return [deposit(hub, licence, press, on_step) for licence in waiting]


def deposit(hub: Hub, licence: LicenceVersion, press: Press, on_step: OnStep = no_step) -> str:
    """Pack one licence's case; the same case packs to the same content. One that another process has packed is left.

    Raises:
        CaseUnfit, RetentionUnset, SealMissing: the case cannot be packed; nothing was written.
        PackageRefused: the package fails its own check; it was not recorded.
        PackageOccupied: another file lies where it is to be put; nothing was recorded.
        ArchiveAway, DiskRefuses: try again; what was put there is found by the next try.
        ArchiveRefuses, ArchiveUnset: the store of the packages is not there, or refuses.
    """
    with licence_making.only_maker(hub.connection, licence) as held:
        if held.state == "published":
            return _packed(hub, held, press, on_step)
    return _file_no(held)


def _packed(hub: Hub, licence: LicenceVersion, press: Press, on_step: OnStep) -> str:
    case = _case(hub, licence, press)
    record = record_of(hub, case, holder_of(case), step=licence.cause, licence_number=licence.number)
    package = build(case, lambda listed: press.sign_detached(listed, hub.clock.now()))
    store, path = ArchiveStore.of(hub.settings), f"{FOLDER}/{licence.year}/{package.name}"
    data = _left_before(store, path, package.data) or package.data
    on_step("package.built")
    checked = check_package(data, press.trust, settings=hub.settings, at=hub.clock.now())
    checked.demand_valid()
    on_step("package.checked")
    store.put(path, data)
    on_step("package.written")
    new = NewPackage(
        file_no=case.electronic_file_no,
        sm3=sm3(data),
        sha256=sha256(data).digest(),
        size=len(data),
        path=path,
        check=entry_of(checked),
        record=record,
        licence=licence.id,
    )
    licence_making.record_archived(hub.connection, licence, new, hub.clock.now())
    on_step("package.recorded")
    return case.electronic_file_no


def _left_before(store: ArchiveStore, path: str, built: bytes) -> bytes | None:
    """The same case's package from a run that died before it was recorded: it says the same, under another signature,
    as no two signatures are alike."""
    try:
        there = store.get(path)
        left, new = (dict(Package.read(data, LIMITS).entries) for data in (there, built))
    except (PackageGone, ContainerRefused):
        return None
    return there if left | {SIGNATURE: b""} == new | {SIGNATURE: b""} else None


def _file_no(licence: LicenceVersion) -> str:
    return f"{item_of(licence.item).office[2:8]}-{path_of(licence).stem}"


def _case(hub: Hub, licence: LicenceVersion, press: Press) -> CaseFile:
    facts = licences.facts(hub.connection, hub.vault, licence)
    accept: dict[str, Any] = json.loads(facts["case"]["accept"])
    result: dict[str, Any] = json.loads(facts["case"]["result"])
    item = item_of(licence.item)
    history = licences.events(hub.connection, licence)
    packed_at = history[-1][0].astimezone(SHANGHAI)
    accepted, decided = date.fromisoformat(accept["accepted_on"]), date.fromisoformat(result["decided_on"])
    document = read_checked(hub.settings.home / (licence.document_path or ""), licence.document_sm3 or b"")
    reserved = licence.reserved_at.astimezone(SHANGHAI)

    def written(name: str, standard_name: str, content: Any, created: datetime) -> CaseFileEntry:
        text = json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True).encode()
        return CaseFileEntry(standard_name, name, text, "application/json", created)

    return CaseFile(
        electronic_file_no=_file_no(licence),
        project_no=licence.case_no,
        item_code=item.code,
        item_name=item.name,
        item_version=accept.get("item_version") or "未注明",
        applicant_name=accept["applicant_name"],
        applicant_code_masked=_masked(facts["metadata"]["CZZTDM"]),
        organ_name=press.bureau.name,
        organ_code=press.bureau.credit_code,
        retention=retention_of(hub.settings).rule_for(item.code, demand_verified=hub.settings.mode is Mode.PRODUCTION),
        accepted=accepted,
        decided=decided,
        outcome=Outcome.GRANTED,
        packed_at=packed_at,
        folders=[
            CaseFolder(FolderKind.APPLICATION, [written("受理信息.json", "受理信息", accept, _day(accepted))]),
            CaseFolder(
                FolderKind.PROCESS,
                [written("证据核验.json", "共享数据核验记录", facts["evidence"], reserved)],
            ),
            CaseFolder(
                FolderKind.RESULT,
                [
                    written("办理结果.json", "办理结果", result, _day(decided)),
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
            CaseEvent("受理", accept["office_name"], _day(accepted), "已受理"),
            # Of a document made since under another organ's seal, the organ that decided is the one of before.
            CaseEvent("决定", facts.get("decided_by", facts["metadata"]["ZZBFJG"]), _day(decided), "准予"),
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


def retention_of(settings: Settings) -> RetentionTable:
    """The bureau's own table from the home folder, the demo's where there is none and nothing is at stake; and the rows
    that came with its own licence types.

    Raises:
        RetentionUnset: a table cannot be read.
    """
    own = settings.home / "retention.toml"
    if own.exists() or settings.mode is Mode.PRODUCTION:
        table = _table(own)
    else:
        table = RetentionTable.from_toml((files("archive") / "retention_demo.toml").read_text(encoding="utf-8"))
    beside = own_types() / RETENTION
    return RetentionTable({**_table(beside).rules, **table.rules}) if beside.exists() else table


def _table(path: Path) -> RetentionTable:
    try:
        return RetentionTable.from_toml(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RetentionUnset(
            f"{path} cannot be read ({error.strerror}). No case was packed; put the bureau's approved table there."
        ) from None


def _moment(history: list[tuple[datetime, str, dict[str, Any]]], event: str) -> datetime:
    moment: datetime = next(at for at, name, _ in reversed(history) if name == event)
    return moment.astimezone(SHANGHAI)


def _day(day: date) -> datetime:
    """The case tables know days only; the day's first moment stands for it and sorts before what the hub did on it."""
    return datetime.combine(day, time(), SHANGHAI)


def _masked(code: str) -> str:
    return f"{code[:6]}{'*' * max(len(code) - 10, 1)}{code[-4:]}"
