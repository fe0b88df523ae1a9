"""Verdicts of every kind over made-up licences, for tests of what a visitor sees."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from core.clock import SHANGHAI
from core.errors import HubError
from hub.checking import (
    CertificateTold,
    Checked,
    CopyTold,
    FaceLine,
    Known,
    Proof,
    Registered,
    SealTold,
    StepTold,
    VersionTold,
    Way,
    judge_certificate,
    judge_file,
    judge_register,
)
from hub.checking_outcome import Outcome
from hub.log_proofs import EntryUnknown
from schemas.licence_life import Status
from signing.ofd.steps import Step
from signing.report import Log, Report, SealFacts
from web.check_port import Shown

AT = datetime(2026, 11, 20, 9, 30, tzinfo=SHANGHAI)
ORGAN = "11420112MB0000000M"
TOKEN = "kT3vQ9xW2mLpR7yZ8aBcDe"
NEWER = "nEwErVeRsIoN0123456789"
NUMBER = "（测试）鄂人服证字〔2026〕第00012号"
IDENTIFIER = "1.2.156.3005.2.11420000000000000Y001.11420112MB0000000M.2026000012.001.K"
ISSUED = StepTold(
    "颁发",
    "issued",
    date(2026, 3, 2),
    "《中华人民共和国行政许可法》第三十八条",
    None,
    "01950000-0000-7000-8000-000000000001",
)
SEAL = SealTold(
    "武汉市东西湖区行政审批局（测试）", "42011200000001", "武汉市东西湖区行政审批局（测试）", "42011200000001",
    datetime(2026, 3, 2, 2, 31, tzinfo=UTC), None, True, True,
)  # fmt: skip
LICENCE = Registered(
    number=NUMBER,
    identifier=IDENTIFIER,
    type_name="人力资源服务许可证",
    issuer="武汉市东西湖区行政审批局（测试）",
    version=1,
    document_sm3=bytes(range(32)),
    status=Status.VALID,
    status_since=date(2026, 3, 2),
    valid_until=date(2031, 3, 1),
    superseded=False,
    newer_token=None,
    entry="01950000-0000-7000-8000-000000000001",
    status_step=None,
    steps=(ISSUED,),
    versions=(VersionTold(1, "颁发", "issued", datetime(2026, 3, 2, 2, 32, tzinfo=UTC), None),),
    face=(
        FaceLine("单位名称", "武汉样例人力资源有限公司", False),
        FaceLine("统一社会信用代码", "91420112MAKTE5T008", False),
        FaceLine("法定代表人", "欧**", True),
        FaceLine("住所", "湖北省武汉市东西湖区吴家山街道样例大道一百二十八号样例产业园第三栋十二层一二零五室", False),
        FaceLine("许可证编号", NUMBER, False),
        FaceLine("服务范围", "人力资源供求信息的收集和发布、就业和创业指导、人力资源管理咨询、人力资源测评", False),
        FaceLine("有效期至", "二〇三一年三月一日", False),
        FaceLine("电子证照标识", IDENTIFIER, False),
    ),
    seals=(SEAL,),
)  # fmt: skip
PROOF = Proof(
    {"type": "inclusion", "v": 1}, "01950000-0000-7000-8000-000000000001", 41, 64, "ab" * 32, 7,
    datetime(2026, 11, 20, 1, 0, tzinfo=UTC),
)  # fmt: skip
NEWEST = replace(
    LICENCE,
    superseded=True,
    newer_token=NEWER,
    steps=(
        ISSUED,
        StepTold(
            "换章",
            "sealed anew",
            date(2026, 9, 1),
            "机构改革方案",
            "东行审〔2026〕3号",
            "01950000-0000-7000-8000-000000000002",
        ),
    ),
    versions=(
        replace(LICENCE.versions[0], superseded_at=datetime(2026, 9, 1, 3, 0, tzinfo=UTC)),
        VersionTold(2, "换章", "sealed anew", datetime(2026, 9, 1, 3, 0, tzinfo=UTC), None),
    ),
)
COPY = CopyTold("样例银行武汉东西湖支行", "办理对公账户开户", AT, datetime(2026, 12, 20, 23, 59, 59, tzinfo=SHANGHAI))


def ended(status: Status, word: str, word_en: str) -> Registered:
    """The licence after a step that ended or halted it."""
    step = StepTold(
        word,
        word_en,
        date(2026, 10, 8),
        "《中华人民共和国行政许可法》第六十九条",
        "东行审决〔2026〕17号",
        "01950000-0000-7000-8000-000000000003",
    )
    return replace(
        LICENCE, status=status, status_since=step.effective_on, status_step=step, steps=(*LICENCE.steps, step)
    )


def facts(organ: str = ORGAN, name: str = "武汉市东西湖区行政审批局（测试）") -> SealFacts:
    return SealFacts("s001", "Seal", "42011200000001", organ + name, SEAL.sealed_at, name, "42011200000001", "制章单位")


def report(
    *failed: tuple[Step, str, str, str], unknown: bool = False, organ: str = ORGAN, sealed: bool = True
) -> Report:
    """A verifier's report in which these steps failed: step, Chinese, English, file."""
    log = Log()
    wrong = {step for step, *_ in failed}
    for step in Step:
        if step in wrong:
            continue
        if unknown and step is Step.CERTIFICATE:
            log.unknown(step, "签章者证书：未配置信任根，无法判断", "no trust anchor is configured")
        else:
            log.passed(step, "符合要求", "as it should be")
    for step, zh, en, file in failed:
        log.failed(step, zh, en, file)
    return log.report(AT, [facts(organ)] if sealed else [])


CHANGED = (
    (Step.INTEGRITY, "文件与签名时不同", "the file is not as it was signed", "Doc_0/Pages/Page_0/Content.xml"),
    (Step.INTEGRITY, "文件与签名时不同", "the file is not as it was signed", "Doc_0/Attachs/licence.xml"),
)
UNTRUSTED = (Step.CERTIFICATE, "签章者证书：证书链未到达受信任的根证书", "no trusted root", "Doc_0/Signs/Sign_0/V.dat")
KNOWN = Known(LICENCE, False, frozenset({ORGAN}))
NOTHING = Known(None, False, frozenset({ORGAN}))


def of_file(given: Report, known: Known | None) -> Checked:
    return judge_file(given, known, AT)


def by_code(found: Registered | None) -> Checked:
    return judge_register(found, Way.CODE, AT)


CERTIFICATE = CertificateTold(
    number="CX-2026-000012",
    requester="律师：某某律师事务所",
    requester_en="lawyer: 某某律师事务所",
    holder="武汉某某餐饮有限公司",
    purpose="某合同纠纷案代理",
    form="书式档案",
    files=9,
    made_at=AT - timedelta(days=2),
    expires_at=AT + timedelta(days=13),
    document_sm3=bytes(range(32)),
    ended=False,
)

SAMPLES: dict[str, Shown] = {
    "valid": Shown(by_code(LICENCE), PROOF),
    "suspended": Shown(by_code(ended(Status.SUSPENDED, "暂停", "suspended")), PROOF),
    "withdrawn": Shown(by_code(ended(Status.WITHDRAWN, "撤销", "withdrawn")), PROOF),
    "revoked": Shown(by_code(ended(Status.REVOKED, "吊销", "revoked")), PROOF),
    "cancelled": Shown(by_code(ended(Status.CANCELLED, "注销", "cancelled")), PROOF),
    "expired": Shown(by_code(replace(LICENCE, status=Status.EXPIRED, valid_until=date(2026, 11, 1))), PROOF),
    "superseded": Shown(by_code(NEWEST), PROOF),
    "annotated": Shown(by_code(replace(LICENCE, copy=COPY)), PROOF),
    "annotated_expired": Shown(by_code(replace(LICENCE, copy=replace(COPY, expires_at=AT - timedelta(days=1)))), PROOF),
    "certificate": Shown(judge_certificate(CERTIFICATE, AT)),
    "certificate_file": Shown(of_file(report(), replace(NOTHING, certificate=CERTIFICATE))),
    "certificate_expired": Shown(judge_certificate(replace(CERTIFICATE, holder=None, ended=True), AT)),
    "not_found": Shown(by_code(None)),
    "cannot_now": Shown(of_file(report(), None)),
    "tampered": Shown(of_file(report(*CHANGED), KNOWN)),
    "unreadable": Shown(
        of_file(report((Step.CONTAINER, "文件不是可信的 OFD 包：已损坏", "damaged", ""), sealed=False), NOTHING)
    ),
    "seal_untrusted": Shown(of_file(report(UNTRUSTED), KNOWN), PROOF),
    "foreign": Shown(of_file(report(UNTRUSTED), NOTHING)),
    "foreign_good_seal": Shown(of_file(report(organ="11420112MB1234567X"), NOTHING)),
    "not_registered": Shown(of_file(report(), replace(NOTHING, identifier_known=True))),
    "valid_file": Shown(of_file(report(), KNOWN), PROOF),
}


@dataclass
class SampleChecks:
    """Answers each question with the sample that the token, the number or the file's text names, or raises."""

    error: HubError | Exception | None = None
    asked: list[object] = field(default_factory=list)
    answer: str = ""

    def by_token(self, token: str) -> Shown:
        return self._said(token, token)

    def by_number(self, identifier: str, number: str) -> Shown:
        shown = self._said((identifier, number), number)
        return Shown(replace(shown.checked, way=Way.NUMBER, newer_token=None), shown.proof)

    def proof(self, entry: str) -> Proof:
        if entry != PROOF.entry:
            raise EntryUnknown("no such entry")
        return PROOF

    def by_file(self, data: bytes) -> Shown:
        shown = self._said(data, data[:40].decode("latin-1"))
        checked = shown.checked
        return Shown(checked if checked.report else replace(checked, report=report(), way=Way.FILE), shown.proof)

    def _said(self, asked: object, name: str) -> Shown:
        self.asked.append(asked)
        if self.error is not None:
            raise self.error
        return SAMPLES.get(self.answer or name, SAMPLES["not_found"])


def every_outcome_has_a_sample() -> bool:
    """Whether none was forgotten."""
    return {one.checked.outcome for one in SAMPLES.values()} == set(Outcome)
