"""The archive is searched by whatever people have in hand; the holder sees that he was searched for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest

from archive.reading import read_case
from hub.caller import Caller, CallerKind, operator
from hub.catalogue import holder_of, name_key
from hub.context import Hub
from hub.deposit import deposit_all
from hub.find_packages import Bounds, SearchNotAllowed, SearchUnfit, find
from hub.issue import decide, issue_all
from schemas.names import folded
from store import archive_packages, archive_parties
from store.archive_packages import Record
from store.archive_parties import Identity, Name
from store.connection import fetch_all, transaction

ARCHIVIST = Caller(CallerKind.CLERK, "a", "档案员", "bureau", "审批局", roles=frozenset({"archivist"}))
COMPANIES = (
    ("91420112MA4K000005", "武汉（东西湖）甲乙商贸有限公司", date(2020, 3, 1)),
    ("91420112MA4K000013", "武汉甲乙丙商贸有限公司", date(2021, 3, 1)),
    ("91420112MA4K000021", "东西湖一百便利店", date(2022, 3, 1)),
)


def record(hub: Hub, number: str, name: str, day: date, *, kind: str = "company", **more: str | None) -> Record:
    shown = name if kind == "company" else None
    return Record(
        holder=Identity(hub.subject(kind, number), kind, day, "测试"),
        name=Name(name_key(hub, name), shown, folded(name) if shown else None, day),
        project_no=more.get("project_no") or f"P-{number}-{day}",
        item="X",
        item_name="某事项",
        licence_number=more.get("licence_number"),
        stage=more.get("stage") or "设立",
        outcome="准予",
        accepted_on=day,
        decided_on=day,
        retention="永久",
        organ="审批局",
        archive_code=more.get("archive_code"),
    )


def filed(hub: Hub, file_no: str, one: Record) -> None:
    with transaction(hub.connection) as cursor:
        cursor.execute(
            "insert into archive_package (file_no, sm3, bytes, path, made_at) values (%s, ''::bytea, 1, 'x', now())",
            (file_no,),
        )
        archive_packages.file(cursor, file_no, one)


@pytest.fixture
def stocked(hub: Hub) -> Hub:
    for at, (number, name, day) in enumerate(COMPANIES):
        filed(hub, f"F{at}", record(hub, number, name, day))
    first = COMPANIES[0][0]
    numbered = {
        "licence_number": "（测试）鄂武东西湖娱字〔2024〕第00001号",
        "archive_code": "T001-XK·2024-Y-0007",
        "project_no": "PX7",
    }
    filed(hub, "F0-b", record(hub, first, "武汉戊己商贸有限公司", date(2024, 5, 1), stage="变更", **numbered))
    filed(hub, "P1", record(hub, "110101199003070038", "欧阳晓", date(2023, 1, 1), kind="citizen"))
    return hub


def numbers(hub: Hub, text: str, **more: object) -> Sequence[str]:
    return [one.file_no for one in find(hub, text, ARCHIVIST, **more).packages]  # type: ignore[arg-type]  # names of find


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("91420112MA4K000005", ["F0-b", "F0"]),
        (" 91420112ma4k000005　", ["F0-b", "F0"]),
        ("110101199003070038", ["P1"]),
        ("欧阳晓", ["P1"]),
        ("PX7", ["F0-b"]),
        ("F1", ["F1"]),
        ("(测试)鄂武东西湖娱字[2024]第00001号", ["F0-b"]),
        ("T001-XK.2024-Y-0007", ["F0-b"]),
        ("武汉(东西湖)甲乙商贸有限公司", ["F0-b", "F0"]),
        ("戊己", ["F0-b", "F0"]),
        ("一百", ["F2"]),
        ("91420112MA4K00003X", []),
        ("欧阳", []),
        ("100%", []),
    ],
)
def test_whatever_is_typed_finds_what_it_means(stocked: Hub, text: str, expected: list[str]) -> None:
    assert numbers(stocked, text) == expected


def test_a_former_name_finds_the_company_and_its_newest_name_is_told(stocked: Hub) -> None:
    (party,) = find(stocked, "武汉（东西湖）甲乙", ARCHIVIST).parties
    assert (party.name, party.found_as, party.packages) == (
        "武汉戊己商贸有限公司", "武汉（东西湖）甲乙商贸有限公司", 2
    )  # fmt: skip


def test_several_that_fit_are_told_and_one_of_them_is_chosen(stocked: Hub) -> None:
    found = find(stocked, "商贸", ARCHIVIST)
    assert {one.found_as for one in found.parties} == {"武汉甲乙丙商贸有限公司", "武汉戊己商贸有限公司"}
    assert not found.packages
    other = next(one for one in found.parties if one.found_as == "武汉甲乙丙商贸有限公司")
    assert numbers(stocked, "", party=other.id) == ["F1"]


def test_bounds_narrow_and_pages_go_on_without_gap(stocked: Hub) -> None:
    everything = Bounds(since=date(2020, 1, 1))
    assert numbers(stocked, "", bounds=everything) == ["F0-b", "P1", "F2", "F1", "F0"]
    assert numbers(stocked, "", bounds=Bounds(stage="变更")) == ["F0-b"]
    assert numbers(stocked, "", bounds=Bounds(since=date(2021, 1, 1), until=date(2022, 12, 31))) == ["F2", "F1"]
    read: list[str] = []
    after = None
    while True:
        page = find(stocked, "", ARCHIVIST, bounds=everything, after=after, limit=2)
        read += [one.file_no for one in page.packages]
        after = page.more
        if after is None:
            break
    assert read == ["F0-b", "P1", "F2", "F1", "F0"]


@pytest.mark.parametrize("text", ["", "武", "长" * 201])
def test_what_cannot_be_searched_is_said(stocked: Hub, text: str) -> None:
    with pytest.raises(SearchUnfit):
        find(stocked, text, ARCHIVIST)


def test_who_has_no_role_finds_nothing_and_the_try_is_logged(stocked: Hub) -> None:
    with pytest.raises(SearchNotAllowed):
        find(stocked, "戊己", replace(ARCHIVIST, roles=frozenset({"clerk"})))
    assert fetch_all(stocked.connection, "select outcome from audit_entry") == [("refused",)]


def test_the_holder_who_was_found_stands_in_the_log(stocked: Hub) -> None:
    find(stocked, "欧阳晓", ARCHIVIST)
    ((subject,),) = fetch_all(stocked.connection, "select subject from audit_about")
    assert bytes(subject) == stocked.subject("citizen", "110101199003070038")


def test_packages_of_real_approvals_are_found_by_their_holders(ready: Hub) -> None:
    issue_all(ready, decide(ready).to_issue[:1])
    (file_no,) = deposit_all(ready)
    stored = archive_packages.by_file_no(ready.connection, file_no)
    assert stored is not None
    case = read_case((ready.settings.home / stored.path).read_bytes())
    for text in (holder_of(case).value, case.applicant_name, case.project_no, stored.licence_number or ""):
        assert [one.file_no for one in find(ready, text, operator()).packages] == [file_no]
    assert archive_parties.names(ready.connection, stored.party)
