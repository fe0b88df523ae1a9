"""A package swapped together with its checksum is found by the log outside, and so is one that is gone."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from archive.bag import from_bag, to_bag
from core.digest import sm3
from documents.package import Package
from hub import holdings
from hub.context import Hub
from hub.deposit import deposit_all
from hub.issue import decide, issue_all
from hub.log_proofs import EntryUnknown, check
from hub.trust import trust_of
from store.connection import fetch_all, transaction
from tests.hub.conftest import NOON


@pytest.fixture
def kept(ready: Hub) -> Hub:
    """A hub with two packages, and a signed head over both."""
    issue_all(ready, decide(ready).to_issue[:2])
    assert len(deposit_all(ready)) == 2
    holdings.KEPT.seal_head(ready)
    return ready


def package(hub: Hub) -> tuple[str, Path]:
    file_no, path = fetch_all(hub.connection, "select file_no, path from archive_package order by file_no")[0]
    return file_no, hub.settings.home / path


def without_guard(hub: Hub, statement: str, arguments: tuple[Any, ...] = ()) -> None:
    with transaction(hub.connection) as cursor:
        cursor.execute("alter table archive_entry disable trigger user")
        cursor.execute(statement, arguments)
        cursor.execute("alter table archive_entry enable trigger user")


def flip(hub: Hub, path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def swap_with_checksum(hub: Hub, path: Path) -> None:
    """As a forger with file system and database in his hands would: the file, its digests, its size."""
    entries = dict(Package.read(path.read_bytes()).entries)
    other = Package({**entries, "申请材料/extra.json": b"{}"}).to_bytes()
    path.write_bytes(other)
    without_guard(
        hub,
        "update archive_package set sm3 = %s, sha256 = %s, bytes = %s where file_no = %s",
        (sm3(other), sha256(other).digest(), len(other), path.stem),
    )


def rewrite_the_entry_too(hub: Hub, path: Path) -> None:
    swap_with_checksum(hub, path)
    data = path.read_bytes()
    without_guard(
        hub,
        "update archive_entry set body = convert_to(jsonb_set(convert_from(body, 'UTF8')::jsonb, '{sm3}', "
        "to_jsonb(%s::text))::text, 'UTF8') where file_no = %s",
        (sm3(data).hex(), path.stem),
    )


ATTACKS: dict[str, Callable[[Hub, Path], None]] = {
    "one byte of the file": flip,
    "the file is gone": lambda _, path: path.unlink(),
    "the file with its checksum": swap_with_checksum,
    "the file with checksum and entry": rewrite_the_entry_too,
    "the row is gone": lambda hub, path: without_guard(
        hub, "with line as (delete from archive_record) delete from archive_package where file_no = %s", (path.stem,)
    ),
    "the entry is another's": lambda hub, path: without_guard(
        hub, "update archive_entry set file_no = 'other' where file_no = %s", (path.stem,)
    ),
}


def test_holdings_as_they_were_taken_in_are_sound(kept: Hub) -> None:
    report = holdings.verify(kept)
    assert (report.sound, report.entries, report.covered, list(report.findings)) == (True, 2, 2, [])


def test_every_attack_is_found(kept: Hub, tmp_path: Path) -> None:
    """One hub for all of them, each undone after it: making it takes longer than looking."""
    _, path = package(kept)
    whole = path.read_bytes()
    tables = ("archive_record", "archive_package", "archive_entry")
    for table in tables:
        without_guard(kept, f"create table kept_{table} as table {table}")
    for name, attack in ATTACKS.items():
        attack(kept, path)
        report = holdings.verify(kept)
        assert not report.sound and report.findings, name
        path.write_bytes(whole)
        for table in tables:
            without_guard(kept, f"delete from {table}")
        for table in reversed(tables):
            without_guard(kept, f"insert into {table} select * from kept_{table}")
        assert holdings.verify(kept).sound, name


def test_a_package_is_proven_to_be_in_the_log(kept: Hub) -> None:
    file_no, _ = package(kept)
    proof = holdings.inclusion_of(kept, file_no)
    shown = check(proof, trust_of(kept.settings), at=NOON)
    assert (shown.log, shown.kind, shown.signed is not None) == ("archive", "inclusion", True)
    with pytest.raises(EntryUnknown):
        holdings.inclusion_of(kept, "nothing")


def test_a_package_of_an_earlier_release_is_entered_once(kept: Hub) -> None:
    file_no, _ = package(kept)
    without_guard(kept, "update archive_package set entry = null, sha256 = null where file_no = %s", (file_no,))
    without_guard(kept, "delete from archive_entry where file_no = %s", (file_no,))
    assert holdings.enter_older(kept) == 1
    assert holdings.enter_older(kept) == 0


def test_a_real_package_goes_through_a_bag_unchanged(kept: Hub) -> None:
    data = package(kept)[1].read_bytes()
    assert from_bag(to_bag(data)) == data
