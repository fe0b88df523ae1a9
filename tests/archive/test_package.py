"""A case becomes a package: the right entries, the same bytes each time, and nothing unfit inside."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from datetime import date, datetime
from pathlib import Path

import pytest
from lxml import etree

from archive.case import ArchiveCode, CaseFileEntry, CaseFolder, FolderKind
from archive.errors import CaseUnfit, MetadataUnreadable, PackageTooLarge, SealMissing
from archive.metadata import BASE_INFO, PROCESS_INFO, read_base_info, read_process_info
from archive.package import build
from core.digest import sm3_hex
from documents.package import Limits, Package
from tests.archive.cases import KEY, PDF_BYTES, at, case, evidence, sign


def test_the_same_case_gives_the_same_bytes() -> None:
    assert build(case(), sign) == build(case(), sign)


def test_entries_stand_in_the_order_of_the_package_form() -> None:
    package = build(case(), sign)
    assert package.name == "420112-2026-000001.zip"
    assert list(Package.read(package.data).entries) == [
        "基本信息元数据.xml",
        "管理过程元数据.xml",
        "申请材料/01-001_税务登记信息.json",
        "申请材料/01-002_社保信息.json",
        "结果文件/03-001_许可证.pdf",
        "摘要清单.xml",
        "签名/摘要清单.p7s",
    ]


def test_another_zip_program_reads_it_with_chinese_names(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(build(case(), sign).data)
    done = subprocess.run(
        [sys.executable, "-m", "zipfile", "-e", "a.zip", "out"], cwd=tmp_path, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out/结果文件/03-001_许可证.pdf").read_bytes() == PDF_BYTES
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.testzip() is None
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}


def test_the_signature_is_over_the_digest_list_and_the_list_over_the_rest() -> None:
    entries = Package.read(build(case(), sign).data).entries
    KEY.public_key().verify(entries["签名/摘要清单.p7s"], entries["摘要清单.xml"])
    listed = {line.get("path"): line.get("sm3") for line in etree.fromstring(entries["摘要清单.xml"])}
    assert listed == {
        path: sm3_hex(data) for path, data in entries.items() if path not in ("摘要清单.xml", "签名/摘要清单.p7s")
    }


def test_metadata_keeps_names_that_need_escaping_and_counts_the_files() -> None:
    base = read_base_info(Package.read(build(case(), sign).data).entries[BASE_INFO])
    assert base.values["applicant_name"] == "武汉测试<样例>人力资源有限公司 & 分公司"
    assert base.values["file_count"] == "3"
    assert base.attributes == {"basis": "演示值", "verified": "false"}
    assert [title for _, title in base.folders] == ["申请材料", "过程文件", "结果文件"]
    assert base.faults == ()


def test_metadata_has_no_namespace_and_the_element_names_of_the_form() -> None:
    root = etree.fromstring(Package.read(build(case(), sign).data).entries[BASE_INFO])
    assert root.tag == "base_info"
    assert root.xpath("//namespace::*[name()!='xml']") == []
    assert [child.tag for child in root.find("fileset/folder/file")] == [
        "file_code", "file_standard_name", "file_actual_name", "format_information",
        "computer_file_name", "computer_file_size", "computer_file_creation_time",
    ]  # fmt: skip


def test_events_tell_who_did_what_when_with_what_result() -> None:
    process = read_process_info(Package.read(build(case(), sign).data).entries[PROCESS_INFO])
    assert process.events[0] == {
        "what": "受理", "who": "窗口01", "when": "2026-03-02T09:00:00+08:00", "result": "通过",
    }  # fmt: skip


def test_two_files_of_one_name_do_not_collide() -> None:
    folder = CaseFolder(FolderKind.APPLICATION, (evidence(), evidence()))
    entries = Package.read(build(case(folders=(folder,)), sign).data).entries
    assert {"申请材料/01-001_税务登记信息.json", "申请材料/01-002_税务登记信息.json"} <= set(entries)


@pytest.mark.parametrize(
    "name",
    ["../a.json", "a/b.json", "a\\b.json", "", " a.json", ".a.json", "a\n.json", "e\u0301.json", "长" * 70 + ".json"],
)
def test_a_file_name_no_file_system_should_see_is_refused(name: str) -> None:
    with pytest.raises(CaseUnfit):
        evidence(name)


@pytest.mark.parametrize(
    ("name", "media_type", "data"),
    [
        ("a.pdf", "application/pdf", b"MZ\x90"),
        ("a.pdf", "application/json", b"{}"),
        ("a.exe", "application/x-msdownload", b"MZ"),
        ("a.json", "application/json", b"[" * 100_000),
        ("a.xml", "application/xml", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
        ("a.txt", "text/plain", "旧编码".encode("gb18030")),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused(name: str, media_type: str, data: bytes) -> None:
    with pytest.raises(CaseUnfit):
        CaseFileEntry("材料", name, data, media_type, at(1))


@pytest.mark.parametrize(
    "changes",
    [
        {"electronic_file_no": "../../etc"},
        {"electronic_file_no": "电子文件"},
        {"item_name": ""},
        {"item_name": "人力资源\x00许可"},
        {"organ_name": "某局\ufffd"},
        {"applicant_code_masked": "420112199001011234"},
        {"decided": date(2026, 3, 1)},
        {"events": ()},
        {"folders": ()},
        {"folders": (CaseFolder(FolderKind.RESULT), CaseFolder(FolderKind.RESULT, (evidence(),)))},
        {"events": tuple(reversed(case().events))},
        {"packed_at": datetime(2026, 3, 5)},  # noqa: DTZ001  the missing zone is the point
        {"archive_code": ArchiveCode("0101", "", "2026", "01", "0001")},
    ],
)
def test_an_unfit_case_is_refused_and_the_message_shows_nobody(changes: dict[str, object]) -> None:
    with pytest.raises(CaseUnfit) as refusal:
        case(**changes)
    assert "样例" not in str(refusal.value)
    assert "420112199001011234" not in str(refusal.value)


def test_a_repr_shows_neither_applicant_nor_bytes() -> None:
    assert "样例" not in repr(case())
    assert "PDF" not in repr(case())


def test_a_signer_that_gives_nothing_leaves_no_package() -> None:
    with pytest.raises(SealMissing):
        build(case(), lambda message: b"")


def test_a_package_that_could_not_be_opened_again_is_not_made() -> None:
    with pytest.raises(PackageTooLarge):
        build(case(), sign, Limits(file_bytes=1000))


@pytest.mark.parametrize(
    "data",
    [b"", b"<base_info>", b"<other/>", b'<!DOCTYPE base_info SYSTEM "file:///etc/passwd"><base_info/>', b"\xff\xfe<"],
)
def test_metadata_that_is_none_raises_a_typed_error(data: bytes) -> None:
    with pytest.raises(MetadataUnreadable):
        read_base_info(data)
