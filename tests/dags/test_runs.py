"""The DAGs run as Airflow runs them, on real departments and databases; what counts is what the hub then holds."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from connectors import registry
from connectors.declaration import load_all
from core.clock import SHANGHAI, FixedClock
from hub import audit, register_months, status_list
from hub.collect import collect
from hub.context import open_hub
from hub.deposit import deposit_all
from hub.issue import decide, issue_all
from hub.parts import collect_part, plan_parts
from hub.returns import confirm, loops, send_back
from hub.sources import departments as declared
from hub.sources import evidence_resources, source_states
from store import batches, licences
from store.audit import About, Usage, append
from store.connection import fetch_all, transaction
from tests.dags.conftest import Inside, Stage
from tests.dags.inside import Answer, Order
from tests.departments import Departments
from tests.hub.logs import add

ISSUE, DAYS = "issue_and_archive", "licence_days"
COLLECTS = [f"collect_{department.id}" for department in declared()]


def approvals_expected(departments: Departments) -> dict[str, str]:
    """What the departments' makers say becomes of each approval."""
    with Path(departments.ready["expected"]).open(encoding="utf-8") as lines:
        return {row["approval"]: row["verdict"] for row in map(json.loads, lines) if "approval" in row}


def stood(stage: Stage) -> dict[str, Any]:
    """Everything in the hub that running a DAG once more must not touch."""
    tables = {
        "record": "resource, subject, key, version",
        "record_history": "resource, subject, key, version",
        "quarantine": "resource, fingerprint, state",
        "licence": "number, status, current_version",
        "licence_version": "identifier, approval, state, document_sm3",
        "licence_step": "licence, at, step",
        "archive_package": "file_no, sm3",
        "licence_event": "licence, at, event",
        "approval_outcome": "approval, state, missing::text",
    }
    with open_hub(stage.settings) as hub:
        return {
            table: sorted(row for (row,) in fetch_all(hub.connection, f"select row({columns})::text from {table}"))
            for table, columns in tables.items()
        }


@pytest.mark.slow
def test_what_departments_hold_lands_and_what_is_evidenced_is_issued_and_archived_once(stage: Stage) -> None:
    orders: list[Order] = [{"dag": dag_id} for dag_id in (*COLLECTS, ISSUE)]
    runs = stage.play(*orders)
    assert [run["state"] for run in runs] == ["success"] * len(orders)
    assert all(state == ["success", 1] for run in runs for state in run["tasks"].values())
    assert "civil_marriage.part[0]" in runs[COLLECTS.index("collect_civil")]["tasks"]

    with open_hub(stage.settings) as hub:
        for state in filter(lambda state: state.open, source_states(hub)):
            expected = stage.departments.expected(state.resource)
            assert state.state == "up to date", state
            assert state.pulled == len(expected) > 0, state.resource
            assert state.quarantined == sum(row["verdict"] == "quarantined" for row in expected), state.resource
        expected_of = approvals_expected(stage.departments)
        made = ("issued", "changed", "renewed", "replaced")
        due = {approval for approval, verdict in expected_of.items() if verdict in made}
        issued = licences.every(hub.connection)
        assert {licence.approval for licence in issued} == due != set()
        assert {licence.state for licence in issued} == {"archived"}
        for path, sm3 in fetch_all(hub.connection, "select path, sm3 from archive_package"):
            assert (stage.settings.home / path).is_file() and sm3
    handed_on = _handed_on(stage, *runs)
    assert handed_on and not re.search(r"[1-9]\d{16}[\dXx]\b(?<!\d{20})", json.dumps(handed_on))
    counts = {"landed", "accepted", "unchanged", "quarantined"}
    assert [value for task, value in handed_on if task == "civil_marriage.plan"] == [[1]]  # few rows are one part
    assert [set(value) for task, value in handed_on if task == "civil_marriage.part"] == [counts | {"part"}]
    others = ("decide", "issue", "archive", "civil_marriage.plan", "civil_marriage.part")
    assert all(set(value) == counts | {"batch"} for task, value in handed_on if task not in others)

    before = stood(stage)
    again = stage.play(*orders[-3:])
    assert [run["state"] for run in again] == ["success"] * 3
    assert again[-1]["tasks"]["issue"][0] == "skipped"
    assert stood(stage) == before

    with open_hub(stage.settings) as hub, transaction(hub.connection) as cursor:
        cursor.execute(
            "update licence set valid_until = current_date - 3 where id = (select id from licence "
            "where status = 'valid' limit 1) returning number"
        )
        ((ended,),) = cursor.fetchall()
    nights = stage.play({"dag": DAYS}, {"dag": DAYS})
    assert [run["state"] for run in nights] == ["success"] * 2
    with open_hub(stage.settings) as hub:
        told = fetch_all(
            hub.connection,
            "select l.number, l.status, s.effective_on = l.valid_until + 1 from licence_step s "
            "join licence l on l.id = s.licence where s.step = 'expire'",
        )
    assert told == [(ended, "expired", True)]


@pytest.mark.slow
def test_what_may_succeed_later_is_tried_again_and_what_cannot_fails_at_once(stage: Stage) -> None:
    right = stage.settings.database_url
    refused = stage.settings.sources_file.with_name("refused.toml")
    text = stage.settings.sources_file.read_text(encoding="utf-8")
    refused.write_text(re.sub(r'(?m)^(app_secret|secret) = ".*"$', r'\1 = "not the secret"', text), encoding="utf-8")
    assert refused.read_text(encoding="utf-8") != text
    refused.chmod(0o600)
    nowhere = re.sub(r":\d+/", ":1/", right)

    down, wrong = stage.play(
        {"dag": "collect_health", "environment": {"HUB_DATABASE_URL": nowhere}, "heal": {"HUB_DATABASE_URL": right}},
        {"dag": "collect_tax", "environment": {"HUB_SOURCES": str(refused)}},
    )
    task = "health_birth_certificate"
    assert down["state"] == "success" and down["retried"] == [task]
    assert down["tasks"] == {task: ["success", 2]}
    assert wrong["state"] == "failed" and wrong["retried"] == []
    assert wrong["tasks"] == {"tax_clearance": ["failed", 1], "tax_registration": ["failed", 1]}
    with open_hub(stage.settings) as hub:
        states = {state.resource: state for state in source_states(hub)}
    assert states["health.birth_certificate"].state == "up to date"
    assert "HUB-102" in (states["tax.clearance"].trouble or "")


#: So that the sandbox's few marriages are several parts.
SMALL: Order = {
    "dag": "collect_civil",
    "access": {"civil.marriage": {"parts": 3, "rows_a_part": 5, "page_size": 4}},
}


@pytest.mark.slow
def test_a_part_that_keeps_failing_leaves_the_batch_open_and_the_next_run_reads_what_is_left(stage: Stage) -> None:
    group = "civil_marriage"
    with open_hub(stage.settings) as hub, batches.only_reader(hub.connection, "civil.marriage", 2):
        (failed,) = stage.play(SMALL)  # somebody else holds part 2 all the while
    assert failed["state"] == "failed" and failed["retried"] == [f"{group}.part"] * 3
    assert failed["tasks"] == {
        f"{group}.plan": ["success", 1],
        f"{group}.part[0]": ["success", 1],
        f"{group}.part[1]": ["failed", 4],
        f"{group}.part[2]": ["success", 1],
        f"{group}.close": ["upstream_failed", 0],
        "civil_social_org": ["success", 1],
    }
    with open_hub(stage.settings) as hub:
        (landed,) = fetch_all(hub.connection, "select sum(landed), count(*) from batch_part where state = 'complete'")
        assert landed[0] > 0 and landed[1] == 2

    done, again = stage.play(SMALL, SMALL)
    assert done["state"] == again["state"] == "success" and done["retried"] == []
    assert [name for name in done["tasks"] if name.startswith(f"{group}.part")] == [f"{group}.part[0]"]
    handed_on = [(task, value) for task, value in _handed_on(stage, failed, done) if task.startswith(group)]
    assert [value for task, value in handed_on if task == f"{group}.plan"] == [[1, 2, 3], [2]]
    expected = stage.departments.expected("civil.marriage")
    with open_hub(stage.settings) as hub:
        (state,) = [state for state in source_states(hub) if state.resource == "civil.marriage"]
        first = fetch_all(
            hub.connection,
            "select landed, source_count, quarantined, state, fault from batch where resource = %s order by id",
            ("civil.marriage",),
        )[0]
    refused = sum(row["verdict"] == "quarantined" for row in expected)
    assert first == (len(expected), len(expected), refused, "complete", None)
    assert state.state == "up to date"


@pytest.mark.slow
def test_a_batch_whose_parts_are_all_read_is_closed_by_the_next_run(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = load_all()["civil.marriage"]
    access = known.access.model_copy(update=SMALL["access"]["civil.marriage"])
    changed = {**load_all(), known.name: known.model_copy(update={"access": access})}
    monkeypatch.setattr(registry, "load_all", lambda: changed)
    with open_hub(stage.settings) as hub:
        for part in plan_parts(hub, known.name):
            collect_part(hub, known.name, part)
    (run,) = stage.play(SMALL)
    assert run["state"] == "success"
    assert run["tasks"]["civil_marriage.part"][0] == "skipped"
    assert run["tasks"]["civil_marriage.close"] == ["success", 1]
    with open_hub(stage.settings) as hub:
        assert fetch_all(hub.connection, "select state from batch where resource = %s", (known.name,)) == [
            ("complete",)
        ]


@pytest.mark.slow
def test_one_approval_that_cannot_be_issued_fails_the_run_and_keeps_no_other_from_its_package(stage: Stage) -> None:
    with open_hub(stage.settings) as hub:
        for resource in evidence_resources():
            collect(hub, resource)
        spoilt = decide(hub).to_issue[0]

        def die(step: str) -> None:
            if step == "licence.recorded":
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            issue_all(hub, [spoilt], die)
        sealed = licences.by_approval(hub.connection, spoilt)
    assert sealed is not None and sealed.document_path is not None
    document = stage.settings.home / sealed.document_path
    kept = document.read_bytes()
    document.write_bytes(kept + b"changed")

    (failed,) = stage.play({"dag": ISSUE})
    assert failed["state"] == "failed" and failed["retried"] == []
    assert failed["tasks"]["issue[0]"] == ["failed", 1]
    assert failed["tasks"]["archive"] == ["success", 1]
    with open_hub(stage.settings) as hub:
        states = {licence.approval: licence.state for licence in licences.every(hub.connection)}
    assert states.pop(spoilt) == "sealed"
    assert set(states.values()) == {"archived"}

    # the one that is left is few enough for `decide` itself
    (again,) = stage.play({"dag": ISSUE})
    assert again["state"] == "failed" and again["tasks"]["decide"] == ["failed", 1]
    assert again["tasks"]["archive"] == ["success", 1]

    document.write_bytes(kept)
    with open_hub(stage.settings) as hub:
        issue_all(hub, decide(hub).to_issue)
        deposit_all(hub)
        last = licences.by_approval(hub.connection, spoilt)
    assert last is not None and last.state == "archived" and last.number == sealed.number


@pytest.mark.slow
def test_what_waits_goes_back_and_what_a_person_answers_is_done_in_that_persons_name(stage: Stage) -> None:
    long_ago = FixedClock(datetime(2026, 4, 2, 9, 0, tzinfo=SHANGHAI))
    with open_hub(stage.settings, long_ago) as hub:
        for resource in ("hr.vocational", "tax.registration"):
            collect(hub, resource)
            for sending in send_back(hub, resource).sendings:
                confirm(hub, sending.reference, who="tester")
    with open_hub(stage.settings) as hub:
        for resource in ("civil.marriage", "hr.insurance"):
            collect(hub, resource)
        before = {loop.resource: loop.stages for loop in loops(hub)}
    overdue = {resource: before[resource]["overdue"] for resource in ("hr.vocational", "tax.registration")}
    assert 0 not in overdue.values()

    filled_in = {"why": "withdrawn", "note": ""}
    answers: dict[str, Answer] = {
        "婚姻": {"option": "已转交部门", "by": "li", "filled_in": filled_in},
        "社会保险": {"option": "暂不处理", "by": None, "filled_in": filled_in},
        "税务登记": {"option": "撤销，不再追", "by": "wang", "filled_in": filled_in},
        "职业资格": {"option": "再次退回", "by": "wang", "filled_in": filled_in},
    }
    (run,) = stage.play({"dag": "quarantine_review", "answers": answers})
    assert run["state"] == "success" and run["retried"] == []
    assert {name: state for name, state in run["tasks"].items() if state[0] != "success"} == {}
    assert len([name for name in run["tasks"] if name.startswith("decide.carry_out[")]) == len(answers)
    assert [words for words in answers if sum(words in subject for subject in run["asked"]) != 1] == []
    assert sum("：待转交 1 份" in subject for subject in run["asked"]) == 2
    assert sum(re.search("：超期 [0-9]+ 行", subject) is not None for subject in run["asked"]) == 2
    assert all("**原因**：R-0" in body for body in run["asked"].values())

    with open_hub(stage.settings) as hub:
        stood = {loop.resource: {s: n for s, n in loop.stages.items() if n and s != "corrected"} for loop in loops(hub)}
        acts = fetch_all(hub.connection, "select who, act, resource, count(*) from quarantine_act group by 1, 2, 3")
    assert stood["civil.marriage"] == {"sent": before["civil.marriage"]["waiting"]}
    assert stood["hr.insurance"] == {"handover": before["hr.insurance"]["waiting"]}  # nobody answered
    assert stood["tax.registration"] == {"dismissed": overdue["tax.registration"]}
    assert stood["hr.vocational"] == {"handover": overdue["hr.vocational"]}
    assert sorted(act for act in acts if act[0] != "tester") == [
        ("airflow:li", "handed over", "civil.marriage", 1),
        ("airflow:wang", "dismissed", "tax.registration", overdue["tax.registration"]),
        ("airflow:wang", "sent again", "hr.vocational", 1),
    ]
    assert not re.search(r"[1-9]\d{16}[\dXx]\b(?<!\d{20})", json.dumps([run["asked"], _handed_on(stage, run)]))


def test_only_a_retryable_error_reaches_airflows_retries(inside: Inside) -> None:
    told = inside("outcomes", {})
    assert told["Retryable"] == "Retryable: HUB-001 again"
    assert told["Permanent"] == "AirflowFailException: HUB-002 stop"
    assert told["Rejected"] == "AirflowFailException: HUB-003 one row"
    assert told["KeyError"].startswith("AirflowFailException: KeyError: a fault of the program")
    assert "110105" not in told["KeyError"]


def _handed_on(stage: Stage, *runs: dict[str, Any]) -> list[tuple[str, Any]]:
    connection = psycopg2.connect(stage.player.airflow_url)
    try:
        with connection.cursor() as cursor:
            wanted = [run["run"] for run in runs]
            cursor.execute("select task_id, value from xcom where key = 'return_value' and run_id = any(%s)", (wanted,))
            return [(task, json.loads(value) if isinstance(value, str) else value) for task, value in cursor]
    finally:
        connection.close()


@pytest.mark.slow
def test_the_watch_notes_what_is_open_and_notices_what_is_late(stage: Stage) -> None:
    (first,) = stage.play({"dag": "watch_sources"})
    assert (first["state"], first["retried"], first["tasks"]) == ("success", [], {"watch": ["success", 1]})
    with open_hub(stage.settings) as hub, hub.connection, hub.connection.cursor() as cursor:
        cursor.execute("update freshness_watch set opened_at = opened_at - interval '3 days'")
    (again,) = stage.play({"dag": "watch_sources"})
    assert again["state"] == "success"
    with open_hub(stage.settings) as hub:
        rows = fetch_all(hub.connection, "select resource, kind, noticed_by from freshness_alert")
        late = {name for name, state in ((s.resource, s.state) for s in source_states(hub)) if state == "late"}
    assert {row[0] for row in rows} == late
    assert late == {one.name for department in declared() for one in department.resources if one.late_after_hours < 72}
    assert {row[1:] for row in rows} == {("late", "watch")}


@pytest.mark.slow
def test_the_watch_over_usage_stops_who_asked_for_numbers_one_after_the_other(stage: Stage) -> None:
    now = datetime.now(UTC)
    with open_hub(stage.settings) as hub, transaction(hub.connection) as cursor:
        for number in range(6):
            about = About(hub.subject("citizen", str(number)), "applicant", {}, b"near", found=True)
            usage = Usage(
                channel="partner", user="bank-1", user_name="", organisation="", organisation_name="", street=None,
                place=None, item="x", item_name="", item_version=1, case_no=None, purpose="follow_up", basis="",
                outcome="complete", refusal=None, about=(about,), materials=(),
            )  # fmt: skip
            append(cursor, usage, now)
    (run,) = stage.play({"dag": "watch_usage"})
    assert (run["state"], run["retried"], run["tasks"]) == ("success", [], {"watch": ["success", 1]})
    with open_hub(stage.settings) as hub:
        rows = fetch_all(hub.connection, "select caller, kind, severe, count from usage_alarm")
    assert rows == [("bank-1", "neighbouring numbers", True, 6)]


@pytest.mark.slow
def test_the_register_is_published_and_its_status_list_made(stage: Stage) -> None:
    published, kept, verified = stage.play(
        {"dag": "publish_register"}, {"dag": "keep_status_list"}, {"dag": "verify_register"}
    )
    assert (verified["state"], verified["tasks"]) == ("success", {"verify": ["success", 1]})
    assert (published["state"], published["tasks"]) == ("success", {"publish": ["success", 1]})
    assert (kept["state"], kept["tasks"]) == ("success", {"refresh": ["success", 1]})
    with open_hub(stage.settings) as hub:
        (month,) = register_months.every(hub)
        assert register_months.read_file(hub, f"{month.month}.ofd")
    assert status_list.current(stage.settings) is not None


@pytest.mark.slow
def test_holdings_are_walked_evidence_renewed_where_due_and_transfers_carried(stage: Stage) -> None:
    (stage.settings.home / "peers.toml").write_text("[clocks]\nmonths = 3\n")
    run, renewed, carried = stage.play({"dag": "walk_holdings"}, {"dag": "renew_evidence"}, {"dag": "carry_transfers"})
    assert (carried["state"], carried["tasks"]) == (
        "success", {"carry": ["success", 1], "overdue": ["success", 1]},
    )  # fmt: skip
    assert (run["state"], run["retried"], run["tasks"]) == ("success", [], {"walk": ["success", 1]})
    assert (renewed["state"], renewed["tasks"]) == (
        "success",
        {f"renew_{log}": ["success", 1] for log in ("audit", "register", "archive", "transfer")},
    )


@pytest.mark.slow
def test_the_log_is_numbered_and_sealed(stage: Stage) -> None:
    with open_hub(stage.settings) as hub:
        add(hub, 3)
    number, seal = stage.play({"dag": "number_log"}, {"dag": "seal_log"})
    assert (number["state"], number["tasks"]) == (
        "success",
        {f"number_{log}": ["success", 1] for log in ("audit", "register", "archive", "transfer")},
    )
    assert (seal["state"], seal["tasks"]) == (
        "success",
        {f"seal_{log}": ["success", 1] for log in ("audit", "register", "archive", "transfer")},
    )
    with open_hub(stage.settings) as hub:
        report = audit.verify(hub)
    assert report.sound, report.findings
    assert (report.entries, report.covered, report.heads) == (3, 3, 1)
