"""The licence register, seal uses, archive packages, approvals' outcomes and the audit log."""

from alembic import op

revision = "0002"
down_revision = "0001"

TABLES = """
create table licence (
    id           uuid primary key default gen_random_uuid(),
    licence_type text not null,
    year         integer not null,
    sequence     integer not null,
    number       text not null unique,
    identifier   text not null unique,
    approval     text not null unique,
    item         text not null,
    holder       bytea not null,
    facts        bytea not null,
    state        text not null default 'reserved'
                 check (state in ('reserved', 'sealed', 'published', 'archived')),
    reserved_at  timestamptz not null,
    document_sm3 bytea,
    document_path text,
    unique (licence_type, year, sequence)
);
create index on licence (state);
create index on licence (holder);
comment on column licence.facts is 'everything the document is drawn from, frozen when the number was reserved; sealed';
comment on column licence.approval is 'project_no of the approval: one approval never yields two licences';

create table licence_event (
    id        bigint generated always as identity primary key,
    licence   uuid not null references licence,
    at        timestamptz not null,
    event     text not null check (event in ('reserved', 'intended', 'sealed', 'published', 'archived', 'abandoned')),
    detail    jsonb not null default '{}'
);
create index on licence_event (licence, id);
comment on table licence_event is 'append-only: what was about to be signed is written before, what came of it after';

create table seal_use (
    id          bigint generated always as identity primary key,
    licence     uuid not null references licence,
    case_no     text not null,
    seal_id     text not null,
    intended_at timestamptz not null,
    draft_sm3   bytea not null,
    outcome     text not null default 'intended' check (outcome in ('intended', 'sealed', 'abandoned')),
    settled_at  timestamptz
);
create index on seal_use (licence);

create table archive_package (
    file_no   text primary key,
    licence   uuid not null unique references licence,
    sm3       bytea not null,
    bytes     bigint not null,
    path      text not null,
    made_at   timestamptz not null
);

create table approval_outcome (
    approval   text primary key,
    item       text not null,
    state      text not null check (state in ('issued', 'waiting', 'not_granted', 'unknown_item')),
    missing    jsonb not null default '[]',
    settled_at timestamptz not null
);
create index on approval_outcome (state);

create table audit (
    id        bigint generated always as identity primary key,
    at        timestamptz not null,
    caller    text not null,
    organ     text not null,
    item      text not null,
    case_no   text,
    purpose   text not null,
    subject   bytea,
    outcome   text not null,
    released  jsonb not null
);
create index on audit (subject, at);
comment on table audit is 'every lookup, refused ones too, before the answer leaves; released names fields, no values';

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'this table is append-only';
end $$;
create trigger audit_is_append_only before update or delete or truncate on audit
    for each statement execute function refuse_change();
create trigger licence_event_is_append_only before update or delete or truncate on licence_event
    for each statement execute function refuse_change();
"""


def upgrade() -> None:
    op.execute(TABLES)
