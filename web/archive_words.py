"""What the archive's pages say: of errors, of stages, of sizes and times."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from core.clock import SHANGHAI
from hub.retrieval_parts import Request, Stage
from web.access_words import Words

#: Staff who have to do with requests: who searches is an archivist or operator, a clerk takes requests in.
ROLES: Final = frozenset({"archivist", "clerk", "operator"})
#: Colour of a stage's chip.
COLOURS: Final[Mapping[Stage, str]] = {
    Stage.WAITING: "warn",
    Stage.GRANTED: "warn",
    Stage.ANSWERED: "good",
    Stage.REFUSED: "bad",
    Stage.EXPIRED: "idle",
    Stage.WITHDRAWN: "idle",
}
#: Colour and word of the last check of a package 四性检测.
VERDICTS: Final[Mapping[str | None, tuple[str, str]]] = {
    "valid": ("good", "通过"),
    "invalid": ("bad", "不通过"),
    "cannot_tell": ("warn", "无法判断"),
    None: ("idle", "未检测"),
}
#: What a holder is known by.
KINDS: Final = {
    "company": "统一社会信用代码",
    "registration_number": "旧注册号",
    "organisation_code": "组织机构代码",
    "citizen": "公民身份号码",
    "other": "其他号码",
}

WORDS: Final = {
    "RulesBroken": Words(
        503,
        "档案查询规则无法读取，现在不能查询",
        "The table of who may see what cannot be read; nobody may see anything.",
        "请联系运维人员，并告知错误代码和时间。",
    ),
    "NoRule": Words(
        403,
        "按规定，该申请人凭这些证明材料不能查询这种档案，未受理",
        "No rule lets this requester see this with these proofs.",
        "请核对申请人类别、查询形式和证明材料是否齐全。",
    ),
    "AskedUnfit": Words(
        422,
        "申请内容不完整或不符合要求，未受理",
        "The request lacks something or says too much.",
        "请核对申请单位、查询目的（200字以内）、范围和事由后再提交。",
    ),
    "ProofUnfit": Words(
        422,
        "证明材料的文件为空、过大、损坏，或格式不符，未受理",
        "The file of a proof is empty, too large, damaged or of another type.",
        "请使用PDF、OFD、PNG或JPEG文件，每个不超过10MB。",
    ),
    "ProofsTooLarge": Words(
        413,
        "证明材料合计超过50MB，未受理",
        "The proofs are over 50 MB together; nothing was taken in.",
        "请降低扫描分辨率或合并页面后再提交。",
    ),
    "HolderNotHeld": Words(
        404,
        "档案库没有该号码的档案",
        "The archive holds nothing of this number.",
        "请核对号码；档案可能仍在迁出地的档案库。",
    ),
    "NobodyFiled": Words(404, "档案库没有该主体的档案", "The archive holds nothing of it.", "请重新查找。"),
    "RequestUnknown": Words(
        404,
        "没有这份申请或文件，或者您无权查看",
        "There is no such request or file for you.",
        "请从申请列表重新进入。",
    ),
    "NotForYou": Words(
        403, "您没有办理该项档案查询的权限，未办理", "You have no right to this.", "请由有权限的人员或单位办理。"
    ),
    "OwnRequest": Words(
        403,
        "本申请由您登记，不能由您审核，未办理",
        "You took this request in and may not decide it.",
        "请由另一名档案管理员审核。",
    ),
    "StageWrong": Words(
        409,
        "申请的状态已经变化，本次未办理",
        "The request has gone on meanwhile; nothing was done.",
        "请看清现在的状态，再决定是否办理。",
    ),
    "AnswerExpired": Words(
        410, "领取期限已过，文件不再提供", "The time to fetch the files is over.", "如仍需要，请重新申请。"
    ),
    "PackageUnsound": Words(
        503,
        "所涉档案未通过检测，暂不出具",
        "A package is not sound now; nothing was given out.",
        "请联系档案管理员；档案修复后可再次出具。",
    ),
    "AnswerChanged": Words(
        503, "文件与出具时不一致，未提供", "A file is not the one recorded.", "请联系档案管理员，并告知错误代码和时间。"
    ),
    "RequestQuotaUsedUp": Words(429, "今天申请档案查询的次数已用完", "Today's requests are used up.", "请明天再试。"),
    "NothingToHand": Words(
        409,
        "遮盖第三人个人信息后没有可以提供的文件，未出具",
        "Nothing is left that may be given out.",
        "请撤回申请，或缩小、调整查询范围后重新申请。",
    ),
    "SealOfAnother": Words(
        503, "印章与规定不符，未出具", "The press holds another seal.", "请联系运维人员，并告知错误代码和时间。"
    ),
    "SearchNotAllowed": Words(
        403, "您没有检索档案的权限，未检索", "You may not search the archive.", "请由档案管理员检索。"
    ),
    "SearchUnfit": Words(
        422,
        "检索内容过短、过长，或日期先后不对，未检索",
        "What to search for is too short, too long or makes no sense.",
        "请输入完整号码，或名称中两个以上的字；起始日期不晚于截止日期。",
    ),
}


def size(number: int) -> str:
    """Bytes as people say them."""
    if number < 1024:
        return f"{number} 字节"
    return f"{number / 1024:.0f} KB" if number < 1024 * 1024 else f"{number / 1024 / 1024:.1f} MB"


def suffix(name: str) -> str:
    """What kind of file it is, as its name ends."""
    return name.rpartition(".")[2].upper()


def left(until: datetime, now: datetime) -> str:
    """How long files are still given out, by days of the calendar."""
    days = (until.astimezone(SHANGHAI).date() - now.astimezone(SHANGHAI).date()).days
    if now > until:
        return "已到期"
    return "今天到期" if days == 0 else f"还剩 {days} 天"


def duration(time: timedelta | None) -> str:
    """A time between two steps, in its two largest units."""
    if time is None:
        return "—"
    minutes, seconds = divmod(round(time.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} 天 {hours} 小时"
    if hours:
        return f"{hours} 小时 {minutes} 分"
    if not minutes:
        return f"{seconds} 秒" if seconds else "不到 1 秒"
    return f"{minutes} 分 {seconds} 秒"


def scope(one: Request) -> str:
    """What of the volume a request is about."""
    if one.scope.all:
        return "全部"
    if one.scope.parts:
        return "、".join(part.value for part in one.scope.parts) + "部分"
    return f"所选 {len(one.scope.files)} 件"


def requester(one: Request) -> str:
    """Who asks, in a line of a list."""
    return one.organisation or {"entity": "市场主体本身"}.get(one.requester.value, one.requester.chinese)
