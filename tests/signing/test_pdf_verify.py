"""Our verifier calls a PDF valid only when nothing at all is wrong with it, and says what is."""

from __future__ import annotations

import asyncio
import hashlib
import random
import subprocess
import sys
import time
import tracemalloc
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from pyhanko.keys import load_certs_from_pemder_data
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko_certvalidator.registry import SimpleCertificateStore

from core.verdict import Verdict
from signing import der, oids
from signing.der import Tag
from signing.errors import CertificateRefused
from signing.pdf.cms import CmsTemplate
from signing.pdf.steps import Step
from signing.pdf.verify import verify
from signing.report import Expectation, Report, State
from tests.signing.pdf_world import AT, CREDIT_CODE, DAY, ES_ID, Node, PdfWorld, document, forged, issue, world

EXPECTED = Expectation(credit_code=CREDIT_CODE, es_id=ES_ID, seals=1)


@pytest.fixture(scope="module")
def made() -> PdfWorld:
    return world()


@pytest.fixture(scope="module")
def sealed(made: PdfWorld) -> bytes:
    return made.sealed()


@pytest.fixture(scope="module")
def ask(made: PdfWorld) -> Callable[..., Report]:
    def judge(data: bytes, **changes: Any) -> Report:
        usual: dict[str, Any] = {"trust": [made.root.pem], "at": AT + DAY}
        return verify(data, **(usual | changes))

    return judge


def states(report: Report) -> dict[str, str]:
    return {one.step.name: one.state.value for one in report.findings}


def fault(report: Report) -> str:
    assert report.first_fault is not None
    return report.first_fault.step.name


Ask = Callable[..., Report]


def test_a_sealed_licence_passes_every_step(sealed: bytes, ask: Ask) -> None:
    report = ask(sealed, expect=EXPECTED)
    assert report.verdict is Verdict.VALID
    assert set(states(report)) == {step.name for step in Step}
    assert set(states(report).values()) == {"passed"}
    (facts,) = report.seals
    assert facts.signer == ES_ID
    assert facts.organisation.startswith(CREDIT_CODE)
    assert facts.signed_at == AT
    assert facts.stamped_at == AT + timedelta(seconds=2)
    assert facts.seal_name == "某区行政审批局电子证照专用章（测试）"
    assert [one.step for one in report.notes] == [Step.CERTIFICATE]


def test_the_report_of_a_finding_is_in_both_languages(sealed: bytes, ask: Ask) -> None:
    for one in ask(sealed).findings:
        assert any("\u4e00" <= character <= "\u9fff" for character in one.zh)
        assert one.en.isascii()


def test_without_a_timestamp_that_step_is_skipped(made: PdfWorld, ask: Ask) -> None:
    report = ask(made.sealed(timestamp=None), expect=EXPECTED)
    assert report.verdict is Verdict.VALID
    assert states(report)["TIMESTAMP"] == "skipped"


def test_it_can_be_asked_from_within_a_running_loop(sealed: bytes, ask: Ask) -> None:
    async def inside() -> Report:
        return ask(sealed)

    assert asyncio.run(inside()).verdict is Verdict.VALID


def test_pyhanko_is_loaded_only_when_a_pdf_is_judged() -> None:
    code = "import sys, signing.pdf.verify, signing.pdf.sealing; print('pyhanko' in sys.modules)"
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    assert told.stdout == "False\n"


# Whom to trust


def test_without_a_root_nobody_can_tell(sealed: bytes, ask: Ask) -> None:
    report = ask(sealed, trust=[])
    assert report.verdict is Verdict.CANNOT_TELL
    assert fault(report) == "CERTIFICATE"


def test_under_another_root_it_is_invalid(sealed: bytes, ask: Ask) -> None:
    report = ask(sealed, trust=[issue("别的根", authority=True).raw])
    assert report.verdict is Verdict.INVALID
    assert states(report)["CERTIFICATE"] == "failed"


def test_a_root_of_the_same_name_with_another_key_is_not_the_root(sealed: bytes, ask: Ask) -> None:
    assert ask(sealed, trust=[issue("测试根", authority=True).raw]).verdict is Verdict.INVALID


def test_an_unknown_timestamp_authority_leaves_it_open(made: PdfWorld, ask: Ask) -> None:
    stranger = issue("别的根", authority=True).issue("别的时间戳", purpose=ExtendedKeyUsageOID.TIME_STAMPING)
    report = ask(made.sealed(timestamp=made.stamps(tsa=stranger)))
    assert report.verdict is Verdict.CANNOT_TELL
    assert states(report)["TIMESTAMP"] == "cannot_tell"


def test_sm2_roots_among_the_trusted_are_passed_over(sealed: bytes, ask: Ask, made: PdfWorld, authority: Any) -> None:
    assert ask(sealed, trust=[authority.root, made.root.raw]).verdict is Verdict.VALID
    assert ask(sealed, trust=[authority.root]).verdict is Verdict.CANNOT_TELL


def test_a_root_that_is_none_is_told_to_the_caller(sealed: bytes, ask: Ask) -> None:
    with pytest.raises(CertificateRefused):
        ask(sealed, trust=[b"no certificate"])
    with pytest.raises(CertificateRefused):
        ask(sealed, lists=[b"no list"])


@pytest.mark.parametrize(
    "expect",
    [
        Expectation(credit_code="91420112MA4K000X1Q"),
        Expectation(es_id="42011200000002"),
        Expectation(seals=2),
    ],
)
def test_another_authority_than_expected_is_invalid(expect: Expectation, sealed: bytes, ask: Ask) -> None:
    report = ask(sealed, expect=expect)
    assert report.verdict is Verdict.INVALID
    assert fault(report) == "BUSINESS"


@pytest.mark.parametrize(
    "purpose",
    [ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CODE_SIGNING],
)
def test_a_certificate_for_something_else_signs_no_licence(purpose: Any, made: PdfWorld, ask: Ask) -> None:
    bureau = made.intermediate.issue(ES_ID, f"{CREDIT_CODE}某局", purpose=purpose)
    report = ask(made.sealed(by=bureau))
    assert report.verdict is Verdict.INVALID
    assert fault(report) == "CERTIFICATE"


def test_a_key_that_may_not_sign_signs_no_licence(made: PdfWorld, ask: Ask) -> None:
    report = ask(made.sealed(by=made.intermediate.issue(ES_ID, f"{CREDIT_CODE}某局", signs=False)))
    assert report.verdict is Verdict.INVALID
    assert fault(report) == "CERTIFICATE"


def test_a_certificate_issued_by_one_who_may_not_issue_is_not_trusted(made: PdfWorld, ask: Ask) -> None:
    forger = made.bureau.issue(ES_ID, f"{CREDIT_CODE}某局")
    report = ask(made.sealed(by=forger, chain=(made.bureau.raw, made.intermediate.raw)))
    assert report.verdict is Verdict.INVALID
    assert states(report)["CERTIFICATE"] == "failed"


# When


def test_a_certificate_that_ended_since_does_not_spoil_what_was_stamped(sealed: bytes, ask: Ask) -> None:
    assert ask(sealed, at=AT + 2000 * DAY).verdict is Verdict.VALID


def test_a_signature_of_the_future_is_invalid(sealed: bytes, made: PdfWorld, ask: Ask) -> None:
    assert fault(ask(sealed, at=AT - DAY)) == "TIMESTAMP"
    assert fault(ask(made.sealed(timestamp=None), at=AT - DAY)) == "TIME"


def test_stamped_before_it_was_signed_is_invalid(made: PdfWorld, ask: Ask) -> None:
    report = ask(made.sealed(timestamp=made.stamps(AT - DAY)))
    assert report.verdict is Verdict.INVALID
    assert fault(report) == "TIME"


def test_a_certificate_that_had_ended_when_it_was_stamped_is_invalid(made: PdfWorld, ask: Ask) -> None:
    """The signer may write any time into the signature; the stamp tells the truth."""
    old = made.intermediate.issue(ES_ID, f"{CREDIT_CODE}某局", end=AT + DAY)
    report = ask(made.sealed(by=old, timestamp=made.stamps(AT + 9 * DAY)), at=AT + 10 * DAY)
    assert report.verdict is Verdict.INVALID
    assert states(report)["CERTIFICATE"] == "failed"


def test_a_token_for_another_signature_is_invalid(made: PdfWorld, ask: Ask) -> None:
    token = made.stamps()(bytes(32))
    report = ask(made.sealed(timestamp=lambda _: token))
    assert report.verdict is Verdict.INVALID
    assert fault(report) == "TIMESTAMP"


def test_a_token_by_a_key_that_is_not_for_timestamps_is_invalid(made: PdfWorld, ask: Ask) -> None:
    report = ask(made.sealed(timestamp=made.stamps(tsa=made.bureau)))
    assert report.verdict is Verdict.INVALID
    assert fault(report) == "TIMESTAMP"


# Revocation


def lists(made: PdfWorld, *revoked: tuple[Node, datetime], by: str = "intermediate") -> list[bytes]:
    found = {"root": made.root.revocation_list(), "intermediate": made.intermediate.revocation_list()}
    found[by] = getattr(made, by).revocation_list(*revoked)
    return list(found.values())


def test_with_lists_that_name_nobody_it_stays_valid(sealed: bytes, made: PdfWorld, ask: Ask) -> None:
    report = ask(sealed, at=AT + 12 * DAY, lists=lists(made))
    assert report.verdict is Verdict.VALID
    assert not report.notes


def test_revoked_before_its_use_is_invalid(sealed: bytes, made: PdfWorld, ask: Ask) -> None:
    report = ask(sealed, at=AT + 12 * DAY, lists=lists(made, (made.bureau, AT - DAY)))
    assert report.verdict is Verdict.INVALID
    assert fault(report) == "CERTIFICATE"


def test_revoked_after_its_use_stays_valid(sealed: bytes, made: PdfWorld, ask: Ask) -> None:
    report = ask(sealed, at=AT + 12 * DAY, lists=lists(made, (made.bureau, AT + 5 * DAY)))
    assert report.verdict is Verdict.VALID


def test_a_revoked_intermediate_is_invalid(sealed: bytes, made: PdfWorld, ask: Ask) -> None:
    found = lists(made, (made.intermediate, AT - DAY), by="root")
    assert ask(sealed, at=AT + 12 * DAY, lists=found).verdict is Verdict.INVALID


def test_a_revoked_timestamp_authority_is_invalid(sealed: bytes, made: PdfWorld, ask: Ask) -> None:
    found = lists(made, (made.tsa, AT - DAY), by="root")
    report = ask(sealed, at=AT + 12 * DAY, lists=found)
    assert report.verdict is Verdict.INVALID
    assert states(report)["TIMESTAMP"] == "failed"


def test_an_issuer_without_a_list_leaves_it_open(sealed: bytes, made: PdfWorld, ask: Ask) -> None:
    report = ask(sealed, at=AT + 12 * DAY, lists=[made.root.revocation_list()])
    assert report.verdict is Verdict.CANNOT_TELL
    assert states(report)["CERTIFICATE"] == "cannot_tell"


# Changing bytes


def gap(data: bytes) -> tuple[int, int]:
    """Where the hexadecimal digits of the signature begin and end."""
    start = data.index(b"/Contents<") + len(b"/Contents<")
    return start, data.index(b">", start)


def with_byte(data: bytes, place: int, value: int) -> bytes:
    return data[:place] + bytes((value,)) + data[place + 1 :]


def test_no_byte_outside_the_signature_can_be_changed(sealed: bytes, ask: Ask) -> None:
    start, end = gap(sealed)
    chance = random.Random(3)
    everywhere = [*range(40), *range(len(sealed) - 400, len(sealed)), *range(start - 260, start), *range(end, end + 60)]
    everywhere += [place for place in chance.sample(range(len(sealed)), 400) if not start <= place < end]
    for place in everywhere:
        changed = with_byte(sealed, place, sealed[place] ^ (1 << chance.randrange(8)))
        assert ask(changed).verdict is not Verdict.VALID, place


def test_no_digit_of_the_signature_can_be_changed(sealed: bytes, ask: Ask, made: PdfWorld) -> None:
    """Certificates, unsigned attributes and names of algorithms that nobody signed for among them."""
    start, end = gap(sealed)
    used = start + len(sealed[start:end].rstrip(b"0"))
    chance = random.Random(5)
    # With the intermediate trusted as well, no chain leads through the one that came along.
    roots = [made.root.pem, made.intermediate.pem]
    assert ask(sealed, trust=roots).verdict is Verdict.VALID
    for place in [*range(start, start + 260, 2), *chance.sample(range(start, used), 350)]:
        value = chance.choice([one for one in b"0123456789abcdef" if one != sealed[place]])
        assert ask(with_byte(sealed, place, value), trust=roots).verdict is not Verdict.VALID, place - start


def test_what_fills_up_the_signature_is_zeros_only(sealed: bytes, ask: Ask) -> None:
    start, end = gap(sealed)
    used = start + len(sealed[start:end].rstrip(b"0"))
    for place in (used + 2, (used + end) // 2, end - 1):
        assert fault(ask(with_byte(sealed, place, ord("1")))) == "FORMAT"
    assert fault(ask(with_byte(sealed, end - 4, ord(" ")))) == "COVERAGE"


def test_the_case_of_a_digit_can_not_be_changed(sealed: bytes, ask: Ask) -> None:
    start, end = gap(sealed)
    place = next(one for one in range(start, end) if sealed[one : one + 1].isalpha())
    report = ask(with_byte(sealed, place, sealed[place] ^ 0x20))
    assert report.verdict is Verdict.INVALID
    assert fault(report) == "COVERAGE"
    # All of them changed alike is another way of writing the same signature.
    assert ask(sealed[:start] + sealed[start:end].upper() + sealed[end:]).verdict is Verdict.VALID


@pytest.mark.parametrize("size", [0, 1, 9, 100, 5000, 80000, -1, -6, -100, -4000])
def test_a_file_cut_off_is_invalid(size: int, sealed: bytes, ask: Ask) -> None:
    assert ask(sealed[:size]).verdict is Verdict.INVALID


@pytest.mark.parametrize("more", [b" ", b"\n\n\n", b"x", b"%%EOF\n", b"\x00" * 2000 + b"%%EOF"])
def test_a_file_with_something_behind_it_is_invalid(more: bytes, sealed: bytes, ask: Ask) -> None:
    assert ask(sealed + more).verdict is Verdict.INVALID


def test_a_file_with_something_before_it_is_invalid(sealed: bytes, ask: Ask) -> None:
    assert fault(ask(b"\n" + sealed)) == "CONTAINER"


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"%PDF-1.7\n%%EOF", b"%PDF-1.7\n" + b"[" * 100000 + b"\n%%EOF\n"])
def test_what_is_no_signed_pdf_is_an_answer_not_a_traceback(data: bytes, ask: Ask) -> None:
    assert ask(data).verdict is Verdict.INVALID


def test_an_unsigned_licence_is_invalid(ask: Ask) -> None:
    assert fault(ask(document().to_bytes())) == "RECORDS"


def test_a_file_beyond_the_bound_is_not_read(ask: Ask) -> None:
    assert fault(ask(b"%PDF-1.7\n" + bytes(50 << 20) + b"\n%%EOF")) == "CONTAINER"


# Changing documents


def updated(data: bytes, change: Callable[[IncrementalPdfFileWriter], None]) -> bytes:
    """`data` with an update appended, as any editor writes it."""
    writer = IncrementalPdfFileWriter(BytesIO(data))
    change(writer)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def lay_text_over(writer: IncrementalPdfFileWriter) -> None:
    page = writer.root["/Pages"]["/Kids"][0]
    note = generic.DictionaryObject(
        {
            generic.pdf_name("/Type"): generic.pdf_name("/Annot"),
            generic.pdf_name("/Subtype"): generic.pdf_name("/FreeText"),
            generic.pdf_name("/Rect"): generic.ArrayObject(map(generic.NumberObject, (100, 400, 500, 450))),
            generic.pdf_name("/Contents"): generic.pdf_string("经营范围：不限"),
        }
    )
    page["/Annots"].append(writer.add_object(note))
    writer.update_container(page["/Annots"])
    writer.update_container(page)


def change_the_title(writer: IncrementalPdfFileWriter) -> None:
    writer.set_info(writer.add_object(generic.DictionaryObject({generic.pdf_name("/Title"): generic.pdf_string("x")})))


def touch_nothing(writer: IncrementalPdfFileWriter) -> None:
    writer.add_object(generic.NullObject())


@pytest.mark.parametrize("change", [lay_text_over, change_the_title, touch_nothing])
def test_an_update_after_signing_is_invalid(change: Any, sealed: bytes, ask: Ask) -> None:
    report = ask(updated(sealed, change))
    assert report.verdict is Verdict.INVALID
    assert fault(report) == "COVERAGE"


def test_another_page_swapped_in_by_an_update_is_invalid(sealed: bytes, ask: Ask) -> None:
    """The shadow attack's last step: a table that points elsewhere, appended by hand."""
    page = b"2 0 obj\n<</Type/Page/Parent 3 0 R/MediaBox[0 0 100 100]>>\nendobj\n"
    at = len(sealed)
    table = b"xref\n2 1\n%010d 00000 n \ntrailer\n<</Size 30/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n" % (
        at,
        sealed.rindex(b"xref\n0 "),
        at + len(page),
    )
    assert ask(sealed + page + table).verdict is Verdict.INVALID


def foreign_signer(node: Node, made: PdfWorld) -> signers.SimpleSigner:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from pyhanko.keys import load_private_key_from_pemder_data

    store = SimpleCertificateStore()
    store.register_multiple(load_certs_from_pemder_data(made.intermediate.pem))
    key = node.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return signers.SimpleSigner(
        signing_cert=next(iter(load_certs_from_pemder_data(node.pem))),
        signing_key=load_private_key_from_pemder_data(key, passphrase=None),
        cert_registry=store,
    )


def signed_by_pyhanko(data: bytes, made: PdfWorld, field: str = "Other", **changes: Any) -> bytes:
    """An invisible approval signature by other software."""
    told = {"md_algorithm": "sha256", "subfilter": SigSeedSubFilter.PADES, "reason": "测试"} | changes
    out = BytesIO()
    signers.sign_pdf(
        IncrementalPdfFileWriter(BytesIO(data)),
        signers.PdfSignatureMetadata(field_name=field, **told),
        signer=foreign_signer(made.bureau, made),
        output=out,
    )
    return out.getvalue()


def test_a_pdf_signed_by_other_software_is_judged_by_the_same_rules(made: PdfWorld, ask: Ask) -> None:
    data = signed_by_pyhanko(document().to_bytes(), made)
    now = datetime.now(UTC)
    # That software writes its own clock's time, which lies outside these certificates' time.
    report = ask(data, at=now)
    assert states(report)["SIGNATURE"] == "passed"
    assert states(report)["COVERAGE"] == "passed"
    assert states(report)["APPEARANCE"] == "skipped"
    assert {one.step for one in report.notes} >= {Step.APPEARANCE, Step.CHANGES}
    assert states(ask(data, at=now, expect=EXPECTED))["APPEARANCE"] == "failed"


def test_two_signatures_are_never_simply_valid(made: PdfWorld, ask: Ask) -> None:
    once = signed_by_pyhanko(document().to_bytes(), made, "First")
    twice = signed_by_pyhanko(once, made, "Second")
    report = ask(twice, at=datetime.now(UTC))
    assert len(report.seals) == 2
    assert report.verdict is not Verdict.VALID
    assert State.CANNOT_TELL in {one.state for one in report.findings if one.step is Step.COVERAGE}


def test_a_signature_added_to_a_finished_licence_is_invalid(sealed: bytes, made: PdfWorld, ask: Ask) -> None:
    """Its permissions allow nothing more, not even another signature."""
    writer_data = sealed.replace(b"/P 1/V/1.2", b"/P 2/V/1.2")
    data = signed_by_pyhanko(writer_data, made, "Second")
    assert ask(data, at=datetime.now(UTC)).verdict is Verdict.INVALID


# Hostile files under a real signature


def cms(made: PdfWorld) -> Callable[[bytes], bytes]:
    return CmsTemplate(made.bureau.signer, (made.intermediate.raw,), None).sign


def test_the_forger_of_these_tests_can_make_a_good_file(made: PdfWorld, ask: Ask) -> None:
    assert ask(forged(cms(made))).verdict is Verdict.VALID


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        (b"/OpenAction<</S/JavaScript/JS(app.alert)>>", {"JavaScript", "an action when opened"}),
        (b"/AA<</WC<</S/Launch/F(cmd.exe)>>>>", {"automatic actions", "actions that launch programs"}),
        (b"/OpenAction<</S/URI/URI(http://a.example)>>", {"an action when opened", "links to elsewhere"}),
        (b"/OCProperties<</OCGs[]/D<<>>>>", {"layers that can be hidden"}),
        (b"/Extra<</Type/Filespec/UF(evil.exe)/EF<<>>>>", {"attached files other than the licence's data"}),
        (b"/Extra<</FT/Tx/T(name)>>", {"form fields that can be filled"}),
    ],
)
def test_what_a_licence_does_not_need_is_told(entries: bytes, told: set[str], made: PdfWorld, ask: Ask) -> None:
    drawn = replace(document(), catalog=document().catalog + entries)
    report = ask(made.sealer().seal(drawn, AT))
    assert report.verdict is Verdict.VALID
    notes = {one.en.removeprefix("the file also holds ") for one in report.notes if one.step is Step.CONTAINER}
    assert notes == told


def test_a_seal_off_the_page_is_told(made: PdfWorld, ask: Ask) -> None:
    (page,) = document().pages
    small = page.entries.replace(b"/MediaBox[0 0 1190.551 841.89]", b"/MediaBox[0 0 100 100]")
    assert small != page.entries
    data = made.sealer().seal(replace(document(), pages=(replace(page, entries=small),)), AT)
    assert states(ask(data, expect=EXPECTED))["APPEARANCE"] == "failed"


def bomb(made: PdfWorld) -> bytes:
    """A signed file whose catalog lies in an object stream that grows from 400 KB to 400 MB."""
    packed = zlib.compress(b"1 0 <</Type/Catalog>>" + bytes(400 << 20), 9)
    parts = [b"%PDF-1.7\n"]
    stream = b"<</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length %d>>\nstream\n%b\nendstream" % (len(packed), packed)
    parts.append(b"2 0 obj\n%b\nendobj\n" % stream)
    begin = b"3 0 obj\n<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/ByteRange[0 "
    room = 4000
    third = sum(map(len, parts))
    opens = third + len(begin) + 32 + len(b"]/Contents")
    closes = opens + 2 * room + 2
    fourth = closes + len(b">>\nendobj\n")
    places = ((0, 0), (2, 2), (1, len(parts[0])), (1, third), (1, fourth))
    rows = b"".join(bytes((kind,)) + place.to_bytes(4, "big") + bytes(1) for kind, place in places)
    table = (
        b"4 0 obj\n<</Type/XRef/Size 5/W[1 4 1]/Root 1 0 R/Length %d>>\nstream\n%b\nendstream\nendobj\n"
        b"startxref\n%d\n%%%%EOF\n" % (len(rows), rows, fourth)
    )
    after = b">>\nendobj\n" + table
    before = b"".join(parts) + b"%b%-10d %-10d %-10d]/Contents" % (begin, opens, closes, len(after))
    signed = cms(made)(hashlib.sha256(before + after).digest())
    return b"%b<%b>%b" % (before, signed.hex().encode().ljust(2 * room, b"0"), after)


def test_a_stream_that_grows_is_not_inflated(made: PdfWorld, ask: Ask) -> None:
    data = bomb(made)
    tracemalloc.start()
    began = time.monotonic()
    report = ask(data)
    took, (_, most) = time.monotonic() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert report.verdict is Verdict.INVALID
    assert fault(report) == "CONTAINER"
    assert "PdfDecodeLimitError" in report.findings[0].en
    assert took < 10
    assert most < 150 << 20


def nested(depth: int) -> bytes:
    return b"/Extra" + b"[" * depth + b"]" * depth


@pytest.mark.parametrize("depth", [50, 20000])
def test_deep_nesting_is_answered(depth: int, made: PdfWorld, ask: Ask) -> None:
    drawn = replace(document(), catalog=document().catalog + nested(depth))
    report = ask(forged(cms(made), drawn))
    assert report.verdict is (Verdict.VALID if depth == 50 else Verdict.INVALID)


@pytest.mark.parametrize(
    "broken",
    [
        b"/AcroForm 99999 0 R",
        b"/AcroForm<</Fields 7>>",
        b"/Pages 1 0 R",
        b"/Perms[]",
        b"/AcroForm<</Fields[1 0 R]>>",
        b"/Encrypt<<>>",
    ],
)
def test_a_signed_file_with_a_broken_catalog_is_answered(broken: bytes, made: PdfWorld, ask: Ask) -> None:
    drawn = replace(document(), catalog=document().catalog + broken)
    assert ask(forged(cms(made), drawn)).verdict in (Verdict.INVALID, Verdict.CANNOT_TELL)


def spoiled(change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    return lambda digest: change(cms(world())(digest))


def in_sm2(raw: bytes) -> bytes:
    """The same structure under the identifier of GM/T 0010 signed data."""
    return der.sequence(der.oid(oids.GM_SIGNED_DATA), der.read(raw, "x").children("x")[1].raw)


def with_unsigned(raw: bytes) -> bytes:
    """One more unsigned attribute, which anybody can add."""
    signed = der.read(raw, "x").children("x")[1].inner("x", Tag.CONTEXT_0)
    *parts, signers = signed.children("x")
    signer = signers.inner("x", Tag.SET)
    attribute = der.sequence(der.oid("1.2.3.4"), der.wrap(Tag.SET, der.integer(1)))
    grown = der.sequence(*(one.raw for one in signer.children("x")), der.wrap(Tag.CONTEXT_1, attribute))
    inner = der.sequence(*(one.raw for one in parts), der.wrap(Tag.SET, grown))
    return der.sequence(der.oid(oids.PKCS7_SIGNED_DATA), der.wrap(Tag.CONTEXT_0, inner))


@pytest.mark.parametrize("change", [in_sm2, with_unsigned])
def test_what_is_foreign_to_us_is_left_open_with_its_reason(change: Callable[[bytes], bytes], ask: Ask) -> None:
    report = ask(forged(spoiled(change)), expect=EXPECTED)
    assert report.verdict is Verdict.CANNOT_TELL
    assert fault(report) == "FORMAT"


def without_signers(raw: bytes) -> bytes:
    signed = der.read(raw, "x").children("x")[1].inner("x", Tag.CONTEXT_0)
    *parts, _ = signed.children("x")
    inner = der.sequence(*(one.raw for one in parts), der.wrap(Tag.SET, b""))
    return der.sequence(der.oid(oids.PKCS7_SIGNED_DATA), der.wrap(Tag.CONTEXT_0, inner))


@pytest.mark.parametrize(
    "change",
    [
        without_signers,
        lambda raw: b"",
        lambda raw: b"\x30\x80" + raw[4:] + b"\x00\x00",
        lambda raw: raw[:-1],
        lambda raw: raw + b"\x01",
        lambda raw: b"\x30\x84\xff\xff\xff\xff",
        lambda raw: b"\xff" * 200,
    ],
)
def test_a_signature_of_another_form_is_invalid(change: Callable[[bytes], bytes], ask: Ask) -> None:
    report = ask(forged(spoiled(change)))
    assert report.verdict is Verdict.INVALID
    # One whose last byte is cut off is filled up again by a zero: well-formed, and wrong.
    assert fault(report) in ("FORMAT", "SIGNATURE")


def test_a_signature_over_another_file_is_invalid(made: PdfWorld, ask: Ask) -> None:
    other = cms(made)(bytes(32))
    assert fault(ask(forged(lambda _: other))) == "INTEGRITY"


def ranges(*numbers: int) -> bytes:
    return b"/ByteRange[%b]" % " ".join(map(str, numbers)).encode()


def test_a_range_that_leaves_out_more_than_the_signature_is_invalid(made: PdfWorld, ask: Ask) -> None:
    """Signature wrapping: what the signer signed is there, and something else besides."""
    good = made.sealed(timestamp=None)
    start, end = gap(good)
    place = good.index(b"/ByteRange[")
    size = good.index(b"]", place) + 1 - place
    for numbers in (
        (0, start - 1, end + 1, len(good) - end - 2),
        (0, start - 1, end + 2, len(good) - end - 2),
        (0, start - 3, end + 1, len(good) - end - 1),
        (1, start - 2, end + 1, len(good) - end - 1),
        (0, start - 1, end + 1, len(good)),
        (0, end, start, 5),
    ):
        changed = good[:place] + ranges(*numbers).ljust(size) + good[place + size :]
        assert ask(changed).verdict is Verdict.INVALID, numbers


def test_the_old_content_moved_behind_a_comment_is_invalid(made: PdfWorld, ask: Ask) -> None:
    good = made.sealed(timestamp=None)
    start, end = gap(good)
    evil = good[:start] + good[start:end] + b">/Evil<41" + good[end:]
    assert ask(evil).verdict is Verdict.INVALID


def test_random_damage_never_raises_and_is_never_valid(sealed: bytes, ask: Ask) -> None:
    chance = random.Random(11)
    for _ in range(60):
        data = bytearray(sealed)
        for _ in range(chance.randint(1, 4)):
            where = chance.randrange(len(data))
            kind: Sequence[str] = ("cut", "repeat", "noise")
            match chance.choice(kind):
                case "cut":
                    del data[where : where + chance.randint(1, 500)]
                case "repeat":
                    data[where:where] = data[where : where + chance.randint(1, 500)]
                case "noise":
                    data[where : where + 8] = chance.randbytes(8)
        assert ask(bytes(data)).verdict is not Verdict.VALID
