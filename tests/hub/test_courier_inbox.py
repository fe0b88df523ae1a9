"""The inbox of other hubs' files on its disk: locked while written, whole or not there, cut back after a failure."""

from __future__ import annotations

import fcntl
import hashlib
import resource
from pathlib import Path

import pytest

from hub.courier_inbox import FileFinished, Inbox, InboxBusy, InboxFull, NotAnnounced, OffsetWrong, There


def inbox(folder: Path, **changes: int) -> Inbox:
    bounds = {"quota": 1000, "largest": 100, "reserve": 0} | changes
    return Inbox(folder, lambda _peer, name: {"a": 10, "b": 10, "none": 0}.get(name), **bounds)


def test_a_file_goes_on_after_a_restart_and_is_there_when_it_is_whole(tmp_path: Path) -> None:
    inbox(tmp_path).add("peer", "a", 0, b"0123")
    assert inbox(tmp_path).there("peer", "a") == There(4, 10)
    assert inbox(tmp_path).whole("peer", "a") is None
    inbox(tmp_path).add("peer", "a", 4, b"456789")
    whole = inbox(tmp_path).whole("peer", "a")
    assert whole is not None and whole.read_bytes() == b"0123456789"
    inbox(tmp_path).add("peer", "b", 0, b"0123")
    assert (inbox(tmp_path).names("peer"), inbox(tmp_path).names("nobody")) == (["a"], [])
    inbox(tmp_path).clear("peer", "a")
    assert inbox(tmp_path).there("peer", "a") == There(0, 10)


def test_a_file_that_was_finished_just_before_the_end_is_settled_by_an_empty_piece(tmp_path: Path) -> None:
    (tmp_path / "peer").mkdir()
    (tmp_path / "peer" / ".a.part").write_bytes(b"0123456789")
    found = inbox(tmp_path)
    assert found.add("peer", "a", 10, b"") == There(10, 10)
    assert found.add("peer", "a", 10, b"") == There(10, 10)
    assert [path.name for path in (tmp_path / "peer").iterdir()] == ["a"]
    with pytest.raises(FileFinished):
        found.drop("peer", "a")


def test_a_file_that_was_taken_out_is_not_sent_again(tmp_path: Path) -> None:
    found = inbox(tmp_path)
    found.add("peer", "a", 0, b"0123456789")
    digest = found.digest("peer", "a", 10)
    assert digest == hashlib.sha256(b"0123456789").digest()
    found.done("peer", "a")
    assert (found.names("peer"), found.whole("peer", "a")) == ([], None)
    assert (found.there("peer", "a"), found.digest("peer", "a", 10)) == (There(10, 10), digest)
    assert found.add("peer", "a", 10, b"") == There(10, 10)
    for act in (lambda: found.add("peer", "a", 0, b"0"), lambda: found.drop("peer", "a")):
        with pytest.raises(FileFinished):
            act()
    assert [path.name for path in (tmp_path / "peer").iterdir()] == [".a.done"]
    found.clear("peer", "a")
    assert found.there("peer", "a") == There(0, 10)


def test_who_comes_second_to_a_file_is_told_so(tmp_path: Path) -> None:
    found = inbox(tmp_path)
    found.add("peer", "a", 0, b"0123")
    with (tmp_path / "peer" / ".a.part").open("r+b") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        for act in (lambda: found.add("peer", "a", 4, b"4"), lambda: found.drop("peer", "a")):
            with pytest.raises(InboxBusy):
                act()
    found.add("peer", "a", 4, b"4")


def test_a_piece_that_could_not_be_written_whole_leaves_nothing(tmp_path: Path) -> None:
    found = inbox(tmp_path)
    found.add("peer", "a", 0, b"0123")
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (6, usual[1]))  # as a disk that is full after two more bytes
    try:
        with pytest.raises(InboxFull):
            found.add("peer", "a", 4, b"456")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    assert found.there("peer", "a") == There(4, 10)
    found.add("peer", "a", 4, b"456")


@pytest.mark.parametrize("bounds", [{"quota": 9}, {"reserve": 1 << 60}])
def test_without_room_for_all_of_a_file_it_is_not_begun(tmp_path: Path, bounds: dict[str, int]) -> None:
    with pytest.raises(InboxFull):
        inbox(tmp_path, **bounds).add("peer", "a", 0, b"0")


@pytest.mark.parametrize(("peer", "name"), [("peer", "c"), ("peer", "none"), ("..", "a"), ("peer", "../a"), ("", "a")])
def test_what_was_not_announced_or_is_no_name_is_refused(tmp_path: Path, peer: str, name: str) -> None:
    with pytest.raises(NotAnnounced):
        inbox(tmp_path).add(peer, name, 0, b"0")
    assert list(tmp_path.iterdir()) == []


def test_a_file_over_the_bound_of_one_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotAnnounced):
        inbox(tmp_path, largest=9).there("peer", "a")


def test_two_peers_do_not_meet(tmp_path: Path) -> None:
    found = inbox(tmp_path)
    found.add("one", "a", 0, b"0123456789")
    assert found.there("two", "a") == There(0, 10)
    with pytest.raises(OffsetWrong):
        found.add("two", "a", 10, b"x")
