"""The resealing DAG, run as Airflow runs it: planned, made in parts, closed, and gone on with by its number."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.clock import FixedClock
from core.settings import Settings
from hub.context import open_hub
from hub.install import DEMO_BUREAU
from store.connection import fetch_all
from tests.dags.conftest import Player, Stage
from tests.databases import NewDatabase
from tests.hub.stock import NOON, grown_stock

RESEAL = "reseal_licences"
COUNT = 3


@pytest.fixture
def stock(new_database: NewDatabase, tmp_path: Path, player: Player) -> tuple[Settings, Stage]:
    home = tmp_path / "home"
    home.mkdir()
    settings = grown_stock(home, new_database(), COUNT)
    return settings, Stage(settings, None, player)  # type: ignore[arg-type]


@pytest.mark.slow
def test_an_order_is_planned_made_and_closed_and_goes_on_by_its_number(stock: tuple[Settings, Stage]) -> None:
    settings, stage = stock
    altered = min((settings.home / "licences").rglob("*.ofd"))
    whole = altered.read_bytes()
    altered.write_bytes(b"")
    unfilled, partly = stage.play(
        {"dag": RESEAL, "params": {"organ": DEMO_BUREAU.name}},
        {"dag": RESEAL, "params": {"organ": DEMO_BUREAU.name, "legal_basis": "测试方案"}},
    )
    assert (unfilled["state"], unfilled["tasks"]["plan"]) == ("failed", ["failed", 1])
    assert (partly["state"], partly["tasks"]["reseal[0]"][0], partly["tasks"]["close"]) == (
        "failed", "success", ["failed", 1],
    )  # fmt: skip
    altered.write_bytes(whole)
    with open_hub(settings, FixedClock(NOON)) as hub:
        ((order,),) = fetch_all(hub.connection, "select id from reseal_order")
    (ended,) = stage.play({"dag": RESEAL, "params": {"order": order}})
    assert (ended["state"], ended["tasks"]["close"][0]) == ("success", "success")
    with open_hub(settings, FixedClock(NOON)) as hub:
        assert fetch_all(hub.connection, "select version, count(*) from licence_version group by 1 order by 1") == [
            (1, COUNT), (2, COUNT),
        ]  # fmt: skip
