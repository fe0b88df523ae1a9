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
from archive.scheme import Row, Scheme, demo_scheme
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
            scheme.result(item, stage, Status.FAILED, (refused,))
            if item.key == "container"
            else scheme.result(item, stage, Status.NOT_CHECKED, (blind,))
            for item in ITEMS
        ]
        return report(None, results)
    results = [_judge(row, stage, scheme, opened) for row in scheme.rows(stage)]
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


def _judge(row: Row, stage: Stage, scheme: Scheme, opened: Opened) -> ItemResult:
    if row.fixed is not None:
        return row.fixed
    item = row.item
    findings: list[Finding] = []
    try:
        for finding in item.rule(opened) if item.rule is not None else ():
            findings.append(finding)
    except CannotJudge as reason:
        # what was found wrong before stays wrong, whatever else could not be looked at
        findings.append(Finding(reason.zh, reason.en, reason.path))
        if len(findings) == 1:
            open_ = scheme.result(item, stage, Status.NOT_CHECKED, findings)
            return replace(open_, decisive=False, weight=0) if isinstance(reason, NothingToJudge) else open_
    if not findings:
        return row.passed
    warns = item.key == "compression" and not opened.policy.compression_fails
    return scheme.result(item, stage, Status.WARNED if warns else Status.FAILED, findings)
