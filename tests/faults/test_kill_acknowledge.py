"""A collect killed between commit and receipt tells the department at the next start, and ends like any other."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors import registry
from connectors.access import BlobAccess, SftpAccess
from connectors.declaration import load_all
from connectors.port import FileRefused
from core.clock import FixedClock
from core.settings import Settings
from hub.collect import collect
from hub.context import OnStep, open_hub
from onebox.sandbox import as_toml
from tests.connectors.worlds import BLOB, BLOB_ACCESS, run
from tests.departments import Departments
from tests.faults.conftest import NOON, FreshHub
from tests.faults.dying import run_and_die, steps_of
from tests.faults.state import collected_state, without_batches

_ROWS_A_PAGE = 12


def _reached_by(monkeypatch: pytest.MonkeyPatch, resource: str, access: BlobAccess | SftpAccess) -> None:
    changed = {**load_all(), resource: load_all()[resource].model_copy(update={"access": access})}
    monkeypatch.setattr(registry, "load_all", lambda: changed)


def _work_on(settings: Settings, resource: str) -> Callable[[OnStep], object]:
    def work(on_step: OnStep) -> None:
        with open_hub(settings, FixedClock(NOON)) as hub:
            collect(hub, resource, on_step=on_step)

    return work


def _state(settings: Settings) -> dict[str, Any]:
    with open_hub(settings, FixedClock(NOON)) as hub:
        return without_batches(collected_state(hub))


def test_consumed_markers_end_the_same_wherever_it_was_killed(
    fresh_hub: FreshHub,
    new_database: Callable[..., str],
    departments: Departments,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resource = "market.company"
    _reached_by(
        monkeypatch,
        resource,
        BlobAccess.model_validate(BLOB_ACCESS | {"document": "json", "page_size": _ROWS_A_PAGE}),
    )
    exchange = new_database()
    run(exchange, BLOB.format(moment="timestamp", blob="bytea"))
    with Path(departments.ready["market"]["file"]).open(encoding="utf-8-sig", newline="") as lines:
        documents = [json.dumps(row, ensure_ascii=False).encode() for row in csv.DictReader(lines)]

    def fill() -> None:
        run(exchange, "TRUNCATE cityinfo")
        run(
            exchange,
            "INSERT INTO cityinfo SELECT lpad(place::text, 6, '0'), timestamp '2026-03-01', 'I', content, '0' "
            "FROM unnest(%s::bytea[]) WITH ORDINALITY AS given (content, place)",
            (documents,),
        )

    def unmarked() -> int:
        return int(run(exchange, "SELECT count(*) FROM cityinfo WHERE state = '0'")[0][0])

    undisturbed = fresh_hub()
    undisturbed.sources_file.write_text(as_toml({"market": {"dsn": exchange, "write_dsn": exchange}}), encoding="utf-8")
    fill()
    steps = steps_of(_work_on(undisturbed, resource))
    assert steps.count("page.landed") > 2
    assert unmarked() == 0
    wanted = _state(undisturbed)

    between = 0
    for after, step in enumerate(steps, 1):
        settings = fresh_hub()
        fill()
        assert run_and_die(_work_on(settings, resource), after)
        if step == "page.landed":
            between += 1
            # What landed last is ours, and the department does not know it yet.
            assert unmarked() == len(documents) - (between - 1) * _ROWS_A_PAGE
        _work_on(settings, resource)(lambda _: None)
        assert unmarked() == 0, f"killed after step {after} ({step})"
        assert _state(settings) == wanted, f"killed after step {after} ({step})"


@pytest.fixture
def share(departments: Departments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of vocational certificates as a mounted share on which receipts are wanted."""
    folder = tmp_path / "share"
    shutil.copytree(departments.state / "out", folder)
    access = load_all()["hr.vocational"].access
    assert isinstance(access, SftpAccess)
    _reached_by(
        monkeypatch,
        "hr.vocational",
        access.model_copy(update={"protocol": "folder_csv", "receipts": True, "page_size": _ROWS_A_PAGE}),
    )
    return folder


def _receipts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in folder.rglob("*.rcp")}


def test_receipts_end_the_same_wherever_it_was_killed(fresh_hub: FreshHub, share: Path) -> None:
    undisturbed = fresh_hub()
    undisturbed.sources_file.write_text(as_toml({"hr": {"folder": str(share)}}), encoding="utf-8")
    steps = steps_of(_work_on(undisturbed, "hr.vocational"))
    receipts = _receipts(share)
    assert len(receipts) > 1
    wanted = _state(undisturbed)
    for after, step in enumerate(steps, 1):
        for path in share.rglob("*.rcp"):
            path.unlink()
        settings = fresh_hub()
        assert run_and_die(_work_on(settings, "hr.vocational"), after)
        _work_on(settings, "hr.vocational")(lambda _: None)
        assert _receipts(share) == receipts, f"killed after step {after} ({step})"
        assert _state(settings) == wanted, f"killed after step {after} ({step})"


def test_a_refused_file_is_told_of_and_the_next_one_is_read(fresh_hub: FreshHub, share: Path) -> None:
    settings = fresh_hub()
    settings.sources_file.write_text(as_toml({"hr": {"folder": str(share)}}), encoding="utf-8")
    first = sorted(share.rglob("zyzg_*.csv"))[0]
    first.write_bytes(b"something else")
    with open_hub(settings, FixedClock(NOON)) as hub:
        with pytest.raises(FileRefused):
            collect(hub, "hr.vocational")
        assert "state=refused\nrows=0\n" in first.with_suffix(".rcp").read_text(encoding="utf-8")
        assert collect(hub, "hr.vocational").counts.landed > 0
    assert {"state=received" in text for text in _receipts(share).values()} == {True, False}
