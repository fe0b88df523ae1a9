"""Rejected rows on their way back: all or none, twice is once, text stays text, nobody else reads them."""

from __future__ import annotations

import csv
import io
import stat
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from connectors.daily_files import Control
from connectors.declaration import Declaration
from connectors.endpoints import Endpoints
from connectors.outgoing.port import Outgoing, Receipt, RejectedRow, ReturnRefused, ReturnUnavailable, Sending
from connectors.outgoing.registry import ReturnUnfit, open_outgoing
from core.clock import SHANGHAI
from tests.connectors import mariadb, sftp
from tests.connectors.worlds import COLUMNS, TYPED_ACCESS, GatewayWorld, daily_access, declared, run

AT = datetime(2026, 3, 2, 9, 30, tzinfo=SHANGHAI)
SENDING = Sending("20260302-17", "test.rows", "测试", AT, date(2026, 3, 16))
ROWS = [
    RejectedRow(
        number=7,
        position=3,
        operation="I",
        fields={"code": "042011219491231002", "name": '=HYPERLINK("x")', "update_time": None},
        reasons=("R-010 公民身份号码位数不对", "R-020 日期缺失"),
        arrived_at=AT,
    ),
    RejectedRow(8, 4, "U", {"code": "1", "name": "㐀𠮷堂", "extra": 5}, ("R-001 缺少主键",), AT),
]
#: The mirror of TYPED with a remark, as the national dn_ tables are.
MIRROR = """
CREATE TABLE dn_rows_error (row_guid varchar(36) NOT NULL PRIMARY KEY, cd_batch varchar(32), cd_operation varchar(2),
    cd_time timestamp NULL, data_source varchar(3), code varchar(50), name varchar(200), update_time varchar(30),
    error_remark varchar(512))
"""


def _declared(access: dict[str, Any], rejected: dict[str, Any]) -> Declaration:
    found = declared(access)
    return Declaration.model_validate(found.model_dump(by_alias=True) | {"rejected": rejected})


def _opened(declaration: Declaration, section: dict[str, Any], folder: Path) -> Outgoing:
    return open_outgoing(declaration, Endpoints({"test": section}, origin="the test", folder=folder), folder=folder)


def test_a_row_shows_nothing_of_itself_and_its_remark_fits_its_column() -> None:
    assert "0420112" not in repr(ROWS[0])
    assert ROWS[0].remark() == "R-010 公民身份号码位数不对；R-020 日期缺失"
    assert len(ROWS[0].remark(20)) == 20
    assert ROWS[0].remark(20).endswith("…")
    wish = SENDING.wish()
    assert ROWS[0].remark(200, wish=wish) == f"{ROWS[0].remark()}；{wish}"
    assert ROWS[0].remark(40, wish=wish) == ROWS[0].remark()  # a reason comes before a wish
    with pytest.raises(ValueError, match="letters, digits and hyphens"):
        Sending("../x", "test.rows", "测试", AT)


def test_a_workbook_is_for_our_eyes_and_every_value_in_it_is_text(tmp_path: Path) -> None:
    folder = tmp_path / "returned"
    out = _opened(declared(TYPED_ACCESS), {}, folder)
    receipt = out.send(SENDING, ROWS)
    assert receipt == out.send(SENDING, ROWS)
    (path,) = folder.iterdir()
    assert receipt == Receipt("workbook", str(path), 2, handed_over=False)
    assert (stat.S_IMODE(path.stat().st_mode), stat.S_IMODE(folder.stat().st_mode)) == (0o600, 0o700)
    sheet = openpyxl.load_workbook(path).active
    assert sheet is not None
    lines = list(sheet.iter_rows(values_only=True))
    assert str(lines[1][0]).startswith(
        "批次 20260302-17，2026-03-02 09:30 生成；请于 2026-03-16 前（含当日，期限未核实）核对更正"
    )
    assert lines[2] == ("编号", "行号", "操作", "问题", *COLUMNS, "extra")
    assert lines[3][:6] == (
        "7",
        "3",
        "I",
        "R-010 公民身份号码位数不对\nR-020 日期缺失",
        "042011219491231002",
        '=HYPERLINK("x")',
    )
    assert {cell.data_type for row in sheet.iter_rows(min_row=4) for cell in row if cell.value} == {"s"}


def test_a_folder_that_cannot_be_written_is_a_matter_of_waiting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(ReturnUnavailable, match="2 rows of 20260302-17 stay in quarantine, unsent"):
        _opened(declared(TYPED_ACCESS), {}, tmp_path / "file").send(SENDING, ROWS)


@pytest.fixture(params=["postgres", "mariadb"])
def database(request: pytest.FixtureRequest) -> Iterator[tuple[str, Any]]:
    if request.param == "postgres":
        url = request.getfixturevalue("database_url")
        run(url, MIRROR)
        yield url, lambda statement: run(url, statement)
        return
    with mariadb.running() as port:
        mariadb.execute(port, MIRROR)

        def ask(statement: str) -> list[tuple[Any, ...]]:
            import pymysql

            found = pymysql.connect(host="127.0.0.1", port=port, user="root", database="exchange", autocommit=True)
            with found, found.cursor() as cursor:
                cursor.execute(statement)
                return list(cursor.fetchall())

        yield mariadb.url(port), ask


def test_the_error_table_holds_each_sending_once(database: tuple[str, Any], tmp_path: Path) -> None:
    url, ask = database
    declaration = _declared(TYPED_ACCESS, {"channel": "error_table", "table": "dn_rows_error"})
    out = _opened(declaration, {"dsn": url, "write_dsn": url}, tmp_path)
    assert out.send(SENDING, ROWS) == out.send(SENDING, ROWS) == Receipt("error_table", "dn_rows_error", 2, True)
    out.send(Sending("another", "test.rows", "测试", AT), ROWS[:1])
    found = ask("SELECT cd_batch, cd_operation, code, name, update_time, error_remark FROM dn_rows_error ORDER BY 1, 3")
    assert len(found) == 3
    assert found[0] == (
        "20260302-17", "I", "042011219491231002", '=HYPERLINK("x")', None,
        "R-010 公民身份号码位数不对；R-020 日期缺失；请于 2026-03-16 前（含当日，期限未核实）核对更正后重新报送",
    )  # fmt: skip
    ask("ALTER TABLE dn_rows_error DROP COLUMN error_remark")
    with pytest.raises(ReturnRefused, match="2 rows of 20260302-17 stay in quarantine, unsent") as caught:
        out.send(SENDING, ROWS)
    assert "042011219491231002" not in str(caught.value)
    assert len(ask("SELECT 1 FROM dn_rows_error")) == 3


@pytest.mark.parametrize("encoding", ["UTF-8", "GB18030"])
@pytest.mark.parametrize("kind", ["sftp", "folder"])
def test_an_error_file_is_proved_by_its_control_file(kind: str, encoding: str, tmp_path: Path) -> None:
    rejected = {"channel": "error_file", "folder": "back", "prefix": "rows", "encoding": encoding}
    (tmp_path / "back").mkdir()
    with ExitStack() as stack:
        if kind == "sftp":
            server = stack.enter_context(sftp.running(sftp.Server(tmp_path, sftp.host_key(tmp_path / "key"))))
            section = {
                "host": "127.0.0.1", "port": server.port, "username": sftp.USER, "password": sftp.PASSWORD,
                "host_key": f"{server.key.get_name()} {server.key.get_base64()}", "folder": "/out",
            }  # fmt: skip
        else:
            section = {"folder": str(tmp_path)}
        out = _opened(_declared(daily_access(f"{kind}_csv"), rejected), section, tmp_path)
        assert out.send(SENDING, ROWS) == out.send(SENDING, ROWS)
    names = sorted(path.name for path in (tmp_path / "back").iterdir())
    assert names == ["rows_20260302-17.err.csv", "rows_20260302-17.err.ctl"]
    body = (tmp_path / "back" / names[0]).read_bytes()
    control = Control.parse((tmp_path / "back" / names[1]).read_bytes())
    assert (control.rows, control.size, control.encoding) == (2, len(body), encoding)
    lines = list(csv.reader(io.StringIO(body.decode(encoding))))
    assert lines[0] == [*COLUMNS, "error_no", "error_row", "error_remark", "error_due"]
    assert lines[2] == ["1", "㐀𠮷堂", "", "8", "4", "R-001 缺少主键", "2026-03-16（未核实）"]


def test_the_gateway_gets_signed_parts_with_reference_and_number(tmp_path: Path) -> None:
    access = {
        "protocol": "rest_gateway", "path": "rows", "sid": "sid_rows", "cursor": "update_time", "page_size": 3,
        "requests_per_second": 1000,
    }  # fmt: skip
    declaration = _declared(access, {"channel": "gateway", "path": "returned", "page_size": 1})
    with ExitStack() as stack:
        world = GatewayWorld(stack)
        section = {"base_url": world.url, "rid": "requester", "secret": "not-a-secret", "sid_rows": "service"}
        assert _opened(declaration, section, tmp_path).send(SENDING, ROWS).rows == 2
        assert [path for path, _ in world.gateway.posted] == ["/gateway/returned"] * 2
        first = world.gateway.posted[0][1]
        assert (first["reference"], first["part"], first["parts"]) == ("20260302-17", 1, 2)
        assert (first["due"], first["due_verified"]) == ("2026-03-16", False)
        assert first["rows"] == [
            {
                "number": 7, "row": 3, "operation": "I", "reasons": list(ROWS[0].reasons),
                "fields": {"code": "042011219491231002", "name": '=HYPERLINK("x")', "update_time": None},
            }
        ]  # fmt: skip
        with pytest.raises(ReturnRefused, match="declare"):
            _opened(declaration, section | {"secret": "another"}, tmp_path).send(SENDING, ROWS)


def test_a_channel_its_protocol_lacks_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    for rejected in (
        {"channel": "gateway", "path": "x"},
        {"channel": "error_file", "folder": "x", "prefix": "x"},
    ):
        with pytest.raises(ReturnUnfit, match="since the resource comes by exchange_db"):
            _opened(_declared(TYPED_ACCESS, rejected), {}, tmp_path)
    with pytest.raises(ReturnUnfit, match="comes by folder_csv"):
        _opened(_declared(daily_access("folder_csv"), {"channel": "error_table", "table": "x"}), {}, tmp_path)
