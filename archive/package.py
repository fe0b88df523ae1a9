"""Builds the 归档信息包 of one handled case: the same case and signer give the same bytes.

Order of entries: 基本信息元数据.xml, 管理过程元数据.xml, the files folder by folder, 摘要清单.xml with
the SM3 of all before it, 签名/摘要清单.p7s over that list.

Entries are stored, not deflated: what a deflater writes depends on its version, and a package has
to be rebuilt and compared byte for byte on another machine in thirty years.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from archive.case import CaseFile
from archive.errors import PackageTooLarge, SealMissing
from archive.metadata import (
    BASE_INFO,
    DIGEST_LIST,
    PROCESS_INFO,
    SIGNATURE,
    number_files,
    read_digest_list,
    write_base_info,
    write_digest_list,
    write_process_info,
)
from archive.opened import LIMITS
from documents.package import ContainerRefused, Limits, Package

#: Takes the bytes of 摘要清单.xml, gives back a detached signature over them.
Sign = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class ArchivePackage:
    """A package ready to be kept: its file name `<电子文件号>.zip` and its bytes."""

    name: str
    data: bytes = field(repr=False)


def build(case: CaseFile, sign: Sign, limits: Limits = LIMITS) -> ArchivePackage:
    """Pack one case and have its digest list signed.

    Raises:
        PackageTooLarge: more than `limits` or a plain zip file allow, so that nobody could check it again.
        SealMissing: `sign` gave back nothing.
        CaseUnfit: a value holds signs XML cannot carry.
    """
    entries = {BASE_INFO: write_base_info(case), PROCESS_INFO: write_process_info(case)}
    for kind, _, computer_name, entry in number_files(case):
        entries[f"{kind.value}/{computer_name}"] = entry.data
    digest_list = write_digest_list(case.electronic_file_no, entries)
    signature = sign(digest_list)
    if not signature:
        raise SealMissing(
            f"the signer gave back no signature over the digest list of {case.electronic_file_no}. No package was "
            "written; look at the signer, then pack the case again."
        )
    entries[DIGEST_LIST] = digest_list
    entries[SIGNATURE] = signature
    try:
        data = Package(entries).to_bytes()
        Package.read(data, limits)
    except ContainerRefused as refusal:
        raise PackageTooLarge(
            f"the package of {case.electronic_file_no} could not be opened again ({refusal.detail}). Nothing was "
            "written; split the case into several electronic files 电子文件."
        ) from None
    return ArchivePackage(name=f"{case.electronic_file_no}.zip", data=data)


def repacked(entries: Mapping[str, bytes]) -> bytes | None:
    """A package of these files, its digest list and its signature, as it was built; None where the files are others
    than the list names.

    Raises:
        MetadataUnreadable: the digest list is no such list.
        ContainerRefused: a name that no package holds.
    """
    order = [line.path for line in read_digest_list(entries[DIGEST_LIST]).lines] + [DIGEST_LIST, SIGNATURE]
    if sorted(order) != sorted(entries):
        return None
    return Package({path: entries[path] for path in order}).to_bytes()
