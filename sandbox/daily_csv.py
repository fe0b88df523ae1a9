"""A department's daily CSV: names first, every value in double quotes, CRLF, and beside it a control file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives import hashes

from sandbox.rows import Row


def write(path: Path, header: list[str], rows: Sequence[Row], encoding: str = "UTF-8") -> None:
    """Write CSV and control file, and name each row's place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [line(header)]
    for number, row in enumerate(rows, 2):
        row.place = f"{path.parent.name}/{path.name}:{number}"
        lines.append(line([value or "" for value in row.fields.values()], bare=column(header, row)))
    body = "".join(lines).encode(encoding)
    path.write_bytes(body)
    control(path, body, len(rows), encoding)


def control(path: Path, body: bytes, rows: int, encoding: str) -> None:
    """Write the control file of a CSV: what it holds, as far as the department knows."""
    digest = hashes.Hash(hashes.SM3())
    digest.update(body)
    says = {
        "file": path.name,
        "rows": str(rows),
        "bytes": str(len(body)),
        "sm3": digest.finalize().hex(),
        "encoding": encoding,
    }
    path.with_suffix(".ctl").write_text("".join(f"{key}={value}\n" for key, value in says.items()), encoding="ascii")


def column(header: list[str], row: Row) -> int | None:
    """Where the value stands that lost its quotes."""
    return header.index(row.unquoted) if row.unquoted else None


def line(values: list[str], bare: int | None = None) -> str:
    """One line; the value at `bare` goes without its quotes."""
    return ",".join(value if index == bare else quoted(value) for index, value in enumerate(values)) + "\r\n"


def quoted(value: str) -> str:
    """A value in double quotes."""
    return '"' + value.replace('"', '""') + '"'
