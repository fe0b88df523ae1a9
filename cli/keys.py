"""`hub keys`: the data-protection keys, replaced while the hub works."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cli.output import FAILED, Words, counted, exit_on_error, json_option, one_line, say_json, say_table
from cli.progress import ProgressBar
from core.settings import Settings

if TYPE_CHECKING:
    from hub.keys import Walked

_resource = click.option("--resource", type=Words(), default=None, help="This resource only. Default: every one.")


@click.group(short_help="Data-protection keys: list, replace, drop.")
def keys() -> None:
    """The keys that records, pages, quarantined rows and licence facts are sealed with. No secret is ever shown.

    \b
    Example: hub keys list
             hub keys rotate
    Exit status: 0 done · 1 refused or failed · 2 the database does not answer, or another process
    changes keys: try again · 3 wrong usage
    """


@keys.command("list", short_help="Every data key: its age, what is sealed with it, which KEK wraps it.")
@json_option
@exit_on_error
def list_keys(as_json: bool) -> None:
    """List every data key with its number, age and how many values are sealed with it, and every key-encryption key
    (KEK) by its fingerprint. Reads every table once: minutes where there are many millions of rows.

    \b
    Example: hub keys list
    Exit status: 0 listed · 1 the keys folder is not this database's · 2 the database does not answer ·
    3 wrong usage
    """
    from hub.context import open_hub
    from hub.keys import listed

    with open_hub(Settings.from_environment()) as opened:
        found = listed(opened)
    if as_json:
        say_json(found.to_dict())
        return
    say_table(
        ["resource", "number", "state", "days", "sealed", "KEK"],
        [
            [
                one.key.resource, one.key.number, "current" if one.key.current else "old", one.days,
                f"{one.sealed:,}", one.key.kek,
            ]
            for one in found.data_keys
        ],
        whole=["resource", "state"],
        numbers=["number", "days", "sealed"],
        spare=["KEK", "days"],
    )  # fmt: skip
    for kek in found.keks:
        where = kek.file or "not in the keys folder"
        click.echo(f"KEK {kek.fingerprint}: {kek.state}, {where}, wraps {counted(kek.wraps, 'data key', 'data keys')}")
    if not found.data_keys:
        click.echo("nothing is sealed yet; the first collect makes the first data key")
    old = [one for one in found.data_keys if not one.key.current]
    if any(one.sealed for one in old):
        click.echo("values are still sealed with old keys; next: hub keys rotate")
    elif old:
        click.echo("nothing is sealed with the old keys any more; next: hub keys retire")


@keys.command(short_help="New data keys, and everything sealed anew; or a new KEK.")
@_resource
@click.option("--kek", is_flag=True, help="Replace the key-encryption key instead; takes a moment, touches no row.")
@click.option("--prepare", is_flag=True, help="With --kek: only make the file, to be copied to every machine first.")
@json_option
@exit_on_error
def rotate(resource: str | None, kek: bool, prepare: bool, as_json: bool) -> None:
    """Give each resource a new data key, and seal anew, in small transactions, everything that is under an older one.

    The hub goes on working meanwhile. Stopped at any point, the same command goes on where this one stood. Old keys
    stay until `hub keys retire`. With --kek the data keys stay as they are and are wrapped by a new key-encryption
    key, whose file appears in the keys folder; the old file is kept there under a retired name.

    \b
    Example: hub keys rotate
             hub keys rotate --resource hr.insurance
             hub keys rotate --kek
    Exit status: 0 done · 1 failed, or values that do not open were left as they are · 2 try again:
    another process changes keys or holds rows, or the database does not answer · 3 wrong usage
    """
    from hub.context import open_hub
    from hub.keys import make_next_kek, rotate_kek
    from hub.keys import rotate as run

    if kek and resource is not None:
        raise click.UsageError("--kek concerns every data key; leave out --resource")
    if prepare and not kek:
        raise click.UsageError("--prepare goes with --kek")
    with open_hub(Settings.from_environment()) as opened:
        if prepare:
            name = make_next_kek(opened)
            if as_json:
                say_json({"kek": name, "file": f"data-kek-{name}.next.key"})
            else:
                click.echo(f"data-kek-{name}.next.key lies ready in {opened.settings.keys}; copy it to every machine,")
                click.echo("then: hub keys rotate --kek")
            return
        if kek:
            made = rotate_kek(opened)
            if as_json:
                say_json(made.to_dict())
            elif made.resumed:
                click.echo(f"KEK {made.kek}: an earlier run had taken it into use; its files have their names now")
            else:
                wrapped = counted(made.wrapped, "data key", "data keys")
                click.echo(f"KEK {made.kek} is in use, {wrapped} wrapped by it")
                click.echo(f"  back up {opened.settings.keys} now; without the new file the data stays sealed")
            return
        bar = ProgressBar()

        def on_walk(walked: Walked) -> None:
            bar.show(walked.blocks, walked.total, lambda *_: f"{walked.sealed:,} values sealed anew")

        try:
            done = run(opened, resource=resource, on_walk=on_walk)
        finally:
            bar.end()
    if as_json:
        say_json(done.to_dict())
    else:
        taken_up = " (taken up where an earlier run stopped)" if done.resumed else ""
        click.echo(f"{counted(len(done.numbers), 'resource', 'resources')} under new data keys{taken_up}")
        for name, number in done.numbers.items():
            click.echo(f"  {one_line(name)}: data key {number}")
        click.echo(f"  sealed anew: {counted(done.sealed, 'value', 'values')}; old keys are kept until hub keys retire")
    if done.unopened:
        click.echo(
            f"{counted(done.unopened, 'value does', 'values do')} not open with the old key and stay as they are: "
            "changed, or from another database. Their old keys cannot be dropped.",
            err=True,
        )
        raise SystemExit(FAILED)


@keys.command(short_help="Drop old data keys that nothing is sealed with.")
@_resource
@click.option("--kek", is_flag=True, help="Also delete files of retired KEKs that wrap nothing: older dumps stay shut.")
@json_option
@exit_on_error
def retire(resource: str | None, kek: bool, as_json: bool) -> None:
    """Drop every old data key that no row is sealed with any more; one that is still used stays.

    With --kek the files of retired key-encryption keys are deleted too. A dump of the database from before the
    rotation cannot be opened without them: keep a copy as long as you keep such dumps, or delete both.

    \b
    Example: hub keys retire
    Exit status: 0 done, or nothing to do · 1 some old keys are still used · 2 try again: another process
    changes keys, or the database does not answer · 3 wrong usage
    """
    from hub.context import open_hub
    from hub.keys import retire as run

    with open_hub(Settings.from_environment()) as opened:
        done = run(opened, resource=resource, keks=kek)
    if as_json:
        say_json(done.to_dict())
    else:
        click.echo(f"dropped {counted(len(done.dropped), 'data key', 'data keys')}")
        for name, number in done.dropped:
            click.echo(f"  {one_line(name)}: data key {number}")
        for name in done.keks:
            click.echo(f"deleted KEK {name}")
        for name, number in done.in_use:
            click.echo(f"  {one_line(name)}: data key {number} is still used; first: hub keys rotate", err=True)
    if done.in_use:
        raise SystemExit(FAILED)
