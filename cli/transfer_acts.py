"""`hub transfer request|inbox|accept|return|assemble|send|receive|receipt|settle|run`: what moves a transfer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.output import Words, counted, exit_on_error, json_option, say_json
from cli.who import login, who_option
from core.settings import Settings

if TYPE_CHECKING:
    from hub.transfer_desk import Desk
    from schemas.transfer import State

_FAULTS = ("nothing_held", "wrong_company")
id_argument = click.argument("id_", metavar="ID", type=Words())


@click.command(short_help="Destination: ask another hub for a company's archives.")
@click.argument("number", type=Words())
@click.option("--from", "peer", type=Words(), required=True, help="The hub they lie with, as named in peers.toml.")
@click.option("--name", type=Words(), required=True, help="The company's name.")
@click.option("--reason", type=Words(), required=True, help="Why it moves; stands in the notice.")
@who_option
@json_option
@exit_on_error
def request(number: str, peer: str, name: str, reason: str, who: str | None, as_json: bool) -> None:
    """Write and sign the notice 企业迁移登记注册通知函 for the company of NUMBER. `hub transfer run` sends it.

    \b
    Example: hub transfer request 91420112MA4K000005 --from dongxihu --name 某公司 --reason 住所迁入
    Exit status: 0 written · 1 refused: no number of a company, or asked for already · 2 try again
    · 3 wrong usage
    """
    from hub.transfer_ask import request as ask
    from hub.transfer_told import to_dict

    if not name.strip() or not reason.strip():
        raise click.UsageError("--name and --reason may not be blank")
    with _desk() as desk:
        made = ask(desk, number, peer, name=name.strip(), reason=reason.strip(), who=who or login())
    if as_json:
        say_json(to_dict(made))
    else:
        click.echo(f"{made.id}: {made.notice_no}, all archives by {made.due}; next: hub transfer run {made.id}")


@click.command(short_help="Open the letters of other hubs that wait for us.")
@json_option
@exit_on_error
def inbox(as_json: bool) -> None:
    """Fetch, open and verify every letter of every peer, and act on it. What is no letter of the peer it came from
    is set aside below HUB_HOME/transfers/aside; what was set aside before is listed.

    \b
    Example: hub transfer inbox
    Exit status: 0 opened · 1 a file was set aside, or a letter waits for a person · 2 try again · 3 wrong usage
    """
    from hub.transfer_post import open_inbox
    from hub.transfer_told import set_aside

    with _desk() as desk:
        arrived = open_inbox(desk)
        aside = set_aside(desk.hub)
    if as_json:
        say_json({**arrived.to_dict(), "all_set_aside": aside})
    else:
        click.echo(
            f"{counted(len(arrived.taken), 'letter', 'letters')} taken, {len(arrived.had)} had before, "
            f"{len(arrived.aside)} set aside"
        )
        for one in aside:
            click.echo(f"{one['at']} {one['peer']} {one['name']}: {one['code']} {one['told']}")
    arrived.demand_sound()


@click.command(short_help="Origin: say that the archives will be handed over.")
@id_argument
@who_option
@json_option
@exit_on_error
def accept(id_: str, who: str | None, as_json: bool) -> None:
    """Accept a notice. The origin may not refuse (市场主体登记管理条例 art. 27); see `hub transfer return`.

    \b
    Example: hub transfer accept 01936f2e-7a52-7000-8000-000000000000
    Exit status: 0 accepted · 1 refused: nothing is held, or it was answered · 2 try again · 3 wrong usage
    """
    from hub.transfer_ask import accept as do

    _move(id_, lambda desk, transfer: do(desk, transfer, who=who or login()), as_json)


@click.command("return", short_help="Origin: give a notice back for a formal fault.")
@id_argument
@click.option("--fault", type=click.Choice(_FAULTS), required=True, help="There is no other ground.")
@who_option
@json_option
@exit_on_error
def return_(id_: str, fault: str, who: str | None, as_json: bool) -> None:
    """Return a notice: nothing is held of the company, or name and number are not of one company. It is looked whether
    that is so; for anything else a notice cannot be returned.

    \b
    Example: hub transfer return 01936f2e-7a52-7000-8000-000000000000 --fault nothing_held
    Exit status: 0 returned · 1 refused: it has no such fault, or was answered · 2 try again · 3 wrong usage
    """
    from hub.transfer_ask import return_ as do
    from schemas.transfer import Fault

    _move(id_, lambda desk, transfer: do(desk, transfer, Fault(fault), who=who or login()), as_json)


@click.command(short_help="Origin: check, list, sign and pack what is to be handed over.")
@id_argument
@click.option("--again", is_flag=True, help="Send what was not accepted although it is as it was.")
@click.option("--without", type=Words(), multiple=True, metavar="FILE_NO", help="Give a package up for good.")
@click.option("--reason", type=Words(), help="Why those can never be handed over; the destination is told.")
@who_option
@json_option
@exit_on_error
def assemble(
    id_: str, again: bool, without: tuple[str, ...], reason: str | None, who: str | None, as_json: bool
) -> None:
    """Pack the parcel: every package of the company and of those it followed, each checked (YJ), proven and listed.
    After a receipt that lacks something, only that, once it was mended.

    \b
    Example: hub transfer assemble 01936f2e-7a52-7000-8000-000000000000
             hub transfer assemble ID --without 420112-food-2026-00001 --reason "原件于 2019 年灭失"
    Exit status: 0 packed · 1 refused: nothing was mended, or not at this point · 2 try again · 3 wrong usage
    """
    from hub.transfer_parcel import assemble as do

    if bool(without) is not bool(reason and reason.strip()):
        raise click.UsageError("--without and --reason go together")
    _move(
        id_,
        lambda desk, transfer: do(desk, transfer, who=who or login(), again=again, without=without, reason=reason),
        as_json,
    )


@click.command(short_help="Bring what is signed and has not left yet on its way.")
@id_argument
@json_option
@exit_on_error
def send(id_: str, as_json: bool) -> None:
    """Seal each letter of a transfer that has not left to the peer's certificate and send it. What broke off goes on.

    \b
    Example: hub transfer send 01936f2e-7a52-7000-8000-000000000000
    Exit status: 0 sent, or nothing to send · 1 refused · 2 no way through now: try again · 3 wrong usage
    """
    from hub.transfer_post import deliver

    _move(id_, deliver, as_json)


@click.command(short_help="Destination: take in what is sound of the newest parcel, sign the receipt.")
@id_argument
@json_option
@exit_on_error
def receive(id_: str, as_json: bool) -> None:
    """Verify each package of the newest parcel and take in what is sound, one by one; then sign the receipt 接收回执.

    \b
    Example: hub transfer receive 01936f2e-7a52-7000-8000-000000000000
    Exit status: 0 done · 1 refused, or a package cannot be judged · 2 try again · 3 wrong usage
    """
    from hub.transfer_intake import take_in

    _move(id_, take_in, as_json)


@click.command(short_help="Do whatever is next, of one transfer or of all.")
@click.argument("id_", metavar="[ID]", type=Words(), required=False)
@json_option
@exit_on_error
def run(id_: str | None, as_json: bool) -> None:
    """Do whatever is next on this side, of one transfer, or open the inbox and do it of all. It may be killed anywhere
    and run again: nothing is lost, nothing happens twice. Airflow does it of all every few minutes (carry_transfers).

    \b
    Example: hub transfer run
    Exit status: 0 done, or it waits for the other side · 1 a person has to look · 2 try again · 3 wrong usage
    """
    from hub.transfer_run import run as run_one
    from hub.transfer_run import run_all

    with _desk() as desk:
        if id_ is not None:
            run_one(desk, id_)
            _say(desk, id_, as_json)
            return
        carried = run_all(desk)
    if as_json:
        say_json(carried.to_dict())
    else:
        click.echo(
            f"{counted(len(carried.arrived.taken), 'letter', 'letters')} taken, {len(carried.arrived.aside)} set aside"
        )
        for one, state in carried.states.items():
            trouble = carried.troubles.get(one)
            click.echo(f"{one}: {state.chinese}" + (f", waits: {trouble}" if trouble else ""))
    carried.demand_sound()


@click.command(short_help="The newest receipt of a transfer: accepted, missing, refused, given up.")
@id_argument
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write its sealed sheet (OFD) there.")
@json_option
@exit_on_error
def receipt(id_: str, out: Path | None, as_json: bool) -> None:
    """Show the newest receipt 接收回执, on either side: what was accepted, is missing, was refused with its reasons,
    or was given up. Fails where not everything was accepted.

    \b
    Example: hub transfer receipt 01936f2e-7a52-7000-8000-000000000000
    Exit status: 0 all was accepted · 1 not all, or there is none · 2 the database does not answer
    · 3 wrong usage
    """
    from hub.files import write_durably
    from hub.transfer_told import receipt_of, sheet_of

    with _desk() as desk:
        said = receipt_of(desk, id_)
        if out is not None:
            write_durably(out.absolute(), sheet_of(desk, id_))
    if as_json:
        say_json(said)
    else:
        for standing in ("accepted", "missing", "refused", "given_up"):
            click.echo(f"{standing}: {said['counts'][standing]}")
            for one in said[standing]:
                click.echo(f"  {one['file_no']} {'；'.join(one.get('reasons', []))}".rstrip())
    raise SystemExit(0 if said["complete"] else 1)


@click.command(short_help="Origin: open the inbox for the receipt; settle the transfer if it is complete.")
@id_argument
@json_option
@exit_on_error
def settle(id_: str, as_json: bool) -> None:
    """Open the inbox; a receipt in it is held against what was sent. Where all was accepted the transfer is settled,
    and the records say where they went; they stay here too.

    \b
    Example: hub transfer settle 01936f2e-7a52-7000-8000-000000000000
    Exit status: 0 settled · 1 not all was accepted yet, or a file was set aside · 2 try again
    · 3 wrong usage
    """
    from hub.transfer_post import open_inbox
    from schemas.transfer import State

    with _desk() as desk:
        arrived = open_inbox(desk)
        state = _say(desk, id_, as_json)
    arrived.demand_sound()
    raise SystemExit(0 if state is State.SETTLED else 1)


@contextmanager
def _desk() -> Iterator[Desk]:
    from hub.context import open_hub
    from hub.transfer_desk import Desk

    with open_hub(Settings.from_environment()) as opened:
        yield Desk(opened)


def _move(id_: str, act: Callable[[Desk, Any], object], as_json: bool) -> None:
    """Do one thing to a transfer while nobody else moves it, and say where it stands then."""
    with _desk() as desk:
        with desk.turn(id_):
            act(desk, desk.get(id_))
        _say(desk, id_, as_json)


def _say(desk: Desk, id_: str, as_json: bool) -> State:
    """Where a transfer stands now."""
    from hub.transfer_told import to_dict

    found = desk.get(id_)
    if as_json:
        say_json(to_dict(found))
    else:
        click.echo(f"{found.id}: {found.state.chinese} ({found.state.value})")
    return found.state


ACTS = (request, inbox, accept, return_, assemble, send, receive, receipt, settle, run)
