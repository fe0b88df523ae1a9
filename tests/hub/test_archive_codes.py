"""Each electronic file has one 档号 for good, and every number is accounted for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from archive.errors import CodesUnfit
from archive.reading import read_case
from core.clock import FixedClock
from core.settings import Mode, Settings
from hub.archive_codes import CodeNotOpen, account, codes_of, give_up
from hub.caller import Caller, CallerKind, operator
from hub.context import Hub, open_hub
from hub.deposit_ended import deposit_ended
from hub.issue import decide
from hub.successions import ArchivistNeeded
from store import archive_codes, archive_packages
from store.archive_codes import Code
from store.connection import fetch_all, transaction
from tests.faults.test_at_once import run_at_once
from tests.hub.conftest import NOON

SHIPPED = Path(__file__).parents[2] / "archive" / "codes_demo.toml"


def _make(running: int) -> Code:
    return Code(f"T-{running:04}", "T", "c", "2026", "Y", "u", str(running))


def test_packages_bear_their_number_and_the_account_has_it(ready: Hub) -> None:
    decide(ready)
    packed = deposit_ended(ready).packed
    codes = []
    for file_no in packed:
        filed = archive_packages.by_file_no(ready.connection, file_no)
        assert filed is not None and filed.archive_code is not None
        code = read_case((ready.settings.home / filed.path).read_bytes()).archive_code
        assert code is not None and code.text == filed.archive_code
        assert archive_codes.owner(ready.connection, filed.archive_code) == file_no
        codes.append(filed.archive_code)
    assert len(set(codes)) == len(packed)
    found = account(ready)
    assert (found.sound, found.without, found.verified) == (True, 0, False)
    assert sum(one.assigned for one in found.series) == sum(one.last for one in found.series) == len(packed)


def test_without_a_fonds_no_number_is_given_and_this_is_said(ready: Hub) -> None:
    text = SHIPPED.read_text().replace('fonds = "测试001"', "")
    (ready.settings.home / "archive-codes.toml").write_text(text)
    decide(ready)
    packed = deposit_ended(ready).packed
    assert packed
    found = account(ready)
    assert (found.fonds, found.without, found.series) == (None, len(packed), ())


def test_an_item_the_rule_says_nothing_of_stays_unpacked(ready: Hub) -> None:
    text = SHIPPED.read_text().replace('category = "演示"', "")
    (ready.settings.home / "archive-codes.toml").write_text(text)
    decide(ready)
    done = deposit_ended(ready)
    assert done.packed == () and {code for _, code in done.left} == {"HUB-738"}
    assert fetch_all(ready.connection, "select * from archive_code") == []


def test_production_takes_no_made_up_rule(settings: Settings) -> None:
    assert codes_of(settings).fonds == "测试001"
    assert codes_of(replace(settings, mode=Mode.PRODUCTION)).fonds is None
    (settings.home / "archive-codes.toml").write_bytes(b"\xff")
    with pytest.raises(CodesUnfit):
        codes_of(settings)


def test_a_file_keeps_its_number(hub: Hub) -> None:
    take = [archive_codes.reserve(hub.connection, name, "s", _make, NOON).text for name in ("a", "b", "a", "c")]
    assert take == ["T-0001", "T-0002", "T-0001", "T-0003"]


def test_files_that_are_numbered_at_once_never_share_one(hub: Hub) -> None:
    settings = hub.settings

    def work(process: int) -> None:
        with open_hub(settings, FixedClock(NOON)) as own:
            for number in range(20):
                archive_codes.reserve(own.connection, f"{process}-{number}", "s", _make, NOON)

    assert run_at_once(3, work) == [0, 0, 0]
    running = fetch_all(hub.connection, "select running from archive_code order by 1")
    assert [row[0] for row in running] == list(range(1, 61))


def test_what_is_not_accounted_for_is_found(hub: Hub, give: Callable[[str], None]) -> None:
    for name in ("a", "b", "c", "d"):
        archive_codes.reserve(hub.connection, name, "s", _make, NOON)
    give_up(hub, "T-0002", "并入另一电子文件", operator())
    (series,) = account(hub).series
    assert account(hub).sound
    assert [code for code, _ in series.open] == ["T-0001", "T-0003", "T-0004"]
    assert [(code, file_no) for code, file_no, _ in series.void] == [("T-0002", "b")]
    give("delete from archive_code where file_no = 'c'")
    (series,) = account(hub).series
    assert (series.missing, account(hub).sound) == ((3,), False)


@pytest.fixture
def give(hub: Hub) -> Callable[[str], None]:
    """Do something to the database behind the hub's back."""

    def run(statement: str) -> None:
        with transaction(hub.connection) as cursor:
            cursor.execute(statement)

    return run


def test_only_an_open_number_is_given_up_and_only_by_an_archivist(hub: Hub) -> None:
    archive_codes.reserve(hub.connection, "a", "s", _make, NOON)
    clerk = Caller(CallerKind.CLERK, "c", "窗口", "bureau", "审批局", roles=frozenset({"clerk"}))
    with pytest.raises(ArchivistNeeded):
        give_up(hub, "T-0001", "x", clerk)
    give_up(hub, "T-0001", "x", operator())
    for code in ("T-0001", "T-0009"):
        with pytest.raises(CodeNotOpen):
            give_up(hub, code, "x", operator())
