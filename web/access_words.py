"""What a visitor reads about being let in or not: what happened, and what he can do. By class name."""

from __future__ import annotations

from typing import Final, NamedTuple


class Words(NamedTuple):
    """Status of the answer, what happened in both languages, what to do."""

    status: int
    zh: str
    en: str
    do: str


WORDS: Final = {
    "SignInNeeded": Words(401, "请先登录。", "Sign in first.", "登录后再试；自助终端请联系运维人员。"),
    "SignInRefused": Words(
        401,
        "账号或密码不正确，未登录。",
        "Account or password is wrong.",
        "请核对后重试；忘记密码请联系本单位系统管理员。",
    ),
    "ProviderRefused": Words(
        401,
        "统一身份认证没有确认您的身份，未登录。",
        "The identity provider did not confirm who you are.",
        "请重新登录；仍不行请联系本单位系统管理员，并告知错误代码和时间。",
    ),
    "AccountUnknown": Words(
        403,
        "您的账号未在本系统登记，未登录。",
        "Your account is not registered here.",
        "请联系本单位系统管理员登记账号。",
    ),
    "ProviderUnavailable": Words(
        503,
        "统一身份认证暂时无法访问。",
        "The identity provider does not answer.",
        "请稍后再试；持续不行请联系运维人员。",
    ),
    "FormStale": Words(
        403, "页面已过期，未提交。", "The form is out of date; nothing was done.", "请返回上一页，刷新后重新提交。"
    ),
    "TooManyRequests": Words(
        429, "操作过于频繁，请稍后再试。", "Too many requests.", "请稍等片刻再试；连续输错密码的，请等15分钟。"
    ),
    "BodyTooLarge": Words(413, "提交的内容过大。", "What was sent is too large.", "请减少内容后重新提交。"),
    "NotAllowed": Words(
        403,
        "您没有办理该业务的权限，未查询。",
        "You have no right to this.",
        "如工作需要，请由本单位向审批局数据管理人员申请授权。",
    ),
    "RoleMissing": Words(
        403,
        "您的账号没有查看此页的权限。",
        "Your account has no right to this page.",
        "请换用有权限的账号登录，或联系本单位系统管理员。",
    ),
    "DemoAccessRefused": Words(
        403, "正式环境不接受演示账号。", "Demonstration accounts are refused here.", "请使用统一身份认证登录。"
    ),
    "CaseMissing": Words(
        422, "没有指明办件，未查询。", "A case is missing.", "请先登记办件，或填写审批系统的办件编号。"
    ),
    "CaseUnknown": Words(
        404, "没有这个办件，未查询。", "There is no such case.", "请核对办件编号；审批系统的新办件稍后同步。"
    ),
    "CaseClosed": Words(409, "该办件已办结，未查询。", "The case has ended.", "如需继续办理，请重新登记办件。"),
    "CaseOfAnother": Words(
        409, "该办件属于其他事项、申请人或窗口，未查询。", "The case is of another.", "请核对办件编号、事项和证件号码。"
    ),
    "SettleRefused": Words(
        422, "该材料不能这样处理。", "The material cannot be settled so.", "请按事项规定的方式处理。"
    ),
    "QuotaUsedUp": Words(
        429, "今天的查询次数已用完，未查询。", "The day's quota is used up.", "请明天再试，或申请调整额度。"
    ),
    "CallerStopped": Words(
        403,
        "因查询方式异常，该账号的查询已暂停。",
        "Lookups of this caller are stopped.",
        "请联系审批局数据管理人员核实后解除。",
    ),
    "TokenRefused": Words(
        401, "访问令牌无效或已过期。", "The access token is unknown or has ended.", "请重新取得令牌。"
    ),
    "SignatureRefused": Words(
        401, "请求签名无效。", "The request's signature is refused.", "请核对签名、时间和随机数。"
    ),
    "ClientRefused": Words(401, "客户端标识或密钥不正确。", "Client id or secret is wrong.", "请核对后重试。"),
}
