"""One small real server or folder for each adapter, and the same scripted rows in all of them.

`ADAPTERS` is what test_contract.py runs over: a new adapter gets a world here and all the tests with it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit, urlunsplit

import openpyxl
import psycopg2
import requests
from psycopg2 import sql

from connectors.declaration import Declaration
from connectors.endpoints import DatabaseEndpoint, FolderEndpoint, GatewayEndpoint, SftpEndpoint, SoapEndpoint
from connectors.port import Operation, Source
from connectors.retrying import Patience
from core.digest import sm3_hex
from sandbox.keyed_gateway import GatewayServer, KeyedGateway
from sandbox.soap import ASK_OPERATION, OPERATION, SoapOffice, SoapServer
from tests.connectors import mariadb, sftp

QUICK = Patience(tries=2, first_wait_s=0.01, longest_wait_s=0.05)
COLUMNS = ("code", "name", "update_time")
PAGE = 3
SECRET = "not-a-secret"


@dataclass(frozen=True)
class Row:
    """One scripted row; `time` may be that of others, as in a night's batch."""

    code: str
    name: str
    time: str
    operation: Operation = Operation.INSERT

    def fields(self) -> dict[str, str]:
        return {"code": self.code, "name": self.name, "update_time": self.time}


def script(count: int = 11, *, together: int = 4, first: int = 0) -> list[Row]:
    """`count` rows, `together` at a moment; names need all of GB 18030, one holds what CSV, XML and SQL escape."""
    names = ("某某食品有限公司", "㐀𠮷堂", 'A&B "甲"<乙>,丙\'', "张三")
    return [
        Row(f"C{number:03}", names[number % 4], f"2026-03-01 00:00:{number // together:02}")
        for number in range(first, first + count)
    ]


class World(Protocol):
    """What the contract needs of an adapter's surroundings. `None` where a protocol has no such thing."""

    #: The source says how many rows a page holds, or how many lie behind a cursor.
    deletes: bool
    receipts: bool

    def put(self, rows: Sequence[Row]) -> None:
        """These are all the rows there are, from now on."""
        ...

    def source(self) -> Source:
        """The adapter, new as in another process."""
        ...

    def away(self) -> Source:
        """The adapter where nobody answers."""
        ...

    def refused(self) -> Source | None:
        """The adapter with credentials or a place that are refused."""
        ...

    def garbled(self) -> Callable[[], None] | None:
        """Makes the next answers garbage."""
        ...

    def repeated(self) -> Callable[[], None] | None:
        """Makes every further page the one before it."""
        ...


def live(**how: Any) -> dict[str, Any]:
    """`code` asked about as a citizen's and as a company's number."""
    return {"citizen": ["code"], "company": ["code"], "verified": False, "unknown": ["全部"], **how}


def declared(
    access: dict[str, Any], columns: Sequence[str] = COLUMNS, asked: dict[str, Any] | None = None
) -> Declaration:
    """A resource of nobody's, reached by `access` and, with `asked`, asked live."""
    return Declaration.model_validate(
        {
            **({} if asked is None else {"live": asked}),
            "name": "test.rows",
            "title": "测试",
            "department": {"id": "test", "zh": "测试", "en": "Test"},
            "owner": "无",
            "legal_basis": ["无"],
            "share_class": "不予",
            "update_cycle": "不定期",
            "late_after_hours": 1,
            "schema": "tax.registration",
            "columns": list(columns),
            "key": ["code"],
            "freshness": "无",
            "caveats": ["无"],
            "access": access,
            "honesty": {"verified": False, "unknown": ["全部"]},
        }
    )


@dataclass
class GatewayWorld:
    stack: ExitStack
    shape: str = "gjgxjhpt"
    refreshes: bool = False
    deletes = False
    receipts = False
    gateway: KeyedGateway = field(init=False)

    def __post_init__(self) -> None:
        lifetimes = (86400.0, 1800.0) if self.refreshes else ()
        self.gateway = KeyedGateway(shape=self.shape, secret=SECRET, lifetimes_s=lifetimes)
        self.server = self.stack.enter_context(GatewayServer(self.gateway))
        self.url = self.server.url

    def put(self, rows: Sequence[Row]) -> None:
        self.gateway.rows = [row.fields() for row in rows]

    def source(self, **changes: Any) -> Source:
        from connectors.rest_gateway import RestGateway

        section: dict[str, Any] = {
            "base_url": self.url,
            "rid": self.gateway.rid,
            "secret": SECRET,
            "sid_rows": self.gateway.sid,
        }
        if self.refreshes:
            section["refresh"] = {"lifetime_field": "expires_in"}
        access = {
            "protocol": "rest_gateway",
            "path": "rows",
            "sid": "sid_rows",
            "cursor": "update_time",
            "page_size": PAGE,
            "requests_per_second": 10_000,
            "timeout_s": 2,
            "header_shape": self.shape,
        }
        question = live(path="rows/query", method="GET" if self.shape == "x-tif" else "POST")
        endpoint = GatewayEndpoint.model_validate(section | changes)
        return RestGateway(declared(access, asked=question), endpoint, patience=QUICK)

    def through(self, port: int) -> Source:
        return self.source(base_url=f"http://127.0.0.1:{port}")

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0

    @contextmanager
    def slow(self) -> Iterator[None]:
        order(self.server.admin_url, "ask_slow")
        yield

    def away(self) -> Source:
        return self.source(base_url="http://127.0.0.1:1")

    def refused(self) -> Source:
        return self.source(secret="another-not-a-secret")

    def garbled(self) -> Callable[[], None]:
        return lambda: setattr(self.gateway, "replaced", lambda _: b"<html>")

    def repeated(self) -> Callable[[], None]:
        def order() -> None:
            known = self.gateway.rows[:PAGE]
            data = {"total": len(self.gateway.rows), "page": 1, "size": PAGE, "rows": known}
            answer = json.dumps({"code": "200", "data": data}).encode()
            self.gateway.replaced = lambda _: answer

        return order


@dataclass
class SoapWorld:
    stack: ExitStack
    folder: Path
    deletes = False
    receipts = False
    office: SoapOffice = field(default_factory=SoapOffice)

    def __post_init__(self) -> None:
        self.office.password = SECRET
        self.server = self.stack.enter_context(SoapServer(self.office))
        self.url = self.server.url

    def put(self, rows: Sequence[Row]) -> None:
        self.office.rows = [row.fields() for row in rows]

    def source(self, **changes: Any) -> Source:
        from connectors.soap_xml import SoapXml

        section = {"wsdl": f"{self.url}?wsdl", "address": self.url, "username": "hub", "password": SECRET}
        access = {
            "protocol": "soap_xml",
            "operation": OPERATION,
            "parameters": {
                "userId": "{username}",
                "pw": "{password}",
                "startTime": "{since}",
                "pageNo": "{page}",
                "pageSize": "{size}",
            },
            "cursor": "update_time",
            "page_size": PAGE,
            "requests_per_second": 10_000,
            "timeout_s": 2,
            "refusing": ["401"],
        }
        question = live(
            operation=ASK_OPERATION,
            parameters={"userId": "{username}", "pw": "{password}"},
            citizen=["idNumber"],
            company=["idNumber"],
        )
        endpoint = SoapEndpoint.model_validate(section | changes)
        return SoapXml(declared(access, asked=question), endpoint, patience=QUICK)

    def through(self, port: int) -> Source:
        return self.source(address=f"http://127.0.0.1:{port}/records")

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0

    @contextmanager
    def slow(self) -> Iterator[None]:
        order(self.server.admin_url, "ask_slow")
        yield

    def away(self) -> Source:
        return self.source(address="http://127.0.0.1:1/")

    def refused(self) -> Source:
        return self.source(password="another-not-a-secret")

    def garbled(self) -> Callable[[], None]:
        return lambda: setattr(self.office, "manner", "half")

    def repeated(self) -> Callable[[], None]:
        # a service that answers every page with the rows of the one before it
        return lambda: setattr(self.office, "manner", "same_page")


TYPED = """
CREATE TABLE {name} (row_guid varchar(36) NOT NULL PRIMARY KEY, cd_batch varchar(32), cd_operation varchar(2),
    cd_time {moment} NOT NULL, data_source varchar(3), code varchar(50), name varchar(200), update_time varchar(30))
"""
TYPED_ACCESS = {
    "protocol": "exchange_db",
    "table": "up_rows",
    "cursor": "cd_time+row_guid",
    "page_size": PAGE,
    "statement_timeout_s": 5,
}


def typed_values(rows: Sequence[Row]) -> list[tuple[Any, ...]]:
    return [
        (f"g{place:04}", "b", row.operation.value, row.time, "420", row.code, row.name, row.time)
        for place, row in enumerate(rows)
    ]


@dataclass
class PostgresTableWorld:
    url: str
    deletes = True
    receipts = False

    def __post_init__(self) -> None:
        run(self.url, TYPED.format(name="up_rows", moment="timestamp"))

    def put(self, rows: Sequence[Row]) -> None:
        run(self.url, "TRUNCATE up_rows")
        for values in typed_values(rows):
            run(self.url, "INSERT INTO up_rows VALUES (%s, %s, %s, %s, %s, %s, %s, %s)", values)

    def source(self, dsn: str = "", asked: dict[str, Any] | None = None) -> Source:
        from connectors.exchange_db import ExchangeTable

        endpoint = DatabaseEndpoint.model_validate({"dsn": dsn or self.url})
        return ExchangeTable(declared(TYPED_ACCESS, asked=asked or live()), endpoint, patience=QUICK)

    def through(self, port: int) -> Source:
        return self.source(at_port(self.url, port))

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0

    def slow(self) -> AbstractContextManager[None]:
        return locked(self.url, "up_rows")

    def away(self) -> Source:
        return self.source("postgresql://127.0.0.1:1/x")

    def refused(self) -> Source:
        return self.source(with_password(self.url))

    def garbled(self) -> None:
        return None

    def repeated(self) -> None:
        return None


@dataclass
class MariaTableWorld:
    port: int
    deletes = True
    receipts = False

    def put(self, rows: Sequence[Row]) -> None:
        mariadb.execute(
            self.port,
            "DROP TABLE IF EXISTS up_rows",
            TYPED.format(name="up_rows", moment="datetime(6)"),
            ("INSERT INTO up_rows VALUES (%s, %s, %s, %s, %s, %s, %s, %s)", typed_values(rows)),
        )

    def source(self, dsn: str = "", asked: dict[str, Any] | None = None) -> Source:
        from connectors.exchange_sql import ExchangeSqlTable

        endpoint = DatabaseEndpoint.model_validate({"dsn": dsn or mariadb.url(self.port)})
        return ExchangeSqlTable(declared(TYPED_ACCESS, asked=asked or live()), endpoint, patience=QUICK)

    def through(self, port: int) -> Source:
        return self.source(mariadb.url(port))

    def slow(self) -> AbstractContextManager[None]:
        return mariadb.locked(self.port, "up_rows")

    def away(self) -> Source:
        return self.source("mysql+pymysql://hub@127.0.0.1:1/exchange")

    def refused(self) -> Source:
        return self.source(mariadb.url(self.port, "another-not-a-secret"))

    def garbled(self) -> None:
        return None

    def repeated(self) -> None:
        return None


BLOB = """
CREATE TABLE cityinfo (unid varchar(36) PRIMARY KEY, createtime {moment}, action varchar(2), content {blob},
    state varchar(2))
"""
BLOB_ACCESS: dict[str, Any] = {
    "protocol": "exchange_blob",
    "table": "cityinfo",
    "cursor": "marker",
    "id_column": "unid",
    "time_column": "createtime",
    "document_column": "content",
    "document": "xml",
    "operation_column": "action",
    "marker": {"state_column": "state"},
    "page_size": PAGE,
    "statement_timeout_s": 5,
}


def document(row: Row) -> bytes:
    """The row as a document in GB 18030, as the provinces' front ends hold them."""
    from xml.sax.saxutils import escape

    inside = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in row.fields().items())
    return f'<?xml version="1.0" encoding="GB18030"?><record>{inside}</record>'.encode("gb18030")


def blob_values(rows: Sequence[Row]) -> list[tuple[Any, ...]]:
    # ids in an order of their own: nobody promises that a GUID grows
    return [
        (f"{sm3_hex(row.code.encode())[:12]}-{place}", row.time, row.operation.value, document(row), "0")
        for place, row in enumerate(rows)
    ]


@dataclass
class PostgresBlobWorld:
    url: str
    deletes = True
    receipts = True

    def __post_init__(self) -> None:
        run(self.url, BLOB.format(moment="timestamp", blob="bytea"))

    def put(self, rows: Sequence[Row]) -> None:
        run(self.url, "TRUNCATE cityinfo")
        for values in blob_values(rows):
            run(self.url, "INSERT INTO cityinfo VALUES (%s, %s, %s, %s, %s)", values)

    def source(self, dsn: str = "") -> Source:
        from connectors.exchange_blob import ExchangeBlob

        section = {"dsn": dsn or self.url, "write_dsn": dsn or self.url}
        endpoint = DatabaseEndpoint.model_validate(section)
        return ExchangeBlob(declared(BLOB_ACCESS, asked=live(stored="bytes")), endpoint, patience=QUICK)

    def through(self, port: int) -> Source:
        return self.source(at_port(self.url, port))

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0

    def slow(self) -> AbstractContextManager[None]:
        return locked(self.url, "cityinfo")

    def away(self) -> Source:
        return self.source("postgresql://127.0.0.1:1/x")

    def refused(self) -> Source:
        return self.source(with_password(self.url))

    def garbled(self) -> None:
        return None

    def repeated(self) -> None:
        return None


@dataclass
class MariaBlobWorld:
    """Here the marker is a table of its own."""

    port: int
    deletes = True
    receipts = True

    def put(self, rows: Sequence[Row]) -> None:
        mariadb.execute(
            self.port,
            "DROP TABLE IF EXISTS cityinfo",
            "DROP TABLE IF EXISTS provinceinfosync",
            BLOB.format(moment="datetime", blob="longblob"),
            "CREATE TABLE provinceinfosync (unid varchar(36) PRIMARY KEY)",
            ("INSERT INTO cityinfo VALUES (%s, %s, %s, %s, %s)", blob_values(rows)),
        )

    def source(self, dsn: str = "") -> Source:
        from connectors.exchange_blob import ExchangeBlob

        section = {"dsn": dsn or mariadb.url(self.port), "write_dsn": dsn or mariadb.url(self.port)}
        access = BLOB_ACCESS | {"marker": {"table": "provinceinfosync", "id_column": "unid"}}
        endpoint = DatabaseEndpoint.model_validate(section)
        return ExchangeBlob(declared(access, asked=live(stored="bytes")), endpoint, patience=QUICK)

    def through(self, port: int) -> Source:
        return self.source(mariadb.url(port))

    def slow(self) -> AbstractContextManager[None]:
        return mariadb.locked(self.port, "cityinfo")

    def away(self) -> Source:
        return self.source("mysql+pymysql://hub@127.0.0.1:1/exchange")

    def refused(self) -> Source:
        return self.source(mariadb.url(self.port, "another-not-a-secret"))

    def garbled(self) -> None:
        return None

    def repeated(self) -> None:
        return None


def csv_text(rows: Sequence[Row]) -> bytes:
    def quoted(values: Sequence[str]) -> str:
        return ",".join('"' + value.replace('"', '""') + '"' for value in values)

    lines = [quoted(COLUMNS), *(quoted(list(row.fields().values())) for row in rows), ""]
    return "\r\n".join(lines).encode("gb18030")


def put_day(folder: Path, rows: Sequence[Row]) -> None:
    day = folder / "20260301"
    day.mkdir(parents=True, exist_ok=True)
    body = csv_text(rows)
    (day / "rows_20260301.csv").write_bytes(body)
    says = {
        "file": "rows_20260301.csv",
        "rows": len(rows),
        "bytes": len(body),
        "sm3": sm3_hex(body),
        "encoding": "GB18030",
    }
    (day / "rows_20260301.ctl").write_text("".join(f"{key}={value}\n" for key, value in says.items()))


def daily_access(protocol: str) -> dict[str, Any]:
    return {
        "protocol": protocol,
        "prefix": "rows",
        "cursor": "file+offset",
        "page_size": PAGE,
        "timeout_s": 5,
        "receipts": True,
    }


@dataclass
class SftpWorld:
    stack: ExitStack
    folder: Path
    deletes = False
    receipts = True

    def __post_init__(self) -> None:
        (self.folder / "out").mkdir()
        server = sftp.Server(self.folder, sftp.host_key(self.folder / "key"))
        self.server = self.stack.enter_context(sftp.running(server))

    def put(self, rows: Sequence[Row]) -> None:
        put_day(self.folder / "out", rows)

    def source(self, **changes: Any) -> Source:
        from connectors.sftp_csv import SftpCsv

        endpoint = self.server.endpoints(**changes).section("hr", SftpEndpoint)
        return SftpCsv(declared(daily_access("sftp_csv")), endpoint, patience=QUICK)

    def away(self) -> Source:
        return self.source(port=1)

    def refused(self) -> Source:
        return self.source(password="another-not-a-secret")

    def garbled(self) -> None:
        return None

    def repeated(self) -> None:
        return None


@dataclass
class FolderWorld:
    folder: Path
    deletes = False
    receipts = True

    def put(self, rows: Sequence[Row]) -> None:
        put_day(self.folder, rows)

    def source(self, folder: Path | None = None) -> Source:
        from connectors.folder_csv import FolderCsv

        return FolderCsv(
            declared(daily_access("folder_csv")), FolderEndpoint(folder=folder or self.folder), patience=QUICK
        )

    def away(self) -> None:
        return None

    def refused(self) -> Source:
        return self.source(self.folder / "absent")

    def garbled(self) -> None:
        return None

    def repeated(self) -> None:
        return None


@dataclass
class CsvWorld:
    folder: Path
    deletes = False
    receipts = False

    def put(self, rows: Sequence[Row]) -> None:
        (self.folder / "rows.csv").write_bytes(csv_text(rows))

    def source(self, folder: Path | None = None) -> Source:
        from connectors.csv_file import CsvFiles

        access = {"protocol": "csv_file", "pattern": "*.csv", "cursor": "file+offset", "page_size": PAGE}
        return CsvFiles(declared(access), folder=folder or self.folder)

    def away(self) -> None:
        return None

    def refused(self) -> Source:
        return self.source(self.folder / "absent")

    def garbled(self) -> None:
        return None

    def repeated(self) -> None:
        return None


@dataclass
class XlsxWorld:
    """A workbook is a page, so the rows lie in several."""

    folder: Path
    deletes = False
    receipts = False

    def put(self, rows: Sequence[Row]) -> None:
        for known in self.folder.glob("*.xlsx"):
            known.unlink()
        for start in range(0, max(len(rows), 1), PAGE):
            book = openpyxl.Workbook()
            sheet = book.active
            assert sheet is not None
            sheet.append(["某区企业名单"])
            sheet.append(list(COLUMNS))
            for row in rows[start : start + PAGE]:
                sheet.append(list(row.fields().values()))
            book.save(self.folder / f"rows-{start:03}.xlsx")

    def source(self, folder: Path | None = None) -> Source:
        from connectors.xlsx_file import XlsxFiles

        access = {"protocol": "xlsx_file", "cursor": "file", "identifiers": ["code"]}
        return XlsxFiles(declared(access), folder=folder or self.folder)

    def away(self) -> None:
        return None

    def refused(self) -> Source:
        return self.source(self.folder / "absent")

    def garbled(self) -> None:
        return None

    def repeated(self) -> None:
        return None


def run(url: str, statement: str, values: Sequence[Any] | None = None) -> list[tuple[Any, ...]]:
    database = psycopg2.connect(url)
    try:
        with database, database.cursor() as cursor:
            cursor.execute(sql.SQL(statement), values)
            return cursor.fetchall() if cursor.description else []
    finally:
        database.close()


def at_port(url: str, port: int) -> str:
    parts = urlsplit(url)
    credentials = parts.netloc.rpartition("@")[0]
    return urlunsplit((parts.scheme, f"{credentials}@127.0.0.1:{port}", parts.path, "sslmode=disable", ""))


@contextmanager
def locked(url: str, table: str) -> Iterator[None]:
    """Nobody can read the table meanwhile."""
    database = psycopg2.connect(url)
    try:
        with database.cursor() as cursor:
            cursor.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(sql.Identifier(table)))
        yield
    finally:
        database.close()


def order(admin_url: str, kind: str | None, times: int = 1) -> None:
    """A fault of a sandbox service."""
    assert requests.post(f"{admin_url}/_fault", json={"kind": kind, "times": times}, timeout=5).status_code == 200


def with_password(url: str) -> str:
    head, _, rest = url.partition("@")
    return f"{head.rpartition(':')[0]}:another-not-a-secret@{rest}"


#: Those that can be asked about one person.
ASKABLE = ("rest_gateway", "soap_xml", "exchange_db", "exchange_blob")

#: name -> what it asks of pytest: "postgres", "mariadb" or nothing but a folder.
ADAPTERS: dict[str, str] = {
    "rest_gateway": "",
    "rest_gateway with refreshed secrets": "",
    "rest_gateway x-tif": "",
    "soap_xml": "",
    "exchange_db in PostgreSQL": "postgres",
    "exchange_db in MariaDB": "mariadb",
    "exchange_blob in PostgreSQL": "postgres",
    "exchange_blob in MariaDB": "mariadb",
    "sftp_csv": "",
    "folder_csv": "",
    "csv_file": "",
    "xlsx_file": "",
}


def build(name: str, stack: ExitStack, folder: Path, ask: Callable[[str], Any]) -> Any:
    """The world of an adapter; `ask` gives what `ADAPTERS` names."""
    match name:
        case "rest_gateway":
            return GatewayWorld(stack)
        case "rest_gateway with refreshed secrets":
            return GatewayWorld(stack, refreshes=True)
        case "rest_gateway x-tif":
            return GatewayWorld(stack, shape="x-tif")
        case "soap_xml":
            return SoapWorld(stack, folder)
        case "exchange_db in PostgreSQL":
            return PostgresTableWorld(ask("postgres"))
        case "exchange_db in MariaDB":
            return MariaTableWorld(ask("mariadb"))
        case "exchange_blob in PostgreSQL":
            return PostgresBlobWorld(ask("postgres"))
        case "exchange_blob in MariaDB":
            return MariaBlobWorld(ask("mariadb"))
        case "sftp_csv":
            return SftpWorld(stack, folder)
        case "folder_csv":
            return FolderWorld(folder)
        case "csv_file":
            return CsvWorld(folder)
        case "xlsx_file":
            return XlsxWorld(folder)
    raise KeyError(name)


def opened(name: str, folder: Path, ask: Callable[[str], Any]) -> Iterator[Any]:
    """For a fixture: the world, until the test is over."""
    with ExitStack() as stack:
        yield build(name, stack, folder, ask)
