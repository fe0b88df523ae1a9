"""What a run came to, told the way a person enjoys reading it: sources, licences with two verdicts, what waits."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from core.settings import Settings
from hub.archive_store import ArchiveStore
from hub.inspect import inspect_package
from hub.register import IssuedLicence
from hub.report import Summary
from hub.verify import verify_file
from onebox import second_opinion

#: A terminal narrower than this gets less in a row.
_WIDE = 100
#: A longer list is for `hub licences`, not for the end of a run.
_MOST_ROWS = 15
_VERDICTS = {
    "valid": Text("valid 有效", style="green"),
    "invalid": Text("INVALID 无效", style="bold red"),
    "cannot_tell": Text("cannot tell 无法判断", style="yellow"),
    "agrees": Text("agrees 一致", style="green"),
    "disagrees": Text("DISAGREES 不一致", style="bold red"),
    "not asked": Text("not asked 未询问", style="dim"),
}


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What was found of one licence's files as they lie on disk, after the run and apart from it."""

    licence: IssuedLicence
    ours: str
    openssl: str
    package: str

    @property
    def good(self) -> bool:
        return (self.ours, self.package) == ("valid", "valid") and self.openssl != "disagrees"


def judge(settings: Settings, licences: Sequence[IssuedLicence]) -> Iterator[Verdicts]:
    """Verify each licence and package again as they lie on disk."""
    ask = second_opinion.available()
    store = ArchiveStore.of(settings)
    for licence in licences:
        document = (settings.home / licence.path).read_bytes() if licence.path else b""
        package = store.get(licence.package_path) if licence.package_path else b""
        yield Verdicts(
            licence,
            ours=verify_file(document, settings).verdict.value,
            openssl=_openssl(document) if ask else "not asked",
            package=inspect_package(package, settings).verdict.value,
        )


def show(console: Console, settings: Settings, summary: Summary, verdicts: Sequence[Verdicts]) -> None:
    """Print everything; on something else than a terminal without colours, the same words."""
    narrow = console.width < _WIDE
    console.print(_sources(summary, narrow=narrow))
    if any(source.reasons for source in summary.sources):
        console.print(_reasons(summary))
    if summary.not_open:
        told = f"Not open 未开通: {len(summary.not_open)} declared sources nobody can reach yet; see hub sources."
        console.print(told, highlight=False)
        console.print()
    console.print(_licences(verdicts, narrow=narrow))
    _say_more(console, len(verdicts), "hub licences")
    if summary.waiting:
        console.print(_waiting(summary))
        _say_more(console, len(summary.waiting), "hub licences --waiting")
    if summary.not_granted:
        console.print(f"Not granted 不予或撤回: {summary.not_granted} approvals; no licence follows.", highlight=False)
    if summary.packed_ended:
        told = f"{summary.packed_ended} cases that ended without a licence are archived too."
        console.print(f"Ended without one 无证办结: {told}", highlight=False)
    console.print()
    _say_places(console, settings, verdicts)


def _openssl(document: bytes) -> str:
    try:
        opinions = second_opinion.second_opinion(document)
    except ValueError:
        return "disagrees"
    return "agrees" if opinions and all(opinion.agrees for opinion in opinions) else "disagrees"


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)


def _sources(summary: Summary, *, narrow: bool) -> Table:
    table = _table("Sources 数据来源    pulled 拉取 = accepted 新收 + unchanged 未变 + quarantined 隔离")
    table.add_column("resource")
    table.add_column("department" if narrow else "department, title")
    # the title says what they are called in English
    for heading in ("拉取", "新收", "未变", "隔离") if narrow else ("pulled", "accepted", "unchanged", "quarantined"):
        table.add_column(heading, justify="right")
    table.add_column("" if narrow else "balance")
    for source in summary.sources:
        balanced = source.pulled == source.accepted + source.unchanged + source.quarantined
        table.add_row(
            source.resource,
            source.department if narrow else f"{source.department} {source.title}",
            f"{source.pulled:,}",
            f"{source.accepted:,}",
            f"{source.unchanged:,}",
            f"{source.quarantined:,}",
            Text("✓" if narrow else "= ✓", style="green") if balanced else Text("≠", style="bold red"),
        )
    columns = ((s.pulled, s.accepted, s.unchanged, s.quarantined) for s in summary.sources)
    total = [sum(part) for part in zip(*columns, strict=True)]
    table.add_section()
    table.add_row("", "all 合计", *(f"{number:,}" for number in total), "")
    return table


def _reasons(summary: Summary) -> Table:
    table = _table("Why rows were set aside 隔离原因    (a row may have several)")
    table.add_column("code")
    table.add_column("reason", overflow="fold")  # Chinese has no spaces to break at
    table.add_column("rows", justify="right")
    table.add_column("of which from", overflow="fold")
    words: dict[str, str] = {}
    where: dict[str, Counter[str]] = {}
    for source in summary.sources:
        for code, text, count in source.reasons:
            words[code] = text
            where.setdefault(code, Counter())[source.department] += count
    for code, by_department in sorted(where.items()):
        most_first = " · ".join(f"{department} {count:,}" for department, count in by_department.most_common())
        table.add_row(code, words[code], f"{by_department.total():,}", most_first)
    return table


def _licences(verdicts: Sequence[Verdicts], *, narrow: bool) -> Table:
    stamped = sum(bool(found.licence.timestamped) for found in verdicts)
    counted = f"{len(verdicts)}, with a timestamp 带时间戳 {stamped}"
    table = _table(f"Licences issued, sealed and archived 已核发、盖章、归档    {counted}")
    table.add_column("number 证照编号", no_wrap=True)
    if not narrow:
        table.add_column("type")
    for heading in ("ours", "openssl", "package") if narrow else ("our verifier", "openssl", "archive package"):
        table.add_column(heading, no_wrap=True)
    for found in sorted(verdicts, key=lambda one: one.good)[:_MOST_ROWS]:  # what is wrong first, else as issued
        said = [_VERDICTS[verdict] for verdict in (found.ours, found.openssl, found.package)]
        if narrow:
            table.add_row(found.licence.number, *(text[: text.plain.rindex(" ")] for text in said))
        else:
            table.add_row(found.licence.number, found.licence.type_title, *said)
    return table


def _waiting(summary: Summary) -> Table:
    table = _table(f"Waiting for evidence 待补证据    {len(summary.waiting)} granted, not issued")
    table.add_column("approval")
    table.add_column("what is lacking", overflow="fold")
    for row in summary.waiting[:_MOST_ROWS]:
        table.add_row(row.approval, "\n".join(row.lines()))
    return table


def _say_more(console: Console, number: int, command: str) -> None:
    if number > _MOST_ROWS:
        console.print(f" … and {number - _MOST_ROWS} more; while `make serve` runs: {command}\n", highlight=False)


def _say_places(console: Console, settings: Settings, verdicts: Sequence[Verdicts]) -> None:
    home = _near(settings.home)
    table = Table.grid(padding=(0, 3))
    table.add_column(style="dim", no_wrap=True)
    table.add_row("Licences 证照", f"{home}/licences/")
    kept = f"{home}/archive" if settings.archive is None else ArchiveStore.of(settings).where
    table.add_row("Archive packages 归档信息包", f"{kept}/")
    table.add_row("Trusted root 信任根", f"{_near(settings.keys)}/demo/")
    console.print(table, highlight=False)
    first = next((found.licence for found in verdicts if found.licence.path and found.licence.package_path), None)
    if first is None:
        return
    # `hub` looks into ./var by itself; a world that lies elsewhere has to be named
    usual = home == "var"
    hub = ".venv/bin/hub" if usual else f"HUB_HOME={shlex.quote(home)} .venv/bin/hub"
    serve = "make serve" if usual else f"make serve ARGS={shlex.quote('--var ' + home)}"
    console.print("\n[dim]Try next 接着试试[/]")
    for command in (
        f"{hub} verify {home}/{first.path}",
        f"{hub} render {home}/{first.path} --out {home}",
        *((f"{hub} archive check {home}/{first.package_path}",) if settings.archive is None else ()),
        f"{serve}    # and beside it: {hub} sources",
    ):
        console.print(f"  {command}", highlight=False, soft_wrap=True, markup=False)


def _near(path: Path) -> str:
    """The path as it is typed from here."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
