"""Bytes of a stranger are read or refused with a typed error, soon, and for little memory. See tests/fuzz."""

from __future__ import annotations

import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from documents.package import Package
from signing import der
from signing.errors import DerRefused, SealRefused
from signing.seal.parts import Seal
from tests.fuzz import oracle
from tests.fuzz.mutating import der_tree, zip_entries

#: What a reader may take for input of up to 1 MiB: memory beside the input, and time on a slow machine.
MOST_BYTES, MOST_SECONDS = 64 << 20, 10.0
MIB = 1 << 20
FILES = sorted(name for name in oracle.AROUND if name.endswith(".xml"))


@pytest.fixture(scope="module")
def values(world, authority, sealed_at) -> list[bytes]:
    """Signature values and seals as this house makes them."""
    from signing import oids
    from signing.ofd.seal import sign

    _, tsa = authority.issue("时间戳", extended=(oids.TIME_STAMPING,))
    first = world.sealed(lock=False, timestamp=lambda value: authority.token(tsa, value, sealed_at))
    both = sign(first, world.signer, at=sealed_at)
    token = authority.token(tsa, b"", sealed_at)
    return [*(data for name, data in both.entries.items() if name.endswith((".dat", ".esl"))), token, tsa.certificate]


@settings(max_examples=300, deadline=None)
@given(data=st.data(), seed=st.integers(0, 2**32))
def test_der_with_right_lengths_and_wrong_contents_gives_only_typed_errors(values, data, seed: int) -> None:
    oracle.asn1(der_tree(data.draw(st.sampled_from(values)), seed))


@given(st.binary(max_size=300))
def test_any_bytes_give_only_typed_errors_in_every_asn1_reader(noise: bytes) -> None:
    oracle.asn1(noise)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_xml_in_any_place_gives_a_report(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(FILES))
    content = oracle.AROUND[name]
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, min(len(content), start + 30)))
    junk = data.draw(
        st.one_of(
            st.binary(max_size=20),
            st.sampled_from(
                [b"<", b"/>", b"<!DOCTYPE a>", b"&b;", b"<ofd:Signatures/>", b"<ofd:Page ID='1'/>", b"/../.."]
            ),
        )
    )
    oracle.xml(name, content[:start] + junk + content[end:])


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_packages_with_right_checksums_and_wrong_contents_give_a_report(world, seed: int) -> None:
    oracle.package(zip_entries(world.sealed().to_bytes(), seed))


def _deep(tag: int) -> bytes:
    """As many levels as fit 1 MiB: each takes its tag and up to five octets of length."""
    levels, size = [], 0
    while size < MIB - 16:
        head = bytes((tag,)) + _length(size)
        levels.append(head)
        size += len(head)
    return b"".join(reversed(levels))


def _length(size: int) -> bytes:
    if size < 0x80:
        return bytes((size,))
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((0x80 | len(octets),)) + octets


def _seal_with(value: bytes) -> list[bytes]:
    """Structures that reach a list of a seal, each with `value` in its place."""
    header = der.sequence(der.text(der.Tag.IA5, "ES"), der.integer(4), der.text(der.Tag.IA5, "X"))
    times = der.wrap(der.Tag.GENERALIZED_TIME, b"20260101000000Z") * 3
    prop = der.sequence(der.integer(1), der.text(der.Tag.UTF8, "x"), der.integer(1), der.sequence(value), times)
    picture = der.sequence(der.text(der.Tag.IA5, "PNG"), der.octets(b""), der.integer(1), der.integer(1))
    plain = der.sequence(
        der.integer(1), der.text(der.Tag.UTF8, "x"), der.integer(1), der.sequence(der.octets(b"")), times
    )
    rest = der.octets(b"") + der.oid("1.2.3") + der.bits(b"")
    return [
        der.sequence(der.sequence(header, der.text(der.Tag.IA5, "1"), prop, picture), rest),
        der.sequence(der.sequence(header, der.text(der.Tag.IA5, "1"), plain, picture, der.sequence(value)), rest),
        der.sequence(der.sequence(header, value, plain, picture), rest),
        der.sequence(value),
        value,
    ]


def _many(one: bytes) -> bytes:
    return one * (MIB // len(one) - 200)


@lru_cache(maxsize=1)
def _costly() -> dict[str, bytes]:
    """Inputs of about 1 MiB made to cost: deep, wide, long numbers, long identifiers."""
    made = {
        "deep sequences": _deep(0x30),
        "deep tags": _deep(0xA0),
        "a long number": der.wrap(der.Tag.INTEGER, b"\x7f" * (MIB - 200)),
        "a long identifier": der.wrap(der.Tag.OID, b"\xff" * (MIB - 201) + b"\x01"),
        "a long text": der.wrap(der.Tag.UTF8, b"a" * (MIB - 200)),
    }
    for label, one in (("empty octets", b"\x04\x00"), ("empty sequences", b"\x30\x00"), ("numbers", b"\x02\x01\x01")):
        for number, data in enumerate(_seal_with(_many(one))):
            made[f"many {label} {number}"] = data
    return made


@pytest.mark.parametrize("name", sorted(_costly()))
def test_what_is_made_to_cost_costs_little_in_every_asn1_reader(name: str) -> None:
    data = _costly()[name]
    assert len(data) <= MIB
    for reader in oracle.ASN1[1:]:
        _bounded(reader, data)


def _bounded(reader: Callable[[bytes], object], data: bytes) -> None:
    tracemalloc.start()
    begin = time.perf_counter()
    try:
        reader(data)
    except oracle.TYPED:
        pass
    finally:
        took, (_, peak) = time.perf_counter() - begin, tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < MOST_BYTES, (reader, peak)
    assert took < MOST_SECONDS, (reader, took)


def test_the_xml_of_a_package_has_an_end(world, ofd) -> None:
    """Ten files of 3 MiB each: what is beyond the bound is not read, and that is told."""
    large = b"<a>" + b" " * (3 << 20) + b"</a>"
    package = world.sealed(ofd().with_entries({f"Doc_0/{number}.xml": large for number in range(10)}))
    report = oracle.verify(package.to_bytes(), trust=[world.root], at=oracle.JUDGED_AT)
    unread = [note.file for note in report.notes if "too-large" in note.en]
    assert unread == ["Doc_0/7.xml", "Doc_0/8.xml", "Doc_0/9.xml"]
    assert report.verdict.value == "valid", report.lines()


def test_lists_have_an_end() -> None:
    for data in _seal_with(_many(b"\x04\x00"))[:3]:
        with pytest.raises((DerRefused, SealRefused)):
            Seal.read(data)


#: Run apart, as lxml's memory is not Python's to trace: the process tells the most it ever had.
_XML_PROBE = """
import resource, sys
from documents.package import Package
from tests.fuzz import oracle
size = 1 << 20
one, closing = sys.argv[2].encode(), sys.argv[3].encode()
around = oracle.AROUND[sys.argv[1]]
cut = around.rindex(b"</") if b"</" in around else len(around)
oracle.whole(Package(oracle.AROUND).to_bytes())
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
data = around[:cut] + one * ((size - len(around)) // len(one)) + closing + around[cut:]
oracle.whole(Package({**oracle.AROUND, sys.argv[1]: data}).to_bytes())
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize(
    ("name", "one", "closing"),
    [
        ("Doc_0/P.xml", "<a b=''/>", ""),
        ("Doc_0/P.xml", "<a>", ""),
        ("Doc_0/P.xml", "<ofd:TextObject ID='1'/>", ""),
        ("Doc_0/Signs/Signatures.xml", "<ofd:Signature ID='s' BaseLoc='x'/>", ""),
        ("Doc_0/Signs/Sign_0/Signature.xml", "<ofd:Reference FileRef='/a'/>", ""),
        ("Doc_0/Document.xml", "<ofd:Annotations>a</ofd:Annotations>", ""),
        ("OFD.xml", "&a;", ""),
    ],
)
def test_a_mebibyte_of_xml_takes_little_memory_and_time(name: str, one: str, closing: str) -> None:
    begin = time.perf_counter()
    found = subprocess.run(
        [sys.executable, "-c", _XML_PROBE, name, one, closing],
        capture_output=True, text=True, check=True, cwd=Path(__file__).resolve().parents[2], timeout=60,
    )  # fmt: skip
    assert int(found.stdout) * 1024 < MOST_BYTES, found.stdout
    assert time.perf_counter() - begin < 2 * MOST_SECONDS


def test_a_small_package_never_unpacks_to_more_than_its_limits() -> None:
    """What a package may cost is set by `Limits`, not by its size: stored and deflated entries count unpacked."""
    import io
    import zipfile

    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(100):
            archive.writestr(f"{number}.xml", bytes(1 << 20))
    assert len(target.getvalue()) < MIB
    tracemalloc.start()
    report = oracle.whole(target.getvalue())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert report.first_fault is not None
    assert report.first_fault.step.number == 0
    assert peak < oracle.SMALL.total_bytes + MOST_BYTES


def test_the_documents_around_fuzzed_files_are_read() -> None:
    """Otherwise fuzzing would stop at the door."""
    report = oracle.whole(Package(oracle.AROUND).to_bytes())
    assert report.first_fault is not None
    assert report.first_fault.step.number >= 3
