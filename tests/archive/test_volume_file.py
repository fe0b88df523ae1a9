"""A volume in one file says everything once, is the same bytes each time, and is believed in nothing."""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
import tracemalloc
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from archive.errors import VolumeRefused, VolumeUnfit
from archive.volume_file import VolumeLimits, read_volume, write_volume
from archive.volume_inventory import (
    Inventory,
    Licence,
    Name,
    Number,
    Packed,
    Succession,
    read_inventory,
    write_inventory,
)
from core.digest import sm3
from documents.package import Package

DAY = date(2026, 3, 2)
PACKAGES = [b"first package " * 9, b"second"]


def packed(place: int, data: bytes, **more: object) -> Packed:
    one = Packed(
        place=place, part="设立", inherited=place == 1, file_no=f"420112-food-2026-{place:05d}",
        archive_code="T001-XK·2026-D10-0001" if place == 1 else None, project_no=f"4201122026{place}", item="I-1",
        item_name="食品经营许可新办", outcome="准予", licence_number="（测试）JY1" if place == 1 else None,
        licence_version=1 if place == 1 else None, accepted=DAY, decided=DAY, retention="定期10年", organ="某局",
        origin=None, moved=None, bytes=len(data), sm3=sm3(data).hex(), sha256=hashlib.sha256(data).hexdigest(),
    )  # fmt: skip
    return replace(one, **more)  # type: ignore[arg-type] # what a test changes


def inventory(packages: list[bytes] = PACKAGES) -> Inventory:
    return Inventory(
        kind="company",
        numbers=[Number("company", DAY, "办件 1", value="91420112MA4K000005"), Number("other", DAY, "测试", until=DAY)],
        names=[Name("武汉示例（测试）有限公司", DAY)],
        successions=[Succession(True, "个转企", DAY, "某通知", ("测试小店", "旧名"))],
        licences=[Licence("food", "（测试）JY1", "食品经营许可证", "valid", None, False)],
        packages=[packed(place, data) for place, data in enumerate(packages, 1)],
    )


def written(made: Inventory, packages: list[bytes] = PACKAGES) -> bytes:
    out = io.BytesIO()
    size = write_volume(out, made, lambda one: packages[one.place - 1])
    assert size == len(out.getvalue())
    return out.getvalue()


VOLUME = written(inventory())


def test_what_was_written_is_read_back() -> None:
    file = io.BytesIO(VOLUME)
    read = read_volume(file)
    assert read_inventory(write_inventory(read)).packages == inventory().packages
    assert write_inventory(read) == write_inventory(inventory())
    with zipfile.ZipFile(file) as opened:
        assert [opened.read(one.path) for one in read.packages] == PACKAGES
    assert written(inventory()) == VOLUME, "the same volume is the same file"
    empty = written(replace(inventory(), packages=[]), [])
    assert read_volume(io.BytesIO(empty)).bytes == 0


def test_others_read_it_too(tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(VOLUME)) as other:
        assert other.testzip() is None
        other.extractall(tmp_path)
        names = other.namelist()
    assert list(Package.read(VOLUME).entries) == names
    assert names == ["卷内目录.xml", *(one.path for one in inventory().packages), "SHA256SUMS", "SM3SUMS"]
    subprocess.run(["sha256sum", "-c", "--strict", "SHA256SUMS"], cwd=tmp_path, check=True, capture_output=True)
    if shutil.which("xmllint"):
        schema = Path(__file__).parents[2] / "archive" / "volume.xsd"
        subprocess.run(["xmllint", "--noout", "--schema", schema, "卷内目录.xml"], cwd=tmp_path, check=True)


def test_no_byte_can_be_changed() -> None:
    for place in range(0, len(VOLUME), 5):
        changed = bytearray(VOLUME)
        changed[place] ^= 0x20
        with pytest.raises(VolumeRefused):
            read_volume(io.BytesIO(bytes(changed)))


def repacked(change: Callable[[dict[str, bytes]], object]) -> bytes:
    entries = dict(Package.read(VOLUME).entries)
    change(entries)
    return Package(entries).to_bytes()


FIRST = inventory().packages[0].path


@pytest.mark.parametrize(
    "changed",
    [
        b"",
        VOLUME[:-1],
        VOLUME + b"\0",
        b"PK\x03\x04" + b"\xff" * 200,
        repacked(lambda entries: entries.update({"more.txt": b"x"})),
        repacked(lambda entries: entries.pop(FIRST)),
        repacked(lambda entries: entries.update({FIRST: b"x"})),
        repacked(lambda entries: entries.update({"SM3SUMS": b""})),
        repacked(lambda entries: entries.update({"卷内目录.xml": b"<volume version='1'/>"})),
        repacked(lambda entries: entries.update({"卷内目录.xml": b"<!DOCTYPE x>" + entries["卷内目录.xml"]})),
        repacked(lambda entries: entries.update(
            {"卷内目录.xml": entries["卷内目录.xml"].replace(b'packages="2"', b'packages="3"')})),
        repacked(lambda entries: entries.update(
            {"卷内目录.xml": entries["卷内目录.xml"].replace(b"<entries", b"<!-- more --><entries")})),
    ],
    ids=["empty", "cut", "longer", "size", "more", "less", "other", "sums", "schema", "doctype", "totals", "comment"],
)  # fmt: skip
def test_what_is_no_volume_is_refused(changed: bytes) -> None:
    with pytest.raises(VolumeRefused):
        read_volume(io.BytesIO(changed))


@pytest.mark.parametrize("limits", [VolumeLimits(file=100), VolumeLimits(packages=1), VolumeLimits(package=10)])
def test_no_more_is_read_than_allowed(limits: VolumeLimits) -> None:
    with pytest.raises(VolumeRefused, match="allowed"):
        read_volume(io.BytesIO(VOLUME), limits)


@pytest.mark.parametrize(
    "made",
    [
        replace(inventory(), names=[Name("a\x01b", DAY)]),
        replace(inventory(), numbers=[]),
        replace(inventory(), packages=[packed(2, b"x")]),
        replace(inventory(), packages=[packed(1, b"x", part="别的")]),
        replace(inventory(), packages=[packed(1, b"x", file_no="../x")]),
        replace(inventory(), packages=[packed(1, b"x", bytes=5 << 30)]),
    ],
    ids=["sign", "no-number", "place", "part", "path", "too-large"],
)
def test_what_would_not_be_read_back_is_not_written(made: Inventory) -> None:
    with pytest.raises(VolumeUnfit):
        write_volume(io.BytesIO(), made, lambda _: b"x")


def test_a_package_that_is_another_one_is_not_written() -> None:
    with pytest.raises(VolumeUnfit, match="420112-food-2026-00002"):
        write_volume(io.BytesIO(), inventory(), lambda one: PACKAGES[0])


def test_memory_does_not_grow_with_the_volume(tmp_path: Path) -> None:
    one = b"x" * (1 << 20)
    made = inventory([one] * 24)
    path = tmp_path / "volume.zip"
    tracemalloc.start()
    with path.open("wb") as out:
        write_volume(out, made, lambda _: one)
    with path.open("rb") as file:
        assert len(read_volume(file).packages) == 24
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6 << 20
