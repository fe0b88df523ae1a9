"""Licences under an earlier organ's seal get one new document each under the current one; nothing else changes."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from core.clock import FixedClock
from core.digest import sm3
from core.settings import Settings
from documents.errors import GlyphMissing
from hub import licence_register, reseal, reseal_chunk
from hub.collect import collect
from hub.context import Hub, open_hub
from hub.deposit import deposit_all
from hub.inspect import inspect_package
from hub.install import DEMO_BUREAU
from hub.issue import decide, issue_all
from hub.making import path_of
from hub.reseal import Order, Report, ResealIncomplete, begin, demand_complete, go_on, preview
from hub.reseal_organs import OrganNotOurs
from hub.reseal_pool import ResealInterrupted
from hub.seals import Change, change
from hub.sources import evidence_resources
from hub.verify import verify_file
from schemas.licence_life import Status, Step
from store import licence_life, licence_making, licences
from store.connection import fetch_all
from store.errors import SealNotActive
from store.licences import LicenceVersion
from store.register_entries import Grounds
from store.reseal_orders import OrderUnfit
from tests.databases import NewDatabase, copied, lasting_database
from tests.departments import Departments
from tests.hub.conftest import NOON
from tests.hub.old_seals import NEW_BUREAU, use_new_seal, use_seal_of, write_succession
from tests.hub.stock import grown_stock
from tests.preparing import prepare

GROUNDS = Grounds("行政许可法", NOON.date(), "officer", NEW_BUREAU.name)
COUNT, CHUNK = 7, 3


@pytest.fixture(scope="module")
def grown(
    postgres_url: str, _owner_url: str, database_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """Licences of the demo's bureau, which another bureau has followed today; its seal is in use. To be copied."""
    home = tmp_path_factory.mktemp("grown")
    with lasting_database(postgres_url, _owner_url, database_template) as url:
        yield grown_stock(home, url, COUNT)


@pytest.fixture
def stock(grown: Settings, new_database: NewDatabase, tmp_path: Path) -> Iterator[Hub]:
    """A copy of the grown stock."""
    with open_hub(copied(grown, new_database(grown.database_url), tmp_path / "home"), FixedClock(NOON)) as hub:
        yield hub


def order_of(hub: Hub, **more: Any) -> Order:
    return begin(hub, organ=DEMO_BUREAU.name, legal_basis="测试方案", who="tester", chunk=CHUNK, **more)


def done(hub: Hub, **more: Any) -> Report:
    return go_on(hub, order_of(hub, **more).id)


def of_number(hub: Hub, sequence: int) -> list[LicenceVersion]:
    every = licences.every(hub.connection)
    return sorted((one for one in every if one.sequence == sequence), key=lambda one: one.version)


def take(hub: Hub, sequence: int, step: Step) -> None:
    licence = of_number(hub, sequence)[0].licence
    licence_life.take_step(hub.connection, hub.vault, licence, step, GROUNDS, now=NOON)


def files(hub: Hub) -> set[str]:
    home = hub.settings.home
    return {path.relative_to(home).as_posix() for path in (home / "licences").rglob("*") if path.is_file()}


def test_each_licence_gets_one_new_document_that_names_the_current_organ_everywhere(stock: Hub) -> None:
    report = done(stock)
    demand_complete(report)
    assert (report.counts.done, report.counts.left, report.counts.failed) == (COUNT, 0, 0)
    assert report.order.ended_at is not None
    for sequence in range(1, COUNT + 1):
        old, new = of_number(stock, sequence)
        assert (new.number, new.version, new.cause, new.state) == (old.number, 2, "reseal", "published")
        assert (old.superseded_at, new.superseded_at, new.valid_until) == (NOON, None, old.valid_until)
        assert f".{NEW_BUREAU.credit_code}." in new.identifier
        assert new.identifier.split(".")[8] == "002"
        assert new.identifier.split(".")[7] == old.identifier.split(".")[7]
        before, after = (licences.facts(stock.connection, stock.vault, one) for one in (old, new))
        changed = {name for name in before["metadata"] if before["metadata"][name] != after["metadata"][name]}
        assert changed == {"ZZBS", "ZZBFJG", "ZZBFJGDM", "ZZQZR", "ZZQZMC", "KZ_ZTXH"}
        assert after["metadata"]["ZZBFJG"] == NEW_BUREAU.name
        lines = [(a["key"], b["words"]) for a, b in zip(before["face"], after["face"], strict=True) if a != b]
        assert lines == [("organ", NEW_BUREAU.name), ("identifier", new.identifier)]
        assert before["qr_text"] != after["qr_text"]
        assert old.status_index != new.status_index
        data = (stock.settings.home / str(new.document_path)).read_bytes()
        verdict = verify_file(data, stock.settings)
        assert (verdict.verdict.value, verdict.seals[0].organisation) == (
            "valid", f"{NEW_BUREAU.credit_code}{NEW_BUREAU.name}",
        )  # fmt: skip
        assert sm3(data) == new.document_sm3
    assert files(stock) == {path_of(one).as_posix() for one in licences.every(stock.connection)}


def test_the_register_tells_the_step_and_every_use_bears_the_orders_number(stock: Hub) -> None:
    order = done(stock).order
    old, new = of_number(stock, 1)
    step = licence_life.history(stock.connection, new.licence)[-1]
    assert (step.step, step.before, step.after, step.version) == (Step.RESEAL, Status.VALID, Status.VALID, 2)
    assert (step.grounds.basis, step.grounds.user) == ("测试方案", "tester")
    ((body,),) = fetch_all(stock.connection, "select body from register_entry where id = %s", (step.entry,))
    entry = json.loads(bytes(body))
    assert (entry["supersedes"], entry["identifier"], entry["case"]) == (old.identifier, new.identifier, order.id)
    assert entry["document_sm3"] == (new.document_sm3 or b"").hex()
    assert fetch_all(
        stock.connection, "select case_no, outcome, count(*) from seal_use where case_no like 'HZ%%' group by 1, 2"
    ) == [(order.id, "sealed", COUNT)]
    assert [event for _, event, _ in licences.events(stock.connection, new)] == [
        "reserved", "intended", "sealed", "published",
    ]  # fmt: skip
    ((waiting,),) = fetch_all(stock.connection, "select count(*) from log_waiting where log = 'register'")
    assert waiting == 2 * COUNT
    licence_register.sequence(stock)
    verified = licence_register.verify(stock)
    assert (verified.entries, [one.line() for one in verified.findings]) == (2 * COUNT, [])


def test_a_suspended_licence_stays_suspended_and_ended_ones_are_only_counted(stock: Hub) -> None:
    for sequence, step in ((1, Step.SUSPEND), (2, Step.CANCEL), (3, Step.REVOKE), (4, Step.WITHDRAW), (5, Step.EXPIRE)):
        take(stock, sequence, step)
    with stock.connection, stock.connection.cursor() as cursor:
        # past its last day, and nobody has written it down
        cursor.execute("update licence set valid_until = %s where sequence = 6", (date(2026, 11, 19),))
    report = done(stock)
    assert report.counts.done == 2
    assert report.counts.passed_over == {"cancelled": 1, "revoked": 1, "withdrawn": 1, "expired": 2}
    held = licence_life.find(stock.connection, of_number(stock, 1)[0].number)
    assert held is not None
    assert (held.status, held.current_version) == (Status.SUSPENDED, 2)
    assert {sequence: len(of_number(stock, sequence)) for sequence in range(1, 8)} == {
        1: 2, 2: 1, 3: 1, 4: 1, 5: 1, 6: 1, 7: 2,
    }  # fmt: skip


def test_what_is_told_beforehand_is_what_is_done_and_nothing_is_written(stock: Hub) -> None:
    take(stock, 2, Step.CANCEL)
    told = preview(stock, organ=None)
    assert told.rows == (("food", DEMO_BUREAU.es_id, "cancelled", 1), ("food", DEMO_BUREAU.es_id, None, COUNT - 1))
    assert fetch_all(stock.connection, "select count(*) from reseal_order") == [(0,)]
    assert done(stock).counts.done == told.licences
    assert preview(stock, organ=None).licences == 0


def test_the_choice_is_kept_by_seal_and_number(stock: Hub) -> None:
    assert done(stock, old_seal="42011200000077").counts.done == 0
    assert done(stock, old_seal=DEMO_BUREAU.es_id, limit=2).counts.done == 2
    report = done(stock)
    assert (report.counts.done, report.order.id) == (COUNT - 2, "HZ20261120-003")


@pytest.mark.parametrize("organ", ["某县行政审批局", "11420112MB0000002U"])
def test_licences_of_another_organ_are_not_touched(stock: Hub, organ: str) -> None:
    with pytest.raises(OrganNotOurs, match="nothing was changed"):
        begin(stock, organ=organ, legal_basis="x", who="tester")
    assert fetch_all(stock.connection, "select count(*) from reseal_order") == [(0,)]


def test_one_that_fails_is_told_and_left_and_the_others_go_on(stock: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    altered = stock.settings.home / str(of_number(stock, 2)[0].document_path)
    whole = altered.read_bytes()
    altered.write_bytes(whole[:-1])
    drawn = reseal_chunk.drawn_from

    def draw(facts: Any, bureau: Any) -> Any:
        if facts["metadata"]["ZZBH"] == of_number(stock, 5)[0].number:
            raise GlyphMissing("holder", ("U+2CE93",), "Noto Serif SC")
        return drawn(facts, bureau)

    monkeypatch.setattr(reseal_chunk, "drawn_from", draw)
    report = done(stock)
    assert (report.counts.done, report.counts.failed, report.order.ended_at) == (COUNT - 2, 2, None)
    assert [(one.number, one.code) for one in report.failures] == [
        (of_number(stock, 2)[0].number, "HUB-708"),
        (of_number(stock, 5)[0].number, "HUB-410"),
    ]
    with pytest.raises(ResealIncomplete, match=r"5 licences resealed, 2 failed \(HUB-410, HUB-708\), 0 left"):
        demand_complete(report)
    assert [len(of_number(stock, sequence)) for sequence in (2, 5)] == [1, 1]
    altered.write_bytes(whole)
    monkeypatch.undo()
    again = go_on(stock, report.order.id)
    demand_complete(again)
    assert (again.counts.done, again.counts.failed) == (COUNT, 0)
    assert [of_number(stock, sequence)[-1].version for sequence in (2, 5)] == [2, 2]


def test_a_document_that_our_verifier_refuses_is_not_published_and_keeps_its_number(
    stock: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = reseal_chunk.Press.seal
    bad = of_number(stock, 4)[0].number.encode()

    def damaged(self: Any, package: Any, *rest: Any) -> bytes:
        data = bytearray(sealed(self, package, *rest))
        if any(bad in content for content in package.entries.values()):
            data[len(data) // 2] ^= 1
        return bytes(data)

    monkeypatch.setattr(reseal_chunk.Press, "seal", damaged)
    report = done(stock)
    assert [(one.code, report.counts.done) for one in report.failures] == [("HUB-706", COUNT - 1)]
    old, new = of_number(stock, 4)
    assert (old.superseded_at, new.state) == (None, "reserved")
    monkeypatch.undo()
    assert go_on(stock, report.order.id).counts.done == COUNT
    assert [one.version for one in of_number(stock, 4)] == [1, 2]


def test_a_seal_that_is_suspended_in_between_stops_it_and_what_was_made_stays(stock: Hub) -> None:
    order, published = order_of(stock), 0

    def suspend(step: str) -> None:
        nonlocal published
        published += step == "chunk.published"
        if published == 1 and step == "chunk.published":
            change(stock, NEW_BUREAU.es_id, Change.SUSPENDED, who="tester", reason="token lost")

    with pytest.raises(SealNotActive):
        go_on(stock, order.id, on_step=suspend)
    counts = reseal.close(stock, order.id).counts
    assert (counts.done, counts.left, counts.failed) == (CHUNK, COUNT - CHUNK, 0)
    assert len(licences.every(stock.connection)) == COUNT + CHUNK
    change(stock, NEW_BUREAU.es_id, Change.RESUMED, who="tester", reason="token found")
    assert go_on(stock, order.id).counts.done == COUNT


def test_a_licence_that_is_cancelled_while_its_document_is_made_is_passed_over_and_no_file_stays(stock: Hub) -> None:
    order = order_of(stock)

    def cancel(step: str) -> None:
        if step == "chunk.written" and licence_life.find(stock.connection, first.number).status is Status.VALID:  # type: ignore[union-attr]
            with open_hub(stock.settings, FixedClock(NOON)) as other:
                take(other, 1, Step.CANCEL)

    first = of_number(stock, 1)[0]
    report = go_on(stock, order.id, on_step=cancel)
    assert (report.counts.done, report.counts.passed_over) == (COUNT - 1, {"cancelled": 1})
    _, dropped = of_number(stock, 1)
    assert (dropped.state, dropped.document_sm3) == ("dropped", None)
    assert path_of(dropped).as_posix() not in files(stock)
    assert fetch_all(stock.connection, "select count(*) from seal_use where outcome = 'intended'") == [(0,)]
    assert [event for _, event, _ in licences.events(stock.connection, dropped)][-2:] == ["intended", "dropped"]
    assert len(files(stock)) == 2 * COUNT - 1


def test_a_licence_that_ends_before_the_order_is_gone_on_with_keeps_no_document_in_the_making(stock: Hub) -> None:
    order = order_of(stock)

    def stop(step: str) -> None:
        if step == "chunk.written":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        go_on(stock, order.id, on_step=stop)
    with stock.connection, stock.connection.cursor() as cursor:
        cursor.execute("update licence set valid_until = %s where sequence = 2", (date(2026, 11, 19),))
    report = go_on(stock, order.id)
    assert (report.counts.done, report.counts.passed_over) == (COUNT - 1, {"expired": 1})
    dropped = of_number(stock, 2)[-1]
    assert (dropped.version, dropped.state) == (2, "dropped")
    assert path_of(dropped).as_posix() not in files(stock)
    assert fetch_all(stock.connection, "select count(*) from seal_use where outcome = 'intended'") == [(0,)]
    take(stock, 2, Step.EXPIRE)


def test_a_licence_whose_next_document_is_being_made_is_left_for_later(stock: Hub) -> None:
    order = order_of(stock)
    first = of_number(stock, 1)[0]
    facts = licences.facts(stock.connection, stock.vault, first)
    made = []

    def change_first(step: str) -> None:
        if step == "chunk.drawn" and not made:
            with open_hub(stock.settings, FixedClock(NOON)) as other:
                made.append(
                    licence_making.reserve_version(
                        other.connection, other.vault, licence=first.licence, step=Step.CHANGE, approval="变更",
                        made_for="变更", item=first.item, grounds=GROUNDS, now=NOON,
                        compose=lambda version, _: licence_making.Composed(first.number, f"id-{version}", facts),
                    )
                )  # fmt: skip

    report = go_on(stock, order.id, on_step=change_first)
    assert [(one.number, one.code) for one in report.failures] == [(first.number, "HUB-630")]
    assert report.counts.done == COUNT - 1
    assert [(one.version, one.cause, one.state) for one in of_number(stock, 1)] == [
        (1, "issue", "published"), (2, "change", "reserved"),
    ]  # fmt: skip


def test_an_order_for_a_seal_that_is_used_no_more_is_given_up_by_the_next(stock: Hub) -> None:
    order = order_of(stock)

    def stop(step: str) -> None:
        if step == "chunk.written":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        go_on(stock, order.id, on_step=stop)
    assert len(files(stock)) == COUNT + CHUNK
    use_seal_of(stock, NEW_BUREAU, NOON, "renewed")
    with pytest.raises(OrderUnfit, match="another seal"):
        go_on(stock, order.id)
    report = done(stock)
    assert report.counts.done == COUNT
    given_up = reseal.close(stock, order.id)
    assert (given_up.order.ended_at, given_up.counts.passed_over) == (NOON, {"given_up": COUNT})
    assert [(one.version, one.state) for one in of_number(stock, 1)] == [
        (1, "published"), (2, "dropped"), (3, "published"),
    ]  # fmt: skip
    assert of_number(stock, 1)[2].identifier.split(".")[8] == "003"
    assert [one.version for one in of_number(stock, COUNT)] == [1, 2]
    assert len(files(stock)) == 2 * COUNT


def test_two_processes_share_an_order_and_a_third_does_nothing_twice(stock: Hub) -> None:
    order, busy = order_of(stock), []

    def run_beside(step: str) -> None:
        if step == "chunk.reserved" and not busy:
            with open_hub(stock.settings, FixedClock(NOON)) as other:
                try:
                    go_on(other, order.id)
                except ResealInterrupted as error:
                    busy.append(error)

    report = go_on(stock, order.id, on_step=run_beside)
    assert len(busy) == 1
    assert report.counts.done == COUNT
    again = order_of(stock)
    assert go_on(stock, again.id, workers=2).counts.done == 0
    with stock.connection, stock.connection.cursor() as cursor:
        cursor.execute("select licence, count(*) from licence_version group by 1")
        assert {many for _, many in cursor.fetchall()} == {2}


def test_several_processes_make_the_whole_order(stock: Hub) -> None:
    told: list[tuple[int, int]] = []
    order = order_of(stock)
    report = go_on(stock, order.id, workers=2, on_progress=lambda done, total: told.append((done, total)))
    assert (report.counts.done, report.counts.failed) == (COUNT, 0)
    assert told[0] == (0, COUNT)
    assert told[-1] == (COUNT, COUNT)
    assert {len(of_number(stock, sequence)) for sequence in range(1, COUNT + 1)} == {2}


def test_an_order_nobody_gave_is_told_with_those_that_are_open(stock: Hub) -> None:
    order = order_of(stock)
    with pytest.raises(OrderUnfit, match=order.id):
        go_on(stock, "HZ20200101-001")


def test_parts_for_several_machines_hold_every_chunk_once(stock: Hub) -> None:
    order = order_of(stock)
    parts = reseal.parts(stock, order.id, at_most=2)
    assert parts == [[0, 1], [2]]
    for part in parts:
        reseal.work(stock, order.id, part)
    assert reseal.parts(stock, order.id, at_most=2) == []
    assert reseal.close(stock, order.id).counts.done == COUNT


def test_a_real_licence_and_its_new_document_each_get_a_package(hub: Hub, departments: Departments) -> None:
    departments.write_sources(hub.settings.sources_file)
    prepare(hub.settings, FixedClock(NOON))
    for resource in evidence_resources():
        collect(hub, resource)
    issued = issue_all(hub, decide(hub).to_issue)
    first = deposit_all(hub)
    use_new_seal(hub, NOON)
    write_succession(hub.settings, NOON.date())
    report = done(hub)
    assert (report.counts.done, report.counts.failed) == (len(issued), 0)
    second = deposit_all(hub)
    assert sorted(second) == sorted(f"{file_no}-002" for file_no in first)
    assert {one.state for one in licences.every(hub.connection)} == {"archived"}
    rows = fetch_all(
        hub.connection,
        "select p.path, v.document_sm3, v.document_path, v.version from archive_package p join licence_version v "
        "on v.id = p.licence",
    )
    assert len(rows) == 2 * len(issued)
    for path, document_sm3, document_path, version in rows:
        package = (hub.settings.home / path).read_bytes()
        assert inspect_package(package, hub.settings).verdict.value == "valid"
        with zipfile.ZipFile(io.BytesIO(package)) as opened:
            (inside,) = (name for name in opened.namelist() if name.endswith(".ofd"))
            assert sm3(opened.read(inside)) == bytes(document_sm3)
            assert Path(inside).name.endswith(Path(document_path).name)
            said = b"".join(opened.read(name) for name in opened.namelist() if name.endswith(".xml")).decode()
        assert (report.order.id in said, NEW_BUREAU.name in said) == (version == 2, version == 2)
        assert DEMO_BUREAU.name in said  # who decided
