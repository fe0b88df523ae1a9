"""What was issued is verified again each night, and a malformed licence stops its type until a person clears it."""

from alembic import op

revision = "0016"
down_revision = "0015"

TABLES = """
create table reverify_run (
    id         bigint generated always as identity primary key,
    started_at timestamptz not null,
    ended_at   timestamptz,
    since      timestamptz,
    until      timestamptz not null,
    to_check   integer not null,
    checked    integer not null default 0,
    malformed  integer not null default 0,
    undecided  integer not null default 0,
    outcome    text not null default 'running' check (outcome in ('running', 'good', 'malformed', 'undecided'))
);
create index on reverify_run (until) where outcome = 'good';
comment on column reverify_run.since is 'everything published from here to until was looked at; null: from the first';
comment on column reverify_run.to_check is 'documents, those published since and those drawn from the whole stock';
comment on column reverify_run.outcome is
    'running: under way, or cut off; the next run begins where the last good ended';

create table reverify_finding (
    run     bigint not null references reverify_run,
    licence uuid not null references licence_version,
    at      timestamptz not null,
    verdict text not null check (verdict in ('malformed', 'undecided')),
    code    text not null,
    primary key (run, licence)
);
comment on table reverify_finding is 'documents that were not found good; of all others the run only counts';
comment on column reverify_finding.code is 'of the error, or key of the verifier''s step that decided';

create table issuing_stop (
    id           bigint generated always as identity primary key,
    licence_type text not null,
    since        timestamptz not null,
    code         text not null,
    licence      uuid not null references licence_version,
    cleared_at   timestamptz,
    cleared_by   text,
    reason       text,
    check ((cleared_at is null) = (cleared_by is null) and (cleared_at is null) = (reason is null))
);
create unique index one_open_stop_a_licence on issuing_stop (licence) where cleared_at is null;
create index on issuing_stop (licence_type) where cleared_at is null;
comment on table issuing_stop is 'a type of licence is not issued as long as one of its stops is not cleared';

create index on register_entry (at);
create index on licence_version (reserved_at);
create index on licence_version (published_at);
"""


def upgrade() -> None:
    op.execute(TABLES)
