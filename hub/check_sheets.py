"""四性检测报告: a kept report of the four-property check as a sheet under the bureau's seal, one file for each check.

Once made it is kept; asked for again, the same file is given. A report that was changed since its digest was taken is
not sealed.
"""

from __future__ import annotations

from typing import ClassVar, Final

from core.clock import SHANGHAI
from core.errors import Permanent
from documents.fonts import FaceName, face
from hub.archive_store import FOLDER, ArchiveStore
from hub.check_reports import KeptReport
from hub.check_view import VETO, ItemView, ReportView, view_of
from hub.context import Hub, OnStep, no_step
from hub.sheets import Sheet, Table, seal_sheet
from store import archive_checks
from store.archive_checks import CheckSheet
from store.turns import only_one

__all__ = ["TITLE", "ReportAltered", "is_sealed", "sealed", "sheet_of"]

TITLE: Final = "四性检测报告"
_REPORTS: Final = f"{FOLDER}/reports"
_COLUMNS: Final = ("代码", "检测项", "结果", "说明")
#: The findings need the room; codes and results are short.
_WIDTHS: Final = (17.0, 52.0, 19.0, 74.0)
_NOTES: Final = (
    "一、检测项目及代码按DA/T 70—2018；条目含义未核实的，本报告注明“未核实”，不作检测。",
    "二、“未检测”表示没有得出结论，不计为合格，得分中按未得分计；原因见说明栏。",
    "三、得分为该性质合格项权重占全部应检项权重的百分比。检测结论由各项结果得出，与得分无关。",
)


class ReportAltered(Permanent):
    """A kept report of a check is not the one its digest was taken of; it is not put under seal."""

    code: ClassVar[str] = "HUB-994"


def is_sealed(hub: Hub, kept: KeptReport) -> bool:
    """Whether the sealed report of this check was made already."""
    return archive_checks.sheet_of(hub.connection, kept.id) is not None


def sealed(hub: Hub, kept: KeptReport, on_step: OnStep = no_step) -> bytes:
    """The sealed report of a check, made at the first call.

    Raises:
        ReportAltered: the kept report was changed; nothing was sealed.
        FileAltered: the sealed report was made, and is gone or changed.
        TurnTaken: another process makes it now.
        ArchiveAway, ArchiveRefuses, ArchiveUnset: of the store of the archive's files.
        HubError: as `hub.sheets.seal_sheet` raises.
    """
    view, store = view_of(kept), ArchiveStore.of(hub.settings)
    with only_one(hub.connection, f"seal the report {view.number}"):
        known = archive_checks.sheet_of(hub.connection, kept.id)
        if known is not None:
            return store.get_checked(known.path, known.document_sm3)
        if not kept.intact:
            raise ReportAltered(
                f"the report {view.number} is not the one its digest was taken of; it was not sealed. Look who changed "
                "the table archive_check, then check the package again (`hub archive walk --days 0`)."
            )
        made = seal_sheet(hub, sheet_of(hub, view), case_no=view.number, on_step=on_step)
        # No two sealings are alike, and nothing in the store is written over: one that died before this is left there.
        path = f"{_REPORTS}/{kept.at.astimezone(SHANGHAI).year}/{view.number}-{made.sm3[:4].hex()}.ofd"
        store.put(path, made.data)
        on_step("report.written")
        sheet = CheckSheet(made.sm3, path)
        archive_checks.record_sheet(hub.connection, kept.id, sheet, use=made.use, now=hub.clock.now())
        return made.data


def sheet_of(hub: Hub, view: ReportView) -> Sheet:
    """The report as a sheet that is not sealed yet."""
    return Sheet(
        title=TITLE,
        number=view.number,
        made_on=hub.clock.now().astimezone(SHANGHAI).date(),
        lines=tuple(_lines(view)),
        tables=tuple(_tables(view)),
        notes=_NOTES,
    )


def _lines(view: ReportView) -> list[tuple[str, str]]:
    unchecked = f"（另有 {view.unchecked} 项未检测，未计为合格）" if view.unchecked else ""
    lines = [
        ("电子文件号", view.file_no),
        ("检测环节", f"{view.stage}（{view.stage_code}）"),
        ("检测时间", f"{view.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}（北京时间）"),
        ("检测方案", view.scheme),
        ("检测结论", view.verdict + unchecked),
    ]
    if view.fault:
        lines.append(("整包问题", view.fault))
    if view.vetoes:
        lines.append((VETO, "、".join(view.vetoes)))
    if view.package_sm3:
        lines.append(("信息包SM3", _halves(view.package_sm3)))
    if view.bytes is not None:
        lines.append(("信息包字节数", f"{view.bytes:,}"))
    return [*lines, ("检测记录SM3", _halves(view.sm3))]


def _halves(digest: str) -> str:
    """Two lines of the same length, rather than one of 60 signs and one of four."""
    return f"{digest[:32]}\n{digest[32:]}"


def _tables(view: ReportView) -> list[Table]:
    if not view.groups:
        return []
    heads = tuple(view.groups[0].counts)
    scores = tuple((group.name, *(str(group.counts[head]) for head in heads), group.score) for group in view.groups)
    items = [Table(group.name, _COLUMNS, tuple(map(_row, group.items)), _WIDTHS) for group in view.groups]
    return [Table("各性质结果（项数）与得分", ("性质", *heads, "得分"), scores), *items]


def _row(item: ItemView) -> tuple[str, ...]:
    veto = f"\n{VETO}" if item.veto and item.look == "bad" else ""
    return item.code, item.title, item.result + veto, _drawable(item.told)


def _drawable(words: str) -> str:
    """Words with every character the font lacks written as its number: names of files are whatever a sender chose."""
    missing = set(face(FaceName.BODY).missing(words))
    return "".join(f"〔{code}〕" if (code := f"U+{ord(sign):04X}") in missing else sign for sign in words)
