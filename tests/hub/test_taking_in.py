"""Packages of another hub come in whole, checked as at transfer; of what does not pass only the report is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from archive.case import ArchiveCode
from archive.errors import PackageRefused, PackageUnjudged
from archive.package import build
from archive.reading import read_case
from core.clock import FixedClock
from documents.package import ContainerRefused, Package
from hub import holdings
from hub.catalogue import holder_of
from hub.check_reports import PackageNotHeld, newest, reports_of
from hub.context import Hub, open_hub
from hub.deposit import deposit_all
from hub.forms import Form, export
from hub.issue import decide, issue_all
from hub.keeping import walk
from hub.press import Press
from hub.taking_in import AlreadyHeld, take_in
from store import archive_packages, archive_parties
from store.connection import fetch_all
from tests.hub.conftest import NOON


@pytest.fixture
def package(ready: Hub) -> Path:
    """A package of the hub that hands over."""
    issue_all(ready, decide(ready).to_issue[:1])
    (file_no,) = deposit_all(ready)
    filed = archive_packages.by_file_no(ready.connection, file_no)
    assert filed is not None
    return ready.settings.home / filed.path


@pytest.fixture
def receiver(ready: Hub, new_database: Callable[[], str], tmp_path: Path) -> Iterator[Hub]:
    """Another hub, which trusts the sender's certificates."""
    settings = replace(ready.settings, database_url=new_database(), home=tmp_path / "receiver")
    settings.home.mkdir()
    with open_hub(settings, FixedClock(NOON)) as opened:
        yield opened


def settled(hub: Hub) -> list[tuple[str, str, str]]:
    return [(one.file_no, one.stage, one.verdict) for one in newest(hub)]


@pytest.mark.parametrize("form", [Form.PACKAGE, Form.BAG, Form.EEP])
def test_a_package_comes_in_as_it_was_and_is_kept_as_our_own(
    ready: Hub, receiver: Hub, package: Path, form: Form
) -> None:
    sent = package.read_bytes()
    taken = take_in(receiver, export(sent, form, ready.settings), origin="QY-2026-0001")
    assert (taken.file_no, taken.form, taken.size) == (package.stem, form, len(sent))
    assert (receiver.settings.home / taken.path).read_bytes() == sent
    assert settled(receiver) == [(taken.file_no, "YJ", "valid")]
    report = reports_of(receiver, taken.file_no)[0].report
    codes = {item["code"] for item in report["items"]}
    assert "YJ-1-1" in codes and not any(code and code.startswith("GD") for code in codes)
    unchecked = [item for item in report["items"] if item["status"] == "not_checked"]
    assert unchecked and all(item["findings"] for item in unchecked), "each says why"
    filed = archive_packages.by_file_no(receiver.connection, taken.file_no)
    assert filed is not None and filed.origin == "QY-2026-0001"
    holder = holder_of(read_case(sent))
    assert archive_parties.party_of(receiver.connection, receiver.subject(holder.kind, holder.value)) == filed.party
    assert walk(receiver, days=0).invalid == ()
    holdings.KEPT.sequence(receiver)
    assert holdings.verify(receiver).findings == []


def test_one_of_a_number_or_code_that_is_there_is_refused_and_leaves_nothing(receiver: Hub, package: Path) -> None:
    sent = package.read_bytes()
    taken = take_in(receiver, sent)
    with pytest.raises(AlreadyHeld, match="already, the same one"):
        take_in(receiver, sent)
    case = read_case(sent)
    sign = Press.open(receiver.settings).sign_detached
    other = build(replace(case, project_no="另一办件"), lambda listed: sign(listed, NOON)).data
    with pytest.raises(AlreadyHeld, match="another one"):
        take_in(receiver, other)
    code = ArchiveCode("0001", "XZSP", "2026", "行政审批", "0001")
    first, second = (
        build(replace(case, electronic_file_no=number, archive_code=code), lambda listed: sign(listed, NOON)).data
        for number in ("other-1", "other-2")
    )
    take_in(receiver, first)
    with pytest.raises(AlreadyHeld, match="archive code of package other-1"):
        take_in(receiver, second)
    assert settled(receiver) == [("other-1", "YJ", "valid"), (taken.file_no, "YJ", "valid")]
    assert (receiver.settings.home / taken.path).read_bytes() == sent


def test_what_fails_or_cannot_be_judged_is_not_taken_in_and_its_report_is_kept(
    ready: Hub, receiver: Hub, package: Path
) -> None:
    entries = Package.read(package.read_bytes()).entries
    name = next(entry for entry in entries if entry.endswith("受理信息.json"))
    changed = Package({**entries, name: entries[name] + b"\n"}).to_bytes()
    with pytest.raises(PackageRefused):
        take_in(receiver, changed)
    stranger = replace(receiver, settings=replace(receiver.settings, keys=receiver.settings.home / "no-keys"))
    with pytest.raises(PackageUnjudged):
        take_in(stranger, package.read_bytes())
    assert settled(receiver) == [(package.stem, "YJ", "cannot_tell"), (package.stem, "YJ", "invalid")]
    with pytest.raises(ContainerRefused):
        take_in(receiver, b"PK\x03\x04 no package")
    assert archive_packages.by_file_no(receiver.connection, package.stem) is None
    assert fetch_all(receiver.connection, "select count(*) from archive_entry") == [(0,)]
    assert not (receiver.settings.home / "archive").exists()
    # What was refused before stands in no way.
    assert take_in(receiver, package.read_bytes()).file_no == package.stem


def test_one_that_dies_before_the_end_has_taken_in_nothing_and_can_be_tried_again(receiver: Hub, package: Path) -> None:
    class Killed(BaseException):
        pass

    def die(step: str) -> None:
        if step == "package.written":
            raise Killed

    with pytest.raises(Killed):
        take_in(receiver, package.read_bytes(), on_step=die)
    with pytest.raises(PackageNotHeld):
        reports_of(receiver, package.stem)
    assert take_in(receiver, package.read_bytes()).file_no == package.stem
