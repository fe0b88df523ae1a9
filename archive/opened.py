"""A package under examination: its parts, read once, and what every rule may look at."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Protocol, TypeVar

from archive.codes import CodeRule
from archive.errors import MetadataUnreadable
from archive.formats import FORMATS, Format
from archive.inside import Container, Inner, Room, Unopened, nested, opened
from archive.metadata import (
    BASE_INFO,
    DIGEST_LIST,
    PROCESS_INFO,
    BaseInfo,
    DigestList,
    ProcessInfo,
    read_base_info,
    read_digest_list,
    read_process_info,
)
from core.verdict import Verdict
from documents.package import ContainerRefused, Limits, Package

T = TypeVar("T")
_Refusal = ContainerRefused | Unopened

#: A case may carry scans, so more room than a licence gets; it still has to fit into memory.
LIMITS = Limits(file_bytes=1 << 30, entries=4096, entry_bytes=256 << 20, total_bytes=1 << 30)

#: Takes the digest list and the signature; returns when the signature is good and trusted. Raises a
#: `core.errors.Rejected` when it is wrong, any other `HubError` when it cannot be judged.
VerifySignature = Callable[[bytes, bytes], None]


@dataclass(frozen=True, slots=True)
class Policy:
    """What differs from one receiving archive to the next.

    Attributes:
        formats: media types taken.
        limits: how much a package may cost to open.
        most_compression: share of a file that compression may save before it looks like a bomb.
        compression_fails: treat more than that as a failure, not as a warning.
        required: folder title → standard names of files that have to be there (归档范围); None = not told.
        held: electronic file numbers the archive already has; None = not told.
        code_rule: by which this archive gives every 档号; None = not told, or it is another archive's package.
        code_owner: gives the electronic file number that has a 档号 here, None for one nobody has; None = not told.
    """

    formats: Mapping[str, Format] = field(default_factory=lambda: FORMATS)
    limits: Limits = LIMITS
    most_compression: float = 0.90
    compression_fails: bool = False
    required: Mapping[str, Collection[str]] | None = None
    held: Collection[str] | None = None
    code_rule: CodeRule | None = None
    code_owner: Callable[[str], str | None] | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What a verifier says of a document; `verdict` is None for one that nobody signed."""

    verdict: Verdict | None
    zh: str = ""
    en: str = ""


#: Takes an OFD or PDF.
VerifyDocument = Callable[[Inner], Seen]


class Scanner(Protocol):
    """A virus scanner."""

    def database_age(self) -> timedelta | None:
        """How old its signatures are; None where it does not say. Raises a `HubError` when it does not answer."""
        ...

    def scan(self, data: bytes) -> str | None:
        """What it finds, None for nothing. Raises a `HubError` when it cannot look at all of it."""
        ...


class CannotJudge(Exception):
    """A rule lacks what it needs. Never leaves the room: `check` turns it into "not checked"."""

    def __init__(self, zh: str, en: str, path: str | None = None) -> None:
        super().__init__(en)
        self.zh, self.en, self.path = zh, en, path


class NothingToJudge(CannotJudge):
    """There is nothing in this package an item could look at; that leaves no verdict open."""


class Unreadable(CannotJudge):
    """An XML file of the package is there and cannot be read."""

    def __init__(self, file: str) -> None:
        super().__init__(f"{file}无法读取，无法判断", f"{file} cannot be read")
        self.file = file


class Opened:
    """The entries of a package that could be read as a container. Its metadata is read when first asked for."""

    def __init__(
        self,
        data: bytes,
        package: Package,
        policy: Policy,
        verify_signature: VerifySignature | None,
        verify_document: VerifyDocument | None = None,
        scanner: Scanner | None = None,
    ) -> None:
        self.data = data
        self.package = package
        self.entries = package.entries
        self.policy = policy
        self.verify_signature = verify_signature
        self.verify_document = verify_document
        self.scanner = scanner
        self._held: dict[tuple[str, str], bool] = {}
        self._room = Room()
        self._nested: dict[str, list[Inner] | _Refusal] = {}
        self._containers: dict[str, Container | _Refusal] = {}

    def holds(self, media_type: str, path: str) -> bool:
        """Whether an entry that is there is of a format that is taken; looked at once."""
        key = (media_type, path)
        if key not in self._held:
            known = self.policy.formats[media_type]
            self._held[key] = known.holds(self.entries[path], lambda _: self._container(path))
        return self._held[key]

    def _container(self, path: str) -> Container:
        """What an entry holds that is a zip file; opened once. Raises ContainerRefused."""
        return _once(self._containers, path, lambda: opened(self.entries[path]))

    def nested(self, path: str) -> list[Inner]:
        """An entry and every file in it; unpacked once.

        Raises:
            Unopened: one of them cannot be opened.
        """
        return _once(
            self._nested,
            path,
            lambda: list(nested(path, self.entries[path], self._room, open_=lambda _: self._container(path))),
        )

    def part(self, path: str) -> bytes:
        """An entry a rule cannot do without.

        Raises:
            CannotJudge: it is not there.
        """
        try:
            return self.entries[path]
        except KeyError:
            raise CannotJudge(f"包内没有{path}，无法判断", f"{path} is not in the package") from None

    @cached_property
    def base(self) -> BaseInfo:
        return self._read(BASE_INFO, read_base_info)

    @cached_property
    def process(self) -> ProcessInfo:
        return self._read(PROCESS_INFO, read_process_info)

    @cached_property
    def digests(self) -> DigestList:
        return self._read(DIGEST_LIST, read_digest_list)

    def _read(self, path: str, read: Callable[[bytes], T]) -> T:
        try:
            return read(self.part(path))
        except MetadataUnreadable:
            raise Unreadable(path) from None


def _once(kept: dict[str, T | _Refusal], path: str, make: Callable[[], T]) -> T:
    """What was made for a path, or the refusal it came to; made at the first call."""
    if path not in kept:
        try:
            kept[path] = make()
        except (ContainerRefused, Unopened) as refusal:
            kept[path] = refusal
    found = kept[path]
    if isinstance(found, (ContainerRefused, Unopened)):
        raise found
    return found
