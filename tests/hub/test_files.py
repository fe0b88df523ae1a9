"""Files of the register are written whole or not at all, and read back only if they are what was written."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from core.digest import sm3
from core.errors import Permanent
from core.settings import Mode, Settings
from hub.archive_codes import CODES, codes_of
from hub.catalogue import STAGES, stages_of
from hub.check_scheme import FILE, scheme_of
from hub.files import DiskRefuses, FileAltered, read_checked, write_all_durably, write_durably
from hub.packing import retention_of


def test_what_was_written_is_read(tmp_path: Path) -> None:
    write_durably(tmp_path / "a" / "b.ofd", b"data")
    assert read_checked(tmp_path / "a" / "b.ofd", sm3(b"data")) == b"data"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b.ofd"]


def test_a_changed_or_missing_file_is_told(tmp_path: Path) -> None:
    write_durably(tmp_path / "b.ofd", b"data")
    with pytest.raises(FileAltered, match="SM3 differs"):
        read_checked(tmp_path / "b.ofd", sm3(b"other"))
    with pytest.raises(FileAltered, match="backup"):
        read_checked(tmp_path / "c.ofd", sm3(b"data"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    write_durably(tmp_path / "b.ofd", b"old")
    (tmp_path / ".b.ofd.part").symlink_to("/dev/full")
    with pytest.raises(DiskRefuses, match="No space left"):
        write_durably(tmp_path / "b.ofd", b"new" * 100_000)
    assert (tmp_path / "b.ofd").read_bytes() == b"old"


def test_a_folder_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "b.ofd").mkdir()
    with pytest.raises(DiskRefuses):
        write_durably(tmp_path / "b.ofd", b"data")
    assert os.listdir(tmp_path / "b.ofd") == []  # noqa: PTH208


def test_many_are_written_at_once_into_several_folders(tmp_path: Path) -> None:
    files = {tmp_path / str(n % 3) / f"{n}.ofd": bytes([n]) * 10_000 for n in range(20)}
    write_all_durably(files)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == files


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_one_of_many_that_finds_no_room_leaves_all_as_they_were(tmp_path: Path) -> None:
    files = {tmp_path / f"{n}.ofd": b"new" for n in range(5)}
    write_all_durably(dict.fromkeys(files, b"old"))
    (tmp_path / ".3.ofd.part").symlink_to("/dev/full")
    with pytest.raises(DiskRefuses, match=r"3\.ofd was not written: No space left"):
        write_all_durably(files)
    assert {path.read_bytes() for path in files} == {b"old"}


@pytest.mark.parametrize(
    ("name", "code", "read"),
    [
        (CODES, "HUB-738", codes_of),
        (STAGES, "HUB-908", stages_of),
        (FILE, "HUB-970", scheme_of),
        ("retention.toml", "HUB-502", retention_of),
    ],
)
def test_a_table_of_the_bureau_in_another_encoding_is_refused_by_its_own_error(
    tmp_path: Path, name: str, code: str, read: Callable[[Settings], object]
) -> None:
    (tmp_path / name).write_bytes('name = "归档"'.encode("gbk"))
    with pytest.raises(Permanent, match="is not UTF-8") as refused:
        read(Settings(tmp_path, "", tmp_path, tmp_path, Mode.DEMO))
    assert refused.value.code == code
