"""Drift: nothing is told of departments as they are, what changes is told once, and closed when it is over."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from connectors.registry import declaration, declarations
from core.clock import FixedClock
from hub.collect import collect
from hub.context import Hub, open_hub
from hub.drift import DriftWatch, accept, signals
from schemas.errors import SchemaUnknown
from store import batches
from store.connection import fetch_all
from store.drift import SignalClosed
from store.errors import NotInStore
from tests.departments import Departments
from tests.hub.conftest import NOON
from tests.schemas.conftest import _ROWS

PULLED = sorted(name for name, declared in declarations().items() if declared.reach.open)
TAX = "tax.registration"
COMPANY = "market.company"

Rows = list[dict[str, Any]]
Read = Callable[..., tuple[str, ...]]


def rows(count: int = 40, **values: Any) -> Rows:
    """So many good rows; a column set to None is left out."""
    made = {name: value for name, value in {**_ROWS[TAX], **values}.items() if value is not None}
    return [dict(made) for _ in range(count)]


@pytest.fixture
def read(hub: Hub) -> Read:
    """Reads pages of rows as one batch; gives the texts of new signals."""

    def batch(*pages: Sequence[dict[str, Any]]) -> tuple[str, ...]:
        begun = batches.begin_or_resume(hub.connection, TAX)
        watch = DriftWatch(hub, declaration(TAX))
        for page in pages:
            watch.look(page)
        told = watch.finish(begun.id)
        batches.finish(hub.connection, begun)
        return told

    return batch


def stand(hub: Hub) -> list[tuple[str, str, str, int, int]]:
    """Every signal's state, kind, column and counts."""
    return [(one.state, one.kind, one.column, one.count, one.of) for one in signals(hub, closed=True)]


@pytest.mark.parametrize("resource", PULLED)
def test_a_department_as_it_is_raises_nothing_however_often_it_is_read(
    hub: Hub, departments: Departments, resource: str
) -> None:
    departments.write_sources(hub.settings.sources_file)
    done = [collect(hub, resource), collect(hub, resource), collect(hub, resource, from_start=True)]
    assert [one.drift for one in done] == [(), (), ()]
    assert signals(hub, closed=True) == []


def test_a_new_column_is_told_once_keeps_its_counts_and_closes_when_it_is_gone(hub: Hub, read: Read) -> None:
    assert read(rows()) == ()
    assert read(rows(30) + rows(10, XINLIE="1")) == ("unknown column xinlie: 10 of 40",)
    assert read(rows(20, xinlie="2")) == ()
    assert stand(hub) == [("open", "unknown column", "xinlie", 20, 20)]
    assert read(rows()) == ()
    assert stand(hub) == [("gone", "unknown column", "xinlie", 20, 20)]
    (signal,) = signals(hub, closed=True)
    assert (signal.first_batch, signal.last_batch, signal.closed_by) == (2, 3, "4")
    assert signals(hub) == []
    assert read(rows(xinlie="1")) == ("unknown column xinlie: 40 of 40",)


def test_a_missing_column_is_told_when_the_sample_is_large_enough_to_tell(hub: Hub, read: Read) -> None:
    assert read(rows()) == ()
    assert read(rows(1, zgbm=None)) == ()
    assert stand(hub) == []
    assert read(rows(20, zgbm=None)) == ("missing column zgbm: 21 of 21",)
    assert read(rows(3)) == ()
    assert stand(hub)[0][0] == "open"
    assert read(rows(20)) == ()
    assert stand(hub)[0][0] == "gone"


def test_small_batches_add_up_until_they_can_be_judged(hub: Hub, read: Read) -> None:
    assert read(rows()) == ()
    told = [read(rows(6, djrq="昨天")) for _ in range(4)]
    assert told == [(), (), (), ("changed type djrq: 24 of 24 (now text)",)]


def test_the_same_few_rows_read_again_and_again_do_not_add_up(hub: Hub, departments: Departments) -> None:
    departments.write_sources(hub.settings.sources_file)
    collect(hub, "civil.social_org")
    for _ in range(2):
        collect(hub, "civil.social_org", from_start=True)
    kept = fetch_all(hub.connection, "select rows, judged from drift_profile order by batch")
    assert kept[0] == (14, False) and kept[1:] == [(14, True), (14, True)]


def test_words_outside_the_value_set_and_another_writing_are_told_with_their_counts(hub: Hub, read: Read) -> None:
    read(rows(100))
    assert read(rows(30) + rows(10, qyzt="清算中")) == ("changed value set qyzt: 10 of 40 (now text)",)
    assert read(rows(djrq="20160203")) == ("changed type djrq: 40 of 40 (before date yyyy-MM-dd, now date yyyyMMdd)",)
    # what is still so is told anew by nobody, what is over is closed
    assert read(rows(djrq="20160203")) == ()
    assert [one[:3] for one in stand(hub)] == [("gone", "changed value set", "qyzt"), ("open", "changed type", "djrq")]


def test_a_few_bad_values_are_a_matter_of_their_records(hub: Hub, read: Read) -> None:
    read(rows(100))
    assert read(rows(38) + rows(2, djrq="昨天", qyzt="不明")) == ()
    # 2 of 5 values are 40 %, and two values all the same
    assert read(rows(35, fzch="") + rows(3, djrq="2016-02-03") + rows(2, djrq="昨天")) == ()


def test_what_was_rare_before_is_not_new_when_it_comes(hub: Hub, read: Read) -> None:
    read(rows(20))
    # none among 20 may still be a share of 15 %
    assert read(rows(35) + rows(5, djrq="20160203")) == ()
    assert read(rows(10) + rows(30, djrq="20160203")) == ()  # and has been learned by now


def test_a_column_that_lost_all_its_values_is_told_where_some_were_to_be_expected(hub: Hub, read: Read) -> None:
    read(rows(38, fzch="") + rows(2, fzch="2016-02-03"))
    assert read(rows(40, fzch="", zgbm="")) == ("emptied column zgbm: 40 of 40 (40 values before)",)


def test_accepting_makes_the_present_column_the_new_normal(hub: Hub, read: Read) -> None:
    read(rows(100))
    read(rows(xinlie="1", djrq="20160203", zgbm=None, qyzt="清算中"))
    numbers = {one.kind: one.id for one in signals(hub)}
    assert set(numbers) == {"unknown column", "changed type", "missing column", "changed value set"}
    for number in numbers.values():
        assert accept(hub, number, who="王工").state == "accepted"
    assert read(rows(xinlie="1", djrq="20160203", zgbm=None, qyzt="清算中")) == ()
    assert signals(hub) == []
    # another change of the same column is a new signal
    assert read(rows(xinlie="1", djrq="2016年2月3日", zgbm=None, qyzt="清算中")) == (
        "changed type djrq: 40 of 40 (before date yyyyMMdd, now date, otherwise written)",
    )
    with pytest.raises(SignalClosed, match="HUB-731"):
        accept(hub, numbers["changed type"], who="王工")
    with pytest.raises(NotInStore):
        accept(hub, 10**6, who="王工")


def test_another_writing_that_was_accepted_hides_no_values_that_cannot_be_read(hub: Hub, read: Read) -> None:
    read(rows(100))
    read(rows(djrq="20160203"))
    accept(hub, signals(hub)[0].id, who="王工")
    assert read(rows(djrq="昨天")) == ("changed type djrq: 40 of 40 (now text)",)


def test_too_few_values_of_a_column_say_neither_that_it_is_well_nor_that_it_is_not(hub: Hub, read: Read) -> None:
    read(rows(100))
    read(rows(djrq="昨天"))
    assert read(rows(30, djrq="") + rows(10)) == ()
    assert stand(hub)[0][0] == "open"
    read(rows(20, djrq="") + rows(20))
    assert stand(hub)[0][0] == "gone"


def test_more_of_what_was_accepted_is_told_again(hub: Hub, read: Read) -> None:
    read(rows(100))
    read(rows(36) + rows(4, qyzt="清算中"))
    accept(hub, signals(hub)[0].id, who="王工")
    assert read(rows(35) + rows(5, qyzt="清算中")) == ()
    assert read(rows(20) + rows(20, qyzt="清算中")) == ("changed value set qyzt: 20 of 40 (now text)",)


def test_the_sample_is_bounded_and_even_over_the_pages(hub: Hub, read: Read) -> None:
    pages = [rows(100)] * 60 + [rows(100, xinlie="1")] * 20
    began = time.perf_counter()
    (told,) = read(*pages)
    assert time.perf_counter() - began < 5
    ((seen, profile),) = fetch_all(hub.connection, "select rows, profile from drift_profile")
    assert 500 <= seen <= 1000
    assert abs(profile["columns"]["xinlie"]["present"] / seen - 0.25) < 0.01
    assert told.startswith("unknown column xinlie: ")


def test_the_sample_does_not_fall_into_step_with_the_pages(hub: Hub, read: Read) -> None:
    read(*[rows(1, xinlie="1") + rows(2)] * 2000)
    ((seen, profile),) = fetch_all(hub.connection, "select rows, profile from drift_profile")
    assert abs(profile["columns"]["xinlie"]["present"] / seen - 1 / 3) < 0.01


def test_pages_that_come_as_an_iterator_are_looked_at_too(hub: Hub, read: Read) -> None:
    def page() -> Iterable[dict[str, Any]]:
        yield from rows(40, xinlie="1")

    assert read(page(), page()) == ("unknown column xinlie: 80 of 80",)


def test_a_batch_that_another_process_takes_up_is_judged_by_both_parts(hub: Hub, read: Read) -> None:
    read(rows())
    begun = batches.begin_or_resume(hub.connection, TAX)
    first = DriftWatch(hub, declaration(TAX))
    first.look(rows(30))
    assert first.finish(begun.id) == ()
    with open_hub(hub.settings, FixedClock(NOON)) as other:
        second = DriftWatch(other, declaration(TAX))
        second.look(rows(10, xinlie="1"))
        assert second.finish(begun.id) == ("unknown column xinlie: 10 of 40",)
        assert second.finish(begun.id) == ()
    assert stand(hub) == [("open", "unknown column", "xinlie", 10, 40)]


def test_no_value_gets_into_the_store_not_even_as_a_columns_name(hub: Hub, read: Read) -> None:
    citizen, name = "420112198001011015", "张三丰"
    strange = {citizen: "1", name: "2", "a" * 200: "3", "zhang 13971234567": "4", f"id{citizen}": "5"}
    read(rows(), rows(40, **strange))
    crowd = [{**rows(1)[0], f"列{number}": "x"} for number in range(300)]
    read(crowd)
    stored = json.dumps(
        [
            [str(row) for row in fetch_all(hub.connection, f"select row(t)::text from {table} t")]
            for table in ("drift_profile", "drift_normal", "drift_signal")
        ],
        ensure_ascii=False,
    )
    values = [value for value in rows(1)[0].values() if value]
    for told in (*strange, *values, "13971234567"):
        assert told not in stored, told
    assert "列" not in stored
    masked = [one.column for one in signals(hub) if one.column.startswith("~")]
    assert len(masked) == len(set(masked)) > 5 and "~more" in masked
    # the same name has the same mask
    (told,) = read(rows(40, **{name: "2"}))
    assert told.removeprefix("unknown column ").removesuffix(": 40 of 40") in {
        one.column for one in signals(hub, closed=True) if one.state == "gone"
    }


def test_a_real_file_with_another_column_and_another_writing_lands_and_is_told_of(
    hub: Hub, departments: Departments, tmp_path: Path
) -> None:
    departments.write_sources(hub.settings.sources_file)
    assert collect(hub, COMPANY).drift == ()
    header, *lines = Path(departments.ready["market"]["file"]).read_text(encoding="utf-8-sig").splitlines()
    day = re.compile(r"\b(\d{4})-(\d\d)-(\d\d)\b")
    changed = tmp_path / "companies.csv"
    changed.write_text("\n".join([f"{header},Remark", *(day.sub(r"\1.\2.\3", line) + "," for line in lines)]), "utf-8")
    done = collect(hub, COMPANY, file=changed)
    assert done.counts.landed == len(lines)
    assert [text.partition(":")[0] for text in done.drift] == ["changed type registered_on", "unknown column remark"]


def test_a_schema_nobody_knows_is_an_error_of_the_caller(hub: Hub) -> None:
    watch = DriftWatch(hub, declaration(TAX).model_copy(update={"schema_name": "tax.nothing"}))
    watch.look(rows())
    with pytest.raises(SchemaUnknown):
        watch.finish(1)
