"""Step 4: every protected file is as it was, and no file of the package is left unprotected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hmac import compare_digest

from core.digest import sm3_of_file
from signing.ofd.description import Description, Record
from signing.ofd.layout import ENTRY, Files
from signing.ofd.steps import Step
from signing.report import HOUSE_RULE, Log, counted

_SCHEME = "GB/T 33190-2016"


@dataclass(frozen=True, slots=True)
class Described:
    """A record of the list with its Signature.xml read."""

    record: Record
    description: Description

    @property
    def own(self) -> frozenset[str]:
        """The files that make this signature up."""
        found = {self.record.path, self.description.value, self.description.seal}
        return frozenset(one for one in found if one is not None)


def digests(files: Files) -> Mapping[str, bytes]:
    """SM3 of every file, computed once however many signatures there are."""
    return {name: sm3_of_file(data) for name, data in files.entries.items()}


def check_references(log: Log, description: Description, actual: Mapping[str, bytes]) -> None:
    """The digests of one signature's list against the files."""
    listed = description.references
    before = len(log.findings)
    if not description.digests_are_sm3:
        log.failed(
            Step.INTEGRITY,
            "文件杂凑算法不是 SM3",
            "the files' digest method is not SM3",
            description.path,
        )
        return
    if not listed:
        log.failed(Step.INTEGRITY, "保护文件列表为空，签名未保护任何内容", "nothing is protected", description.path)
    if len({path for path, _ in listed}) != len(listed):
        log.failed(Step.INTEGRITY, "同一文件在保护列表中出现两次", "a file is listed twice", description.path)
    for path, digest in listed:
        if path not in actual:
            log.failed(Step.INTEGRITY, "受保护的文件不存在", "a protected file is missing", path, _SCHEME)
        elif not compare_digest(actual[path], digest):
            log.failed(Step.INTEGRITY, "受保护的文件已被改动", "a protected file was changed", path, _SCHEME)
    if len(log.findings) == before:
        log.passed(
            Step.INTEGRITY, f"{len(listed)} 个受保护文件均未改动", f"{counted(len(listed), 'protected file')} unchanged"
        )


def check_coverage(
    log: Log, files: Files, list_path: str, signatures: Sequence[Described], *, must_close: bool = False
) -> None:
    """Every signature protects every file but itself, what later signatures added, and perhaps the list.

    Args:
        must_close: a list that no signature protects is a fault, not worth a note only.
    """
    closed = False
    names = set(files.entries)
    for place, one in enumerate(signatures):
        listed = {path for path, _ in one.description.references}
        later = frozenset().union(*(other.own for other in signatures[place + 1 :]))
        open_files = names - listed - later - {one.record.path, one.description.value, list_path}
        closed |= list_path in listed
        bound = log.of(one.record.id)
        if ENTRY in open_files:
            bound.failed(
                Step.INTEGRITY,
                "入口文件未受保护，可被改指另一份文档",
                "the entry file is unprotected and could be pointed at another document",
                ENTRY,
                HOUSE_RULE,
            )
        for path in sorted(open_files - {ENTRY}):
            bound.failed(
                Step.INTEGRITY, "包内存在未受签名保护的文件", "a file of the package is not protected", path, HOUSE_RULE
            )
    if not closed:
        (log.failed if must_close else log.note)(
            Step.INTEGRITY,
            "签名列表未受保护，签章可被追加或去除；请核对印章数量",
            "the list of signatures is open: seals can be added or cut off; check their number",
            list_path,
            HOUSE_RULE,
        )
