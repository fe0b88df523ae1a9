"""What the report tells beside its verdict: every part no step judges, each rule's source, in two languages."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from datetime import UTC, datetime, timedelta

import pytest
from PIL import Image

from core.digest import sm3
from core.verdict import Verdict
from documents.package import Package
from signing import der, oids
from signing.certificate_making import make_revocation_list
from signing.certificates import Certificate
from signing.der import Tag
from signing.ofd.pictures import MOST_PIXELS, Sight, look
from signing.ofd.policy import Policy
from signing.ofd.steps import Step
from signing.ofd.verify import verify
from signing.port import sign_message
from signing.report import Report, State
from signing.seal.making import make_seal

JUDGED_AT = datetime(2026, 3, 3, tzinfo=UTC)
NS = 'xmlns:ofd="http://www.ofdspec.org/2016"'
ROOT = "Doc_0/Document.xml"
PAGE = "Doc_0/Pages/Page_0/Content.xml"
DESCRIPTION = "Doc_0/Signs/Sign_0/Signature.xml"
VALUE = "Doc_0/Signs/Sign_0/SignedValue.dat"
BOMB = b'<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;">]><a>&c;</a>'


def _judged(world, package: Package, **changes: object) -> Report:
    return verify(package.to_bytes(), **({"trust": [world.root], "at": JUDGED_AT} | changes))  # type: ignore[arg-type]


def _notes(report: Report) -> str:
    return " | ".join(f"{note.en} [{note.file}]" for note in report.notes)


def _with(package: Package, name: str, old: bytes, new: bytes) -> Package:
    assert old in package.entries[name]
    return package.with_entries({name: package.entries[name].replace(old, new)})


@pytest.mark.parametrize("name", ["Doc_0/Attachs/data.xml", "Doc_0/Res/picture.svg", "Doc_0/Res/data.bin"])
@pytest.mark.parametrize("data", [BOMB, b"<!DOCTYPE a><a/>", b'<!DOCTYPE a SYSTEM "file:///etc/hostname"><a/>'])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_in_any_file_is_refused_although_the_seal_protects_it(
    world, ofd, name: str, data: bytes, encoding: str
) -> None:
    report = _judged(world, world.sealed(ofd().with_entries({name: data.decode().encode(encoding)})))
    assert report.verdict is Verdict.INVALID
    assert [(one.step, one.file) for one in report.findings if one.state is State.FAILED] == [(Step.CONTAINER, name)]


@pytest.mark.parametrize("data", [b"<a><!DOCTYPE b><c></a>", b"<a>" * 400 + b"<!ENTITY x 'y'>"])
def test_a_document_type_is_found_in_xml_too_broken_to_be_read(world, ofd, data: bytes) -> None:
    report = _judged(world, world.sealed(ofd().with_entries({"Doc_0/x.xml": data})))
    assert report.verdict is Verdict.INVALID
    other = _judged(world, world.sealed(ofd().with_entries({"Doc_0/x.xml": b"<a><b></a>"})))
    assert other.verdict is Verdict.VALID
    assert "an XML file cannot be read (malformed) [Doc_0/x.xml]" in _notes(other)


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("OFD.xml", b"</ofd:DocBody>", b"<ofd:Versions/></ofd:DocBody>", "other versions"),
        ("OFD.xml", b"</ofd:DocBody>", b"<ofd:Macro/></ofd:DocBody>", "unknown elements: Macro"),
        (ROOT, b"</ofd:Document>", b"<ofd:Actions/></ofd:Document>", "actions"),
        (ROOT, b"</ofd:Document>", b"<ofd:Extensions>e.xml</ofd:Extensions></ofd:Document>", "extensions"),
        (ROOT, b"</ofd:CommonData>", b'<ofd:TemplatePage ID="5" BaseLoc="T.xml"/></ofd:CommonData>', "template pages"),
        (ROOT, b"</ofd:Document>", b'<x:y xmlns:x="urn:x"/></ofd:Document>', "unknown elements: y"),
        (PAGE, b"</ofd:Page>", b"<ofd:Actions/></ofd:Page>", "actions"),
        (PAGE, b"</ofd:Page>", b"<ofd:Film/></ofd:Page>", "unknown elements: Film"),
    ],
)
def test_parts_that_no_step_judges_are_named(world, ofd, name: str, old: bytes, new: bytes, told: str) -> None:
    report = _judged(world, world.sealed(_with(ofd(), name, old, new)))
    assert report.verdict is Verdict.VALID, report.lines()
    assert told in _notes(report)
    assert told not in _notes(_judged(world, world.sealed()))


def test_a_plain_licence_has_no_note_but_that_revocation_was_not_asked(world) -> None:
    assert [note.step for note in _judged(world, world.sealed()).notes] == [Step.CERTIFICATE]


def test_a_protected_file_nobody_refers_to_is_named(world, ofd) -> None:
    report = _judged(world, world.sealed(ofd().with_entries({"Doc_0/Res/hidden.bin": b"x"})))
    assert report.verdict is Verdict.VALID
    assert "no part of the document refers to: Doc_0/Res/hidden.bin" in _notes(report)
    listed = (
        f'<ofd:Attachments {NS}><ofd:Attachment ID="a1" Name="x"><ofd:FileLoc>../Res/hidden.bin</ofd:FileLoc>'
        "</ofd:Attachment></ofd:Attachments>"
    )
    linked = _with(
        ofd().with_entries({"Doc_0/Res/hidden.bin": b"x", "Doc_0/Attachs/Attachments.xml": listed.encode()}),
        ROOT,
        b"</ofd:Document>",
        b"<ofd:Attachments>Attachs/Attachments.xml</ofd:Attachments></ofd:Document>",
    )
    assert "refers to" not in _notes(_judged(world, world.sealed(linked)))


def _resigned(world, package: Package, *, extensions: bytes = b"", raw: bool = False) -> Package:
    """The sealed package with its value made anew, over the description as it stands."""
    to_sign = der.sequence(
        der.integer(4),
        world.seal.raw,
        der.generalized_time(JUDGED_AT - timedelta(hours=1)),
        der.bits(sm3(package.entries[DESCRIPTION])),
        der.text(Tag.IA5, f"/{DESCRIPTION}"),
        extensions,
    )
    signature = sign_message(world.signer, to_sign)
    if raw:
        numbers = [part.integer("r or s") for part in der.read(signature, "signature").children("signature")]
        signature = b"".join(number.to_bytes(32, "big") for number in numbers)
    value = der.sequence(to_sign, der.octets(world.signer.certificate), der.oid(oids.SM2_WITH_SM3), der.bits(signature))
    return package.with_entries({VALUE: value})


def test_extensions_that_are_not_read_are_named(world) -> None:
    extension = der.wrap(Tag.CONTEXT_0, der.sequence(der.sequence(der.oid("1.2.3.77"), der.octets(b"x"))))
    report = _judged(world, _resigned(world, world.sealed(), extensions=extension))
    assert report.verdict is Verdict.VALID
    assert "1.2.3.77" in _notes(report)


def test_unknown_parts_of_a_signature_are_named(world) -> None:
    package = _with(world.sealed(), DESCRIPTION, b"</ofd:SignedInfo>", b"<ofd:Parameters/></ofd:SignedInfo>")
    report = _judged(world, _resigned(world, package))
    assert report.verdict is Verdict.VALID, report.lines()
    assert "unknown elements: Parameters" in _notes(report)


def test_a_raw_signature_value_is_taken_only_where_the_policy_says_so(world) -> None:
    package = _resigned(world, world.sealed(), raw=True)
    refused = _judged(world, package)
    assert refused.first_fault is not None
    assert refused.first_fault.step is Step.SIGNATURE
    assert _judged(world, package, policy=Policy(accept_raw_signature=True)).verdict is Verdict.VALID
    broken = bytearray(package.entries[VALUE])
    broken[-1] ^= 1
    changed = package.with_entries({VALUE: bytes(broken)})
    assert _judged(world, changed, policy=Policy(accept_raw_signature=True)).verdict is Verdict.INVALID


def test_a_timestamp_and_a_closed_list_can_be_demanded(world, authority, sealed_at) -> None:
    _, tsa = authority.issue("时间戳", extended=(oids.TIME_STAMPING,))
    stamped = world.sealed(timestamp=lambda value: authority.token(tsa, value, sealed_at))
    demand = Policy(require_timestamp=True, require_lock=True)
    assert _judged(world, stamped, policy=demand).verdict is Verdict.VALID
    bare = _judged(world, world.sealed(), policy=demand)
    assert [one.step for one in bare.findings if one.state is State.FAILED] == [Step.TIMESTAMP]
    open_list = _judged(world, world.sealed(lock=False), policy=Policy(require_lock=True))
    assert [one.step for one in open_list.findings if one.state is State.FAILED] == [Step.INTEGRITY]


def test_clocks_may_differ_by_the_policys_tolerance(world, sealed_at) -> None:
    for minutes, verdict in ((4, Verdict.VALID), (6, Verdict.INVALID)):
        assert _judged(world, world.sealed(), at=sealed_at - timedelta(minutes=minutes)).verdict is verdict
    wide = Policy(tolerance=timedelta(hours=1))
    assert _judged(world, world.sealed(), at=sealed_at - timedelta(minutes=50), policy=wide).verdict is Verdict.VALID


def test_a_revocation_after_the_seal_is_told_with_its_day(world, authority, sealed_at) -> None:
    serial = Certificate.read(world.signer.certificate).serial
    told = make_revocation_list(
        {serial: sealed_at + timedelta(hours=2)},
        authority.root_key,
        Certificate.read(world.root),
        number=1,
        this_update=sealed_at + timedelta(hours=3),
        next_update=sealed_at + timedelta(days=40),
    )
    report = _judged(world, world.sealed(), lists=[told])
    assert report.verdict is Verdict.VALID, report.lines()
    assert "revoked on 2026-03-02, after its use; the signing time is the signer's own word" in _notes(report)


def test_a_list_that_covers_nobody_cannot_tell(world, authority, sealed_at) -> None:
    other = authority.issue("另一机构", is_authority=True)
    told = make_revocation_list(
        {}, other[0], Certificate.read(other[1].certificate), number=1,
        this_update=sealed_at, next_update=sealed_at + timedelta(days=9),
    )  # fmt: skip
    report = _judged(world, world.sealed(), lists=[told])
    assert report.verdict is Verdict.CANNOT_TELL
    assert "吊销状态无法查明" in report.lines()[0]


def test_a_fault_names_its_file_and_its_source_in_two_languages(world) -> None:
    broken = _with(world.sealed(), PAGE, b"<ofd:Content/>", b"<ofd:Content />")
    report = _judged(world, broken)
    chinese, english, both = (report.lines(language=one) for one in ("zh", "en", "both"))
    assert chinese[0].startswith("无效：第 4 步")
    assert english[0].startswith("invalid: step 4, ")
    assert any(f"文件：{PAGE}；依据：GB/T 33190-2016" in line for line in chinese)
    assert any(f"file: {PAGE}; source: GB/T 33190-2016" in line for line in english)
    assert both[0::2] == chinese
    assert both[1::2] == english
    assert report.lines(quiet=True, language="en") == english[:1]
    told = json.loads(json.dumps(report.to_dict()))
    fault = next(one for one in told["steps"] if one["state"] == "failed")
    assert set(fault) == {
        "step", "key", "title_zh", "title_en", "state", "zh", "en", "signature", "file", "source",
    }  # fmt: skip
    assert fault["file"] == PAGE


def test_a_strangers_file_names_cannot_steer_a_terminal(world) -> None:
    name = "Doc_0/x\u2028.bin"
    report = _judged(world, world.sealed().with_entries({name: b"x"}))
    assert report.verdict is Verdict.INVALID
    assert not any("\u2028" in line for line in report.lines(language="both"))


def _picture(kind: str, size: tuple[int, int] = (60, 40)) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", size, "red").save(target, kind)
    return target.getvalue()


@pytest.mark.parametrize(
    ("kind", "name"), [("PNG", "PNG"), ("png", "PNG"), ("JPG", "JPEG"), ("gif", "GIF"), ("BMP", "BMP")]
)
def test_pictures_are_decoded_whatever_the_letter_case_of_their_type(kind: str, name: str) -> None:
    assert look(kind, _picture(name)).sight is Sight.SHOWN


def _png(width: int, height: int, body: bytes) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 2, 0, 0, 0])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(body)) + chunk(b"IEND", b"")


def test_pictures_that_only_begin_like_one_are_refused(world) -> None:
    whole = _picture("PNG")
    frames = io.BytesIO()
    red, blue = (Image.new("RGB", (5, 5), colour) for colour in ("red", "blue"))
    red.save(frames, "GIF", save_all=True, append_images=[blue], duration=9)
    for kind, picture in (
        ("PNG", whole[:8]),
        ("PNG", whole[: len(whole) // 2]),
        ("PNG", _picture("JPEG")),
        ("PNG", _png(1 << 15, 1 << 15, b"")),
        ("PNG", _png(3000, MOST_PIXELS // 3000 + 1, b"")),
        ("GIF", frames.getvalue()),
        ("EXE", whole),
        ("PNG", b""),
    ):
        assert look(kind, picture).sight is Sight.REFUSED, (kind, picture[:20])
    report = _judged(world, world.sealed(seal=make_seal(world.draft(picture=whole[:-30]), world.maker)))
    assert [one.step for one in report.findings if one.state is State.FAILED] == [Step.APPEARANCE]


def test_drawings_and_packages_are_opened_to_bounds_and_said_not_to_be_drawn(world) -> None:
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"/></svg>'
    nested = Package({"OFD.xml": b"<a/>"}).to_bytes()
    for kind, picture in (("svg", svg), ("ofd", nested)):
        report = _judged(
            world, world.sealed(seal=make_seal(world.draft(picture=picture, picture_type=kind), world.maker))
        )
        assert report.verdict is Verdict.VALID, report.lines()
        assert "not drawn" in _notes(report)
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("OFD.xml", bytes(40 << 20))
    for kind, picture in (
        ("svg", BOMB),
        ("svg", svg.replace(b"<path", b"<script/><path")),
        ("svg", svg.replace(b"<path", b'<image href="http://x.example/y.png"/><path')),
        ("svg", b"<html/>"),
        ("ofd", bomb.getvalue()),
        ("ofd", Package({"OFD.xml": BOMB}).to_bytes()),
        ("ofd", Package({"other": b""}).to_bytes()),
        ("ofd", b"PK\x03\x04"),
    ):
        assert look(kind, picture).sight is Sight.REFUSED, (kind, picture[:60])


def test_a_version_5_seal_is_judged_with_its_own_timestamp(world, authority, sealed_at) -> None:
    _, tsa = authority.issue("时间戳", extended=(oids.TIME_STAMPING,))
    plain = make_seal(world.draft(version=5), world.maker)

    def stamped(at: datetime, over: bytes) -> bytes:
        parts = [one.raw for one in der.read(plain.raw, "seal").children("seal")]
        return der.sequence(*parts, der.wrap(Tag.CONTEXT_0, der.bits(authority.token(tsa, over, at))))

    from signing.seal.parts import Seal

    for at, over, verdict in (
        (plain.created, plain.signature, Verdict.VALID),
        (plain.created - timedelta(days=1), plain.signature, Verdict.INVALID),
        (plain.created, b"something else", Verdict.INVALID),
        (JUDGED_AT + timedelta(days=1), plain.signature, Verdict.INVALID),
    ):
        report = _judged(world, world.sealed(seal=Seal.read(stamped(at, over))))
        assert report.verdict is verdict, report.lines()
        if verdict is Verdict.INVALID:
            assert report.first_fault is not None
            assert report.first_fault.step is Step.TIMESTAMP


@pytest.mark.parametrize(
    ("words", "state"), [("测试内容", State.PASSED), ("别的内容", State.FAILED), ("<", State.FAILED)]
)
def test_a_licence_whose_data_differ_from_its_page_is_invalid_though_both_are_sealed(
    world, words: str, state: State
) -> None:
    from documents.licence import LicencePage, draw, fields

    lines = "".join(f'<项 名称="{one.name}">{words}</项>' for one in fields("food"))
    page = LicencePage(
        template="food",
        fields={one.key: "测试内容" for one in fields("food")},
        metadata={},
        data_xml=f"<电子证照><证面信息>{lines}</证面信息></电子证照>".encode(),
        qr_text="q",
        doc_id="0" * 32,
        title="t",
        creator="c",
        created=JUDGED_AT.date(),
        test_mark=True,
    )
    report = _judged(world, world.sealed(draw(page)))
    compared = next(one for one in report.findings if one.step is Step.CONTENTS)
    assert compared.state is state
    assert compared.step.number == 14
    if state is State.FAILED:
        assert report.verdict is Verdict.INVALID
        assert compared.file == "Doc_0/Attachs/licence.xml"


def test_a_list_of_a_thousand_signatures_is_refused_unread(world) -> None:
    name = "Doc_0/Signs/Signatures.xml"
    package = world.sealed(lock=False)
    one = b'<ofd:Signature ID="s001" Type="Seal" BaseLoc="/Doc_0/Signs/Sign_0/Signature.xml"/>'
    many = b"".join(
        one.replace(b"s001", b"s%d" % number).replace(b"Sign_0", b"Sign_%d" % number) for number in range(1000)
    )
    report = _judged(world, _with(package, name, one, many))
    assert report.first_fault is not None
    assert report.first_fault.step is Step.RECORDS


def test_a_signature_that_rests_on_one_that_is_not_there_is_refused(world) -> None:
    name = "Doc_0/Signs/Signatures.xml"
    package = world.sealed(world.sealed(lock=False), lock=False)
    for rests_on, valid in ((b"s001", True), (b"s009", False)):
        changed = _with(package, name, b'ID="s003"', b'ID="s003" Relative="%s"' % rests_on)
        failed = {one.step for one in _judged(world, changed).findings if one.state is State.FAILED}
        # an open list of ours has one form only, so the attribute itself is noticed too
        assert (Step.RECORDS in failed) is not valid
