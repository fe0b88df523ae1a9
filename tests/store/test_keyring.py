"""The keys folder: a file's name says which key it is, and none is lost or half written."""

from __future__ import annotations

from pathlib import Path

import pytest

from store.errors import KeyringUnusable
from store.keyring import Keyring, fingerprint_of, make_keyring


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_keyring(tmp_path / "keys")
    return tmp_path / "keys"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_kek_is_for_its_owner_only_and_one_that_lies_ready_is_taken(folder: Path) -> None:
    keyring = Keyring(folder)
    first, new = keyring.in_use(), keyring.next_kek()
    assert names(folder) == [f"data-kek-{new}.next.key", "data-kek.key", "index.key"]
    assert (folder / f"data-kek-{new}.next.key").stat().st_mode & 0o777 == 0o600
    assert Keyring(folder).next_kek() == new
    assert fingerprint_of(keyring.kek(new)) == new
    assert Keyring(folder).in_use() == first


def test_files_get_the_name_of_what_they_are(folder: Path) -> None:
    keyring = Keyring(folder)
    first, new = keyring.in_use(), keyring.next_kek()
    assert keyring.name_files(new)
    assert names(folder) == sorted([f"data-kek-{new}.key", f"data-kek-{first}.retired.key", "index.key"])
    assert not keyring.name_files(new)
    third = keyring.next_kek()
    assert not keyring.name_files(new), "what lies ready stays ready"
    assert keyring.name_files(first), "and back, as after a restored dump"
    assert names(folder) == sorted(
        [f"data-kek-{first}.key", f"data-kek-{new}.retired.key", f"data-kek-{third}.next.key", "index.key"]
    )


def test_only_retired_files_that_nothing_needs_are_destroyed(folder: Path) -> None:
    keyring = Keyring(folder)
    first, new = keyring.in_use(), keyring.next_kek()
    assert keyring.destroy_retired(set()) == []
    keyring.name_files(new)
    assert keyring.destroy_retired({first}) == []
    assert keyring.destroy_retired({new}) == [first]
    assert names(folder) == [f"data-kek-{new}.key", "index.key"]


def test_preparing_again_makes_no_second_kek(folder: Path) -> None:
    keyring = Keyring(folder)
    keyring.name_files(keyring.next_kek())
    before = names(folder)
    make_keyring(folder)
    assert names(folder) == before


def test_a_file_that_is_not_what_its_name_says_is_named(folder: Path) -> None:
    keyring = Keyring(folder)
    file = folder / f"data-kek-{keyring.next_kek()}.next.key"
    file.write_text("00" * 32)
    with pytest.raises(KeyringUnusable, match="another key than its name says"):
        Keyring(folder)
    file.write_text("00")
    with pytest.raises(KeyringUnusable, match=rf"{file.name} does not hold 32 bytes"):
        Keyring(folder)


def test_a_half_written_key_is_no_key_and_is_swept_away(folder: Path) -> None:
    half = folder / ".data-kek-0123456789abcdef.next.key.0a0b0c0d"
    half.write_text("12")
    keyring = Keyring(folder)
    assert len(keyring.known()) == 1
    keyring.next_kek()
    assert not half.exists()
    half.write_text("12")
    keyring.destroy_retired(set())
    assert not half.exists(), "nothing of a destroyed key is left under another name"


@pytest.mark.parametrize("renamed", ["old", "new"])
def test_a_renaming_that_was_broken_off_is_finished(folder: Path, renamed: str) -> None:
    keyring = Keyring(folder)
    first, new = keyring.in_use(), keyring.next_kek()
    if renamed == "old":
        (folder / "data-kek.key").rename(folder / f"data-kek-{first}.retired.key")
    else:
        (folder / f"data-kek-{new}.next.key").rename(folder / f"data-kek-{new}.key")
    assert Keyring(folder).known() == sorted([first, new]), "both are at hand meanwhile"
    assert keyring.name_files(new)
    assert names(folder) == sorted([f"data-kek-{new}.key", f"data-kek-{first}.retired.key", "index.key"])
