"""The table of docs/errors.md, made from the error classes themselves.

`python -m tests.documented_errors` rewrites the table: code, class, group and cause come from the
code, the last column ("what to do") is kept as a person wrote it, and is `TODO` for a new error.
"""

from __future__ import annotations

import importlib
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from core.errors import HubError, Permanent, Rejected, Retryable

REPOSITORY = Path(__file__).resolve().parent.parent
DOCUMENT = REPOSITORY / "docs" / "errors.md"
#: Rooms whose errors reach people. The sandbox shares no code with them; DAGs only pass errors on.
ROOMS = ("core", "schemas", "documents", "connectors", "signing", "archive", "store", "hub", "cli", "web", "onebox")
UNWRITTEN = "TODO"

_ROW = re.compile(r"^\| `(?P<code>[^`]+)` \| `(?P<name>\w+)` \| (?P<group>[^|]*) \| (?P<cause>.*) \| (?P<act>.*) \|$")
_BEGIN, _END = "<!-- table begins -->", "<!-- table ends -->"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    code: str
    name: str
    group: str
    cause: str
    act: str = UNWRITTEN

    def __str__(self) -> str:
        return f"| `{self.code}` | `{self.name}` | {self.group} | {self.cause} | {self.act} |"


def every_error() -> list[type[HubError]]:
    """Every error class of every room, the base included, in the order of their codes."""
    for room in ROOMS:
        for file in sorted((REPOSITORY / room).rglob("*.py")):
            path = file.relative_to(REPOSITORY).with_suffix("")
            # Migrations run inside Alembic only; a __main__ would start its program.
            if "migrations" not in path.parts and path.name != "__main__":
                importlib.import_module(".".join(path.parts).removesuffix(".__init__"))
    found: set[type[HubError]] = set()
    waiting: list[type[HubError]] = [HubError]
    while waiting:
        error = waiting.pop()
        found.add(error)
        waiting.extend(error.__subclasses__())
    # Tests may define errors of their own; those are nobody's to document.
    return sorted((e for e in found if e.__module__.partition(".")[0] in ROOMS), key=lambda e: (e.code, e.__name__))


def row_of(error: type[HubError]) -> Row:
    """What the code says about an error."""
    paragraph = " ".join((error.__doc__ or "").strip().partition("\n\n")[0].split())
    return Row(error.code, error.__name__, group_of(error), paragraph.replace("|", "\\|"))


def group_of(error: type[HubError]) -> str:
    """What the caller does next."""
    for group, word in ((Retryable, "try again"), (Permanent, "stop"), (Rejected, "set aside")):
        if issubclass(error, group):
            return word
    return "base"


def documented() -> list[Row]:
    """The rows as they stand in the document."""
    matches = map(_ROW.match, DOCUMENT.read_text(encoding="utf-8").splitlines())
    return [Row(**match.groupdict()) for match in matches if match and match["code"] != "Code"]


def main() -> None:
    """Rewrite the table in place."""
    acts = {row.code: row.act for row in documented()}
    rows = [row_of(error) for error in every_error()]
    rows = [Row(r.code, r.name, r.group, r.cause, acts.get(r.code, UNWRITTEN)) for r in rows]
    text = DOCUMENT.read_text(encoding="utf-8")
    head, _, rest = text.partition(_BEGIN)
    _, _, tail = rest.partition(_END)
    table = ["| Code | Class | Group | Cause | What to do |", "|---|---|---|---|---|", *map(str, rows)]
    DOCUMENT.write_text(f"{head}{_BEGIN}\n" + "\n".join(table) + f"\n{_END}{tail}", encoding="utf-8")
    unwritten = [row.code for row in rows if row.act == UNWRITTEN]
    print(f"{len(rows)} errors; what to do is unwritten for: {', '.join(unwritten) or 'none'}")


if __name__ == "__main__":
    sys.exit(main())
