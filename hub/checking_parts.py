"""Which part of a file was changed, in words of people who have never seen the inside of one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from signing.report import Report, State


@dataclass(frozen=True, slots=True)
class Told:
    """One thing said in Chinese and in English."""

    zh: str
    en: str


#: Steps that ask whether somebody is to be trusted, not whether the file is as it was.
TRUST_STEPS: Final = frozenset({"CERTIFICATE", "TIME", "SEAL", "ALLOWED", "TIMESTAMP", "BUSINESS"})
#: More than these are not told: the file is refused anyway.
_MOST: Final = 8
_PARTS: Final = tuple(
    (re.compile(pattern), zh, en)
    for pattern, zh, en in (
        (r"OFD\.xml", "文档信息（证照元数据）", "document information (metadata)"),
        (r".*/?Signs/.*", "签章数据", "seal data"),
        (r".*/Attach\w*/.*", "所附数据", "attached data"),
        (r".*/Tags?/.*|.*/CustomTags?.*", "字段标记", "field tags"),
        (r".*/Res/.*|.*/\w*Res\w*\.xml", "字体和图片", "fonts and pictures"),
        (r".*/Annot\w*/.*|.*/Annotations\.xml", "注释", "annotations"),
        (r".*/Document\.xml", "文档结构", "document structure"),
    )
)
_PAGE: Final = re.compile(r".*/Pages/Page_(\d+)/.*")


def parts_at_fault(report: Report) -> list[Told]:
    """What failed, each part once: the part's name where a file of the package is at fault, and what is wrong."""
    told: dict[Told, None] = {}
    for one in report.findings:
        if one.state is not State.FAILED:
            continue
        part = part_of(one.file) if one.file and one.step.name not in TRUST_STEPS else None
        if part is None:
            told[Told(one.zh, one.en)] = None
        else:
            told[Told(f"{part.zh}：{one.zh}", f"{part.en}: {one.en}")] = None
    return list(told)[:_MOST]


def part_of(file: str) -> Told | None:
    """A file of an OFD package as a part of the licence; None for one that has no place in ours."""
    page = _PAGE.fullmatch(file)
    if page is not None:
        number = int(page.group(1)) + 1 if len(page.group(1)) < 6 else 0
        return Told(f"第 {number} 页", f"page {number}")
    for pattern, zh, en in _PARTS:
        if pattern.fullmatch(file):
            return Told(zh, en)
    return None
