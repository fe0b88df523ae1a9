"""From set aside to closed, by every channel: sent back once, due by working days, overdue, corrected."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from connectors.outgoing.port import ReturnRefused, ReturnUnavailable
from connectors.retrying import Patience
from core.clock import SHANGHAI
from core.settings import Settings
from hub import judging
from hub.answers import Answer
from hub.collect import collect
from hub.context import Hub, open_hub
from hub.quarantine import entries, retry, retry_changed
from hub.quarantine_acts import DismissRefused, ExportRefused, dismiss, export
from hub.returns import HandoverRefused, confirm, is_worked, listed, loops, send_back
from hub.review import carry_out, carry_out_said, questions
from store.connection import fetch_all
from store.errors import NotInStore
from tests.hub.loop import (
    CHANNELS,
    COLUMNS,
    RESOURCE,
    SPOILT,
    Department,
    MovingClock,
    declare,
    department,
    row,
    write_sources,
)

#: A Monday. Ten working days on, over no holiday.
MONDAY = date(2026, 3, 2)
DUE = "2026-03-16"


@dataclass
class Loop:
    """A hub, its department, and the clock both live by."""

    hub: Hub
    department: Department
    clock: MovingClock

    def collect(self) -> None:
        collect(self.hub, RESOURCE)

    def stages(self) -> dict[str, int]:
        (found,) = [loop for loop in loops(self.hub) if loop.resource == RESOURCE]
        return {stage: number for stage, number in found.stages.items() if number}

    def reach(self, section: dict[str, Any]) -> None:
        write_sources(self.hub.settings.sources_file, section)


@pytest.fixture
def looped(
    settings: Settings, new_database: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Loop]]:
    quick = Patience(tries=1, first_wait_s=0.01, longest_wait_s=0.01)
    for module in ("error_table", "error_file", "gateway_call"):
        monkeypatch.setattr(f"connectors.outgoing.{module}.Patience", lambda: quick)
    with ExitStack() as stack:

        def make(channel: str = "error_table", **changes: Any) -> Loop:
            its = department(channel, stack, tmp_path, settings.home, new_database)
            declare(monkeypatch, its, **changes)
            write_sources(settings.sources_file, its.section())
            clock = MovingClock(datetime(2026, 3, 2, 9, 30, tzinfo=SHANGHAI))
            hub = stack.enter_context(open_hub(settings, clock))
            return Loop(hub, its, clock)

        yield make


@pytest.mark.parametrize("channel", CHANNELS)
def test_set_aside_sent_back_corrected_collected_closed(looped: Callable[..., Loop], channel: str) -> None:
    loop = looped(channel)
    bad = [row(number, "2026-03-01 00:00:00", good=False) for number in (1, 2, 3)]
    loop.department.put([*bad, row(4, "2026-03-01 00:00:00")])
    loop.collect()
    assert loop.stages() == {"waiting": 3}

    done = send_back(loop.hub, RESOURCE)
    (sending,) = done.sendings
    assert (sending.rows, sending.channel, sending.due, sending.due_verified) == (3, channel, DUE, False)
    back = loop.department.returned()
    assert {one.reference for one in back} == {sending.reference}
    assert [dict(one.fields) for one in back] == sorted(bad, key=lambda one: one["nsrsbh"])
    assert all(SPOILT in one.remark for one in back)
    if channel in ("error_table", "workbook"):
        assert all(f"请于 {DUE} 前（含当日，期限未核实）核对更正" in one.remark for one in back)
    if channel == "workbook":
        assert (loop.stages(), sending.told) == ({"handover": 3}, "to hand over")
        assert sending.place is not None
        assert stat.S_IMODE(Path(sending.place).stat().st_mode) == 0o600
        assert Path(sending.place).parent == loop.hub.settings.home / "returns" / RESOURCE
        assert confirm(loop.hub, sending.reference, who="tester").told == "sent"
    assert loop.stages() == {"sent": 3}
    assert {entry.stage_words() for entry in entries(loop.hub, resource=RESOURCE, state="open", limit=9)} == {
        f"已退回 sent, due {DUE} 未核实"
    }
    again = send_back(loop.hub, RESOURCE)
    assert (again.sendings, loop.department.returned()) == ((), back)

    loop.clock.go_to(date(2026, 3, 5))
    loop.department.put([row(number, "2026-03-04 00:00:00") for number in (1, 2)])
    loop.collect()
    assert loop.stages() == {"sent": 1, "corrected": 2}
    assert [one.still_open for one in listed(loop.hub)] == [1]

    loop.clock.go_to(date(2026, 3, 16), hour=23)
    assert loop.stages() == {"sent": 1, "corrected": 2}
    loop.clock.go_to(date(2026, 3, 17))
    assert loop.stages() == {"overdue": 1, "corrected": 2}
    assert [one.told for one in listed(loop.hub, only_open=True)] == ["overdue"]
    assert send_back(loop.hub, RESOURCE).sendings == ()
    (second,) = send_back(loop.hub, RESOURCE, again=True).sendings
    assert second.reference != sending.reference
    assert (second.rows, second.due) == (1, "2026-03-31")

    loop.clock.go_to(date(2026, 3, 18))
    loop.department.put([row(3, "2026-03-17 00:00:00")])
    loop.collect()
    assert loop.stages() == {"corrected": 3}
    told = [one.told for one in listed(loop.hub)]
    assert told == ["answered", "answered"]
    assert len(loop.department.returned()) == 4


@pytest.mark.parametrize("channel", ["error_table", "error_file", "gateway"])
def test_a_channel_that_is_down_leaves_the_sending_prepared_for_the_next_try(
    looped: Callable[..., Loop], channel: str
) -> None:
    loop = looped(channel)
    loop.department.put([row(1, "2026-03-01 00:00:00", good=False)])
    loop.collect()
    loop.reach(loop.department.shut())
    # a share that is not mounted cannot be told from one that is not ours to use
    kind = ReturnRefused if channel == "error_file" else ReturnUnavailable
    with pytest.raises(kind, match="stay in quarantine, unsent") as caught:
        send_back(loop.hub, RESOURCE)
    assert _personal(str(caught.value)) == []
    (left,) = listed(loop.hub)
    assert (left.state, left.tries) == ("failed" if channel == "error_file" else "prepared", 1)
    assert left.trouble is not None and left.trouble.startswith(kind.code)
    assert loop.stages() == {"waiting": 1}

    loop.department.put([row(2, "2026-03-02 00:00:00", good=False)])
    loop.reach(loop.department.section())
    loop.collect()
    loop.clock.go_to(date(2026, 3, 3))
    first, second = send_back(loop.hub, RESOURCE).sendings
    assert (first.reference, first.due, first.tries, first.trouble) == (left.reference, "2026-03-17", 2, None)
    assert first.reference != second.reference
    assert [one.reference for one in loop.department.returned()].count(first.reference) == 1
    assert loop.stages() == {"sent": 2}


def test_the_day_an_answer_is_due_passes_over_a_holiday(looped: Callable[..., Loop]) -> None:
    loop = looped("error_table", clocks={"correction_working_days": 5, "verified": True})
    loop.department.put([row(1, "2026-03-01 00:00:00", good=False)])
    loop.collect()
    # 2026: 国庆 1 to 7 October is off, Saturday 10 October is worked
    loop.clock.go_to(date(2026, 9, 30))
    (sending,) = send_back(loop.hub, RESOURCE).sendings
    assert (sending.due, sending.due_verified) == ("2026-10-13", True)
    loop.clock.go_to(date(2026, 10, 13))
    assert loop.stages() == {"sent": 1}
    loop.clock.go_to(date(2026, 10, 14))
    assert loop.stages() == {"overdue": 1}


def test_a_working_morning_is_one_by_the_holiday_table(looped: Callable[..., Loop]) -> None:
    loop = looped()
    worked = {}
    for day in (date(2026, 10, 1), date(2026, 10, 9), date(2026, 10, 10), date(2026, 10, 11)):
        loop.clock.go_to(day)
        worked[day.day] = is_worked(loop.hub)
    # a holiday, a Friday, a Saturday worked in exchange, a Sunday
    assert worked == {1: False, 9: True, 10: True, 11: False}


def test_an_answer_nobody_gave_changes_nothing_and_names_nobody(looped: Callable[..., Loop]) -> None:
    loop = looped("workbook")
    loop.department.put([row(1, "2026-03-01 00:00:00", good=False)])
    loop.collect()
    send_back(loop.hub, RESOURCE)
    (question,) = questions(loop.hub)
    asked = {"resource": RESOURCE, "upto": question.upto, "references": question.references}
    for option in (Answer.NOT_NOW, Answer.HANDED_OVER):
        said = {"chosen_options": [option.value], "params_input": {}, "responded_by_user": None}
        assert carry_out_said(loop.hub, said, **asked).who == ""
    assert loop.stages() == {"handover": 1}
    assert fetch_all(loop.hub.connection, "select 1 from quarantine_act") == []
    said = {"chosen_options": ["已转交部门"], "params_input": {}, "responded_by_user": {"id": "1", "name": "li"}}
    assert carry_out_said(loop.hub, said, **asked).who == "airflow:li"
    assert loop.stages() == {"sent": 1}


def test_a_day_in_a_year_without_a_checked_table_is_an_estimate(looped: Callable[..., Loop]) -> None:
    loop = looped("error_table", clocks={"correction_working_days": 5, "verified": True})
    loop.department.put([row(1, "2026-03-01 00:00:00", good=False)])
    loop.collect()
    loop.clock.go_to(date(2029, 3, 1))
    (sending,) = send_back(loop.hub, RESOURCE).sendings
    assert not sending.due_verified
    assert sending.due_words().endswith("未核实")


def test_the_clock_of_a_file_runs_from_the_day_somebody_sends_it_on(looped: Callable[..., Loop]) -> None:
    loop = looped("workbook")
    loop.department.put([row(1, "2026-03-01 00:00:00", good=False)])
    loop.collect()
    (sending,) = send_back(loop.hub, RESOURCE).sendings
    loop.clock.go_to(date(2026, 4, 20))
    assert loop.stages() == {"handover": 1}  # nobody's delay but ours
    sent = confirm(loop.hub, sending.reference, who="tester")
    assert sent.due == "2026-05-07"  # eight in April, then 6 and 7 May: 1 to 5 May is off
    loop.clock.go_to(date(2026, 4, 21))
    assert confirm(loop.hub, sending.reference, who="somebody else") == sent
    assert fetch_all(loop.hub.connection, "select who, act from quarantine_act") == [("tester", "handed over")]
    with pytest.raises(NotInStore, match="no sending bears that reference"):
        confirm(loop.hub, "20260302-ffffffff", who="tester")


def test_what_the_channel_refused_cannot_be_said_to_be_handed_over(looped: Callable[..., Loop]) -> None:
    loop = looped("error_table")
    loop.department.put([row(1, "2026-03-01 00:00:00", good=False)])
    loop.collect()
    loop.reach(loop.department.shut())
    with pytest.raises(ReturnUnavailable):
        send_back(loop.hub, RESOURCE)
    with pytest.raises(HandoverRefused, match="is prepared"):
        confirm(loop.hub, listed(loop.hub)[0].reference, who="tester")


def test_a_sending_by_a_channel_that_is_no_longer_declared_is_given_up_and_its_rows_go_by_the_new_one(
    looped: Callable[..., Loop], monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = looped("gateway")
    loop.department.put([row(1, "2026-03-01 00:00:00", good=False)])
    loop.collect()
    loop.reach(loop.department.shut())
    with pytest.raises(ReturnUnavailable):
        send_back(loop.hub, RESOURCE)
    loop.department.rejected = {"channel": "workbook"}
    declare(monkeypatch, loop.department)
    (sent,) = send_back(loop.hub, RESOURCE).sendings
    assert (sent.channel, sent.rows) == ("workbook", 1)
    assert [(one.channel, one.state, one.still_open) for one in listed(loop.hub)] == [
        ("workbook", "sent", 1),
        ("gateway", "failed", 0),
    ]


def test_a_wrong_answer_is_a_new_row_and_goes_back_twice_by_itself_then_a_person_decides(
    looped: Callable[..., Loop],
) -> None:
    loop = looped()
    for day in (1, 3, 5):
        loop.clock.go_to(date(2026, 3, day + 1))
        loop.department.put([row(1, f"2026-03-{day:02} 00:00:00", good=False, name=f"某某第{day}食品有限公司")])
        loop.collect()
        sent = send_back(loop.hub, RESOURCE)
        assert len(sent.sendings) == (1 if day < 5 else 0)
    assert sent.left == 1
    assert loop.stages() == {"waiting": 1, "answered": 2}
    (question,) = questions(loop.hub)
    assert question.subject == "税务·税务登记信息：两次退回仍有误 1 行"
    assert "R-011 公民身份号码校验码不符 1 行" in question.body
    assert _personal(question.subject + question.body) == []

    asked = {"resource": RESOURCE, "who": "airflow:li", "upto": question.upto}
    assert carry_out(loop.hub, Answer.NOT_NOW, **asked).sent_again == 0
    assert carry_out(loop.hub, Answer.AGAIN, **asked).sent_again == 1
    assert carry_out(loop.hub, Answer.AGAIN, **asked).sent_again == 0
    assert loop.stages() == {"sent": 1, "answered": 2}
    assert questions(loop.hub) == []
    loop.clock.go_to(date(2026, 3, 7))
    loop.department.put([row(1, "2026-03-07 00:00:00")])
    loop.collect()
    assert loop.stages() == {"corrected": 3}


def test_a_question_is_answered_for_what_it_spoke_of_and_no_more(looped: Callable[..., Loop]) -> None:
    loop = looped()
    loop.department.put([row(1, "2026-03-01 00:00:00", good=False)])
    loop.collect()
    send_back(loop.hub, RESOURCE)
    loop.clock.go_to(date(2026, 3, 20))
    (question,) = questions(loop.hub)
    assert "超期 1 行" in question.subject
    assert f"最早期限 {DUE} 未核实" in question.body
    loop.department.put([row(2, "2026-03-19 00:00:00", good=False)])
    loop.collect()
    send_back(loop.hub, RESOURCE)
    loop.clock.go_to(date(2026, 5, 20))
    assert loop.stages() == {"overdue": 2}
    decided = carry_out(
        loop.hub, Answer.DISMISS, resource=RESOURCE, who="airflow:li", upto=question.upto, why="owner_cannot"
    )
    assert decided.dismissed == 1
    assert loop.stages() == {"overdue": 1, "dismissed": 1}


def test_a_workbook_nobody_sent_on_is_asked_about_and_confirmed_in_the_persons_name(
    looped: Callable[..., Loop],
) -> None:
    loop = looped("workbook")
    loop.department.put([row(1, "2026-03-01 00:00:00", good=False)])
    loop.collect()
    (sending,) = send_back(loop.hub, RESOURCE).sendings
    (question,) = questions(loop.hub)
    assert question.references == (sending.reference,)
    assert sending.place is not None and sending.place in question.body
    done = carry_out(
        loop.hub, Answer.HANDED_OVER, resource=RESOURCE, who="airflow:li", upto=0, references=question.references
    )
    assert done.handed_over == 1
    assert loop.stages() == {"sent": 1}
    assert questions(loop.hub) == []


def test_a_corrected_row_that_comes_wrong_again_waits_again(looped: Callable[..., Loop]) -> None:
    loop = looped("workbook")
    spoilt = row(1, "2026-03-01 00:00:00", good=False)
    loop.department.put([spoilt])
    loop.collect()
    send_back(loop.hub, RESOURCE)
    loop.department.put([row(1, "2026-03-02 00:00:00")])
    loop.collect()
    assert loop.stages() == {"corrected": 1}
    loop.department.put([spoilt, row(2, "2026-03-03 00:00:00")])
    loop.collect()
    assert loop.stages() == {"waiting": 1}
    assert len(send_back(loop.hub, RESOURCE).sendings) == 1


def test_given_up_is_closed_with_who_when_and_why_and_the_row_stays(looped: Callable[..., Loop]) -> None:
    loop = looped("workbook")
    loop.department.put([row(number, "2026-03-01 00:00:00", good=False) for number in (1, 2)])
    loop.collect()
    first, second = (entry.id for entry in entries(loop.hub, resource=RESOURCE, limit=9))
    for why, note in (
        ("because", ""),
        ("other", " "),
        ("withdrawn", f"本人 {row(1, '')['sfzhm']} 已撤回"),
        ("withdrawn", "4201 1219 8001 0200 1X"),
        ("withdrawn", "x" * 501),
    ):
        with pytest.raises(DismissRefused, match="nothing was closed") as caught:
            dismiss(loop.hub, [first], why=why, note=note, who="tester")
        assert _personal(str(caught.value)) == []
    with pytest.raises(NotInStore):
        dismiss(loop.hub, [first, 9999], why="repeated", note="", who="tester")
    assert loop.stages() == {"waiting": 2}

    assert dismiss(loop.hub, [first], why="other", note="部门来函说明", who="tester").dismissed == 1
    assert dismiss(loop.hub, [first], why="repeated", note="", who="tester").to_dict() == {"dismissed": 0, "closed": 1}
    assert loop.stages() == {"waiting": 1, "dismissed": 1}
    assert retry(loop.hub, numbers=[first]).closed == 1
    assert fetch_all(loop.hub.connection, "select who, act, why from quarantine_act") == [
        ("tester", "dismissed", "other")
    ]
    # what was written is not readable in a dump
    assert (
        fetch_all(loop.hub.connection, "select 1 from quarantine_act where note = convert_to('部门来函说明', 'UTF8')")
        == []
    )
    for statement in ("delete from quarantine", "truncate quarantine cascade", "delete from quarantine_act"):
        with (
            pytest.raises(psycopg2.Error, match="append-only"),
            loop.hub.connection,
            loop.hub.connection.cursor() as cursor,
        ):
            cursor.execute(statement)
    # the same bytes come again: decided is decided
    loop.department.put([row(1, "2026-03-01 00:00:00", good=False), row(3, "2026-03-02 00:00:00")])
    loop.collect()
    assert loop.stages() == {"waiting": 1, "dismissed": 1}
    assert second in {entry.id for entry in entries(loop.hub, resource=RESOURCE, state="open", limit=9)}


def test_the_bytes_as_received_go_into_a_file_of_ones_own_and_who_took_them_is_logged_first(
    looped: Callable[..., Loop], tmp_path: Path
) -> None:
    loop = looped("workbook")
    spoilt = row(1, "2026-03-01 00:00:00", good=False)
    loop.department.put([spoilt])
    loop.collect()
    (entry,) = entries(loop.hub, resource=RESOURCE, limit=9)
    out = tmp_path / "row.bin"
    done = export(loop.hub, entry.id, out, who="tester")
    body = out.read_bytes()
    assert all(spoilt[name].encode() in body for name in COLUMNS)
    assert (done.size, stat.S_IMODE(out.stat().st_mode)) == (len(body), 0o600)
    for taken in (out, Path("/dev/stdout"), tmp_path / "no" / "such" / "folder"):
        with pytest.raises(ExportRefused, match="nothing was written"):
            export(loop.hub, entry.id, taken, who="tester")
    assert out.read_bytes() == body
    log = fetch_all(loop.hub.connection, "select who, act, entry, bytes from quarantine_act")
    assert log == [("tester", "exported", entry.id, len(body))]


def test_a_retry_is_counted_and_after_a_change_of_the_schemas_every_open_row_is_tried_once(
    looped: Callable[..., Loop], monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = looped()
    loop.department.put([row(number, "2026-03-01 00:00:00", good=False) for number in (1, 2)])
    loop.collect()
    (first, _) = entries(loop.hub, resource=RESOURCE, limit=9)
    assert (first.retries, first.retried_at) == (0, None)
    assert retry(loop.hub, numbers=[first.id]).refused == 1
    assert retry_changed(loop.hub).tried == 1  # the other one: which edition set it aside is not known
    assert retry_changed(loop.hub).tried == 0
    monkeypatch.setattr("hub.quarantine.rules_mark", lambda: "another")
    assert retry_changed(loop.hub).to_dict() == {"tried": 2, "released": 0, "refused": 2, "closed": 0}
    assert retry_changed(loop.hub).tried == 0
    assert [entry.retries for entry in entries(loop.hub, resource=RESOURCE, limit=9)] == [2, 2]
    assert entries(loop.hub, resource=RESOURCE, limit=1)[0].retried_at == "2026-03-02T09:30:00+08:00"


def test_a_row_that_a_changed_schema_accepts_is_released(
    looped: Callable[..., Loop], monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = looped()
    loop.department.put([row(1, "2026-03-01 00:00:00", good=False)])
    loop.collect()
    send_back(loop.hub, RESOURCE)
    real = judging.judge
    good = row(1, "2026-03-01 00:00:00")
    monkeypatch.setattr(judging, "judge", lambda schema, fields, **more: real(schema, good, **more))
    assert retry_changed(loop.hub).released == 1
    assert loop.stages() == {"released": 1}


def test_the_stage_filter_and_the_count_agree(looped: Callable[..., Loop]) -> None:
    loop = looped()
    loop.department.put([row(number, "2026-03-01 00:00:00", good=False) for number in (1, 2, 3)])
    loop.collect()
    send_back(loop.hub, RESOURCE)
    loop.department.put([row(1, "2026-03-02 00:00:00"), row(4, "2026-03-02 00:00:00", good=False)])
    loop.collect()
    counted = loop.stages()
    assert counted == {"waiting": 1, "sent": 2, "corrected": 1}
    for stage, number in counted.items():
        assert len(entries(loop.hub, resource=RESOURCE, stages=[stage], limit=99)) == number
    assert len(entries(loop.hub, resource=RESOURCE, state="open", limit=99)) == 3
    assert [entry.stage for entry in entries(loop.hub, resource=None, stages=["sent"], limit=1)] == ["sent"]


def _personal(text: str) -> list[str]:
    """What of the rows the department wrote stands in a text."""
    values = {
        value for number in range(1, 5) for good in (True, False) for value in row(number, "", good=good).values()
    }
    return [value for value in values - {"", "正常", "2020-01-02"} if value in text]
