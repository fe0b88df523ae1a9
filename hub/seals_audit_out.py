"""What an audit of seals leaves behind: a table for Excel, a page, and a report to each organ whose licences it met."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Final, TextIO

from core.clock import SHANGHAI
from core.errors import Permanent
from hub.files import DiskRefuses
from hub.seals_audit import AuditRow, Standing
from hub.seals_tally import Tally
from hub.seals_walk import SUFFIXES

if TYPE_CHECKING:
    from jinja2 import Environment

#: So many rows are shown on a page; a browser on a telephone takes no more. The table has them all.
PAGE_ROWS: Final = 2000
_TEMPLATES: Final = Path(__file__).parent / "templates"
#: What a spreadsheet takes for the begin of a formula, in both widths.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
#: A number of so many digits a spreadsheet would round.
_ROUNDED: Final = 12
_VERDICTS: Final = {"valid": "有效", "invalid": "无效", "cannot_tell": "无法判断", "": ""}
_HEAD: Final = (
    "文件", "结论", "问题代码", "问题", "证照名称", "证照编号", "电子证照标识", "颁发机构", "签章日期", "印章名称",
    "签章者证书", "文件核验", "登记状态", "归属机关", "归属机关代码", "处理",
)  # fmt: skip
UNKNOWN_OWNER: Final = "unknown"


class AuditOutputRefused(Permanent):
    """An audit's result would be written over a licence, or to where no file can be."""

    code: ClassVar[str] = "HUB-934"


def to_do(row: AuditRow) -> str:
    """What is to be done about a file, in Chinese."""
    if row.standing is Standing.KEEPS:
        return ""
    if row.standing in (Standing.CANNOT_TELL, Standing.UNREADABLE) or not row.owner_code:
        return "人工核查"
    if not row.ours:
        return f"报告归属机关（{row.owner}），本单位不作改动"
    return f"以现行印章换发新版本：{reseal_command(row.issuer_code)}"


def reseal_command(issuer_code: str) -> str:
    """The command by which our own get a new version."""
    return f"hub licences reseal --organ {issuer_code}"


def check_outputs(files: Sequence[Path], folders: Sequence[Path] = ()) -> None:
    """Return when the results can be written where they are asked for; nothing is written.

    Raises:
        AuditOutputRefused: one is a licence by its name, a folder where a file is due, or a file where a folder is.
    """
    for file in files:
        if file.suffix.lower() in SUFFIXES or file.is_dir():
            raise AuditOutputRefused(
                f"{file} is a folder, or a licence by its name, and an audit writes over no licence; nothing was read "
                "or written. Give a file that ends with .csv or .html."
            )
    for folder in folders:
        if folder.exists() and not folder.is_dir():
            raise AuditOutputRefused(f"{folder} is no folder; nothing was read or written. Give a folder for reports.")


class Outputs:
    """Takes rows as they come and writes what was asked for; nothing of it is there before all of it is.

    Args:
        table: the CSV file; None for none.
        page: the HTML page.
        reports: folder for one table and one covering page an owner.
        what: what was looked at, for people.
        bureau: who asks, for the reports.
    """

    def __init__(
        self,
        *,
        table: Path | None,
        page: Path | None,
        reports: Path | None,
        what: str,
        bureau: str,
        at: datetime,
    ) -> None:
        self._page, self._reports = page, reports
        self._what, self._bureau, self._at = what, bureau, at
        self._stack = ExitStack()
        self._table = None if table is None else self._stack.enter_context(_table(table))
        self._by_owner: dict[str, Any] = {}
        self._rows: list[AuditRow] = []
        self.tally = Tally()
        self.reports: list[Path] = []

    def __enter__(self) -> Outputs:
        return self

    def add(self, row: AuditRow) -> None:
        """One file's row. Those that keep the rule are counted and not listed."""
        self.tally.add(row)
        if row.standing is Standing.KEEPS:
            return
        if self._table is not None:
            self._table.writerow(_cells(row))
        if len(self._rows) < PAGE_ROWS and self._page is not None:
            self._rows.append(row)
        if self._reports is not None and not row.ours and row.standing is not Standing.UNREADABLE:
            self._of_owner(self._reports, row).writerow(_cells(row))

    def _of_owner(self, folder: Path, row: AuditRow) -> Any:
        name = row.owner_code or UNKNOWN_OWNER
        found = self._by_owner.get(name)
        if found is None:
            found = self._by_owner[name] = self._stack.enter_context(_table(folder / f"{name}.csv"))
            self.reports.append(folder / f"{name}.csv")
        return found

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._write_told()
        except BaseException as failure:
            self._stack.__exit__(type(failure), failure, failure.__traceback__)
            raise
        self._stack.__exit__(kind, error, trace)

    def _write_told(self) -> None:
        if self._page is not None:
            self._write_page(self._page)
        if self._reports is not None:
            self._write_letters(self._reports)

    def _write_page(self, path: Path) -> None:
        with _beside(path) as file:
            file.write(
                _environment()
                .get_template("seals_audit.html")
                .render(
                    what=self._what,
                    bureau=self._bureau,
                    at=self._at.astimezone(SHANGHAI),
                    tally=self.tally,
                    rows=self._rows,
                    left_out=self.tally.wrong - len(self._rows),
                    standings=list(Standing),
                    to_do=to_do,
                    verdicts=_VERDICTS,
                    reseal=[(reseal_command(code), number) for code, number in sorted(self.tally.reseal.items())],
                )
            )

    def _write_letters(self, folder: Path) -> None:
        for name in self._by_owner:
            owner, number = self.tally.owners["" if name == UNKNOWN_OWNER else name]
            path = folder / f"{name}.html"
            with _beside(path) as file:
                file.write(
                    _environment()
                    .get_template("seals_report.html")
                    .render(
                        owner=owner,
                        code=name,
                        number=number,
                        bureau=self._bureau,
                        what=self._what,
                        at=self._at.astimezone(SHANGHAI),
                        table=f"{name}.csv",
                    )
                )
            self.reports.append(path)


def safe_cell(value: str) -> str:
    """A cell that no spreadsheet takes for a formula or rounds: where it would, an apostrophe stands before it."""
    if value.startswith(_FORMULA) or (len(value) >= _ROUNDED and value.isdecimal()):
        return f"'{value}"
    return value


def _cells(row: AuditRow) -> list[str]:
    cells = (
        row.path,
        row.standing.zh,
        " ".join(one.word for one in row.wrong),
        "；".join(one.zh for one in row.wrong),
        row.licence,
        row.number,
        row.identifier,
        row.issuer,
        row.signed_on.isoformat() if row.signed_on is not None else "",
        "；".join(row.seals),
        "；".join(row.signers),
        _VERDICTS[row.verdict],
        row.status,
        row.owner,
        row.owner_code,
        to_do(row),
    )
    return [safe_cell(one) for one in cells]


@contextmanager
def _table(path: Path) -> Iterator[Any]:
    """A CSV file as Excel opens it: UTF-8 with its mark, CRLF, a heading."""
    with _beside(path, encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(_Refusing(file, path), lineterminator="\r\n")
        writer.writerow(_HEAD)
        yield writer


class _Refusing:
    """Turns a full disk into an error that says which file."""

    def __init__(self, file: TextIO, path: Path) -> None:
        self._file, self._path = file, path

    def write(self, text: str) -> int:
        try:
            return self._file.write(text)
        except OSError as error:
            raise _refused(self._path, error) from None


@contextmanager
def _beside(path: Path, *, encoding: str = "utf-8", newline: str | None = None) -> Iterator[TextIO]:
    """Written beside and renamed into place when all of it is there. Raises DiskRefuses."""
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = part.open("w", encoding=encoding, newline=newline, errors="replace")
    except OSError as error:
        raise _refused(path, error) from None
    done = False
    try:
        with file:
            yield file
            done = True
        part.replace(path)
    except OSError as error:
        raise _refused(path, error) from None
    finally:
        if not done:
            part.unlink(missing_ok=True)


def _refused(path: Path, error: OSError) -> DiskRefuses:
    return DiskRefuses(
        f"{path} was not written: {error.strerror}. No licence was touched. Make room, or name another place, then run "
        "the audit again."
    )


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined)
