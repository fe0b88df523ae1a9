"""Append-only Merkle logs, and the audit log as the first of them; what the old audit table holds goes in first."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from itertools import islice
from secrets import randbits
from typing import Any
from uuid import UUID

from alembic import op
from psycopg2.extras import execute_values

from core.digest import sm3

revision = "0009"
down_revision = "0007"

_SHANGHAI = timezone(timedelta(hours=8))
_ROWS = 5_000

TABLES = """
create table log_waiting (
    id     bigint generated always as identity primary key,
    log    text not null,
    entry  uuid not null,
    leaf   bytea not null check (length(leaf) = 32),
    since  timestamptz not null default now()
);
create index on log_waiting (log, id);
comment on table log_waiting is 'entries without a number yet; the sequencer takes them out and gives them one';

create table log_leaf (
    log    text not null,
    seq    bigint not null check (seq >= 0),
    entry  uuid not null,
    leaf   bytea not null check (length(leaf) = 32),
    primary key (log, seq),
    unique (log, entry)
);
comment on table log_leaf is 'append-only: the leaves of each log, numbered from 0 without a gap (RFC 6962, SM3)';

create table log_tile (
    log     text not null,
    level   smallint not null check (level >= 0),
    n       bigint not null check (n >= 0),
    hashes  bytea not null check (length(hashes) = 8192),
    root    bytea not null check (length(root) = 32),
    primary key (log, level, n)
);
-- hashes do not compress, so nobody need try
alter table log_tile alter column hashes set storage external;
comment on table log_tile is
    'append-only: full tiles of 256 hashes; level 0 holds leaves, level k the roots of 256 tiles below';

create table log_head (
    log        text not null,
    number     bigint not null check (number >= 0),
    size       bigint not null check (size >= 0),
    root       bytea not null check (length(root) = 32),
    at         timestamptz not null,
    statement  bytea not null,
    signature  bytea not null,
    stamp      bytea,
    unstamped  text,
    primary key (log, number),
    check ((stamp is null) = (unstamped is not null))
);
comment on table log_head is 'append-only: signed heads; each names the digest of the one before it';
comment on column log_head.statement is 'what is signed, canonical JSON; signature is detached CMS over it';
comment on column log_head.stamp is 'RFC 3161 token over the signature; null: none, and unstamped says why';

create table audit_entry (
    id              uuid primary key,
    at              timestamptz not null,
    caller          text not null,
    channel         text not null,
    outcome         text not null check (outcome in ('complete', 'partial', 'refused')),
    case_no         text,
    item            text not null,
    withheld_until  date,
    body            bytea not null
);
create index on audit_entry (caller, at);
create index on audit_entry using brin (at);
comment on table audit_entry is
    'append-only: every lookup, refused ones too, before the answer leaves; body is what the leaf is computed from';
comment on column audit_entry.caller is 'like the other columns a copy of what the body says, to search by';

create table audit_about (
    entry    uuid not null,
    part     smallint not null,
    at       timestamptz not null,
    caller   text not null,
    subject  bytea not null,
    near     bytea,
    found    boolean not null,
    primary key (entry, part)
);
create index on audit_about (subject, at);
create index on audit_about (caller, at);
comment on table audit_about is 'append-only: whom an entry is about, a copy of what its body says, to search by';
comment on column audit_about.near is 'keyed hash of the number without its last characters, to see neighbours asked';
"""

GUARDS = """
create function only_into_the_log() returns trigger language plpgsql as $$
begin
    if exists (
        select from taken t where not exists (select from log_leaf l where l.log = t.log and l.entry = t.entry)
    ) then
        raise exception 'a waiting entry leaves this table by getting its number, in the same statement';
    end if;
    return null;
end $$;
create trigger log_waiting_goes_into_the_log after delete on log_waiting
    referencing old table as taken for each statement execute function only_into_the_log();
create trigger log_waiting_takes_no_change before update or truncate on log_waiting
    for each statement execute function refuse_change();
create trigger log_leaf_is_append_only before update or delete or truncate on log_leaf
    for each statement execute function refuse_change();
create trigger log_tile_is_append_only before update or delete or truncate on log_tile
    for each statement execute function refuse_change();
create trigger log_head_is_append_only before update or delete or truncate on log_head
    for each statement execute function refuse_change();
create trigger audit_entry_is_append_only before update or delete or truncate on audit_entry
    for each statement execute function refuse_change();
create trigger audit_about_is_append_only before update or delete or truncate on audit_about
    for each statement execute function refuse_change();
drop table audit;
"""


def upgrade() -> None:
    op.execute(TABLES)
    _carry_over()
    op.execute(GUARDS)


def _carry_over() -> None:
    """Every row of the old table becomes an entry, in the old order, and says where it comes from."""
    connection: Any = op.get_bind().connection.dbapi_connection
    with connection.cursor("old_audit") as reader, connection.cursor() as cursor:
        reader.itersize = _ROWS
        reader.execute(
            "select id, at, caller, organ, item, case_no, purpose, subject, outcome, released from audit order by id"
        )
        rows = iter(reader)
        while entries := [_entry(*row) for row in islice(rows, _ROWS)]:
            execute_values(
                cursor,
                "insert into audit_entry (id, at, caller, channel, outcome, case_no, item, body) values %s",
                [(id_, at, b["user"], b["channel"], b["outcome"], b["case"], b["item"], raw)
                 for id_, at, b, raw in entries],
            )  # fmt: skip
            execute_values(
                cursor,
                "insert into audit_about (entry, part, at, caller, subject, near, found) values %s",
                list(_abouts(entries)),
            )
            execute_values(
                cursor,
                "insert into log_waiting (log, entry, leaf) values %s",
                [("audit", id_, sm3(b"\0" + raw)) for id_, _, _, raw in entries],
            )


def _entry(
    old: int, at: datetime, caller: str, organ: str, item: str, case_no: str | None, purpose: str,
    subject: memoryview | None, outcome: str, released: dict[str, list[str]],
) -> tuple[str, datetime, dict[str, Any], bytes]:  # fmt: skip
    number = str(UUID(int=(int(at.timestamp() * 1000) << 80) | (7 << 76) | (2 << 62) | _random()))
    kind, _, code = outcome.partition(" ")
    about = {"subject": bytes(subject).hex(), "role": "applicant", "fields": released, "near": None,
             "found": bool(released)} if subject is not None else None  # fmt: skip
    body = {
        "v": 1, "id": number, "at": at.astimezone(_SHANGHAI).isoformat(timespec="microseconds"), "channel": "system",
        "user": caller, "user_name": "", "organisation": organ, "organisation_name": "", "street": None,
        "place": None, "item": item, "item_name": "", "item_version": None, "case": case_no, "purpose": purpose,
        "basis": "", "outcome": kind, "refusal": code or None, "about": [about] if about else [], "materials": [],
        "withheld_until": None, "withheld_basis": "", "carried_over": {"table": "audit", "id": old},
    }  # fmt: skip
    raw = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    return number, at, body, raw


def _random() -> int:
    """The random bits of a UUID of version 7, around its variant."""
    return (randbits(12) << 64) | randbits(62)


def _abouts(entries: list[tuple[str, datetime, dict[str, Any], bytes]]) -> Iterator[tuple[Any, ...]]:
    for id_, at, body, _ in entries:
        for part, about in enumerate(body["about"]):
            yield id_, part, at, body["user"], bytes.fromhex(about["subject"]), None, about["found"]
