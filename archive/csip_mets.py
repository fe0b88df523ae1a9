"""METS.xml of an information package, in the shape of E-ARK CSIP 2.1.0 and 2.2.0: written, and read without trust."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote

from lxml import etree

from archive.case import CaseFile
from archive.csip_parts import XSI, Part, Told, rendered, root_of, sha256_hex, unreadable
from core.clock import second_text

NAME: Final = "METS.xml"
PROFILE: Final = "https://earkcsip.dilcis.eu/profile/E-ARK-CSIP.xml"
#: Name and version of this writer. Raise the version with every change of what it writes: an export can then be
#: repeated and compared byte for byte.
SOFTWARE: Final = ("Yizheng Hub archive.csip", "1")
#: No content type of the E-ARK vocabularies describes a case; OTHER with words of one's own is what they leave open.
CONTENT_TYPE: Final = "归档信息包"
_METS: Final = "http://www.loc.gov/METS/"
_XLINK: Final = "http://www.w3.org/1999/xlink"
_CSIP: Final = "https://DILCIS.eu/XML/METS/CSIPExtensionMETS"
#: Media types METS is told in another way: validators take those IANA lists only, and OFD is not among them. PREMIS has
#: the type itself.
_LISTED_TYPES: Final = {"application/ofd": "application/zip"}
_SCHEMAS: Final = (
    (_METS, "http://www.loc.gov/standards/mets/mets.xsd"),
    (_XLINK, "http://www.loc.gov/standards/mets/xlink.xsd"),
    (_CSIP, "https://earkcsip.dilcis.eu/schema/DILCISExtensionMETS.xsd"),
)


@dataclass(frozen=True, slots=True)
class Group:
    """A file group: its `USE`, the label of its division in the structural map, and its files."""

    id: str
    use: str
    label: str
    parts: Sequence[Part]


def write_mets(case: CaseFile, descriptive: Part, preservation: Part, groups: Sequence[Group]) -> bytes:
    """METS.xml over everything else in the package's folder."""
    root = etree.Element(
        _mets("mets"),
        {
            "OBJID": case.electronic_file_no,
            "LABEL": f"{case.item_name}（{case.project_no}）",
            "TYPE": "Mixed",
            "PROFILE": PROFILE,
            **_content_type(),
            f"{{{XSI}}}schemaLocation": " ".join(word for pair in _SCHEMAS for word in pair),
        },
        nsmap={"mets": _METS, "xlink": _XLINK, "csip": _CSIP, "xsi": XSI},
    )
    _header(root, case)
    # Both are told of as current: nothing in this package is of an earlier version.
    section = _add(root, "dmdSec", ID="dmd-dc", CREATED=second_text(descriptive.created), STATUS="CURRENT")
    _reference(section, descriptive, "DC", "1.1")
    provenance = _add(
        _add(root, "amdSec"), "digiprovMD", ID="premis", CREATED=second_text(preservation.created), STATUS="CURRENT"
    )
    _reference(provenance, preservation, "PREMIS", "3.0")
    file_section = _add(root, "fileSec", ID="files")
    number = 0
    for group in groups:
        # The rule set of eark-validator 1.1.3 wants the content type on every group, not on the content alone.
        place = _add(file_section, "fileGrp", ID=group.id, USE=group.use, **_content_type())
        for part in group.parts:
            number += 1
            file = _add(place, "file", ID=f"ID-{number:04d}", **_facts(part))
            _add(file, "FLocat", **_locator(part))
    _structure(root, case, groups)
    return rendered(root)


def read_mets(data: bytes, folder: str) -> tuple[list[Told], list[str]]:
    """What a METS file tells of the files of its package, and the paths of the PREMIS among them.

    Args:
        folder: where the METS file lies in the package's folder, "" or ending in "/"; its paths are relative to that.

    Raises:
        CsipUnreadable: no METS, or it tells too little of a file.
    """
    root = root_of(data, NAME, _mets("mets"))
    told: list[Told] = []
    premis: list[str] = []
    for element in root.iter(_mets("file"), _mets("mdRef")):
        places = [element] if element.tag == _mets("mdRef") else element.findall(_mets("FLocat"))
        href = places[0].get(f"{{{_XLINK}}}href") if len(places) == 1 else None
        values = [element.get(name) for name in ("SIZE", "CHECKSUMTYPE", "CHECKSUM")]
        if not href or None in values:
            raise unreadable(f"{NAME} tells of a file without its place, size or checksum, or with two places")
        size, algorithm, digest = (value or "" for value in values)
        path = folder + _meant(href)
        told.append(Told(path, size, algorithm, digest))
        if (element.get("MDTYPE") or "").startswith("PREMIS"):
            premis.append(path)
    return told, premis


def _header(root: etree._Element, case: CaseFile) -> None:
    made = second_text(case.packed_at)
    header = _add(root, "metsHdr", CREATEDATE=made, LASTMODDATE=made, **{f"{{{_CSIP}}}OAISPACKAGETYPE": "AIP"})
    software, version = SOFTWARE
    agents = (
        ({"ROLE": "CREATOR", "TYPE": "OTHER", "OTHERTYPE": "SOFTWARE"}, software, "SOFTWARE VERSION", version),
        ({"ROLE": "ARCHIVIST", "TYPE": "ORGANIZATION"}, case.organ_name, "IDENTIFICATIONCODE", case.organ_code),
    )
    for kind, name, note_type, note in agents:
        agent = _add(header, "agent", **kind)
        _add(agent, "name").text = name
        _add(agent, "note", **{f"{{{_CSIP}}}NOTETYPE": note_type}).text = note


def _structure(root: etree._Element, case: CaseFile, groups: Sequence[Group]) -> None:
    structure = _add(root, "structMap", ID="structure", TYPE="PHYSICAL", LABEL="CSIP")
    whole = _add(structure, "div", ID="div-package", LABEL=case.electronic_file_no)
    _add(whole, "div", ID="div-metadata", LABEL="Metadata", ADMID="premis", DMDID="dmd-dc")
    for group in groups:
        division = _add(whole, "div", ID=f"div-{group.id}", LABEL=group.label)
        _add(division, "fptr", FILEID=group.id)


def _reference(parent: etree._Element, part: Part, kind: str, version: str) -> None:
    _add(
        parent,
        "mdRef",
        MDTYPE=kind,
        MDTYPEVERSION=version,
        **_facts(part),
        **_locator(part),
    )


def _facts(part: Part) -> dict[str, str]:
    return {
        "MIMETYPE": _LISTED_TYPES.get(part.media_type, part.media_type),
        "SIZE": str(len(part.data)),
        "CREATED": second_text(part.created),
        "CHECKSUM": sha256_hex(part.data),
        "CHECKSUMTYPE": "SHA-256",
    }


def _locator(part: Part) -> dict[str, str]:
    return {"LOCTYPE": "URL", f"{{{_XLINK}}}type": "simple", f"{{{_XLINK}}}href": _written(part.path)}


def _content_type() -> dict[str, str]:
    return {f"{{{_CSIP}}}CONTENTINFORMATIONTYPE": "OTHER", f"{{{_CSIP}}}OTHERCONTENTINFORMATIONTYPE": CONTENT_TYPE}


def _written(path: str) -> str:
    """A path as a relative reference: what a URL cannot hold is encoded, Chinese stays readable (an IRI)."""
    return "".join(_encoded(path))


def _encoded(path: str) -> Iterator[str]:
    for sign in path:
        yield quote(sign, safe="/") if sign.isascii() else sign


def _meant(href: str) -> str:
    """The path a reference means. One that leads out of the package is no file's path and so found nowhere."""
    for start in ("file://./", "file:./", "./"):
        href = href.removeprefix(start)
    return unquote(href, errors="replace")


def _mets(name: str) -> str:
    return f"{{{_METS}}}{name}"


def _add(parent: etree._Element, tag: str, /, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, _mets(tag), attributes)
