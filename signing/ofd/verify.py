"""Is this OFD what it says, and who says so: all steps, one report."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from documents.package import ContainerFault, ContainerRefused, Limits, Package
from signing.errors import LayoutRefused
from signing.ofd import appearance, extras, judging
from signing.ofd.business import check_contents, check_expected
from signing.ofd.coverage import Described, check_coverage, check_references, digests
from signing.ofd.description import Kind, read_description, read_records
from signing.ofd.layout import ENTRY, Files, Layout, read_layout
from signing.ofd.order import check_order
from signing.ofd.policy import Policy
from signing.ofd.relying import Judge
from signing.ofd.steps import Step
from signing.report import NOT_SIGNED, Expectation, Log, Report, SealFacts, counted
from signing.trust import Trust

_LIMITS = Limits()
_POLICY = Policy()
_FAULTS_ZH = {
    ContainerFault.NOT_A_ZIP: "不是 ZIP 文件",
    ContainerFault.ENCRYPTED: "含加密内容",
    ContainerFault.UNSAFE_NAME: "含不安全的文件名",
    ContainerFault.DUPLICATE_NAME: "文件名重复",
    ContainerFault.HEADERS_DIFFER: "文件头与目录不一致",
    ContainerFault.HIDDEN_BYTES: "含隐藏内容",
    ContainerFault.UNSUPPORTED: "压缩方式不受支持",
    ContainerFault.DAMAGED: "已损坏",
    ContainerFault.TOO_MANY: "文件过多",
    ContainerFault.TOO_LARGE: "文件过大",
}


def verify(
    data: bytes | Files,
    *,
    trust: Sequence[bytes] | Trust,
    at: datetime | None = None,
    expect: Expectation | None = None,
    lists: Sequence[bytes] = (),
    limits: Limits = _LIMITS,
    policy: Policy = _POLICY,
) -> Report:
    """The report on a sealed OFD file. Bad input is an answer, not an exception.

    Args:
        data: the file; or the files of its package, for a caller that reads more of them afterwards and lets each be
            parsed once. They must come from `Package.read`, which is what finds a package that is none.
        trust: certificates to trust (PEM or DER), timestamp authorities among them, or a `Trust` made before.
            With none the report cannot say valid.
        at: judge as of this time, with a zone; now by default.
        expect: whose seals the licence must carry.
        lists: revocation lists (DER); once there are any, every issuer must be covered.
        limits: how much the package may cost to open.
        policy: what to take more strictly or more loosely than usual.

    Raises:
        CertificateRefused: one of `trust` cannot be read.
        RevocationListRefused: one of `lists` cannot be read.
        LibcryptoMissing: SM2 cannot be computed on this machine.
    """
    moment = at or datetime.now(UTC)
    if moment.tzinfo is None:
        raise ValueError("a time to judge by needs a zone")
    known = trust if isinstance(trust, Trust) else Trust.of(trust, lists)
    log = Log()
    seals = _judged(log, data, known, moment, limits, policy)
    if seals:
        check_expected(log, seals, expect)
    return log.report(moment, seals)


def _judged(
    log: Log, data: bytes | Files, trust: Trust, at: datetime, limits: Limits, policy: Policy
) -> list[SealFacts]:
    try:
        files = data if isinstance(data, Files) else Files(Package.read(data, limits))
    except ContainerRefused as error:
        log.failed(Step.CONTAINER, f"文件不是可信的 OFD 包：{_FAULTS_ZH[error.reason]}", error.detail)
        return []
    judged = _judge_files(log, files, trust, at, policy)
    # Only now, so that what the steps follow is read before the bound on XML is reached.
    extras.tell_unread(log, files.read_all())
    if not any(one.step is Step.CONTAINER for one in log.findings):
        count = len(files.entries)
        log.passed(Step.CONTAINER, f"包内 {count} 个文件，无隐藏内容", f"{counted(count, 'file')}, nothing hidden")
    if judged is None:
        return []
    layout, list_path, signatures, seals = judged
    extras.tell_extras(log, files, layout, list_path, signatures)
    return seals


def _judge_files(
    log: Log, files: Files, trust: Trust, at: datetime, policy: Policy
) -> tuple[Layout, str, list[Described], list[SealFacts]] | None:
    """What was judged, None when there is no signature that could be."""
    try:
        layout = read_layout(files)
    except LayoutRefused as error:
        log.failed(Step.ENTRY, "文档入口或页面无法读取", error.detail, error.file)
        return None
    if layout.signatures is None:
        log.failed(Step.ENTRY, "文件未签章", NOT_SIGNED, ENTRY)
        return None
    log.passed(Step.ENTRY, "一份文档，含签名列表", "one document with a list of signatures")
    signatures, whole = _described(log, files, layout.signatures)
    if not signatures:
        return None
    judge = Judge(files, digests(files), trust, at, policy)
    check_coverage(log, files, layout.signatures, signatures, must_close=policy.require_lock)
    if whole:
        check_order(log, files, layout.signatures, signatures)
    seals = []
    for one in signatures:
        facts = _judge_one(log.of(one.record.id), judge, layout, one)
        if facts is not None:
            seals.append(facts)
    appearance.check_imitations(log, files, layout)
    appearance.check_covering(log, signatures, layout.signatures)
    check_contents(log, files)
    return layout, layout.signatures, signatures, seals


def _described(log: Log, files: Files, list_path: str) -> tuple[list[Described], bool]:
    """The signatures whose files are there and readable, and whether that is all; each other one is a fault."""
    try:
        records, _ = read_records(files, list_path)
    except LayoutRefused as error:
        log.failed(Step.RECORDS, "签名列表无法读取", error.detail, error.file)
        return [], False
    if not records:
        log.failed(Step.RECORDS, "签名列表为空，文件未签章", "the list is empty: the file is not signed", list_path)
        return [], False
    found = []
    for record in records:
        try:
            description = read_description(files, record.path)
        except LayoutRefused as error:
            log.of(record.id).failed(Step.RECORDS, "签名描述文件无法读取", error.detail, error.file)
            continue
        if description.value not in files.entries:
            log.of(record.id).failed(
                Step.RECORDS, "签名值文件不存在", "the signature value is missing", description.value
            )
            continue
        found.append(Described(record, description))
    whole = len(found) == len(records)
    if whole:
        log.passed(Step.RECORDS, f"{len(found)} 个签名", counted(len(found), "signature"))
    if len({one.description.value for one in found}) != len(found):
        log.failed(Step.RECORDS, "两个签名共用一个签名值文件", "two signatures share a value", list_path)
    appearance.check_ids(log, found, list_path)
    return found, whole


def _judge_one(log: Log, judge: Judge, layout: Layout, one: Described) -> SealFacts | None:
    check_references(log, one.description, judge.digests)
    kind = judging.judge_seal if one.record.kind is Kind.SEAL else judging.judge_sign
    facts = kind(log, judge, one)
    if facts is not None:
        appearance.check_stamps(log, layout, one, facts)
    return facts
