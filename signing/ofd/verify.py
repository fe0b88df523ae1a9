"""Is this OFD what it says, and who says so: all steps, one report."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from documents.package import ContainerFault, ContainerRefused, Limits, Package
from signing.errors import LayoutRefused
from signing.ofd import appearance, judging
from signing.ofd.coverage import Described, check_coverage, check_references, digests
from signing.ofd.description import Kind, read_description, read_records
from signing.ofd.layout import ENTRY, Layout, read_layout
from signing.ofd.steps import Step
from signing.report import Expectation, Log, Report, SealFacts
from signing.trust import Trust

_LIMITS = Limits()
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
    data: bytes,
    *,
    trust: Sequence[bytes] | Trust,
    at: datetime | None = None,
    expect: Expectation | None = None,
    lists: Sequence[bytes] = (),
    limits: Limits = _LIMITS,
) -> Report:
    """The report on a sealed OFD file. Bad input is an answer, not an exception.

    Args:
        trust: certificates to trust (PEM or DER), timestamp authorities among them, or a `Trust` made before.
            With none the report cannot say valid.
        at: judge as of this time, with a zone; now by default.
        expect: whose seals the licence must carry.
        lists: revocation lists (DER); once there are any, every issuer must be covered.

    Raises:
        CertificateRefused: one of `trust` or `lists` cannot be read.
        LibcryptoMissing: SM2 cannot be computed on this machine.
    """
    moment = at or datetime.now(UTC)
    if moment.tzinfo is None:
        raise ValueError("a time to judge by needs a zone")
    known = trust if isinstance(trust, Trust) else Trust.of(trust, lists)
    log = Log()
    seals = _judged(log, data, known, moment, limits)
    if seals:
        _check_business(log, seals, expect)
    return log.report(moment, seals)


def _judged(log: Log, data: bytes, trust: Trust, at: datetime, limits: Limits) -> list[SealFacts]:
    try:
        package = Package.read(data, limits)
    except ContainerRefused as error:
        log.failed(Step.CONTAINER, f"文件不是可信的 OFD 包：{_FAULTS_ZH[error.reason]}", error.detail)
        return []
    log.passed(Step.CONTAINER, f"包内 {len(package.entries)} 个文件", f"{len(package.entries)} files, nothing hidden")
    try:
        layout = read_layout(package)
    except LayoutRefused as error:
        log.failed(Step.ENTRY, "文档入口或页面无法读取", error.detail, error.file)
        return []
    if layout.signatures is None:
        log.failed(Step.ENTRY, "文件未签章", "the file is not signed", ENTRY)
        return []
    log.passed(Step.ENTRY, "一份文档，含签名列表", "one document with a list of signatures")
    signatures = _described(log, package, layout.signatures)
    judge = judging.Judge(package, dict(digests(package)), trust, at)
    check_coverage(log, package, layout.signatures, signatures)
    appearance.check_imitations(log, package, layout)
    seals = []
    for one in signatures:
        facts = _judge_one(log.of(one.record.id), judge, layout, one)
        if facts is not None:
            seals.append(facts)
    return seals


def _described(log: Log, package: Package, list_path: str) -> list[Described]:
    """The signatures whose files are there and readable; a fault is written for every other one."""
    try:
        records, _ = read_records(package, list_path)
    except LayoutRefused as error:
        log.failed(Step.RECORDS, "签名列表无法读取", error.detail, error.file)
        return []
    if not records:
        log.failed(Step.RECORDS, "签名列表为空，文件未签章", "the list is empty: the file is not signed", list_path)
        return []
    found = []
    for record in records:
        try:
            description = read_description(package, record.path)
        except LayoutRefused as error:
            log.of(record.id).failed(Step.RECORDS, "签名描述文件无法读取", error.detail, error.file)
            continue
        if description.value not in package.entries:
            log.of(record.id).failed(
                Step.RECORDS, "签名值文件不存在", "the signature value is missing", description.value
            )
            continue
        found.append(Described(record, description))
    if len(found) == len(records):
        log.passed(Step.RECORDS, f"{len(found)} 个签名", f"{len(found)} signatures")
    if len({one.description.value for one in found}) != len(found):
        log.failed(Step.RECORDS, "两个签名共用一个签名值文件", "two signatures share a value", list_path)
    appearance.check_ids(log, found, list_path)
    return found


def _judge_one(log: Log, judge: judging.Judge, layout: Layout, one: Described) -> SealFacts | None:
    check_references(log, one.description, judge.digests)
    kind = judging.judge_seal if one.record.kind is Kind.SEAL else judging.judge_sign
    facts = kind(log, judge, one)
    if facts is not None:
        appearance.check_stamps(log, layout, one, facts)
    return facts


def _check_business(log: Log, seals: Sequence[SealFacts], expect: Expectation | None) -> None:
    stamped = [one for one in seals if one.kind == Kind.SEAL.value]
    if expect is None:
        log.skipped(Step.BUSINESS, "未指定应有的签发机关", "no authority was expected")
        return
    before = len(log.findings)
    if expect.seals is not None and len(stamped) != expect.seals:
        log.failed(
            Step.BUSINESS,
            f"应有 {expect.seals} 个印章，实有 {len(stamped)} 个",
            f"{expect.seals} seals were expected, there are {len(stamped)}",
        )
    code, es_id = expect.credit_code, expect.es_id
    if code is not None and not any(one.organisation.startswith(code) for one in stamped):
        log.failed(Step.BUSINESS, "签章者不是应有的机关", "no seal is that of the expected authority")
    if es_id is not None and not any(one.es_id == es_id == one.signer for one in stamped):
        log.failed(Step.BUSINESS, "印章编码不是应有的机关的", "no seal has the expected ID, or its signer another")
    if expect.makers is not None and any(one.maker_certificate not in expect.makers for one in stamped):
        log.failed(Step.BUSINESS, "制章者不在受认可之列", "a seal is of a maker that is not accepted")
    if len(log.findings) == before:
        log.passed(Step.BUSINESS, "印章与签发机关相符", "the seals are those of the expected authority")
