"""The four-property check 四性检测 of an archive package: authenticity, integrity, usability, safety.

Item codes follow DA/T 70-2018 where the meaning of a number is confirmed to us; other items stand
without a code. Items a file alone cannot answer (virus scanner, catalogue, carrier) are listed as
not checked, so that a report never looks fuller than it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from archive import rules
from archive.opened import CannotJudge, Opened, Policy, VerifySignature
from archive.report import CheckReport, Finding, ItemResult, Property, Stage, Status
from core.digest import sm3_hex
from core.errors import Rejected
from documents.package import Package

__all__ = ["ITEMS", "Item", "Policy", "VerifySignature", "check"]

_Rule = Callable[[Opened], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Item:
    """One row of the check: `number` is that of DA/T 70-2018 or None; no rule = a file cannot answer it."""

    key: str
    number: str | None
    property: Property
    zh: str
    en: str
    rule: _Rule | None
    decisive: bool = False
    why_not: tuple[str, str] = ("", "")


_F, _A, _I, _U, _S = Property.FORM, Property.AUTHENTICITY, Property.INTEGRITY, Property.USABILITY, Property.SAFETY
_SCANNER = ("须由部署环境的杀毒软件检测", "the virus scanner of the installation has to answer this")

ITEMS: tuple[Item, ...] = (
    Item("container", "3-8", _U, "包内格式合规（无加密、无私有压缩）", "plain container", None),
    Item("same_bytes", None, _F, "按内容重新封装后字节一致", "bytes follow from the entries", rules.same_bytes),
    Item("signature", "1-1", _A, "固化信息（来源）", "fixed by a trusted signature", rules.signature, decisive=True),
    Item("file_types", "1-3", _A, "类型与格式", "declared formats are taken", rules.file_types),
    Item("reasonable_times", "1-5", _A, "合理性", "dates are possible", rules.reasonable_times),
    Item("special_signs", "1-6", _A, "特殊字符", "no special signs", rules.special_signs),
    Item("archive_code", "1-7", _A, "档号规范", "archive code in form", rules.archive_code),
    Item("no_repeats", "1-8", _A, "重复性", "nothing twice", rules.no_repeats),
    Item(
        "electronic_attributes", "1-10", _A, "内容与电子属性一致", "size, name and format agree",
        rules.electronic_attributes,
    ),
    Item(
        "metadata_and_content", "1-11", _A, "元数据与内容关联", "metadata and content belong together",
        rules.metadata_and_content,
    ),
    Item("lists_in_form", "1-12", _A, "说明、目录文件规范", "lists in form", rules.lists_in_form),
    Item("folder_structure", "1-13", _A, "目录结构", "folder structure", rules.folder_structure),
    Item("digests", "1-14", _A, "包一致性", "digests agree", rules.digests),
    Item("file_count", "2-1", _I, "总件数", "number of files", rules.file_count),
    Item("byte_count", "2-2", _I, "总字节数", "number of bytes", rules.byte_count),
    Item("metadata_complete", "2-3", _I, "元数据完整", "metadata complete", rules.metadata_complete),
    Item("required_values", "2-4", _I, "必填项", "required values", rules.required_values),
    Item("process_recorded", "2-5", _I, "过程信息", "handling recorded", rules.process_recorded),
    Item("numbers_run_on", "2-6", _I, "连续性", "numbers run on", rules.numbers_run_on),
    Item("content_whole", "2-7", _I, "内容完整", "content whole", rules.content_whole),
    Item("filing_scope", "2-9", _I, "归档范围", "scope of filing", rules.filing_scope),
    Item("metadata_listed", "2-10", _I, "包元数据完整", "metadata covered by the list", rules.metadata_listed),
    Item("listed_files_are_there", "2-11", _I, "包内容完整", "listed files are there", rules.listed_files_are_there),
    Item("metadata_readable", "3-1", _U, "包内元数据可读", "metadata readable", rules.metadata_readable),
    Item(
        "catalogue", "3-2", _U, "库内元数据可访问", "metadata in the catalogue accessible", None,
        why_not=("须在档案库内检测", "only the archive's catalogue can answer this"),
    ),
    Item("content_format", "3-3", _U, "内容数据格式", "content opens in its format", rules.content_format),
    Item("scanner_state", "4-1", _S, "杀毒软件状态", "virus scanner in order", None, why_not=_SCANNER),
    Item("virus", "4-2", _S, "病毒", "free of viruses", None, why_not=_SCANNER),
    Item("nothing_extra", "4-3", _S, "多余文件", "nothing extra", rules.nothing_extra),
    Item(
        "process_safety", "4-7", _S, "过程安全", "process safe", None,
        why_not=("须由归档、移交流程留痕证明", "the record of filing and transfer has to answer this"),
    ),
    Item("compression", None, _S, "压缩率", "compression ratio", rules.compression),
)  # fmt: skip


def check(
    data: bytes,
    verify_signature: VerifySignature | None,
    *,
    stage: Stage = Stage.FILING,
    policy: Policy | None = None,
) -> CheckReport:
    """Look at every item of one package; a bad package is a report, not an exception.

    Args:
        data: the whole file.
        verify_signature: returns for a good and trusted signature, raises a `Rejected` for a wrong one and any
            other `HubError` where it cannot judge; None = there is nobody to ask.
        stage: whose codes the report carries.
        policy: what this archive takes; a default one takes everything in `archive.formats`.
    """
    rows = ITEMS
    policy = policy or Policy()
    try:
        opened = Opened(data, Package.read(data, policy.limits).entries, policy, verify_signature)
    except Rejected as refusal:
        refused = Finding(f"不是合规的压缩包（{refusal.code}）", f"not a plain container ({refusal.code})")
        blind = Finding("压缩包无法读取，未检测", "the container cannot be read")
        results = [
            _result(item, stage, Status.FAILED, (refused,))
            if item.key == "container"
            else _result(item, stage, Status.NOT_CHECKED, (blind,))
            for item in rows
        ]
        return CheckReport(stage, sm3_hex(data), len(data), None, tuple(results))
    results = [_judge(item, stage, opened) for item in rows]
    try:
        number = opened.base.values.get("electronic_file_no") or None
    except CannotJudge:
        number = None
    return CheckReport(stage, sm3_hex(data), len(data), number, tuple(results))


def _judge(item: Item, stage: Stage, opened: Opened) -> ItemResult:
    if item.key == "container":
        return _result(item, stage, Status.PASSED, ())
    if item.rule is None:
        return _result(item, stage, Status.NOT_CHECKED, (Finding(*item.why_not),))
    try:
        findings = tuple(item.rule(opened))
    except CannotJudge as reason:
        return _result(item, stage, Status.NOT_CHECKED, (Finding(reason.zh, reason.en),))
    if not findings:
        return _result(item, stage, Status.PASSED, ())
    warns = item.key == "compression" and not opened.policy.compression_fails
    return _result(item, stage, Status.WARNED if warns else Status.FAILED, findings)


def _result(item: Item, stage: Stage, status: Status, findings: tuple[Finding, ...]) -> ItemResult:
    return ItemResult(
        key=item.key,
        code=f"{stage.value}-{item.number}" if item.number else None,
        property=item.property,
        title_zh=item.zh,
        title_en=item.en,
        status=status,
        findings=findings,
        decisive=item.decisive,
    )
