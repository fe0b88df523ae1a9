"""What of the packages a request asked for is given out, and what stays in the archive and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from archive.case import CaseFile, CaseFileEntry, FolderKind
from archive.formats import FORMATS
from archive.pdf_look import pdf_pages
from archive.reading import read_case
from core.digest import sm3
from core.errors import HubError
from documents.package import Package
from documents.reader import Reader
from hub.archive_store import ArchiveStore
from hub.context import Hub
from hub.files import FileAltered
from hub.inspect import check_package
from hub.retrieval_errors import AnswerChanged, PackageUnsound
from hub.retrieval_masking import mask_material, shows_nobody
from hub.retrieval_parts import Handed, LeftOut, Scope
from hub.trust import trust_of
from hub.volume_parts import Entry

#: Where a file lies in its package: folder and number in it, from 0.
Place = tuple[str, int]
_WHY: Final = "含第三人个人信息，无法遮盖，未获准提供未遮盖件"


@dataclass(frozen=True, slots=True, repr=False)
class Chosen:
    """What is given out, with where each file lies, and what is not."""

    files: tuple[Handed, ...]
    places: tuple[Place, ...]
    left_out: tuple[LeftOut, ...]


def in_scope(entries: Sequence[Entry], scope: Scope) -> list[Entry]:
    """The packages a request is about, in the order of the volume."""
    return [
        one for one in entries if scope.all or one.file_no in scope.files or one.part in {p.value for p in scope.parts}
    ]


def choose(hub: Hub, entries: Iterable[Entry], *, mask: bool) -> Chosen:
    """Open every package, check it as it is now, and take the files out of it.

    Args:
        mask: hide third parties' data; what cannot be masked stays in the archive.

    Raises:
        PackageUnsound: a package is not sound, or cannot be judged; nothing of any is given out.
        SchemeUnfit, CertificateRefused, PressMalformed: from the configuration.
    """
    trust = trust_of(hub.settings)
    files: list[Handed] = []
    places: list[Place] = []
    left_out: list[LeftOut] = []
    for entry in entries:
        data = _read(hub, entry)
        report = check_package(data, trust, settings=hub.settings, at=hub.clock.now())
        if report.verdict.value != "valid":
            raise _unsound(entry.file_no, f"its four-property check finds it {report.verdict.value}")
        number = 0
        for place, file in _files_of(read_case(data)):
            shown = _shown(hub, entry, file, mask=mask)
            if shown is None:
                left_out.append(LeftOut(entry.file_no, file.standard_name, _WHY))
                continue
            number += 1
            files.append(_handed(entry, number, file, shown))
            places.append(place)
    return Chosen(tuple(files), tuple(places), tuple(left_out))


def take(hub: Hub, entry: Entry, wanted: Iterable[tuple[Place, Handed]]) -> dict[str, bytes]:
    """The files of a package that were chosen, by `Handed.name`: the very bytes that were recorded.

    Raises:
        PackageUnsound: the package is gone or is another one.
        AnswerChanged: a file is not the one that was recorded.
    """
    files = dict(_files_of(read_case(_read(hub, entry))))
    taken = {}
    for place, handed in wanted:
        file = files.get(place)
        shown = _shown(hub, entry, file, mask=handed.masked) if file is not None else None
        if shown is None or sm3(shown).hex() != handed.sm3:
            raise AnswerChanged(
                f"a file of package {entry.file_no} is not the one the answer recorded; it was not given out. Make a "
                "new request; runbook: package-unsound."
            )
        taken[handed.name] = shown
    return taken


def pages_of(media_type: str, data: bytes) -> int | None:
    """How many pages a file has; None for one that has none, or whose pages cannot be counted."""
    try:
        if media_type == "application/ofd":
            return sum(1 for _ in Reader(Package.read(data)).pages())
        if media_type == "application/pdf":
            return pdf_pages(data)
    except HubError:
        return None
    return 1 if media_type.startswith("image/") else None


def _read(hub: Hub, entry: Entry) -> bytes:
    try:
        return ArchiveStore.of(hub.settings).get_checked(entry.path, entry.sm3)
    except FileAltered:
        raise _unsound(entry.file_no, "its file is gone or is not the one that was recorded") from None


def _files_of(case: CaseFile) -> list[tuple[Place, CaseFileEntry]]:
    by_kind = {folder.kind: folder.files for folder in case.folders}
    return [((kind.value, n), file) for kind in FolderKind for n, file in enumerate(by_kind.get(kind, ()))]


def _shown(hub: Hub, entry: Entry, file: CaseFileEntry, *, mask: bool) -> bytes | None:
    """The file as it may be seen; None where it may not. A masked one differs from the original."""
    if not mask or shows_nobody(hub, sm3(file.data)):
        return file.data
    return mask_material(file.standard_name, file.media_type, file.data, own=not entry.inherited)


def _handed(entry: Entry, number: int, file: CaseFileEntry, shown: bytes) -> Handed:
    # Not by its own name: that is whatever the applicant called it, and may name anybody.
    suffix = FORMATS[file.media_type].suffixes[0]
    masked = shown is not file.data
    mark = "（已遮盖）" if masked else ""
    return Handed(
        name=f"{entry.file_no}/{number:02d}-{_fit(file.standard_name)}{mark}{suffix}",
        title=file.standard_name,
        media_type=file.media_type,
        bytes=len(shown),
        sm3=sm3(shown).hex(),
        file_no=entry.file_no,
        archive_code=entry.archive_code,
        pages=pages_of(file.media_type, shown),
        masked=masked,
    )


def _fit(title: str) -> str:
    """A title as part of a file's name."""
    return "".join("_" if sign in '\\/:*?"<>|.' else sign for sign in title)[:60]


def _unsound(file_no: str, why: str) -> PackageUnsound:
    return PackageUnsound(
        f"package {file_no}: {why}. Nothing was given out; restore it from the backup (runbook: package-unsound), "
        "then answer again."
    )
