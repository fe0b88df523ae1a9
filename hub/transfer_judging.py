"""Destination: one package of a parcel is judged: digests, proof, four properties, seals, and whose it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, ClassVar

from archive.case import CaseFile
from archive.reading import read_case
from archive.report import CheckReport, Stage
from core.digest import sm3
from core.errors import HubError, Permanent
from core.verdict import Verdict
from hub import evidence_check, transfer_proofs
from hub.catalogue import holder_of
from hub.inspect import check_package
from hub.transfer_desk import Desk
from hub.transfer_manifest import Listed, Manifest
from hub.transfer_peers import trust_with
from hub.transfer_proofs import Shown
from schemas.records.base import Subject
from store import archive_checks, archive_packages
from store.transfers import Transfer


class PackageUnjudged(Permanent):
    """A package from another archive cannot be judged: nobody said whom to trust for what it holds."""

    code: ClassVar[str] = "HUB-834"


@dataclass(frozen=True, slots=True, repr=False)
class Sound:
    """A package that may be taken in."""

    data: bytes
    case: CaseFile
    holder: Subject
    report: CheckReport
    proven_at: datetime


@dataclass(frozen=True, slots=True)
class Parcel:
    """What a parcel is judged by."""

    manifest: Manifest
    shown: Shown
    anchors: list[bytes] = field(repr=False)


def judge(desk: Desk, transfer: Transfer, parcel: Parcel, one: Listed, data: bytes) -> Sound | list[str]:
    """The package, or why it is refused."""
    hub = desk.hub
    if (len(data), sm3(data).hex(), sha256(data).hexdigest()) != (one.size, one.sm3, one.sha256):
        return ["档案包与移交清单所列摘要或长度不符"]
    proven_at, wrong = transfer_proofs.check_package(
        one.proof, parcel.shown, file_no=one.file_no, data=data, sha256=one.sha256
    )
    if proven_at is not None and one.proof is not None and one.proof.get("evidence") is not None:
        proven_at, wrong = _by_evidence(desk, parcel, one.proof["evidence"], data, proven_at)
    report = check_package(
        data, trust_with(hub.settings, parcel.anchors), settings=hub.settings, anchors=parcel.anchors,
        stage=Stage.TRANSFER, at=proven_at or hub.clock.now(),
    )  # fmt: skip
    reasons = [wrong] if wrong else []
    if report.verdict is Verdict.INVALID:
        failed = "、".join(item.code or item.key for item in report.failed())
        reasons.append(f"四性检测（移交接收）不通过：{failed}")
    if report.electronic_file_no not in (None, one.file_no):
        reasons.append("档案包的电子文件号与移交清单不符")
    try:
        case = read_case(data)
        holder = holder_of(case)
        if not any(number.text == holder.value for number in parcel.manifest.parties[one.party].numbers):
            reasons.append("案卷当事人不是本次移交的企业")
    except HubError:
        reasons.append("案卷无法读取，不能确认当事人")
    held = archive_packages.by_file_no(hub.connection, one.file_no)
    other = held.sm3.hex() != one.sm3 if held else archive_checks.is_held(hub.connection, one.file_no)
    if other:
        reasons.append("本馆已有同号而内容不同的档案包")
    if reasons or proven_at is None:
        return reasons
    if report.verdict is Verdict.CANNOT_TELL:
        raise PackageUnjudged(
            f"package {one.file_no} of transfer {transfer.id} cannot be judged: nobody is trusted for its signature or "
            f"seals. It was neither taken in nor refused. Name the root of {transfer.peer} in peers.toml (`trust`), "
            f"then: hub transfer run {transfer.id}"
        )
    return Sound(data, case, holder, report, proven_at)


def _by_evidence(
    desk: Desk, parcel: Parcel, evidence: Any, data: bytes, proven_at: datetime
) -> tuple[datetime | None, str | None]:
    """The moment that renewed timestamps prove, where they can be judged; or that the evidence is of something else."""
    try:
        answer = evidence_check.check(
            data, evidence, desk.hub.settings, anchors=parcel.anchors, at=desk.hub.clock.now()
        )
    except HubError:
        return None, "存在证据无法读取"
    if answer.verdict is Verdict.INVALID:
        return None, f"存在证据不成立：{answer.zh}"
    return answer.since or proven_at, None
