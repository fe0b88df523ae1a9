"""A report of the four-property check as HTML: what stands in the web's page, and a page that stands alone."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hub.check_sheets import TITLE
from hub.check_view import ReportView

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATES: Final = Path(__file__).parent / "templates"


def fragment(view: ReportView) -> str:
    """The report without a page around it. Everything is escaped; it has no style of its own."""
    return _environment().get_template("check_report_body.html").render(view=view)


def page(view: ReportView) -> str:
    """The report as a page that needs no other file."""
    return _environment().get_template("check_report.html").render(view=view, title=TITLE)


@cache
def style() -> str:
    """The style sheet that goes with `fragment`."""
    return (_TEMPLATES / "check_report.css").read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from core.clock import SHANGHAI

    made = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    made.filters["moment"] = lambda at: at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
    return made
