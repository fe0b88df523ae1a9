"""Cases of the desk, how their materials were settled, daily quotas, alarms, sessions, tokens and used nonces."""

from alembic import op

revision = "0010"
down_revision = "0009"

TABLES = """
create sequence desk_case_number;

create table desk_case (
    case_no         text primary key,
    item            text not null,
    item_version    integer not null,
    subject         bytea not null,
    organisation    text not null,
    street          text,
    channel         text not null check (channel in ('clerk', 'terminal', 'partner', 'system')),
    holder_present  boolean not null,
    opened_at       timestamptz not null,
    opened_by       text not null,
    closed_at       timestamptz,
    closed_by       text,
    outcome         text check (outcome in ('accepted', 'refused', 'withdrawn')),
    check ((closed_at is null) = (closed_by is null) and (closed_at is null) = (outcome is null)),
    check (channel <> 'terminal' or holder_present)
);
create index on desk_case (organisation, opened_at);
comment on table desk_case is 'cases opened at a desk or terminal; a lookup is for one that is open';
comment on column desk_case.item_version is 'the description of the item that was in force when the case began';
comment on column desk_case.subject is 'keyed hash of the applicant''s number';
comment on column desk_case.outcome is 'accepted: handed on for decision';

create table case_material (
    case_no       text not null,
    material      text not null,
    way           text not null check (way in ('promise', 'upload', 'later')),
    resource      text not null,
    reason        text not null,
    clause        text,
    due           date,
    due_verified  boolean,
    at            timestamptz not null,
    by_user       text not null,
    kept          boolean,
    checked_at    timestamptz,
    checked_by    text,
    primary key (case_no, material, way),
    check ((way = 'promise') = (clause is not null) and (clause is null) = (due is null)
           and (due is null) = (due_verified is null)),
    check ((kept is null) = (checked_at is null) and (kept is null) = (checked_by is null)),
    check (kept is null or way = 'promise')
);
create index on case_material (at);
create index on case_material (due) where way = 'promise' and kept is null;
comment on table case_material is 'materials a lookup did not give: promised, brought on paper, or left for later';
comment on column case_material.reason is 'why the lookup did not give it: a material''s state or reason';
comment on column case_material.kept is 'of a promise: whether it held when it was checked; null until then';

create table usage_count (
    caller  text not null,
    day     date not null,
    shard   smallint not null,
    n       integer not null check (n >= 0),
    primary key (caller, day, shard)
) with (fillfactor = 50);
comment on table usage_count is 'lookups of each caller a day; split so that no two wait for one row';

create table usage_alarm (
    id            bigint generated always as identity primary key,
    caller        text not null,
    kind          text not null check (kind in ('many misses', 'neighbouring numbers', 'off hours')),
    severe        boolean not null,
    count         integer not null check (count > 0),
    threshold     integer not null,
    since         timestamptz not null,
    raised_at     timestamptz not null,
    seen_at       timestamptz not null,
    cleared_at    timestamptz,
    cleared_by    text,
    cleared_why   text,
    check ((cleared_at is null) = (cleared_by is null) and (cleared_at is null) = (cleared_why is null))
);
create unique index one_open_usage_alarm on usage_alarm (caller, kind) where cleared_at is null;
create index on usage_alarm (caller, kind, cleared_at);
comment on table usage_alarm is 'a caller that asks like one who tries numbers; a severe one stops it until cleared';
comment on column usage_alarm.since is 'begin of the time the count is of';

create table web_session (
    token       bytea primary key,
    kind        text not null check (kind in ('staff', 'person', 'terminal')),
    account     text not null,
    subject     bytea,
    subject_kind text check (subject_kind in ('citizen', 'company')),
    label       text not null,
    begun_at    timestamptz not null,
    seen_at     timestamptz not null,
    ends_at     timestamptz not null,
    check ((kind = 'person') = (subject is not null) and (subject is null) = (subject_kind is null))
);
create index on web_session (ends_at);
comment on column web_session.token is 'SHA-256 of the cookie: who reads this table can sign in as nobody';
comment on column web_session.subject is 'of a person: keyed hash of the number';
comment on column web_session.label is 'as the page greets; a person''s name with all but the first character hidden';

create table machine_token (
    token    bytea primary key,
    client   text not null,
    ends_at  timestamptz not null
);
create index on machine_token (ends_at);
comment on column machine_token.token is 'SHA-256 of the access token';

create table machine_nonce (
    client   text not null,
    nonce    text not null,
    ends_at  timestamptz not null,
    primary key (client, nonce)
);
create index on machine_nonce (ends_at);
comment on table machine_nonce is 'nonces of signed requests, kept until the request would be too old anyway';
"""


def upgrade() -> None:
    op.execute(TABLES)
