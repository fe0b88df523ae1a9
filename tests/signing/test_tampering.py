"""No changed byte, no dropped, added, doubled or swapped file ever passes."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.digest import sm3
from core.verdict import Verdict
from documents.package import Package
from signing import oids
from signing.certificate_making import Wish, make_certificate
from signing.certificates import Usage
from signing.file_key import FileKey
from signing.ofd.steps import Step
from signing.ofd.verify import verify
from signing.report import Report
from signing.sm2 import PrivateKey
from signing.timestamp_making import make_token
from signing.trust import Trust

JUDGED_AT = datetime(2026, 3, 3, tzinfo=UTC)
LIST = "Doc_0/Signs/Signatures.xml"


@pytest.fixture(scope="module")
def sealed(world) -> Package:
    return world.sealed()


@pytest.fixture(scope="module")
def judge(world):
    trust = Trust.of([world.root])

    def judged(data: bytes) -> Report:
        return verify(data, trust=trust, at=JUDGED_AT)

    return judged


def test_every_byte_of_the_file_counts(sealed: Package, judge) -> None:
    data = sealed.to_bytes()
    assert judge(data).verdict is Verdict.VALID
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 1 << place % 8
        assert judge(bytes(changed)).verdict is Verdict.INVALID, place


def test_every_byte_of_every_file_counts_under_right_checksums(sealed: Package, judge) -> None:
    """The same below the zip layer, whose checksums an attacker writes anew."""
    for name, content in sealed.entries.items():
        for place in range(len(content)):
            changed = bytearray(content)
            changed[place] ^= 1 << (place * 5 + 1) % 8
            report = judge(sealed.with_entries({name: bytes(changed)}).to_bytes())
            assert report.verdict is Verdict.INVALID, (name, place)


def test_every_byte_of_a_timestamped_signature_counts(world, authority, sealed_at, judge) -> None:
    _, tsa = authority.issue("时间戳", extended=(oids.TIME_STAMPING,))
    stamped = world.sealed(timestamp=lambda value: authority.token(tsa, value, sealed_at))
    name = "Doc_0/Signs/Sign_0/SignedValue.dat"
    content = stamped.entries[name]
    assert judge(stamped.to_bytes()).verdict is Verdict.VALID
    # the seal and the signature are covered above; here the part after them
    survived = []
    for place in range(len(content) - 1100, len(content)):
        changed = bytearray(content)
        changed[place] ^= 1 << place % 8
        if judge(stamped.with_entries({name: bytes(changed)}).to_bytes()).verdict is not Verdict.INVALID:
            survived.append(place)
    assert not survived


def test_every_byte_counts_of_a_timestamp_whose_authority_nobody_knows(world, authority, sealed_at, judge) -> None:
    """Its authority is not relied on, and still nobody may change it: the token binds its certificate."""
    _, middle = authority.issue("别的时间戳", extended=(oids.TIME_STAMPING,))
    key = PrivateKey.generate()
    wish = Wish(
        ((oids.COMMON_NAME, "无人认识的时间戳"),), 9, sealed_at - timedelta(days=1), sealed_at + timedelta(days=900),
        Usage.DIGITAL_SIGNATURE, extended=(oids.TIME_STAMPING,),
    )  # fmt: skip
    stranger = FileKey(key, make_certificate(wish, key.point, key))
    bound = world.sealed(timestamp=lambda value: make_token(stranger, sm3(value), oids.SM3, sealed_at, 7))
    name = "Doc_0/Signs/Sign_0/SignedValue.dat"
    content = bound.entries[name]
    report = judge(bound.to_bytes())
    assert report.verdict is Verdict.VALID
    assert report.seals[0].stamped_at is None
    assert any(note.step is Step.TIMESTAMP for note in report.notes)
    survived = []
    for place in range(len(content) - 1100, len(content)):
        changed = bytearray(content)
        changed[place] ^= 1 << place % 8
        if judge(bound.with_entries({name: bytes(changed)}).to_bytes()).verdict is not Verdict.INVALID:
            survived.append(place)
    assert not survived
    more = world.sealed(
        timestamp=lambda value: make_token(
            stranger, sm3(value), oids.SM3, sealed_at, 7, extra_certificates=[middle.certificate]
        )
    )
    assert judge(more.to_bytes()).verdict is Verdict.CANNOT_TELL, "nobody vouches for the further certificate"


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_several_changes_at_once_never_pass(sealed: Package, judge, data: st.DataObject) -> None:
    raw = bytearray(sealed.to_bytes())
    original = bytes(raw)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(raw) - 1))
        raw[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    if bytes(raw) != original:
        assert judge(bytes(raw)).verdict is Verdict.INVALID


def test_many_threads_judge_at_once(sealed: Package, judge) -> None:
    good = sealed.to_bytes()
    value = "Doc_0/Signs/Sign_0/SignedValue.dat"
    broken = bytearray(sealed.entries[value])
    broken[-3] ^= 4
    bad = sealed.with_entries({value: bytes(broken)}).to_bytes()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda data: judge(data).verdict, [good, bad] * 200))
    assert found == [Verdict.VALID, Verdict.INVALID] * 200


def test_a_dropped_file_is_missed(sealed: Package, judge) -> None:
    for name in sealed.entries:
        assert judge(sealed.with_entries({name: None}).to_bytes()).verdict is Verdict.INVALID, name


@pytest.mark.parametrize("name", ["extra.bin", "Doc_0/Res/x.png", "Doc_1/Document.xml", "Doc_0/Signs/Sign_0/other.dat"])
def test_an_added_file_is_noticed(sealed: Package, judge, name: str) -> None:
    assert judge(sealed.with_entries({name: b"x"}).to_bytes()).verdict is Verdict.INVALID


def test_swapped_contents_are_noticed(sealed: Package, judge) -> None:
    for one, other in itertools.combinations(sealed.entries, 2):
        if sealed.entries[one] != sealed.entries[other]:
            swapped = sealed.with_entries({one: sealed.entries[other], other: sealed.entries[one]})
            assert judge(swapped.to_bytes()).verdict is Verdict.INVALID, (one, other)


def test_a_doubled_file_is_refused(sealed: Package, judge) -> None:
    for name in sealed.entries:
        stranger = "y" * len(name)
        data = sealed.with_entries({stranger: b"forged"}).to_bytes().replace(stranger.encode(), name.encode())
        report = judge(data)
        assert report.verdict is Verdict.INVALID
        assert report.first_fault is not None
        assert report.first_fault.step.number == 0


def test_a_second_document_is_refused(sealed: Package, judge) -> None:
    entry = sealed.entries["OFD.xml"]
    body = entry[entry.index(b"<ofd:DocBody>") : entry.index(b"</ofd:OFD>")]
    doubled = entry.replace(b"</ofd:OFD>", body + b"</ofd:OFD>")
    report = judge(sealed.with_entries({"OFD.xml": doubled}).to_bytes())
    assert report.first_fault is not None
    assert report.first_fault.step.number == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"http://www.ofdspec.org/2016", b"http://www.ofdspec.org/2099"),
        (b"</ofd:DocBody>", b"</ofd:DocBody><!DOCTYPE a>"),
        (b"<ofd:Signatures>/Doc_0/Signs/Signatures.xml</ofd:Signatures>", b""),
        (b"/Doc_0/Signs/Signatures.xml", b"/../x"),
    ],
)
def test_a_changed_entry_file_is_refused(sealed: Package, judge, old: bytes, new: bytes) -> None:
    entry = sealed.entries["OFD.xml"]
    assert old in entry
    assert judge(sealed.with_entries({"OFD.xml": entry.replace(old, new)}).to_bytes()).verdict is Verdict.INVALID


def test_an_annotation_that_poses_as_a_seal_is_refused_even_when_it_is_protected(world, ofd, judge) -> None:
    ns = 'xmlns:ofd="http://www.ofdspec.org/2016"'
    plain = ofd()

    def annotated(kind: str) -> Package:
        return plain.with_entries(
            {
                "Doc_0/Document.xml": plain.entries["Doc_0/Document.xml"].replace(
                    b"</ofd:Document>", b"<ofd:Annotations>Annotations.xml</ofd:Annotations></ofd:Document>"
                ),
                "Doc_0/Annotations.xml": f'<ofd:Annotations {ns}><ofd:Page PageID="10"><ofd:FileLoc>A.xml</ofd:FileLoc>'
                "</ofd:Page></ofd:Annotations>".encode(),
                "Doc_0/A.xml": f'<ofd:PageAnnot {ns}><ofd:Annot ID="1" Type="{kind}"><ofd:Appearance>'
                "<ofd:ImageObject/></ofd:Appearance></ofd:Annot></ofd:PageAnnot>".encode(),
            }
        )

    assert judge(world.sealed(annotated("Stamp")).to_bytes()).verdict is Verdict.INVALID
    assert judge(world.sealed(annotated("Watermark")).to_bytes()).verdict is Verdict.CANNOT_TELL
    assert judge(world.sealed(annotated("Highlight")).to_bytes()).verdict is Verdict.CANNOT_TELL


@given(st.binary(max_size=500))
def test_any_file_gets_an_answer_and_no_exception(judge, noise: bytes) -> None:
    assert judge(noise).verdict is Verdict.INVALID


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_any_content_of_any_file_gets_an_answer(sealed: Package, judge, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(sealed.entries)))
    content = sealed.entries[name]
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, min(len(content), start + 40)))
    junk = data.draw(
        st.one_of(st.binary(max_size=40), st.text(max_size=20).map(lambda text: text.encode("utf-8", "ignore")))
    )
    changed = content[:start] + junk + content[end:]
    if changed != content:
        assert judge(sealed.with_entries({name: changed}).to_bytes()).verdict is Verdict.INVALID
