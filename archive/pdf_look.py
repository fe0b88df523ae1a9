"""A look into a PDF that is to be kept: does it open, and does it hold other files or anything that acts."""

from __future__ import annotations

import logging
import re
from io import BytesIO
from typing import Any

from documents.pdf.walk import TooManyParts, dictionaries
from documents.xml import XmlRefused, parse

_HEADER = re.compile(rb"%PDF-[12]\.\d[\r\n]")
#: What all streams that are read may grow to, and parts looked at; a scan of 2,000 pages has some 20,000.
_BUDGET = 128 << 20
_MOST_PARTS = 200_000
#: The one attachment that is no foreign matter: the structured data of a licence of ours.
_OWN_ATTACHMENT = "licence.xml"
_KEYS = {
    "/JS": ("JavaScript脚本", "JavaScript"),
    "/JavaScript": ("JavaScript脚本", "JavaScript"),
    "/AA": ("自动动作", "automatic actions"),
    "/RichMedia": ("多媒体内容", "rich media"),
    "/Collection": ("文件包", "a collection of files"),
    "/FFilter": ("外部数据流", "streams outside the file"),
}
_KINDS = {
    "/JavaScript": ("JavaScript脚本", "JavaScript"),
    "/Launch": ("启动外部程序的动作", "actions that launch programs"),
    "/GoToE": ("跳转到附件的动作", "actions that open attached files"),
    "/ImportData": ("导入数据的动作", "actions that import data"),
    "/SubmitForm": ("提交表单的动作", "actions that send forms"),
    "/RichMedia": ("多媒体批注", "rich media"),
}


class PdfUnsound(Exception):
    """The bytes are no PDF that can be opened, or it is encrypted."""


class PdfTooLarge(Exception):
    """It has more parts than are looked at."""


def sound_pdf(data: bytes) -> bool:
    """Whether it opens, is not encrypted and has a page."""
    try:
        return int(_open(data).root["/Pages"]["/Count"]) > 0
    except Exception:  # noqa: BLE001 - pyHanko raises all sorts over broken files
        return False


def pdf_pages(data: bytes) -> int | None:
    """How many pages a PDF says it has; None where it cannot be opened or does not say."""
    try:
        count = _open(data).root["/Pages"]["/Count"]
    except Exception:  # noqa: BLE001 - whatever is wrong with it, its pages cannot be counted
        return None
    return int(count) if isinstance(count, int) and count >= 0 else None


def foreign_matter(data: bytes) -> list[tuple[str, str]]:
    """What a PDF holds beside its pages that is another file or acts when it is opened, in Chinese and English.

    Raises:
        PdfUnsound: it cannot be looked through.
        PdfTooLarge: it is too large to be.
    """
    found: dict[tuple[str, str], None] = {}
    try:
        for one in dictionaries(_open(data).root, _MOST_PARTS):
            _look(one, found)
    except TooManyParts:
        raise PdfTooLarge from None
    except PdfUnsound:
        raise
    except Exception:  # noqa: BLE001 - as above
        raise PdfUnsound from None
    return list(found)


def _look(one: Any, found: dict[tuple[str, str], None]) -> None:
    for key in one:
        if key in _KEYS:
            found[_KEYS[key]] = None
    for key in ("/S", "/Subtype"):
        kind = one.get(key)
        if isinstance(kind, str) and kind in _KINDS:
            found[_KINDS[kind]] = None
    if "/EF" in one and not _is_own(one):
        found["附带其他文件", "files attached to it"] = None


def _is_own(specification: Any) -> bool:
    """Whether an attached file is the data of a licence: by its name and by being XML."""
    if str(specification.get("/UF") or specification.get("/F")) != _OWN_ATTACHMENT:
        return False
    try:
        for name in specification["/EF"]:
            parse(specification["/EF"][name].data, _OWN_ATTACHMENT)
    except XmlRefused:
        return False
    return True


def _open(data: bytes) -> Any:
    from pyhanko.pdf_utils.decode_limits import DecodeLimits, DocumentDecodeBudget
    from pyhanko.pdf_utils.reader import PdfFileReader

    # what it warns of is an answer here and no concern of our log
    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)
    if not _HEADER.match(data):
        raise PdfUnsound
    limits = DecodeLimits(document_budget=DocumentDecodeBudget(base_allowance=_BUDGET, max_ratio=4))
    try:
        # not strictly: what scanners write is often a little off, and is kept all the same
        reader = PdfFileReader(BytesIO(data), strict=False, decode_limits=limits)
        encrypted = reader.encrypted
    except Exception:  # noqa: BLE001 - as above
        raise PdfUnsound from None
    if encrypted:
        raise PdfUnsound
    return reader
