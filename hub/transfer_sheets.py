"""接收回执: the receipt of a transfer as a sheet under the destination's seal, for people; what binds is the letter."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from core.clock import today
from core.errors import HubError, Retryable
from hub.files import write_durably
from hub.packing import masked
from hub.sheets import Sheet, Table, seal_sheet
from hub.transfer_desk import FOLDER, Desk
from store.transfers import Transfer

TITLE: Final = "企业档案接收回执"
#: As it is called in the receipt's letter.
ENCLOSED: Final = "receipt.ofd"
_LOG = logging.getLogger(__name__)
_LISTS: Final = (("accepted", "已接收"), ("missing", "缺失"), ("refused", "拒收"), ("given_up", "不再移交"))
_NOTES: Final = (
    "一、依据《市场主体登记管理条例实施细则》第六十二条，迁移企业的全部登记档案应在三个月内移交迁入地。",
    "二、每件档案包均经四性检测（移交接收）、存在证明和印章核验；缺失、拒收的，请移出方补正后补交。",
    "三、本回执的电子签名原件随移交系统送达移出方，与本单内容一致；以电子签名原件为准。",
)


def sheet_path(desk: Desk, transfer: Transfer) -> Path:
    """Where the sheet of the newest receipt lies."""
    return desk.hub.settings.home / FOLDER / transfer.id / f"receipt-{transfer.round}.ofd"


def sealed_receipt(desk: Desk, transfer: Transfer, said: Mapping[str, Any]) -> bytes | None:
    """The sealed sheet of a receipt that is about to be signed, made once; None where our seal may not be used.

    Raises:
        SignerUnavailable and what else may pass: Retryables; the receipt waits for the seal.
        DiskRefuses: no room.
    """
    path = sheet_path(desk, transfer)
    if path.exists():
        return path.read_bytes()
    try:
        made = seal_sheet(desk.hub, _sheet(desk, transfer, said), case_no=f"{transfer.id}-{transfer.round}")
    except Retryable:
        raise
    except HubError as error:
        _LOG.warning("the receipt of transfer %s goes without a sealed sheet: %s", transfer.id, error)
        return None
    write_durably(path, made.data)
    return made.data


def _sheet(desk: Desk, transfer: Transfer, said: Mapping[str, Any]) -> Sheet:
    counts = said["counts"]
    total = sum(counts.values())
    return Sheet(
        title=TITLE,
        number=f"{transfer.notice_no}回执{transfer.round}",
        made_on=today(desk.hub.clock),
        lines=(
            ("迁移企业", transfer.company.name),
            ("企业代码", masked(transfer.company.number)),
            ("移出方", desk.peer(transfer).organ),
            ("接收方", desk.ours.name),
            ("通知函", f"{transfer.notice_no}（{transfer.requested_on:%Y-%m-%d}）"),
            ("移交编号", transfer.id),
            ("移交清单SM3", f"{said['manifest'][:32]}\n{said['manifest'][32:]}"),
            ("接收情况", f"共{total}件：" + "，".join(f"{name}{counts[key]}件" for key, name in _LISTS)),
            ("结论", "全部接收完毕，移交办结" if said["complete"] else "未全部接收，请补交"),
        ),
        tables=tuple(_table(name, said[key]) for key, name in _LISTS if said[key]),
        notes=_NOTES,
    )


def _table(name: str, ones: Sequence[Mapping[str, Any]]) -> Table:
    if "sm3" in ones[0]:
        rows = tuple((str(place), one["file_no"], one["sm3"]) for place, one in enumerate(ones, 1))
        return Table(name, ("序号", "电子文件号", "SM3"), rows, (14.0, 58.0, 90.0))
    rows = tuple((str(place), one["file_no"], "；".join(one["reasons"])) for place, one in enumerate(ones, 1))
    return Table(name, ("序号", "电子文件号", "原因"), rows, (14.0, 58.0, 90.0))
