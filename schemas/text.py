"""How text arrives: blanks around it, full-width letters, the wrong encoding."""

from __future__ import annotations

import re

#: Blanks `str.strip` does not know: the byte order mark and the zero-width space.
_INVISIBLE = "\ufeff\u200b"
_WIDE = re.compile("[\uff01-\uff5e\u3000]")
_TO_NARROW = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
#: In an organisation's name brackets are full-width, letters and digits are not.
_NAME_FORM = _TO_NARROW | {ord("("): "（", ord(")"): "）", 0xFF08: "（", 0xFF09: "）"}
_NAME_TELL = re.compile("[()\uff01-\uff07\uff0a-\uff5e\u3000]")


def trimmed(text: str) -> str:
    """`text` without outer blanks, also the full-width, zero-width and byte-order-mark ones."""
    text = text.strip()
    while text and (text[0] in _INVISIBLE or text[-1] in _INVISIBLE):
        text = text.strip(_INVISIBLE).strip()
    return text


def narrowed(text: str) -> str:
    """`text` with full-width letters, digits, signs and blanks made half-width."""
    return text.translate(_TO_NARROW) if _WIDE.search(text) else text


def name_form(text: str) -> str:
    """An organisation's name in one form: full-width brackets, half-width letters and digits.

    Sources write the same name with either kind of bracket; compared as they come they differ.
    """
    return text.translate(_NAME_FORM) if _NAME_TELL.search(text) else text


def tidied(text: str) -> tuple[str, tuple[str, ...]]:
    """An identifier's text trimmed, half-width and upper-case, with the notes (N-codes) that say so."""
    notes = []
    bare = trimmed(text)
    if bare != text:
        notes.append("N-001")
    narrow = narrowed(bare)
    if narrow != bare:
        notes.append("N-005")
    # str.upper would also raise letters that are no identifier's (ı, ß); those must stay wrong.
    raised = narrow.upper() if narrow.isascii() else narrow
    if raised != narrow:
        notes.append("N-002")
    return raised, tuple(notes)


def _gbk(leads: range, trails: tuple[int, ...] | range) -> str:
    pairs = (bytes((lead, trail)).decode("gb18030", errors="ignore") for lead in leads for trail in trails)
    return re.escape("".join(pairs))


# UTF-8 Chinese read as GBK: the first character of a pair has the lead byte of a hanzi (E4..E9), the
# second ends in the lead byte of the next hanzi or full-width sign.
_FIRST = _gbk(range(0xE4, 0xEA), range(0x80, 0xC0))
_SECOND = _gbk(range(0x81, 0xC0), (0xE2, 0xE3, 0xE4, 0xE5, 0xE6, 0xE7, 0xE8, 0xE9, 0xEF))
# The same read as Latin-1 or cp1252: a letter with accent, then any other character above ASCII.
_CP1252 = re.escape(bytes(range(0x80, 0xA0)).decode("cp1252", errors="ignore"))
_LOST = "\ufffd\x00-\x08\x0b\x0c\x0e-\x1f\x80-\x9f\ud800-\udfff"
_SINGLE = f"{_LOST}?锟Ｎ\ufeff\u200b"
#: Signs worth a closer look: they may be garbling, invisible blanks or a full-width N/A. One set of
#: single characters, because every row is searched for them; `LIKELY` then looks at pairs.
SUSPECT = re.compile(f"[{_SINGLE}\xa1-\xff{_FIRST}]")
LIKELY = re.compile(f"[{_SINGLE}]|[{_FIRST}][{_SECOND}]|[\xa1-\xff][\x80-\xff{_CP1252}]")
_PROOF = re.compile(f"[{_LOST}]|锟斤拷")
_HANZI = re.compile("[\u4e00-\u9fff]")
#: Read wrongly as, really written in, bytes a hanzi takes there.
_MISREADINGS = (
    ("gb18030", "utf-8", 3),
    ("latin-1", "utf-8", 3),
    ("cp1252", "utf-8", 3),
    ("latin-1", "gb18030", 2),
    ("cp1252", "gb18030", 2),
)


def garbled(text: str) -> bool:
    """Whether `text` was decoded with the wrong encoding or lost characters on its way.

    Proof is a replacement or control character, nothing but question marks, or that encoding the
    text back with the encoding it was wrongly read in gives good Chinese in another one.
    """
    if not LIKELY.search(text):
        return False
    if _PROOF.search(text):
        return True
    if "?" in text and len(text) > 1 and not text.strip("? "):
        return True
    return any(_rereads_as_chinese(text, *misreading) for misreading in _MISREADINGS)


def _rereads_as_chinese(text: str, wrong: str, right: str, width: int) -> bool:
    try:
        sent = text.encode(wrong)
    except UnicodeError:
        return False
    for cut in range(width):  # a text garbled and then shortened ends within a character
        try:
            again = sent[: len(sent) - cut].decode(right)
        except UnicodeError:
            continue
        # Nearly every foreign byte must belong to a hanzi: in "MÜLLER" one byte would swallow a letter.
        high = sum(1 for byte in sent if byte > 0x7F)
        expected = width * len(_HANZI.findall(again))
        return expected > 0 and 0.75 * expected <= high <= 1.7 * expected
    return False
