"""迁移调档 on a page: archivists and auditors see how each transfer stands; nobody else does."""

from __future__ import annotations

from dataclasses import replace

from starlette.testclient import TestClient

from core.clock import FixedClock
from hub.transfer_ask import request
from hub.transfer_run import run_all
from tests.hub.access_files import write
from tests.hub.conftest import NOON
from tests.hub.transfer_world import Pair
from tests.web.test_sign_in import sign_in
from web.app import create_app


def test_staff_with_the_role_see_transfers_and_one_of_them(pair: Pair) -> None:
    world = pair.world
    id_ = request(pair.into, world.number, "dongxihu", name=world.name, reason="住所迁入本区", who="officer").id
    for desk in (pair.into, pair.out, pair.into):
        run_all(desk).demand_sound()
    write(world.destination.access_file)
    app = create_app(replace(world.destination, signs=False), clock=FixedClock(NOON))
    clerk, archivist = (TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) for _ in range(2))
    sign_in(clerk)
    sign_in(archivist, "archivist")
    page = f"/archive/transfers/{id_}"
    for path in ("/archive/transfers", page):
        assert clerk.get(path).status_code == 403
    assert "没有办理中的" in archivist.get("/archive/transfers").text, "it was settled as its receipt left"
    listed = archivist.get("/archive/transfers?all=true").text
    assert world.name in listed and "已办结" in listed and page in listed and "（未核实）" in listed
    shown = archivist.get(page)
    assert shown.status_code == 200 and world.number not in shown.text
    for words in (*world.file_nos, "已接收", "企业迁移登记注册通知函", "回执：全部接收", "住所迁入本区"):
        assert words in shown.text
    assert archivist.get("/archive/transfers/01936f2e-7a52-7d31-9c0e-3a6f5d1b2c44").status_code == 404
    assert archivist.get("/archive/transfers/x").status_code == 422
