"""Two processes read two parts of a resource at the very same time, and meet at records whose key has two spellings.

And the department goes on writing meanwhile.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg2
import pytest

from benchmarks.marriages import COLUMNS, RESOURCE, TABLE, fill, marriage, marriages
from connectors import registry
from connectors.access import TableAccess
from connectors.declaration import load_all
from core.clock import FixedClock
from core.settings import Settings
from hub import parts
from hub.collect import RowsMissing, collect
from hub.context import Hub, open_hub
from hub.parts import close_parts, collect_part, plan_parts
from hub.reading import Reading
from onebox.sandbox import as_toml
from store.connection import fetch_all
from tests.faults.state import collected_state
from tests.hub.conftest import NOON

_FORK = multiprocessing.get_context("fork")
ROWS = 3000
#: A blank in front sorts before every certificate number, so the second spelling is read by the first part.
OTHER = " J420112-2019-{:08d}"
#: Registrations of the second half that are written a second time.
TWICE = range(2000, 2900)
_OFFICE = COLUMNS.index("dept_name")


@pytest.fixture
def exchange(hub: Hub, new_database: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> str:
    """The exchange database, with a resource that is read in two parts."""
    url = new_database(copy_of="postgresql:///template0")
    hub.settings.sources_file.write_text(as_toml({"civil": {"dsn": url}}), encoding="utf-8")
    hub.settings.sources_file.chmod(0o600)
    known = load_all()[RESOURCE]
    assert isinstance(known.access, TableAccess)
    access = known.access.model_copy(update={"parts": 2, "rows_a_part": 10, "page_size": 250})
    changed = {**load_all(), RESOURCE: known.model_copy(update={"access": access})}
    monkeypatch.setattr(registry, "load_all", lambda: changed)
    return url


def _work(settings: Settings, part: int, begun: Any) -> None:
    class Counted(Reading):
        def run(self) -> None:
            with begun.get_lock():
                begun.value += 1
            super().run()

    parts.Reading = Counted  # type: ignore[misc,attr-defined]
    with open_hub(settings, FixedClock(NOON)) as own:
        collect_part(own, RESOURCE, part)


@contextmanager
def _first_pages_meet(hub: Hub, expected: int) -> Iterator[None]:
    """Let no head be written before so many transactions wait to, so that none of them sees what another did."""
    with closing(psycopg2.connect(hub.settings.database_url)) as holder, holder, holder.cursor() as cursor:
        cursor.execute("lock table record_head in share mode")
        yield
        end = time.monotonic() + 30
        waiting = (0,)
        while waiting[0] < expected:
            assert time.monotonic() < end, "the two processes did not meet"
            time.sleep(0.02)
            cursor.execute("select pg_stat_clear_snapshot()")
            cursor.execute(
                "select count(distinct pid) from pg_locks join pg_stat_activity using (pid) "
                "where not granted and datname = current_database()"
            )
            waiting = cursor.fetchone() or (0,)


def _read_at_once(hub: Hub) -> int:
    """Both parts by a process each, from the same moment; how often reading was begun."""
    planned = plan_parts(hub, RESOURCE)
    assert planned == [1, 2]
    begun = _FORK.Value("i", 0)
    workers = [_FORK.Process(target=_work, args=(hub.settings, part, begun)) for part in planned]
    with _first_pages_meet(hub, len(workers)):
        for worker in workers:
            worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0]
    closed = close_parts(hub, RESOURCE)
    assert closed is not None
    assert closed.counts.balanced and closed.counts.landed == closed.source_count
    return int(begun.value)


def _stands(hub: Hub, *, versions: bool) -> dict[str, Any]:
    state = collected_state(hub)
    if not versions:
        # Which of two editions came first decides whether the older ever stood.
        records = sorted(payload for payload, _ in state["records"][RESOURCE])
        return {"records": records, "quarantine": state["quarantine"]}
    return {name: state[name] for name in ("records", "rows", "history", "quarantine")} | {
        "counts": [row[4:] for row in state["counts"]]
    }


def _twice(office: str) -> list[list[str]]:
    rows = []
    for number in TWICE:
        row = marriage(number, certificate=OTHER.format(number), office=office)
        row[0] += "x"  # another row, a moment later
        row[3] = row[3][:-2] + "59"
        rows.append(row)
    return rows


def test_two_processes_at_once_end_as_one_reading(hub: Hub, exchange: str, other_hub: Callable[[], Hub]) -> None:
    fill(exchange, marriages(ROWS))
    assert _read_at_once(hub) == 2
    one = other_hub()
    assert collect(one, RESOURCE).counts.inserted == ROWS
    assert _stands(hub, versions=True) == _stands(one, versions=True)


@pytest.mark.parametrize("office", ["武汉市东西湖区民政局", "另一登记机关"], ids=["alike", "another edition"])
def test_one_key_in_two_spellings_is_one_record_though_two_parts_read_it(
    hub: Hub, exchange: str, other_hub: Callable[[], Hub], office: str
) -> None:
    fill(exchange, [*marriages(ROWS), *_twice(office)])
    assert _read_at_once(hub) > 2  # the one that came later had to read its page again
    one = other_hub()
    assert collect(one, RESOURCE).counts.landed == ROWS + len(TWICE)
    same = office == marriage(1)[_OFFICE]
    assert _stands(hub, versions=same) == _stands(one, versions=same)
    _no_record_twice(hub)


def test_records_that_stand_already_and_change_in_two_parts_keep_their_newest_edition(
    hub: Hub, exchange: str, other_hub: Callable[[], Hub]
) -> None:
    one = other_hub()
    fill(exchange, marriages(ROWS))
    for each in (hub, one):
        collect(each, RESOURCE)
    later = [*marriages(ROWS), *_twice("第三登记机关")]
    for row in later:
        row[0], row[3] = "z" + row[0], row[3].replace("2026-01", "2026-03")
        row[_OFFICE] = row[_OFFICE] + "（新）"
    fill(exchange, later)
    assert _read_at_once(hub) > 2
    collect(one, RESOURCE)
    assert _stands(hub, versions=False) == _stands(one, versions=False)
    _no_record_twice(hub)


def _when_first_landed(exchange: str, statement: str) -> Callable[[str], None]:
    """Have the department write once the first page has landed."""
    waiting = [statement]

    def on_step(step: str) -> None:
        if step == "page.landed" and waiting:
            with closing(psycopg2.connect(exchange)) as connection, connection, connection.cursor() as cursor:
                cursor.execute(waiting.pop())

    return on_step


def test_a_row_committed_late_is_found_by_the_parts_next_try(
    hub: Hub, exchange: str, other_hub: Callable[[], Hub]
) -> None:
    fill(exchange, marriages(1200))
    first, second = plan_parts(hub, RESOURCE)
    late = _when_first_landed(
        exchange,
        f"insert into {TABLE} select (jsonb_populate_record(m, jsonb_build_object('row_guid', 'late', 'cert_no', "
        f"'J420112-2019-00000000', 'cd_time', m.cd_time - interval '1 minute'))).* from {TABLE} m "
        "order by cd_time limit 1; "
        # and one that was not read goes, so that the number of rows is as it was
        f"delete from {TABLE} where row_guid in (select row_guid from {TABLE} "
        "where cert_no < 'J420112-2019-00000400' order by cd_time desc limit 1)",
    )
    with pytest.raises(RowsMissing):
        collect_part(hub, RESOURCE, first, late)
    collect_part(hub, RESOURCE, second)
    assert plan_parts(hub, RESOURCE) == [first]
    again = collect_part(hub, RESOURCE, first)
    assert (again.inserted, again.unchanged) == (1, again.landed - 1)
    closed = close_parts(hub, RESOURCE)
    assert closed is not None and closed.counts.landed == 1200
    one = other_hub()
    collect(one, RESOURCE)
    assert _stands(hub, versions=False) == _stands(one, versions=False)


def test_rows_that_change_while_a_part_is_read_are_no_difference(
    hub: Hub, exchange: str, other_hub: Callable[[], Hub]
) -> None:
    fill(exchange, marriages(1200))
    first, second = plan_parts(hub, RESOURCE)
    of_first = f"select row_guid from {TABLE} where cert_no < 'J420112-2019-00000400' order by cd_time"
    moving = _when_first_landed(
        exchange,  # one that was read, and one that was not
        f"update {TABLE} set dept_name = '另一登记机关', cd_time = '2026-06-01' "
        f"where row_guid in (({of_first} limit 1), ({of_first} desc limit 1))",
    )
    collect_part(hub, RESOURCE, first, moving)
    collect_part(hub, RESOURCE, second)
    closed = close_parts(hub, RESOURCE)
    assert closed is not None and closed.counts.landed == 1199
    assert collect(hub, RESOURCE).counts.accepted == 2
    one = other_hub()
    collect(one, RESOURCE)
    assert _stands(hub, versions=False) == _stands(one, versions=False)


def _no_record_twice(hub: Hub) -> None:
    """Every version of every record is told once, and one of them stands: the one its head names."""
    told = fetch_all(
        hub.connection,
        "select count(*) from (select key, version from record group by 1, 2 intersect "
        "select key, version from record_history) as both_there",
    )
    assert told == [(0,)]
    heads = "select key, version from record_head where digest is not null"
    stand = "select distinct key, version from record"
    for one, other in ((heads, stand), (stand, heads)):
        assert fetch_all(hub.connection, f"select count(*) from ({one} except {other}) as odd") == [(0,)]
