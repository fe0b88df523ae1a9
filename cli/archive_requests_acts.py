"""`hub requests ask|decide|answer|withdraw`: the steps of a request to see an archive, taken on the machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import click

from cli.output import Words, counted, exit_on_error, json_option, one_line, say_json
from cli.values import Filled
from cli.who import keeper, login, who_option
from core.clock import SHANGHAI
from core.settings import Settings

#: The words of `hub.retrieval_parts`, written out so that help needs no database driver; a test compares them.
REQUESTERS: Final = ("authority", "entity", "lawyer", "partner")
FORMS: Final = ("facts", "originals")
PROOFS: Final = (
    "official_letter", "valid_id", "authorisation", "practice_certificate", "firm_certificate", "undertaking",
)  # fmt: skip
PARTS: Final = ("设立", "变更", "备案", "迁移", "注销", "监督")


class Proven(Words):
    """A proof: its kind, or its kind and file."""

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = super().convert(value, param, ctx)
        kind, equals, path = text.partition("=")
        if kind not in PROOFS:
            self.fail(f"{kind!r} is no proof; there are {', '.join(PROOFS)}", param, ctx)
        if equals and not Path(path).is_file():
            self.fail(f"{path!r} is no file", param, ctx)
        return text


@click.command(short_help="Take in a request to see an archive.")
@click.argument("holder", metavar="NUMBER", type=Words())
@click.option("--requester", type=click.Choice(REQUESTERS), required=True, help="Who wants to see it.")
@click.option("--form", type=click.Choice(FORMS), required=True, help="Facts 机读档案, or originals 书式档案.")
@click.option("--purpose", type=Filled(), required=True, help="What for; it stands on the certificate.")
@click.option("--organisation", type=Words(), help="The authority, law firm or partner.")
@click.option("--person", type=Words(), help="Who comes for it.")
@click.option("--proof", "proofs", type=Proven(), multiple=True, metavar="KIND[=FILE]", help="A file, or a paper seen.")
@click.option("--file", "files", type=Words(), multiple=True, metavar="FILE_NO", help="Only these packages.")
@click.option("--part", "parts", type=click.Choice(PARTS), multiple=True, help="Only these parts of the volume.")
@who_option
@json_option
@exit_on_error
def ask(
    holder: str,
    requester: str,
    form: str,
    purpose: str,
    organisation: str | None,
    person: str | None,
    proofs: tuple[str, ...],
    files: tuple[str, ...],
    parts: tuple[str, ...],
    who: str | None,
    as_json: bool,
) -> None:
    """Take in a request to see the archive of NUMBER, as at a counter; a person decides it (`hub requests decide`).

    Proofs: official_letter, valid_id, authorisation, practice_certificate, firm_certificate, undertaking, each with
    its file (PDF, OFD, PNG or JPEG, 10 MB at most) or, without one, as a paper that was seen. `hub requests rules`
    says which are needed. It is in the audit log, a refused one too.

    \b
    Example: hub requests ask 91420112MA4K00002B --requester lawyer --form originals --purpose 某案代理 \\
             --organisation 某律师事务所 --proof practice_certificate=zyz.pdf --proof firm_certificate=zm.pdf \\
             --proof undertaking=cns.pdf
    Exit status: 0 taken in · 1 refused · 2 the database does not answer · 3 wrong usage
    """
    from hub.context import open_hub
    from hub.retrieval import ask as run
    from hub.retrieval_parts import Asked, Form, Proof, ProofGiven, Requester
    from hub.retrieval_volume import scope_of

    given = []
    for one in proofs:
        kind, equals, path = one.partition("=")
        given.append(ProofGiven(Proof(kind), Path(path).read_bytes() if equals else None))
    asked = Asked(
        Requester(requester), organisation, person, holder, Form(form), purpose, given, scope_of(files, parts)
    )
    with open_hub(Settings.from_environment()) as opened:
        request = run(opened, asked, keeper(who))
    if as_json:
        say_json(request.to_dict())
        return
    unverified = "" if request.row_verified else " (未核实)"
    click.echo(f"{request.number}: {request.stage.value} {request.stage.chinese}, rule {request.row}{unverified}")


@click.command(short_help="Grant or refuse a request, as an archivist who did not take it in.")
@click.argument("number", type=Words())
@click.option("--grant/--refuse", "grant", required=True, help="Which.")
@click.option("--reason", type=Filled(), required=True, help="Why; kept with the request.")
@click.option("--unmasked", is_flag=True, help="Let third parties' data be seen, where the table lets you decide that.")
@click.option("--as", "account", type=Words(), required=True, help="An account of the access file, role archivist.")
@json_option
@exit_on_error
def decide(number: str, grant: bool, reason: str, unmasked: bool, account: str, as_json: bool) -> None:
    """Decide a waiting request in the name of an archivist's account. Whoever took it in may not; of two who decide at
    once the second is told so. It is in the audit log, with the name of whoever typed it.

    \b
    Example: hub requests decide CX-2026-000012 --grant --reason 材料齐全 --as demo-archivist
    Exit status: 0 decided · 1 refused, no such request or account · 2 the database does not answer ·
    3 wrong usage
    """
    from hub.access import Access
    from hub.caller import CallerKind
    from hub.context import open_hub
    from hub.retrieval import decide as run
    from hub.retrieval_errors import NotForYou

    settings = Settings.from_environment()
    with open_hub(settings) as opened:
        by = Access.open(settings, opened.clock).caller(CallerKind.CLERK, account)
        if by is None:
            raise NotForYou("the access file has no such account; nothing was decided. `hub access check` lists them.")
        typed = replace(by, name=f"{by.name}（命令行：{login()}）")
        request = run(opened, number, typed, grant=grant, reason=reason, masked=not unmasked)
    if as_json:
        say_json(request.to_dict())
    else:
        shown = "masked" if request.masked else "shown"
        click.echo(f"{request.number}: {request.stage.value} {request.stage.chinese}, third parties' data {shown}")


@click.command(short_help="Answer granted requests: certificate and files.")
@click.argument("number", type=Words(), required=False)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write certificate and files as one zip.")
@who_option
@json_option
@exit_on_error
def answer(number: str | None, out: Path | None, who: str | None, as_json: bool) -> None:
    """Answer the granted request NUMBER, or every granted one: check its packages, seal the certificate 档案查询证明.

    Stopped at any point, the next call goes on. A request that has its answer keeps it. The pick-up code 提取码 is told
    once, when the answer is made: with it the requester fetches the files. That files were written to --out is logged.

    \b
    Example: hub requests answer CX-2026-000012 --out /tmp/answer.zip
    Exit status: 0 answered · 1 refused: not granted, or a package is not sound · 2 try again later ·
    3 wrong usage
    """
    from hub.context import open_hub
    from hub.files import write_durably
    from hub.retrieval_answer import answer as run
    from hub.retrieval_answer import answer_granted, fetch

    if out is not None and number is None:
        raise click.UsageError("--out is for one request: give its number")
    with open_hub(Settings.from_environment()) as opened:
        if number is None:
            done = answer_granted(opened)
            if as_json:
                say_json({"answered": done})
            else:
                click.echo("\n".join([*done, f"{counted(len(done), 'request', 'requests')} answered"]))
            return
        by = keeper(who)
        made = run(opened, number, by)
        if out is not None:
            write_durably(out, fetch(opened, number, by).data)
    if as_json:
        say_json({**made.to_dict(), "pick_up": made.pick_up or None, "path": str(out) if out else None})
        return
    click.echo(
        f"{made.number}: {counted(len(made.files), 'file', 'files')}, {len(made.left_out)} left in the archive, "
        f"given out until {made.expires_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
    )
    if made.pick_up:
        click.echo(f"pick-up code {made.pick_up} (told once)")
    if out is not None:
        click.echo(f"{one_line(out)}: certificate and files")


@click.command(short_help="Take an open request back.")
@click.argument("number", type=Words())
@click.option("--reason", type=Words(), default="", help="Why; kept with the request.")
@who_option
@json_option
@exit_on_error
def withdraw(number: str, reason: str, who: str | None, as_json: bool) -> None:
    """Take a request back for the requester. Files of an answer are not given out any more, its certificate has ended.

    \b
    Example: hub requests withdraw CX-2026-000012 --reason 申请人撤回
    Exit status: 0 taken back · 1 no such request, or it has ended · 2 the database does not answer ·
    3 wrong usage
    """
    from hub.context import open_hub
    from hub.retrieval import withdraw as run

    with open_hub(Settings.from_environment()) as opened:
        request = run(opened, number, keeper(who), reason)
    if as_json:
        say_json(request.to_dict())
    else:
        click.echo(f"{request.number}: {request.stage.value} {request.stage.chinese}")


COMMANDS: Final = (ask, decide, answer, withdraw)
