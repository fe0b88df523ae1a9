"""What we seal, OpenSSL verifies, our verifier accepts, and the schema's order is kept."""

from __future__ import annotations

import base64
import shutil
import zipfile
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from lxml import etree

from core.digest import sm3
from core.verdict import Verdict
from documents.package import Package
from onebox.second_opinion import second_opinion
from signing import oids
from signing.errors import NotSealable, SealRefused
from signing.ofd.seal import Stamp
from signing.ofd.steps import Step
from signing.ofd.verify import verify
from signing.report import Expectation, Report, State
from signing.seal.making import make_seal, sign_with_seal
from signing.seal.parts import Seal, SealSignature

NS = {"ofd": "http://www.ofdspec.org/2016"}
SIGNATURE = "Doc_0/Signs/Sign_0/Signature.xml"
VALUE = "Doc_0/Signs/Sign_0/SignedValue.dat"


def _verdict(world, package: Package, **changes: object) -> Report:
    usual: dict[str, object] = {"trust": [world.root], "at": datetime(2026, 3, 3, tzinfo=UTC)}
    return verify(package.to_bytes(), **(usual | changes))  # type: ignore[arg-type]


def _order(root: etree._Element) -> list[str]:
    return [etree.QName(one).localname for one in root]


def test_a_sealed_document_is_valid_here_and_for_openssl(world) -> None:
    sealed = world.sealed()
    report = _verdict(
        world, sealed, expect=Expectation("11420112MB0000000M", "42011200000001", 1, (world.maker.certificate,))
    )
    assert report.verdict is Verdict.VALID, report.lines()
    assert {one.step for one in report.findings} == set(Step)
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl command to ask")
    opinions = second_opinion(sealed.to_bytes())
    assert len(opinions) == 1
    assert opinions[0].agrees


def test_a_drawn_licence_can_be_sealed(world) -> None:
    from documents.licence import LicencePage, draw, fields, seal_place

    page = LicencePage(
        template="food",
        fields={one.key: "测试" for one in fields("food")},
        metadata={"ZZMC": "食品经营许可证"},
        data_xml=b"<a/>",
        qr_text="q",
        doc_id="0" * 32,
        title="t",
        creator="c",
        created=datetime(2026, 3, 2, tzinfo=UTC).date(),
        test_mark=True,
    )
    places = [Stamp(one.page_index, one.x_mm, one.y_mm, one.w_mm, one.h_mm) for one in seal_place("food")]
    assert _verdict(world, world.sealed(draw(page), stamps=places)).verdict is Verdict.VALID


def test_everything_but_itself_is_protected_and_the_list_too_when_locked(world) -> None:
    for lock in (True, False):
        sealed = world.sealed(lock=lock)
        root = etree.fromstring(sealed.entries[SIGNATURE])
        listed = {one.get("FileRef") for one in root.iterfind(".//ofd:Reference", NS)}
        expected = {f"/{name}" for name in sealed.entries} - {f"/{SIGNATURE}", f"/{VALUE}"}
        if not lock:
            expected -= {"/Doc_0/Signs/Signatures.xml"}
        assert listed == expected
        for one in root.iterfind(".//ofd:Reference", NS):
            name, text = str(one.get("FileRef"))[1:], one.findtext("ofd:CheckValue", None, NS)
            assert base64.b64decode(text) == sm3(sealed.entries[name])


def test_parts_stand_in_the_order_of_the_schema(world) -> None:
    sealed = world.sealed()
    root = etree.fromstring(sealed.entries[SIGNATURE])
    assert _order(root) == ["SignedInfo", "SignedValue"]
    assert _order(root[0]) == [
        "Provider", "SignatureMethod", "SignatureDateTime", "References", "StampAnnot", "Seal",
    ]  # fmt: skip
    assert root.findtext(".//ofd:SignatureMethod", None, NS) == oids.SM2_WITH_SM3
    assert root.find(".//ofd:References", NS).get("CheckMethod") == oids.SM3  # type: ignore[union-attr]
    assert root.findtext(".//ofd:SignatureDateTime", None, NS) == "20260302013000.000Z"
    listed = etree.fromstring(sealed.entries["Doc_0/Signs/Signatures.xml"])
    assert _order(listed) == ["MaxSignId", "Signature"]
    entry = etree.fromstring(sealed.entries["OFD.xml"])
    assert _order(entry[0]) == ["DocInfo", "DocRoot", "Signatures"]
    assert entry.findtext(".//ofd:Signatures", None, NS) == "/Doc_0/Signs/Signatures.xml"


def test_identifiers_count_signatures_and_stamps_together(world) -> None:
    two = [Stamp(0, 10, 10, 42, 42), Stamp(0, 100, 10, 42, 42)]
    sealed = world.sealed(world.sealed(stamps=two, lock=False))
    listed = etree.fromstring(sealed.entries["Doc_0/Signs/Signatures.xml"])
    assert [one.get("ID") for one in listed.iterfind("ofd:Signature", NS)] == ["s001", "s004"]
    assert listed.findtext("ofd:MaxSignId", None, NS) == "s005"
    stamps = etree.fromstring(sealed.entries[SIGNATURE]).findall(".//ofd:StampAnnot", NS)
    assert [one.get("ID") for one in stamps] == ["s002", "s003"]
    assert stamps[1].get("Boundary") == "100 10 42 42"
    assert stamps[1].get("PageRef") == "10"


def test_the_seal_lies_beside_its_use_byte_for_byte(world) -> None:
    sealed = world.sealed()
    assert sealed.entries["Doc_0/Signs/Sign_0/Seal.esl"] == world.seal.raw
    signature = SealSignature.read(sealed.entries[VALUE])
    assert signature.seal.raw == world.seal.raw
    assert signature.data_hash == sm3(sealed.entries[SIGNATURE])
    assert signature.property_info == f"/{SIGNATURE}"
    assert signature.time == datetime(2026, 3, 2, 1, 30, tzinfo=UTC)


def test_a_second_seal_leaves_the_first_valid_and_protects_it(world) -> None:
    first = world.sealed(lock=False)
    both = world.sealed(first)
    for name in first.entries:
        if name != "Doc_0/Signs/Signatures.xml":
            assert both.entries[name] == first.entries[name]
    report = _verdict(world, both, expect=Expectation(seals=2))
    assert report.verdict is Verdict.VALID, report.lines()
    assert all(one.agrees for one in second_opinion(both.to_bytes()))
    changed = bytearray(both.entries["Doc_0/Signs/Sign_0/SignedValue.dat"])
    changed[-1] ^= 1
    assert _verdict(world, both.with_entries({VALUE: bytes(changed)})).verdict is Verdict.INVALID


def test_an_open_list_is_told_and_a_cut_off_seal_is_found_by_its_number(world) -> None:
    first = world.sealed(lock=False)
    report = _verdict(world, first)
    assert report.verdict is Verdict.VALID
    assert any("open" in note.en for note in report.notes)
    assert _verdict(world, first, expect=Expectation(seals=2)).verdict is Verdict.INVALID


def test_a_locked_document_takes_no_further_seal(world) -> None:
    with pytest.raises(NotSealable):
        world.sealed(world.sealed())


@pytest.mark.parametrize(
    "changes",
    [
        {"stamps": []},
        {"stamps": [Stamp(1, 10, 10, 42, 42)]},
        {"stamps": [Stamp(-1, 10, 10, 42, 42)]},
        {"stamps": [Stamp(0, 190, 10, 42, 42)]},
        {"stamps": [Stamp(0, -3, 10, 42, 42)]},
        {"stamps": [Stamp(0, 10, 10, 0, 42)]},
        {"at": datetime(2028, 1, 1, tzinfo=UTC)},
        {"at": datetime(2025, 1, 1, tzinfo=UTC)},
    ],
)
def test_what_would_not_verify_is_not_sealed(world, changes: dict[str, object]) -> None:
    with pytest.raises(NotSealable):
        world.sealed(**changes)


def test_a_seal_of_another_signer_is_not_used(world, authority) -> None:
    _, stranger = authority.issue("别人")
    with pytest.raises(NotSealable):
        world.sealed(signer=stranger)


def test_a_time_without_a_zone_is_a_mistake(world) -> None:
    with pytest.raises(ValueError, match="zone"):
        world.sealed(at=datetime(2026, 3, 2))  # noqa: DTZ001


def test_a_seal_across_pages_shows_a_part_on_each(world, ofd) -> None:
    stamps = [Stamp(0, 189, 100, 42, 42, clip=(0, 0, 21, 42)), Stamp(1, 168, 100, 42, 42, clip=(21, 0, 21, 42))]
    sealed = world.sealed(ofd(2), stamps=stamps)
    assert _verdict(world, sealed).verdict is Verdict.VALID
    assert b'Clip="21 0 21 42"' in sealed.entries[SIGNATURE]


@pytest.mark.parametrize("changes", [{"by_digest": True}, {"version": 5}, {"picture_type": "png"}])
def test_other_kinds_of_seals_work_the_same(world, changes: dict[str, object]) -> None:
    made = make_seal(world.draft(**changes), world.maker)
    assert Seal.read(made.raw) == made
    assert _verdict(world, world.sealed(seal=made)).verdict is Verdict.VALID


def test_drafts_that_contradict_themselves_make_no_seal(world, sealed_at) -> None:
    for changes in ({"version": 1}, {"users": ()}, {"valid_to": sealed_at - timedelta(days=999)}):
        with pytest.raises(SealRefused):
            make_seal(world.draft(**changes), world.maker)


def test_a_version_1_seal_is_read_and_not_used(world, ofd_seals, sealed_at) -> None:
    with zipfile.ZipFile(BytesIO((ofd_seals / "ok-10-v1.ofd").read_bytes())) as archive:
        old = Seal.read(archive.read("Doc_0/Signs/Sign_0/Seal.esl"))
    assert old.version == 1
    with pytest.raises(SealRefused):
        sign_with_seal(old, world.signer, sealed_at, bytes(32), "/x")


def test_a_timestamp_is_kept_and_verified(world, authority, sealed_at) -> None:
    _, tsa = authority.issue("时间戳", extended=(oids.TIME_STAMPING,))
    good = world.sealed(timestamp=lambda value: authority.token(tsa, value, sealed_at))
    report = _verdict(world, good)
    assert report.verdict is Verdict.VALID, report.lines()
    assert report.seals[0].stamped_at == sealed_at
    for name, token in {
        "for something else": lambda value: authority.token(tsa, value + b"x", sealed_at),
        "by no authority": lambda value: authority.token(world.signer, value, sealed_at),
        "before the signature": lambda value: authority.token(tsa, value, sealed_at - timedelta(hours=1)),
        "in the future": lambda value: authority.token(tsa, value, sealed_at + timedelta(days=30)),
        "nonsense": lambda value: b"\x30\x00",
    }.items():
        report = _verdict(world, world.sealed(timestamp=token))
        assert report.verdict is Verdict.INVALID, name
        assert report.first_fault is not None
        assert report.first_fault.step is Step.TIMESTAMP


def test_a_timestamp_authority_nobody_configured_cannot_be_told(world, authority, sealed_at) -> None:
    from signing.certificate_making import Wish, make_certificate
    from signing.certificates import Usage
    from signing.file_key import FileKey
    from signing.sm2 import PrivateKey

    key = PrivateKey.generate()
    wish = Wish(
        ((oids.COMMON_NAME, "外部时间戳"),), 9, sealed_at - timedelta(days=1), sealed_at + timedelta(days=900),
        Usage.DIGITAL_SIGNATURE, extended=(oids.TIME_STAMPING,),
    )  # fmt: skip
    outside = FileKey(key, make_certificate(wish, key.point, key))
    sealed = world.sealed(timestamp=lambda value: authority.token(outside, value, sealed_at))
    assert _verdict(world, sealed).verdict is Verdict.CANNOT_TELL
    assert _verdict(world, sealed, trust=[world.root, outside.certificate]).verdict is Verdict.VALID


def test_a_seal_that_has_ended_since_stays_good_for_what_it_sealed(world) -> None:
    report = _verdict(world, world.sealed(), at=datetime(2027, 12, 1, tzinfo=UTC))
    assert report.verdict is Verdict.VALID
    assert any(note.step is Step.SEAL for note in report.notes)


def test_a_seal_made_by_its_own_user_is_refused(world) -> None:
    own = make_seal(world.draft(), world.signer)
    report = _verdict(world, world.sealed(seal=own))
    assert report.verdict is Verdict.INVALID
    assert report.first_fault is not None
    assert report.first_fault.step is Step.SEAL


def test_the_expected_authority_and_maker_are_asked_for(world, authority) -> None:
    _, other = authority.issue("另一制章者")
    sealed = world.sealed()
    for expected in (
        Expectation(credit_code="91420112MA00000000"),
        Expectation(es_id="99999999999999"),
        Expectation(seals=2),
        Expectation(makers=(other.certificate,)),
    ):
        report = _verdict(world, sealed, expect=expected)
        assert [one.step for one in report.findings if one.state is State.FAILED] == [Step.BUSINESS]
