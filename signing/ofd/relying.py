"""Whom a signature leans on: certificates with their revocation, and timestamps (steps 7, 9 and 12)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from signing.certificates import Certificate
from signing.errors import (
    CertificateFault,
    CertificateRefused,
    DerRefused,
    RevocationUnknown,
    SealRefused,
    SignatureInvalid,
    SignedDataRefused,
    TrustUnknown,
)
from signing.ofd.layout import Files
from signing.ofd.policy import Policy
from signing.ofd.steps import Step
from signing.report import HOUSE_RULE, Log
from signing.revocation.known import RevocationState
from signing.seal.parts import SealSignature
from signing.timestamp import Token
from signing.trust import Chain, Purpose, Trust

#: What reading a signature, a seal or a token may raise.
UNREADABLE = (DerRefused, SealRefused, SignedDataRefused, CertificateRefused)
FAULTS_ZH = {
    CertificateFault.FORM: "证书格式不符合要求",
    CertificateFault.ALGORITHM: "证书算法不是 SM2/SM3",
    CertificateFault.UNTRUSTED: "证书链未到达受信任的根证书",
    CertificateFault.SIGNATURE: "证书的签名不正确",
    CertificateFault.NOT_YET_VALID: "使用时证书尚未生效",
    CertificateFault.EXPIRED: "使用时证书已过期",
    CertificateFault.USAGE: "证书的密钥用途不符",
    CertificateFault.REVOKED: "使用前证书已被吊销",
}


@dataclass(frozen=True, slots=True)
class Judge:
    """What every signature of a package is judged by."""

    files: Files
    digests: Mapping[str, bytes]
    trust: Trust
    at: datetime
    policy: Policy


def check_certificate(
    log: Log,
    judge: Judge,
    what_zh: str,
    certificate: Certificate,
    at: datetime,
    file: str,
    *,
    others: tuple[Certificate, ...] = (),
    dated: bool = False,
) -> None:
    """Whether the signer's certificate could be relied on at `at`; `dated`: a timestamp tells the time as well."""
    try:
        chain = judge.trust.check(certificate, at, others=others)
    except CertificateRefused as error:
        log.failed(Step.CERTIFICATE, f"{what_zh}：{FAULTS_ZH[error.fault]}", error.message, file)
    except TrustUnknown as error:
        log.unknown(Step.CERTIFICATE, f"{what_zh}：{unknown_zh(error)}", error.message, file)
    else:
        log.passed(Step.CERTIFICATE, f"{what_zh}可信", "the certificate leads to a trusted root")
        tell_revocation(log, Step.CERTIFICATE, what_zh, chain, dated=dated)


def unknown_zh(error: TrustUnknown) -> str:
    """Why it cannot be told, for readers of Chinese."""
    if isinstance(error, RevocationUnknown):
        return "吊销状态无法查明"
    return "未配置信任根，无法判断"


def tell_revocation(log: Log, step: Step, what_zh: str, chain: Chain, *, dated: bool) -> None:
    """What was known of revocation, where a reader should know it."""
    if not chain.asked and step is Step.CERTIFICATE:
        log.note(step, f"{what_zh}：未核查吊销状态", "nothing is configured that tells of revocation; it was not asked")
    for known in chain.revocation:
        if known.state is RevocationState.REVOKED_LATER and known.revoked is not None:
            day = f"{known.revoked.at:%Y-%m-%d}"
            # A thief of the key may write any time; only somebody else's clock tells.
            told = ("", "") if dated else ("；签署时间仅为签名者自述", "; the signing time is the signer's own word")
            log.note(
                step,
                f"{what_zh}：证书 {known.serial:x} 于 {day} 被吊销，在使用之后{told[0]}",
                f"certificate {known.serial:x} was revoked on {day}, after its use{told[1]}",
            )


def check_timestamps(log: Log, judge: Judge, signature: SealSignature, file: str) -> datetime | None:
    """The tokens over the signature and, from version 5 on, over the seal; the time of the former if it is relied on.

    A token that is sound but whose authority cannot be judged here is told and not relied on: the document stands as
    one without a timestamp does, unless the policy requires one.
    """
    seal, tolerance = signature.seal, judge.policy.tolerance
    if seal.timestamp is not None:
        made, _ = _check_timestamp(
            log, judge, "印章时间戳", "the seal's timestamp", seal.timestamp, seal.signature, file
        )
        if made is not None and seal.created > made + tolerance:
            log.failed(
                Step.TIMESTAMP,
                "印章时间戳早于制章日期",
                "the seal was stamped before it was made",
                file,
                "GM/T 0031-2025",
            )
    if signature.timestamp is None:
        if judge.policy.require_timestamp:
            log.failed(Step.TIMESTAMP, "没有时间戳，而验证要求有", "there is no timestamp, and one is required", file)
        else:
            log.skipped(Step.TIMESTAMP, "没有时间戳", "there is no timestamp")
        return None
    stamped, relied_on = _check_timestamp(
        log, judge, "时间戳", "the timestamp", signature.timestamp, signature.signature, file
    )
    if stamped is not None and stamped < signature.time - tolerance:
        log.failed(Step.TIMESTAMP, "时间戳早于签章时间", "stamped before it was signed", file, HOUSE_RULE)
    return stamped if relied_on else None


def _check_timestamp(
    log: Log, judge: Judge, zh: str, en: str, raw: bytes, stamped: bytes, file: str
) -> tuple[datetime | None, bool]:
    """The token's time, and whether its authority was found to be trusted."""
    try:
        token = Token.check(raw, stamped)
    except (*UNREADABLE, SignatureInvalid) as error:
        log.failed(Step.TIMESTAMP, f"{zh}不正确", error.message, file)
        return None, False
    if token.time > judge.at + judge.policy.tolerance:
        log.failed(Step.TIMESTAMP, f"{zh}的时间在未来", f"{en} lies in the future", file, HOUSE_RULE)
        return token.time, False
    try:
        chain = judge.trust.check(token.signed.signer, token.time, Purpose.TIMESTAMP, token.signed.certificates)
    except TrustUnknown as error:
        _tell_unjudged(log, judge, token, f"{zh}机构证书：{unknown_zh(error)}", error.message, file)
    except CertificateRefused as error:
        told = f"{zh}机构证书：{FAULTS_ZH[error.fault]}"
        if error.fault is CertificateFault.UNTRUSTED:
            # Timestamp authorities have roots of their own; one nobody configured is unknown, not forged.
            _tell_unjudged(log, judge, token, told, error.message, file)
        else:
            log.failed(Step.TIMESTAMP, told, error.message, file)
    else:
        log.passed(Step.TIMESTAMP, f"{zh}正确，其机构可信", f"{en} verifies and its authority is trusted")
        tell_revocation(log, Step.TIMESTAMP, f"{zh}机构证书", chain, dated=True)
        return token.time, True
    return token.time, False


def _tell_unjudged(log: Log, judge: Judge, token: Token, zh: str, en: str, file: str) -> None:
    # Of a token that binds nothing, bytes could be changed unseen while its certificate cannot be judged.
    if judge.policy.require_timestamp or not token.bound:
        log.unknown(Step.TIMESTAMP, zh, en, file)
        return
    log.skipped(Step.TIMESTAMP, "时间戳机构无法判断，未采信其时间", "its authority cannot be judged; not relied on")
    log.note(Step.TIMESTAMP, zh, en, file)
