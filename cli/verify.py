"""`hub verify FILE`: is this licence what it says, and who says so."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from cli.files import (
    LICENCE_BYTES,
    anchors_of_option,
    crl_option,
    ocsp_option,
    read_up_to,
    revocation_of_options,
    say_whom_to_trust,
    trust_option,
)
from cli.output import CANNOT_TELL, FAILED, OK, Words, cannot_tell_on_error, json_option, say_json
from core.clock import SHANGHAI
from core.errors import Rejected
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


class _Organ(click.ParamType[str]):
    name = "CREDIT_CODE"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from schemas.identifiers.credit import CreditCode

        try:
            return CreditCode.parse(str(value)).text
        except Rejected as error:
            self.fail(f"{value!r} is no credit code: {error.message}", param, ctx)


@click.command(short_help="Verify a sealed OFD or a signed PDF step by step.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@trust_option
@crl_option
@ocsp_option
@click.option("--fetch", is_flag=True, help="Ask the addresses certificates name for revocation, over the network.")
@click.option("--organ", type=_Organ(), help="Demand a seal of the organ with this credit code.")
@click.option("--seal-id", type=Words(), help="Demand the seal with this ES_ID (14 digits).")
@click.option("--seals", type=click.IntRange(1), help="Demand just so many seals.")
@click.option("--at", type=_Moment(), help="Judge as of this time; default now. Without a zone: Asia/Shanghai.")
@click.option("--english", is_flag=True, help="The report in English.")
@click.option("--quiet", "-q", is_flag=True, help="Only the verdict.")
@json_option
@cannot_tell_on_error
def verify(
    file: Path,
    trust: tuple[Path, ...],
    crl: tuple[Path, ...],
    ocsp: tuple[Path, ...],
    fetch: bool,
    organ: str | None,
    seal_id: str | None,
    seals: int | None,
    at: datetime | None,
    english: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Check container, coverage, digests, both signatures, certificates, seal, timestamp and appearance of FILE.

    Whether FILE is an OFD or a PDF its first bytes tell. Nothing is asked over the network without --fetch.

    \b
    Example: hub verify licence.ofd --trust root.pem
             hub verify licence.ofd --organ 11420112MB0000000M --seals 1 --english
    Exit status: 0 valid · 1 invalid · 2 cannot tell (e.g. no trusted root) · 3 wrong usage
    """
    from hub.verify import Expectation, anchors_of, verify_file

    anchors = anchors_of_option(trust)
    settings = Settings.from_environment(database=False)
    expect = Expectation(organ, seal_id, seals) if organ or seal_id or seals else None
    report = verify_file(
        read_up_to(file, LICENCE_BYTES),
        settings,
        anchors=anchors,
        at=at,
        expect=expect,
        revocation=revocation_of_options(settings, crl, ocsp, fetch=fetch),
    )
    if as_json:
        say_json(report.to_dict())
    else:
        click.echo("\n".join(report.lines(quiet=quiet, language="en" if english else "zh")))
        if report.verdict.value == "cannot_tell" and not quiet and not (anchors or anchors_of(settings)):
            say_whom_to_trust(settings.keys)
    raise SystemExit(STATUS[report.verdict.value])
