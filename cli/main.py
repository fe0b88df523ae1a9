"""Entry of the command `hub`: gathers the commands, and gives a usage error its documented status."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import click

from cli.output import USAGE

#: Command → the file it lives in. Files are imported when their command is asked for: `hub id check`
#: starts in a tenth of a second because it never imports the database driver.
_COMMANDS = {
    "sources": ("cli.sources", "sources"),
    "collect": ("cli.collect", "collect"),
    "quarantine": ("cli.quarantine", "quarantine"),
    "lookup": ("cli.lookup", "lookup"),
    "issue": ("cli.issue", "issue"),
    "licences": ("cli.issue", "licences"),
    "verify": ("cli.verify", "verify"),
    "render": ("cli.render", "render"),
    "archive": ("cli.archive", "archive"),
    "id": ("cli.identifiers", "identifiers"),
    "report": ("cli.report", "report"),
    "prepare": ("cli.prepare", "prepare"),
    "migrate": ("cli.prepare", "migrate"),
    "pki": ("cli.prepare", "pki"),
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


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="yizheng-hub", prog_name="hub")
def hub() -> None:
    """一证通办数据共享枢纽: collect records, look them up, issue and verify sealed licences, archive cases.

    \b
    Exit status: 0 done · 1 failed, refused or invalid · 2 cannot tell now, try again later · 3 wrong usage

    Settings come from HUB_HOME, HUB_DATABASE_URL, HUB_SOURCES, HUB_KEYS and HUB_MODE; without them the
    world that `make demo` leaves in ./var is used.
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command; a usage error exits with 3 (2 means "cannot tell" here)."""
    try:
        result: Any = hub.main(args=arguments, standalone_mode=False, prog_name="hub")
    except click.UsageError as error:
        error.show()
        sys.exit(USAGE)
    except click.ClickException as error:
        error.show()
        sys.exit(USAGE)
    except click.Abort:
        click.echo("stopped", err=True)
        sys.exit(130)
    sys.exit(result if isinstance(result, int) else 0)
