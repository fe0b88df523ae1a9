"""`hub archive check`: is a package whole."""

from __future__ import annotations

from pathlib import Path

import click

from cli.archive_checks import COMMANDS as CHECKS
from cli.archive_codes import COMMANDS as CODES
from cli.archive_evidence import COMMANDS as EVIDENCE
from cli.archive_find import COMMANDS as FIND
from cli.archive_log import COMMANDS
from cli.archive_taking import COMMANDS as TAKING
from cli.archive_volume import COMMANDS as VOLUMES
from cli.files import PACKAGE_BYTES, anchors_of_option, read_up_to, say_whom_to_trust, trust_option
from cli.output import cannot_tell_on_error, exit_on_error, json_option, say_json
from cli.verify import STATUS
from core.settings import Settings


@click.group(short_help="Archive packages: check, convert, hold against their log.")
def archive() -> None:
    """Archive packages 归档信息包.

    \b
    Example: hub archive check var/archive/2026/420112-food-2026-00001.zip
             hub archive export PACKAGE --as bag --out PACKAGE-bag.zip
             hub archive import FILE --out PACKAGE.zip
             hub archive verify
             hub archive reports 420112-food-2026-00001
             hub archive volume 91420112MA4K000005
    Exit status: 0 passed · 1 failed · 2 cannot tell · 3 wrong usage
    """


stage_option = click.option(
    "--stage",
    type=click.Choice(["GD", "YJ", "CQ"]),
    default="GD",
    show_default=True,
    help="Whose items are looked at: GD filing, YJ transfer, CQ keeping.",
)


@archive.command(short_help="Check a package: structure, digests, signature, the licence inside.")
@click.argument("package", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@stage_option
@trust_option
@json_option
@cannot_tell_on_error
def check(package: Path, stage: str, trust: tuple[Path, ...], as_json: bool) -> None:
    """The four-property check of PACKAGE: every file against the digest list, the list against its signature, and the
    sealed documents inside. Weights and vetoes come from HUB_HOME/check-scheme.toml, or from the hub's own scheme.

    \b
    Example: hub archive check var/archive/2026/420112-food-2026-00001.zip
             hub archive check PACKAGE --stage CQ
    Exit status: 0 passed · 1 failed · 2 cannot tell (e.g. no trusted root) · 3 wrong usage
    """
    from hub.inspect import Stage, inspect_package
    from hub.verify import anchors_of

    anchors = anchors_of_option(trust)
    settings = Settings.from_environment(database=False)
    report = inspect_package(read_up_to(package, PACKAGE_BYTES), settings, anchors=anchors, stage=Stage(stage))
    if as_json:
        say_json(report.to_dict())
    else:
        click.echo("\n".join(report.lines()))
        if report.verdict.value == "cannot_tell" and not (anchors or anchors_of(settings)):
            say_whom_to_trust(settings.keys)
    raise SystemExit(STATUS[report.verdict.value])


@archive.command("export", short_help="Write a package as a BagIt bag, an EEP envelope or an E-ARK package.")
@click.argument("package", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--as", "form", type=click.Choice(["bag", "eep", "csip", "package"]), required=True, help="The form.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The file to write.")
@json_option
@exit_on_error
def export_package(package: Path, form: str, out: Path, as_json: bool) -> None:
    """Write PACKAGE in another form; brought back by `hub archive import` it is the same byte for byte.

    A bag (BagIt 1.0) and an E-ARK package (CSIP, with METS and PREMIS) are zip files, an envelope (DA/T 48-2009,
    未核实) is an XML file that the bureau's key signs.

    \b
    Example: hub archive export var/archive/2026/420112-food-2026-00001.zip --as bag --out bag.zip
    Exit status: 0 written · 1 refused · 2 try again later · 3 wrong usage
    """
    from hub.files import write_durably
    from hub.forms import Form, export

    made = export(read_up_to(package, PACKAGE_BYTES), Form(form), Settings.from_environment(database=False))
    write_durably(out.absolute(), made)
    if as_json:
        say_json({"path": str(out), "form": form, "bytes": len(made)})
    else:
        click.echo(f"{out}: {form}, {len(made):,} bytes")


@archive.command("import", short_help="Read a bag, an envelope or an E-ARK package; check and write what is in it.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@stage_option
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The package to write.")
@json_option
@exit_on_error
def import_package(file: Path, stage: str, out: Path, as_json: bool) -> None:
    """Read FILE, whichever of the forms it is in, check the package in it, and write that. A package that fails its
    check is not written.

    \b
    Example: hub archive import bag.zip --out package.zip
             hub archive import envelope.xml --stage YJ --out package.zip
    Exit status: 0 good and written · 1 refused · 2 cannot tell, written all the same · 3 wrong usage
    """
    from hub.files import write_durably
    from hub.forms import bring_in
    from hub.inspect import Stage

    settings = Settings.from_environment(database=False)
    found = bring_in(read_up_to(file, PACKAGE_BYTES), settings, stage=Stage(stage))
    verdict = found.report.verdict.value
    if verdict != "invalid":
        write_durably(out.absolute(), found.package)
    if as_json:
        say_json({"form": found.form.value, "electronic_file_no": found.electronic_file_no, **found.report.to_dict()})
    else:
        click.echo("\n".join(found.report.lines()))
        click.echo(f"{out}: {'not written' if verdict == 'invalid' else f'{len(found.package):,} bytes'}")
    raise SystemExit(STATUS[verdict])


for _command in (*FIND, *COMMANDS, *CHECKS, *TAKING, *VOLUMES, *CODES, *EVIDENCE):
    archive.add_command(_command)
