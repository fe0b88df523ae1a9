"""The plain verdicts of the public check 核验结论, each with its words in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Outcome(StrEnum):
    """What a check says. Only `valid` and, for the receiver it names, `annotated` let anybody rely on a licence;
    `certificate` is of no licence but of what an archive gave out.
    """

    VALID = "valid"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    ANNOTATED = "annotated"
    ANNOTATED_EXPIRED = "annotated_expired"
    CERTIFICATE = "certificate"
    CERTIFICATE_EXPIRED = "certificate_expired"
    TAMPERED = "tampered"
    UNREADABLE = "unreadable"
    SEAL_UNTRUSTED = "seal_untrusted"
    FOREIGN = "foreign"
    NOT_REGISTERED = "not_registered"
    NOT_FOUND = "not_found"
    CANNOT_NOW = "cannot_now"


@dataclass(frozen=True, slots=True)
class Words:
    """An outcome in words: a title of a few characters, and one sentence that says what to make of it.

    `tone` is good, note, warn or bad, `sign` a character that stands beside it, as colour must not be the only sign.
    """

    tone: str
    sign: str
    zh: str
    en: str
    says_zh: str
    says_en: str


WORDS: Final[Mapping[Outcome, Words]] = {
    Outcome.VALID: Words(
        "good", "✓", "有效", "Valid",
        "本证照由本机关颁发，登记簿显示现行有效。",
        "This licence was issued by this office and is in force according to its register.",
    ),
    Outcome.SUSPENDED: Words(
        "warn", "!", "已暂停", "Suspended",
        "本证照由本机关颁发，现处于暂停期间，暂停期间不得据此办理。",
        "This licence was issued by this office and is suspended now; do not rely on it meanwhile.",
    ),
    Outcome.WITHDRAWN: Words(
        "bad", "✕", "已撤销", "Withdrawn",
        "本证照曾由本机关颁发，现已被撤销，请勿据此办理。",
        "This licence was issued by this office and has been withdrawn; do not rely on it.",
    ),
    Outcome.REVOKED: Words(
        "bad", "✕", "已吊销", "Revoked",
        "本证照曾由本机关颁发，现已被吊销，请勿据此办理。",
        "This licence was issued by this office and has been revoked; do not rely on it.",
    ),
    Outcome.CANCELLED: Words(
        "bad", "✕", "已注销", "Cancelled",
        "本证照曾由本机关颁发，现已注销，请勿据此办理。",
        "This licence was issued by this office and has been cancelled; do not rely on it.",
    ),
    Outcome.EXPIRED: Words(
        "bad", "✕", "已过期", "Expired",
        "本证照由本机关颁发，有效期已过，请勿据此办理。",
        "This licence was issued by this office and its validity is over; do not rely on it.",
    ),
    Outcome.SUPERSEDED: Words(
        "bad", "✕", "已被新版取代", "Superseded",
        "这一版证照由本机关颁发，但已有新版，请以新版为准。",
        "This version was issued by this office and a newer one has taken its place; use that one.",
    ),
    Outcome.ANNOTATED: Words(
        "note", "注", "加注件", "Annotated copy",
        "本文件是证照的加注件，由本机关制发，证照现行有效；仅供下列接收单位用于下列事由。",
        "This is an annotated copy made by this office of a licence in force, for the receiver and purpose named below "
        "only.",
    ),
    Outcome.ANNOTATED_EXPIRED: Words(
        "bad", "✕", "加注件已过期", "Annotated copy, expired",
        "本文件是本机关制发的加注件，使用期限已过，请持证人重新出具。",
        "This annotated copy was made by this office and its time of use is over; ask the holder for a new one.",
    ),
    Outcome.CERTIFICATE: Words(
        "note", "档", "档案查询证明", "Archive certificate",
        "本文件是本机关出具的档案查询证明，在有效期内；仅供下列查询人用于下列用途。",
        "This is a certificate of this office about what its archive gave out, and it holds; for the requester and "
        "purpose named below only.",
    ),
    Outcome.CERTIFICATE_EXPIRED: Words(
        "bad", "✕", "档案查询证明已失效", "Archive certificate, expired",
        "本文件是本机关出具的档案查询证明，有效期已过或查询已撤回，请重新申请查询。",
        "This certificate about files of an archive was made by this office; its time is over or the request was "
        "withdrawn. Ask the archive again.",
    ),
    Outcome.TAMPERED: Words(
        "bad", "✕", "被篡改", "Tampered with",
        "文件在签章之后被改动，请勿据此办理，并请向持证人索取原文件。",
        "The file was changed after it was sealed. Do not rely on it; ask the holder for the original.",
    ),
    Outcome.UNREADABLE: Words(
        "bad", "✕", "不是完好的电子证照", "Not an intact licence file",
        "文件已损坏、被改动、未签章，或者根本不是电子证照，请勿据此办理。",
        "The file is damaged, was changed, bears no seal, or is no licence at all. Do not rely on it.",
    ),
    Outcome.SEAL_UNTRUSTED: Words(
        "bad", "✕", "签章不可信", "Seal not trusted",
        "文件与登记簿一致，但其印章或签章证书现在不可信，请向本机关核实后再办理。",
        "The file is the one in the register, but its seal or certificate is not trusted now. Ask this office first.",
    ),
    Outcome.FOREIGN: Words(
        "bad", "✕", "非本机关签发", "Not issued by this office",
        "本机关没有签发过这个文件。",
        "This office did not issue this file.",
    ),
    Outcome.NOT_REGISTERED: Words(
        "bad", "✕", "与登记簿不符", "Not the file in the register",
        "文件上的印章可信，但登记簿中没有这个文件，请勿据此办理，并请与本机关联系。",
        "The seal is trusted, but the register does not know this file. Do not rely on it; contact this office.",
    ),
    Outcome.NOT_FOUND: Words(
        "warn", "?", "查无此证", "Not found",
        "登记簿中没有与所查内容相符的证照，请核对后再查。",
        "The register has no licence that fits what was asked. Check what you entered and ask again.",
    ),
    Outcome.CANNOT_NOW: Words(
        "warn", "?", "现在无法核验", "Cannot be checked now",
        "本机关暂时无法给出结论，这不说明证照有效，也不说明无效，请稍后再查。",
        "This office cannot tell now. That says neither that the licence is good nor that it is not; try again later.",
    ),
}  # fmt: skip
