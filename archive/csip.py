"""An archive package as an E-ARK information package (CSIP: METS, PREMIS) in one zip file, and back, byte for byte.

The package's own files lie below `representations/rep1/data/`, the signed digest list among them; METS, PREMIS and
Dublin Core beside it are made from them and hold nothing that is not in the package. On the way in every file has to
be told of by METS, and the package that comes out is held against its own digest list as well.

Written with lxml and not by metsrw, whose licence (AGPL) does not go with ours; the tests hold every package against
the E-ARK Foundation's own validator and the schemas of the Library of Congress.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from importlib.resources import files as files_of
from typing import Final

from archive.case import CaseFile
from archive.csip_mets import NAME, Group, read_mets, write_mets
from archive.csip_parts import Part, altered, fits, unreadable
from archive.csip_premis import read_premis, write_premis
from archive.csip_words import README, write_dublin_core
from archive.errors import CsipForeign, FormRefused
from archive.metadata import DIGEST_LIST, SIGNATURE, number_files
from archive.one_folder import unfolded
from archive.opened import LIMITS
from archive.package import repacked
from archive.reading import case_of
from documents.package import Package

_REPRESENTATION: Final = "representations/rep1"
_DATA = re.compile(r"(representations/[^/]+/data/)(.+)", re.DOTALL)
_OWN_METS = re.compile(rf"(representations/[^/]+/){re.escape(NAME)}")
_XML: Final = "application/xml"


def to_csip(package: bytes) -> bytes:
    """The information package of an archive package.

    Raises:
        ContainerRefused, MetadataUnreadable, CaseUnfit: the bytes are no package.
        FormRefused: its files are not those of its digest list, so that nobody could bring it back.
    """
    entries = Package.read(package, LIMITS).entries
    case = case_of(entries)
    if not _is_ours(entries) or repacked(entries) is None:
        raise FormRefused(
            f"the package {case.electronic_file_no} holds other files than its digest list names. Nothing was written; "
            "look at it with `hub archive check`."
        )
    content = _content(case, entries)
    schema = files_of("archive").joinpath("package.xsd").read_bytes()
    packed = case.packed_at
    documentation = Part("documentation/README.txt", README.encode(), "text/plain", packed)
    descriptive = Part("metadata/descriptive/dc.xml", write_dublin_core(case), _XML, packed)
    premis = Part("metadata/preservation/premis.xml", write_premis(case, content, _REPRESENTATION), _XML, packed)
    groups = (
        Group("documentation", "Documentation", "Documentation", [documentation]),
        Group("schemas", "Schemas", "Schemas", [Part("schemas/package.xsd", schema, _XML, packed)]),
        Group("representations", "Representations", "Representations", content),
    )
    parts = [descriptive, premis, *(part for group in groups for part in group.parts)]
    files = {NAME: write_mets(case, descriptive, premis, groups), **{part.path: part.data for part in parts}}
    made = Package({f"{case.electronic_file_no}/{path}": data for path, data in files.items()}).to_bytes()
    Package.read(made, LIMITS)  # a few files more than the package has: what nobody opens again is not given out
    return made


def from_csip(data: bytes) -> bytes:
    """The archive package in an information package, ours or one another archive made of ours.

    Raises:
        ContainerRefused: not a plain zip file.
        CsipUnreadable, CsipAltered: it is no whole information package.
        CsipForeign: it is one, but of something else.
        MetadataUnreadable: its digest list is no such list.
    """
    files = unfolded(Package.read(data, LIMITS).entries)
    if files is None:
        raise unreadable("it is not one folder")
    check_csip(files)
    representations: dict[str, dict[str, bytes]] = {}
    for path, content in files.items():
        if found := _DATA.fullmatch(path):
            representations.setdefault(found[1], {})[found[2]] = content
    ours = [entries for entries in representations.values() if _is_ours(entries)]
    if len(ours) != 1:
        raise _foreign(f"{len(ours)} of its {len(representations)} representations hold {DIGEST_LIST} and {SIGNATURE}")
    package = repacked(ours[0])
    if package is None:
        raise _foreign("its files are not those of the digest list in it")
    return package


def is_csip(paths: Iterable[str]) -> bool:
    """Whether a zip file of these paths is meant as an information package, sound or not: one folder with METS."""
    known = set(paths)
    folders = {path.partition("/")[0] for path in known}
    return len(folders) == 1 and f"{folders.pop()}/{NAME}" in known


def check_csip(files: Mapping[str, bytes]) -> None:
    """Return when these files (paths within the folder) are all told of by METS, once each, and are what it tells.

    What METS does not need to be read by us is not judged: its structural map, its agents, its vocabularies.

    Raises:
        CsipUnreadable: METS or PREMIS cannot be read.
        CsipAltered: files are missing, too many, or others than METS or PREMIS tells.
    """
    if NAME not in files:
        raise unreadable(f"it has no {NAME}")
    told, premis = read_mets(files[NAME], "")
    for path in files:
        if found := _OWN_METS.fullmatch(path):
            more, more_premis = read_mets(files[path], found[1])
            told, premis = told + more, premis + more_premis
    paths = Counter(one.path for one in told)
    if twice := sum(count > 1 for count in paths.values()):
        raise altered(f"{NAME} tells of {twice} files more than once")
    if missing := len(paths.keys() - files.keys()):
        raise altered(f"{missing} files {NAME} tells of are missing")
    if more_files := len(files.keys() - paths.keys() - {NAME}):
        raise altered(f"it holds {more_files} files {NAME} does not tell of")
    if wrong := sum(not fits(one, files[one.path]) for one in told):
        raise altered(f"{wrong} files are not of the size or digest {NAME} tells, or of a digest that is not taken")
    noted = [one for path in premis for one in read_premis(files[path])]
    # An object that is no file here is of somebody whose PREMIS names things otherwise; METS has judged the files.
    if wrong := sum(one.path in files and not fits(one, files[one.path]) for one in noted):
        raise altered(f"{wrong} digests or sizes its PREMIS tells are wrong")


def _is_ours(entries: Mapping[str, bytes]) -> bool:
    return DIGEST_LIST in entries and SIGNATURE in entries


def _content(case: CaseFile, entries: Mapping[str, bytes]) -> list[Part]:
    materials = {f"{kind.value}/{name}": entry for kind, _, name, entry in number_files(case)}
    parts = []
    for path, data in entries.items():
        entry = materials.get(path)
        media_type, created = (_own_type(path), case.packed_at) if entry is None else (entry.media_type, entry.created)
        parts.append(Part(f"{_REPRESENTATION}/data/{path}", data, media_type, created))
    return parts


def _own_type(path: str) -> str:
    """The media type of a file no material list tells one for: our metadata and the signature over them."""
    if path == SIGNATURE:
        return "application/pkcs7-signature"
    return _XML if path.endswith(".xml") else "application/octet-stream"


def _foreign(why: str) -> CsipForeign:
    return CsipForeign(
        f"the information package is whole, but is no archive package's: {why}. Nothing was taken in; ask its sender "
        "for the archive package itself."
    )
