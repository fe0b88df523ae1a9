"""`hub source new` and `hub source check`: add a department's resource, and see what is still missing of it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.output import FAILED, Words, counted, exit_on_error, json_option, one_line, say_json, say_table

if TYPE_CHECKING:
    from hub.source_new import Answers, Plan


@click.group(short_help="Add a source from a sample, and check what is missing of it.")
def source() -> None:
    """Add a new source from a sample file or table, and check declarations.

    \b
    Example: hub source new hr.title --file 职称.xlsx
    Exit status: 0 done · 1 failed, or something is missing · 2 the database does not answer · 3 wrong usage
    """


@source.command(short_help="Scaffold a declaration, a schema and a contract test from a sample.")
@click.argument("name", type=Words())
@click.option("--file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="CSV, XLSX, JSON or NDJSON.")
@click.option("--sheet", type=Words(), help="The workbook's sheet; the first visible one when left out.")
@click.option("--database", type=Words(), metavar="URL", help="postgresql://… of an exchange database.")
@click.option("--table", type=Words(), help="The table in it, or schema.table.")
@click.option("--title", type=Words(), help="What the resource is called, in Chinese.")
@click.option("--department-zh", type=Words(), help="A new department's name, in Chinese.")
@click.option("--department-en", type=Words(), help="The same in English.")
@click.option("--owner", type=Words(), help="The office that answers for the data.")
@click.option("--legal-basis", type=Words(), multiple=True, help="By what law it is shared; may be given again.")
@click.option("--key", type=Words(), multiple=True, help="A column of the key; again for a key of several.")
@click.option("--rows", type=click.IntRange(1), default=20_000, show_default=True, help="Rows of the sample to read.")
@click.option("--into", type=click.Path(file_okay=False, path_type=Path), help="The checkout to write into [this one].")
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
@json_option
@exit_on_error
def new(
    name: str,
    file: Path | None,
    sheet: str | None,
    database: str | None,
    table: str | None,
    title: str | None,
    department_zh: str | None,
    department_en: str | None,
    owner: str | None,
    legal_basis: tuple[str, ...],
    key: tuple[str, ...],
    rows: int,
    into: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Look at a sample and write three files: declaration, schema, contract test. NAME is department.resource.

    Kinds of columns, value sets and keys are guessed from the sample and told; what a sample cannot say stays
    a TODO. Nothing that exists is overwritten, and no row of the sample is copied. On a terminal it asks for what
    it can use; in a script it asks nothing.

    \b
    Example: hub source new hr.title --file 职称.xlsx --title 职称证书信息
             hub source new housing.lease --database postgresql://hub@db.example/exchange --table up_lease
    Exit status: 0 written · 1 failed · 2 the database does not answer · 3 wrong usage
    """
    from hub.source_new import ROOT, Answers, check_name, plan_source, write_source
    from hub.source_sample import read_sample, read_table

    if (file is None) == (database is None):
        raise click.UsageError("give either --file, or --database and --table")
    if (database is None) != (table is None):
        raise click.UsageError("--database and --table belong together")
    check_name(name)
    sample = read_sample(file, sheet=sheet, limit=rows) if file else read_table(database or "", table or "", limit=rows)
    answers = Answers(title, department_zh, department_en, owner, legal_basis, key)
    if sys.stdin.isatty() and sys.stdout.isatty() and not as_json:
        answers = _asked(name, answers)
    plan = plan_source(name, sample, answers)
    root = into or ROOT
    if not dry_run:
        write_source(plan, root)
    if as_json:
        say_json({**plan.to_dict(), "written": not dry_run, "root": str(root)})
        return
    _tell(plan, root, dry_run=dry_run)


def _asked(name: str, given: Answers) -> Answers:
    """What a person at the terminal knows; an empty answer leaves the TODO."""
    from hub.source_new import Answers, known_departments

    def ask(question: str, value: str | None) -> str | None:
        return value or click.prompt(f"{question} (Enter: leave open)", default="", show_default=False) or None

    new_department = name.partition(".")[0] not in known_departments()
    basis = given.legal_basis or tuple(filter(None, [ask("By what law is it shared", None)]))
    return Answers(
        title=ask("What is the resource called, in Chinese", given.title),
        department_zh=ask("The department's name, in Chinese", given.department_zh) if new_department else None,
        department_en=ask("The department's name, in English", given.department_en) if new_department else None,
        owner=ask("Which office answers for the data", given.owner),
        legal_basis=basis,
        key=given.key,
    )


def _tell(plan: Plan, root: Path, *, dry_run: bool) -> None:
    say_table(
        ["column", "field", "known", "kind", "values", "refused", "what it holds"],
        [
            [
                column.source, column.field, "yes" if column.named else "no", column.kind.value,
                f"{column.present:,}", f"{column.refused:,}", column.label,
            ]
            for column in plan.columns
        ],
        whole=["column", "field"],
        numbers=["values", "refused"],
        spare=["known", "what it holds"],
    )  # fmt: skip
    click.echo(f"\nfrom {counted(plan.rows, 'row', 'rows')}; key: {'+'.join(plan.key)}")
    if plan.cursor_candidates:
        click.echo(f"a reading could go on by: {', '.join(plan.cursor_candidates)}")
    for remark in plan.remarks:
        click.echo(f"- {one_line(remark)}")
    click.echo("\nwould write:" if dry_run else "\nwritten:")
    for file in plan.files:
        click.echo(f"  {root / file.path}")
    if not dry_run:
        click.echo("\nnext:")
        for number, step in enumerate(plan.next_steps, 1):
            click.echo(f"  {number}. {one_line(step)}")


@source.command(short_help="Check declarations and say in plain words what is missing.")
@click.argument("target", type=Words(), required=False)
@json_option
@exit_on_error
def check(target: str | None, as_json: bool) -> None:
    """Check all declarations, or one: TARGET is a resource's name or a TOML file.

    Wrong and missing things are told first; remarks are what nobody has confirmed yet, and do not count.

    \b
    Example: hub source check
             hub source check hr.title
    Exit status: 0 complete · 1 something is wrong or missing · 3 wrong usage
    """
    from hub.source_register import check_sources

    checked = check_sources(target)
    if as_json:
        say_json([one.to_dict() for one in checked])
    else:
        for one in checked:
            # All remarks of all sources are a wall of text; for one source they are what was asked for.
            shown = [found for found in one.findings if target is not None or found.level.value != "remark"]
            remarks = len(one.findings) - len(shown)
            told = f", {counted(remarks, 'remark', 'remarks')}" if remarks else ""
            click.echo(f"{one.name} ({one.state}): {'complete' if one.complete else 'NOT COMPLETE'}{told}")
            for found in shown:
                click.echo(f"  {found.level.value}: {one_line(found.text)}")
    if not all(one.complete for one in checked):
        sys.exit(FAILED)
