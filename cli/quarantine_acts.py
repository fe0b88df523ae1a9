"""`hub quarantine dismiss` and `export`: what a person does about single rows, in his own name."""

from __future__ import annotations

from pathlib import Path

import click

from cli.output import Words, counted, exit_on_error, json_option, say_json
from cli.who import login, who_option
from core.settings import Settings

#: The keys of `hub.answers.WHYS`, written out so that help needs no database driver; a test compares them.
WHYS = ("not_a_record", "repeated", "withdrawn", "owner_cannot", "no_answer", "other")
#: A number the database can hold.
_NUMBER = click.IntRange(1, 2**63 - 1)


@click.command(short_help="Give rows up that nobody will correct.")
@click.argument("numbers", type=_NUMBER, nargs=-1, required=True)
@click.option("--why", type=click.Choice(WHYS), required=True, help="Why; see below.")
@click.option("--note", type=Words(), default="", help="In your words, without naming anybody; needed with `other`.")
@who_option
@json_option
@exit_on_error
def dismiss(numbers: tuple[int, ...], why: str, note: str, who: str | None, as_json: bool) -> None:
    """Close entries as dismissed (已撤销). They are kept, with who, when and why; their records stay unaccepted.

    \b
    not_a_record  非业务数据（测试行、表头等）
    repeated      重复报送，另有正确记录
    withdrawn     提供方已撤回该记录
    owner_cannot  提供方确认无法更正
    no_answer     多次退回，提供方不予答复
    other         其他（须注明）

    \b
    Example: hub quarantine dismiss 12 13 --why withdrawn --note "部门来函〔2026〕3号"
    Exit status: 0 closed, or were before · 1 refused, or no such entry · 2 the database does not answer ·
    3 wrong usage
    """
    from hub.context import open_hub
    from hub.quarantine_acts import dismiss as run

    with open_hub(Settings.from_environment()) as opened:
        done = run(opened, numbers, why=why, note=note, who=who or login())
    if as_json:
        say_json(done.to_dict())
    else:
        closed = f", closed before {done.closed}" if done.closed else ""
        click.echo(f"dismissed {counted(done.dismissed, 'entry', 'entries')}{closed}")


@click.command(short_help="Write an entry's bytes as received into a file; it is logged who did.")
@click.argument("number", type=_NUMBER)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A file that is not there yet.")
@who_option
@json_option
@exit_on_error
def export(number: int, out: Path, who: str | None, as_json: bool) -> None:
    """Write the bytes of an entry as they came into a new file that only you can read (0600), never to a screen.

    For the engineer who has to see them. They hold a citizen's data: who took which entry when is logged before a
    byte is written. Delete the file when you are done.

    \b
    Example: hub quarantine export 12 --out /tmp/row-12.bin
    Exit status: 0 written · 1 no such entry, or the path is taken · 2 no database, or no room · 3 wrong usage
    """
    from hub.context import open_hub
    from hub.quarantine_acts import export as run

    with open_hub(Settings.from_environment()) as opened:
        done = run(opened, number, out, who=who or login())
    if as_json:
        say_json({"entry": done.entry, "path": str(done.path), "bytes": done.size})
    else:
        click.echo(f"{done.path}: {done.size:,} bytes of entry {done.entry}, for your eyes only; the log says who")
