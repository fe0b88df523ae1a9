"""`hub verify FILE`: is this licence what it says, and who says so."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from cli.files import LICENCE_BYTES, anchors_of_option, read_up_to, say_whom_to_trust, trust_option
from cli.output import CANNOT_TELL, FAILED, OK, cannot_tell_on_error, json_option, say_json
from core.clock import SHANGHAI
from core.settings import Settings

STATUS = {"valid": OK, "invalid": FAILED, "cannot_tell": CANNOT_TELL}
#: Electronic seals are younger, their certificates end sooner; beyond, dates cannot be reckoned with.
_FIRST, _LAST = datetime(1970, 1, 2, tzinfo=UTC), datetime(9990, 1, 1, tzinfo=UTC)


class _Moment(click.ParamType[datetime]):
    name = "TIME"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a time like 2026-03-02 or 2026-03-02T09:30+08:00", param, ctx)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)
        if not _FIRST < moment < _LAST:
            self.fail(f"{value!r} is not a time between 1970 and 9989", param, ctx)
        return moment


@click.command(short_help="Verify a sealed OFD step by step.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@trust_option
@click.option("--at", type=_Moment(), help="Judge as of this time; default now. Without a zone: Asia/Shanghai.")
@click.option("--quiet", "-q", is_flag=True, help="Only the verdict.")
@json_option
@cannot_tell_on_error
def verify(file: Path, trust: tuple[Path, ...], at: datetime | None, quiet: bool, as_json: bool) -> None:
    """Check container, coverage, digests, both signatures, certificates, seal, timestamp and appearance of FILE.

    \b
    Example: hub verify licence.ofd --trust root.pem
    Exit status: 0 valid · 1 invalid · 2 cannot tell (e.g. no trusted root) · 3 wrong usage
    """
    from hub.verify import anchors_of, verify_file

    anchors = anchors_of_option(trust)
    settings = Settings.from_environment(database=False)
    report = verify_file(read_up_to(file, LICENCE_BYTES), settings, anchors=anchors, at=at)
    if as_json:
        say_json(report.to_dict())
    else:
        click.echo("\n".join(report.lines(quiet=quiet)))
        if report.verdict.value == "cannot_tell" and not quiet and not (anchors or anchors_of(settings)):
            say_whom_to_trust(settings.keys)
    raise SystemExit(STATUS[report.verdict.value])
