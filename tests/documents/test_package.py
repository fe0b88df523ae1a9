"""The package reader refuses whatever two readers could see differently."""

from __future__ import annotations

import contextlib
import io
import random
import struct
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents.package import ContainerFault, ContainerRefused, Limits, Package

FILES = {"OFD.xml": b"<a/>", "Doc_0/Document.xml": b"<b/>" * 50, "Doc_0/Res/图.png": bytes(range(256))}


def _zip(
    files: dict[str, bytes],
    *,
    method: int = zipfile.ZIP_DEFLATED,
    change: Callable[[zipfile.ZipInfo], None] | None = None,
) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
            info.compress_type = method
            if change is not None:
                change(info)
            archive.writestr(info, data)
    return target.getvalue()


def _reason(data: bytes, limits: Limits | None = None) -> ContainerFault:
    with pytest.raises(ContainerRefused) as caught:
        Package.read(data, limits or Limits())
    return caught.value.reason


def _end(data: bytes) -> tuple[int, int]:
    """Where the directory starts and ends."""
    size, start = struct.unpack("<2L", data[-10:-2])
    return start, start + size


def test_what_is_written_is_read_back_in_order() -> None:
    package = Package(FILES)
    again = Package.read(package.to_bytes())
    assert again == package
    assert list(again.entries) == list(FILES)


def test_the_same_entries_make_the_same_bytes_and_another_implementation_reads_them() -> None:
    data = Package(FILES).to_bytes()
    assert data == Package(dict(FILES)).to_bytes()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == FILES


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_packages_of_another_writer_are_read(method: int) -> None:
    assert dict(Package.read(_zip(FILES, method=method)).entries) == FILES


def test_a_package_written_as_a_stream_is_read() -> None:
    class Stream(io.RawIOBase):
        def __init__(self) -> None:
            self.data = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: object) -> int:
            self.data += bytes(data)  # type: ignore[call-overload]
            return len(bytes(data))  # type: ignore[call-overload]

    stream = Stream()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[call-overload]
        for name, data in FILES.items():
            archive.writestr(name, data)
    assert dict(Package.read(bytes(stream.data)).entries) == FILES


def test_every_good_sealed_file_is_read(ofd_seals: Path) -> None:
    for path in sorted(ofd_seals.glob("ok-*.ofd")):
        data = path.read_bytes()
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            expected = {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
        assert dict(Package.read(data).entries) == expected


@pytest.mark.parametrize(
    "name",
    [
        "/OFD.xml",
        "../a",
        "a/../b",
        "a/./b",
        "a//b",
        "C:/a",
        "c:a",
        "a\\b",
        "a\x00b",
        "a\u202eb",
        "a.",
        "a /b",
        "",
        "x" * 600,
    ],
)
def test_unsafe_names_are_refused_reading_and_writing(name: str) -> None:
    with pytest.raises(ContainerRefused) as caught:
        Package({name: b""})
    assert caught.value.reason is ContainerFault.UNSAFE_NAME
    harmless = "z" * len(name.encode())
    if name and "\x00" not in name:
        raw = Package({harmless: b""}).to_bytes() if len(name) < 500 else None
        if raw is not None and name.isascii():
            assert _reason(raw.replace(harmless.encode(), name.encode())) is ContainerFault.UNSAFE_NAME


def test_a_zero_byte_in_a_name_is_refused_when_reading() -> None:
    raw = Package({"axb": b""}).to_bytes().replace(b"axb", b"a\x00b")
    assert _reason(raw) is ContainerFault.UNSAFE_NAME


def test_a_name_twice_and_twins_by_letter_case_are_refused() -> None:
    twice = Package({"a": b"1", "b": b"2"}).to_bytes()
    assert _reason(twice.replace(b"b", b"a")) is ContainerFault.DUPLICATE_NAME
    for twins in ({"Tpls/a": b"", "TPLS/a": b""}, {"a": b"", "a/b": b""}, {"é": b"", "e\u0301": b""}):
        with pytest.raises(ContainerRefused):
            Package(twins)


def test_bytes_before_between_and_after_are_refused() -> None:
    data = Package(FILES).to_bytes()
    start, _ = _end(data)
    assert _reason(b"#!/bin/sh\n" + data) is ContainerFault.NOT_A_ZIP
    assert _reason(data + b"x") is ContainerFault.HIDDEN_BYTES
    assert _reason(data[:start] + b"hidden" + data[start:]) is ContainerFault.HIDDEN_BYTES
    # the directory moved along, so that only the gap itself is wrong
    gap = data[:start] + b"hidden" + data[start:-6] + struct.pack("<LH", start + 6, 0)
    assert _reason(gap) is ContainerFault.HIDDEN_BYTES
    comment = data[:-2] + struct.pack("<H", 3) + b"abc"
    assert _reason(comment) is ContainerFault.HIDDEN_BYTES


def test_an_entry_hidden_from_the_directory_is_refused() -> None:
    both, one = Package({"a": b"1", "b": b"2"}).to_bytes(), Package({"a": b"1"}).to_bytes()
    both_start, one_start = _end(both)[0], _end(one)[0]
    directory = one[one_start:-22]
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(directory), both_start, 0)
    assert _reason(both[:both_start] + directory + end) is ContainerFault.HIDDEN_BYTES


def test_what_was_read_is_written_as_what_was_made() -> None:
    made, read = Package(FILES), Package.read(_zip(FILES))
    assert read.to_bytes() == made.to_bytes() == Package.read(made.to_bytes()).to_bytes()


@given(place=st.integers(0, 1_000), turned=st.integers(0, 255))
def test_a_package_is_written_as_its_own_bytes_and_no_others(place: int, turned: int) -> None:
    package = Package(FILES)
    data = bytearray(package.to_bytes())
    data[place % len(data)] ^= turned
    assert package.is_written_as(bytes(data)) is (turned == 0)
    assert not package.is_written_as(bytes(data[:-1])) and not package.is_written_as(bytes(data) + b"\0")
    assert not package.is_written_as(_zip(FILES))


def test_a_header_that_differs_from_the_directory_is_refused() -> None:
    data = bytearray(Package({"abc": b"1", "d": b"2"}).to_bytes())
    data[30:33] = b"xyz"
    assert _reason(bytes(data)) is ContainerFault.HEADERS_DIFFER


def test_encrypted_and_unknown_packing_are_refused() -> None:
    data = Package({"a": b"1"}).to_bytes()
    start, _ = _end(data)
    encrypted = bytearray(data)
    encrypted[6] |= 1
    encrypted[start + 8] |= 1
    assert _reason(bytes(encrypted)) is ContainerFault.ENCRYPTED
    assert _reason(_zip(FILES, method=zipfile.ZIP_LZMA)) is ContainerFault.UNSUPPORTED


def test_extra_fields_that_say_more_than_times_are_refused() -> None:
    def unicode_path(info: zipfile.ZipInfo) -> None:
        info.extra = struct.pack("<HH", 0x7075, 4) + b"abcd"

    def time_field(info: zipfile.ZipInfo) -> None:
        info.extra = struct.pack("<HHBL", 0x5455, 5, 1, 0)

    assert _reason(_zip(FILES, change=unicode_path)) is ContainerFault.UNSUPPORTED
    assert dict(Package.read(_zip(FILES, change=time_field)).entries) == FILES


def test_folder_entries_are_all_of_the_folders_or_none() -> None:
    good = {"a/": b"", "a/b": b"1"}
    assert dict(Package.read(_zip(good, method=zipfile.ZIP_STORED)).entries) == {"a/b": b"1"}
    for folders in ({"a/b": b"1", "c/": b""}, {"a/": b"", "a/b/c": b"1"}):
        assert _reason(_zip(folders, method=zipfile.ZIP_STORED)) is ContainerFault.HIDDEN_BYTES


def test_bombs_and_floods_are_refused_before_they_unpack() -> None:
    bomb = _zip({"a": bytes(50 << 20)})
    begin = time.perf_counter()
    assert _reason(bomb) is ContainerFault.TOO_LARGE
    assert time.perf_counter() - begin < 0.5
    assert _reason(Package({str(i): b"" for i in range(20)}).to_bytes(), Limits(entries=10)) is ContainerFault.TOO_MANY
    assert _reason(Package({"a": b"12", "b": b"34"}).to_bytes(), Limits(total_bytes=3)) is ContainerFault.TOO_LARGE
    assert _reason(Package(FILES).to_bytes(), Limits(file_bytes=10)) is ContainerFault.TOO_LARGE


def test_an_entry_that_lies_about_its_size_is_refused() -> None:
    honest = _zip({"a": bytes(10_000)})
    lie = honest.replace(struct.pack("<L", 10_000), struct.pack("<L", 9_999))
    assert _reason(lie) in (ContainerFault.HIDDEN_BYTES, ContainerFault.DAMAGED)


def test_data_after_the_end_of_a_packed_entry_is_refused() -> None:
    plain, hidden = b"visible", b"hidden"
    machine = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = machine.compress(plain) + machine.flush() + hidden
    common = struct.pack("<5H3L2H", 20, 0, 8, 0, 33, zlib.crc32(plain), len(packed), len(plain), 1, 0)
    local = b"PK\x03\x04" + common + b"a" + packed
    central = b"PK\x01\x02" + struct.pack("<H", 20) + common + struct.pack("<3H2L", 0, 0, 0, 0, 0) + b"a"
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(central), len(local), 0)
    assert _reason(local + central + end) is ContainerFault.HIDDEN_BYTES


def test_every_byte_of_a_written_package_counts() -> None:
    data = Package({"OFD.xml": b"<a/>", "b/c": b"12345"}).to_bytes()
    for place in range(len(data)):
        for bit in range(8):
            changed = bytearray(data)
            changed[place] ^= 1 << bit
            with pytest.raises(ContainerRefused):
                Package.read(bytes(changed))


def test_a_cut_package_is_refused_at_every_length() -> None:
    data = Package(FILES).to_bytes()
    for length in range(len(data)):
        with pytest.raises(ContainerRefused):
            Package.read(data[:length])


@given(st.binary(max_size=300), st.integers(0, 2**32))
def test_random_bytes_and_random_damage_give_only_the_typed_refusal(noise: bytes, seed: int) -> None:
    dice = random.Random(seed)
    damaged = bytearray(_zip(FILES))
    for _ in range(dice.randint(1, 6)):
        damaged[dice.randrange(len(damaged))] = dice.randrange(256)
    for data in (noise, b"PK\x03\x04" + noise, bytes(damaged)):
        with contextlib.suppress(ContainerRefused):
            Package.read(data)


def test_a_package_never_changes() -> None:
    files = dict(FILES)
    package = Package(files)
    files["OFD.xml"] = b"other"
    changed = package.with_entries({"OFD.xml": b"new", "z": b"1", "Doc_0/Document.xml": None})
    assert package.entries["OFD.xml"] == b"<a/>"
    assert list(changed.entries) == ["OFD.xml", "Doc_0/Res/图.png", "z"]
    with pytest.raises(TypeError):
        package.entries["a"] = b""  # type: ignore[index]


def test_the_refusal_tells_no_name_of_the_file() -> None:
    with pytest.raises(ContainerRefused) as caught:
        Package({"张三/../身份证": b""})
    assert "张三" not in str(caught.value)
