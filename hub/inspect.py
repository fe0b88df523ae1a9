"""Look at an archive package as its receiver does: the four-property check, and the licences inside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from archive.check import check
from archive.inside import Inner
from archive.opened import Policy, Seen
from archive.report import CheckReport, Stage, Status
from core.settings import Settings
from core.verdict import Verdict
from hub.check_scheme import scheme_of
from hub.scanner import scanner_of
from hub.trust import trust_of
from signing.detached import verify_detached
from signing.ofd.layout import Files
from signing.ofd.verify import verify
from signing.report import Report
from signing.trust import Trust

__all__ = ["PackageReport", "Stage", "check_package", "inspect_package"]

#: Told the path in the package of a signed document, and the report on it.
OnDocument = Callable[[str, Report], None]
#: Told when a certificate ends.
OnCertificateEnd = Callable[[datetime], None]

#: Stands in the bytes of every PDF that is signed, as what it says is where in the file the signature lies.
_SIGNED_RANGE = b"/ByteRange"
_MARKS = {Status.PASSED: "通过", Status.FAILED: "不通过", Status.WARNED: "注意", Status.NOT_CHECKED: "未检测"}


@dataclass(frozen=True, slots=True)
class PackageReport:
    """The check of the package and the verification of each sealed document in it, which the check counted already."""

    check: CheckReport
    documents: tuple[tuple[str, Report], ...]

    @property
    def verdict(self) -> Verdict:
        """Invalid if any part is; valid only if all parts are."""
        found = {self.check.verdict, *(report.verdict for _, report in self.documents)}
        for worst in (Verdict.INVALID, Verdict.CANNOT_TELL):
            if worst in found:
                return worst
        return Verdict.VALID

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "verdict": self.verdict.value,
            "package": self.check.to_dict(),
            "documents": [{"file": name, **report.to_dict()} for name, report in self.documents],
        }

    def lines(self) -> list[str]:
        """For a terminal, Chinese."""
        head = f"归档信息包 {self.check.electronic_file_no or '（无法读取编号）'}：{self.verdict.zh}"
        found = [head]
        unread: Counter[str] = Counter()
        for item in self.check.items:
            told = "；".join(
                f"{finding.zh}{f'（{finding.path}）' if finding.path else ''}" for finding in item.findings
            )
            if self.check.electronic_file_no is None and item.status is Status.NOT_CHECKED:
                # What could not be opened says so once, not for every check it kept from being made.
                unread[told] += 1
                continue
            found.append(
                f"{item.code or '—':8} {item.property.value} {item.title_zh}：{_MARKS[item.status]}"
                + (f"。{told}" if told else "")
            )
        found += [f"另有 {count} 项：{_MARKS[Status.NOT_CHECKED]}。{told}" for told, count in unread.items()]
        if self.check.electronic_file_no is not None:
            found += self._score_lines()
        for name, report in self.documents:
            found.append(f"包内证照 {name}：{report.lines(quiet=True)[0]}")
        return found

    def _score_lines(self) -> list[str]:
        scores = "，".join(
            f"{score.about.value} {'—' if score.percent is None else f'{score.percent:g}'}"
            for score in self.check.scores()
        )
        mark = "" if self.check.scheme_verified else "，权重未核实"
        found = [f"得分（{self.check.scheme}{mark}；未检测的不计为通过）：{scores}"]
        if vetoes := self.check.vetoes():
            found.append("一票否决：" + "、".join(item.code or item.title_zh for item in vetoes))
        return found


def inspect_package(
    data: bytes,
    settings: Settings | None = None,
    *,
    anchors: Sequence[bytes] | None = None,
    stage: Stage = Stage.FILING,
) -> PackageReport:
    """Check a package and verify every signed OFD and PDF in it. A bad package is a report, not an exception.

    Args:
        settings: whose trusted certificates are used; None = nobody's.
        anchors: certificates (PEM or DER) to trust in place of them.
        stage: whose items are looked at.

    Raises:
        SchemeUnfit: the bureau's own scheme is not of the form it has to be.
    """
    documents: list[tuple[str, Report]] = []
    checked = check_package(
        data,
        trust_of(settings, anchors),
        settings=settings,
        anchors=anchors,
        stage=stage,
        on_document=lambda path, report: documents.append((path, report)),
    )
    return PackageReport(checked, tuple(documents))


def check_package(
    data: bytes,
    trust: Trust,
    *,
    settings: Settings | None = None,
    anchors: Sequence[bytes] | None = None,
    stage: Stage = Stage.FILING,
    at: datetime | None = None,
    on_document: OnDocument = lambda *_: None,
    on_certificate_end: OnCertificateEnd = lambda _: None,
    policy: Policy | None = None,
) -> CheckReport:
    """The four-property check of a package, with the seals of every OFD and PDF in it.

    Args:
        trust: whom to trust for the signature over the digest list and for the seals of OFD files.
        settings: whose trusted certificates are used for PDF files, and whose scheme; None = nobody's, the hub's own.
        anchors: certificates to trust for PDF files in place of them.
        stage: whose items are looked at.
        at: judge seals as of this moment; now by default.
        on_document: told the report of every document that is signed.
        on_certificate_end: told the end of each certificate that a signature in the package, or over it, rests on.
        policy: what this archive takes, and what is known of its codes; see `archive.opened.Policy`.

    Raises:
        SchemeUnfit: the bureau's own scheme is not of the form it has to be.
    """

    def verify_signature(signed: bytes, signature: bytes) -> None:
        on_certificate_end(verify_detached(signed, signature, trust).certificate_until)

    def verify_document(document: Inner) -> Seen:
        if document.container is None:
            if _SIGNED_RANGE not in document.data:
                return Seen(None)
            from hub.pdf import verify_pdf

            report = verify_pdf(document.data, settings, anchors=anchors, at=at)
        else:
            report = verify(Files(document.container.package, document.container.roots), trust=trust, at=at)
        if report.unsigned:
            return Seen(None)
        on_document(document.path, report)
        for seal in report.seals:
            if seal.certificate_until is not None:
                on_certificate_end(seal.certificate_until)
        fault = report.first_fault
        return Seen(report.verdict, fault.zh if fault else "", fault.en if fault else "")

    scheme = scheme_of(settings)
    scanner = scanner_of(settings)
    return check(
        data, verify_signature, stage=stage, policy=policy, scheme=scheme, verify_document=verify_document,
        scanner=scanner,
    )  # fmt: skip
