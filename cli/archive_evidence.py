"""`hub archive evidence|check-evidence`: what proves a package after its certificates ended, and the check of it."""

from __future__ import annotations

from datetime import UTC, datetime, time
from pathlib import Path

import click

from cli import log_acts
from cli.files import PACKAGE_BYTES, anchors_of_option, read_json, read_up_to, say_whom_to_trust, trust_option
from cli.output import Words, cannot_tell_on_error, counted, exit_on_error, json_option, one_line, say_json
from cli.verify import STATUS
from core.clock import SHANGHAI
from core.settings import Settings

#: With a renewal a year for a century and long chains of certificates there are some 2 MB.
_LARGEST = 16 << 20


@click.command(short_help="Export what proves since when a package is held.")
@click.argument("file_no", metavar="FILE_NO", type=Words())
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The new file to write.")
@json_option
@exit_on_error
def evidence(file_no: str, out: Path, as_json: bool) -> None:
    """Write all that proves, without this hub, that a package was in the archive at a moment: its entry in the log, a
    signed and timestamped head over it, and every renewal of the timestamps since, with tokens and certificates.

    \b
    Example: hub archive evidence 420112-food-2026-00001 --out evidence.json
    Exit status: 0 written · 1 no such package, the log was changed, or the file is there already · 2 no head
    covers the package yet, or the database does not answer: try again · 3 wrong usage
    """
    from hub.context import open_hub
    from hub.evidence_export import evidence_of

    with open_hub(Settings.from_environment()) as opened:
        found = evidence_of(opened, file_no)
    log_acts.write(out, found)
    if as_json:
        say_json({"path": str(out), "file_no": file_no, "renewals": len(found["renewals"])})
    else:
        made = counted(len(found["renewals"]), "renewal", "renewals")
        click.echo(f"{out}: {made}; hub archive check-evidence PACKAGE {out} checks it anywhere")


@click.command("check-evidence", short_help="Check a package's evidence without database or network.")
@click.argument("package", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("evidence", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--at",
    "day",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DAY",
    help="Provable at this day's end? Default: now.",
)
@click.option(
    "--without",
    type=click.Choice(["sm3", "sha256"]),
    help="Judge without a digest that is not believed in any more.",
)
@trust_option
@json_option
@cannot_tell_on_error
def check_evidence(
    package: Path, evidence: Path, day: datetime | None, without: str | None, trust: tuple[Path, ...], as_json: bool
) -> None:
    """Say whether PACKAGE was in the archive while its seals could be relied on, and until when that stays provable.
    Each timestamp must have been made while the certificate of the one before was valid, and the last one must hold.
    Needs the roots of the log's signer, the seals and every timestamp authority, nothing else.

    \b
    Example: hub archive check-evidence PACKAGE evidence.json --trust root-cert.pem --trust tsa-root.pem
    Exit status: 0 proven · 1 refused: forged, changed, or of another package · 2 cannot tell: the chain was
    broken or has ended, or nobody to trust · 3 wrong usage
    """
    from core.errors import Rejected
    from hub.evidence_check import check
    from hub.renewals import DIGESTS

    anchors = anchors_of_option(trust)
    settings = Settings.from_environment(database=False)
    at = datetime.now(UTC) if day is None else datetime.combine(day.date(), time.max, SHANGHAI)
    try:
        answer = check(
            read_up_to(package, PACKAGE_BYTES),
            read_json(evidence, _LARGEST),  # None is no evidence
            settings,
            anchors=anchors,
            at=at,
            algorithms=[name for name in DIGESTS if name != without],
        )
    except Rejected as error:
        if as_json:
            say_json({"verdict": "invalid", "code": error.code, "en": error.message})
        else:
            click.echo(one_line(f"refused: {error}"))
        raise SystemExit(STATUS["invalid"]) from None
    if as_json:
        say_json(answer.to_dict())
    else:
        click.echo(one_line(answer.zh))
        click.echo(one_line(answer.en))
        for lane in answer.proven.lanes if answer.proven is not None else ():
            why = f" ({one_line(lane.reason)})" if lane.reason else ""
            click.echo(
                f"  {lane.algorithm}: {lane.verdict.value}, {counted(lane.stamps, 'timestamp', 'timestamps')}{why}"
            )
        for signer in answer.signers:
            click.echo(one_line(f"  signed by {signer}"))
        if answer.verdict.value == "cannot_tell" and anchors is None:
            say_whom_to_trust(settings.keys)
    raise SystemExit(STATUS[answer.verdict.value])


COMMANDS = (evidence, check_evidence)
