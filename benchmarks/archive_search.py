"""The archive's catalogue searched with a million packages in it, by everything people search by.

    python -m benchmarks.archive_search [PACKAGES]

As many holders as the district has (129,121), each with its share of the packages; one in six once had another name.
What is timed is `hub.find_packages.find`, with its entry in the audit log, as a page would call it: the first search of
a kind on a cold connection is left out, every further one asks for somebody else. The floor is the round trip of a
primary key; the peer for pieces of names is PostgreSQL's own pg_trgm (`folded like '%…%'` on a trigram index).
Only the catalogue is filled: there are no files behind it.
"""

from __future__ import annotations

import io
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from uuid import UUID

from benchmarks.reseal import world
from hub.caller import operator
from hub.context import Hub, open_hub
from hub.find_packages import Bounds, find
from schemas.identifiers.credit import check_character
from schemas.names import folded
from store.connection import fetch_all, transaction

PACKAGES, HOLDERS, ROUNDS = 1_000_000, 129_121, 300
_FIRST = date(2016, 1, 1)
_PLACES = ("武汉", "武汉市", "湖北", "武汉东西湖", "武汉（东西湖）", "湖北省")
_SIGNS = "鑫源盛达恒泰宏图华美佳和顺兴隆瑞丰天成金辉永康新科联创智慧云海江南北斗长青百合博雅文昌明德厚道诚信通远航宇"
_TRADES = ("商贸", "科技", "餐饮管理", "物流", "医疗器械", "文化传媒", "建筑工程", "电子商务", "食品", "装饰设计")
_ENDS = ("有限公司", "有限责任公司", "股份有限公司", "合伙企业（有限合伙）", "经营部", "便利店")
_PARTS = (("设立", 50), ("变更", 30), ("备案", 15), ("注销", 4), ("监督", 1))


def _name(chance: random.Random) -> str:
    signs = "".join(chance.choices(_SIGNS, k=chance.choice((2, 2, 3, 4))))
    return f"{chance.choice(_PLACES)}{signs}{chance.choice(_TRADES)}{chance.choice(_ENDS)}"


def _number(at: int) -> str:
    first = f"91420112MA{at:07d}"
    return first + check_character(first)


def _copied(hub: Hub, table: str, columns: str, rows: Iterator[Sequence[object]]) -> None:
    lines = io.StringIO()
    for row in rows:
        lines.write("\t".join(r"\N" if value is None else str(value) for value in row) + "\n")
    lines.seek(0)
    with transaction(hub.connection) as cursor:
        cursor.copy_expert(f"copy {table} ({columns}) from stdin", lines)


def fill(hub: Hub, packages: int) -> list[str]:
    """Fill the catalogue; the holders' names."""
    chance = random.Random(20261129)
    names = [_name(chance) for _ in range(HOLDERS)]
    former = {at: _name(chance) for at in range(0, HOLDERS, 6)}
    days = (date(2026, 11, 1) - _FIRST).days

    def key(name: str) -> str:
        return rf"\\x{hub.subject('holder_name', folded(name)).hex()}"

    parties = [UUID(int=at + 1) for at in range(HOLDERS)]
    _copied(hub, "archive_party", "id, kind", ((party, "company") for party in parties))
    _copied(
        hub, "archive_identity", "subject, kind, party, since, basis",
        ((rf"\\x{hub.subject('company', _number(at)).hex()}", "company", party, _FIRST, "x")
         for at, party in enumerate(parties)),
    )  # fmt: skip
    _copied(
        hub, "archive_name", "party, key, name, folded, since",
        ((parties[at], key(name), name, folded(name), since)
         for since, told in ((_FIRST, former.items()), (date(2020, 1, 1), enumerate(names))) for at, name in told),
    )  # fmt: skip
    _copied(
        hub, "archive_package", "file_no, sm3, bytes, path, made_at",
        ((f"420112-X-{at:08d}", rf"\\x{at:064x}", 200_000, "x", "2026-11-01") for at in range(packages)),
    )  # fmt: skip
    weights = [weight for _, weight in _PARTS]
    _copied(
        hub, "archive_record",
        "file_no, party, project_no, item, item_name, licence_number, archive_code, stage, outcome, accepted_on, "
        "decided_on, retention, organ",
        ((f"420112-X-{at:08d}", parties[at % HOLDERS], f"P{at:09d}", f"I{at % 47}", "某事项",
          f"鄂武东西湖食字〔{2016 + at % 11}〕第{at:08d}号", f"T001-XK·{2016 + at % 11}-Y-{at:08d}",
          chance.choices(_PARTS, weights)[0][0], "准予", day, day, "永久", "审批局")
         for at in range(packages) for day in (_FIRST + timedelta(days=chance.randrange(days)),)),
    )  # fmt: skip
    hub.connection.autocommit = True
    with hub.connection.cursor() as cursor:
        cursor.execute("create extension if not exists pg_trgm")
        cursor.execute("create index on archive_name using gin (folded gin_trgm_ops)")
        cursor.execute("vacuum analyze")
    hub.connection.autocommit = False
    return names


def _timed(ask: Callable[[int], int], rounds: int) -> tuple[float, float, float, float]:
    """Median, 95th and last percentile in ms, and hits on average."""
    ask(0)
    took, hits = [], 0
    for at in range(1, rounds + 1):
        began = time.perf_counter()
        hits += ask(at)
        took.append((time.perf_counter() - began) * 1000)
    took.sort()
    return statistics.median(took), took[int(0.95 * len(took))], took[-1], hits / rounds


def main() -> None:
    packages = int(sys.argv[1].replace(",", "")) if len(sys.argv) > 1 else PACKAGES
    with world() as settings, open_hub(settings) as hub:
        began = time.perf_counter()
        names = fill(hub, packages)
        print(f"{packages:,} packages of {HOLDERS:,} holders filled in {time.perf_counter() - began:,.0f} s")
        report(hub, names, packages, random.Random(7))


def report(hub: Hub, names: Sequence[str], packages: int, chance: random.Random) -> None:
    """Time every kind of search and print a table."""
    who = operator()

    def asked(text: str, bounds: Bounds | None = None) -> int:
        found = find(hub, text, who, bounds=bounds)
        return len(found.packages) or len(found.parties)

    def trigrams(at: int) -> int:
        del at
        piece = chance.choice(names)[2:5].replace("%", "")
        asked = "select party from archive_name where folded like %s limit 21"
        return len(fetch_all(hub.connection, asked, (f"%{piece}%",)))

    def day(at: int) -> Bounds:
        since = _FIRST + timedelta(days=(at * 97) % 3900)
        return Bounds(since=since, until=since + timedelta(days=30))

    kinds: dict[str, Callable[[int], int]] = {
        "floor: one row by primary key": lambda at: len(
            fetch_all(hub.connection, "select 1 from archive_record where file_no = %s", (f"420112-X-{at:08d}",))
        ),
        "credit code": lambda at: asked(_number((at * 7919) % HOLDERS)),
        "whole name": lambda at: asked(names[(at * 7919) % HOLDERS]),
        "beginning of a name (6 signs)": lambda at: asked(names[(at * 7919) % HOLDERS][:6]),
        "piece of a name (3 signs)": lambda at: asked(names[(at * 7919) % HOLDERS][2:5]),
        "peer: the same piece by pg_trgm": trigrams,
        "piece all have (有限公司)": lambda _: asked("有限公司"),
        "beginning all have (武汉)": lambda _: asked("武汉"),
        "piece nobody has": lambda at: asked(f"龘{at % 10}龘"),
        "licence number": lambda at: asked(f"鄂武东西湖食字[{2016 + at % 11}]第{at:08d}号"),
        "档号": lambda at: asked(f"T001-XK.{2016 + at % 11}-Y-{at:08d}"),
        "case number": lambda at: asked(f"P{(at * 3301) % packages:09d}"),
        "file number": lambda at: asked(f"420112-X-{(at * 3301) % packages:08d}"),
        "a month": lambda at: asked("", day(at)),
        "a part (监督)": lambda _: asked("", Bounds(stage="监督")),
        "a part nobody has (迁移)": lambda _: asked("", Bounds(stage="迁移")),
        "an item in a month": lambda at: asked("", Bounds(day(at).since, day(at).until, item=f"I{at % 47}")),
    }
    print(f"{'searched by':<36}{'median':>9}{'p95':>9}{'most':>9}{'hits':>7}")
    for what, ask in kinds.items():
        median, high, most, hits = _timed(ask, ROUNDS)
        print(f"{what:<36}{median:>7.2f}ms{high:>7.2f}ms{most:>7.2f}ms{hits:>7.1f}")


if __name__ == "__main__":
    main()
