"""What a reader may do with bytes of a stranger: read them, or refuse them with a typed error. Nothing else.

The same functions are driven by hypothesis in the ordinary suite (tests/signing/test_fuzz.py) and, by hand and for
longer, by atheris (`python -m tests.fuzz.asn1 -max_total_time=60`, likewise `xml` and `package`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from core.errors import Permanent, Rejected
from documents.contents import compare
from documents.package import Limits, Package
from signing import der
from signing.certificates import Certificate
from signing.ofd.description import read_description, read_records
from signing.ofd.layout import Files, read_layout
from signing.ofd.pictures import look
from signing.ofd.verify import verify
from signing.report import Report
from signing.revocation.answers import StatusAnswer
from signing.revocation.lists import RevocationList
from signing.seal.parts import Seal, SealSignature
from signing.signed_data import SignedData
from signing.timestamp import Token
from signing.timestamp_checking import check_token

#: What the readers may raise: one file is bad, or (a key off the curve) cannot be used.
TYPED = (Rejected, Permanent)
JUDGED_AT = datetime(2026, 3, 3, tzinfo=UTC)
#: A package is opened to these bounds, so that what it may cost is known.
SMALL = Limits(file_bytes=4 << 20, entries=256, entry_bytes=8 << 20, total_bytes=16 << 20)
_DETAILS = (
    lambda part: part.boolean("it"),
    lambda part: part.integer("it"),
    lambda part: part.octets("it"),
    lambda part: part.bits("it"),
    lambda part: part.oid("it"),
    lambda part: part.time("it"),
    lambda part: part.text("it", 0x0C, 0x13, 0x16),
    lambda part: part.children("it", part.tag),
)


def _detail(data: bytes) -> None:
    """Every way to look at one element, and at those inside it."""
    element = der.read(data, "it")
    for one in (element, *element.children("it", element.tag)[:8]):
        for way in _DETAILS:
            with contextlib.suppress(*TYPED):
                way(one)


def _signed_data(data: bytes) -> None:
    signed = SignedData.read(data)
    with contextlib.suppress(*TYPED):
        signed.check_digest(bytes(32))
    _ = signed.signing_time


def _picture(data: bytes) -> None:
    for kind in ("png", "svg", "ofd", "gif", "bmp", "jpg"):
        look(kind, data)


ASN1: Sequence[Callable[[bytes], object]] = (
    _detail,
    Seal.read,
    SealSignature.read,
    _signed_data,
    lambda data: Token.check(data, b""),
    Certificate.read,
    RevocationList.read,
    StatusAnswer.read,
    check_token,
)

_NS = b'xmlns:ofd="http://www.ofdspec.org/2016"'
_ENTRY = (
    b"<ofd:OFD %s><ofd:DocBody><ofd:DocInfo/><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot>"
    b"<ofd:Signatures>/Doc_0/Signs/Signatures.xml</ofd:Signatures></ofd:DocBody></ofd:OFD>" % _NS
)
_ROOT = (
    b"<ofd:Document %s><ofd:CommonData/><ofd:Pages><ofd:Page ID='1' BaseLoc='P.xml'/></ofd:Pages>"
    b"<ofd:CustomTags>T.xml</ofd:CustomTags><ofd:Attachments>A.xml</ofd:Attachments>"
    b"<ofd:Annotations>N.xml</ofd:Annotations></ofd:Document>" % _NS
)
#: A document around the one file that is fuzzed.
AROUND: dict[str, bytes] = {
    "OFD.xml": _ENTRY,
    "Doc_0/Document.xml": _ROOT,
    "Doc_0/P.xml": b"<ofd:Page %s><ofd:Content/></ofd:Page>" % _NS,
    "Doc_0/T.xml": b"<ofd:CustomTags %s><ofd:CustomTag NameSpace='urn:yizheng-hub:licence-tags:1'><ofd:FileLoc>L.xml"
    b"</ofd:FileLoc></ofd:CustomTag></ofd:CustomTags>" % _NS,
    "Doc_0/L.xml": b"<lic:Licence xmlns:lic='urn:yizheng-hub:licence-tags:1'/>",
    "Doc_0/A.xml": b"<ofd:Attachments %s><ofd:Attachment Name='x'><ofd:FileLoc>D.xml</ofd:FileLoc></ofd:Attachment>"
    b"</ofd:Attachments>" % _NS,
    "Doc_0/D.xml": "<电子证照/>".encode(),
    "Doc_0/N.xml": b"<ofd:Annotations %s/>" % _NS,
    "Doc_0/Signs/Signatures.xml": b"<ofd:Signatures %s><ofd:Signature ID='s001' BaseLoc='Sign_0/Signature.xml'/>"
    b"</ofd:Signatures>" % _NS,
    "Doc_0/Signs/Sign_0/Signature.xml": b"<ofd:Signature %s><ofd:SignedInfo><ofd:SignatureMethod>x"
    b"</ofd:SignatureMethod>"
    b"<ofd:References><ofd:Reference FileRef='/OFD.xml'><ofd:CheckValue>AAAA</ofd:CheckValue></ofd:Reference>"
    b"</ofd:References></ofd:SignedInfo><ofd:SignedValue>V.dat</ofd:SignedValue></ofd:Signature>" % _NS,
    "Doc_0/Signs/Sign_0/V.dat": b"\x30\x00",
}


def asn1(data: bytes) -> None:
    """Every ASN.1 reader on the same bytes."""
    for reader in ASN1:
        with contextlib.suppress(*TYPED):
            reader(data)


def xml(name: str, data: bytes) -> None:
    """Every XML reader on a document whose file `name` is `data`, and the whole verification."""
    package = Package({**AROUND, name: data})
    files = Files(package)
    for reader in (
        lambda: read_layout(files),
        lambda: read_records(files, "Doc_0/Signs/Signatures.xml"),
        lambda: read_description(files, "Doc_0/Signs/Sign_0/Signature.xml"),
        lambda: list(files.read_all()),
    ):
        with contextlib.suppress(*TYPED):
            reader()
    compare(package)
    whole(package.to_bytes())


def package(data: bytes) -> None:
    """The container reader, the verification of the same bytes, and the same bytes as a seal's picture."""
    with contextlib.suppress(*TYPED):
        Package.read(data, SMALL)
    whole(data)
    _picture(data)


def whole(data: bytes) -> Report:
    """A report in any case, and one that can be told; nothing under no root is ever valid."""
    report = verify(data, trust=[], at=JUDGED_AT, limits=SMALL)
    told: Any = report.to_dict()
    if told["verdict"] == "valid" or not report.lines(language="both"):
        raise AssertionError("a file was found valid that nobody is trusted for")
    return report
