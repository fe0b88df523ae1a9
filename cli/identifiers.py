"""`hub id check`: citizen numbers, credit codes, licence identifiers and the old kinds, one a line."""

from __future__ import annotations

import sys

import click

from cli.output import json_option, say_json


@click.group("id", short_help="Identifiers: check their shape and check characters.")
def identifiers() -> None:
    """Citizen numbers, credit codes and licence identifiers."""


@identifiers.command(short_help="Check values, or standard input one a line.")
@click.argument("values", nargs=-1)
@json_option
def check(values: tuple[str, ...], as_json: bool) -> None:
    """Print VALUE, ok or refused, its kind and the reason, separated by tabs.

    A lower-case letter or an outer blank is normalised and accepted, and the reason says so. A number
    that is well formed is not proof that anybody bears it.

    \b
    Example: hub id check 91420112MA4L0XA90B
             hub id check < numbers.txt
    Exit status: 0 all ok · 1 at least one refused · 3 wrong usage
    """
    from schemas.identifiers.check import check as run

    if values:
        lines = iter(values)
    else:
        if sys.stdin.isatty():
            raise click.UsageError("give values, or one a line on standard input")
        # Bytes that are no text must be refused as such, not end the run.
        sys.stdin.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
        lines = (line.rstrip("\r\n") for line in sys.stdin)
    refused = False
    found = []
    write = sys.stdout.write
    for line in lines:
        verdict = run(line)
        refused |= not verdict.ok
        if as_json:
            found.append({"value": line, "ok": verdict.ok, "kind": verdict.kind, "reason": verdict.reason_text})
        else:
            shown = line.replace("\t", " ").replace("\n", " ")
            write(f"{shown}\t{'ok' if verdict.ok else 'refused'}\t{verdict.kind}\t{verdict.reason_text}\n")
    if as_json:
        say_json(found)
    raise SystemExit(1 if refused else 0)
