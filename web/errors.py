"""What can be wrong with a visitor's request, and what a visitor is told about any error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from core.errors import HubError, Rejected, Retryable
from web import access_words, archive_words, error_words


class UploadRefused(Rejected):
    """A request to verify carried no file, more than one, or was not a form."""

    code: ClassVar[str] = "HUB-850"


class UploadTooLarge(Rejected):
    """An uploaded file is larger than the pages take."""

    code: ClassVar[str] = "HUB-851"


class VerifierBusy(Retryable):
    """More files are being verified than this machine does at one time."""

    code: ClassVar[str] = "HUB-852"


class UploadTooSlow(Rejected):
    """A file that is being sent to be checked does not arrive in time."""

    code: ClassVar[str] = "HUB-941"


_WORDS = access_words.WORDS | archive_words.WORDS | error_words.WORDS


@dataclass(frozen=True, slots=True)
class Answer:
    """An error in words for people, with its HTTP status; `do` is what the person can do about it."""

    status: int
    code: str
    zh: str
    en: str
    do: str = ""


def answer_to(error: HubError) -> Answer:
    """What a visitor reads. The operator's message stays in the log: it names hosts and files of ours."""
    if isinstance(error, UploadTooLarge):
        return Answer(
            413,
            error.code,
            "文件超过 20 MB，未验证。请确认选对了文件：电子证照一般不到 1 MB。",
            "The file is larger than 20 MB and was not verified.",
        )
    if isinstance(error, UploadRefused):
        return Answer(400, error.code, "没有收到文件，请选择一个文件后再提交。", "Choose exactly one file and send it.")
    if isinstance(error, UploadTooSlow):
        return Answer(408, error.code, "文件传送过慢，没有收下。", "The file arrived too slowly and was not taken in.")
    if isinstance(error, VerifierBusy):
        return Answer(503, error.code, "正在核验的人较多，请稍后再试。", "Too many checks at once; try again shortly.")
    if (words := _WORDS.get(type(error).__name__)) is not None:
        return Answer(words.status, error.code, words.zh, words.en, words.do)
    if isinstance(error, Retryable):
        return Answer(
            503,
            error.code,
            "系统暂时无法完成，请稍后再试。",
            "The hub cannot do this now; try again later.",
            "请稍等片刻后重试；仍不行请联系运维人员，并告知错误代码和时间。",
        )
    if isinstance(error, Rejected):
        return Answer(
            422, error.code, "提交的内容无法处理。", "What was sent cannot be processed.", "请核对后重新提交。"
        )
    return Answer(
        500,
        error.code,
        "系统出现问题，操作未完成。",
        "Tell the operator this code.",
        "请联系运维人员，并告知错误代码和时间。",
    )
