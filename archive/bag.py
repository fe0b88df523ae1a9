"""An archive package as a BagIt 1.0 bag (RFC 8493) in one zip file, and back, byte for byte.

The materials are the payload; what our own form adds (metadata, digest list, its signature) are tag files below
`metadata/`, so a bag keeps the signature of the package it was made from. SM3 digests stand in that list; the
manifests are SHA-256, since BagIt readers know no SM3.

Written here and not by bagit-python, which changes the process's working directory and writes version 0.97; the tests
hold every bag against it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Final

from archive.errors import FormRefused
from archive.metadata import BASE_INFO, DIGEST_LIST, PROCESS_INFO, SIGNATURE, read_base_info
from archive.one_folder import unfolded
from archive.opened import LIMITS
from archive.package import repacked
from documents.package import Package

_DECLARATION: Final = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
_TAGS: Final = "metadata/"
_OURS: Final = (BASE_INFO, PROCESS_INFO, DIGEST_LIST, SIGNATURE)
_MANIFEST = re.compile(r"(tag)?manifest-([a-z0-9]+)\.txt")
_LINE = re.compile(r"([0-9a-fA-F]+)[ \t]+(?:\*)?(.+)")
#: Algorithms a manifest may be in; RFC 8493 wants SHA-512 and SHA-256 understood, and older bags have the others.
_ALGORITHMS: Final = ("md5", "sha1", "sha256", "sha512")


def to_bag(package: bytes) -> bytes:
    """The bag of a package.

    Raises:
        ContainerRefused, MetadataUnreadable: the bytes are no package.
    """
    entries = Package.read(package, LIMITS).entries
    base = read_base_info(entries[BASE_INFO]).values if BASE_INFO in entries else {}
    payload = {f"data/{path}": data for path, data in entries.items() if path not in _OURS}
    info = {
        "Source-Organization": base.get("organ_name", ""),
        "External-Identifier": base.get("electronic_file_no", ""),
        "Bagging-Date": base.get("package_creation_time", "")[:10],
        "Payload-Oxum": f"{sum(map(len, payload.values()))}.{len(payload)}",
    }
    tags = {
        "bagit.txt": _DECLARATION,
        "bag-info.txt": "".join(f"{name}: {value}\n" for name, value in info.items() if value).encode(),
        "manifest-sha256.txt": _manifest(payload),
        **{f"{_TAGS}{path}": data for path, data in entries.items() if path in _OURS},
    }
    files = {**tags, "tagmanifest-sha256.txt": _manifest(tags), **payload}
    # A bag in one file is one folder.
    folder = base.get("electronic_file_no") or "bag"
    return Package({f"{folder}/{path}": data for path, data in files.items()}).to_bytes()


def from_bag(bag: bytes) -> bytes:
    """The package a bag was made from.

    Raises:
        ContainerRefused: not a plain zip file.
        FormRefused: no valid bag, or not one of a package: a manifest does not fit, or our metadata are missing.
        MetadataUnreadable: its digest list is no such list.
    """
    files = unfolded(Package.read(bag, LIMITS).entries)
    if files is None:
        raise _refused("a bag in one file is one folder, and this is none")
    check_bag(files)
    entries = {path.removeprefix("data/"): data for path, data in files.items() if path.startswith("data/")}
    entries |= {path.removeprefix(_TAGS): data for path, data in files.items() if path.startswith(_TAGS)}
    missing = "、".join(path for path in _OURS if path not in entries)
    if missing:
        raise _refused(f"it is a good bag, but of no package: {missing} is not below {_TAGS}")
    package = repacked(entries)
    if package is None:
        raise _refused("its files are not those of its digest list")
    return package


def check_bag(files: Mapping[str, bytes]) -> None:
    """Return when these files (paths within the bag) are a complete and valid bag (RFC 8493).

    Raises:
        FormRefused: they are not; the message says what is wrong.
    """
    declared = files.get("bagit.txt", b"").decode("utf-8", "replace").splitlines()
    version = declared[0].partition(":")[2].strip() if declared else ""
    if version not in ("1.0", "0.97") or declared[1:] != ["Tag-File-Character-Encoding: UTF-8"]:
        raise _refused("bagit.txt is missing, or of a version or encoding that is not read here")
    if "fetch.txt" in files:
        raise _refused("it names files to be fetched from elsewhere; a transfer has to hold everything itself")
    payload = {path for path in files if path.startswith("data/")}
    manifests = {path: found for path in files if (found := _MANIFEST.fullmatch(path))}
    if not any(found[1] is None for found in manifests.values()):
        raise _refused("it has no payload manifest")
    for path, found in manifests.items():
        if found[2] not in _ALGORITHMS:
            raise _refused(f"{path} is of an algorithm that is not read here")
        listed = _listed(files[path], path)
        wrong = sorted(
            name for name, digest in listed.items() if name not in files or _digest(found[2], files[name]) != digest
        )
        if wrong:
            raise _refused(f"{len(wrong)} files of {path} are missing or are not those it lists")
        if found[1] is None and payload - listed.keys():
            raise _refused(f"{len(payload - listed.keys())} files below data/ do not stand in {path}")
    _check_oxum(files.get("bag-info.txt", b""), [files[path] for path in payload])


def _check_oxum(info: bytes, payload: Iterable[bytes]) -> None:
    found = re.search(rb"^Payload-Oxum:\s*(\d+)\.(\d+)\s*$", info, re.MULTILINE | re.IGNORECASE)
    sizes = [len(data) for data in payload]
    if found is not None and (int(found[1]), int(found[2])) != (sum(sizes), len(sizes)):
        raise _refused("its payload has another number of files or bytes than bag-info.txt says")


def _manifest(files: Mapping[str, bytes]) -> bytes:
    return "".join(f"{_digest('sha256', data)}  {_written(path)}\n" for path, data in files.items()).encode()


def _listed(manifest: bytes, path: str) -> dict[str, str]:
    try:
        lines = manifest.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        raise _refused(f"{path} is not UTF-8") from None
    listed: dict[str, str] = {}
    for line in lines:
        found = _LINE.fullmatch(line)
        name = "" if found is None else _meant(found[2].strip().removeprefix("./"))
        if found is None or name in listed:
            raise _refused(f"{path} holds a line that is none, or a file twice")
        listed[name] = found[1].lower()
    return listed


def _digest(algorithm: str, data: bytes) -> str:
    return hashlib.new(algorithm, data, usedforsecurity=False).hexdigest()


def _written(path: str) -> str:
    """A path as a manifest has it: what ends a line, and the sign of that, are encoded (RFC 8493, 2.1.3)."""
    return path.replace("%", "%25").replace("\n", "%0A").replace("\r", "%0D")


def _meant(path: str) -> str:
    return re.sub("%0D", "\r", re.sub("%0A", "\n", path, flags=re.IGNORECASE), flags=re.IGNORECASE).replace("%25", "%")


def _refused(why: str) -> FormRefused:
    return FormRefused(f"the bag is refused: {why}. Nothing was taken in; ask its sender for it again.")
