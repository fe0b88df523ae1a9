"""`hub archive volume|parties|succession`: a holder's archive as one volume, and which numbers are one holder's."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.output import Words, counted, exit_on_error, json_option, one_line, say_json, say_table
from cli.values import Day, Filled
from cli.who import keeper, who_option
from core.settings import Settings

if TYPE_CHECKING:
    from hub.volume import Volume
    from schemas.records.base import Subject

_KINDS = {
    "company": "credit code",
    "registration_number": "old registration number",
    "organisation_code": "old organisation code",
    "citizen": "citizen number",
    "other": "other number",
}


@click.command(short_help="All packages of a holder, and of those it followed, in order.")
@click.argument("number", metavar="NUMBER", type=Words())
@click.option(
    "--inventory",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write it as a sealed sheet 卷内文件目录 (OFD) to this file.",
)
@who_option
@json_option
@exit_on_error
def volume(number: str, inventory: Path | None, who: str | None, as_json: bool) -> None:
    """Show the volume 卷 of whoever bears NUMBER: a credit code, a citizen's number, or an old number of a company.

    Packages stand by part (设立, 变更, 备案, 迁移, 注销, 监督), day of decision and file number; those of a party it
    followed are marked. The look is logged about the holder; NUMBER itself is not written anywhere.

    \b
    Example: hub archive volume 91420112MA4K000005
             hub archive volume 91420112MA4K000005 --inventory inventory.ofd
    Exit status: 0 shown · 1 nothing is filed under it, it is no number, or the sheet cannot be sealed
    · 2 try again later · 3 wrong usage
    """
    from hub.context import open_hub
    from hub.files import write_durably
    from hub.volume import view_volume
    from hub.volume_out import seal_inventory

    with open_hub(Settings.from_environment()) as opened:
        found = view_volume(opened, subject_of(number), keeper(who))
        sealed = seal_inventory(opened, found) if inventory is not None else None
    if inventory is not None and sealed is not None:
        write_durably(inventory.absolute(), sealed.data)
    if as_json:
        say_json(found.to_dict() | {"inventory": str(inventory) if inventory else None})
        return
    _say(found)
    if sealed is not None:
        click.echo(f"{inventory}: sealed inventory, {counted(sealed.pages, 'page', 'pages')}")


@click.command("export-volume", short_help="Write a holder's whole archive into one file.")
@click.argument("number", metavar="NUMBER", type=Words())
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The file to write.")
@who_option
@json_option
@exit_on_error
def export_volume(number: str, out: Path, who: str | None, as_json: bool) -> None:
    """Write the volume of whoever bears NUMBER into one zip file: the inventory 卷内目录.xml, every package unchanged,
    and lists of digests. The same volume gives the same bytes. NUMBER stands in the inventory; the export is logged.

    \b
    Example: hub archive export-volume 91420112MA4K000005 --out volume.zip
    Exit status: 0 written · 1 refused, or a package is not the one recorded · 2 try again later · 3 wrong usage
    """
    from hub.context import open_hub
    from hub.volume import view_volume
    from hub.volume_out import export_volume as run

    with open_hub(Settings.from_environment()) as opened:
        found = view_volume(opened, subject_of(number), keeper(who), purpose="archive_export")
        size = run(opened, found, out.absolute())
    if as_json:
        say_json({"path": str(out), "party": found.party, "packages": len(found.entries), "bytes": size})
    else:
        click.echo(f"{out}: {counted(len(found.entries), 'package', 'packages')}, {size:,} bytes")


@click.command("check-volume", short_help="Read a volume's file without trust in what it says.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
@exit_on_error
def check_volume(file: Path, as_json: bool) -> None:
    """Read FILE, as `hub archive export-volume` writes it, to its end: nothing may be missing, changed, or more than
    its inventory names. The packages in it are not opened; `hub archive check` does that with each.

    \b
    Example: hub archive check-volume volume.zip
    Exit status: 0 whole · 1 refused · 3 wrong usage
    """
    from hub.volume_out import read_volume

    with file.open("rb") as opened:
        inventory = read_volume(opened)
    packages = len(inventory.packages)
    if as_json:
        say_json({"path": str(file), "packages": packages, "bytes": inventory.bytes})
    else:
        click.echo(f"{file}: whole, {counted(packages, 'package', 'packages')}, {inventory.bytes:,} bytes")


@click.group(short_help="Numbers and names of one holder.")
def parties() -> None:
    """Numbers and names of one holder over its life.

    \b
    Example: hub archive parties link
    Exit status: 0 done · 2 the database does not answer · 3 wrong usage
    """


@parties.command("link", short_help="Join old numbers and former names that the registers know.")
@json_option
@exit_on_error
def link_parties(as_json: bool) -> None:
    """Join to every company of the archive its old registration number, its organisation code and its former names, as
    far as the registers collected know them. What is joined stays; a second run finds nothing. Each deposit does the
    same for its applicant.

    An old number that several companies bear, or that belongs to another one, is left and counted.

    \b
    Example: hub archive parties link
    Exit status: 0 done · 2 the database does not answer · 3 wrong usage
    """
    from hub.context import open_hub
    from hub.parties import link_all

    with open_hub(Settings.from_environment()) as opened:
        linked = link_all(opened)
    if as_json:
        say_json(linked.to_dict())
        return
    click.echo(
        f"{counted(linked.parties, 'party', 'parties')} looked at: {counted(linked.numbers, 'number', 'numbers')} and "
        f"{counted(linked.names, 'name', 'names')} joined, {counted(linked.joined, 'party', 'parties')} turned out to "
        "be another one"
    )
    if linked.ambiguous or linked.of_another:
        click.echo(
            f"left: {counted(linked.ambiguous, 'number', 'numbers')} that several companies bear, "
            f"{linked.of_another:,} of another company"
        )


@click.group(short_help="Who followed whom.")
def succession() -> None:
    """Who followed whom 主体承继: the packages of the earlier party belong to the later one's volume.

    \b
    Example: hub archive succession add EARLIER LATER --kind 个转企 --on 2026-01-05 --basis NOTICE
    Exit status: 0 done · 1 refused · 2 the database does not answer · 3 wrong usage
    """


@succession.command("add", short_help="Enter that one party followed another.")
@click.argument("earlier", metavar="EARLIER", type=Words())
@click.argument("later", metavar="LATER", type=Words())
@click.option("--kind", type=click.Choice(["个转企", "合并", "分立"]), required=True, help="How.")
@click.option("--on", "day", type=Day(), required=True, help="The day it happened.")
@click.option("--basis", type=Filled(), required=True, help="Notice or decision it is taken from; public.")
@who_option
@json_option
@exit_on_error
def add_succession(earlier: str, later: str, kind: str, day: date, basis: str, who: str | None, as_json: bool) -> None:
    """Enter that the party LATER followed the party EARLIER, by a number of each. It is logged about both.

    A circle is refused, and what contradicts a succession that is there: of 个转企 and 合并 the earlier party ends with
    it. After a 分立 it lives on, and only what was decided by that day belongs to the later one's volume.

    \b
    Example: hub archive succession add EARLIER LATER --kind 个转企 --on 2026-01-05 --basis NOTICE
    Exit status: 0 entered, or there already · 1 refused · 2 the database does not answer · 3 wrong usage
    """
    from hub.context import open_hub
    from hub.successions import SuccessionKind, enter

    with open_hub(Settings.from_environment()) as opened:
        done = enter(
            opened, subject_of(earlier), subject_of(later), SuccessionKind(kind), day, basis, keeper(who)
        )  # fmt: skip
    if as_json:
        say_json({"earlier": done.earlier, "later": done.later, "kind": done.kind, "on": day.isoformat()})
    else:
        click.echo(f"party {done.later} followed {done.earlier} on {day.isoformat()} ({done.kind})")


@succession.command("strike", short_help="Strike out a succession that was entered wrongly.")
@click.argument("earlier", metavar="EARLIER", type=Words())
@click.argument("later", metavar="LATER", type=Words())
@click.option("--reason", type=Filled(), required=True, help="Why it was wrong; goes into the log.")
@who_option
@json_option
@exit_on_error
def strike_succession(earlier: str, later: str, reason: str, who: str | None, as_json: bool) -> None:
    """Strike out that LATER followed EARLIER, where it was entered wrongly. It is logged about both.

    What was handed over or answered under it stays as it is.

    \b
    Example: hub archive succession strike EARLIER LATER --reason "the notice names another company"
    Exit status: 0 struck out · 1 refused, or there is none · 2 the database does not answer · 3 wrong usage
    """
    from hub.context import open_hub
    from hub.successions import take_back

    with open_hub(Settings.from_environment()) as opened:
        done = take_back(opened, subject_of(earlier), subject_of(later), reason, keeper(who))
    if as_json:
        say_json({"earlier": done.earlier, "later": done.later, "kind": done.kind, "on": done.happened_on.isoformat()})
    else:
        click.echo(
            f"party {done.later} no longer followed {done.earlier} ({done.kind} on {done.happened_on.isoformat()})"
        )


def subject_of(number: str) -> Subject:
    """Whom a number that was typed is of."""
    from hub.subjects import read_number

    return read_number(number, ("company", "citizen")).subject


def _say(found: Volume) -> None:
    numbers = " · ".join(
        f"{_KINDS.get(one.kind, one.kind)}{' (typed)' if one.number else ''} since {one.since.isoformat()}"
        for one in found.numbers
    )
    click.echo(f"party {found.party} ({found.kind}): {numbers}")
    for name in found.names:
        click.echo(f"name since {name.since.isoformat()}: {one_line(name.name)}")
    for one in found.follows:
        way = "followed" if one.before else "was followed by"
        called = f" {one_line(one.names[0])}" if one.names else ""
        click.echo(f"{way} {one.party}{called}: {one.kind}, {one.happened_on.isoformat()}, {one_line(one.basis)}")
    say_table(
        ["no", "part", "decided", "file no", "code", "item", "outcome", "licence", "bytes", "check", "remarks"],
        [
            [
                entry.place,
                entry.part,
                entry.decided_on.isoformat(),
                entry.file_no,
                entry.archive_code,
                entry.item_name,
                entry.outcome,
                f"{entry.licence_number}{f' v{entry.licence_version}' if entry.licence_version else ''}"
                if entry.licence_number
                else None,
                f"{entry.size:,}",
                entry.verdict,
                ", ".join(
                    word
                    for word, holds in (
                        ("predecessor's", entry.inherited),
                        (f"came by {entry.origin}", entry.origin),
                        (f"moved by {entry.moved}", entry.moved),
                    )
                    if holds
                ),
            ]
            for entry in found.entries
        ],
        whole=["file no", "decided"],
        numbers=["no", "bytes"],
        spare=["remarks", "bytes", "licence"],
    )
    for licence in found.licences:
        until = f" until {licence.valid_until.isoformat()}" if licence.valid_until else ""
        inherited = ", predecessor's" if licence.inherited else ""
        click.echo(f"licence {one_line(licence.number)}: {licence.title}, {licence.status.value}{until}{inherited}")
    parts = "、".join(f"{part} {count}" for part, count in found.by_part.items() if count)
    click.echo(f"{counted(len(found.entries), 'package', 'packages')}, {found.bytes:,} bytes: {parts or '—'}")


COMMANDS = (volume, export_volume, check_volume, parties, succession)
