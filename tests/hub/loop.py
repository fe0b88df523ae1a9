"""A department a test plays by hand: it hands rows over by one protocol and gets bad ones back by its channel.

The servers are real: a gateway, a PostgreSQL exchange database, folders. One resource, tax.registration, is
reached by each in turn.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

import openpyxl
import pytest

from connectors import registry
from connectors.declaration import Declaration, load_all
from core.clock import SHANGHAI
from core.digest import sm3_hex
from onebox.sandbox import as_toml
from sandbox.keyed_gateway import GatewayServer, KeyedGateway
from tests.connectors.worlds import SECRET, run
from tests.schemas.rows import citizen, company

RESOURCE = "tax.registration"
COLUMNS = ("nsrsbh", "nsrmc", "shxydm", "fddbrxm", "sfzhm", "djrq", "qyzt", "update_time")
#: Last digit of the citizen number changed: R-011.
SPOILT = "R-011 公民身份号码校验码不符（sfzhm）"


class MovingClock:
    """A clock that stands where the test puts it."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment

    def go_to(self, day: date, hour: int = 9) -> None:
        self.moment = datetime(day.year, day.month, day.day, hour, tzinfo=SHANGHAI)


def row(number: int, moment: str, *, good: bool = True, name: str = "某某食品有限公司") -> dict[str, str]:
    """A registration as it is written at `moment`; bad ones have a wrong check character."""
    person = citizen("420112", date(1980, 1, 1 + number % 28), number)
    if not good:
        person = person[:-1] + ("1" if person[-1] != "1" else "2")
    code = company("420112", f"MA4K{number:05}"[:9])
    return {
        "nsrsbh": code, "nsrmc": name, "shxydm": code, "fddbrxm": "张三丰", "sfzhm": person, "djrq": "2020-01-02",
        "qyzt": "正常", "update_time": moment,
    }  # fmt: skip


@dataclass(frozen=True)
class Returned:
    """One row as the department finds it on its side."""

    reference: str
    fields: Mapping[str, str]
    remark: str


class Department(Protocol):
    """Hands over and gets back."""

    access: dict[str, Any]
    rejected: dict[str, Any]

    def section(self) -> dict[str, Any]: ...

    def put(self, rows: Sequence[Mapping[str, str]]) -> None:
        """Write further rows, later than all before."""
        ...

    def returned(self) -> list[Returned]: ...

    def shut(self) -> dict[str, Any]:
        """Its section of the sources file where nobody answers."""
        ...


@dataclass
class TableDepartment:
    """An exchange database with an error table."""

    url: str
    access: dict[str, Any] = field(
        default_factory=lambda: {
            "protocol": "exchange_db",
            "table": "up_rows",
            "cursor": "cd_time+row_guid",
            "page_size": 5,
        }
    )
    rejected: dict[str, Any] = field(default_factory=lambda: {"channel": "error_table", "table": "dn_rows_error"})
    _written: int = 0

    def __post_init__(self) -> None:
        own = ", ".join(f"{name} varchar(200)" for name in COLUMNS)
        control = "row_guid varchar(36) primary key, cd_batch varchar(32), cd_operation varchar(2), cd_time timestamp"
        run(self.url, f"CREATE TABLE up_rows ({control}, data_source varchar(3), {own})")
        run(
            self.url,
            f"CREATE TABLE dn_rows_error ({control}, data_source varchar(3), {own}, error_remark varchar(512))",
        )

    def section(self) -> dict[str, Any]:
        return {"dsn": self.url, "write_dsn": self.url}

    def shut(self) -> dict[str, Any]:
        return {"dsn": self.url, "write_dsn": "postgresql://127.0.0.1:1/nobody"}

    def put(self, rows: Sequence[Mapping[str, str]]) -> None:
        for one in rows:
            self._written += 1
            values = [f"g{self._written:05}", "b", "U", one["update_time"], "420", *(one[name] for name in COLUMNS)]
            run(self.url, f"INSERT INTO up_rows VALUES ({', '.join(['%s'] * len(values))})", values)

    def returned(self) -> list[Returned]:
        found = run(self.url, f"SELECT cd_batch, error_remark, {', '.join(COLUMNS)} FROM dn_rows_error ORDER BY 1, 3")
        return [Returned(line[0], dict(zip(COLUMNS, line[2:], strict=True)), line[1]) for line in found]


@dataclass
class GatewayDepartment:
    """A signed gateway that takes rows back; whatever is posted twice it knows by reference and part."""

    stack: ExitStack
    access: dict[str, Any] = field(
        default_factory=lambda: {
            "protocol": "rest_gateway",
            "path": "rows",
            "sid": "sid_rows",
            "cursor": "update_time",
            "page_size": 5,
            "requests_per_second": 10_000,
            "timeout_s": 2,
        }
    )
    rejected: dict[str, Any] = field(default_factory=lambda: {"channel": "gateway", "path": "returned", "page_size": 2})
    gateway: KeyedGateway = field(default_factory=lambda: KeyedGateway(key="nsrsbh", secret=SECRET))

    def __post_init__(self) -> None:
        self.url = self.stack.enter_context(GatewayServer(self.gateway)).url

    def section(self) -> dict[str, Any]:
        return {
            "base_url": self.url, "rid": self.gateway.rid, "secret": SECRET, "sid_rows": self.gateway.sid,
        }  # fmt: skip

    def shut(self) -> dict[str, Any]:
        return self.section() | {"base_url": "http://127.0.0.1:1"}

    def put(self, rows: Sequence[Mapping[str, str]]) -> None:
        self.gateway.rows = [*self.gateway.rows, *(dict(one) for one in rows)]

    def returned(self) -> list[Returned]:
        parts = {(str(body["reference"]), body["part"]): body for _, body in self.gateway.posted}
        return sorted(
            (
                Returned(reference, one["fields"], "；".join(one["reasons"]))
                for (reference, _), body in parts.items()
                for one in body["rows"]  # type: ignore[attr-defined]
            ),
            key=lambda one: (one.reference, one.fields["nsrsbh"]),
        )


@dataclass
class FolderDepartment:
    """Daily files on a mounted share, and a folder for what comes back."""

    folder: Path
    access: dict[str, Any] = field(
        default_factory=lambda: {
            "protocol": "folder_csv",
            "prefix": "rows",
            "cursor": "file+offset",
            "page_size": 5,
            "timeout_s": 5,
        }
    )
    rejected: dict[str, Any] = field(
        default_factory=lambda: {"channel": "error_file", "folder": "back", "prefix": "rows", "encoding": "GB18030"}
    )
    _days: int = 0

    def __post_init__(self) -> None:
        (self.folder / "back").mkdir(parents=True)

    def section(self) -> dict[str, Any]:
        return {"folder": str(self.folder)}

    def shut(self) -> dict[str, Any]:
        return {"folder": str(self.folder / "not mounted")}

    def put(self, rows: Sequence[Mapping[str, str]]) -> None:
        self._days += 1
        day = f"202603{self._days:02}"
        (self.folder / day).mkdir()
        body = _csv(rows, "utf-8")
        (self.folder / day / f"rows_{day}.csv").write_bytes(body)
        says = {
            "file": f"rows_{day}.csv",
            "rows": len(rows),
            "bytes": len(body),
            "sm3": sm3_hex(body),
            "encoding": "UTF-8",
        }
        (self.folder / day / f"rows_{day}.ctl").write_text("".join(f"{name}={value}\n" for name, value in says.items()))

    def returned(self) -> list[Returned]:
        found = []
        for path in sorted((self.folder / "back").glob("*.ctl")):
            text = path.with_suffix(".csv").read_bytes().decode("gb18030")
            reference = path.name.removeprefix("rows_").removesuffix(".err.ctl")
            found += [
                Returned(reference, {name: line[name] for name in COLUMNS}, line["error_remark"])
                for line in csv.DictReader(io.StringIO(text))
            ]
        return sorted(found, key=lambda one: (one.reference, one.fields["nsrsbh"]))


@dataclass
class OfficeDepartment:
    """An office that puts CSV files into a drop folder and gets a workbook by hand."""

    folder: Path
    home: Path
    access: dict[str, Any] = field(
        default_factory=lambda: {"protocol": "csv_file", "pattern": "*.csv", "cursor": "file+offset", "page_size": 5}
    )
    rejected: dict[str, Any] = field(default_factory=lambda: {"channel": "workbook"})
    _files: int = 0

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)

    def section(self) -> dict[str, Any]:
        return {"folder": str(self.folder)}

    def shut(self) -> dict[str, Any]:
        raise NotImplementedError("a workbook needs nobody")

    def put(self, rows: Sequence[Mapping[str, str]]) -> None:
        self._files += 1
        (self.folder / f"{self._files:03}.csv").write_bytes(_csv(rows, "utf-8"))

    def returned(self) -> list[Returned]:
        found = []
        for path in sorted((self.home / "returns" / RESOURCE).glob("*.xlsx")):
            sheet = openpyxl.load_workbook(path).active
            assert sheet is not None
            lines = [["" if cell is None else str(cell) for cell in line] for line in sheet.iter_rows(values_only=True)]
            reference = path.stem.removeprefix(f"{RESOURCE}-")
            assert lines[1][0].startswith(f"批次 {reference}，")
            for line in lines[3:]:
                named = dict(zip(lines[2], line, strict=True))
                fields = {name: named[name] for name in COLUMNS}
                found.append(Returned(reference, fields, named["问题"].replace("\n", "；") + "；" + lines[1][0]))
        return sorted(found, key=lambda one: (one.reference, one.fields["nsrsbh"]))


CHANNELS = ("error_table", "error_file", "gateway", "workbook")


def department(channel: str, stack: ExitStack, folder: Path, home: Path, database: Callable[[], str]) -> Department:
    """The department that takes rows back by `channel`."""
    match channel:
        case "error_table":
            return TableDepartment(database())
        case "error_file":
            return FolderDepartment(folder / "share")
        case "gateway":
            return GatewayDepartment(stack)
        case "workbook":
            return OfficeDepartment(folder / "drop", home)
    raise KeyError(channel)


def declare(monkeypatch: pytest.MonkeyPatch, department: Department, **changes: Any) -> Declaration:
    """Have the resource reached the department's way, for as long as the test lasts."""
    known = load_all()[RESOURCE]
    changed = Declaration.model_validate(
        known.model_dump(by_alias=True)
        | {"columns": COLUMNS, "optional": (), "ignored": ()}
        | {"access": department.access, "rejected": department.rejected, "live": None}
        | changes
    )
    every = {**load_all(), RESOURCE: changed}
    monkeypatch.setattr(registry, "load_all", lambda: every)
    return changed


def write_sources(path: Path, section: Mapping[str, Any]) -> None:
    """The sources file with one department in it."""
    path.write_text(as_toml({"tax": dict(section)}), encoding="utf-8")
    path.chmod(0o600)


def _csv(rows: Sequence[Mapping[str, str]], encoding: str) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode(encoding)
