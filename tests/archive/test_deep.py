"""What lies in a file is told by its bytes, in files within files too; names and declared formats prove nothing."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

import pytest

from archive import inside, opened
from archive.case import CaseFolder, FolderKind
from archive.inside import Inner, Room, Unopened, danger_in, nested, sound_ofd, sound_png
from archive.metadata import BASE_INFO, DIGEST_LIST, SIGNATURE, write_digest_list
from archive.opened import Seen
from archive.package import build
from archive.pdf_look import foreign_matter, sound_pdf
from archive.report import CheckReport, Status
from core.digest import sm3_hex
from core.verdict import Verdict
from documents.package import Package
from tests.archive.cases import PDF_BYTES, case, check, evidence, ofd, pdf, sign, verify

PE = b"MZ\x90\0" + bytes(60) + b"PE\0\0"
OLE2 = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504)
MACRO = OLE2 + "_VBA_PROJECT".encode("utf-16-le")


def zipped(**entries: bytes) -> bytes:
    return Package({name.replace("__", "/").replace("_", "."): data for name, data in entries.items()}).to_bytes()


def png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def attached(name: str, data: bytes) -> bytes:
    return pdf(
        "/Names<</EmbeddedFiles<</Names[(a) 4 0 R]>>>>",
        f"<</Type/Filespec/F({name})/UF({name})/EF<</F 5 0 R>>>>",
        f"<</Type/EmbeddedFile/Length {len(data)}>>\nstream\n{data.decode('latin-1')}\nendstream",
    )


def packed_with(name: str, data: bytes, media_type: str, **options: object) -> CheckReport:
    """A package, rightly signed, into which somebody put this file in place of another that was in it."""
    entries = dict(Package.read(build(case(), sign).data).entries)
    old = next(path for path in entries if path.endswith(".pdf"))
    new = f"{old.rpartition('/')[0]}/03-001_{name}"
    base = entries[BASE_INFO].decode().replace("许可证.pdf", name).replace("application/pdf", media_type)
    base = base.replace(f"_size>{len(PDF_BYTES)}<", f"_size>{len(data)}<")
    content = {
        (new if path == old else path): (data if path == old else body)
        for path, body in entries.items()
        if path not in (DIGEST_LIST, SIGNATURE)
    }
    total = sum(len(body) for path, body in content.items() if "/" in path)
    start, end = base.index("<byte_count>") + 12, base.index("</byte_count>")
    content[BASE_INFO] = (base[:start] + str(total) + base[end:]).encode()
    listing = write_digest_list(case().electronic_file_no, content)
    whole = Package({**content, DIGEST_LIST: listing, SIGNATURE: sign(listing)}).to_bytes()
    return check(whole, verify, **options)


def keys(report: CheckReport) -> set[str]:
    return {item.key for item in report.failed()}


def test_sound_files_are_sound() -> None:
    assert sound_pdf(PDF_BYTES) and sound_ofd(ofd()) and sound_png(png())
    assert keys(packed_with("许可证.png", png(), "image/png")) == set()
    assert keys(packed_with("许可证.pdf", PDF_BYTES, "application/pdf")) == set()


@pytest.mark.parametrize(
    ("name", "data", "media_type"),
    [
        ("a.ofd", zipped(a_txt=b"no document"), "application/ofd"),
        ("a.ofd", Package({"OFD.xml": b"<OFD/>"}).to_bytes(), "application/ofd"),
        ("a.ofd", b"PK\x03\x04 no zip file", "application/ofd"),
        ("a.pdf", b"%PDF-1.7\nno objects\n%%EOF\n", "application/pdf"),
        ("a.pdf", PDF_BYTES.replace(b"/Type/Catalog", b"/Type/Cat"[:13].ljust(13)).replace(b"/Pages 2", b"/Pagez 2"),
         "application/pdf"),
        ("a.pdf", b"\n" + PDF_BYTES, "application/pdf"),
        ("a.png", png()[:-4], "image/png"),
        ("a.png", png() + b"more", "image/png"),
        ("a.jpg", b"\xff\xd8\xff\xe0 cut off", "image/jpeg"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_what_its_name_and_label_say_fails(name: str, data: bytes, media_type: str) -> None:
    assert {"content_format", "electronic_attributes"} <= keys(packed_with(name, data, media_type))


@pytest.mark.parametrize(
    "data",
    [
        PE,
        b"\x7fELF\2\1\1" + bytes(9),
        bytes.fromhex("cafebabe00000034"),
        b"#!/bin/sh\nrm -rf /\n",
        b"\xef\xbb\xbf  <?php echo 1;",
        b"@ECHO OFF\r\n",
        b"<svg><script>alert(1)</script></svg>",
        MACRO,
        png() + zipped(a_txt=b"hung on"),
    ],
)
def test_content_that_can_do_harm_is_found_whatever_it_is_called(data: bytes) -> None:
    assert danger_in("申请材料/x.txt", data) is not None
    assert "dangerous_content" in keys(packed_with("x.txt", data, "text/plain"))
    inside = packed_with("x.ofd", ofd(Doc_0__Attachs__x=data), "application/ofd")
    assert "dangerous_content" in keys(inside)
    assert inside.item("dangerous_content").findings[0].path == "结果文件/03-001_x.ofd!/Doc_0/Attachs/x"


def test_an_office_file_with_macros_is_found_and_one_without_is_not() -> None:
    assert "dangerous_content" in keys(packed_with("x.docx", zipped(word__vbaProject_bin=OLE2), "application/x-docx"))
    assert "dangerous_content" not in keys(packed_with("x.docx", zipped(word__document_xml=b"<a/>"), "application/x"))
    assert danger_in("x.doc", OLE2) is None


@pytest.mark.parametrize("data", [b"MZ is how this text begins", b'{"a": "<script>"}', b"a < b", PDF_BYTES, png()])
def test_plain_content_is_not_taken_for_harm(data: bytes) -> None:
    assert danger_in("x", data) is None


@pytest.mark.parametrize("name", [".x.txt", "Thumbs.db", "~$x.docx", "desktop.ini"])
def test_hidden_files_are_found_in_the_package_and_in_its_files(name: str) -> None:
    inside = ofd(**{f"Doc_0__{name}": b"a"})
    assert "hidden_files" in keys(packed_with("x.ofd", inside, "application/ofd"))
    assert "hidden_files" not in keys(packed_with("x.ofd", ofd(), "application/ofd"))


def test_files_too_deep_in_each_other_fail_and_are_not_passed_over() -> None:
    data = PE
    for _ in range(5):
        data = zipped(a_zip=data)
    with pytest.raises(Unopened):
        list(nested("x", data, Room()))
    report = packed_with("x.zip", data, "application/zip")
    assert "dangerous_content" in keys(report) and report.item("hidden_files").status is Status.NOT_CHECKED


def test_a_packed_bomb_in_a_file_is_not_unpacked() -> None:
    store = io.BytesIO()
    with zipfile.ZipFile(store, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("a", bytes(100 << 20))
    assert "dangerous_content" in keys(packed_with("x.zip", store.getvalue(), "application/zip"))


def test_many_files_that_are_each_small_enough_share_one_bound() -> None:
    room = Room(1_000)
    for _ in range(2):
        assert len(list(nested("x", zipped(a_txt=bytes(400)), room))) == 2
    with pytest.raises(Unopened):
        list(nested("x", zipped(a_txt=bytes(400)), room))


@pytest.mark.parametrize(
    "data",
    [
        attached("other.xml", b"<a/>"),
        attached("licence.xml", b"MZ no XML"),
        pdf("/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>"),
        pdf("/OpenAction<</S/Launch/F(cmd.exe)>>"),
        pdf("/AA<</WC<</S/URI/URI(http://x)>>>>"),
    ],
)
def test_files_and_actions_in_a_pdf_are_found(data: bytes) -> None:
    assert sound_pdf(data) and foreign_matter(data)
    assert keys(packed_with("x.pdf", data, "application/pdf")) == {"foreign_in_pdf"}


def test_the_data_of_a_licence_in_its_own_pdf_is_no_foreign_matter() -> None:
    assert foreign_matter(attached("licence.xml", b"<a/>")) == []


@pytest.mark.parametrize(
    ("seen", "status", "verdict"),
    [
        (Seen(Verdict.VALID), Status.PASSED, Verdict.VALID),
        (Seen(Verdict.INVALID, "x", "x"), Status.FAILED, Verdict.INVALID),
        (Seen(Verdict.CANNOT_TELL, "x", "x"), Status.NOT_CHECKED, Verdict.CANNOT_TELL),
        (Seen(None), Status.FAILED, Verdict.INVALID),
    ],
)
def test_the_seal_of_a_document_counts(seen: Seen, status: Status, verdict: Verdict) -> None:
    report = packed_with("x.ofd", ofd(), "application/ofd", verify_document=lambda *_: seen)
    assert (report.item("seals").status, report.verdict) == (status, verdict)


def test_a_licence_in_a_package_is_unpacked_and_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    seen: list[Inner] = []
    open_, parse = inside.opened, inside.parse
    for place in (opened, inside):
        monkeypatch.setattr(place, "opened", lambda data: (told.append("unpacked"), open_(data))[1])
    monkeypatch.setattr(inside, "parse", lambda data, path: (told.append(path), parse(data, path))[1])

    def verify_document(document: Inner) -> Seen:
        seen.append(document)
        return Seen(Verdict.VALID)

    data = ofd()
    assert packed_with("x.ofd", data, "application/ofd", verify_document=verify_document).verdict is Verdict.VALID
    assert sorted(told) == ["Doc_0/Document.xml", "Doc_0/Page.xml", "OFD.xml", "unpacked"]
    (document,) = seen
    assert document.data == data and document.container is not None
    assert set(document.container.roots) == {"OFD.xml", "Doc_0/Document.xml", "Doc_0/Page.xml"}


def test_the_digest_of_a_large_package_is_that_of_a_small_one_computed_otherwise() -> None:
    scans = CaseFolder(FolderKind.RESULT, [evidence("large.json", b'"' + b"a" * (5 << 20) + b'"')])
    whole = build(case(folders=[scans]), sign).data
    for data in (whole, whole[1:]):
        assert check(data, verify).sm3 == sm3_hex(data)


def test_without_anybody_to_verify_seals_nothing_is_valid() -> None:
    report = packed_with("x.ofd", ofd(), "application/ofd", verify_document=None)
    assert report.verdict is Verdict.CANNOT_TELL


def test_an_unsigned_pdf_leaves_nothing_open_and_gives_no_points() -> None:
    report = packed_with("许可证.pdf", PDF_BYTES, "application/pdf")
    item = report.item("seals")
    assert (report.verdict, item.status, item.weight) == (Verdict.VALID, Status.NOT_CHECKED, 0)
