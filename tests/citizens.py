"""Who the sandbox's people are, and every form in which a text could give one of them away."""

from __future__ import annotations

import base64
import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

#: Columns of the departments' tables, whatever the resource.
_NUMBERS = frozenset({"cert_num_man", "cert_num_woman", "frsfz", "sfzhm", "zjhm", "contact_code", "applyer_page_code"})
_NAMES = frozenset({"name_man", "name_woman", "frxm", "fddbrxm", "xm", "legal", "contact_name", "handle_user_name"})
_TELEPHONES = frozenset({"contact_mobile"})

_CITIZEN = re.compile(r"\d{17}[\dXx]|\d{15}")
_TELEPHONE = re.compile(r"1\d{10}|0\d{2,3}-?\d{7,8}")
_HAN = "\u3400-\u9fff\U00020000-\U0003ffff"
_NAME = re.compile(f"[{_HAN}·]{{2,}}")
_REPOSITORY = Path(__file__).resolve().parent.parent
#: Rooms whose texts are published with the program.
_ROOMS = ("schemas", "connectors", "documents", "hub", "store", "signing", "archive", "onebox", "core")


@dataclass(frozen=True)
class Citizens:
    """What no dump and no log may hold."""

    numbers: frozenset[str]
    names: frozenset[str]
    telephones: frozenset[str]

    def found_in(self, text: str) -> list[str]:
        """What of them stands in a text, in any form, each with what it is. Empty is what one hopes for.

        A number, name or telephone number counts in clear, in hexadecimal and in base64 of its UTF-8 bytes, and
        as JSON escapes; a name of three characters or more in hexadecimal of GB 18030 too (of two, four bytes
        turn up by chance in a few megabytes of ciphertext). A citizen number also in lower case and with 15 digits.

        One thing only is excused: a name inside a longer run of Chinese characters that stands word for word in
        the program's own files (`高` and `平` side by side in a label). A run that is the name alone is no label.
        """
        found = []
        for kind, values in (("number", self.numbers), ("telephone", self.telephones), ("name", self.names)):
            for value in sorted(values):
                for form, written in forms(value, kind):
                    if written not in text:
                        continue
                    if kind == "name" and form == "in clear" and _only_in_labels(value, text):
                        continue
                    found.append(f"{kind} {value} {form}")
        return found


def citizens_of(folder: Path) -> Citizens:
    """Everybody in the dataset below the sandbox's folder, clean rows and spoilt ones."""
    numbers: set[str] = set()
    names: set[str] = set()
    telephones: set[str] = set()
    columns: set[str] = set()
    for row in _rows(folder):
        columns |= row.keys()
        for column, value in row.items():
            text = value.strip().strip("\u3000") if isinstance(value, str) else ""
            if column in _NUMBERS and _CITIZEN.fullmatch(text):
                numbers |= {text.upper(), text.upper()[:6] + text[8:17]} if len(text) == 18 else {text}
            elif column in _NAMES and _NAME.fullmatch(text):
                names.add(text)
            elif column in _TELEPHONES and _TELEPHONE.fullmatch(text):
                telephones.add(text)
    assert columns >= _NUMBERS | _NAMES | _TELEPHONES, "a column got another name: look what became of it"
    return Citizens(frozenset(numbers), frozenset(names), frozenset(telephones))


def forms(value: str, kind: str) -> Iterator[tuple[str, str]]:
    """Every way of writing a value that is looked for."""
    yield "in clear", value
    spellings = {value} if kind != "number" else {value, value.lower()}
    if kind == "number" and value.endswith("X"):
        yield "in lower case", value.lower()
    for spelling in spellings:
        data = spelling.encode()
        yield "in hexadecimal", data.hex()
        yield "in hexadecimal, capitals", data.hex().upper()
        for before in range(3):  # where it begins within a group of three bytes
            encoded = base64.b64encode(b"\0" * before + data).decode().rstrip("=")
            first, last = -(-before * 8 // 6), (before + len(data)) * 8 // 6
            yield "in base64", encoded[first:last]
    if kind == "name":
        yield "as JSON escapes", json.dumps(value)[1:-1]
        if len(value) > 2:
            yield "in hexadecimal of GB 18030", value.encode("gb18030").hex()


def _rows(folder: Path) -> Iterator[dict[str, object]]:
    for path in sorted(folder.rglob("*.jsonl")):
        # not splitlines(): a garbled name may hold U+0085, which ends a line for it
        for line in path.read_text(encoding="utf-8").rstrip("\n").split("\n"):
            yield json.loads(line)
    for path in sorted(folder.rglob("*.csv")):
        body = path.read_bytes()
        try:
            text = body.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = body.decode("gb18030", errors="replace")
        yield from csv.DictReader(StringIO(text, newline=""))


def _only_in_labels(name: str, text: str) -> bool:
    runs = set(re.findall(f"[{_HAN}]*{re.escape(name)}[{_HAN}]*", text))
    return all(len(run) > len(name) and run in _labels() for run in runs)


_LABELS: set[str] = set()


def _labels() -> set[str]:
    """Every run of Chinese characters in the program's own files."""
    if not _LABELS:
        for room in _ROOMS:
            for path in (_REPOSITORY / room).rglob("*"):
                if path.suffix in (".py", ".toml", ".sql"):
                    _LABELS.update(re.findall(f"[{_HAN}]+", path.read_text(encoding="utf-8")))
    return _LABELS
