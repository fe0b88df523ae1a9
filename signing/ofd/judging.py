"""Steps 3 and 5 to 12 for one signature: what it says, whether it holds, who stands behind it."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from hmac import compare_digest

from core.errors import HubError
from documents.package import Package
from signing import oids
from signing.certificates import Certificate
from signing.errors import (
    CertificateFault,
    CertificateRefused,
    DerRefused,
    SealRefused,
    SignatureInvalid,
    SignedDataRefused,
    TrustUnknown,
)
from signing.ofd.coverage import Described
from signing.ofd.steps import Step
from signing.report import Log, SealFacts
from signing.seal.parts import Seal, SealSignature
from signing.signed_data import SignedData
from signing.sm2 import PublicKey
from signing.timestamp import Token
from signing.trust import Purpose, Trust

#: How far two clocks may differ.
TOLERANCE = timedelta(minutes=5)
_UNREADABLE = (DerRefused, SealRefused, SignedDataRefused, CertificateRefused)

_FAULTS_ZH = {
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

    package: Package
    digests: dict[str, bytes]
    trust: Trust
    at: datetime


def judge_seal(log: Log, judge: Judge, one: Described) -> SealFacts | None:
    """A signature of Type=Seal; None when it cannot even be read."""
    value = one.description.value
    try:
        signature = SealSignature.read(judge.package.entries[value])
        signer = Certificate.read(signature.certificate)
        maker = Certificate.read(signature.seal.maker_certificate)
    except _UNREADABLE as error:
        log.failed(Step.FORMAT, "签章数据不符合标准格式或算法要求", error.message, value)
        return None
    _check_algorithms(log, one, signature)
    _check_data_hash(log, judge, one, signature)
    _check_signature(log, signer, signature, value)
    good = check_certificate(log, Step.CERTIFICATE, "签章者证书", judge.trust, signer, signature.time)
    if good and not judge.trust.lists:
        log.note(Step.CERTIFICATE, "未配置吊销列表，未核查吊销状态", "no revocation list is configured; not asked")
    _check_time(log, signer, signature, judge.at)
    _check_seal(log, judge, signature.seal, maker, signature.time, value)
    _check_allowed(log, signature, value)
    _check_seal_file(log, judge, one, signature.seal)
    stamped_at = _check_timestamps(log, judge, signature, value)
    seal = signature.seal
    return SealFacts(
        id=one.record.id,
        kind="Seal",
        signer=signer.common_name,
        organisation=signer.organisation,
        signed_at=signature.time,
        seal_name=seal.name,
        es_id=seal.es_id,
        maker=maker.common_name,
        maker_certificate=maker.raw,
        valid_from=seal.valid_from,
        valid_to=seal.valid_to,
        stamped_at=stamped_at,
        picture_type=seal.picture_type,
        picture=seal.picture,
    )


def judge_sign(log: Log, judge: Judge, one: Described) -> SealFacts | None:
    """A signature of Type=Sign (GB/T 35275 SignedData); None when it cannot even be read."""
    value = one.description.value
    try:
        signed = SignedData.read(judge.package.entries[value])
        said = signed.signing_time
    except _UNREADABLE as error:
        log.failed(Step.FORMAT, "数字签名数据不符合标准格式或算法要求", error.message, value)
        return None
    if one.description.method != oids.SM2_WITH_SM3:
        log.failed(Step.FORMAT, "签名算法不是 SM2/SM3", "SignatureMethod is not SM2 with SM3", one.record.path)
    else:
        log.passed(Step.FORMAT, "格式与算法符合要求", "well-formed, SM2 with SM3")
    _check_signed_hash(log, judge, one, signed)
    # Without a signed time nobody can say when it was made: the certificate is then judged as of now.
    _check_undated(log, judge, signed, said)
    return SealFacts(
        id=one.record.id,
        kind="Sign",
        signer=signed.signer.common_name,
        organisation=signed.signer.organisation,
        signed_at=said,
    )


def _check_signed_hash(log: Log, judge: Judge, one: Described, signed: SignedData) -> None:
    digest = judge.digests[one.record.path]
    for content in (digest, base64.b64encode(digest)):
        if signed.content in (None, content):
            try:
                signed.check(content)
            except (SignatureInvalid, DerRefused):
                continue
            log.passed(Step.DATA_HASH, "原文杂凑值一致", "the data hash is that of Signature.xml")
            log.passed(Step.SIGNATURE, "签名值正确", "the signature verifies")
            return
    log.failed(
        Step.SIGNATURE,
        "签名值与签名描述文件不符",
        "the signature is not over this Signature.xml",
        one.description.value,
    )


def _check_undated(log: Log, judge: Judge, signed: SignedData, said: datetime | None) -> None:
    if said is not None:
        check_certificate(log, Step.CERTIFICATE, "签名者证书", judge.trust, signed.signer, said, signed.certificates)
        if said > judge.at + TOLERANCE:
            log.failed(Step.TIME, "签名时间在未来", "the signing time lies in the future")
        return
    try:
        judge.trust.check(signed.signer, judge.at, others=signed.certificates)
    except CertificateRefused as error:
        if error.fault is CertificateFault.EXPIRED:
            log.unknown(
                Step.CERTIFICATE,
                "签名者证书现已过期，而签名未载明时间",
                "the certificate has ended meanwhile and the signature does not tell its time",
            )
        else:
            log.failed(Step.CERTIFICATE, _FAULTS_ZH[error.fault], error.message)
    except TrustUnknown as error:
        log.unknown(Step.CERTIFICATE, "未配置信任根或吊销信息，无法判断证书", error.message)
    else:
        log.passed(Step.CERTIFICATE, "签名者证书可信", "the signer's certificate leads to a trusted root")
    log.note(Step.TIME, "该数字签名未载明签名时间", "this signature does not tell its time")


def check_certificate(
    log: Log,
    step: Step,
    what_zh: str,
    trust: Trust,
    certificate: Certificate,
    at: datetime,
    others: tuple[Certificate, ...] = (),
) -> bool:
    """Write whether a certificate could be relied on at `at`; True when so."""
    try:
        trust.check(certificate, at, others=others)
    except CertificateRefused as error:
        log.failed(step, f"{what_zh}：{_FAULTS_ZH[error.fault]}", error.message)
    except TrustUnknown as error:
        log.unknown(step, f"{what_zh}：未配置信任根或吊销信息，无法判断", error.message)
    else:
        log.passed(step, f"{what_zh}可信", "the certificate leads to a trusted root")
        return True
    return False


def _check_algorithms(log: Log, one: Described, signature: SealSignature) -> None:
    path = one.description.value
    named = (one.description.method, signature.algorithm, signature.seal.algorithm)
    if any(name != oids.SM2_WITH_SM3 for name in named):
        log.failed(Step.FORMAT, "签名算法不是 SM2/SM3", "an algorithm is named that is not SM2 with SM3", path)
        return
    unknown = [name for name, critical in (*signature.extensions, *signature.seal.extensions) if critical]
    if unknown:
        log.failed(Step.FORMAT, "含有无法识别的关键扩展", f"critical extension {unknown[0]} is not understood", path)
        return
    log.passed(
        Step.FORMAT,
        f"格式与算法符合要求（第 {signature.version} 版印章）",
        f"well-formed, version {signature.version}, SM2 with SM3",
    )


def _check_data_hash(log: Log, judge: Judge, one: Described, signature: SealSignature) -> None:
    path = one.record.path
    if not compare_digest(signature.data_hash, judge.digests[path]):
        log.failed(Step.DATA_HASH, "原文杂凑值与签名描述文件不符", "the data hash is not SM3 of Signature.xml", path)
    elif signature.property_info.removeprefix("/") != path:
        log.failed(
            Step.DATA_HASH, "原文属性指向另一个文件", "the signature names another file than this Signature.xml", path
        )
    else:
        log.passed(Step.DATA_HASH, "原文杂凑值一致", "the data hash is that of Signature.xml")


def _check_signature(log: Log, signer: Certificate, signature: SealSignature, file: str) -> None:
    try:
        signer.key.verify(signature.signed, signature.signature)
    except SignatureInvalid as error:
        log.failed(Step.SIGNATURE, "签章者的签名不正确", error.message, file)
    else:
        log.passed(Step.SIGNATURE, "签名值正确", "the signature verifies")


@lru_cache(maxsize=32)
def _check_made(point: bytes, signed: bytes, signature: bytes) -> None:
    """Remembered when good: one seal stands on thousands of licences."""
    PublicKey.from_point(point).verify(signed, signature)


def _check_time(log: Log, signer: Certificate, signature: SealSignature, at: datetime) -> None:
    if signature.time > at + TOLERANCE:
        log.failed(Step.TIME, "签章时间在未来", "the signing time lies in the future")
    elif not signer.not_before <= signature.time <= signer.not_after:
        log.failed(Step.TIME, "签章时间不在签章者证书有效期内", "signed outside the certificate's validity")
    else:
        log.passed(Step.TIME, "签章时间在证书有效期内", "signed while the certificate was valid")


def _check_seal(log: Log, judge: Judge, seal: Seal, maker: Certificate, used: datetime, file: str) -> None:
    before = len(log.findings)
    try:
        _check_made(maker.point, seal.signed, seal.signature)
    except SignatureInvalid as error:
        log.failed(Step.SEAL, "制章者对印章的签名不正确", error.message, file)
    if seal.allows(maker.raw):
        log.failed(Step.SEAL, "印章由使用者自己制作", "the seal was made by one who may use it", file)
    try:
        judge.trust.check(maker, used)
    except CertificateRefused as error:
        _judge_at_making(log, judge, seal, maker, error)
    except TrustUnknown as error:
        log.unknown(Step.SEAL, "制章者证书：未配置信任根或吊销信息，无法判断", error.message)
    if not seal.valid_from <= used <= seal.valid_to:
        log.failed(Step.SEAL, "签章时间不在印章有效期内", "used outside the seal's time of validity", file)
    elif judge.at > seal.valid_to:
        log.note(
            Step.SEAL, "印章现已过期；签章时有效，不影响本文件", "the seal has ended since; it was valid when used"
        )
    if len(log.findings) == before:
        log.passed(Step.SEAL, "印章由制章者签名，签章时有效", "the seal is its maker's and was valid when used")


def _judge_at_making(log: Log, judge: Judge, seal: Seal, maker: Certificate, error: CertificateRefused) -> None:
    """A maker's certificate that ended after the seal was made does not spoil the seal."""
    if error.fault in (CertificateFault.EXPIRED, CertificateFault.REVOKED):
        try:
            judge.trust.check(maker, seal.created)
        except HubError:
            pass
        else:
            log.note(
                Step.SEAL,
                "制章者证书在制章之后失效；制章时有效",
                "the maker's certificate ended after the seal was made; it was valid then",
            )
            return
    log.failed(Step.SEAL, f"制章者证书：{_FAULTS_ZH[error.fault]}", error.message)


def _check_allowed(log: Log, signature: SealSignature, file: str) -> None:
    if signature.seal.allows(signature.certificate):
        log.passed(Step.ALLOWED, "签章者证书在印章的证书列表中", "the seal lists the signer's certificate")
    else:
        log.failed(Step.ALLOWED, "签章者无权使用该印章", "the seal does not list the signer's certificate", file)


def _check_seal_file(log: Log, judge: Judge, one: Described, seal: Seal) -> None:
    path = one.description.seal
    if path is None:
        log.skipped(Step.SEAL_FILE, "未单独存放印章文件", "there is no separate seal file")
    elif path not in judge.package.entries:
        log.failed(Step.SEAL_FILE, "印章文件不存在", "the seal file is missing", path)
    elif judge.package.entries[path] != seal.raw:
        log.failed(Step.SEAL_FILE, "印章文件与签名中的印章不一致", "the seal file is not the seal that was used", path)
    else:
        log.passed(Step.SEAL_FILE, "印章文件与签名中的印章一致", "the seal file equals the seal in the signature")


def _check_timestamps(log: Log, judge: Judge, signature: SealSignature, file: str) -> datetime | None:
    """The tokens over the signature and, from version 5 on, over the seal; the time of the former."""
    if signature.seal.timestamp is not None:
        made = _check_timestamp(log, judge, signature.seal.timestamp, signature.seal.signature, file)
        if made is not None and signature.seal.created > made + TOLERANCE:
            log.failed(Step.TIMESTAMP, "印章时间戳早于制章日期", "the seal was stamped before it was made", file)
    if signature.timestamp is None:
        log.skipped(Step.TIMESTAMP, "没有时间戳", "there is no timestamp")
        return None
    stamped = _check_timestamp(log, judge, signature.timestamp, signature.signature, file)
    if stamped is not None and stamped < signature.time - TOLERANCE:
        log.failed(Step.TIMESTAMP, "时间戳早于签章时间", "stamped before it was signed", file)
    return stamped


def _check_timestamp(log: Log, judge: Judge, raw: bytes, stamped: bytes, file: str) -> datetime | None:
    try:
        token = Token.check(raw, stamped)
    except (*_UNREADABLE, SignatureInvalid) as error:
        log.failed(Step.TIMESTAMP, "时间戳不正确", error.message, file)
        return None
    if token.time > judge.at + TOLERANCE:
        log.failed(Step.TIMESTAMP, "时间戳的时间在未来", "the timestamp lies in the future", file)
        return token.time
    try:
        judge.trust.check(token.signed.signer, token.time, Purpose.TIMESTAMP, token.signed.certificates)
    except TrustUnknown as error:
        log.unknown(Step.TIMESTAMP, "时间戳机构：未配置信任根或吊销信息，无法判断", error.message)
    except CertificateRefused as error:
        zh = f"时间戳机构证书：{_FAULTS_ZH[error.fault]}"
        # Timestamp authorities have roots of their own; one nobody configured is unknown, not forged.
        (log.unknown if error.fault is CertificateFault.UNTRUSTED else log.failed)(Step.TIMESTAMP, zh, error.message)
    else:
        log.passed(Step.TIMESTAMP, "时间戳正确，时间戳机构可信", "the timestamp verifies and its authority is trusted")
    return token.time
