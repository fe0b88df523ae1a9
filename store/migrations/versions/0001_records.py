"""Pages, batches, cursors, the one record table with its history, quarantine."""

from alembic import op

revision = "0001"
down_revision = None

_PARTITIONS = 16

TABLES = """
create table data_key (
    resource    text primary key,
    wrapped     bytea not null,
    created_at  timestamptz not null default now()
);
comment on table data_key is 'one AES-256 key per resource, wrapped by a key that lies outside the database';

create table batch (
    id            bigint generated always as identity primary key,
    resource      text not null,
    state         text not null check (state in ('running', 'complete')),
    started_at    timestamptz not null default now(),
    finished_at   timestamptz,
    source_count  bigint,
    pages         integer not null default 0,
    landed        bigint not null default 0,
    inserted      bigint not null default 0,
    changed       bigint not null default 0,
    unchanged     bigint not null default 0,
    deleted       bigint not null default 0,
    overtaken     bigint not null default 0,
    quarantined   bigint not null default 0,
    constraint every_row_is_accounted_for
        check (landed = inserted + changed + unchanged + deleted + overtaken + quarantined)
);
create unique index one_running_batch_a_resource on batch (resource) where state = 'running';
create index on batch (resource, id);
comment on column batch.source_count is 'what the source itself said it holds at the start; null where it cannot say';
comment on column batch.overtaken is 'good rows that a later row of the same page replaced at once';

create table batch_trouble (
    batch     bigint not null references batch,
    at        timestamptz not null default now(),
    code      text not null,
    message   text not null
);
create index on batch_trouble (batch);

create table raw_page (
    resource   text not null,
    sm3        bytea not null,
    number     integer not null,
    batch      bigint not null references batch,
    body       bytea not null,
    bytes      integer not null,
    context    jsonb not null,
    whole      boolean not null default true,
    kept_at    timestamptz not null default now(),
    primary key (resource, sm3)
);
create index on raw_page (batch);
comment on column raw_page.body is 'bytes as received, sealed under the data key of the resource';
comment on column raw_page.sm3 is 'SM3 of the bytes as received';
comment on column raw_page.whole is 'false: what came was not a page of the protocol; kept as evidence, never read';

create table source_cursor (
    resource   text primary key,
    position   jsonb not null,
    batch      bigint not null references batch,
    moved_at   timestamptz not null default now()
);

create table record (
    subject    bytea not null,
    resource   text not null,
    key        bytea not null,
    version    integer not null,
    digest     bytea not null,
    payload    bytea not null,
    batch      bigint not null,
    valid_from timestamptz not null,
    primary key (subject, resource, key)
) partition by hash (subject);
create index record_by_key on record (resource, key);
comment on table record is 'every accepted record of every resource, one row per subject it speaks of';
comment on column record.subject is 'keyed hash of the identifier; the identifier itself is in the payload only';
comment on column record.digest is 'keyed hash of the canonical record: tells a change from a repetition';

create table record_history (
    subject    bytea not null,
    resource   text not null,
    key        bytea not null,
    version    integer not null,
    digest     bytea not null,
    payload    bytea not null,
    batch      bigint not null,
    valid_from timestamptz not null,
    valid_to   timestamptz not null,
    ended_by   bigint not null,
    ended_as   text not null check (ended_as in ('changed', 'deleted')),
    primary key (subject, resource, key, version)
);
create index record_history_by_key on record_history (resource, key, version);

create table quarantine (
    id           bigint generated always as identity primary key,
    resource     text not null,
    fingerprint  bytea not null,
    key          bytea,
    raw          bytea not null,
    fields       bytea not null,
    operation    text not null check (operation in ('I', 'U', 'D')),
    problem      text,
    reasons      jsonb not null,
    page_sm3     bytea not null,
    position     integer not null,
    batch        bigint not null references batch,
    state        text not null default 'open' check (state in ('open', 'released', 'corrected')),
    seen_at      timestamptz not null default now(),
    closed_at    timestamptz,
    unique (resource, fingerprint)
);
create index on quarantine (resource, state);
create index on quarantine (resource, key) where key is not null and state = 'open';
comment on column quarantine.fingerprint is 'keyed hash of the row as received: the same bad row twice is one entry';
comment on column quarantine.state is 'released: a retry accepted it; corrected: a good row came under the same key';
"""


def upgrade() -> None:
    op.execute(TABLES)
    for part in range(_PARTITIONS):
        op.execute(
            f"create table record_{part:02d} partition of record "
            f"for values with (modulus {_PARTITIONS}, remainder {part})"
        )
