"""What a visitor reads about errors of the counter: what happened, and what he can do; never whose number it was.

By class name, so that the pages need not load the rooms the errors come from; a test holds the names against the code.
"""

from __future__ import annotations

from typing import Final

from web.access_words import Words

WORDS: Final = {
    "NotAnnounced": Words(
        404, "没有预告过这个文件，未接收", "This file was not announced; nothing was taken.", "请先发送迁移预告。"
    ),
    "InboxFull": Words(507, "接收空间不足，未接收", "There is no room for the file.", "请稍后续传。"),
    "OffsetWrong": Words(
        409, "续传位置不符，未接收", "The piece does not begin where the file ends.", "请重新查询进度。"
    ),
    "InboxBusy": Words(423, "该文件正在接收", "The file is being written.", "请稍后续传。"),
    "FileFinished": Words(409, "该文件已接收完毕", "The file is there whole.", "无需再传；内容不同的请联系对方。"),
    "IdentifierRefused": Words(
        422, "证件号码不正确，未查询", "The number is wrong; nothing was looked up.", "请核对证件后重新输入。"
    ),
    "SubjectUnfit": Words(
        422, "证件类型与本事项不符，未查询", "The item is not for this kind of number.", "请核对事项和证件。"
    ),
    "ItemUnknown": Words(404, "没有这个事项", "There is no such service item.", "请重新查找并选择事项。"),
    "PurposeMissing": Words(422, "没有说明查询用途，未查询", "A purpose is missing.", "请选择查询用途。"),
    "EntryUnknown": Words(404, "日志中没有这个编号", "The log has no entry or head of that number.", "请核对编号。"),
    "LegacyNumberUnknown": Words(
        404, "登记机关没有这个旧号码，未查询", "No register knows this old number.", "请改用统一社会信用代码。"
    ),
    "LegacyNumberAmbiguous": Words(
        409, "有多家单位使用这个旧号码，未查询", "Several companies bear this old number.", "请改用统一社会信用代码。"
    ),
    "WithholdingRefused": Words(
        403, "无权延迟向本人显示查询记录，未查询", "The lookup may not be withheld.", "请写明法律依据，或申请授权。"
    ),
    "ItemNotInForce": Words(404, "该事项当前没有生效的版本", "The item is not in force.", "请重新查找并选择事项。"),
    "RegisterSilent": Words(
        503,
        "现在无法核验：登记簿暂时没有应答。这不说明证照有效，也不说明无效",
        "The register does not answer now. That says neither that the licence is good nor that it is not.",
        "请过几分钟再查。",
    ),
    "HubBusy": Words(503, "查询的人较多，未查询", "Too many ask at once.", "请稍后再试。"),
    "StatementUnfit": Words(
        422, "没有写明情况，或内容过长，未提交", "Write 1 to 500 characters.", "请用500字以内写明情况后再提交。"
    ),
    "NotYours": Words(
        404, "没有这条与您有关的记录，未提交", "This is not about you, or is gone.", "请刷新页面后再试。"
    ),
    "PackageNotHeld": Words(
        404, "档案库中没有这个电子文件号", "The archive has no package of this number.", "请核对电子文件号。"
    ),
    "TransferUnknown": Words(404, "没有这次迁移调档", "There is no such transfer.", "请从迁移调档列表重新进入。"),
    "CheckUnknown": Words(404, "没有这次检测", "The package has no such check.", "请从检测列表重新进入。"),
    "ReportAltered": Words(
        409,
        "检测记录已被改动，未盖章",
        "The kept report was changed; it was not sealed.",
        "请告知运维人员，并重新检测该信息包。",
    ),
    "MonthUnknown": Words(
        404, "该月的登记簿没有公布", "The register of this month was not published.", "请从“证照登记簿”页选择月份。"
    ),
    "DocumentUnknown": Words(
        404, "没有签发过这个标识的证照", "No document of this identifier was published here.", "请核对证照标识。"
    ),
    "StatusListMissing": Words(
        503, "状态清单尚未生成", "There is no status list yet.", "请稍后再试；持续不行请联系运维人员。"
    ),
    "StatusListStale": Words(
        503,
        "状态清单已过期，暂不提供",
        "The status list is too old to be given out.",
        "请稍后再试；持续不行请联系运维人员。",
    ),
    "EntryWaits": Words(
        503, "这条记录正在写入日志，暂时没有证明", "The entry waits for its place.", "请一分钟后再试。"
    ),
    "ViewGone": Words(
        410, "这次查询的结果已不再保留", "The answer is no longer kept.", "请重新查询；已转入办件的内容不受影响。"
    ),
    "FormRefused": Words(400, "提交的内容不完整，未处理", "The form is incomplete.", "请返回上一步重新填写。"),
    "PresenceMissing": Words(
        422,
        "尚未确认本人在场，未查询",
        "The holder has not confirmed to be present.",
        "请从头开始，先点“我是本人，同意查询”。",
    ),
    "LicenceUnknown": Words(
        404, "登记簿中没有这件证照", "The register has no such licence.", "请核对证照编号后重新查找。"
    ),
    "VersionUnknown": Words(
        404, "这件证照没有该版本的文件", "The licence has no document of this version.", "请返回证照页面重新选择。"
    ),
    "OfficerNeeded": Words(
        403,
        "您的账号不能办理证照环节",
        "Your account may not do this.",
        "请换用证照管理员账号，或联系本单位系统管理员。",
    ),
    "StepUnfit": Words(
        422,
        "办理信息不完整或不正确，未办理",
        "What was said of the step is incomplete.",
        "请核对依据、文书编号、日期和事由。",
    ),
    "StepRefused": Words(
        409,
        "证照当前状态不能办理该环节，未办理",
        "The licence's state does not take this step.",
        "可以办理的环节见证照页面。",
    ),
    "StepOvertaken": Words(
        409,
        "您查看之后，这件证照已有变动，本次未办理",
        "The licence was changed meanwhile; nothing was done.",
        "请看清现在的状态，再决定是否办理。",
    ),
    "VersionInMaking": Words(
        503, "这件证照正在制作新版本，本次未办理", "A new document is being made.", "请几分钟后再试。"
    ),
    "NotAtTerminals": Words(422, "该事项不能在自助终端查询", "This item is not open to terminals.", "请到窗口办理。"),
    "CopyLicenceUnknown": Words(
        404, "没有这个证照，未制作加注件", "There is no such licence.", "请核对证照编号或电子证照标识。"
    ),
    "CopyNotInForce": Words(
        409, "该证照当前不在有效状态，未制作加注件", "The licence is not in force.", "只有有效的证照才能制作加注件。"
    ),
    "CopyUnfit": Words(
        422,
        "使用单位、用途或有效期不符合要求，未制作加注件",
        "Receiver, cause or end is missing, too long or out of bounds.",
        "使用单位1至100字，用途1至200字，有效期不超过规定天数；修改后再提交。",
    ),
    "CopyUnderFormerSeal": Words(
        409,
        "该证照仍是原机关或原印章，未制作加注件",
        "The licence is still under a former seal.",
        "请联系发证机关换章后再制作。",
    ),
    "CopyNotAllowed": Words(
        403, "没有制作该类证照加注件的权限，未制作", "You have no right to such copies.", "如工作需要，请申请授权。"
    ),
    "CopyQuotaUsedUp": Words(
        429, "今天制作加注件的次数已用完", "Today's copies are used up.", "请明天再试，或申请增加次数。"
    ),
    "CopyOfAnother": Words(
        404,
        "该持证人没有这个证照，未制作加注件",
        "The holder has no such licence.",
        "请核对证照编号和持证人证件号码。",
    ),
    "GlyphMissing": Words(
        422, "有证照字体中没有的字，未制作", "A character is not in the font.", "请改用常用字后再提交。"
    ),
}
