"""What became of approvals: steps without a document, and by which result; reminders before a licence ends."""

from alembic import op

revision = "0013"
down_revision = "0012"

TABLES = """
create table approval_step (
    approval text primary key,
    licence  uuid not null references licence,
    at       timestamptz not null
);
create trigger approval_step_is_append_only before update or delete or truncate on approval_step
    for each statement execute function refuse_change();
comment on table approval_step is
    'approvals that were carried out without a document, such as a cancellation: once each, however often they are run';

alter table approval_outcome
    add column subject        bytea,
    add column result_version integer;
create index on approval_outcome (subject);
comment on column approval_outcome.subject is 'keyed hash of the approval, as its result stands under it';
comment on column approval_outcome.result_version is
    'version of the result it was settled by; a later one is looked at again, and so is null';

create table licence_reminder (
    id          bigint generated always as identity primary key,
    licence     uuid not null references licence,
    valid_until date not null,
    days        integer not null check (days >= 0),
    due_on      date not null,
    written_at  timestamptz not null,
    told_at     timestamptz,
    told_by     text,
    unique (licence, valid_until, days),
    check ((told_at is null) = (told_by is null))
);
create index on licence_reminder (valid_until) where told_at is null;
create trigger licence_reminder_is_never_deleted before delete or truncate on licence_reminder
    for each statement execute function refuse_change();
comment on table licence_reminder is 'so many days before its last day the holder is to be told; written once each';
comment on column licence_reminder.told_at is 'when a person said that the holder was told';
"""


def upgrade() -> None:
    op.execute(TABLES)
