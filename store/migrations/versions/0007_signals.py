"""Signals about sources: what a batch's columns looked like, how they changed, and deadlines that passed."""

from alembic import op

revision = "0007"
down_revision = "0006"

# A column's name comes from the source: `schemas.drift_names` decides which may be shown, this is the last wall.
_NAME = "length(column_name) between 1 and 64 and column_name !~ '[0-9]{5}' and column_name !~ '[[:cntrl:]]'"

TABLES = f"""
create table drift_profile (
    batch     bigint primary key references batch,
    resource  text not null,
    rows      integer not null check (rows > 0),
    profile   jsonb not null,
    judged    boolean not null default false,
    taken_at  timestamptz not null
);
create index on drift_profile (resource, batch);
comment on table drift_profile is 'what a sample of a batch looked like: counts a column, never a value';
comment on column drift_profile.judged is 'false: too few rows to say anything, waits for those of the next batches';

create table drift_normal (
    resource  text primary key,
    profile   jsonb not null,
    set_at    timestamptz not null
);
comment on table drift_normal is 'what batches are compared with: learned from quiet ones, changed by acceptance';

create table drift_signal (
    id           bigint generated always as identity primary key,
    resource     text not null,
    kind         text not null check (kind in ('unknown column', 'missing column', 'emptied column', 'changed type',
                                               'changed value set', 'garbled text')),
    column_name  text not null check ({_NAME}),
    count        bigint not null check (count >= 0),
    of_total     bigint not null check (of_total >= count),
    detail       text not null check (length(detail) <= 200),
    seen         jsonb,
    first_batch  bigint not null references batch,
    last_batch   bigint not null references batch,
    raised_at    timestamptz not null,
    seen_at      timestamptz not null,
    closed_at    timestamptz,
    closed_as    text check (closed_as in ('gone', 'accepted')),
    closed_by    text,
    check ((closed_at is null) = (closed_as is null))
);
create unique index one_open_drift_signal on drift_signal (resource, kind, column_name) where closed_at is null;
create index on drift_signal (resource, id);
comment on column drift_signal.count is 'values (rows, for a whole column) that show it, out of of_total; kept current';
comment on column drift_signal.seen is 'the column as last seen, counts only; null: it was not there';
comment on column drift_signal.closed_by is 'the batch that no longer showed it, or who accepted it';

create table freshness_watch (
    resource         text primary key,
    opened_at        timestamptz not null,
    position         jsonb,
    delivered_at     timestamptz,
    delivered_batch  bigint references batch
);
comment on table freshness_watch is 'open resources; one that is closed loses its row and starts anew when it opens';
comment on column freshness_watch.opened_at is 'when the hub first saw it open: its first deadline counts from here';
comment on column freshness_watch.position is 'where reading stood at the last look: a file read again is no delivery';

create table freshness_alert (
    id               bigint generated always as identity primary key,
    resource         text not null,
    kind             text not null check (kind in ('late', 'missing')),
    due              timestamptz not null,
    due_verified     boolean not null,
    noticed_by       text not null check (noticed_by in ('watch', 'airflow')),
    noticed_at       timestamptz not null,
    last_noticed_at  timestamptz not null,
    after_batch      bigint references batch,
    closed_at        timestamptz,
    closed_as        text check (closed_as in ('data came', 'not open', 'deadline moved')),
    closed_by        bigint references batch,
    check ((closed_at is null) = (closed_as is null)),
    check ((closed_by is not null) = (closed_as is not distinct from 'data came'))
);
create unique index one_open_freshness_alert on freshness_alert (resource, kind) where closed_at is null;
create index on freshness_alert (resource, id);
comment on table freshness_alert is 'deadlines that passed without data, one open row a resource and kind';
comment on column freshness_alert.after_batch is 'the newest batch that counted at that time; a newer one closes it';
"""


def upgrade() -> None:
    op.execute(TABLES)
