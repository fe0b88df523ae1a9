"""The four-property check on real packages: their seals, the reports that are kept, and the walk in keeping."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from archive.metadata import BASE_INFO, DIGEST_LIST, SIGNATURE, write_digest_list
from archive.report import Status
from core.clock import FixedClock
from core.settings import Settings
from core.verdict import Verdict
from documents.package import Package
from hub.check_reports import PackageNotHeld, reports_of
from hub.context import Hub, open_hub
from hub.deposit import deposit_all
from hub.inspect import inspect_package
from hub.press import Press
from store.connection import fetch_all, transaction
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
