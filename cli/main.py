"""Entry of the command `hub`: gathers the commands, and gives a usage error its documented status."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from io import TextIOWrapper
from typing import Any

import click

from cli.output import FAILED, OK, USAGE, say_fault

#: As a shell counts a process that ended by SIGINT or SIGPIPE.
_STOPPED, _READER_GONE = 130, 141

#: Command → the file it lives in. Files are imported when their command is asked for: `hub id check`
#: starts in a tenth of a second because it never imports the database driver.
_COMMANDS = {
    "sources": ("cli.sources", "sources"),
    "source": ("cli.source", "source"),
    "freshness": ("cli.freshness", "freshness"),
    "drift": ("cli.drift", "drift"),
    "collect": ("cli.collect", "collect"),
    "quarantine": ("cli.quarantine", "quarantine"),
    "items": ("cli.items", "items"),
    "licence-type": ("cli.licence_type", "licence_type"),
    "lookup": ("cli.lookup", "lookup"),
    "audit": ("cli.audit", "audit"),
    "register": ("cli.register", "register"),
    "reports": ("cli.reports", "reports"),
    "issue": ("cli.issue", "issue"),
    "licences": ("cli.issue", "licences"),
    "seals": ("cli.seals", "seals"),
    "verify": ("cli.verify", "verify"),
    "render": ("cli.render", "render"),
    "archive": ("cli.archive", "archive"),
    "transfer": ("cli.transfer", "transfer"),
    "requests": ("cli.archive_requests", "requests"),
    "evidence": ("cli.evidence", "evidence"),
    "id": ("cli.identifiers", "identifiers"),
    "report": ("cli.report", "report"),
    "prepare": ("cli.prepare", "prepare"),
    "migrate": ("cli.prepare", "migrate"),
    "pki": ("cli.prepare", "pki"),
    "keys": ("cli.keys", "keys"),
    "access": ("cli.access", "access"),
}


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, name = _COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(module), name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            raise
        except BrokenPipeError:
            # click would make this a 1, which means "refused" here.
            raise SystemExit(_reader_gone()) from None
        except Exception as error:  # noqa: BLE001 - the last door: a person gets one line, not a stack
            say_fault(error)
            raise SystemExit(FAILED) from None


def _version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted or ctx.resilient_parsing:
        return
    from importlib.metadata import PackageNotFoundError, version

    try:
        click.echo(f"hub {version('yizheng-hub')}")
    except PackageNotFoundError:
        click.echo("hub (a checkout that is not installed)")
    ctx.exit()


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version.")
def hub() -> None:
    """一证通办数据共享枢纽: collect records, look them up, issue and verify sealed licences, archive cases.

    \b
    Example: hub sources
             hub verify --help
    Exit status: 0 done · 1 failed, refused or invalid · 2 cannot tell now, try again later · 3 wrong usage

    Settings come from HUB_HOME, HUB_DATABASE_URL, HUB_SOURCES, HUB_KEYS, HUB_PRESS,
    HUB_ACCESS and HUB_MODE; without them the world that `make demo` leaves in ./var is used.
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command; a usage error exits with 3 (2 means "cannot tell" here)."""
    for stream in (sys.stdout, sys.stderr):
        # A name typed in another encoding must not end the run while it is printed.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    status = _run(arguments)
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        status = _reader_gone()
    except OSError as error:
        _drop_output()
        say_fault(error)
        status = FAILED
    sys.exit(status)


def _run(arguments: list[str] | None) -> int:
    try:
        result: Any = hub.main(args=arguments, standalone_mode=False, prog_name="hub")
    except click.ClickException as error:
        error.show()
        return USAGE
    except click.Abort:
        click.echo("stopped; what was done so far is kept, the same command goes on from there", err=True)
        return _STOPPED
    except SystemExit as end:
        result = end.code
    return result if isinstance(result, int) else OK


def _reader_gone() -> int:
    """`hub … | head -1`: whoever read our output has enough."""
    _drop_output()
    return _READER_GONE


def _drop_output() -> None:
    """What is still buffered goes nowhere, so that the interpreter does not stumble over it at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
