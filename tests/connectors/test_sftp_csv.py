"""Daily files over real SFTP: believed only as far as their control files, from no server but the pinned one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import paramiko
import pytest

from connectors.declaration import Declaration
from connectors.endpoints import SftpEndpoint, SourceNotConfigured
from connectors.port import FileRefused, RawPage, SourceRefused, SourceUnavailable
from connectors.registry import declaration
from connectors.retrying import Patience
from connectors.sftp_csv import Control, SftpCsv
from tests.connectors.sftp import Server, host_key, running

QUICK = Patience(tries=2, first_wait_s=0.01, longest_wait_s=0.05)
HEADER = "zyzgzsbh,zjhm,xm,xb,csrq,zygz,zydj,bzjg,zsbfrq"


def _text(*numbers: str) -> str:
    header = ",".join(f'"{name}"' for name in HEADER.split(","))
    rows = [
        f'"{number}","","某某","1","19900101","食品安全管理员","三级","鉴定中心","2020-01-01"' for number in numbers
    ]
    return "\r\n".join([header, *rows, ""])


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return host_key(tmp_path_factory.mktemp("key") / "host")


@pytest.fixture
def server(tmp_path: Path, key: Path) -> Iterator[Server]:
    (tmp_path / "out").mkdir()
    with running(Server(tmp_path, key)) as started:
        yield started


def _declared(**changes: object) -> Declaration:
    known = declaration("hr.vocational")
    return known.model_copy(update={"access": known.access.model_copy(update={"page_size": 2, **changes})})


def _source(server: Server, declared: Declaration | None = None, **changes: object) -> SftpCsv:
    endpoint = server.endpoints(**changes).section("hr", SftpEndpoint)
    return SftpCsv(declared or _declared(), endpoint, patience=QUICK)


def _numbers(source: SftpCsv, pages: list[RawPage]) -> list[str]:
    return [record.fields["zyzgzsbh"] for page in pages for record in source.records(page)]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_days_are_read_in_order_and_resuming_gives_exactly_the_rest(server: Server, encoding: str) -> None:
    server.put("20260302", "zyzg", _text("D", "E"), written=encoding)
    server.put("20260301", "zyzg", _text("A", "B", "C"), written=encoding)
    server.put("20260301", "cf_bx_sbxx", "not ours")
    source = _source(server)
    pages = list(source.pages({}))
    assert _numbers(source, pages) == list("ABCDE")
    assert [page.declared_rows for page in pages] == [2, 1, 2]
    assert source.count({}) == 5
    for place, page in enumerate(pages, 1):
        assert list(source.pages(page.next_cursor)) == pages[place:]
        assert source.count(page.next_cursor) == len(_numbers(source, pages[place:]))


def test_a_file_without_its_control_file_waits_and_so_do_later_days(server: Server) -> None:
    server.put("20260301", "zyzg", _text("A"))
    waiting = server.put("20260302", "zyzg", _text("B")).with_suffix(".ctl")
    server.put("20260303", "zyzg", _text("C"))
    control = waiting.read_bytes()
    waiting.unlink()
    source = _source(server)
    pages = list(source.pages({}))
    assert _numbers(source, pages) == ["A"]
    waiting.write_bytes(control)
    assert _numbers(source, list(source.pages(pages[-1].next_cursor))) == ["B", "C"]


@pytest.mark.parametrize(
    ("promises", "reason"),
    [
        ({"rows": 3}, "rows should be 3 by the control file, but is 2"),
        ({"bytes": 9}, "bytes should be 9 by the control file, but is"),
        ({"sm3": "0" * 64}, "sm3 should be 0000"),
        ({"encoding": "GB18030"}, "said to be GB18030, but its bytes are UTF-8"),
        ({"encoding": "BIG5"}, "an encoding other than"),
        ({"file": "../zyzg.csv"}, "names another file"),
        ({"sm3": None}, "must name file, rows, bytes, sm3 and encoding"),
        ({"rows": "two"}, "whole numbers"),
        ({"sm3": "xyz"}, "64 hexadecimal digits"),
    ],
)
def test_a_file_unlike_its_control_file_is_refused_whole_and_kept(
    server: Server, promises: dict[str, object], reason: str
) -> None:
    server.put("20260301", "zyzg", _text("A"))
    bad = server.put("20260302", "zyzg", _text("B", "C"), **promises)
    server.put("20260303", "zyzg", _text("D"))
    source = _source(server)
    reading = source.pages({})
    assert _numbers(source, [next(reading)]) == ["A"]
    with pytest.raises(FileRefused, match=reason) as caught:
        next(reading)
    assert caught.value.body in (bad.read_bytes(), bad.with_suffix(".ctl").read_bytes())
    assert "某某" not in str(caught.value)
    pages = list(source.pages(caught.value.next_cursor or {}))
    assert _numbers(source, pages) == ["D"]
    assert [page.number for page in pages] == [2]


def test_a_utf8_file_that_is_damaged_is_refused(server: Server) -> None:
    server.put("20260301", "zyzg", _text("A"), written="gb18030")
    control = server.root / "out" / "20260301" / "zyzg_20260301.ctl"
    control.write_text(control.read_text().replace("GB18030", "UTF-8"))
    with pytest.raises(FileRefused, match="UTF-8 damaged on line 2"):
        next(_source(server).pages({}))


def test_a_refused_day_that_is_sent_again_is_read(server: Server) -> None:
    server.put("20260301", "zyzg", _text("A"), rows=7)
    source = _source(server)
    with pytest.raises(FileRefused) as caught:
        next(source.pages({}))
    behind = caught.value.next_cursor or {}
    assert list(source.pages(behind)) == []
    server.put("20260301", "zyzg", _text("A"))
    assert _numbers(source, list(source.pages(behind))) == ["A"]


def test_a_control_file_without_its_csv_is_refused(server: Server) -> None:
    server.put("20260301", "zyzg", _text("A")).unlink()
    with pytest.raises(FileRefused, match="the control file is there, the CSV is not") as caught:
        next(_source(server).pages({}))
    assert caught.value.body.startswith(b"file=")


def test_a_file_larger_than_declared_is_not_fetched(server: Server) -> None:
    server.put("20260301", "zyzg", _text("A"))
    with pytest.raises(FileRefused, match="more than the declared limit"):
        next(_source(server, _declared(max_file_bytes=10)).pages({}))


def test_one_dropped_connection_is_passed_over(server: Server) -> None:
    server.put("20260301", "zyzg", _text("A"))
    server.fail_next(1)
    source = _source(server)
    assert _numbers(source, list(source.pages({}))) == ["A"]


def test_a_server_that_keeps_hanging_up_is_unavailable(server: Server) -> None:
    server.fail_next(99)
    with pytest.raises(SourceUnavailable, match=r"\(2 tries\)\. 0 pages are kept"):
        next(_source(server).pages({}))


def test_a_server_with_another_host_key_gets_no_password(server: Server, tmp_path: Path) -> None:
    other = Server(tmp_path, host_key(tmp_path / "other")).endpoints().section("hr", SftpEndpoint).host_key
    with pytest.raises(SourceRefused, match="No password was sent; it may be an impostor"):
        next(_source(server, host_key=other).pages({}))
    assert server.connections == 1


def test_a_server_with_another_kind_of_host_key_gets_no_password(server: Server) -> None:
    source = _source(server)
    server.key = paramiko.ECDSAKey.generate()
    server.put("20260301", "zyzg", _text("A"))
    with pytest.raises(SourceRefused, match="No password was sent; it may be an impostor"):
        next(source.pages({}))


def test_a_wrong_password_is_refused_at_once_and_not_shown(server: Server) -> None:
    with pytest.raises(SourceRefused, match=r"hr\.vocational: the SFTP server refuses") as caught:
        next(_source(server, password="wrong-word").pages({}))
    assert "wrong-word" not in str(caught.value)
    assert server.connections == 1


def test_a_private_key_that_is_not_there_is_a_matter_of_configuration(server: Server) -> None:
    with pytest.raises(SourceNotConfigured, match="`key_file` of section"):
        _source(server, password=None, key_file="absent")


def test_a_missing_folder_is_refused(server: Server) -> None:
    with pytest.raises(SourceRefused, match="not there or not ours"):
        next(_source(server, folder="/in").pages({}))


@pytest.mark.parametrize("text", [b"file=a\nfile=b\n", b"nonsense", "file=张三\n".encode(), b""])
def test_a_control_file_that_is_none_is_refused(text: bytes) -> None:
    with pytest.raises(FileRefused):
        Control.parse(text)
