"""Steps 2 and 4 to 10 for one signature of a PDF: whether it holds, who stands behind it, whether it shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from signing.errors import PdfRefused
from signing.pdf import carried, contents, opinion
from signing.pdf.carried import Carried
from signing.pdf.opinion import TOLERANCE, Anchors
from signing.pdf.scan import Range
from signing.pdf.signed import Signed
from signing.pdf.steps import Step
from signing.report import Expectation, Log, SealFacts
from signing.timestamp_checking import Stamped

if TYPE_CHECKING:
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
    from pyhanko.sign.validation.status import PdfSignatureStatus

#: What PDF signatures are called in reports.
KIND = "PDF"
#: Document permissions of a certified file: no changes at all.
_NO_CHANGES = 1
#: Key purposes that go with signing documents; a certificate that names none may sign. pyHanko asks for one to be
#: named as soon as it is told which are right, so this is asked here.
_PURPOSES = frozenset(
    (
        ExtendedKeyUsageOID.EMAIL_PROTECTION.dotted_string,
        ExtendedKeyUsageOID.CLIENT_AUTH.dotted_string,
        ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE.dotted_string,
        # document signing: RFC 9336, Adobe, Microsoft
        "1.3.6.1.5.5.7.3.36",
        "1.2.840.113583.1.1.5",
        "1.3.6.1.4.1.311.10.3.12",
    )
)


@dataclass(frozen=True, slots=True)
class Found:
    """One signature by all that reads it before pyHanko does."""

    place: Range
    signed: Signed
    stamped: Stamped | None


def unreadable(identifier: str) -> SealFacts:
    """A signature of which nothing can be told; its finding says why."""
    return SealFacts(id=identifier, kind=KIND, signer="", organisation="", signed_at=None)


@dataclass(frozen=True, slots=True)
class Judge:
    """Steps 2 and 4 to 10 of one signature, with pyHanko's help."""

    reader: PdfFileReader
    anchors: Anchors
    at: datetime
    expect: Expectation | None
    size: int

    def judge(self, log: Log, identifier: str, one: Found, by: EmbeddedPdfSignature) -> SealFacts:
        """What it says of itself; findings are written on the way."""
        facts = self._facts(log, identifier, one, by)
        self._check_coverage(log, one)
        said = facts.signed_at or self.at
        # A token proves that the signature was there by then; without one its own word is all there is.
        used = one.stamped.time if one.stamped is not None else said
        try:
            carried_along = one.signed.carried
            status = opinion.ask(by, self.anchors, carried_along, used, covered=bool(self.anchors.lists))
            # pyHanko tells one thing apart from another only by being asked twice: is it the lists alone?
            uncovered = (
                not status.trusted
                and bool(self.anchors.lists)
                and opinion.ask(by, self.anchors, carried_along, used, covered=False).trusted
            )
        except PdfRefused as error:
            log.failed(Step.SIGNATURE, error.zh, error.detail)
            return facts
        if status.intact and status.valid:
            log.passed(Step.SIGNATURE, "签名值正确", "the signature verifies")
        else:
            log.failed(Step.SIGNATURE, "签名值不正确", "the signature does not verify")
        self._check_certificate(log, one, status, uncovered)
        self._check_carried(log, one, status)
        self._check_time(log, one, facts)
        self._check_timestamp(log, one, status)
        self._check_changes(log, one, by, status)
        self._check_appearance(log, by)
        return facts

    def _facts(self, log: Log, identifier: str, one: Found, by: EmbeddedPdfSignature) -> SealFacts:
        try:
            said = one.signed.time or by.self_reported_timestamp
            name = by.sig_object.get("/Name")
            certificate = x509.load_der_x509_certificate(one.signed.certificate)
            subject, until = certificate.subject, certificate.not_valid_after_utc
            common, organisation = (
                "".join(str(part.value) for part in subject.get_attributes_for_oid(kind))
                for kind in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME)
            )
        except Exception as error:  # noqa: BLE001 - pyHanko and cryptography have no common base of errors
            log.failed(
                Step.FORMAT, "签名字段无法读取", f"what the signature says cannot be read ({type(error).__name__})"
            )
            return unreadable(identifier)
        return SealFacts(
            id=identifier,
            kind=KIND,
            signer=common,
            organisation=organisation,
            signed_at=said if said is None or said.tzinfo else said.replace(tzinfo=UTC),
            seal_name="" if name is None else str(name),
            stamped_at=None if one.stamped is None else one.stamped.time,
            certificate_until=until,
        )

    def _check_coverage(self, log: Log, one: Found) -> None:
        if one.place.end == self.size:
            log.passed(Step.COVERAGE, "签名覆盖整个文件", "the signature covers the whole file")
        else:
            log.unknown(
                Step.COVERAGE,
                "此签名之后又有人签名，无法判断其间的修改",
                f"it covers the first {one.place.end} bytes; the file was signed again after",
            )

    def _check_certificate(self, log: Log, one: Found, status: PdfSignatureStatus, uncovered: bool) -> None:
        step = Step.CERTIFICATE
        if not _may_sign(one.signed.certificate):
            log.failed(step, "证书的密钥用途不符", "the certificate is for something else than signing documents")
        elif not self.anchors.roots:
            log.unknown(step, "未配置信任根，无法判断签名者证书", "no trust anchor is configured")
        elif status.revocation_details is not None:
            log.failed(step, "使用前证书已被吊销", "a certificate was revoked before its use")
        elif uncovered:
            log.unknown(step, "吊销列表未覆盖证书链，无法判断", "no revocation list covers an issuer in the chain")
        elif status.trust_problem_indic is None and status.validation_path is not None:
            log.passed(step, "签名者证书可信", "the certificate leads to a trusted root")
            if not self.anchors.lists:
                log.note(step, "未配置吊销列表，未核查吊销状态", "no revocation list is configured; not asked")
        else:
            why = getattr(status.trust_problem_indic, "name", "NO_CERTIFICATE_CHAIN_FOUND")
            zh = _TRUST_FAULTS.get(why, "签名者证书不可信")
            log.failed(step, zh, f"the certificate is not trusted ({why.lower()})")

    def _check_carried(self, log: Log, one: Found, status: PdfSignatureStatus) -> None:
        found = carried.judge(one.signed.carried, self.anchors.roots)
        if found is Carried.DAMAGED:
            log.failed(
                Step.CERTIFICATE, "附带的证书已损坏", "a certificate that came along is not what its issuer signed"
            )
        elif found is Carried.ORPHANED and status.trusted:
            log.unknown(Step.CERTIFICATE, "附带的证书无法核查", "a certificate came along whose issuer is not at hand")

    def _check_time(self, log: Log, one: Found, facts: SealFacts) -> None:
        said = facts.signed_at
        if said is None:
            log.unknown(Step.TIME, "未载明签名时间", "the signature does not tell its time")
        elif said > self.at + TOLERANCE:
            log.failed(Step.TIME, "签名时间在未来", "the signing time lies in the future")
        elif one.stamped is not None and one.stamped.time < said - TOLERANCE:
            log.failed(Step.TIME, "时间戳早于签名时间", "stamped before it was signed")
        else:
            log.passed(Step.TIME, "签名时间合理", "the signing time is plausible")

    def _check_timestamp(self, log: Log, one: Found, status: PdfSignatureStatus) -> None:
        validity = status.timestamp_validity
        if one.stamped is None and validity is None:
            log.skipped(Step.TIMESTAMP, "没有时间戳", "there is no timestamp")
        elif one.stamped is None or validity is None or not (validity.intact and validity.valid):
            log.failed(Step.TIMESTAMP, "时间戳不正确", "the timestamp does not verify")
        elif validity.revocation_details is not None:
            log.failed(Step.TIMESTAMP, "时间戳机构证书已被吊销", "the timestamp authority's certificate was revoked")
        elif validity.trusted:
            log.passed(Step.TIMESTAMP, "时间戳正确，时间戳机构可信", "the timestamp verifies, its authority is trusted")
        else:
            # Timestamp authorities have roots of their own; one nobody configured is unknown, not forged.
            log.unknown(Step.TIMESTAMP, "时间戳机构不在信任之列", "the timestamp authority is not known to be trusted")

    def _check_changes(self, log: Log, one: Found, by: EmbeddedPdfSignature, status: PdfSignatureStatus) -> None:
        step, level = Step.CHANGES, by.docmdp_level
        if not status.docmdp_ok or (one.place.end != self.size and level is not None and level.value == _NO_CHANGES):
            log.failed(step, "签名后有不允许的修改", "the file was changed in a way its signature does not allow")
            return
        if level is None:
            log.note(step, "该签名未声明禁止修改", "this signature does not forbid later changes")
        log.passed(
            step, "签名后没有修改" if one.place.end == self.size else "其后的修改在允许范围内", "no forbidden change"
        )

    def _check_appearance(self, log: Log, by: EmbeddedPdfSignature) -> None:
        try:
            fault = contents.seal_shows(self.reader, by)
        except PdfRefused as error:
            log.failed(Step.APPEARANCE, error.zh, error.detail)
            return
        if fault is None:
            log.passed(Step.APPEARANCE, "印章显示在页面上", "the seal shows on its page")
        elif self.expect is not None:
            log.failed(Step.APPEARANCE, *fault)
        else:
            log.note(Step.APPEARANCE, *fault)
            log.skipped(Step.APPEARANCE, "没有可见的印章", "no visible seal was expected")


#: pyHanko's reasons that need words of their own.
_TRUST_FAULTS = {
    "NO_CERTIFICATE_CHAIN_FOUND": "证书链未到达受信任的根证书",
    "OUT_OF_BOUNDS_NO_POE": "使用时证书已过期或尚未生效",
    "OUT_OF_BOUNDS_NOT_REVOKED": "使用时证书已过期或尚未生效",
    "EXPIRED": "使用时证书已过期",
    "NOT_YET_VALID": "使用时证书尚未生效",
    "CHAIN_CONSTRAINTS_FAILURE": "证书链或密钥用途不符",
    "SIG_CONSTRAINTS_FAILURE": "证书的密钥用途不符",
    "CRYPTO_CONSTRAINTS_FAILURE": "证书使用了不安全的算法",
}


def _may_sign(certificate: bytes) -> bool:
    """Whether its extended key usage, if any, goes with signing documents; a timestamp authority's does not."""
    try:
        extension = x509.load_der_x509_certificate(certificate).extensions.get_extension_for_class(
            x509.ExtendedKeyUsage
        )
    except x509.ExtensionNotFound:
        return True
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return False
    return not _PURPOSES.isdisjoint(one.dotted_string for one in extension.value)
