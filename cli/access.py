"""`hub access`: who may ask for what, alarms about how they ask, and a terminal's browser session."""

from __future__ import annotations

import click

from cli.output import FAILED, Words, counted, exit_on_error, json_option, say_json, say_table
from cli.who import login, who_option
from core.settings import Settings


@click.group(short_help="Who may ask for what: check the file, see and clear alarms.")
def access() -> None:
    """The access file (HUB_ACCESS, by default access.toml in HUB_HOME), and what came of how callers asked.

    \b
    Example: hub access check
             hub access alarms
    Exit status: 0 done · 1 refused, or the file is broken · 2 the database does not answer · 3 wrong usage
    """


@access.command(short_help="Whether the access file is right, and what it says.")
@json_option
@exit_on_error
def check(as_json: bool) -> None:
    """Read the access file as the hub does, and count what it names. No secret is shown. Needs no database.

    \b
    Example: hub access check
    Exit status: 0 it is right · 1 it is broken, absent, or names demonstration entries in production mode ·
    2 cannot tell now · 3 wrong usage
    """
    from hub.access_file import missing_files, read_access

    settings = Settings.from_environment(database=False)
    found = read_access(settings.access_file, settings.mode)
    absent = missing_files(found, settings.access_file.parent)
    counts = {
        "organisations": len(found.organisations), "staff": len(found.staff), "terminals": len(found.terminals),
        "partners": len(found.partners), "grants": len(found.grants),
        "copy_grants": len(found.copy_grants),
    }  # fmt: skip
    demo = [member.id for member in found.members if member.demo]
    if as_json:
        say_json({"file": str(settings.access_file), **counts, "demo": demo, "missing_files": absent})
    else:
        click.echo(f"{settings.access_file} is right: " + ", ".join(f"{n} {what}" for what, n in counts.items()))
        if found.provider is None:
            click.echo("no identity provider: staff sign in with demonstration accounts only")
        if demo:
            click.echo(f"{counted(len(demo), 'entry is', 'entries are')} of the demonstration; production refuses them")
        for name in absent:
            click.echo(f"key or secret cannot be read: {name}")
    if absent:
        raise SystemExit(FAILED)


@access.command("hash", short_help="Turn a secret into the hash the access file wants.")
@json_option
@exit_on_error
def make_hash(as_json: bool) -> None:
    """Ask for a partner's secret without showing it, and print its scrypt hash.

    \b
    Example: hub access hash
    Exit status: 0 printed · 1 failed · 2 cannot tell now · 3 wrong usage
    """
    from hub.passwords import hashed

    made = hashed(click.prompt("secret", hide_input=True, confirmation_prompt=True, err=True))
    if as_json:
        say_json({"hash": made})
    else:
        click.echo(made)


@access.command(short_help="Alarms about how callers asked.")
@click.option("--all", "cleared", is_flag=True, help="Cleared ones as well.")
@click.option("--watch", is_flag=True, help="Look at the log first, as Airflow does every five minutes.")
@json_option
@exit_on_error
def alarms(cleared: bool, watch: bool, as_json: bool) -> None:
    """List alarms: many misses, neighbouring numbers, off hours. A severe one stops its caller until it is cleared.

    \b
    Example: hub access alarms --watch
    Exit status: 0 listed · 1 failed · 2 the database does not answer · 3 wrong usage
    """
    from core.clock import SHANGHAI
    from hub.access import Access
    from hub.context import open_hub
    from hub.usage_watch import ZH, every, to_dict
    from hub.usage_watch import watch as look

    settings = Settings.from_environment()
    with open_hub(settings) as opened:
        if watch:
            look(opened, Access.open(settings).rules().watch)
        found = every(opened, cleared=cleared)
    if as_json:
        say_json([to_dict(one) for one in found])
        return
    say_table(
        ["no.", "caller", "what", "count", "of", "raised", "state"],
        [
            [
                one.id, one.caller, f"{ZH[one.kind]} {one.kind}", one.count, one.threshold,
                f"{one.raised_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
                f"cleared by {one.cleared_by}" if one.cleared_at else "stopped" if one.severe else "open",
            ]
            for one in found
        ],
        whole=["caller", "what"],
        numbers=["no.", "count", "of"],
        spare=["raised"],
    )  # fmt: skip
    waiting = [one for one in found if one.cleared_at is None]
    if not waiting:
        click.echo("no alarm is open")
    elif any(one.severe for one in waiting):
        click.echo("next: ask the caller, then: hub access clear NUMBER --why …")


@access.command(short_help="Clear an alarm: its caller may ask again.")
@click.argument("number", type=click.IntRange(1, 2**63 - 1))
@click.option("--why", type=Words(), required=True, help="What explained it, without naming anybody looked up.")
@who_option
@json_option
@exit_on_error
def clear(number: int, why: str, who: str | None, as_json: bool) -> None:
    """Close an alarm with who and why. What it counted is not counted again.

    \b
    Example: hub access clear 3 --why "迁户集中办理，已核实"
    Exit status: 0 cleared · 1 no such open alarm, or the reason is not fit · 2 the database does not answer ·
    3 wrong usage
    """
    from hub.context import open_hub
    from hub.usage_watch import clear as run

    with open_hub(Settings.from_environment()) as opened:
        run(opened, number, who=who or login(), why=why)
    if as_json:
        say_json({"cleared": number})
    else:
        click.echo(f"alarm {number} is cleared")


@access.command(short_help="An address where a terminal's browser begins its session.")
@click.argument("number", type=Words())
@json_option
@exit_on_error
def terminal(number: str, as_json: bool) -> None:
    """Print the path to open in the browser of a registered terminal; it works once, within a minute.

    \b
    Example: hub access terminal demo-terminal-1
    Exit status: 0 printed · 1 the access file has no such terminal · 2 the database does not answer ·
    3 wrong usage
    """
    from hub.access import Access
    from hub.caller import CallerKind
    from hub.context import open_hub
    from hub.sessions import TerminalUnknown, ticket

    settings = Settings.from_environment()
    if Access.open(settings).caller(CallerKind.TERMINAL, number) is None:
        raise TerminalUnknown("the access file has no terminal of this number; no address was made.")
    with open_hub(settings) as opened:
        address = f"/sign-in/terminal?ticket={ticket(opened, number)}"
    if as_json:
        say_json({"address": address})
    else:
        click.echo(address)
