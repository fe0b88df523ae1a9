"""What a licence says about its organ is read from files of ours, of other makers, and from rubbish."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from core.settings import Mode, Settings
from documents.package import Package
from hub.old_stock import PKI, STOCK, OldLicence, make_old_stock
from hub.organ_claims import claims_of
from hub.organs import OrgansUnset, organs_of
from hub.press import DemoSealRefused
from hub.verify import read_anchors, verify_file
from schemas.organs import Claims, Ruling, demo_organs, judge

TODAY = date(2026, 11, 29)
COMMERCE = "武汉市东西湖区工商行政管理局（测试）"
MARKET = "武汉市东西湖区市场监督管理局（测试）"


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stock")
    make_old_stock(settings_of(folder), folder)
    return folder


def settings_of(folder: Path, mode: Mode = Mode.DEMO) -> Settings:
    return Settings(folder, "", folder / "sources.toml", folder / "keys", mode)


def read(data: bytes) -> Claims:
    return claims_of(data, verify_file(data))


@pytest.mark.parametrize("old", STOCK, ids=lambda old: old.name)
def test_each_old_licence_is_what_it_was_made_to_be(stock: Path, old: OldLicence) -> None:
    data = (stock / f"{old.name}.ofd").read_bytes()
    assert verify_file(data, anchors=read_anchors([stock / PKI / "root-cert.pem"])).verdict.value == "valid"
    found = judge(read(data), demo_organs(), TODAY)
    assert tuple(one.word for one in found.findings) == old.findings
    assert (found.outdated, found.day) == (old.outdated, old.sealed)
    assert found.owner is demo_organs().by_id("market-regulation" if old.business else "approval")


def test_the_face_is_read_by_its_tag_and_without_one_by_its_label(stock: Path) -> None:
    ours = read((stock / "food-of-the-organ-before.ofd").read_bytes())
    assert (ours.face, ours.issuer) == (COMMERCE, COMMERCE)
    foreign = read((stock / "business-with-the-old-seal.ofd").read_bytes())
    assert (foreign.face, foreign.licence) == (MARKET, "营业执照")


def test_a_face_that_was_changed_in_the_file_is_read_as_it_stands(stock: Path) -> None:
    package = Package.read((stock / "business-as-it-should-be.ofd").read_bytes())
    page = "Doc_0/Pages/Page_0/Content.xml"
    changed = package.entries[page].decode().replace(f">{MARKET}<", f">{COMMERCE}<").encode()
    data = package.with_entries({page: changed}).to_bytes()
    found = judge(read(data), demo_organs(), TODAY)
    assert [one.word for one in found.findings] == ["face.differs"]
    assert verify_file(data).verdict.value == "invalid"


def test_files_of_another_implementation_are_read(ofd_seals: Path) -> None:
    one = read((ofd_seals / "ok-01-v4-whole.ofd").read_bytes())
    assert (one.face, one.number) == ("示例区行政审批局", "JY20000000000001")
    assert [seal.name for seal in one.seals] == ["示例区行政审批局电子证照专用章"]
    found = judge(one, demo_organs(), TODAY)
    assert [breach.word for breach in found.breaches] == ["certificate.malformed"], "its credit code is no real one"
    two = judge(read((ofd_seals / "ok-03-v4-two-seals.ofd").read_bytes()), demo_organs(), TODAY)
    assert "seal.differs" in [breach.word for breach in two.breaches]


@pytest.mark.parametrize(
    "data",
    [b"", b"PK\x03\x04", b"%PDF-1.7\n%%EOF", b"%PDF-1.7 \xff\x00<<", b"\x00" * 4096, "营业执照".encode()],
)
def test_rubbish_claims_nothing(data: bytes) -> None:
    found = judge(read(data), demo_organs(), TODAY)
    assert found.ruling is Ruling.CANNOT_TELL
    assert found.owner is None


def test_a_package_without_its_parts_claims_nothing() -> None:
    for files in ({"OFD.xml": b"<a/>"}, {"OFD.xml": b"no xml"}, {"a.txt": b""}):
        assert read(Package(files).to_bytes()) == Claims(None, None, None, None, ())


def test_production_makes_no_old_licences_and_goes_by_no_made_up_table(tmp_path: Path) -> None:
    production = settings_of(tmp_path, Mode.PRODUCTION)
    with pytest.raises(DemoSealRefused):
        make_old_stock(production, tmp_path / "stock")
    with pytest.raises(OrgansUnset, match=r"organs\.toml"):
        organs_of(production)
    (tmp_path / "organs.toml").write_text(
        'demo = true\nbureau = "a"\norgans = [{ id = "a", credit_code = "11420112MB0000000M", verified = false, '
        'names = [{ name = "某局", verified = false }] }]',
        encoding="utf-8",
    )
    with pytest.raises(OrgansUnset):
        organs_of(production)
    (tmp_path / "organs.toml").write_text((tmp_path / "organs.toml").read_text(encoding="utf-8")[12:], encoding="utf-8")
    assert organs_of(production).own.name == "某局"
