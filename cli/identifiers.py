"""`hub id check`: citizen numbers, credit codes, licence identifiers and the old kinds, one a line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from io import TextIOWrapper

import click

from cli.output import json_option, one_line, say_json


@click.group("id", short_help="Identifiers: check their shape and check characters.")
def identifiers() -> None:
    """Citizen numbers, credit codes and licence identifiers.

    \b
    Example: hub id check 91420112MA4L0XA90B
    Exit status: 0 all ok · 1 at least one refused · 3 wrong usage
    """


@identifiers.command(short_help="Check values, or standard input one a line.")
@click.argument("values", nargs=-1)
@json_option
def check(values: tuple[str, ...], as_json: bool) -> None:
    """Print VALUE, ok or refused, its kind and the reason, separated by tabs.

    A lower-case letter or an outer blank is normalised and accepted, and the reason says so. A tab or
    another control character within a value is shown as a blank. A number that is well formed is not
    proof that anybody bears it.

    \b
    Example: hub id check 91420112MA4L0XA90B
             hub id check < numbers.txt
    Exit status: 0 all ok · 1 at least one refused · 3 wrong usage
    """
    from schemas.identifiers.check import check as run

    lines = iter(values) if values else _standard_input()
    refused = False
    found = []
    for line in lines:
        verdict = run(line)
        refused |= not verdict.ok
        if as_json:
            found.append({"value": line, "ok": verdict.ok, "kind": verdict.kind, "reason": verdict.reason_text})
        elif sys.stdout is not None:
            said = "ok" if verdict.ok else "refused"
            sys.stdout.write(f"{one_line(line)}\t{said}\t{verdict.kind}\t{verdict.reason_text}\n")
    if as_json:
        say_json(found)
    raise SystemExit(1 if refused else 0)


def _standard_input() -> Iterator[str]:
    if sys.stdin is None or sys.stdin.closed or sys.stdin.isatty():
        raise click.UsageError("give values, or one a line on standard input", click.get_current_context())
    if isinstance(sys.stdin, TextIOWrapper):
        # Bytes that are no text must be refused as such, not end the run.
        sys.stdin.reconfigure(encoding="utf-8", errors="replace")
    return (line.rstrip("\r\n") for line in sys.stdin)
