"""`hub items`: the catalogue of service items: list, show, find, check its files, and how far one number suffices."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.output import Words, counted, exit_on_error, json_option, one_line, say_json, say_table
from core.settings import Settings

if TYPE_CHECKING:
    from schemas.items import ServiceItem

_LEVEL_ZH = {"district": "区", "street": "街道", "community": "社区"}
_ROLE_ZH = {"applicant": "申请人", "legal_rep": "法定代表人", "guardian": "监护人"}
_KIND_ZH = {"citizen": "个人", "company": "单位"}
_WAY_ZH = {"licence": "证照", "shared": "共享", "live": "即时核验", "promise": "告知承诺", "upload": "提交"}
_DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.group(short_help="Service items: list, show, find, check, coverage.")
def items() -> None:
    """The catalogue of service items 政务服务事项: what each needs, from where, and how far one ID number suffices.

    \b
    Example: hub items find rlzy
             hub items check
    Exit status: 0 done · 1 failed, or something is wrong · 2 the database does not answer · 3 wrong usage
    """


@items.command("list", short_help="Every service item in force.")
@click.option("--on", type=_DAY, metavar="DAY", help="As in force on that day (YYYY-MM-DD); today unless given.")
@json_option
@exit_on_error
def list_(on: datetime | None, as_json: bool) -> None:
    """List the items in force, by code. Needs no database.

    \b
    Example: hub items list --on 2026-07-01
    Exit status: 0 listed · 1 the item files are wrong · 3 wrong usage
    """
    from hub.items import in_force

    found = in_force(_day(on))
    if as_json:
        say_json([_brief(one) for one in found])
        return
    _table(found)
    click.echo(counted(len(found), "item", "items"))


@items.command(short_help="One item: materials, ways, fields, laws, versions.")
@click.argument("code", type=Words(), metavar="CODE")
@click.option("--on", type=_DAY, metavar="DAY", help="As in force on that day (YYYY-MM-DD); today unless given.")
@json_option
@exit_on_error
def show(code: str, on: datetime | None, as_json: bool) -> None:
    """Show an item as declared: what it needs, how each material is obtained, what is released, for which purposes.

    \b
    Example: hub items show 11420112MB0000000M3000199003000
    Exit status: 0 shown · 1 no such item, or not in force on that day · 3 wrong usage
    """
    from hub.items import changes, described, history, one

    found = one(code, on=_day(on))
    versions = history(found.code)
    changed = {later.version: changes(earlier, later) for earlier, later in pairwise(versions)}
    if as_json:
        told = [
            {
                "version": v.version,
                "in_force_from": v.in_force_from.isoformat(),
                "changed_by": v.changed_by,
                "changes": [asdict(change) for change in changed.get(v.version, [])],
            }
            for v in versions
        ]
        say_json({**described(found), "versions": told})
        return
    click.echo(f"{found.name}（{found.organ}）")
    click.echo(f"{found.code}{'' if found.code_verified else ' 未核实'}")
    click.echo(f"版本 {found.version}；全部版本：{_joined(f'{v.version} 自 {v.in_force_from}' for v in versions)}")
    click.echo(f"办理层级 {_joined(_LEVEL_ZH[level.value] for level in found.levels)}")
    click.echo(f"申请人 {_joined(_KIND_ZH[kind] for kind in found.roles['applicant'].kinds)}")
    for basis in found.legal_basis:
        click.echo(f"依据 {basis.title}{'' if basis.verified else ' 未核实'}")
    _show_purposes(found)
    for material in found.materials:
        _show_material(material)
    for later in versions[1:]:
        click.echo(f"\n变更 版本 {later.version} 自 {later.in_force_from}，依据 {later.changed_by or '没有写明'}")
        for change in changed[later.version]:
            click.echo(one_line(f"  {change.place}：{change.before or '（无）'} → {change.after or '（无）'}"))


@items.command(short_help="Items by characters, pinyin or code.")
@click.argument("text", type=Words(), metavar="TEXT")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="At most so many.")
@json_option
@exit_on_error
def find(text: str, limit: int, as_json: bool) -> None:
    """Find items, best first: part of the name, pinyin in full or by first letters, code or part of it.

    \b
    Example: hub items find rlzy
    Exit status: 0 found · 1 nothing fits · 3 wrong usage
    """
    from hub.items import find as look

    found = look(text, limit)
    if as_json:
        say_json([_brief(one) for one in found])
    elif found:
        _table(found)
    else:
        click.echo("没有合适的事项；换一个字、拼音首字母或者事项代码再试，hub items list 列出全部")
    if not found:
        raise SystemExit(1)


@items.command(short_help="Are the item files right? Says what to mend.")
@click.argument("folder", type=click.Path(path_type=Path), required=False, metavar="[FOLDER]")
@json_option
@exit_on_error
def check(folder: Path | None, as_json: bool) -> None:
    """Check item files and say, in Chinese, file, line, place, what is wrong and what to do. Changes nothing.

    Without FOLDER the items of this release are checked. What is only worth knowing (提示) does not fail the check.

    \b
    Example: hub items check schemas/items
    Exit status: 0 nothing wrong · 1 something is wrong, or no item file is there · 3 wrong usage
    """
    from hub.items_check import check as look
    from schemas.items.loader import FOLDER

    found = look(folder or FOLDER)
    wrong = [one for one in found if one.blocking]
    if as_json:
        say_json([one.to_dict() for one in found])
    else:
        for one in found:
            where = f"{one.file}:{one.line}" if one.line else one.file
            click.echo(one_line(f"{'错误' if one.blocking else '提示'} {where}  {one.place}"))
            click.echo(one_line(f"     {one.wrong}"))
            click.echo(one_line(f"     怎么办：{one.act}"))
        click.echo(f"{len(wrong)} 处错误，{len(found) - len(wrong)} 处提示")
    if wrong:
        raise SystemExit(1)


@items.command(short_help="The share of cases handled with one number.")
@click.option("--since", type=_DAY, metavar="DAY", help="First day (YYYY-MM-DD); the first of this month unless given.")
@click.option("--until", type=_DAY, metavar="DAY", help="Last day, which counts; today unless given.")
@click.option("--item", type=Words(), metavar="CODE", help="Only this item.")
@json_option
@exit_on_error
def coverage(since: datetime | None, until: datetime | None, item: str | None, as_json: bool) -> None:
    """Count, per item and for all, the cases in which every material was obtained with one ID number, which material
    fails most and why, and the papers that were brought although a department holds the fact.

    \b
    Example: hub items coverage --since 2026-11-01 --until 2026-11-30
    Exit status: 0 counted · 1 no such item, or the period is reversed · 2 the database does not answer ·
    3 wrong usage
    """
    from core.clock import today
    from hub.context import open_hub
    from hub.coverage import coverage as count

    with open_hub(Settings.from_environment()) as opened:
        last = _day(until) or today(opened.clock)
        found = count(opened, _day(since) or last.replace(day=1), last, item)
    if as_json:
        say_json(found.to_dict())
    else:
        _show_coverage(found)


def _show_coverage(found: Any) -> None:
    from hub.coverage import DEFINITION

    click.echo(f"{found.since} 至 {found.until}：{found.total.text}（其中告知承诺 {found.total.promised}）\n")
    say_table(
        ["item", "share", "obtained", "cases", "with promise", "fails most", "why"],
        [
            [
                one.name, "—" if one.share.value is None else f"{one.share.value:.2%}",
                one.share.numerator, one.share.denominator, one.share.promised,
                *(
                    (f"{one.failing[0].code} {one.failing[0].name} ×{one.failing[0].cases}",
                     "、".join(f"{reason} ×{number}" for reason, number in one.failing[0].reasons))
                    if one.failing else (None, None)
                ),
            ]
            for one in found.items
        ],
        numbers=["share", "obtained", "cases", "with promise"],
        spare=["with promise", "why"],
    )  # fmt: skip
    if found.misses:
        click.echo("\n本可免交（部门已有，仍由申请人提交或者后补）")
        say_table(
            ["source", "resource", "why", "papers", "items"],
            [[one.source, one.resource, one.reason, one.papers, _joined(one.items)] for one in found.misses],
            numbers=["papers"],
            spare=["items", "resource"],
        )
    click.echo(f"\n开了办件没有查询：{found.never_asked}；期间没有办件的事项：{len(found.without_cases)}")
    click.echo(f"口径：{DEFINITION}")


def _show_purposes(found: Any) -> None:
    from hub.items import purpose_names

    names = purpose_names()
    click.echo(f"用途 {_joined(f'{names[one.code]}（{one.code}）' for one in found.purposes)}")


def _show_material(material: Any) -> None:
    from hub.items import field_name, source_name

    click.echo(f"\n{material.code} {material.name}（{_ROLE_ZH.get(material.role, material.role)}）")
    click.echo(f"  来源 {source_name(material.resource)}（{material.resource}）")
    click.echo(f"  取得 {' → '.join(_WAY_ZH[way.value] for way in material.ways)}")
    click.echo(f"  给出 {_joined(material.labels().values())}")
    if material.max_age_days:
        click.echo(f"  时效 {material.max_age_days} 天以内；可信等级不低于 {material.trust.value}")
    else:
        click.echo(f"  可信等级不低于 {material.trust.value}")
    for agreement in material.agree:
        click.echo(
            f"  印证 {field_name(material.resource, agreement.field)}与 {source_name(agreement.resource)}的"
            f"{field_name(agreement.resource, agreement.there)}一致"
        )
    if material.promise:
        click.echo(
            f"  承诺 {material.promise.clause}；{material.promise.verify_within_days} 个工作日内核查"
            f"{'' if material.promise.verified else ' 未核实'}"
        )
    if material.upload:
        click.echo(f"  提交 {material.upload}")


def _table(found: Iterable[Any]) -> None:
    say_table(
        ["code", "name", "organ", "levels", "applicant", "materials", "version", "licence"],
        [
            [
                one.code, one.name, one.organ, _joined(_LEVEL_ZH[level.value] for level in one.levels),
                _joined(_KIND_ZH[kind] for kind in one.roles["applicant"].kinds), len(one.materials), one.version,
                one.licence_type,
            ]
            for one in found
        ],
        whole=["code"],
        numbers=["materials", "version"],
        spare=["licence", "version", "organ", "applicant", "levels"],
    )  # fmt: skip


def _brief(one: ServiceItem) -> dict[str, Any]:
    return {
        "code": one.code,
        "code_verified": one.code_verified,
        "name": one.name,
        "organ": one.organ,
        "levels": [level.value for level in one.levels],
        "applicant": list(one.roles["applicant"].kinds),
        "materials": [material.name for material in one.materials],
        "version": one.version,
        "in_force_from": one.in_force_from.isoformat(),
        "licence_type": one.licence_type,
    }


def _joined(parts: Iterable[str]) -> str:
    return "、".join(parts)


def _day(given: datetime | None) -> date | None:
    return None if given is None else given.date()
