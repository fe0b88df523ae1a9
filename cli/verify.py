"""`hub verify FILE`: is this licence what it says, and who says so."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from cli.output import json_option, say_json
from core.clock import SHANGHAI
from core.errors import HubError
from core.settings import Settings

_STATUS = {"valid": 0, "invalid": 1, "cannot_tell": 2}


class _Moment(click.ParamType[datetime]):
    name = "TIME"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a time like 2026-03-02 or 2026-03-02T09:30+08:00", param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)


def anchors_option(paths: tuple[Path, ...]) -> list[bytes] | None:
    """The certificates of `--trust`; a file that is none is a usage error, not an invalid licence."""
    from hub.verify import read_anchors

    if not paths:
        return None
    try:
        return read_anchors(paths)
    except (HubError, OSError) as error:
        raise click.BadParameter(str(error), param_hint="--trust") from None


@click.command(short_help="Verify a sealed OFD step by step.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--trust",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help="A root certificate (PEM) to trust; may be repeated. Default: those of this hub, where there are any.",
)
@click.option("--at", type=_Moment(), help="Judge as of this time; default now. Without a zone: Asia/Shanghai.")
@click.option("--quiet", "-q", is_flag=True, help="Only the verdict.")
@json_option
def verify(file: Path, trust: tuple[Path, ...], at: datetime | None, quiet: bool, as_json: bool) -> None:
    """Check container, coverage, digests, both signatures, certificates, seal, timestamp and appearance of FILE.

    \b
    Example: hub verify licence.ofd --trust root.pem
    Exit status: 0 valid · 1 invalid · 2 cannot tell (e.g. no trusted root) · 3 wrong usage
    """
    from hub.verify import verify_file

    anchors = anchors_option(trust)
    try:
        report = verify_file(file.read_bytes(), Settings.from_environment(database=False), anchors=anchors, at=at)
    except HubError as error:
        # Status 1 says "invalid"; what keeps us from judging is not the file's fault.
        click.echo(str(error), err=True)
        raise SystemExit(_STATUS["cannot_tell"]) from None
    if as_json:
        say_json(report.to_dict())
    else:
        click.echo("\n".join(report.lines(quiet=quiet)))
    raise SystemExit(_STATUS[report.verdict.value])
