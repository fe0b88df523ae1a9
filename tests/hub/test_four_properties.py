"""The four-property check on real packages: their seals, the reports that are kept, and the walk in keeping."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg2
import pytest

from archive.metadata import BASE_INFO, DIGEST_LIST, SIGNATURE, write_digest_list
from archive.report import Status
from core.clock import FixedClock
from core.settings import Settings
from core.verdict import Verdict
from documents.package import Package
from hub.archive_store import HoldingsAway
from hub.check_reports import PackageNotHeld, reports_of
from hub.context import Hub, open_hub
from hub.deposit import deposit_all
from hub.inspect import inspect_package
from hub.keeping import HoldingsUnsound, walk
from hub.press import Press
from store.archive_checks import due, keep, newest
from store.connection import fetch_all, transaction
from store.turns import TurnTaken
from tests.departments import Departments
from tests.hub.conftest import NOON
from tests.hub.issued_world import issued_world


@pytest.fixture(scope="module")
def world(
    postgres_url: str, _owner_url: str, database_template: str, departments: Departments,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Settings]:  # fmt: skip
    """A hub with three packages."""
    home = tmp_path_factory.mktemp("checked")
    with issued_world(
        postgres_url, _owner_url, database_template, departments, home, licences=3, clock=FixedClock(NOON)
    ) as settings:
        with open_hub(settings, FixedClock(NOON)) as hub:
            assert len(deposit_all(hub)) == 3
        yield settings


@pytest.fixture
def hub(world: Settings) -> Iterator[Hub]:
    with open_hub(world, FixedClock(NOON)) as opened:
        yield opened


def packages(hub: Hub) -> dict[str, Path]:
    rows = fetch_all(hub.connection, "select file_no, path from archive_package order by file_no")
    return {file_no: hub.settings.home / path for file_no, path in rows}


def test_a_real_package_is_valid_and_its_licence_is_an_item_of_the_check(hub: Hub) -> None:
    report = inspect_package(next(iter(packages(hub).values())).read_bytes(), hub.settings)
    assert (report.verdict, report.check.item("seals").status) == (Verdict.VALID, Status.PASSED)
    assert [name.rpartition(".")[2] for name, _ in report.documents] == ["ofd"]


def test_a_licence_changed_in_a_package_that_was_signed_anew_is_found(hub: Hub) -> None:
    """As somebody with the bureau's key for packages, and not its seal, would do it."""
    path = next(iter(packages(hub).values()))
    entries = dict(Package.read(path.read_bytes()).entries)
    name = next(entry for entry in entries if entry.endswith(".ofd"))
    inner = dict(Package.read(entries[name]).entries)
    page = next(part for part in inner if part.endswith("Content.xml"))
    entries[name] = Package({**inner, page: inner[page] + b"\n"}).to_bytes()
    old, new = len(Package(inner).to_bytes()), len(entries[name])
    base = entries[BASE_INFO].decode().replace(f"_size>{old}<", f"_size>{new}<")
    content = {entry: data for entry, data in entries.items() if entry not in (DIGEST_LIST, SIGNATURE)}
    total = sum(len(data) for entry, data in content.items() if "/" in entry)
    start, end = base.index("<byte_count>") + 12, base.index("</byte_count>")
    content[BASE_INFO] = (base[:start] + str(total) + base[end:]).encode()
    listing = write_digest_list(path.stem, content)
    signature = Press.open(hub.settings).sign_detached(listing, NOON)
    report = inspect_package(Package({**content, DIGEST_LIST: listing, SIGNATURE: signature}).to_bytes(), hub.settings)
    assert [item.key for item in report.check.failed()] == ["seals"]
    assert report.check.item("seals").findings[0].path == name


def test_the_report_of_what_is_taken_in_is_kept_and_cannot_be_changed(hub: Hub) -> None:
    for file_no in packages(hub):
        first = reports_of(hub, file_no)[-1]
        assert (first.stage, first.verdict, first.intact, first.failed) == ("GD", "valid", True, ())
        assert first.report["electronic_file_no"] == file_no and first.score["包形式"] == 100
    with pytest.raises(psycopg2.Error, match="append-only"), transaction(hub.connection) as cursor:
        cursor.execute("update archive_check set verdict = 'invalid'")
    with pytest.raises(PackageNotHeld):
        reports_of(hub, "nothing")


def test_a_report_changed_behind_the_guard_is_seen(hub: Hub) -> None:
    file_no = next(iter(packages(hub)))
    for old, new in (("valid", "better"), ("better", "valid")):
        with transaction(hub.connection) as cursor:
            cursor.execute("alter table archive_check disable trigger user")
            cursor.execute(
                "update archive_check set report = jsonb_set(report, '{verdict}', to_jsonb(%s::text)) "
                "where package = %s and report->>'verdict' = %s",
                (new, file_no, old),
            )
            cursor.execute("alter table archive_check enable trigger user")
        assert reports_of(hub, file_no)[-1].intact is (new == "valid")


def days_later(world: Settings, days: float) -> AbstractContextManager[Hub]:
    return open_hub(world, FixedClock(NOON + timedelta(days=days)))


def stages(hub: Hub, file_no: str) -> str:
    return " ".join(one.stage for one in reversed(reports_of(hub, file_no)))


class Killed(BaseException):
    """The process died."""


def test_a_walk_checks_what_is_due_and_a_killed_one_is_gone_on_with(world: Settings) -> None:
    def die(_: str) -> None:
        raise Killed

    with days_later(world, 89) as hub:
        assert walk(hub).checked == 0
    with days_later(world, 90) as hub:
        numbers = list(packages(hub))
        with pytest.raises(Killed):
            walk(hub, on_step=die)
        assert [stages(hub, number) for number in numbers] == ["GD CQ", "GD", "GD"]
        assert walk(hub, limit=1).to_dict() | {"bytes": 0} == {
            "checked": 1, "bytes": 0, "left": 1, "invalid": [], "unjudged": [],
        }  # fmt: skip
        told: list[tuple[int, int]] = []
        rest = walk(hub, on_progress=lambda done, total, _: told.append((done, total)))
        assert (rest.checked, rest.left, told) == (1, 0, [(0, 1), (1, 1)])
        assert [stages(hub, number) for number in numbers] == ["GD CQ"] * 3
        assert walk(hub).checked == 0


def test_the_longest_unchecked_package_comes_first(world: Settings) -> None:
    with days_later(world, 200) as hub:
        first = list(packages(hub))[-1]
    with days_later(world, 300) as hub:
        assert walk(hub, limit=2).checked == 2
    with days_later(world, 391) as hub:
        assert walk(hub, limit=1).checked == 1
        assert reports_of(hub, first)[0].at == hub.clock.now()


def test_a_walk_goes_on_from_one_batch_to_the_next_and_leaves_what_somebody_else_checked_meanwhile(
    world: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.keeping._AT_ONCE", 1)
    with days_later(world, 395) as hub:
        began, numbers = hub.clock.now(), list(packages(hub))

        def check_last(_: str) -> None:
            kept = newest(hub.connection, verdict=None, before=None, limit=1)[0]
            if (last := due(hub.connection, began, began)[-1:]) and kept.package not in last:
                keep(hub.connection, last[0], kept.entry, hub.clock.now())

        walked = walk(hub, days=0, on_step=check_last)
        assert (walked.checked, walked.left) == (2, 0)
        assert all(reports_of(hub, number)[0].at == began for number in numbers)


def test_what_is_read_in_a_second_is_bounded(world: Settings) -> None:
    pauses: list[float] = []
    with days_later(world, 500) as hub:
        walked = walk(hub, rate=1_000, pause=pauses.append)
    assert len(pauses) == 3
    assert walked.bytes / 1_000 - 10 < pauses[-1] <= walked.bytes / 1_000


def test_a_package_that_is_not_sound_fails_the_walk_by_its_number_until_it_is_restored(world: Settings) -> None:
    with days_later(world, 600) as hub:
        assert walk(hub).checked == 3
        (flipped, one), (gone, other), _ = packages(hub).items()
        kept = {path: path.read_bytes() for path in (one, other)}
        data = bytearray(kept[one])
        data[len(data) // 2] ^= 1
        one.write_bytes(bytes(data))
        other.unlink()
    with days_later(world, 700) as hub:
        walked = walk(hub)
        assert (walked.checked, set(walked.invalid)) == (3, {flipped, gone})
        with pytest.raises(HoldingsUnsound, match="HUB-973") as told:
            walked.demand_sound()
        assert flipped in str(told.value) and gone in str(told.value)
        assert reports_of(hub, gone)[0].failed == ("its file is gone",)
        assert {"its file is not the one that was recorded", "CQ-3-8"} <= set(reports_of(hub, flipped)[0].failed)
    for path, whole in kept.items():
        path.write_bytes(whole)
    with days_later(world, 701) as hub:
        assert (walk(hub).to_dict() | {"bytes": 0})["checked"] == 2, "at once, not after ninety days"
        assert walk(hub).checked == 0


def test_a_disk_that_is_not_mounted_condemns_no_package(world: Settings) -> None:
    with days_later(world, 800) as hub:
        before = [stages(hub, number) for number in packages(hub)]
        away = replace(hub, settings=replace(world, home=world.home / "nowhere"))
        with pytest.raises(HoldingsAway):
            walk(away)
        assert [stages(hub, number) for number in packages(hub)] == before


def test_only_one_walk_goes_on_at_a_time(world: Settings) -> None:
    with days_later(world, 900) as hub, days_later(world, 900) as other:

        def second(_: str) -> None:
            with pytest.raises(TurnTaken):
                walk(other)

        assert walk(hub, limit=1, on_step=second).checked == 1


def test_when_a_certificate_has_ended_and_no_timestamp_shows_since_when_it_was_there_nobody_can_tell(
    world: Settings,
) -> None:
    with days_later(world, 60 * 365) as hub:
        walked = walk(hub)
        assert (walked.checked, walked.invalid, len(walked.unjudged)) == (3, (), 3)
        (doubt,) = reports_of(hub, walked.unjudged[0])[0].failed
        assert doubt.startswith("a certificate in it ended on 2029-11-19, and no unbroken chain of timestamps")
