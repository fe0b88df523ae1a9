"""Is this PDF what it says, and who says so: all steps, one report.

Three readings must agree before a file is called valid: the signature's bytes as they lie in the file
(`scan`), its CMS structure read strictly (`signed`), and pyHanko's own validation (`opinion`). The costly one
comes last, and only for files the first two have nothing against.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from hmac import compare_digest
from typing import TYPE_CHECKING

from core.errors import HubError
from signing import oids
from signing.errors import PdfRefused, SignatureForeign, SignatureInvalid
from signing.pdf import contents, opinion
from signing.pdf.judging import Found, Judge, unreadable
from signing.pdf.opinion import TOLERANCE, Anchors
from signing.pdf.scan import Range, check_container, find_ranges
from signing.pdf.signed import Signed, read_signed
from signing.pdf.steps import Step
from signing.report import Expectation, Log, Report, SealFacts
from signing.timestamp_checking import Stamped, check_token

if TYPE_CHECKING:
    from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

_DIGESTS = {oids.SHA256: "sha256", oids.SHA384: "sha384", oids.SHA512: "sha512"}


def verify(
    data: bytes,
    *,
    trust: Sequence[bytes],
    at: datetime | None = None,
    expect: Expectation | None = None,
    lists: Sequence[bytes] = (),
) -> Report:
    """The report on a sealed PDF. Bad input is an answer, not an exception.

    Args:
        trust: certificates to trust (PEM or DER), timestamp authorities among them; SM2 ones are passed over.
            With none the report cannot say valid.
        at: judge as of this time, with a zone; now by default.
        expect: whose signature the licence must carry; `makers` do not apply to a PDF.
        lists: revocation lists (DER); once there are any, every issuer must be covered.

    Raises:
        CertificateRefused: one of `trust` or `lists` cannot be read.
    """
    moment = at or datetime.now(UTC)
    if moment.tzinfo is None:
        raise ValueError("a time to judge by needs a zone")
    anchors = opinion.read_anchors(trust, lists)
    log = Log()
    seals = _judged(log, data, anchors, moment, expect)
    # Of a signature that could not be read nobody can tell whose it is; what is wrong with it is told already.
    if seals and all(one.signed_at is not None or one.signer for one in seals):
        _check_business(log, seals, expect)
    return log.report(moment, seals)


def _judged(log: Log, data: bytes, anchors: Anchors, at: datetime, expect: Expectation | None) -> list[SealFacts]:
    try:
        check_container(data)
    except PdfRefused as error:
        log.failed(Step.CONTAINER, error.zh, error.detail)
        return []
    try:
        ranges = find_ranges(data)
    except PdfRefused as error:
        log.failed(Step.COVERAGE, error.zh, error.detail)
        return []
    if not ranges:
        log.failed(Step.RECORDS, "文件未签名", "the file is not signed")
        return []
    if ranges[-1].end != len(data):
        more = len(data) - ranges[-1].end
        log.failed(Step.COVERAGE, "签名之后文件又被修改", f"{more} bytes were added after the last signature")
        return []
    found = [_read(log.of(_name(index)), data, place, at) for index, place in enumerate(ranges)]
    judged = [one for one in found if one is not None]
    if len(judged) != len(found):
        return [unreadable(_name(index)) for index in range(len(found))]
    try:
        reader, embedded = opinion.open_reader(data)
        _check_same(embedded, judged)
        log.passed(Step.CONTAINER, "PDF 结构可读，未加密", "a readable PDF, not encrypted")
        log.passed(Step.RECORDS, f"{len(judged)} 个签名", f"{len(judged)} signatures")
        for zh, en in contents.extras(reader):
            log.note(Step.CONTAINER, f"文件还含有：{zh}", f"the file also holds {en}")
    except PdfRefused as error:
        log.failed(Step.CONTAINER, error.zh, error.detail)
        return [unreadable(_name(index)) for index in range(len(found))]
    by_place = {int(by.byte_range[1]): by for by in embedded}
    judge = Judge(reader, anchors, at, expect, len(data))
    return [
        judge.judge(log.of(_name(index)), _name(index), one, by_place[one.place.opens])
        for index, one in enumerate(judged)
    ]


def _name(index: int) -> str:
    return f"s{index + 1:03}"


def _read(log: Log, data: bytes, place: Range, at: datetime) -> Found | None:
    """Steps 3 and 5, and the token's form; None when a fault or a doubt was written."""
    try:
        signed = read_signed(place.contents)
    except SignatureForeign as error:
        log.unknown(Step.FORMAT, f"签名方式不在此判断：{error.zh}", error.detail)
        return None
    except HubError as error:
        log.failed(Step.FORMAT, "签名数据不符合标准格式", error.message)
        return None
    if not compare_digest(place.digest(data, signed.digest_name), signed.digest):
        log.failed(
            Step.INTEGRITY, "文件内容与签名不符，签名后被修改", "the digest is not that of the file: it was changed"
        )
        return None
    stamped = None
    if signed.token is not None:
        try:
            stamped = _read_token(signed)
        except HubError as error:
            log.failed(Step.TIMESTAMP, "时间戳不正确", error.message)
            return None
        if stamped.time > at + TOLERANCE:
            log.failed(Step.TIMESTAMP, "时间戳的时间在未来", "the timestamp lies in the future")
            return None
    log.passed(Step.FORMAT, f"格式与算法符合要求（{signed.digest_name}）", f"well-formed CMS, {signed.digest_name}")
    log.passed(Step.INTEGRITY, "原文杂凑值一致", "the digest is that of the file")
    return Found(place, signed, stamped)


def _read_token(signed: Signed) -> Stamped:
    stamped = check_token(signed.token or b"")
    if stamped.hash_oid not in _DIGESTS:
        raise SignatureForeign("时间戳摘要算法", f"its timestamp's digest is {stamped.hash_oid}")
    if not compare_digest(hashlib.new(_DIGESTS[stamped.hash_oid], signed.signature).digest(), stamped.imprint):
        raise SignatureInvalid("the timestamp was made for something else; refused.")
    return stamped


def _check_same(embedded: Sequence[EmbeddedPdfSignature], found: Sequence[Found]) -> None:
    """Raises PdfRefused unless a parser meets exactly the signatures that stand in the bytes."""
    told = sorted((tuple(int(one) for one in by.byte_range), bytes(by.pkcs7_content)) for by in embedded)
    seen = sorted(
        ((0, one.place.opens, one.place.closes, one.place.end - one.place.closes), one.place.contents) for one in found
    )
    if told != seen:
        raise PdfRefused("签名字段与文件中的签名不一致", "the form's signatures are not those that stand in the bytes")


def _check_business(log: Log, seals: Sequence[SealFacts], expect: Expectation | None) -> None:
    if expect is None:
        log.skipped(Step.BUSINESS, "未指定应有的签发机关", "no authority was expected")
        return
    before = len(log.findings)
    if expect.seals is not None and len(seals) != expect.seals:
        log.failed(
            Step.BUSINESS,
            f"应有 {expect.seals} 个签名，实有 {len(seals)} 个",
            f"{expect.seals} signatures were expected, there are {len(seals)}",
        )
    code, es_id = expect.credit_code, expect.es_id
    if code is not None and not any(one.organisation.startswith(code) for one in seals):
        log.failed(Step.BUSINESS, "签名者不是应有的机关", "no signature is that of the expected authority")
    if es_id is not None and not any(one.signer == es_id for one in seals):
        log.failed(Step.BUSINESS, "签名者的印章编码不是应有的机关的", "no signer bears the expected seal's ID")
    if len(log.findings) == before:
        log.passed(Step.BUSINESS, "签名与签发机关相符", "the signatures are those of the expected authority")
