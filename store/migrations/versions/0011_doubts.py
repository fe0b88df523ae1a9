"""What the people looked at say: a record of theirs is wrong, a lookup of theirs was improper."""

from alembic import op

revision = "0011"
down_revision = "0010"

TABLES = """
alter table quarantine add column doubted boolean not null default false;
comment on column quarantine.doubted is
    'a record that stands, and of which the person it is about says that it is wrong (数据校核): '
    'never judged again, closed when the owner changes the record or a person decides';

create table doubt (
    id         bigint generated always as identity primary key,
    entry      bigint not null unique references quarantine,
    subject    bytea not null,
    resource   text not null,
    field      text not null,
    statement  bytea not null,
    at         timestamptz not null
);
create index on doubt (subject);
create trigger doubt_is_never_changed before delete or truncate on doubt
    for each statement execute function refuse_change();
comment on column doubt.statement is 'what the person wrote, sealed under the data key of the resource';

create table improper_report (
    id          bigint generated always as identity primary key,
    log_entry   uuid not null,
    subject     bytea not null,
    statement   bytea not null,
    at          timestamptz not null,
    answer      bytea,
    answered_by text,
    answered_at timestamptz,
    unique (log_entry, subject),
    check ((answer is null) = (answered_at is null) and (answer is null) = (answered_by is null))
);
create index on improper_report (subject);
create index on improper_report (id) where answer is null;
create trigger improper_report_is_never_deleted before delete or truncate on improper_report
    for each statement execute function refuse_change();
comment on table improper_report is 'a person says that a lookup of his facts was improper; somebody has to answer';
"""


def upgrade() -> None:
    op.execute(TABLES)
