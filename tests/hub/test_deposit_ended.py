"""A case that ended without a licence has its package like any other, and one only."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from archive.case import CaseFile, FolderKind
from archive.reading import read_case
from core.clock import FixedClock
from core.settings import Settings
from hub.context import Hub, OnStep, no_step, open_hub
from hub.deposit_ended import EndedLeft, deposit_ended
from hub.inspect import inspect_package
from hub.issue import decide, issue_all
from store import archive_packages, records
from store.archive_packages import Filed
from store.connection import fetch_all
from tests.databases import copied
from tests.departments import Departments
from tests.faults.dying import run_and_die, steps_of
from tests.faults.test_at_once import run_at_once
from tests.hub.conftest import NOON


def _filed(hub: Hub, file_no: str) -> tuple[Filed, CaseFile]:
    found = archive_packages.by_file_no(hub.connection, file_no)
    assert found is not None
    data = (hub.settings.home / found.path).read_bytes()
    assert inspect_package(data, hub.settings).verdict.value == "valid"
    return found, read_case(data)


def test_what_was_not_granted_is_archived_once(ready: Hub) -> None:
    not_granted = decide(ready).not_granted
    done = deposit_ended(ready)
    assert (done.left, done.waiting) == ((), 0)
    filed = [_filed(ready, file_no) for file_no in done.packed]
    assert sorted(one.project_no for one, _ in filed) == sorted(not_granted)
    assert {one.outcome for one, _ in filed} == {"不予", "撤回"}
    for one, case in filed:
        assert [folder.kind for folder in case.folders] == [FolderKind.APPLICATION, FolderKind.RESULT]
        assert "*" in (case.applicant_code_masked or "")
        assert (one.licence_number, case.outcome.value) == (None, one.outcome)
    assert deposit_ended(ready).packed == ()


@pytest.fixture(scope="module")
def cancelled(departments: Departments) -> tuple[str, list[str]]:
    """A cancellation among the demo's approvals, and what has to be carried out before it."""
    with Path(departments.ready["expected"]).open(encoding="utf-8") as lines:
        plan: dict[str, dict[str, Any]] = {row["approval"]: row for row in map(json.loads, lines) if "approval" in row}
    done = {no: row for no, row in plan.items() if "step" in row and row["verdict"] not in ("waiting", "not_granted")}
    number = next(no for no, row in done.items() if row["step"] == "cancel")
    of = done[number]["of"]
    return number, [of, *(no for no, row in done.items() if row["of"] == of and no != number)]


def test_an_approved_cancellation_is_archived_with_the_step_that_was_taken(
    ready: Hub, cancelled: tuple[str, list[str]]
) -> None:
    number, before = cancelled
    for approval in (*before, number):
        issue_all(ready, [approval])
    (file_no,) = deposit_ended(ready).packed
    filed, case = _filed(ready, file_no)
    assert (filed.project_no, filed.outcome, filed.stage) == (number, "准予", "注销")
    assert filed.licence_number is not None
    step = next(folder for folder in case.folders if folder.kind is FolderKind.PROCESS).files[0]
    said = json.loads(step.data)
    assert (said["licence"], said["step"], said["after"]) == (filed.licence_number, "cancel", "cancelled")
    assert case.events[-1].what == "注销"


def test_one_that_cannot_be_packed_keeps_no_other_from_its_package(ready: Hub) -> None:
    decide(ready)
    items = [row[0] for row in fetch_all(ready.connection, "select subject from approval_outcome "
                                         "where state = 'not_granted' order by settled_at, approval")]  # fmt: skip
    found = records.of_subject(ready.connection, ready.vault, bytes(items[0]), ["bureau.accept"])["bureau.accept"]
    item = json.loads(found[0].payload)["item_code"]
    shipped = (Path(__file__).parents[2] / "archive" / "retention_demo.toml").read_text()
    (ready.settings.home / "retention.toml").write_text(shipped.replace(f"[items.{item}]", "[items.another]"))
    done = deposit_ended(ready)
    assert {code for _, code in done.left} == {"HUB-502"}
    assert len(done.packed) + len(done.left) == len(items) and done.packed
    with pytest.raises(EndedLeft, match=done.left[0][0]):
        done.demand_whole()
    (ready.settings.home / "retention.toml").unlink()
    assert len(deposit_ended(ready).packed) == len(done.left)


def _deposit(settings: Settings) -> Callable[[OnStep], object]:
    def work(on_step: OnStep) -> None:
        with open_hub(settings, FixedClock(NOON)) as hub:
            deposit_ended(hub, on_step)

    return work


def _state(settings: Settings) -> dict[str, list[Any]]:
    with open_hub(settings, FixedClock(NOON)) as hub:
        told = {
            table: fetch_all(hub.connection, f"select {columns} from {table} order by 1")
            for table, columns in (
                ("archive_package", "file_no, path, licence"), ("archive_record", "file_no, project_no, archive_code"),
                ("archive_entry", "file_no"), ("archive_check", "package, stage, verdict"),
                ("archive_code", "file_no, code"),
            )
        }  # fmt: skip
    files = sorted(str(path.relative_to(settings.home)) for path in (settings.home / "archive").rglob("*.zip"))
    return {**told, "files": files}


@pytest.fixture
def ended(collected: Settings, new_database: Callable[..., str], tmp_path: Path) -> Callable[[str], Settings]:
    """Copies of a hub in which one case was refused and has no package yet."""
    first = copied(collected, new_database(collected.database_url), tmp_path / "first")
    with open_hub(first, FixedClock(NOON)) as hub:
        decide(hub, only=decide_refused(hub))
    return lambda name: copied(first, new_database(first.database_url), tmp_path / name)


def decide_refused(hub: Hub) -> list[str]:
    """An approval the bureau refused, without settling any other."""
    rows = records.of_resource(hub.connection, hub.vault, "bureau.result")
    return [next(said["project_no"] for row in rows if (said := json.loads(row.payload))["decision"] == "2")]


def test_killed_after_any_step_and_run_again_it_is_packed_once(ended: Callable[[str], Settings]) -> None:
    undisturbed = ended("undisturbed")
    steps = steps_of(_deposit(undisturbed))
    assert steps == ["package.numbered", "package.built", "package.checked", "package.written", "package.recorded"]
    wanted = _state(undisturbed)
    assert len(wanted["archive_package"]) == len(wanted["archive_entry"]) == len(wanted["files"]) == 1
    for after in range(1, len(steps) + 1):
        settings = ended(f"killed-{after}")
        assert run_and_die(_deposit(settings), after)
        _deposit(settings)(no_step)
        assert _state(settings) == wanted, steps[after - 1]


def test_two_at_once_pack_it_once(ended: Callable[[str], Settings]) -> None:
    settings = ended("both")
    assert run_at_once(2, lambda _: _deposit(settings)(no_step)) == [0, 0]
    assert len(_state(settings)["archive_package"]) == 1
