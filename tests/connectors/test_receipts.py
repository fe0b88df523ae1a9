"""Receipts beside daily files: whole, the same whenever they are written, and honest about a refusal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from connectors.port import FileRefused
from core.digest import sm3_hex
from tests.connectors.worlds import FolderWorld, GatewayWorld, SftpWorld, declared, script


@pytest.fixture(params=["sftp", "folder"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    with ExitStack() as stack:
        yield SftpWorld(stack, tmp_path) if request.param == "sftp" else FolderWorld(tmp_path)


def _day(world: Any) -> Path:
    return (world.folder / "out" if isinstance(world, SftpWorld) else world.folder) / "20260301"  # type: ignore[no-any-return]


def test_the_receipt_comes_with_the_last_page_and_names_what_it_is_for(world: Any) -> None:
    world.put(script(5))
    first, last = world.source().pages({})
    receipt = _day(world) / "rows_20260301.rcp"
    world.source().acknowledge(first.next_cursor)
    assert not receipt.exists()
    world.source().acknowledge(json.loads(json.dumps(last.next_cursor)))
    control = sm3_hex((_day(world) / "rows_20260301.ctl").read_bytes())
    text = f"file=rows_20260301.csv\nstate=received\nrows=5\ncontrol_sm3={control}\n"
    assert receipt.read_text() == text
    assert not list(_day(world).glob("*.part"))


def test_a_receipt_said_twice_is_written_once(world: Any) -> None:
    world.put(script(2))
    (page,) = world.source().pages({})
    world.source().acknowledge(page.next_cursor)
    receipt = _day(world) / "rows_20260301.rcp"
    before = receipt.stat().st_mtime_ns
    world.source().acknowledge(page.next_cursor)
    assert receipt.stat().st_mtime_ns == before


def test_a_refused_file_gets_a_receipt_that_says_so(world: Any) -> None:
    world.put(script(2))
    (_day(world) / "rows_20260301.csv").write_bytes(b"something else")
    with pytest.raises(FileRefused) as caught:
        list(world.source().pages({}))
    world.source().acknowledge(caught.value.next_cursor)
    assert "state=refused\nrows=0\n" in (_day(world) / "rows_20260301.rcp").read_text()


def test_without_receipts_declared_nothing_is_written(tmp_path: Path) -> None:
    from connectors.endpoints import FolderEndpoint
    from connectors.folder_csv import FolderCsv
    from tests.connectors.worlds import daily_access

    world = FolderWorld(tmp_path)
    world.put(script(2))
    quiet = FolderCsv(declared(daily_access("folder_csv") | {"receipts": False}), FolderEndpoint(folder=tmp_path))
    (page,) = quiet.pages({})
    quiet.acknowledge(page.next_cursor)
    assert not list(tmp_path.rglob("*.rcp"))


def test_a_gateway_is_told_how_far_we_are_where_it_wants_to_know() -> None:
    from connectors.endpoints import GatewayEndpoint
    from connectors.rest_gateway import RestGateway

    with ExitStack() as stack:
        world = GatewayWorld(stack)
        world.put(script(2))
        access = {
            "protocol": "rest_gateway", "path": "rows", "sid": "sid_rows", "cursor": "update_time", "page_size": 3,
            "requests_per_second": 1000, "acknowledge_path": "received",
        }  # fmt: skip
        section = {"base_url": world.url, "rid": "requester", "secret": "not-a-secret", "sid_rows": "service"}
        source = RestGateway(declared(access), GatewayEndpoint.model_validate(section))
        (page,) = source.pages({})
        source.acknowledge(page.next_cursor)
        assert world.gateway.posted == [("/gateway/received", {"pages": 1, "update_time": "2026-03-01 00:00:00"})]
