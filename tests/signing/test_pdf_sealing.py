"""A sealed PDF is found good by those who share no code with us: pyHanko, poppler, OpenSSL, qpdf."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from PIL import Image
from pyhanko.keys import load_certs_from_pemder_data
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.general import find_unique_cms_attribute
from pyhanko.sign.validation import read_certification_data, validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from documents.places import Place
from signing.errors import ContentsTooSmall, KeyRefused, PdfNotSealable, TimestampUnavailable
from signing.pdf.sealing import PdfSealer
from tests.signing.pdf_world import AT, DAY, PdfWorld, document, document_set, world

_CONTENTS = re.compile(rb"/Contents<([0-9a-f]+)>")


@pytest.fixture(scope="module")
def made() -> PdfWorld:
    return world()


@pytest.fixture(scope="module")
def sealed(made: PdfWorld) -> bytes:
    return made.sealed()


def tool(*command: str, fails: bool = False) -> str:
    """What a program says, or a skip where it is absent."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    assert fails or done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout.decode() + done.stderr.decode(errors="replace")


def ask_pyhanko(data: bytes, made: PdfWorld) -> PdfSignatureStatus:
    (one,) = PdfFileReader(BytesIO(data), strict=True).embedded_signatures
    roots = list(load_certs_from_pemder_data(made.root.pem))
    return validate_pdf_signature(one, ValidationContext(trust_roots=roots, moment=AT + DAY))


def test_pyhanko_finds_it_valid_trusted_whole_and_stamped(sealed: bytes, made: PdfWorld) -> None:
    status = ask_pyhanko(sealed, made)
    assert status.bottom_line
    assert status.intact
    assert status.valid
    assert status.trusted
    assert status.coverage is SignatureCoverageLevel.ENTIRE_FILE
    assert status.modification_level is ModificationLevel.NONE
    assert status.docmdp_ok
    assert status.timestamp_validity is not None
    assert status.timestamp_validity.valid
    assert status.timestamp_validity.trusted
    assert status.timestamp_validity.timestamp == AT + timedelta(seconds=2)
    assert status.signer_reported_dt == AT
    assert status.md_algorithm == "sha256"
    assert status.pkcs7_signature_mechanism == "sha256_ecdsa"


def test_it_is_certified_against_any_change(sealed: bytes) -> None:
    reader = PdfFileReader(BytesIO(sealed), strict=True)
    certified = read_certification_data(reader)
    assert certified is not None
    assert certified.permission is MDPPerm.NO_CHANGES
    assert reader.total_revisions == 1
    (one,) = reader.embedded_signatures
    assert one.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
    assert one.sig_object["/Reason"] == "电子证照签发"


def test_the_signed_attributes_are_those_of_pades(sealed: bytes) -> None:
    (one,) = PdfFileReader(BytesIO(sealed), strict=True).embedded_signatures
    attributes = one.signer_info["signed_attrs"]
    assert {each["type"].native for each in attributes} == {
        "content_type",
        "message_digest",
        "signing_certificate_v2",
    }
    bound = find_unique_cms_attribute(attributes, "signing_certificate_v2")["certs"][0]
    assert bound["cert_hash"].native == one.signer_cert.sha256
    assert bound["issuer_serial"]["serial_number"].native == one.signer_cert.serial_number


def test_poppler_finds_the_signature_valid_and_the_file_wholly_signed(sealed: bytes, tmp_path: Path) -> None:
    path = tmp_path / "licence.pdf"
    path.write_bytes(sealed)
    told = tool("pdfsig", "-nocert", str(path))
    assert "Signature is Valid." in told
    assert "Total document signed" in told
    assert "ETSI.CAdES.detached" in told


def test_poppler_trusts_it_once_the_root_is_in_its_store(sealed: bytes, made: PdfWorld, tmp_path: Path) -> None:
    path, store, root = tmp_path / "licence.pdf", tmp_path / "store", tmp_path / "root.pem"
    path.write_bytes(sealed)
    root.write_bytes(made.root.pem)
    store.mkdir()
    tool("certutil", "-N", "-d", f"sql:{store}", "--empty-password")
    tool("certutil", "-A", "-d", f"sql:{store}", "-n", "root", "-t", "CT,CT,CT", "-i", str(root))
    told = tool("pdfsig", "-nssdir", f"sql:{store}", str(path))
    assert "Signature is Valid." in told
    # Its store judges as of now, and the certificate of these tests lives around a day of its own.
    assert re.search(r"Certificate (is Trusted|has Expired)", told)


def test_openssl_verifies_the_cms_over_the_signed_bytes(sealed: bytes, made: PdfWorld, tmp_path: Path) -> None:
    found = _CONTENTS.search(sealed)
    assert found is not None
    signed = sealed[: found.start(1) - 1] + sealed[found.end(1) + 1 :]
    raw = bytes.fromhex(found[1].decode())
    (tmp_path / "signature.der").write_bytes(raw[: int.from_bytes(raw[2:4], "big") + 4])
    (tmp_path / "signed.bin").write_bytes(signed)
    (tmp_path / "root.pem").write_bytes(made.root.pem)
    command = ("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-purpose", "any", "-attime")
    command += (str(int((AT + DAY).timestamp())), "-in", str(tmp_path / "signature.der"), "-content")
    told = tool(*command, str(tmp_path / "signed.bin"), "-CAfile", str(tmp_path / "root.pem"), "-out", "/dev/null")
    assert "erification successful" in told
    (tmp_path / "signed.bin").write_bytes(signed.replace(b"/Type/Page", b"/Type/Pagf", 1))
    told = tool(
        *command, str(tmp_path / "signed.bin"), "-CAfile", str(tmp_path / "root.pem"), "-out", "/dev/null", fails=True
    )
    assert "content verify error" in told


def test_qpdf_finds_the_structure_sound(made: PdfWorld, tmp_path: Path) -> None:
    path = tmp_path / "licence.pdf"
    path.write_bytes(made.sealer().seal(document_set(), AT))
    assert "No syntax or stream encoding errors found" in tool("qpdf", "--check", str(path))


def test_the_seal_is_seen_where_the_template_wants_it(sealed: bytes, tmp_path: Path) -> None:
    (place,) = document().places
    path = tmp_path / "licence.pdf"
    path.write_bytes(sealed)
    tool("pdftoppm", "-r", "50.8", "-png", "-singlefile", str(path), str(tmp_path / "page"))
    with Image.open(tmp_path / "page.png") as image:
        pixels = image.convert("RGB")
    x, y, side = (round(2 * one) for one in (place.x_mm, place.y_mm, place.w_mm))
    inside = pixels.crop((x, y, x + side, y + side))
    red = sum(count for count, (r, g, b) in inside.getcolors(1 << 24) if r > 150 and g < 100 and b < 100)
    everywhere = sum(count for count, (r, g, b) in pixels.getcolors(1 << 24) if r > 150 and g < 100 and b < 100)
    assert red > 600
    assert everywhere - red < 50


def test_the_organ_below_the_seal_stays_readable(sealed: bytes, tmp_path: Path) -> None:
    """Ink does not cover print: black stays black under the red."""
    path = tmp_path / "licence.pdf"
    path.write_bytes(sealed)
    tool("pdftoppm", "-r", "100", "-png", "-singlefile", str(path), str(tmp_path / "page"))
    (place,) = document().places
    with Image.open(tmp_path / "page.png") as image:
        box = [round(one / 25.4 * 100) for one in (place.x_mm, place.y_mm, place.x_mm + 42, place.y_mm + 42)]
        colours = image.convert("RGB").crop(box).getcolors(1 << 24)
    assert sum(count for count, (r, g, b) in colours if r < 80 and g < 80 and b < 80) > 100


def test_every_page_of_a_set_bears_its_part_of_the_seal_under_one_signature(made: PdfWorld, tmp_path: Path) -> None:
    drawn = document_set()
    assert len(drawn.pages) == 4, "both faces with an annex page each"
    data = made.sealer().seal(drawn, AT)
    status = ask_pyhanko(data, made)
    assert status.bottom_line
    assert status.coverage is SignatureCoverageLevel.ENTIRE_FILE
    path = tmp_path / "set.pdf"
    path.write_bytes(data)
    tool("pdftoppm", "-r", "25.4", "-png", str(path), str(tmp_path / "page"))
    for number in range(1, 5):
        with Image.open(tmp_path / f"page-{number}.png") as image:
            edge = image.convert("RGB").crop((image.width - 12, 0, image.width, image.height))
        assert any(r > 150 and g < 120 and b < 120 for _, (r, g, b) in edge.getcolors(1 << 24)), number


def test_the_same_document_signed_again_differs_in_its_signature_only(made: PdfWorld) -> None:
    one, two = made.sealed(), made.sealed()
    assert one != two
    assert _CONTENTS.sub(b"", one) == _CONTENTS.sub(b"", two)


def test_without_an_authority_it_is_a_plain_signature(made: PdfWorld) -> None:
    data = made.sealed(timestamp=None)
    status = ask_pyhanko(data, made)
    assert status.bottom_line
    assert status.timestamp_validity is None
    assert len(data) < len(made.sealed())


def test_an_authority_that_gives_nothing_leaves_a_plain_signature(made: PdfWorld) -> None:
    assert ask_pyhanko(made.sealed(timestamp=lambda _: None), made).timestamp_validity is None


def test_an_authority_that_is_down_stops_the_sealing(made: PdfWorld) -> None:
    def down(_: bytes) -> bytes:
        raise TimestampUnavailable("the authority does not answer; nothing was sealed.")

    with pytest.raises(TimestampUnavailable):
        made.sealed(timestamp=down)


def test_an_rsa_key_signs_as_well(made: PdfWorld, tmp_path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    bureau = made.intermediate.issue("42011200000001", "11420112MB0000000M某区行政审批局（测试）", key=key)
    data = made.sealed(by=bureau)
    status = ask_pyhanko(data, made)
    assert status.bottom_line
    assert status.pkcs7_signature_mechanism == "sha256_rsa"


def test_a_token_larger_than_its_room_is_told_and_nothing_comes_out(made: PdfWorld) -> None:
    with pytest.raises(ContentsTooSmall, match="token_room"):
        made.sealed(token_room=100)


def test_an_sm2_key_is_refused_for_pdf(made: PdfWorld) -> None:
    from signing.port import Algorithm

    class Sm2:
        algorithm = Algorithm.SM2_SM3
        certificate = made.bureau.raw

        def sign_digest(self, digest: bytes) -> bytes:
            raise AssertionError("it must not be asked")

    with pytest.raises(KeyRefused, match="PDF"):
        PdfSealer(Sm2(), made.seal)


@pytest.mark.parametrize("at", [AT - 31 * DAY, AT + 366 * DAY])
def test_a_certificate_that_is_not_valid_seals_nothing(at: object, made: PdfWorld) -> None:
    with pytest.raises(PdfNotSealable, match="valid from"):
        made.sealer().seal(document(), at)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "places",
    [
        (),
        (Place(1, 10, 10, 42, 42),),
        (Place(0, 400, 10, 42, 42),),
        (Place(0, 10, 270, 42, 42),),
        (Place(0, -5, 10, 42, 42),),
        (Place(0, 10, 10, 0, 42),),
    ],
)
def test_a_seal_off_its_page_is_refused(places: tuple[Place, ...], made: PdfWorld) -> None:
    with pytest.raises(PdfNotSealable):
        made.sealer().seal(document(), AT, places)


def test_a_name_in_any_script_is_told_as_it_is(made: PdfWorld) -> None:
    seal = replace(made.seal, name="a (b) \\ 章")
    data = PdfSealer(made.bureau.signer, seal, chain=(made.intermediate.raw,), location="武汉").seal(document(), AT)
    (one,) = PdfFileReader(BytesIO(data), strict=True).embedded_signatures
    assert one.sig_object["/Name"] == "a (b) \\ 章"
    assert one.sig_object["/Location"] == "武汉"
