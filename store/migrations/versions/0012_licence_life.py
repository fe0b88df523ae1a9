"""A licence has versions and a life: the old table becomes its documents, steps and register entries stand beside."""

from alembic import op

revision = "0012"
down_revision = "0011"

TABLES = """
alter table licence rename to licence_version;
alter table licence_version drop constraint licence_state_check;
alter table licence_version add constraint licence_version_state_check
    check (state in ('reserved', 'sealed', 'published', 'archived', 'dropped'));
alter table licence_event drop constraint licence_event_event_check;
alter table licence_event add constraint licence_event_event_check check (event in (
    'reserved', 'intended', 'sealed', 'published', 'archived', 'abandoned', 'dropped'));

create table licence (
    id              uuid primary key default gen_random_uuid(),
    licence_type    text not null,
    year            integer not null,
    sequence        integer not null,
    number          text not null unique,
    item            text not null,
    holder          bytea not null,
    status          text not null default 'reserved' check (status in (
        'reserved', 'valid', 'suspended', 'withdrawn', 'revoked', 'cancelled', 'expired', 'void')),
    status_since    date,
    valid_until     date,
    current_version integer,
    unique (licence_type, year, sequence)
);
insert into licence (id, licence_type, year, sequence, number, item, holder)
    select id, licence_type, year, sequence, number, item, holder from licence_version;
create index on licence (holder);
create index on licence (valid_until) where status in ('valid', 'suspended');
comment on table licence is 'the right itself, under one number for all its life; its documents are licence_version';
comment on column licence.status is 'what the last step left; past valid_until it has expired whatever stands here';
comment on column licence.valid_until is 'last day of validity; null: 长期, or no version was published yet';
comment on column licence.current_version is 'version that is to be shown today; null until one was published';

alter table licence_version
    add column licence       uuid references licence,
    add column version       integer not null default 1 check (version between 1 and 999),
    add column cause         text not null default 'issue'
                             check (cause in ('issue', 'change', 'renew', 'replace', 'reseal')),
    add column made_for      text,
    add column trust         text not null default 'A' check (trust in ('A', 'B', 'C', 'D')),
    add column valid_until   date,
    add column token_sm3     bytea unique,
    add column status_index  integer unique,
    add column published_at  timestamptz,
    add column superseded_at timestamptz,
    add column basis         text not null default '',
    add column effective_on  date,
    add column document_no   text,
    add column by_user       text not null default '',
    add column by_organisation text not null default '';
update licence_version set licence = id, made_for = approval;
alter table licence_version
    alter column licence set not null,
    alter column made_for set not null,
    alter column approval drop not null,
    add unique (made_for),
    add unique (licence, version),
    drop column licence_type, drop column year, drop column sequence, drop column number, drop column holder;
create index on licence_version (document_sm3);
comment on table licence_version is 'one document of a licence; its state is how far its making came';
comment on column licence_version.approval is 'project_no of the approval it follows from; null where none did';
comment on column licence_version.made_for is
    'what it was made for, once only: the approval, or an order and the licence; facts are sealed for it';
comment on column licence_version.basis is 'why it is made, frozen with its number; the step and its entry repeat it';
comment on column licence_version.trust is 'A: made here from the case itself. What B to D are is in docs/terms.md';
comment on column licence_version.valid_until is 'last day of the validity this document states; null: 长期';
comment on column licence_version.token_sm3 is 'of the token in its QR code; null for documents older than the tokens';
comment on column licence_version.status_index is 'its place in the status list; chosen by chance, never given again';

create table register_entry (
    id      uuid primary key,
    at      timestamptz not null,
    licence uuid not null references licence,
    body    bytea not null
);
create index on register_entry (licence, at);
create trigger register_entry_is_append_only before update or delete or truncate on register_entry
    for each statement execute function refuse_change();
comment on table register_entry is 'bodies of the Merkle log `register`: each document published, each change';

create table licence_step (
    id              bigint generated always as identity primary key,
    licence         uuid not null references licence,
    version         integer,
    at              timestamptz not null,
    step            text not null,
    before          text not null,
    after           text not null,
    effective_on    date not null,
    basis           text not null,
    document_no     text,
    reason          bytea,
    by_user         text not null,
    by_organisation text not null,
    entry           uuid not null unique references register_entry
);
create index on licence_step (licence, id);
create trigger licence_step_is_append_only before delete or truncate on licence_step
    for each statement execute function refuse_change();
comment on column licence_step.version is 'of the document that came of the step, or that was current';
comment on column licence_step.reason is 'in words, sealed; they may name a person';
"""


def upgrade() -> None:
    op.execute(TABLES)
