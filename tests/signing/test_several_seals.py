"""Several seals, seals across pages, and signatures without a seal."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from PIL import Image

from core.digest import sm3
from core.verdict import Verdict
from documents.package import Package
from signing.certificates import as_pem
from signing.errors import NotSealable
from signing.ofd.riding import LEAST_SLICE_MM, Edge, riding
from signing.ofd.seal import Stamp, seal, sign
from signing.ofd.stamps import lies_on, visible
from signing.ofd.steps import Step
from signing.ofd.verify import verify
from signing.report import Expectation, Organ, Report
from signing.seal.making import make_seal
from signing.seal.port import LocalSealer
from signing.signed_data import SignedData

NS = {"ofd": "http://www.ofdspec.org/2016"}
JUDGED_AT = datetime(2026, 3, 3, tzinfo=UTC)


def _judged(world, package: Package, **changes: object) -> Report:
    return verify(package.to_bytes(), **({"trust": [world.root], "at": JUDGED_AT} | changes))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def neighbour(world, authority):
    """A second organ with its own signer and seal."""
    _, signer = authority.issue("42011200000002", "11420112MB1111111X邻区行政审批局（测试）")
    made = make_seal(world.draft(es_id="42011200000002", users=(signer.certificate,)), world.maker)
    return LocalSealer(made, signer)


@pytest.mark.parametrize("edge", list(Edge))
@pytest.mark.parametrize(
    "pages", [[(210.0, 297.0)] * 2, [(420.0, 297.0), (297.0, 210.0), (210.0, 297.0)], [(297.0, 210.0)] * 14]
)
def test_a_riding_seal_has_one_slice_at_the_edge_of_each_page(pages: list[tuple[float, float]], edge: Edge) -> None:
    stamps = riding(pages, (42, 42), edge=edge)
    assert [one.page_index for one in stamps] == list(range(len(pages)))
    slices = []
    for stamp, (width, height) in zip(stamps, pages, strict=True):
        assert (stamp.w_mm, stamp.h_mm) == (42, 42)
        box = (stamp.x_mm, stamp.y_mm, 42.0, 42.0)
        x, y, w, h = visible(box, stamp.clip)
        assert lies_on((0, 0, width, height), box, stamp.clip)
        reached = {Edge.RIGHT: x + w - width, Edge.LEFT: x, Edge.TOP: y, Edge.BOTTOM: y + h - height}[edge]
        assert abs(reached) < 1e-9
        assert stamp.clip is not None
        slices.append(stamp.clip[0] if edge in (Edge.LEFT, Edge.RIGHT) else stamp.clip[1])
    step = 42 / len(pages)
    expected = [step * number for number in range(len(pages))]
    assert slices == pytest.approx(expected if edge in (Edge.RIGHT, Edge.BOTTOM) else expected[::-1])


def test_two_pages_are_cut_as_other_makers_cut_them() -> None:
    """The boxes of an independent implementation's riding seal at the right edge, 40 mm at 80 mm from the top."""
    first, second = riding([(297, 210)] * 2, (40, 40), along_mm=80)
    assert (first.x_mm, first.y_mm, first.clip) == (277, 80, (0, 0, 20, 40))
    assert (second.x_mm, second.y_mm, second.clip) == (257, 80, (20, 0, 20, 40))


@given(count=st.integers(2, 400), size=st.sampled_from([30.0, 40.0, 42.0, 45.0]))
def test_of_many_pages_every_group_shows_a_whole_seal_in_slices_that_can_be_seen(count: int, size: float) -> None:
    stamps = riding([(210, 297)] * count, (size, size))
    assert [one.page_index for one in stamps] == list(range(count))
    covered = 0.0
    for stamp in stamps:
        assert stamp.clip is not None
        start, _, width, _ = stamp.clip
        assert width >= LEAST_SLICE_MM - 1e-6
        assert width <= size / 2 + 1e-9, "no page stands alone"
        if start == 0:
            assert covered in (0.0, pytest.approx(size))
            covered = 0.0
        assert start == pytest.approx(covered)
        covered = start + width
    assert covered == pytest.approx(size)


@pytest.mark.parametrize(
    ("pages", "size", "more"),
    [
        ([(210, 297)], (42, 42), {}),
        ([], (42, 42), {}),
        ([(210, 30), (210, 297)], (42, 42), {}),
        ([(210, 297)] * 2, (4, 42), {}),
        ([(210, 297)] * 2, (42, 42), {"along_mm": 260}),
        ([(210, 297)] * 2, (42, 42), {"along_mm": -1}),
    ],
)
def test_a_seal_that_cannot_ride_is_refused(pages, size, more) -> None:
    with pytest.raises(NotSealable):
        riding(pages, size, **more)


def test_a_riding_seal_is_put_on_and_verified_and_a_slice_cannot_be_moved(world, ofd) -> None:
    sealed = world.sealed(ofd(4), stamps=[Stamp(0, 140, 220, 42, 42), *riding([(210, 297)] * 4, (42, 42))])
    report = _judged(world, sealed)
    assert report.verdict is Verdict.VALID, report.lines()
    assert not any("size" in note.en or "cover" in note.en for note in report.notes)
    path = "Doc_0/Signs/Sign_0/Signature.xml"
    stamps = etree.fromstring(sealed.entries[path]).findall(".//ofd:StampAnnot", NS)
    assert [one.get("PageRef") for one in stamps] == ["10", "10", "11", "12", "13"]
    moved = sealed.entries[path].replace(b'Clip="10.5 0', b'Clip="21 0')
    assert moved != sealed.entries[path]
    assert _judged(world, sealed.with_entries({path: moved})).verdict is Verdict.INVALID


def test_slices_put_together_are_the_seal(world, ofd) -> None:
    """What a viewer draws from boundary and clip, put side by side, is the picture it was cut from."""
    picture = Image.effect_noise((420, 420), 90)
    whole = Image.new("L", (420, 420))
    for stamp in riding([(210, 297)] * 7, (42, 42)):
        assert stamp.clip is not None
        x, y, w, h = (round(value * 10) for value in stamp.clip)
        whole.paste(picture.crop((x, y, x + w, y + h)), (x, y))
    assert whole.tobytes() == picture.tobytes()


def test_seals_of_two_organs_are_asked_for_one_by_one(world, neighbour) -> None:
    ours, theirs = Organ("11420112MB0000000M", "42011200000001"), Organ("11420112MB1111111X")
    first = world.sealed(lock=False)
    both = seal(first, neighbour, stamps=[Stamp(0, 20, 220, 42, 42)], at=datetime(2026, 3, 2, 2, tzinfo=UTC))
    for organs, expected in (
        ((ours, theirs), Verdict.VALID),
        ((theirs, ours), Verdict.VALID),
        ((ours,), Verdict.VALID),
        ((ours, theirs, ours), Verdict.INVALID),
        ((ours, Organ("99")), Verdict.INVALID),
        ((Organ("11420112MB0000000M", "42011200000002"),), Verdict.INVALID),
    ):
        report = _judged(world, both, expect=Expectation(organs=organs))
        assert report.verdict is expected, organs
        if expected is Verdict.INVALID:
            assert report.first_fault is not None
            assert report.first_fault.step is Step.BUSINESS
    assert _judged(world, first, expect=Expectation(organs=(ours, theirs))).verdict is Verdict.INVALID


def test_code_and_seal_id_must_be_those_of_one_seal(world, neighbour) -> None:
    """The one organ's code and the other's seal ID are both there, and nobody has both."""
    both = seal(
        world.sealed(lock=False), neighbour, stamps=[Stamp(0, 20, 220, 42, 42)], at=datetime(2026, 3, 2, 2, tzinfo=UTC)
    )
    mixed = Expectation(credit_code="11420112MB0000000M", es_id="42011200000002")
    assert _judged(world, both, expect=mixed).verdict is Verdict.INVALID


def test_seals_of_two_organs_that_cover_each_other_are_told(world, neighbour) -> None:
    for x, told in ((150.0, True), (20.0, False)):
        both = seal(world.sealed(lock=False), neighbour, stamps=[Stamp(0, x, 220, 42, 42)], at=JUDGED_AT)
        report = _judged(world, both)
        assert report.verdict is Verdict.VALID
        assert any("cover each other" in note.en for note in report.notes) is told


def test_a_seal_drawn_in_another_size_than_its_own_is_told(world) -> None:
    for size, told in ((42.9, False), (30.0, True)):
        report = _judged(world, world.sealed(stamps=[Stamp(0, 10, 10, size, size)]))
        assert any("own size" in note.en for note in report.notes) is told


def test_a_signature_after_the_seal_closes_everything(world, sealed_at) -> None:
    first = world.sealed(lock=False)
    closed = sign(first, world.signer, at=sealed_at + timedelta(minutes=1))
    report = _judged(world, closed, expect=Expectation(seals=1))
    assert report.verdict is Verdict.VALID, report.lines()
    assert [one.kind for one in report.seals] == ["Seal", "Sign"]
    assert report.seals[1].signed_at == sealed_at + timedelta(minutes=1)
    root = etree.fromstring(closed.entries["Doc_0/Signs/Sign_1/Signature.xml"])
    listed = {str(one.get("FileRef"))[1:] for one in root.iterfind(".//ofd:Reference", NS)}
    assert listed == set(closed.entries) - {
        "Doc_0/Signs/Sign_1/Signature.xml", "Doc_0/Signs/Sign_1/SignedValue.dat",
    }  # fmt: skip
    assert [etree.QName(one).localname for one in root[0]] == [
        "Provider", "SignatureMethod", "SignatureDateTime", "References",
    ]  # fmt: skip
    for again in (lambda: world.sealed(closed), lambda: sign(closed, world.signer, at=sealed_at)):
        with pytest.raises(NotSealable):
            again()


def test_a_document_without_a_seal_is_told_to_have_none(world, ofd, sealed_at) -> None:
    report = _judged(world, sign(ofd(), world.signer, at=sealed_at))
    assert report.verdict is Verdict.VALID
    assert any("bears no seal" in note.en for note in report.notes)
    assert (
        _judged(world, sign(ofd(), world.signer, at=sealed_at), expect=Expectation(seals=1)).verdict is Verdict.INVALID
    )


def test_the_openssl_command_verifies_the_signature_without_a_seal(world, ofd, sealed_at, tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl command to ask")
    closed = sign(ofd(), world.signer, at=sealed_at)
    described = closed.entries["Doc_0/Signs/Sign_0/Signature.xml"]
    signed = SignedData.read(closed.entries["Doc_0/Signs/Sign_0/SignedValue.dat"])
    assert signed.content == sm3(described)
    assert signed.attributes_signed is not None
    key = subprocess.run(
        ["openssl", "x509", "-noout", "-pubkey"],
        input=as_pem(world.signer.certificate),
        capture_output=True,
        check=True,
    ).stdout
    for name, data in (("k", key), ("s", signed.signature), ("m", signed.attributes_signed)):
        (tmp_path / name).write_bytes(data)
    asked = ["openssl", "dgst", "-sm3", "-verify", str(tmp_path / "k"), "-sigopt", "distid:1234567812345678"]
    found = subprocess.run(
        [*asked, "-signature", str(tmp_path / "s"), str(tmp_path / "m")], capture_output=True, text=True, check=False
    )
    assert "Verified OK" in found.stdout


def test_what_would_not_verify_is_not_signed(world, authority, ofd, sealed_at) -> None:
    _, ended = authority.issue("过期", end=sealed_at - timedelta(days=1))
    with pytest.raises(NotSealable):
        sign(ofd(), ended, at=sealed_at)
    with pytest.raises(ValueError, match="zone"):
        sign(ofd(), world.signer, at=datetime(2026, 3, 2))  # noqa: DTZ001


def test_three_organs_and_a_closing_signature_go_together(world, neighbour, sealed_at) -> None:
    package = world.sealed(lock=False)
    for _ in range(2):
        package = seal(package, neighbour, stamps=[Stamp(0, 20, 20, 42, 42)], at=sealed_at, lock=False)
    closed = sign(package, world.signer, at=sealed_at)
    report = _judged(world, closed, expect=Expectation(seals=3))
    assert report.verdict is Verdict.VALID, report.lines()
    assert [one.id for one in report.seals] == ["s001", "s003", "s005", "s007"]
