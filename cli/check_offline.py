"""`hub licences check-offline`: a licence is checked with its organ's status list, without network or database."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from cli.files import LICENCE_BYTES, anchors_of_option, read_up_to, say_whom_to_trust, trust_option
from cli.output import CANNOT_TELL, FAILED, OK, cannot_tell_on_error, json_option, one_line, say_json
from core.settings import Settings

#: A list of a million documents has some 700 KB.
_LARGEST = 16 << 20
_STATUS = {"valid": OK, "invalid": FAILED, "cannot_tell": CANNOT_TELL}


@click.command("check-offline", short_help="Check a licence with a status list, without network.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--list", "status_list", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True,
              help="The organ's status list, fetched from /api/status-list.")  # fmt: skip
@click.option("--issuer", metavar="CREDIT_CODE", help="The organ whose list is accepted. Default: the file's issuer.")
@trust_option
@json_option
@cannot_tell_on_error
def check_offline(file: Path, status_list: Path, issuer: str | None, trust: tuple[Path, ...], as_json: bool) -> None:
    """Verify the seal of FILE (OFD), read its place in the status list from what the seal covers, check the list's
    signature, organ and age, and say in one line whether the licence may be relied on.

    \b
    Example: hub licences check-offline licence.ofd --list status-list.json --trust root.pem
    Exit status: 0 valid · 1 tampered with, or suspended, superseded, cancelled, withdrawn, revoked, expired ·
    2 cannot tell: the list is too old or not to be trusted, or does not know the file · 3 wrong usage
    """
    from hub.offline_check import check

    settings = Settings.from_environment(database=False)
    answer = check(
        read_up_to(file, LICENCE_BYTES),
        read_up_to(status_list, _LARGEST),
        settings,
        anchors=anchors_of_option(trust),
        at=datetime.now(UTC),
        issuer_code=issuer,
    )
    if as_json:
        say_json(answer.to_dict())
    else:
        click.echo(one_line(answer.zh))
        click.echo(one_line(answer.en))
        if answer.stated is not None:
            click.echo(one_line(f"  {answer.stated.number}  {answer.stated.identifier}"))
        if answer.list_signer:
            click.echo(one_line(f"  状态清单由 {answer.list_signer} 签名 · list signed by {answer.list_signer}"))
        if answer.code == "HUB-311":
            say_whom_to_trust(settings.keys)
    raise SystemExit(_STATUS[answer.verdict.value])
