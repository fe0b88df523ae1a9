"""The audit of seals finds what does not name one organ, survives what lies in folders, and writes to none of it."""

from __future__ import annotations

import csv
import io
import multiprocessing
import os
import random
import signal
import subprocess
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.clock import FixedClock
from core.settings import Mode, Settings
from documents.package import Package
from hub import seals_audit_run
from hub.old_stock import PKI, STOCK, make_old_stock
from hub.seals_audit import AuditRow, Standing
from hub.seals_audit_out import AuditOutputRefused, safe_cell
from hub.seals_auditing import Audited, Wanted, audit_folders
from hub.verify import read_anchors
from tests.hub.conftest import NOON

MARKET = "11420112MB0000002U"


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stock") / "old"
    make_old_stock(settings_of(folder), folder)
    return folder


def settings_of(folder: Path) -> Settings:
    return Settings(folder, "", folder / "sources.toml", folder / "keys", Mode.DEMO)


def audit(stock: Path, *folders: Path, wanted: Wanted | None = None) -> tuple[Audited, list[AuditRow]]:
    rows: list[AuditRow] = []
    done = audit_folders(
        settings_of(stock),
        folders,
        wanted or Wanted(),
        anchors=read_anchors([stock / PKI / "root-cert.pem"]),
        clock=FixedClock(NOON),
        on_row=rows.append,
        on_progress=lambda done, total: None,
    )
    return done, rows


def table_in(path: Path) -> list[dict[str, str]]:
    data = path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf"), "Excel takes it for another encoding without"
    assert data.count(b"\n") == data.count(b"\r\n")
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_every_old_licence_is_told_with_why_and_whose_it_is(stock: Path) -> None:
    done, rows = audit(stock, stock)
    found = {Path(row.path).stem: row for row in rows}
    assert [row.path for row in rows] == sorted(row.path for row in rows)
    for old in STOCK:
        row = found[old.name]
        told = tuple(one.word for one in row.wrong)
        assert told == (("issuer.succeeded",) if old.outdated else old.findings)
        expected = Standing.OUTDATED if old.outdated else Standing.BREAKS if old.findings else Standing.KEEPS
        assert (row.standing, row.ours, row.verdict) == (expected, not old.business, "valid")
        assert row.signed_on == old.sealed
    assert done.tally.reseal == {"11420112MB0000001Q": 2, "11420112MB0000000M": 2}
    assert done.other > 10, "keys and certificates beside them are no licences"


def test_nothing_that_is_read_is_written_to(stock: Path, tmp_path: Path) -> None:
    def state() -> dict[str, Any]:
        return {
            str(path): (one.st_mtime_ns, one.st_ctime_ns, one.st_size, one.st_ino, one.st_mode, content(path))
            for path in [stock, *stock.rglob("*")]
            for one in [path.lstat()]
        }

    before = state()
    wanted = Wanted(tmp_path / "a.csv", tmp_path / "a.html", tmp_path / "reports")
    audit(stock, stock, wanted=wanted)
    assert state() == before


def content(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def test_other_organs_get_a_report_of_theirs_and_only_that(stock: Path, tmp_path: Path) -> None:
    done, _ = audit(stock, stock, wanted=Wanted(reports=tmp_path / "reports"))
    assert sorted(path.name for path in done.reports) == [f"{MARKET}.csv", f"{MARKET}.html"]
    assert sorted(path.name for path in (tmp_path / "reports").iterdir()) == [f"{MARKET}.csv", f"{MARKET}.html"]
    told = table_in(tmp_path / "reports" / f"{MARKET}.csv")
    assert {Path(row["文件"]).stem for row in told} == {"business-with-the-old-seal", "business-of-the-organ-before"}
    assert all("本单位不作改动" in row["处理"] for row in told)
    letter = (tmp_path / "reports" / f"{MARKET}.html").read_text(encoding="utf-8")
    assert "武汉市东西湖区市场监督管理局（测试）" in letter
    assert "证照 2 件" in letter


def test_the_table_lists_all_that_do_not_keep_the_rule(stock: Path, tmp_path: Path) -> None:
    audit(stock, stock, wanted=Wanted(table=tmp_path / "a.csv"))
    told = {Path(row["文件"]).stem: row for row in table_in(tmp_path / "a.csv")}
    assert len(told) == 6
    assert told["food-with-the-old-seal"]["处理"].endswith("hub licences reseal --organ 11420112MB0000000M")
    assert "占位，未核实" in told["food-of-the-organ-before"]["问题"], "what nobody has checked is said to be so"


def test_what_a_file_says_is_neither_formula_nor_markup(stock: Path, tmp_path: Path) -> None:
    package = Package.read((stock / "business-with-the-old-seal.ofd").read_bytes())
    entry = package.entries["OFD.xml"].decode()
    for old, new in (
        (">营业执照<", ">=HYPERLINK(1)<"),
        (">（测试）旧202300006<", ">420112600123456<"),
        (">武汉市东西湖区市场监督管理局（测试）<", ">&lt;script&gt;alert(1)&lt;/script&gt;<"),
    ):
        assert old in entry
        entry = entry.replace(old, new)
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "=1+1.ofd").write_bytes(package.with_entries({"OFD.xml": entry.encode()}).to_bytes())
    wanted = Wanted(tmp_path / "a.csv", tmp_path / "a.html", tmp_path / "reports")
    _, (row,) = audit(stock, folder, wanted=wanted)
    assert "document.invalid" in [one.word for one in row.wrong]
    (told,) = table_in(tmp_path / "a.csv")
    assert told["证照名称"] == "'=HYPERLINK(1)"
    assert told["证照编号"] == "'420112600123456", "a spreadsheet would round it"
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert 'src="' not in page
    assert "http" not in page, "it stands alone"


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "＝", "＠"])
def test_no_cell_begins_a_formula(begin: str) -> None:
    assert safe_cell(f"{begin}1") == f"'{begin}1"
    assert safe_cell("11420112MB0000000M") == "11420112MB0000000M"


@pytest.fixture
def horrors(stock: Path, tmp_path: Path) -> Iterator[Path]:
    """What people keep in folders, and what somebody may put there on purpose."""
    folder = tmp_path / "horrors"
    (folder / "a folder.ofd").mkdir(parents=True)
    good = (stock / "food-as-it-should-be.ofd").read_bytes()
    with zipfile.ZipFile(folder / "bomb.ofd", "w", zipfile.ZIP_DEFLATED) as bomb:
        for number in range(2):
            bomb.writestr(f"Doc_{number}/zeros.xml", b"\x00" * (8 << 20))
    os.truncate(_made(folder / "sparse.ofd"), 1 << 33)
    (folder / "empty.ofd").write_bytes(b"")
    (folder / "cut.ofd").write_bytes(good[:50_000])
    (folder / "text.PDF").write_bytes(b"%PDF-1.7\n" + b"<<" * 20_000)
    stream = zlib.compress(b"0" * (20 << 20))
    (folder / "bomb.pdf").write_bytes(
        b"%PDF-1.7\n1 0 obj<</Filter/FlateDecode/Length " + str(len(stream)).encode() + b">>stream\n" + stream
    )
    (folder / "a folder.ofd" / "good.ofd").write_bytes(good)
    os.mkfifo(folder / "pipe.ofd")
    (folder / "circle").symlink_to(folder)
    (folder / "endless.ofd").symlink_to("/dev/zero")
    (folder / "gone.ofd").symlink_to(folder / "nowhere")
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff\xfe.ofd")).write_bytes(b"PK")
    (folder / "notes.txt").write_text("not a licence")
    yield folder
    (folder / "pipe.ofd").unlink()


def _made(path: Path) -> Path:
    path.write_bytes(b"PK\x03\x04")
    return path


def test_rubbish_bombs_pipes_and_circles_end_nothing(stock: Path, horrors: Path, tmp_path: Path) -> None:
    done, rows = audit(stock, horrors, wanted=Wanted(tmp_path / "a.csv", tmp_path / "a.html", tmp_path / "r"))
    standings = {Path(row.path).name: row for row in rows}
    assert standings.pop("good.ofd").standing is Standing.KEEPS
    assert len(standings) == 10
    assert {row.standing for row in standings.values()} == {Standing.UNREADABLE}
    words = {name: row.wrong[0].word for name, row in standings.items()}
    assert words["pipe.ofd"] == words["endless.ofd"] == words["sparse.ofd"] == "file.unfit"
    assert words["gone.ofd"] == "file.unreadable"
    assert words["bomb.ofd"] == "document.invalid"
    assert (done.other, done.closed) == (2, 0), "the note, and the link to a folder, which is not followed"
    assert done.reports == (), "nobody is told of rubbish"
    assert len(table_in(tmp_path / "a.csv")) == 10


def test_many_files_are_read_by_several_processes_and_one_that_is_killed_loses_nothing(
    stock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(150):
        old = STOCK[number % len(STOCK)]
        os.link(stock / f"{old.name}.ofd", folder / f"{number:03}-{old.name}.ofd")
    _, here = audit(stock, folder)
    monkeypatch.setattr(seals_audit_run, "_POOLED_FROM", 100)
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("one core")
    there: list[AuditRow] = []
    killed: list[int] = []

    def take(row: AuditRow) -> None:
        there.append(row)
        children = multiprocessing.active_children()
        if len(there) == 20 and children:
            killed.append(len(children))
            os.kill(children[0].pid or 0, signal.SIGKILL)

    audit_folders(
        settings_of(stock),
        [folder],
        Wanted(),
        anchors=read_anchors([stock / PKI / "root-cert.pem"]),
        clock=FixedClock(NOON),
        on_row=take,
        on_progress=lambda done, total: None,
    )
    assert killed
    assert there == here


def test_what_was_changed_at_random_is_answered_and_never_a_fault(stock: Path, tmp_path: Path) -> None:
    chance = random.Random(4)
    folder = tmp_path / "changed"
    folder.mkdir()
    good = [Package.read((stock / f"{old.name}.ofd").read_bytes()) for old in STOCK]
    for number in range(80):
        package = good[number % len(good)]
        name = chance.choice([one for one in package.entries if not one.endswith(".ttf")])
        content = bytearray(package.entries[name])
        place = chance.randrange(len(content))
        content[place : place + chance.randrange(8)] = bytes(chance.randrange(256) for _ in range(chance.randrange(8)))
        (folder / f"{number}.ofd").write_bytes(package.with_entries({name: bytes(content)}).to_bytes())
    _, rows = audit(stock, folder)
    assert len(rows) == 80
    assert [one for row in rows for one in row.wrong if one.word.startswith("file.")] == []


def test_folders_may_lie_deeper_than_the_stack_and_names_may_be_long(stock: Path, tmp_path: Path) -> None:
    deep = tmp_path / "deep"
    deep.mkdir()
    before = Path.cwd()
    try:
        os.chdir(deep)
        for _ in range(1100):
            os.mkdir("d")  # noqa: PTH102 - below a path that is too long to be named whole
            os.chdir("d")
        Path("a.ofd").write_bytes(b"rubbish")
    finally:
        os.chdir(before)
    long = tmp_path / ("长" * 60) / ("名" * 60 + ".ofd")
    long.parent.mkdir()
    long.write_bytes((stock / "food-as-it-should-be.ofd").read_bytes())
    try:
        done, rows = audit(stock, deep, long.parent)
    finally:
        # Python, and so pytest at its end, cannot remove it.
        subprocess.run(["rm", "-rf", str(deep)], check=True)
    assert [Path(row.path).name for row in rows] == ["a.ofd", long.name]
    assert rows[1].standing is Standing.KEEPS
    assert done.closed == 0


@pytest.mark.parametrize("name", ["a.ofd", "a.PDF", "folder"])
def test_no_result_is_written_over_a_licence(stock: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(AuditOutputRefused, match="nothing was read"):
        audit(stock, stock, wanted=Wanted(table=tmp_path / name))


def test_an_audit_that_fails_leaves_no_half_result(stock: Path, tmp_path: Path) -> None:
    def stop(row: AuditRow) -> None:
        raise KeyboardInterrupt

    wanted = Wanted(tmp_path / "a.csv", tmp_path / "a.html", tmp_path / "reports")
    with pytest.raises(KeyboardInterrupt):
        audit_folders(
            settings_of(stock), [stock], wanted, anchors=[], on_row=stop, on_progress=lambda done, total: None
        )
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_without_the_roots_the_organs_are_still_compared(stock: Path) -> None:
    rows: list[AuditRow] = []
    audit_folders(
        settings_of(stock), [stock], Wanted(), clock=FixedClock(NOON), on_row=rows.append,
        on_progress=lambda done, total: None,
    )  # fmt: skip
    assert {row.verdict for row in rows} == {"cannot_tell"}
    assert [row.standing.value for row in rows].count("breaks") == 4
