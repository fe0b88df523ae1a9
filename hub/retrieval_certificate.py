"""档案查询证明: what was given to whom, for what and until when, as a sealed sheet anybody can check."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from core.clock import SHANGHAI
from hub.retrieval_log import number_of
from hub.retrieval_parts import Form, Handed, LeftOut, Proof, Requester
from hub.sheets import Sheet, Table, Watermark
from schemas.dates import chinese_date
from store.archive_requests import Stored

TITLE: Final = "档案查询证明"
_UNVERIFIED: Final = "（未核实）"


def sheet_of(
    stored: Stored,
    *,
    holder: str | None,
    files: Sequence[Handed],
    left_out: Sequence[LeftOut],
    address: str,
    stamp: str | None,
    now: datetime,
    until: datetime,
) -> Sheet:
    """The certificate over an answer, unsealed.

    Args:
        holder: name of whose archive it is; None for a person.
        address: where the QR code leads.
        stamp: name of the stamp such certificates should bear, where nobody confirmed it; None where it is this one.
    """
    told, terms = stored.told, stored.terms
    day = now.astimezone(SHANGHAI).date()
    end = until.astimezone(SHANGHAI)
    limit = f"{chinese_date(end.date())} {end:%H:%M}"
    pages = [one.pages for one in files]
    counted = sum(page or 0 for page in pages)
    without = sum(page is None for page in pages)
    who = told["organisation"] or told["person"] or holder or "档案主体本人"
    lines = [
        ("查询人类别", Requester(stored.requester).chinese),
        ("查询人", _who(stored, holder)),
        ("被查询主体", holder or "自然人（姓名不在本证明列出）"),
        *([("主体代码", told["company"] or told["subject"])] if told["subject"] else []),
        ("查询用途", told["purpose"]),
        ("查询依据", terms["basis"] + ("" if terms["verified"] else _UNVERIFIED)),
        ("证明材料", "、".join(Proof(kind).chinese for kind in told["proofs"])),
        ("提供形式", Form(stored.form).chinese),
        ("提供数量", _amount(len(files), counted, without)),
        ("第三人个人信息", "已遮盖，无法遮盖的材料未提供" if stored.masked else "未遮盖"),
        ("有效期至", limit),
    ]
    tables = [Table("提供文件清单", _HEADS, tuple(_row(n, one) for n, one in enumerate(files, 1)), _WIDTHS)]
    if left_out:
        rows = tuple((str(n), one.file_no, one.title, one.reason) for n, one in enumerate(left_out, 1))
        tables.append(Table("未提供文件清单", ("序号", "电子文件号", "材料名称", "原因"), rows, (1.0, 4.0, 3.0, 4.5)))
    return Sheet(
        title=TITLE,
        number=number_of(stored),
        made_on=day,
        lines=tuple(lines),
        tables=tuple(tables),
        notes=tuple(_notes(stamp, Form(stored.form), masked=any(one.masked for one in files))),
        qr_text=address,
        watermark=Watermark(
            "档案查询",
            (
                ("certificate_receiver", "查询人：", who),
                ("certificate_purpose", "用途：", told["purpose"]),
                ("certificate_until", "有效期至：", limit),
            ),
            "仅限所注查询人用于所注用途",
        ),
    )


_HEADS: Final = ("序号", "档号 / 电子文件号", "材料名称", "页数", "SM3 摘要")
_WIDTHS: Final = (0.9, 3.3, 2.7, 0.9, 5.9)


def _row(number: int, one: Handed) -> tuple[str, ...]:
    half = len(one.sm3) // 2
    return (
        str(number),
        one.archive_code or one.file_no or "—",
        one.title + ("（已遮盖）" if one.masked else ""),
        "—" if one.pages is None else str(one.pages),
        f"{one.sm3[:half]}\n{one.sm3[half:]}",
    )


def _who(stored: Stored, holder: str | None) -> str:
    told = stored.told
    named = "，经办人：".join(part for part in (told["organisation"], told["person"]) if part)
    if named:
        return named
    return (holder or "档案主体本人") + ("（已登录认证）" if stored.own is not None else "")


def _amount(files: int, pages: int, without: int) -> str:
    tail = f"；另有 {without} 件为无页码的电子数据" if without and pages else ""
    return f"{files} 件，共 {pages} 页{tail}" if pages else f"{files} 件，均为无页码的电子数据"


def _notes(stamp: str | None, form: Form, *, masked: bool) -> list[str]:
    found = [
        "本证明与清单所列文件一并使用。文件是否为清单所列文件，以其 SM3 摘要为准；本证明的真伪和是否到期，扫描二维码"
        "或在本机关证照核验页面上传本文件即可核验。"
    ]
    if form is Form.FACTS:
        found.append("机读档案由档案目录、电子证照库和登记数据生成，以其中所注时间为准。")
    else:
        exempt = "除标有“已遮盖”的以外，" if masked else ""
        found.append(
            f"{exempt}清单所列文件与归档原件完全一致，原有印章保持有效。加盖水印会破坏原有印章，因此水印只加在本证明上。"
        )
        if masked:
            found.append("标有“已遮盖”的文件由归档原件遮盖第三人个人信息后生成，其摘要与原件不同。")
    if stamp is not None:
        found.append(f"档案查询证明应使用的印章名称（{stamp}）未核实，本证明加盖本机关电子印章。")
    return found
