"""How cases came by their materials, counted from the audit log and from what was settled at the desk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from store.connection import Connection, fetch_all

#: The last answered lookup of each case in the period: `asked`. Then one row a case and material: `told`, `failed` when
#: the material was not obtained, or was and a paper was brought or is still to be brought all the same, or was promised
#: and the promise was found broken.
#: Lookups carried over from before the log told of materials have none, and are not counted.
_TOLD = """
with asked as (
    select distinct on (entry.item, entry.case_no) entry.item, entry.case_no, body.told
    from audit_entry entry
    cross join lateral (select convert_from(entry.body, 'UTF8')::jsonb as told) body
    where entry.at >= %(since)s and entry.at < %(until)s
      and entry.outcome in ('complete', 'partial')
      and entry.case_no is not null
      and entry.caller <> all (%(callers)s)
      and body.told ->> 'purpose' <> all (%(purposes)s)
      and jsonb_array_length(body.told -> 'materials') > 0
      and (%(item)s::text is null or entry.item = %(item)s)
    order by entry.item, entry.case_no, entry.at desc, entry.id desc
), told as (
    select asked.item, asked.case_no, (asked.told ->> 'item_version')::int as version,
           material ->> 'code' as code, material ->> 'state' as state, material ->> 'reason' as reason,
           material ->> 'state' = 'promised' as promised,
           material ->> 'state' not in ('satisfied', 'promised') or paper.reason is not null as failed,
           paper.reason as paper_reason
    from asked
    cross join lateral jsonb_array_elements(asked.told -> 'materials') material
    left join lateral (
        select case way when 'promise' then 'promise_broken' else settled.reason end as reason
        from case_material settled
        where settled.case_no = asked.case_no and settled.material = material.value ->> 'code'
          and settled.at < %(until)s and (settled.way <> 'promise' or not settled.kept)
        order by settled.at limit 1
    ) paper on true
)
"""


@dataclass(frozen=True, slots=True)
class CaseCount:
    """Cases of one item: all, those in which every material was obtained, and of these those with a promise."""

    item: str
    cases: int
    whole: int
    promised: int


@dataclass(frozen=True, slots=True)
class FailureCount:
    """In how many cases of an item one material was not obtained, for one reason. `version` is the latest seen."""

    item: str
    version: int | None
    code: str
    reason: str
    cases: int


@dataclass(frozen=True, slots=True)
class PaperCount:
    """Papers brought, or still to be brought, for one material of one version of an item, for one reason."""

    item: str
    version: int | None
    code: str
    resource: str
    reason: str
    papers: int


@dataclass(frozen=True, slots=True)
class Period:
    """What is counted: from `since` until before `until`, of one item or of all.

    Attributes:
        callers, purposes: lookups by these callers and for these purposes are no attempt to serve an applicant.
    """

    since: datetime
    until: datetime
    item: str | None = None
    callers: Sequence[str] = ()
    purposes: Sequence[str] = ()


def cases(connection: Connection, period: Period) -> list[CaseCount]:
    """Each item with a case in the period."""
    rows = fetch_all(
        connection,
        _TOLD
        + """
        , by_case as (
            select item, case_no, not bool_or(failed) as whole, bool_or(promised) as promised
            from told group by item, case_no
        )
        select item, count(*), count(*) filter (where whole), count(*) filter (where whole and promised)
        from by_case group by item order by item
        """,
        _parameters(period),
    )
    return [CaseCount(*row) for row in rows]


def failures(connection: Connection, period: Period) -> list[FailureCount]:
    """Each material that was not obtained, the most frequent first."""
    rows = fetch_all(
        connection,
        _TOLD
        + """
        select item, max(version), code,
               case when state in ('satisfied', 'promised') then paper_reason
                    else coalesce(nullif(reason, ''), state) end,
               count(*)
        from told where failed
        group by item, code, 4 order by 5 desc, item, code, 4
        """,
        _parameters(period),
    )
    return [FailureCount(*row) for row in rows]


def papers(connection: Connection, period: Period) -> list[PaperCount]:
    """Every material that was brought or is to be brought, once a case, by its reason."""
    rows = fetch_all(
        connection,
        """
        with paper as (
            select distinct on (case_no, material) case_no, material, resource, reason
            from case_material
            where way in ('upload', 'later') and at >= %(since)s and at < %(until)s
            order by case_no, material, at
        ), looked as (
            -- a case of the bureau's own system stands in no table of ours: what was looked up for it tells its item
            select distinct on (entry.case_no) entry.case_no, entry.item,
                   (convert_from(entry.body, 'UTF8')::jsonb ->> 'item_version')::int as item_version
            from audit_entry entry
            where entry.case_no in (select case_no from paper except select case_no from desk_case)
              and entry.outcome in ('complete', 'partial')
            order by entry.case_no, entry.at desc, entry.id desc
        ), known as (
            select case_no, item, item_version from desk_case union all select case_no, item, item_version from looked
        )
        select known.item, known.item_version, paper.material, paper.resource, paper.reason, count(*)
        from paper join known using (case_no)
        where %(item)s::text is null or known.item = %(item)s
        group by 1, 2, 3, 4, 5 order by 6 desc, 1, 2, 3, 4, 5
        """,
        _parameters(period),
    )
    return [PaperCount(*row) for row in rows]


def never_asked(connection: Connection, period: Period) -> int:
    """Cases opened at the desk in the period for which no lookup was answered in it: they are in no share."""
    rows = fetch_all(
        connection,
        """
        select count(*) from desk_case desk
        where desk.opened_at >= %(since)s and desk.opened_at < %(until)s
          and (%(item)s::text is null or desk.item = %(item)s)
          and not exists (
            select from audit_entry entry
            where entry.case_no = desk.case_no and entry.item = desk.item
              and entry.outcome in ('complete', 'partial')
              and entry.at >= %(since)s and entry.at < %(until)s
              and entry.caller <> all (%(callers)s)
          )
        """,
        _parameters(period),
    )
    return int(rows[0][0])


def _parameters(period: Period) -> dict[str, object]:
    return {
        "since": period.since,
        "until": period.until,
        "item": period.item,
        "callers": list(period.callers),
        "purposes": list(period.purposes),
    }
