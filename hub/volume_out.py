"""A volume leaves: as one file with every package in it, and as a sealed sheet 卷内文件目录."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

from archive.volume_file import read_volume, write_volume
from archive.volume_inventory import Inventory, Licence, Name, Number, Packed, Succession
from core.clock import SHANGHAI
from hub.archive_store import ArchiveStore
from hub.check_view import VERDICTS
from hub.context import Hub, OnStep, no_step
from hub.files import writing_durably
from hub.packing import masked
from hub.sheets import SealedSheet, Sheet, Table, seal_sheet
from hub.volume_parts import Entry, Volume

__all__ = ["export_volume", "inventory_of", "inventory_sheet", "read_volume", "seal_inventory"]

_NUMBERS: Final = {
    "company": "统一社会信用代码",
    "registration_number": "注册号",
    "organisation_code": "组织机构代码",
    "citizen": "公民身份号码",
    "other": "其他号码",
}
_NEVER_CHECKED: Final = "未检测"


def inventory_of(hub: Hub, volume: Volume) -> Inventory:
    """What a volume's file says it holds. A package older than the archive's log is read for its second digest.

    Raises:
        FileAltered, ArchiveAway, ArchiveRefuses, ArchiveUnset: from reading such a one.
    """
    store = ArchiveStore.of(hub.settings)
    return Inventory(
        kind=volume.kind,
        numbers=[Number(one.kind, one.since, one.basis, one.until, one.number) for one in volume.numbers],
        names=[Name(one.name, one.since) for one in volume.names],
        successions=[
            Succession(one.before, one.kind, one.happened_on, one.basis, one.names) for one in volume.follows
        ],
        licences=[
            Licence(one.licence_type, one.number, one.title, one.status.value, one.valid_until, one.inherited)
            for one in volume.licences
        ],
        packages=[_packed(one, one.sha256 or _second(store, one)) for one in volume.entries],
    )  # fmt: skip


def export_volume(hub: Hub, volume: Volume, out: Path) -> int:
    """Write a volume as one file, each package unchanged; its bytes. One package at a time is in memory.

    Raises:
        VolumeUnfit: it is more than one file takes, or a value of the catalogue is no text.
        FileAltered: a package is gone or is not the one that was recorded.
        ArchiveAway, DiskRefuses: try again. ArchiveRefuses, ArchiveUnset: the store of the packages is not there.
    """
    store, paths = ArchiveStore.of(hub.settings), {one.file_no: one for one in volume.entries}

    def package(packed: Packed) -> bytes:
        entry = paths[packed.file_no]
        return store.get_checked(entry.path, entry.sm3)

    inventory = inventory_of(hub, volume)
    with writing_durably(out) as file:
        return write_volume(file, inventory, package)


def inventory_sheet(volume: Volume) -> Sheet:
    """卷内文件目录, to be sealed: the holder, every package in order, and the licences."""
    at = volume.as_of.astimezone(SHANGHAI)
    lines = [("卷主", volume.name or "（个人，不列姓名）")]
    lines += [("曾用名", f"{one.name}（{one.since.isoformat()}起）") for one in volume.names[:-1]]
    lines += [
        (
            _NUMBERS[one.kind],
            f"{masked(one.number) if one.number is not None else '（库内只存密钥散列）'}，{one.since.isoformat()}起",
        )
        for one in volume.numbers
    ]
    for one in volume.follows:
        what = "承继自" if one.before else "承继给"
        name = one.names[0] if one.names else "（未列名）"
        lines.append((what, f"{name}，{one.kind}，{one.happened_on.isoformat()}，依据：{one.basis}"))
    parts = "，".join(f"{part} {count}" for part, count in volume.by_part.items() if count) or "无"
    lines.append(("合计", f"{len(volume.entries)} 件，{volume.bytes:,} 字节（{parts}）"))
    packages = Table(
        "卷内文件",
        ("序号", "分卷", "电子文件号 / 档号", "事项 / 证照编号", "结果", "办结", "检测"),
        tuple(_row(one) for one in volume.entries),
        (0.065, 0.065, 0.27, 0.3, 0.07, 0.15, 0.08),
    )
    digests = Table(
        "归档信息包摘要",
        ("序号", "字节", "SM3"),
        tuple((str(one.place), f"{one.size:,}", one.sm3.hex()) for one in volume.entries),
        (0.07, 0.15, 0.78),
    )
    licences = Table(
        "证照",
        ("证照", "编号", "状态", "有效期至"),
        tuple(
            (
                one.title + ("（前身）" if one.inherited else ""), one.number, one.status.chinese,
                one.valid_until.isoformat() if one.valid_until else "长期",
            )
            for one in volume.licences
        ),
    )  # fmt: skip
    return Sheet(
        title="卷内文件目录",
        number=f"JN-{volume.party[:8]}-{at:%Y%m%d%H%M%S}",
        made_on=at.date(),
        lines=tuple(lines),
        tables=(packages, *((licences,) if volume.licences else ()), digests),
        notes=_notes(volume.entries),
    )


def seal_inventory(hub: Hub, volume: Volume, on_step: OnStep = no_step) -> SealedSheet:
    """The sheet under the bureau's seal.

    Raises:
        As `hub.sheets.seal_sheet`.
    """
    sheet = inventory_sheet(volume)
    return seal_sheet(hub, sheet, case_no=sheet.number, on_step=on_step)


def _row(entry: Entry) -> tuple[str, ...]:
    code = entry.archive_code or "（未赋档号）"
    licence = entry.licence_number or "—"
    version = f"\n第 {entry.licence_version} 版" if entry.licence_version else ""
    return (
        str(entry.place),
        entry.part + ("\n前身" if entry.inherited else ""),
        f"{entry.file_no}\n{code}",
        f"{entry.item_name}\n{licence}{version}",
        entry.outcome,
        entry.decided_on.isoformat(),
        _NEVER_CHECKED if entry.verdict is None else VERDICTS[entry.verdict][1],
    )


def _notes(entries: Sequence[Entry]) -> tuple[str, ...]:
    notes = [
        "本目录按分卷、办结日期、电子文件号排列；分卷规则为系统建议，未核实。",
        "SM3 为归档信息包的摘要，与包不符的，以归档登记为准查明原因。",
    ]
    moved = [one for one in entries if one.moved]
    came = [one for one in entries if one.origin]
    if moved:
        notes.append(f"其中 {len(moved)} 件已移交其他档案机构，本库仍留存。")
    if came:
        notes.append(f"其中 {len(came)} 件由其他档案机构移交而来。")
    return tuple(notes)


def _packed(entry: Entry, second: bytes) -> Packed:
    return Packed(
        place=entry.place, part=entry.part, inherited=entry.inherited, file_no=entry.file_no,
        archive_code=entry.archive_code, project_no=entry.project_no, item=entry.item, item_name=entry.item_name,
        outcome=entry.outcome, licence_number=entry.licence_number, licence_version=entry.licence_version,
        accepted=entry.accepted_on, decided=entry.decided_on, retention=entry.retention, organ=entry.organ,
        origin=entry.origin, moved=entry.moved, bytes=entry.size, sm3=entry.sm3.hex(), sha256=second.hex(),
    )  # fmt: skip


def _second(store: ArchiveStore, entry: Entry) -> bytes:
    return sha256(store.get_checked(entry.path, entry.sm3)).digest()
