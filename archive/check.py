"""The four-property check 四性检测 of an archive package: authenticity, integrity, usability, safety.

`archive.items` says what is looked at, `archive.scheme` what that weighs and at which stage it is used. What is not
looked at is listed as not checked, with the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Final

from archive.items import ITEMS, Item
from archive.opened import CannotJudge, NothingToJudge, Opened, Policy, Scanner, VerifyDocument, VerifySignature
from archive.report import CheckReport, Finding, ItemResult, Stage, Status
from archive.scheme import Scheme, demo_scheme
from core.digest import sm3_hex
from core.errors import Rejected
from documents.package import Package

#: Bytes from which a second core is worth a thread.
_LARGE: Final = 4 << 20

__all__ = ["ITEMS", "Item", "Policy", "Scheme", "VerifyDocument", "VerifySignature", "check"]


def check(
    data: bytes,
    verify_signature: VerifySignature | None,
    *,
    stage: Stage = Stage.FILING,
    policy: Policy | None = None,
    scheme: Scheme | None = None,
    verify_document: VerifyDocument | None = None,
    scanner: Scanner | None = None,
) -> CheckReport:
    """Look at every item of one package; a bad package is a report, not an exception.

    Args:
        data: the whole file.
        verify_signature: returns for a good and trusted signature, raises a `Rejected` for a wrong one and any
            other `HubError` where it cannot judge; None = there is nobody to ask.
        stage: whose codes the report carries.
        policy: what this archive takes; a default one takes everything in `archive.formats`.
        scheme: weights, vetoes and stages; the hub's own unverified one where none is given.
        verify_document: judges the seals of an OFD or PDF in the package; None = there is nobody to ask.
        scanner: looks for viruses; without one that item is not done.
    """
    policy, scheme = policy or Policy(), scheme or demo_scheme()
    digest = _digest_beside(data) if len(data) >= _LARGE else None

    def report(number: str | None, results: Sequence[ItemResult]) -> CheckReport:
        whole = sm3_hex(data) if digest is None else digest.result()
        return CheckReport(stage, whole, len(data), number, tuple(results), scheme.name, scheme.verified)

    try:
        opened = Opened(data, Package.read(data, policy.limits), policy, verify_signature, verify_document, scanner)
    except Rejected as refusal:
        refused = Finding(f"不是合规的压缩包（{refusal.code}）", f"not a plain container ({refusal.code})")
        blind = Finding("压缩包无法读取，未检测", "the container cannot be read")
        results = [
            _result(item, stage, scheme, Status.FAILED, (refused,))
            if item.key == "container"
            else _result(item, stage, scheme, Status.NOT_CHECKED, (blind,))
            for item in ITEMS
        ]
        return report(None, results)
    results = [_judge(item, stage, scheme, opened) for item in ITEMS]
    try:
        number = opened.base.values.get("electronic_file_no") or None
    except CannotJudge:
        number = None
    return report(number, results)


def _digest_beside(data: bytes) -> Future[str]:
    """The SM3 of the whole file, computed while the items are looked at: they digest the same bytes file by file."""
    beside = ThreadPoolExecutor(1, "whole-file-sm3")
    try:
        return beside.submit(sm3_hex, data)
    finally:
        beside.shutdown(wait=False)


def _judge(item: Item, stage: Stage, scheme: Scheme, opened: Opened) -> ItemResult:
    if stage not in scheme.items[item.key].stages:
        unused = Finding("检测方案在本阶段不使用此项", "the scheme does not use this item at this stage")
        return _result(item, stage, scheme, Status.NOT_CHECKED, (unused,))
    if item.key == "container":
        return _result(item, stage, scheme, Status.PASSED, ())
    if item.rule is None:
        return _result(item, stage, scheme, Status.NOT_CHECKED, (Finding(*item.why_not),))
    findings: list[Finding] = []
    try:
        for finding in item.rule(opened):
            findings.append(finding)
    except CannotJudge as reason:
        # what was found wrong before stays wrong, whatever else could not be looked at
        findings.append(Finding(reason.zh, reason.en, reason.path))
        if len(findings) == 1:
            open_ = _result(item, stage, scheme, Status.NOT_CHECKED, findings)
            return replace(open_, decisive=False, weight=0) if isinstance(reason, NothingToJudge) else open_
    if not findings:
        return _result(item, stage, scheme, Status.PASSED, ())
    warns = item.key == "compression" and not opened.policy.compression_fails
    return _result(item, stage, scheme, Status.WARNED if warns else Status.FAILED, findings)


def _result(item: Item, stage: Stage, scheme: Scheme, status: Status, findings: Sequence[Finding]) -> ItemResult:
    use = scheme.items[item.key]
    return ItemResult(
        key=item.key,
        code=f"{stage.value}-{item.number}" if item.number else None,
        property=item.property,
        title_zh=item.zh,
        title_en=item.en,
        status=status,
        findings=tuple(findings),
        decisive=item.decisive,
        weight=use.weight if stage in use.stages else 0,
        veto=use.veto,
    )
