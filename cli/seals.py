"""`hub seals`: the register of seals, what each may be used for, every use with its case number, and the audit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cli import seals_audit
from cli.output import Words, counted, exit_on_error, json_option, one_line, say_json, say_table
from cli.who import login, who_option
from core.settings import Settings

#: A seal with its picture has some 20 KB; the largest picture a maker sends is far below this.
_SEAL_BYTES = 4 << 20

_reason = click.option("--reason", type=Words(), required=True, help="Why; goes into the seal's history.")
_legal_basis = click.option("--legal-basis", type=Words(), default="", help="The rule or decision it rests on.")


@click.group(short_help="The register of seals, and every use of one.")
def seals() -> None:
    """The register of seals. A seal that is not active here is never used.

    \b
    Example: hub seals list
             hub seals suspend 42011200000001 --reason "token lost"
    Exit status: 0 done · 1 refused or failed · 2 the database does not answer · 3 wrong usage
    """


seals.add_command(seals_audit.audit)
seals.add_command(seals_audit.organs)
seals.add_command(seals_audit.samples)


@seals.command("list", short_help="Every registered seal and how it stands.")
@json_option
@exit_on_error
def list_seals(as_json: bool) -> None:
    """List every registered seal: how it stands today, until when it is valid, how often it was used.

    \b
    Example: hub seals list
    Exit status: 0 listed · 1 failed · 2 the database does not answer · 3 wrong usage
    """
    from hub.context import open_hub
    from hub.seals import listed

    with open_hub(Settings.from_environment()) as opened:
        found = listed(opened)
    if as_json:
        say_json([one.to_dict() for one in found])
        return
    say_table(
        ["seal", "entry", "name", "organ", "state", "valid until", "uses", "without timestamp"],
        [
            [
                one.seal.entry.es_id, one.seal.version, one.seal.entry.name, one.seal.entry.organ, one.standing,
                f"{one.seal.entry.valid_to:%Y-%m-%d}", one.uses["sealed"], one.uses["without_timestamp"],
            ]
            for one in found
        ],
        whole=["seal", "state", "valid until"],
        numbers=["entry", "uses", "without timestamp"],
        spare=["organ", "without timestamp", "entry"],
    )  # fmt: skip
    if not found:
        click.echo("no seal is registered; next: hub seals add FILE.esl (in demo mode: hub prepare)")


@seals.command(short_help="One seal: certificates, validity, history, counts of uses.")
@click.argument("es_id", metavar="ES_ID", type=Words())
@json_option
@exit_on_error
def show(es_id: str, as_json: bool) -> None:
    """Show the newest entry under ES_ID (14 digits), its certificates, its history, and the entries before it.

    \b
    Example: hub seals show 42011200000001
    Exit status: 0 shown · 1 no such seal · 2 the database does not answer · 3 wrong usage
    """
    from hub.context import open_hub
    from hub.seals import shown

    with open_hub(Settings.from_environment()) as opened:
        story = shown(opened, es_id)
    told = story.to_dict()
    if as_json:
        say_json(told)
        return
    click.echo(f"seal {told['es_id']}, entry {told['version']}: {told['state']}")
    lines = [
        ("name", told["name"]),
        ("organ", f"{told['organ']} {told['credit_code']}"),
        ("valid", f"{told['valid_from']} to {told['valid_to']}"),
        ("registered", told["registered_at"]),
        ("structure", f"GB/T 38540 version {told['form']}, kind {told['kind']}, vendor {told['vendor']}"),
        ("picture", f"{told['picture_type']}, {told['width_mm']} × {told['height_mm']} mm"),
        ("SM3", told["sm3"]),
        ("maker", _certificate(told["maker"])),
        *(("signer", _certificate(one)) for one in told["signers"]),
        ("uses", _counts(told["uses"])),
    ]
    for name, value in lines:
        click.echo(f"  {name:11}{one_line(value)}")
    click.echo("history")
    for one in told["events"]:
        why = "".join(f", {one_line(text)}" for text in (one["reason"], one["legal_basis"]) if text)
        click.echo(f"  {one['at']} {one['event']} by {one_line(one['who'])}{why}")
    for one in told["earlier"]:
        click.echo(f"earlier entry {one['version']}: {one['state']}, valid until {one['valid_to']}, SM3 {one['sm3']}")


@seals.command(short_help="Check a seal and enter it in the register.")
@click.argument(
    "file", metavar="[FILE.esl]", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False
)
@click.option(
    "--signer",
    "signers",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help="Certificate of who may use it, for a seal that lists them by digest only; may be repeated.",
)
@_legal_basis
@who_option
@json_option
@exit_on_error
def add(file: Path | None, signers: tuple[Path, ...], legal_basis: str, who: str | None, as_json: bool) -> None:
    """Enter the seal in FILE.esl as active, once its maker's signature and every chain of certificates is found good.

    Without FILE: the seal that press.toml names, also one that lies on a seal platform. A seal that stood under the
    same ES_ID is superseded. The same seal again changes nothing. Trusted are the roots in the trust folder.
    Production mode refuses seals that say 测试.

    \b
    Example: hub seals add bureau/seal.esl --legal-basis "东政审〔2026〕7号"
    Exit status: 0 registered, or was before · 1 refused · 2 the database does not answer · 3 wrong usage
    """
    from cli.files import read_up_to
    from hub.context import open_hub
    from hub.seals import add as run
    from hub.seals import add_configured

    if file is None and signers:
        raise click.UsageError("--signer goes with FILE; the configured seal's signer is known")
    with open_hub(Settings.from_environment()) as opened:
        if file is None:
            made = add_configured(opened, who=who or login(), legal_basis=legal_basis)
        else:
            made = run(
                opened,
                read_up_to(file, _SEAL_BYTES),
                who=who or login(),
                legal_basis=legal_basis,
                signers=[path.read_bytes() for path in signers],
            )
    _say_standing(made, as_json)


@seals.command(short_help="Do not use a seal until it is resumed.")
@click.argument("es_id", metavar="ES_ID", type=Words())
@_reason
@_legal_basis
@who_option
@json_option
@exit_on_error
def suspend(es_id: str, reason: str, legal_basis: str, who: str | None, as_json: bool) -> None:
    """Suspend the seal ES_ID: nothing is sealed with it until it is resumed. What was sealed stays sealed.

    \b
    Example: hub seals suspend 42011200000001 --reason "token lost"
    Exit status: 0 done · 1 no such seal, or it stands otherwise · 2 no database · 3 wrong usage
    """
    _change("suspended", es_id, reason, legal_basis, who, as_json)


@seals.command(short_help="Use a suspended seal again.")
@click.argument("es_id", metavar="ES_ID", type=Words())
@_reason
@_legal_basis
@who_option
@json_option
@exit_on_error
def resume(es_id: str, reason: str, legal_basis: str, who: str | None, as_json: bool) -> None:
    """Resume the suspended seal ES_ID; the next `hub issue` seals what waited.

    \b
    Example: hub seals resume 42011200000001 --reason "token found"
    Exit status: 0 done · 1 no such seal, or it stands otherwise · 2 no database · 3 wrong usage
    """
    _change("resumed", es_id, reason, legal_basis, who, as_json)


@seals.command(short_help="Never use a seal again.")
@click.argument("es_id", metavar="ES_ID", type=Words())
@_reason
@_legal_basis
@who_option
@json_option
@exit_on_error
def revoke(es_id: str, reason: str, legal_basis: str, who: str | None, as_json: bool) -> None:
    """Revoke the seal ES_ID for good. Its successor is entered by `hub seals add`.

    Others learn of it from the revocation of its certificate, which the authority publishes, not from here.

    \b
    Example: hub seals revoke 42011200000001 --reason "organ renamed"
    Exit status: 0 done · 1 no such seal, or it stands otherwise · 2 no database · 3 wrong usage
    """
    _change("revoked", es_id, reason, legal_basis, who, as_json)


@seals.command(short_help="Every use of a seal, with its case number.")
@click.argument("es_id", metavar="[ES_ID]", type=Words(), required=False)
@click.option("--case", "case_no", type=Words(), metavar="NO", help="Only uses for this case.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="At most so many, newest first.")
@json_option
@exit_on_error
def uses(es_id: str | None, case_no: str | None, limit: int, as_json: bool) -> None:
    """List uses of seals, newest first: for which case and document, what came of it, with a timestamp or not.

    \b
    Example: hub seals uses 42011200000001
             hub seals uses --case 42011220260304000002
    Exit status: 0 listed · 1 failed · 2 the database does not answer · 3 wrong usage
    """
    from hub.context import open_hub
    from hub.seals import uses as run

    with open_hub(Settings.from_environment()) as opened:
        found = [one.to_dict() for one in run(opened, es_id=es_id, case_no=case_no, limit=limit)]
    if as_json:
        say_json(found)
        return
    words = {True: "yes", False: "no", None: "—"}
    say_table(
        ["time", "seal", "entry", "case", "licence", "document", "outcome", "timestamp"],
        [
            [
                one["intended_at"][:16].replace("T", " "), one["es_id"], one["version"], one["case"], one["licence"],
                one["document"], one["outcome"], words[one["timestamped"]],
            ]
            for one in found
        ],
        whole=["time", "seal", "case"],
        numbers=["entry"],
        spare=["entry", "licence", "seal", "document"],
    )  # fmt: skip
    if len(found) == limit:
        click.echo(f"{counted(limit, 'use', 'uses')}; there may be more: --limit")


@seals.command(short_help="Write a seal's picture to a file.")
@click.argument("es_id", metavar="ES_ID", type=Words())
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The file to write.")
@json_option
@exit_on_error
def picture(es_id: str, out: Path, as_json: bool) -> None:
    """Write the picture of the seal ES_ID to a file. A picture proves nothing.

    \b
    Example: hub seals picture 42011200000001 --out seal.png
    Exit status: 0 written · 1 no such seal · 2 the database does not answer, or no room · 3 wrong usage
    """
    from hub.context import open_hub
    from hub.seals import write_picture

    with open_hub(Settings.from_environment()) as opened:
        write_picture(opened, es_id, out)
    if as_json:
        say_json({"picture": str(out)})
    else:
        click.echo(str(out))


def _change(change: str, es_id: str, reason: str, legal_basis: str, who: str | None, as_json: bool) -> None:
    from hub.context import open_hub
    from hub.seals import Change
    from hub.seals import change as run

    if not reason.strip():
        raise click.BadParameter("say why", param_hint="'--reason'")
    with open_hub(Settings.from_environment()) as opened:
        changed = run(opened, es_id, Change(change), who=who or login(), reason=reason, legal_basis=legal_basis)
    _say_standing(changed, as_json)


def _say_standing(facts: Any, as_json: bool) -> None:
    told = facts.to_dict()
    if as_json:
        say_json(told)
    else:
        click.echo(f"seal {told['es_id']}, entry {told['version']}, {one_line(told['name'])}: {told['state']}")


def _certificate(one: dict[str, Any]) -> str:
    left = one["days_left"]
    end = f"until {one['valid_to'][:10]}, {counted(left, 'day', 'days')} left" if left >= 0 else "ended"
    return f"{one['subject']} · {one['organisation']} · {end} · serial {one['serial']}"


def _counts(uses: dict[str, int]) -> str:
    return (
        f"{uses['sealed']} sealed ({uses['without_timestamp']} without a timestamp), {uses['intended']} under way, "
        f"{uses['abandoned']} abandoned"
    )
