"""Rows that arrive late, share a second with others, or bear the stamp of a clock that moved: none is lost, none twice.

Where a row cannot be found by reading on, the collect must stop with an error that names the resource; it may never
end well with a row missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

import psycopg2
import pytest
from psycopg2 import sql

from connectors import registry
from connectors.declaration import load_all
from core.clock import FixedClock
from core.errors import HubError
from core.settings import Settings
from hub.collect import collect
from hub.context import open_hub
from onebox.sandbox import as_toml
from schemas.judge import judge
from store import records
from tests.connectors.gateway import RID, SECRET, SID, Gateway, running
from tests.departments import Departments
from tests.faults.conftest import NOON, FreshHub

#: When the rows of the night were written; the hub reads them at noon.
NIGHT = NOON.replace(hour=2, tzinfo=None)
_NIGHTLY = range(10, 15)


class Source(Protocol):
    """A department whose good rows are numbered; rows of one second come in the order of their numbers."""

    resource: str

    def write(self, row: int, moment: datetime) -> None:
        """The row with this number, stamped with this moment."""
        ...

    def section(self) -> dict[str, dict[str, str]]:
        """Its part of the sources file."""
        ...

    def empty(self) -> None:
        """Take every row away."""
        ...


@dataclass
class Table:
    """An exchange table of marriages."""

    url: str
    rows: list[dict[str, Any]]
    resource: str = "civil.marriage"

    def write(self, row: int, moment: datetime) -> None:
        values = self.rows[row] | {"cd_time": moment, "row_guid": f"{row:06d}", "cd_operation": "I"}
        names = sql.SQL(", ").join(map(sql.Identifier, values))
        given = sql.SQL(", ").join(map(sql.Placeholder, values))
        _run(self.url, sql.SQL("insert into up_marriage ({}) values ({})").format(names, given), values)

    def empty(self) -> None:
        _run(self.url, "truncate up_marriage")

    def section(self) -> dict[str, dict[str, str]]:
        return {"civil": {"dsn": self.url}}


@dataclass
class Desk:
    """A gateway of tax registrations."""

    gateway: Gateway
    rows: list[dict[str, Any]]
    resource: str = "tax.registration"

    def write(self, row: int, moment: datetime) -> None:
        self.gateway.rows.append(self.rows[row] | {"update_time": f"{moment:%Y-%m-%d %H:%M:%S}"})

    def empty(self) -> None:
        self.gateway.rows.clear()

    def section(self) -> dict[str, dict[str, str]]:
        return {"tax": {"base_url": self.gateway.url, "rid": RID, "secret": SECRET, "sid_registration": SID}}


@dataclass
class Case:
    """A source and a hub that reads it."""

    source: Source
    settings: Settings
    written: set[int] = field(default_factory=set)

    def write(self, row: int, moment: datetime) -> None:
        self.source.write(row, moment)
        self.written.add(row)

    def collect(self, at: datetime = NOON) -> HubError | None:
        """What a collect ended with."""
        with open_hub(self.settings, FixedClock(at)) as hub:
            try:
                collect(hub, self.source.resource)
            except HubError as error:
                return error
        return None

    def night(self, clock_off: timedelta = timedelta()) -> None:
        """The rows of one night are written, by a clock that may be off."""
        for row in _NIGHTLY:
            self.write(row, NIGHT + clock_off)

    def nothing_is_missing(self, at: datetime = NOON) -> None:
        """The next collects find every row once, or one of them stops and says where."""
        stopped = self.collect(at) or self.collect(at)
        if stopped is not None:
            assert f"{self.source.resource}: " in str(stopped)
            return
        with open_hub(self.settings, FixedClock(at)) as hub:
            held = [record.version for record in records.of_resource(hub.connection, hub.vault, self.source.resource)]
        assert len(held) == len(self.written), f"{len(self.written) - len(held)} rows are lost and nobody said so"
        assert set(held) == {1}, "a row that did not change has a new version"


def _run(url: str, statement: sql.Composable | str, values: Any = None) -> None:
    connection = psycopg2.connect(url)
    with connection, connection.cursor() as cursor:
        cursor.execute(statement, values)
    connection.close()


def _good_rows(departments: Departments, resource: str) -> list[dict[str, Any]]:
    """Rows of the sandbox that will be accepted, one a key, in the order of their keys."""
    declared = registry.declaration(resource)
    source = registry.open_source(declared, departments.endpoints())
    good = {}
    for page in source.pages({}):
        for row in source.records(page):
            record = judge(declared.schema_name, row.fields).record
            if record is not None:
                good[str(row.fields[declared.key[0]])] = dict(row.fields)
    return [good[key] for key in sorted(good)]


_RESOURCES = {"table": "civil.marriage", "gateway": "tax.registration"}


@pytest.fixture(scope="module")
def good_rows(departments: Departments) -> dict[str, list[dict[str, Any]]]:
    return {resource: _good_rows(departments, resource) for resource in _RESOURCES.values()}


@pytest.fixture(params=_RESOURCES)
def case(
    request: pytest.FixtureRequest,
    good_rows: dict[str, list[dict[str, Any]]],
    fresh_hub: FreshHub,
    new_database: Callable[[], str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Case]:
    settings = fresh_hub()
    resource = _RESOURCES[request.param]
    rows = good_rows[resource]
    declared = load_all()[resource]
    # Three rows a page, so that a night is more than one page.
    changes: dict[str, Any] = {"page_size": 3}
    if request.param == "gateway":
        changes["requests_per_second"] = 100
    small = declared.model_copy(update={"access": declared.access.model_copy(update=changes)})
    monkeypatch.setattr(registry, "load_all", lambda: {**load_all(), resource: small})
    if request.param == "table":
        url = new_database()
        columns = ", ".join(f'"{name}" text' for name in rows[0] if name not in ("cd_time", "row_guid"))
        _run(url, f"create table up_marriage ({columns}, row_guid text primary key, cd_time timestamp)")
        source: Source = Table(url, rows)
        settings.sources_file.write_text(as_toml(source.section()), encoding="utf-8")
        yield Case(source, settings)
        return
    with running(Gateway()) as gateway:
        source = Desk(gateway, rows)
        settings.sources_file.write_text(as_toml(source.section()), encoding="utf-8")
        yield Case(source, settings)


def test_rows_of_the_last_second_that_come_behind_the_last_one_are_found(case: Case) -> None:
    case.night()
    assert case.collect() is None
    case.write(20, NIGHT)
    case.nothing_is_missing()


def test_rows_of_the_last_second_that_come_before_the_last_one_are_found(case: Case) -> None:
    case.night()
    assert case.collect() is None
    case.write(3, NIGHT)
    case.nothing_is_missing()


@pytest.mark.parametrize("late_s", [1, 60])
def test_a_row_committed_late_with_an_older_stamp_is_found(case: Case, late_s: int) -> None:
    case.night()
    assert case.collect() is None
    case.write(20, NIGHT - timedelta(seconds=late_s))
    case.nothing_is_missing()


def test_a_late_row_is_found_beside_newer_ones(case: Case) -> None:
    case.night()
    assert case.collect() is None
    case.write(20, NIGHT - timedelta(seconds=30))
    case.write(3, NIGHT + timedelta(minutes=30))
    case.nothing_is_missing()


def test_rows_of_a_clock_that_was_set_back_are_found_or_missed_aloud(case: Case) -> None:
    case.night()
    assert case.collect() is None
    for row in (1, 2, 20):
        case.write(row, NIGHT - timedelta(hours=8) + timedelta(minutes=row))
    case.nothing_is_missing()


def test_rows_behind_those_of_a_clock_that_ran_ahead_are_found_or_missed_aloud(case: Case) -> None:
    """The clock stood 24 hours ahead; put right, it stamps what comes next before what was read."""
    case.night(clock_off=timedelta(hours=24))
    stopped = case.collect()
    if stopped is not None:
        assert f"{case.source.resource}: " in str(stopped)
        case.source.empty()
        case.night()
    for row in (1, 2, 20):
        case.write(row, NIGHT + timedelta(hours=11))
    case.nothing_is_missing(at=NOON + timedelta(hours=2))


def test_an_ordinary_night_after_another_is_read_once(case: Case) -> None:
    case.night()
    assert case.collect() is None
    for row in (1, 2, 20):
        case.write(row, NIGHT + timedelta(days=1))
    case.nothing_is_missing(at=NOON + timedelta(days=1))
