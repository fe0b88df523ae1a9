"""ClamAV is asked where it is installed; without an answer the items about viruses stay not done.

The tests bring a database of one signature: that of the EICAR test file. ClamAV's own, of hundreds of megabytes, is not
installed for tests.
"""

from __future__ import annotations

import hashlib
import shutil
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archive.case import CaseFileEntry, CaseFolder, FolderKind
from archive.check import check
from archive.package import build
from archive.report import Status
from core.settings import Mode, Settings
from hub.scanner import LARGEST, ClamAv, ScannerFailed, scanner_of
from tests.archive.cases import at, case, sign, verify

# in two parts, so that no scanner takes this file for one
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-" + b"STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
GOOD = build(case(), sign).data


@pytest.fixture
def clamscan(tmp_path: Path) -> Iterator[ClamAv]:
    program = shutil.which("clamscan")
    if program is None:
        pytest.skip("clamscan is not installed")
    (tmp_path / "test.hdb").write_text(f"{hashlib.md5(EICAR).hexdigest()}:{len(EICAR)}:Eicar-Test\n")
    yield ClamAv((program, "-d", str(tmp_path)))


def standing_in(folder: Path, version: str, answer: str, status: int) -> ClamAv:
    """A program that answers as ClamAV does, where a day of its database has to be told."""
    program = folder / "clamscan"
    program.write_text(
        f'#!/bin/sh\ncase "$*" in\n*--version*) echo "{version}";;\n'
        f'*) cat >/dev/null; echo "{answer}"; exit {status};;\nesac\n'
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return ClamAv((str(program),))


def version(days: int) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).strftime("ClamAV 1.4.6/27000/%a %b %d %H:%M:%S %Y")


def test_eicar_is_found_by_itself_and_in_a_package(clamscan: ClamAv) -> None:
    assert clamscan.scan(b"nothing") is None
    assert clamscan.scan(EICAR) == "Eicar-Test.UNOFFICIAL"
    entry = CaseFileEntry("说明", "说明.txt", EICAR, "text/plain", at(3))
    folders = (CaseFolder(FolderKind.APPLICATION, (entry,)), case().folders[1])
    report = check(build(case(folders=folders), sign).data, verify, scanner=clamscan)
    assert report.item("virus").status is Status.FAILED
    assert check(GOOD, verify, scanner=clamscan).item("virus").findings[0].zh == "病毒库日期未知"


@pytest.mark.parametrize(
    ("days", "answer", "status", "state", "virus"),
    [
        (1, "stdin: OK", 0, Status.PASSED, Status.PASSED),
        (1, "stdin: Some-Virus FOUND", 1, Status.PASSED, Status.FAILED),
        (30, "stdin: OK", 0, Status.NOT_CHECKED, Status.NOT_CHECKED),
        (30, "stdin: Some-Virus FOUND", 1, Status.NOT_CHECKED, Status.FAILED),
        (1, "stdin: Heuristics.Limits.Exceeded.MaxFileSize FOUND", 1, Status.PASSED, Status.NOT_CHECKED),
        (1, "ERROR: no database", 2, Status.PASSED, Status.NOT_CHECKED),
    ],
)
def test_an_answer_counts_only_with_fresh_signatures_and_a_finding_always(
    tmp_path: Path, days: int, answer: str, status: int, state: Status, virus: Status
) -> None:
    report = check(GOOD, verify, scanner=standing_in(tmp_path, version(days), answer, status))
    assert (report.item("scanner_state").status, report.item("virus").status) == (state, virus)


def test_a_scanner_that_is_not_there_or_is_given_too_much_gives_no_answer(tmp_path: Path) -> None:
    with pytest.raises(ScannerFailed, match="HUB-971"):
        ClamAv((str(tmp_path / "absent"),)).scan(b"")
    with pytest.raises(ScannerFailed):
        standing_in(tmp_path, version(1), "stdin: OK", 0).scan(bytes(LARGEST + 1))


def test_which_scanner_is_used_tells_the_setting(tmp_path: Path) -> None:
    def settings(clamav: str) -> Settings:
        return Settings(tmp_path, "", tmp_path / "s", tmp_path / "k", Mode.DEMO, clamav=clamav)

    assert scanner_of(settings("off")) is None and scanner_of(None) is None
    assert scanner_of(settings("clamdscan -c '/etc/a b'")) == ClamAv(("clamdscan", "-c", "/etc/a b"))
    if shutil.which("clamscan") is None and shutil.which("clamdscan") is None:
        assert scanner_of(settings("auto")) is None
