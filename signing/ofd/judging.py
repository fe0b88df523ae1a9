"""Steps 3 and 5 to 12 for one signature: what it says, whether it holds, who stands behind it."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from hmac import compare_digest

from core.errors import HubError
from signing import der, oids
from signing.certificates import Certificate
from signing.errors import (
    CertificateFault,
    CertificateRefused,
    DerRefused,
    SignatureInvalid,
    TrustUnknown,
)
from signing.ofd.coverage import Described
from signing.ofd.policy import Policy
from signing.ofd.relying import (
    FAULTS_ZH,
    UNREADABLE,
    Judge,
    check_certificate,
    check_timestamps,
    tell_revocation,
    unknown_zh,
)
from signing.ofd.steps import Step
from signing.report import HOUSE_RULE, Log, SealFacts
from signing.seal.parts import Seal, SealSignature
from signing.signed_data import SignedData
from signing.sm2 import PublicKey

#: Bytes of a seal whose good signature is remembered.
_REMEMBERED = 256 << 10

_SIGN_RULE = "GB/T 35275"


def judge_seal(log: Log, judge: Judge, one: Described) -> SealFacts | None:
    """A signature of Type=Seal; None when it cannot even be read."""
    value = one.description.value
    try:
        signature = SealSignature.read(judge.files.entries[value])
        signer = Certificate.read(signature.certificate)
        maker = Certificate.read(signature.seal.maker_certificate)
    except UNREADABLE as error:
        log.failed(Step.FORMAT, "签章数据不符合标准格式或算法要求", error.message, value)
        return None
    _check_algorithms(log, one, signature)
    _tell_extensions(log, signature, value)
    _check_data_hash(log, judge, one, signature)
    _check_signature(log, judge.policy, signer, signature, value)
    stamped_at = check_timestamps(log, judge, signature, value)
    check_certificate(log, judge, "签章者证书", signer, signature.time, value, dated=stamped_at is not None)
    _check_time(log, judge, signer, signature, value)
    _check_seal(log, judge, signature.seal, maker, signature.time, value)
    _check_allowed(log, signature, value)
    _check_seal_file(log, judge, one, signature.seal)
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
        width_mm=seal.width_mm,
        height_mm=seal.height_mm,
        certificate_until=signer.not_after,
    )


def judge_sign(log: Log, judge: Judge, one: Described) -> SealFacts | None:
    """A signature of Type=Sign (GB/T 35275 SignedData); None when it cannot even be read."""
    value = one.description.value
    try:
        signed = SignedData.read(judge.files.entries[value])
        said = signed.signing_time
    except UNREADABLE as error:
        log.failed(Step.FORMAT, "数字签名数据不符合标准格式或算法要求", error.message, value)
        return None
    if one.description.method != oids.SM2_WITH_SM3:
        log.failed(Step.FORMAT, "签名算法不是 SM2/SM3", "SignatureMethod is not SM2 with SM3", one.record.path)
    else:
        log.passed(Step.FORMAT, "格式与算法符合要求", "well-formed, SM2 with SM3")
    _check_signed_hash(log, judge, one, signed)
    # Without a signed time nobody can say when it was made: the certificate is then judged as of now.
    _check_undated(log, judge, signed, said, value)
    return SealFacts(
        id=one.record.id,
        kind="Sign",
        signer=signed.signer.common_name,
        organisation=signed.signer.organisation,
        signed_at=said,
        certificate_until=signed.signer.not_after,
    )


def _check_signed_hash(log: Log, judge: Judge, one: Described, signed: SignedData) -> None:
    try:
        signed.check_digest(judge.digests[one.record.path])
    except (SignatureInvalid, DerRefused) as error:
        log.failed(Step.SIGNATURE, "签名值与签名描述文件不符", error.message, one.description.value, _SIGN_RULE)
    else:
        log.passed(Step.DATA_HASH, "原文杂凑值一致", "the data hash is that of Signature.xml")
        log.passed(Step.SIGNATURE, "签名值正确", "the signature verifies")


def _check_undated(log: Log, judge: Judge, signed: SignedData, said: datetime | None, file: str) -> None:
    if said is not None:
        check_certificate(log, judge, "签名者证书", signed.signer, said, file, others=signed.certificates)
        if said > judge.at + judge.policy.tolerance:
            log.failed(Step.TIME, "签名时间在未来", "the signing time lies in the future", file)
        else:
            log.passed(Step.TIME, "签名时间不在未来", "the signing time does not lie in the future")
        return
    try:
        chain = judge.trust.check(signed.signer, judge.at, others=signed.certificates)
    except CertificateRefused as error:
        if error.fault is CertificateFault.EXPIRED:
            log.unknown(
                Step.CERTIFICATE,
                "签名者证书现已过期，而签名未载明时间",
                "the certificate has ended meanwhile and the signature does not tell its time",
                file,
            )
        else:
            log.failed(Step.CERTIFICATE, FAULTS_ZH[error.fault], error.message, file)
    except TrustUnknown as error:
        log.unknown(Step.CERTIFICATE, f"签名者证书：{unknown_zh(error)}", error.message, file)
    else:
        log.passed(Step.CERTIFICATE, "签名者证书可信", "the signer's certificate leads to a trusted root")
        tell_revocation(log, Step.CERTIFICATE, "签名者证书", chain, dated=False)
    log.note(Step.TIME, "该数字签名未载明签名时间", "this signature does not tell its time", file)


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


def _tell_extensions(log: Log, signature: SealSignature, file: str) -> None:
    for zh, en, extensions in (
        ("印章", "the seal", signature.seal.extensions),
        ("签章", "the signature", signature.extensions),
    ):
        if extensions:
            names = ", ".join(name for name, _ in extensions[:8])
            log.note(
                Step.FORMAT, f"{zh}含未解读的扩展：{names}", f"{en} has extensions that are not read: {names}", file
            )


def _check_signature(log: Log, policy: Policy, signer: Certificate, signature: SealSignature, file: str) -> None:
    try:
        signer.key.verify(signature.signed, _as_der(policy, signature.signature))
    except SignatureInvalid as error:
        log.failed(Step.SIGNATURE, "签章者的签名不正确", error.message, file)
    else:
        log.passed(Step.SIGNATURE, "签名值正确", "the signature verifies")


def _as_der(policy: Policy, signature: bytes) -> bytes:
    """The signature value as GB/T 35276 writes it; 64 raw bytes are turned into that where the policy takes them."""
    if policy.accept_raw_signature and len(signature) == 64:
        halves = (signature[:32], signature[32:])
        return der.sequence(*(der.integer(int.from_bytes(half, "big")) for half in halves))
    return signature


def _check_made(point: bytes, signed: bytes, signature: bytes) -> None:
    """Raise SignatureInvalid unless the maker signed the seal; remembered when good."""
    if len(signed) <= _REMEMBERED:
        _made_before(point, signed, signature)
    else:
        PublicKey.from_point(point).verify(signed, signature)


@lru_cache(maxsize=64)
def _made_before(point: bytes, signed: bytes, signature: bytes) -> None:
    """One seal stands on thousands of licences."""
    PublicKey.from_point(point).verify(signed, signature)


def _check_time(log: Log, judge: Judge, signer: Certificate, signature: SealSignature, file: str) -> None:
    if signature.time > judge.at + judge.policy.tolerance:
        log.failed(Step.TIME, "签章时间在未来", "the signing time lies in the future", file, HOUSE_RULE)
    elif not signer.not_before <= signature.time <= signer.not_after:
        log.failed(Step.TIME, "签章时间不在签章者证书有效期内", "signed outside the certificate's validity", file)
    else:
        log.passed(Step.TIME, "签章时间在证书有效期内", "signed while the certificate was valid")


def _check_seal(log: Log, judge: Judge, seal: Seal, maker: Certificate, used: datetime, file: str) -> None:
    before = len(log.findings)
    try:
        _check_made(maker.point, seal.signed, _as_der(judge.policy, seal.signature))
    except SignatureInvalid as error:
        log.failed(Step.SEAL, "制章者对印章的签名不正确", error.message, file)
    if seal.allows(maker.raw):
        log.failed(Step.SEAL, "印章由使用者自己制作", "the seal was made by one who may use it", file, HOUSE_RULE)
    try:
        chain = judge.trust.check(maker, used)
    except CertificateRefused as error:
        _judge_at_making(log, judge, seal, maker, error, file)
    except TrustUnknown as error:
        log.unknown(Step.SEAL, f"制章者证书：{unknown_zh(error)}", error.message, file)
    else:
        tell_revocation(log, Step.SEAL, "制章者证书", chain, dated=seal.timestamp is not None)
    if not seal.valid_from <= used <= seal.valid_to:
        log.failed(Step.SEAL, "签章时间不在印章有效期内", "used outside the seal's time of validity", file)
    elif judge.at > seal.valid_to:
        log.note(
            Step.SEAL, "印章现已过期；签章时有效，不影响本文件", "the seal has ended since; it was valid when used"
        )
    if len(log.findings) == before:
        log.passed(Step.SEAL, "印章由制章者签名，签章时有效", "the seal is its maker's and was valid when used")


def _judge_at_making(
    log: Log, judge: Judge, seal: Seal, maker: Certificate, error: CertificateRefused, file: str
) -> None:
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
    log.failed(Step.SEAL, f"制章者证书：{FAULTS_ZH[error.fault]}", error.message, file)


def _check_allowed(log: Log, signature: SealSignature, file: str) -> None:
    if signature.seal.allows(signature.certificate):
        log.passed(Step.ALLOWED, "签章者证书在印章的证书列表中", "the seal lists the signer's certificate")
    else:
        log.failed(Step.ALLOWED, "签章者无权使用该印章", "the seal does not list the signer's certificate", file)


def _check_seal_file(log: Log, judge: Judge, one: Described, seal: Seal) -> None:
    path = one.description.seal
    if path is None:
        log.skipped(Step.SEAL_FILE, "未单独存放印章文件", "there is no separate seal file")
    elif path not in judge.files.entries:
        log.failed(Step.SEAL_FILE, "印章文件不存在", "the seal file is missing", path)
    elif judge.files.entries[path] != seal.raw:
        log.failed(Step.SEAL_FILE, "印章文件与签名中的印章不一致", "the seal file is not the seal that was used", path)
    else:
        log.passed(Step.SEAL_FILE, "印章文件与签名中的印章一致", "the seal file equals the seal in the signature")
