"""One head a record: what landing compares with, so that a page costs no look into sealed rows."""

from alembic import op

revision = "0004"
down_revision = "0003"

HEADS = """
create table record_head (
    resource   text not null,
    key        bytea not null,
    version    integer not null,
    digest     bytea,
    mark       bytea,
    edition    text,
    subjects   bytea[] not null,
    batch      bigint not null,
    primary key (resource, key)
);
comment on table record_head is 'the newest version of every record there is or was, one row a record';
comment on column record_head.digest is 'keyed hash of the canonical record, tells change from repetition; null: ended';
comment on column record_head.mark is 'keyed hash of the row as received and of the rules it was judged by';
comment on column record_head.edition is 'its place in the source''s own order; null where that has none';
comment on column record_head.subjects is 'under which subjects the table record holds it';

insert into record_head (resource, key, version, digest, mark, edition, subjects, batch)
select resource, key, max(version), (array_agg(digest))[1], null, null, array_agg(subject order by subject), max(batch)
from record group by resource, key;
insert into record_head (resource, key, version, digest, mark, edition, subjects, batch)
select h.resource, h.key, max(h.version), null, null, null, '{}', max(h.ended_by)
from record_history h
where not exists (select 1 from record r where r.resource = h.resource and r.key = h.key)
group by h.resource, h.key;
create index record_head_by_mark on record_head (mark) where mark is not null;

drop index record_by_key;
drop index record_history_by_key;
alter table record drop column digest;
alter table record_history drop column digest;
alter table record_history drop constraint record_history_ended_as_check;
alter table record_history add constraint record_history_ended_as_check
    check (ended_as in ('changed', 'deleted', 'absent'));
comment on column record_history.ended_as is
    'changed: a newer version; deleted: its source said so; absent: a full snapshot of its source lacked it';

alter table batch drop constraint every_row_is_accounted_for;
update batch set unchanged = unchanged + overtaken;
alter table batch drop column overtaken;
alter table batch add constraint every_row_is_accounted_for
    check (landed = inserted + changed + unchanged + deleted + quarantined);
alter table batch
    add column absent bigint not null default 0,
    add column came_from jsonb not null default '{}',
    add column began_at jsonb not null default '{}',
    add column source_recount bigint,
    add column fault_code text,
    add column fault text,
    add column settled_until jsonb,
    add column settled_rows bigint,
    add column parted_until jsonb;
comment on column batch.absent is 'records ended because a full snapshot lacked them; no rows of the batch';
comment on column batch.came_from is 'where the cursor stood before the batch';
comment on column batch.began_at is 'where the batch began to read: came_from, set back by the overlap';
comment on column batch.source_recount is 'what the source said at the end it had given, where it was asked again';
comment on column batch.fault_code is 'why a complete batch cannot be trusted; null: its counts agree';
comment on column batch.settled_rows is 'how many rows the source said lay up to settled_until, behind any overlap';
comment on column batch.parted_until is 'up to where the parts of a batch read in parts go; null: it is read in one';

-- sealed bytes do not compress, so nobody need try
alter table raw_page alter column body set storage external;
alter table quarantine alter column raw set storage external, alter column fields set storage external;

create table batch_part (
    batch        bigint not null references batch,
    part         integer not null,
    lower        text,
    upper        text,
    position     jsonb not null,
    state        text not null default 'running' check (state in ('running', 'complete')),
    source_count bigint,
    pages        integer not null default 0,
    landed       bigint not null default 0,
    inserted     bigint not null default 0,
    changed      bigint not null default 0,
    unchanged    bigint not null default 0,
    deleted      bigint not null default 0,
    quarantined  bigint not null default 0,
    primary key (batch, part),
    constraint every_row_of_a_part_is_accounted_for
        check (landed = inserted + changed + unchanged + deleted + quarantined)
);
comment on table batch_part is 'one range of the key of a batch that is read in parts, with a cursor of its own';

create table snapshot_seen (
    batch  bigint not null references batch,
    page   integer not null,
    file   text not null,
    key    bytea not null
);
create index on snapshot_seen (batch);
comment on table snapshot_seen is 'keys a running batch has seen of a source that sends everything each time';
"""


def upgrade() -> None:
    op.execute(HEADS)
