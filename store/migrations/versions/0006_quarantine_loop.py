"""The way of a quarantined row back to its owner: sendings, what went in each, tries, and what people decided."""

from alembic import op

revision = "0006"
down_revision = "0005"

TABLES = """
create table sending (
    id              bigint generated always as identity primary key,
    reference       text not null unique,
    resource        text not null,
    channel         text not null,
    place           text,
    rows            integer not null check (rows > 0),
    made_at         timestamptz not null,
    due             date not null,
    due_verified    boolean not null,
    state           text not null default 'prepared' check (state in ('prepared', 'sent', 'failed')),
    tries           integer not null default 0,
    sent_at         timestamptz,
    handed_over_at  timestamptz,
    trouble_code    text,
    trouble_message text,
    check ((state = 'sent') = (sent_at is not null)),
    check (handed_over_at is null or state = 'sent')
);
create index on sending (resource, state);
comment on table sending is 'rows on their way back: written before they are sent, completed once they are';
comment on column sending.place is 'table, file or path the rows were handed to; null until they were';
comment on column sending.due is 'the last day on which an answer is in time; reckoned anew at each try';
comment on column sending.handed_over_at is
    'when the owner got it: at once, or when a person says that the file is sent on';

create table sending_entry (
    sending bigint not null references sending,
    entry   bigint not null references quarantine,
    primary key (sending, entry)
);
create index on sending_entry (entry);

alter table quarantine drop constraint quarantine_state_check;
alter table quarantine
    add constraint quarantine_state_check check (state in ('open', 'released', 'corrected', 'dismissed')),
    add column sent_in    bigint references sending,
    add column retries    integer not null default 0,
    add column retried_at timestamptz,
    add column judged_by  text;
create index on quarantine (sent_in) where sent_in is not null;
comment on column quarantine.state is
    'released: a retry accepted it; corrected: a good row came under the same key; dismissed: a person gave it up';
comment on column quarantine.sent_in is 'the sending whose answer is awaited; null while it waits to be sent back';
comment on column quarantine.judged_by is 'edition of the schemas that judged it last; null: that of its landing';

create function wait_to_be_sent_back() returns trigger language plpgsql as $$
begin
    new.sent_in := null;
    return new;
end $$;
create trigger opened_again_waits_again before update of state on quarantine
    for each row when (old.state <> 'open' and new.state = 'open') execute function wait_to_be_sent_back();
create trigger quarantine_is_never_deleted before delete or truncate on quarantine
    for each statement execute function refuse_change();

create table quarantine_act (
    id      bigint generated always as identity primary key,
    at      timestamptz not null,
    who     text not null check (who <> ''),
    act     text not null check (act in ('dismissed', 'exported', 'handed over', 'sent again', 'left')),
    resource text not null,
    entry   bigint references quarantine,
    sending bigint references sending,
    why     text,
    note    bytea,
    bytes   bigint,
    check (act in ('sent again', 'left') or entry is not null or sending is not null),
    check ((act = 'dismissed') = (why is not null))
);
create index on quarantine_act (entry);
create index on quarantine_act (sending);
-- the note may be sealed anew under another data key; nothing else of an act ever changes
create trigger quarantine_act_is_append_only
    before update of id, at, who, act, resource, entry, sending, why, bytes or delete or truncate on quarantine_act
    for each statement execute function refuse_change();
comment on table quarantine_act is 'append-only: what people did about rows set aside, and who';
comment on column quarantine_act.note is 'what the person wrote, sealed under the data key of the resource';
"""


def upgrade() -> None:
    op.execute(TABLES)
