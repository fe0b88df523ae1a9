"""A made-up case and a real (Ed25519) signer, shared by the tests of this room."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import archive.check
from archive.case import (
    ArchiveCode,
    CaseEvent,
    CaseFile,
    CaseFileEntry,
    CaseFolder,
    FolderKind,
    Outcome,
)
from archive.opened import LIMITS, Seen, VerifySignature
from archive.package import build
from archive.report import CheckReport
from archive.retention import Retention, RetentionRule
from core.clock import SHANGHAI
from core.errors import Rejected
from documents.package import Package

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))


class WrongSignature(Rejected):
    code = "TEST-1"


def pdf(catalogue: str = "", *objects: str) -> bytes:
    """A small real PDF of one page; `objects` are numbered from 4 on, `catalogue` may refer to them."""
    bodies = [
        f"<</Type/Catalog/Pages 2 0 R{catalogue}>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Resources<<>>>>",
        *objects,
    ]
    made, places = b"%PDF-1.7\n% test\n", []
    for number, body in enumerate(bodies, start=1):
        places.append(len(made))
        made += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1")
    start, count = len(made), len(bodies) + 1
    made += f"xref\n0 {count}\n0000000000 65535 f \n".encode()
    made += b"".join(f"{place:010} 00000 n \n".encode() for place in places)
    return made + f"trailer\n<</Size {count}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n".encode()


PDF_BYTES = pdf()


def ofd(**more: bytes) -> bytes:
    """A small OFD of one page with the parts a reader asks for; `more` are further parts, "__" standing for "/"."""
    space = 'xmlns:ofd="http://www.ofdspec.org/2016"'
    return Package(
        {
            "OFD.xml": f"<ofd:OFD {space}><ofd:DocBody><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody>"
            "</ofd:OFD>".encode(),
            "Doc_0/Document.xml": f'<ofd:Document {space}><ofd:Pages><ofd:Page ID="1" BaseLoc="Page.xml"/></ofd:Pages>'
            "</ofd:Document>".encode(),
            "Doc_0/Page.xml": f"<ofd:Page {space}/>".encode(),
            **{name.replace("__", "/"): data for name, data in more.items()},
        }
    ).to_bytes()


def check(data: bytes, verify_signature: VerifySignature | None, **options: Any) -> CheckReport:
    """The check, by somebody who finds no document signed unless told otherwise."""
    options.setdefault("verify_document", lambda document: Seen(None))
    return archive.check.check(data, verify_signature, **options)


def sign(message: bytes) -> bytes:
    return KEY.sign(message)


def verify(message: bytes, signature: bytes) -> None:
    try:
        KEY.public_key().verify(signature, message)
    except InvalidSignature:
        raise WrongSignature("wrong") from None


def at(day: int, hour: int = 9) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=SHANGHAI)


def evidence(name: str = "税务登记信息.json", data: bytes = b'{"qyzt": "\xe6\xad\xa3\xe5\xb8\xb8"}') -> CaseFileEntry:
    return CaseFileEntry("税务登记信息", name, data, "application/json", at(3))


def case(**changes: Any) -> CaseFile:
    made = CaseFile(
        electronic_file_no="420112-2026-000001",
        project_no="P2026030001",
        item_code="11420112MB0000000M3000199001000",
        item_name="人力资源服务许可",
        item_version="1",
        applicant_name="武汉测试<样例>人力资源有限公司 & 分公司",
        applicant_code_masked="914201**********7X",
        organ_name="武汉市东西湖区行政审批局（测试）",
        organ_code="11420112MB0000000M",
        retention=RetentionRule(Retention.YEARS_30, "演示值"),
        accepted=date(2026, 3, 2),
        decided=date(2026, 3, 4),
        outcome=Outcome.GRANTED,
        packed_at=at(5),
        folders=(
            CaseFolder(FolderKind.APPLICATION, (evidence(), evidence("社保信息.json", b"[]"))),
            CaseFolder(
                FolderKind.RESULT, (CaseFileEntry("许可证", "许可证.pdf", PDF_BYTES, "application/pdf", at(4)),)
            ),
        ),
        events=(
            CaseEvent("受理", "窗口01", at(2), "通过"),
            CaseEvent("办结", "审批科", at(4), "准予"),
        ),
    )
    return replace(made, **changes)


#: Cases that go through every form a package has.
CASES = [
    case(),
    case(archive_code=ArchiveCode("J001", "Y", "2026", "SP", "0001"), applicant_code_masked=None),
    case(
        folders=(
            CaseFolder(FolderKind.PROCESS, (evidence("含%25与空格 的名+&#.json"),)),
            CaseFolder(FolderKind.RESULT, (CaseFileEntry("许可证", "许可证.ofd", ofd(), "application/ofd", at(4)),)),
        )
    ),
]
CASE_NAMES = ["usual", "archive code", "odd name, OFD"]


def package_of(one: CaseFile | None = None) -> bytes:
    return build(one or case(), sign).data


def unpacked(form: bytes, folder: Path) -> Path:
    """The one folder in a zip file, on disk."""
    for path, data in Package.read(form, LIMITS).entries.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    (root,) = folder.iterdir()
    return root
