"""What moves years after it was packed brings its renewed timestamps along, and they are checked."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import FixedClock
from hub import transfer_proofs
from hub.context import open_hub
from hub.evidence_export import evidence_of
from hub.transfer_ask import request
from hub.transfer_desk import Desk
from hub.transfer_letters import own
from hub.transfer_run import run_all
from hub.transfer_told import items_of
from schemas.transfer import Letter
from store import archive_entries
from store.transfer_letters import of_transfer
from tests.hub.conftest import NOON
from tests.hub.renewed_world import YEAR, Traveller, travelling
from tests.hub.transfer_world import Pair


@pytest.fixture
def later(pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Traveller:
    """Both hubs two years on: the origin's heads were stamped anew by an authority that followed the first."""
    with travelling(pair.origin, tmp_path, monkeypatch) as traveller:
        traveller.authority(days=800)
        traveller.seal()
        traveller.renew()
        traveller.go(2 * YEAR)
        traveller.authority(days=800)
        traveller.seal()
        traveller.renew()
        pair.origin = traveller.hub
        peers = pair.world.destination.home / "peers.toml"
        roots = "".join(f', "{file}"' for file in traveller.trust)
        peers.write_text(peers.read_text().replace('"peers/pdf-root.pem"]', f'"peers/pdf-root.pem"{roots}]'))
        return traveller


def moved(pair: Pair, later: Traveller) -> tuple[str, dict[str, str]]:
    world = pair.world
    with open_hub(world.destination, FixedClock(later.now + timedelta(days=1))) as hub:
        into, out = Desk(hub), Desk(replace(pair.origin, clock=hub.clock))
        id_ = request(into, world.number, "dongxihu", name=world.name, reason="迁入", who="officer").id
        for _ in range(3):
            for desk in (into, out):
                run_all(desk)
        return id_, {one.file_no: one.standing for one in items_of(hub, id_)}


def test_renewed_timestamps_go_along_and_prove_when_it_was_there(pair: Pair, later: Traveller) -> None:
    id_, standing = moved(pair, later)
    assert standing == dict.fromkeys(pair.world.file_nos, "accepted")
    (parcel,) = [one for one in of_transfer(pair.destination.connection, id_) if one.kind is Letter.PARCEL]
    listed = own(pair.world.destination.home / parcel.path, parcel.sm3)
    assert [len(one["proof"]["evidence"]["renewals"]) for one in listed["packages"]] == [2, 2, 2]
    proven = {}
    for held in archive_entries.holdings(pair.destination.connection):
        said = archive_entries.said_in(held.body or b"")
        assert said is not None
        proven[held.file_no] = archive_entries.judged_as_of(said)
    assert proven == dict.fromkeys(pair.world.file_nos, NOON)


def test_evidence_of_another_package_is_found(pair: Pair, later: Traveller, monkeypatch: pytest.MonkeyPatch) -> None:
    first = pair.world.file_nos[0]
    monkeypatch.setattr(transfer_proofs, "evidence_of", lambda hub, _: evidence_of(hub, first))
    _, standing = moved(pair, later)
    assert standing == dict.fromkeys(pair.world.file_nos, "refused") | {first: "accepted"}
