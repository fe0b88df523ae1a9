"""Kinds of values that several commands take, beside plain text."""

from __future__ import annotations

from datetime import date

import click

from cli.output import Words


class Day(click.ParamType[date]):
    """A day, YYYY-MM-DD."""

    name = "day"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            self.fail("the value is no day such as 2026-11-20", param, ctx)


class Filled(Words):
    """Text that says something."""

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = super().convert(value, param, ctx)
        if not text.strip():
            self.fail("the value says nothing", param, ctx)
        return text
