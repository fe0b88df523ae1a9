"""Archives move between hubs with their company: each transfer, its moves as a Merkle log, letters and packages."""

from alembic import op

revision = "0026"
down_revision = "0025"

TABLES = """
create table transfer (
    id           uuid primary key,
    side         text not null check (side in ('in', 'out')),
    peer         text not null,
    peer_code    text not null,
    notice_no    text not null,
    subject      bytea not null,
    facts        bytea not null,
    state        text not null,
    round        integer not null default 0 check (round >= 0),
    requested_on date not null,
    answer_by    date not null,
    void_on      date not null,
    due          date not null,
    verified     boolean not null,
    since        timestamptz not null,
    unique (side, peer_code, notice_no)
);
create index on transfer (subject);
comment on table transfer is '迁移调档: archives of one company that come from, or go to, another hub';
comment on column transfer.id is 'given by the destination, the same on both sides';
comment on column transfer.subject is 'keyed hash of the company''s number';
comment on column transfer.facts is 'sealed: number, name, reason';
comment on column transfer.round is 'of the newest parcel';
comment on column transfer.verified is 'whether the periods and the holidays reckoned over were checked';

create table transfer_entry (
    id       uuid primary key,
    ordinal  bigint not null generated always as identity,
    at       timestamptz not null,
    transfer uuid not null references transfer,
    body     bytea not null
);
create index on transfer_entry (transfer, ordinal);
create index on transfer_entry (ordinal);
create trigger transfer_entry_is_append_only before update or delete or truncate on transfer_entry
    for each statement execute function refuse_change();
comment on column transfer_entry.ordinal is 'in which they were written; their numbers in the log come later';
comment on table transfer_entry is '迁入迁出登记, bodies of the Merkle log `transfer`: each move of each transfer';

create table transfer_letter (
    transfer     uuid not null references transfer,
    kind         text not null check (kind in ('notice', 'answer', 'parcel', 'receipt')),
    round        integer not null check (round >= 0),
    ours         boolean not null,
    sm3          bytea not null,
    path         text not null,
    at           timestamptz not null,
    delivered_at timestamptz,
    primary key (transfer, kind, round)
);
comment on column transfer_letter.sm3 is 'of the body that is signed';
comment on column transfer_letter.delivered_at is 'null: it is ours and has not left yet';

create table transfer_item (
    transfer uuid not null references transfer,
    file_no  text not null,
    round    integer not null,
    sm3      bytea,
    bytes    bigint,
    standing text not null check (standing in ('listed', 'accepted', 'missing', 'refused', 'given_up')),
    reasons  text[] not null default '{}',
    primary key (transfer, file_no)
);
comment on table transfer_item is 'each package of a transfer and what became of it, as this side knows it';
comment on column transfer_item.sm3 is 'of the package as it was sent last; null: its file was gone';

create table transfer_set_aside (
    id   bigint generated always as identity primary key,
    at   timestamptz not null,
    peer text not null,
    name text not null,
    code text not null,
    told text not null
);
create trigger transfer_set_aside_is_append_only before update or delete or truncate on transfer_set_aside
    for each statement execute function refuse_change();
comment on table transfer_set_aside is 'files of other hubs that were no letters we could take, and why';
"""


def upgrade() -> None:
    op.execute(TABLES)
