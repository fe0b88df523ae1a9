"""An archive package as an E-ARK information package: others take it, and nothing changed in it comes back in."""

from __future__ import annotations

import hashlib
import random
import zipfile
from collections.abc import Callable
from copy import deepcopy
from functools import partial
from importlib.resources import files as files_of
from io import BytesIO
from pathlib import Path

import pytest
from lxml import etree

from archive.case import CaseFile
from archive.csip import from_csip, to_csip
from archive.errors import CsipAltered, CsipForeign, CsipUnreadable, FormRefused
from archive.metadata import BASE_INFO, DIGEST_LIST, PROCESS_INFO, SIGNATURE
from archive.opened import LIMITS
from core.errors import Rejected
from documents.package import ContainerFault, ContainerRefused, Package
from hub.forms import Form, form_of
from tests.archive.cases import CASE_NAMES, CASES, case, package_of, unpacked
from tests.archive.csip_readers import commons_ip_finds, eark_validator_finds, premis_schema

FOLDER = case().electronic_file_no
DATA = "representations/rep1/data/"
PREMIS = "metadata/preservation/premis.xml"
SPACES = {"mets": "http://www.loc.gov/METS/", "xlink": "http://www.w3.org/1999/xlink"}
HREF = f"{{{SPACES['xlink']}}}href"

Files = dict[str, bytes]


def files_in(form: bytes) -> Files:
    return {path.partition("/")[2]: data for path, data in Package.read(form, LIMITS).entries.items()}


def form_with(files: Files) -> bytes:
    return Package({f"{FOLDER}/{path}": data for path, data in files.items()}).to_bytes()


def in_mets(change: Callable[[etree._Element], object]) -> Callable[[Files], object]:
    """Do something to METS.xml."""

    def spoil(files: Files) -> None:
        root = etree.fromstring(files["METS.xml"])
        change(root)
        files["METS.xml"] = etree.tostring(root)

    return spoil


def told_of(root: etree._Element, path: str) -> etree._Element:
    """What METS has the facts of a file on."""
    (place,) = (one for one in root.iter() if one.get(HREF) == path)
    parent = place.getparent()
    return place if place.get("SIZE") or parent is None else parent


def retold(path: str, data: bytes) -> Callable[[Files], object]:
    """Another content of a file, with METS telling of that: what somebody does who knows the form."""

    def spoil(files: Files) -> None:
        files[path] = data
        in_mets(lambda root: tell(told_of(root, path), data))(files)

    return spoil


def tell(element: etree._Element, data: bytes) -> None:
    element.set("SIZE", str(len(data)))
    element.set("CHECKSUM", hashlib.sha256(data).hexdigest())


@pytest.mark.parametrize("one", CASES, ids=CASE_NAMES)
def test_the_validator_of_the_eark_foundation_takes_our_packages(one: CaseFile, tmp_path: Path) -> None:
    """By the schemas of METS and CSIP and by the rules of CSIP 2.1.0."""
    root = unpacked(to_csip(package_of(one)), tmp_path)
    assert eark_validator_finds(root) == []
    (root / "METS.xml").write_bytes((root / "METS.xml").read_bytes().replace(f'OBJID="{FOLDER}"'.encode(), b"", 1))
    assert eark_validator_finds(root) == ["CSIP1"], "it can find something"


def test_commons_ip_takes_our_packages_with_their_odd_names(tmp_path: Path) -> None:
    root = unpacked(to_csip(package_of(CASES[2])), tmp_path)
    assert commons_ip_finds(root) == []
    (root / "documentation/README.txt").write_bytes(b"{}")
    assert commons_ip_finds(root) == ["CSIP69", "CSIP71"], "its size and its checksum"


@pytest.mark.parametrize("one", CASES, ids=CASE_NAMES)
def test_our_own_xml_is_valid_by_the_schema_that_goes_with_it(one: CaseFile) -> None:
    files = files_in(to_csip(package_of(one)))
    ours = etree.XMLSchema(etree.fromstring(files_of("archive").joinpath("package.xsd").read_bytes()))
    for path in (BASE_INFO, PROCESS_INFO, DIGEST_LIST):
        ours.assertValid(etree.fromstring(files[DATA + path]))


@pytest.mark.parametrize("one", CASES, ids=CASE_NAMES)
def test_premis_is_valid_by_the_schema_of_the_library_of_congress(one: CaseFile) -> None:
    premis_schema().assertValid(etree.fromstring(files_in(to_csip(package_of(one)))[PREMIS]))


def test_premis_tells_every_file_with_both_digests_and_every_step_with_its_actor() -> None:
    root = etree.fromstring(files_in(to_csip(package_of()))[PREMIS])
    names = {"p": "http://www.loc.gov/premis/v3"}

    def all_of(path: str) -> list[str]:
        return [one.text or "" for one in root.iterfind(path, names)]

    entries = Package.read(package_of(), LIMITS).entries
    assert all_of("p:object/p:originalName") == [FOLDER, *entries]
    assert all_of(".//p:messageDigestAlgorithm") == ["SM3", "SHA-256"] * len(entries)
    assert all_of("p:event/p:eventType") == ["受理", "办结"]
    assert all_of("p:agent/p:agentName") == ["窗口01", "审批科"]


def test_an_ofd_is_a_zip_file_to_mets_and_an_ofd_to_premis() -> None:
    """IANA lists no type for OFD, and validators refuse what is not on that list."""
    files = files_in(to_csip(package_of(CASES[2])))
    mets, premis = (etree.fromstring(files[path]) for path in ("METS.xml", PREMIS))
    types = {one.get(HREF): told_of(mets, one.get(HREF) or "").get("MIMETYPE") for one in mets.iter() if one.get(HREF)}
    assert types[f"{DATA}结果文件/03-001_许可证.ofd"] == "application/zip"
    assert "application/ofd" in [one.text for one in premis.iterfind(".//{*}formatName")]


def test_a_package_that_could_not_come_back_does_not_go_out() -> None:
    entries = dict(Package.read(package_of(), LIMITS).entries)
    for other in (entries | {"申请材料/\uffff.txt": b"x"}, {**entries, DIGEST_LIST: b"<digest_list/>"}):
        with pytest.raises(FormRefused, match="digest list"):
            to_csip(Package(other).to_bytes())


def test_no_changed_byte_of_any_listed_file_comes_in() -> None:
    files = files_in(to_csip(package_of()))
    chance = random.Random(11)
    for path in files.keys() - {"METS.xml"}:
        for place in {0, len(files[path]) - 1, *(chance.randrange(len(files[path])) for _ in range(10))}:
            other = bytearray(files[path])
            other[place] ^= 1 << chance.randrange(8)
            with pytest.raises(CsipAltered):
                from_csip(form_with(files | {path: bytes(other)}))


def test_a_changed_byte_of_mets_is_refused_or_the_same_package_comes_in() -> None:
    """METS is not signed and nothing lists it; what it tells of is, by the digest list in the package."""
    package = package_of()
    files = files_in(to_csip(package))
    mets, chance, refused = files["METS.xml"], random.Random(13), 0
    for place in chance.sample(range(len(mets)), 300):
        other = bytearray(mets)
        other[place] ^= 1 << chance.randrange(8)
        try:
            assert from_csip(form_with(files | {"METS.xml": bytes(other)})) == package, place
        except Rejected:
            refused += 1
    assert 100 < refused < 300


ENTITY = b'<!DOCTYPE mets [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
SOME = f"{DATA}申请材料/01-002_社保信息.json"
UNREADABLE: dict[str, Callable[[Files], object]] = {
    "no METS": lambda files: files.pop("METS.xml"),
    "METS is no XML": lambda files: files.update({"METS.xml": b"METS"}),
    "METS is other XML": lambda files: files.update({"METS.xml": b"<mets/>"}),
    "METS declares entities": lambda files: files.update(
        {"METS.xml": files["METS.xml"].replace(b"<mets:mets", ENTITY + b"<mets:mets", 1)}
    ),
    "a file without a size": in_mets(lambda root: told_of(root, SOME).attrib.pop("SIZE")),
    "a file without a checksum": in_mets(lambda root: told_of(root, PREMIS).attrib.pop("CHECKSUM")),
    "a file at two places": in_mets(
        lambda root: etree.SubElement(told_of(root, SOME), f"{{{SPACES['mets']}}}FLocat", {HREF: SOME})
    ),
    "a file at no place": in_mets(lambda root: told_of(root, SOME).clear(keep_tail=True)),
    "PREMIS declares entities": retold(PREMIS, ENTITY + b"<premis/>"),
    "PREMIS of an earlier version": retold(PREMIS, b'<premis xmlns="info:lc/xmlns/premis-v2"/>'),
}
ALTERED: dict[str, Callable[[Files], object]] = {
    "file gone": lambda files: files.pop(SOME),
    "file more": lambda files: files.update({f"{DATA}extra.txt": b"x"}),
    "a second METS, listed nowhere": lambda files: files.update({"representations/rep1/METS.xml": files["METS.xml"]}),
    "file told of twice": in_mets(lambda root: told_of(root, SOME).addnext(deepcopy(told_of(root, SOME)))),
    "path that leads out": in_mets(lambda root: told_of(root, SOME)[0].set(HREF, f"../{FOLDER}/{SOME}")),
    "path from the root": in_mets(lambda root: told_of(root, SOME)[0].set(HREF, f"file:///{SOME}")),
    "path that hides where it leads": in_mets(lambda root: told_of(root, SOME)[0].set(HREF, "%2e%2e/METS.xml")),
    "other checksum": in_mets(lambda root: told_of(root, SOME).set("CHECKSUM", "0" * 64)),
    "other size": in_mets(lambda root: told_of(root, SOME).set("SIZE", "3")),
    "checksum of a kind that is broken": in_mets(
        lambda root: told_of(root, SOME).attrib.update(
            {"CHECKSUMTYPE": "MD5", "CHECKSUM": hashlib.md5(b"[]", usedforsecurity=False).hexdigest()}
        )
    ),
    "file others than PREMIS tells": retold(SOME, b"{}"),
}


def without(path: str) -> Callable[[Files], object]:
    """Take a file out of the package and out of METS."""

    def spoil(files: Files) -> None:
        del files[path]
        in_mets(lambda root: take_out(told_of(root, path)))(files)

    return spoil


def take_out(element: etree._Element) -> None:
    parent = element.getparent()
    assert parent is not None
    parent.remove(element)


def with_a_second_package(files: Files) -> None:
    for path in [path for path in files if path.startswith(DATA)]:
        copy = path.replace("rep1", "rep2")
        files[copy] = files[path]
        in_mets(partial(tell_as, path=path, copy=copy))(files)


def tell_as(root: etree._Element, path: str, copy: str) -> None:
    """Let METS tell the same of another file."""
    element = deepcopy(told_of(root, path))
    element[0].set(HREF, copy)
    told_of(root, path).addnext(element)


FOREIGN: dict[str, Callable[[Files], object]] = {
    "no digest list": without(DATA + DIGEST_LIST),
    "no signature": without(DATA + SIGNATURE),
    "a file of the digest list is missing": without(SOME),
    "two packages": with_a_second_package,
}


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        *((spoil, CsipUnreadable) for spoil in UNREADABLE.values()),
        *((spoil, CsipAltered) for spoil in ALTERED.values()),
        *((spoil, CsipForeign) for spoil in FOREIGN.values()),
    ],
    ids=[*UNREADABLE, *ALTERED, *FOREIGN],
)
def test_what_is_not_whole_is_refused(spoil: Callable[[Files], object], error: type[FormRefused]) -> None:
    files = files_in(to_csip(package_of()))
    assert from_csip(form_with(files)) == package_of()
    spoil(files)
    with pytest.raises(error) as refusal:
        from_csip(form_with(files))
    assert "社保信息" not in str(refusal.value), "names of files may tell of people"


def test_a_package_another_archive_wrote_a_second_mets_for_comes_in() -> None:
    """As archives do that keep METS per representation: its paths are relative to itself, the root lists it."""
    package = package_of()
    files = files_in(to_csip(package))
    root, inner = etree.fromstring(files["METS.xml"]), etree.fromstring(files["METS.xml"])
    (content,) = root.iterfind(".//mets:fileGrp[@USE='Representations']", SPACES)
    for file in list(content)[1:]:
        content.remove(file)
    groups = [f".//mets:fileGrp[@USE='{use}']" for use in ("Documentation", "Schemas")]
    for section in ("mets:dmdSec", "mets:amdSec", *groups):
        (old,) = inner.iterfind(section, SPACES)
        take_out(old)
    for place in inner.iterfind(".//mets:FLocat", SPACES):
        place.set(HREF, (place.get(HREF) or "").removeprefix("representations/rep1/"))
    path = "representations/rep1/METS.xml"
    files[path] = etree.tostring(inner)
    tell(content[0], files[path])
    content[0][0].set(HREF, f"./{path}")
    files["METS.xml"] = etree.tostring(root)
    assert from_csip(form_with(files)) == package
    files[SOME] = b"{}"
    with pytest.raises(CsipAltered):
        from_csip(form_with(files))


def test_what_would_unpack_to_too_much_is_not_unpacked() -> None:
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr(f"{FOLDER}/METS.xml", b" " * (16 << 20))
    with pytest.raises(ContainerRefused) as refusal:
        from_csip(made.getvalue())
    assert refusal.value.reason is ContainerFault.TOO_LARGE


def test_a_form_is_told_by_what_is_in_it() -> None:
    package = package_of()
    assert form_of(to_csip(package)) is Form.CSIP
    entries = dict(Package.read(package, LIMITS).entries)
    assert form_of(Package(entries | {"申请材料/METS.xml": b"<mets/>"}).to_bytes()) is Form.PACKAGE
