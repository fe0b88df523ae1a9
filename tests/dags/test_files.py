"""Every DAG file parses fast, alone, without a database or a network, and declares what an operator needs."""

from __future__ import annotations

import socket
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.declaration import load_all
from connectors.registry import declarations
from hub import sources
from hub.freshness import run_allowance
from hub.kept_logs import NAMES
from hub.sources import Department, cron_of, departments, evidence_resources, parts_of, pools
from onebox.dag_files import dag_files
from tests.dags.conftest import Inside

_REPOSITORY = Path(__file__).resolve().parents[2]
_DAGS = _REPOSITORY / "dags"
ISSUE, REVIEW, WATCH = "issue_and_archive", "quarantine_review", "watch_sources"
USAGE = "watch_usage"
DAYS = "licence_days"
NUMBER, SEAL = "number_log", "seal_log"
PUBLISH, VERIFY, LIST = "publish_register", "verify_register", "keep_status_list"
RESEAL = "reseal_licences"
REVERIFY = "reverify_licences"
WALK = "walk_holdings"
CARRY = "carry_transfers"
RENEW = "renew_evidence"


@pytest.fixture(scope="module")
def listener() -> Iterator[socket.socket]:
    """Where every address of the hub points to while the files are parsed; nobody is to call."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


@pytest.fixture(scope="module")
def parsed(inside: Inside, listener: socket.socket, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    address = f"//nobody:x@127.0.0.1:{listener.getsockname()[1]}/nowhere"
    nowhere = tmp_path_factory.mktemp("nowhere")
    environment = {
        "HUB_HOME": str(nowhere / "home"),
        "HUB_DATABASE_URL": f"postgresql:{address}",
        "HUB_SOURCES": str(nowhere / "sources.toml"),
        "HUB_KEYS": str(nowhere / "keys"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"postgresql+psycopg2:{address}",
    }
    told: dict[str, Any] = inside("parse", environment)
    assert list(nowhere.iterdir()) == []
    return told


def test_every_file_is_read_without_an_error(parsed: dict[str, Any]) -> None:
    assert {name: file["errors"] for name, file in parsed["files"].items() if file["errors"]} == {}


def test_parsing_reaches_for_no_database_and_no_network(parsed: dict[str, Any], listener: socket.socket) -> None:
    assert {name: file["reached for"] for name, file in parsed["files"].items() if file["reached for"]} == {}
    # a C library's connection raises no audit event, but it would be waiting here
    with pytest.raises(BlockingIOError):
        listener.accept()


def test_parsing_is_fast_because_the_processor_does_it_again_and_again(parsed: dict[str, Any]) -> None:
    assert {name: file["seconds"] for name, file in parsed["files"].items() if file["seconds"] > 5} == {}


def test_the_files_that_must_be_read_before_a_run_are_those_that_hold_dags(parsed: dict[str, Any]) -> None:
    assert [file.name for file in dag_files(_DAGS)] == [n for n, file in parsed["files"].items() if file["dags"]]


def test_there_is_one_dag_a_department_and_one_each_that_issues_reviews_watches_and_keeps_the_log(
    parsed: dict[str, Any],
) -> None:
    collects = [f"collect_{department.id}" for department in departments()]
    others = (
        ISSUE, REVIEW, WATCH, USAGE, NUMBER, SEAL, PUBLISH, VERIFY, LIST, RESEAL, DAYS, REVERIFY, WALK, CARRY, RENEW,
    )  # fmt: skip
    assert sorted(parsed["dags"]) == sorted([*collects, *others])


def test_the_review_sends_back_each_resource_in_its_departments_pool_then_asks(parsed: dict[str, Any]) -> None:
    dag = parsed["dags"][REVIEW]
    assert dag["cron"] == "30 8 * * * Asia/Shanghai" and dag["waits for"] == []
    pools_of = {name: task["pool"] for name, task in dag["tasks"].items() if name.startswith("send_back_")}
    assert pools_of == {
        f"send_back_{resource.name.replace('.', '_')}": f"department_{department.id}"
        for department in departments()
        for resource in department.resources
    }
    assert all(dag["tasks"][name]["before"] == ["everything_done", "questions"] for name in pools_of)
    assert dag["tasks"]["decide.ask"]["operator"] == "HITLOperator"
    assert dag["tasks"]["decide.ask"]["before"] == ["decide.carry_out"]


def test_every_run_that_collects_has_a_deadline_for_its_resources_and_no_triggerer_is_asked(
    parsed: dict[str, Any],
) -> None:
    for department in departments():
        (deadline,) = parsed["dags"][f"collect_{department.id}"]["deadlines"]
        assert deadline == {
            "reference": "DagRunQueuedAtDeadline",
            "seconds": run_allowance(department.resources).total_seconds(),
            "callback": "SyncCallback dags._deadlines.note_late",
            "resources": [resource.name for resource in department.resources],
        }


def test_the_watch_looks_every_ten_minutes(parsed: dict[str, Any]) -> None:
    assert parsed["dags"][WATCH]["cron"] == "5-59/10 * * * *"
    assert parsed["dags"][USAGE]["cron"] == "*/5 * * * *"


def test_the_log_is_numbered_each_minute_and_sealed_each_hour(parsed: dict[str, Any]) -> None:
    crons = [parsed["dags"][name]["cron"] for name in (NUMBER, SEAL)]
    assert crons == ["* * * * * Asia/Shanghai", "0 * * * * Asia/Shanghai"]
    for dag, verb in ((NUMBER, "number"), (SEAL, "seal")):
        assert sorted(parsed["dags"][dag]["tasks"]) == sorted(f"{verb}_{log}" for log in NAMES), "a task each log"


def test_the_register_is_published_each_month_and_its_status_list_kept_new(parsed: dict[str, Any]) -> None:
    crons = [parsed["dags"][name]["cron"] for name in (PUBLISH, VERIFY, LIST)]
    assert crons == ["30 0 1 * * Asia/Shanghai", "20 3 * * * Asia/Shanghai", "*/10 * * * * Asia/Shanghai"]


def test_the_holdings_are_walked_each_night(parsed: dict[str, Any]) -> None:
    assert parsed["dags"][WALK]["cron"] == "30 2 * * * Asia/Shanghai"


def test_transfers_are_carried_every_five_minutes_and_the_late_ones_told(parsed: dict[str, Any]) -> None:
    assert parsed["dags"][CARRY]["cron"] == "*/5 * * * * Asia/Shanghai"
    assert sorted(parsed["dags"][CARRY]["tasks"]) == ["carry", "overdue"]


def test_timestamps_are_renewed_each_day_a_task_each_log(parsed: dict[str, Any]) -> None:
    assert parsed["dags"][RENEW]["cron"] == "45 4 * * * Asia/Shanghai"
    assert sorted(parsed["dags"][RENEW]["tasks"]) == sorted(f"renew_{log}" for log in NAMES)


def test_when_the_log_is_numbered_and_sealed_may_be_set(inside: Inside) -> None:
    told: dict[str, Any] = inside("parse", {"HUB_LOG_NUMBERS": "*/5 * * * *", "HUB_LOG_HEADS": "*/10 * * * *"})
    crons = [told["dags"][name]["cron"] for name in (NUMBER, SEAL)]
    assert crons == ["*/5 * * * * Asia/Shanghai", "*/10 * * * * Asia/Shanghai"]


def test_an_operator_finds_a_title_in_two_languages_words_tags_and_a_way_back(parsed: dict[str, Any]) -> None:
    for dag in parsed["dags"].values():
        assert " · " in dag["title"] and not dag["title"].isascii(), dag["id"]
        assert "For the operator:" in dag["doc"] and "again" in dag["doc"], dag["id"]
        assert dag["tags"], dag["id"]
        assert not dag["catchup"] and dag["max_active_runs"] == 1, dag["id"]
        for name, task in dag["tasks"].items():
            assert task["retries"] == 3 and task["delay"] >= 20, (dag["id"], name)


def test_a_collect_dag_has_a_task_a_resource_that_updates_its_asset_in_its_departments_pool(
    parsed: dict[str, Any],
) -> None:
    for department in departments():
        dag = parsed["dags"][f"collect_{department.id}"]
        assert {"collect", f"department:{department.id}"} <= set(dag["tags"])
        updating = {name: task["outlets"] for name, task in dag["tasks"].items() if task["outlets"]}
        assert updating == {
            one.name.replace(".", "_") + (".close" if parts_of(one) > 1 else ""): [one.name]
            for one in department.resources
        }
        assert {task["pool"] for task in dag["tasks"].values()} == {f"department_{department.id}"}
        assert f"department_{department.id}" in pools()
        for resource in department.resources:
            assert resource.title in dag["doc"]


def test_a_resource_read_in_parts_is_planned_read_by_as_many_as_it_declares_and_then_closed(
    parsed: dict[str, Any],
) -> None:
    in_parts = [one for department in departments() for one in department.resources if parts_of(one) > 1]
    assert "civil.marriage" in {one.name for one in in_parts}
    for resource in in_parts:
        dag = parsed["dags"][f"collect_{resource.department.id}"]
        group = resource.name.replace(".", "_")
        own = {name: task for name, task in dag["tasks"].items() if name.startswith(group)}
        assert {name: task["before"] for name, task in own.items()} == {
            f"{group}.plan": [f"{group}.part"],
            f"{group}.part": [f"{group}.close"],
            f"{group}.close": [],
        }
        assert [name for name, task in own.items() if task["mapped"]] == [f"{group}.part"]
        assert own[f"{group}.part"]["at once"] == parts_of(resource) <= pools()[f"department_{resource.department.id}"]


def test_a_departments_pool_has_room_for_two_readings_or_for_all_parts_of_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert set(pools().values()) == {2}
    known = load_all()["civil.marriage"]
    access = known.access.model_copy(update={"parts": 5})
    changed = {**load_all(), known.name: known.model_copy(update={"access": access})}
    monkeypatch.setattr(sources, "load_all", lambda: changed)
    assert {name: slots for name, slots in pools().items() if slots != 2} == {"department_civil": 5}


def test_issuing_waits_for_any_of_the_resources_that_licences_rest_on(parsed: dict[str, Any]) -> None:
    dag = parsed["dags"][ISSUE]
    assert dag["waits for"] == evidence_resources()
    assert dag["waits for any"]
    collected = {name for one in parsed["dags"].values() for task in one["tasks"].values() for name in task["outlets"]}
    assert set(dag["waits for"]) <= collected


def test_every_department_has_its_times_and_one_that_hands_over_has_none(parsed: dict[str, Any]) -> None:
    handed_over = declarations()["market.company"]
    assert cron_of(Department("market", "市场监管", (handed_over,))) is None
    for department in departments():
        dag = parsed["dags"][f"collect_{department.id}"]
        assert dag["cron"] is not None
        assert dag["cron"].removesuffix(" Asia/Shanghai") == cron_of(department)


def test_the_bureaus_approvals_are_collected_when_they_arrive_and_nothing_else_is(parsed: dict[str, Any]) -> None:
    waiting = {name: dag["waits for"] for name, dag in parsed["dags"].items() if dag["waits for"] and name != ISSUE}
    assert waiting == {"collect_bureau": ["bureau.arrivals"]}
    assert parsed["dags"]["collect_bureau"]["watched by"] == {
        "bureau_arrivals": [
            "dags._arrivals.ArrivalTrigger",
            {"resources": ["bureau.accept", "bureau.result"], "seconds": 1.0},
        ]
    }


def test_arrivals_may_be_left_to_the_schedule_and_nights_be_set(inside: Inside) -> None:
    told: dict[str, Any] = inside("parse", {"HUB_ARRIVALS_SECONDS": "0", "HUB_REVERIFY": "0 4 * * *"})
    bureau = told["dags"]["collect_bureau"]
    assert (bureau["waits for"], bureau["watched by"], bureau["cron"]) == ([], {}, "*/10 * * * *")
    assert told["dags"][REVERIFY]["cron"] == "0 4 * * * Asia/Shanghai"


def test_what_was_issued_is_verified_again_each_night(parsed: dict[str, Any]) -> None:
    assert parsed["dags"][REVERIFY]["cron"] == "30 1 * * * Asia/Shanghai"


def test_no_dag_file_bears_the_name_of_a_room_or_of_a_module() -> None:
    # the folder of DAGs is on Airflow's path: such a file would be imported in the other's place
    project = tomllib.loads((_REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    rooms = set(project["tool"]["importlinter"]["root_packages"])
    stems = {file.stem for file in _DAGS.glob("*.py")} - {"__init__"}
    assert stems & (rooms | {"airflow", "tests"} | sys.stdlib_module_names) == set()
