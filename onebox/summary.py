"""Shows a summary (any dataclass) the way a person enjoys reading it.

Numbers become a two-column list, a mapping a list of its own, a sequence of dataclasses a table.
A field's title is its metadata `title`, else its name; fields that are empty are left out.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text


def show(summary: object, console: Console, *, title: str) -> None:
    """Print a dataclass instance; on something else than a terminal, as plain lines without frames."""
    figures = Table.grid(padding=(0, 3))
    figures.add_column(style="dim")
    figures.add_column(justify="right")
    parts: list[RenderableType] = []
    for name, value in _fields(summary):
        if isinstance(value, Mapping):
            if value:
                parts.append(_mapping(name, value))
        elif isinstance(value, Sequence) and not isinstance(value, str):
            if value:
                parts.append(_rows(name, value))
        elif dataclasses.is_dataclass(value):
            parts.append(_mapping(name, dict(_fields(value))))
        elif value is not None:
            figures.add_row(name, _text(value))
    if figures.row_count:
        parts.insert(0, figures)
    body = Group(*[part for shown in parts for part in (shown, Text())][:-1])
    if console.is_terminal:
        console.print(Panel(body, title=title, title_align="left", border_style="cyan", padding=(1, 2), expand=False))
    else:
        console.print(title)
        console.print(body)


def _fields(value: object) -> list[tuple[str, Any]]:
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        raise TypeError(f"a summary is a dataclass instance, not {type(value).__name__}")
    return [
        (str(field.metadata.get("title", field.name.replace("_", " "))), getattr(value, field.name))
        for field in dataclasses.fields(value)
    ]


def _mapping(name: str, values: Mapping[Any, Any]) -> RenderableType:
    table = Table(
        box=None, show_header=False, padding=(0, 3, 0, 0), title=name, title_justify="left", title_style="bold"
    )
    table.add_column(style="dim")
    table.add_column(justify="right")
    for key, value in values.items():
        table.add_row(f"  {key}", _text(value))
    return table


def _rows(name: str, rows: Sequence[Any]) -> RenderableType:
    if not dataclasses.is_dataclass(rows[0]):
        return Group(Text(name, style="bold"), *[Text(f"  {_text(row)}") for row in rows])
    table = Table(box=box.SIMPLE_HEAD, title=name, title_justify="left", title_style="bold", pad_edge=False)
    for heading, value in _fields(rows[0]):
        table.add_column(heading, justify="right" if isinstance(value, int | float) else "left")
    for row in rows:
        table.add_row(*[_text(value) for _, value in _fields(row)])
    return table


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.2f}"
    if isinstance(value, timedelta):
        return f"{value.total_seconds():,.1f} s"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(_text(part) for part in value)
    return "" if value is None else str(value)
