"""The archive gets a catalogue: whose each package is, over changes of name and number, and what it is of."""

from alembic import op

revision = "0021"
down_revision = "0020"

TABLES = """
create table archive_party (
    id   uuid primary key default gen_random_uuid(),
    kind text not null check (kind in ('company', 'citizen', 'other'))
);
comment on table archive_party is 'one holder over all its life, whatever it was called and numbered';

create table archive_identity (
    subject bytea primary key,
    kind    text not null
            check (kind in ('company', 'citizen', 'registration_number', 'organisation_code', 'other')),
    party   uuid not null references archive_party,
    since   date not null,
    until   date,
    basis   text not null check (basis <> '')
);
create index on archive_identity (party);
comment on column archive_identity.subject is 'keyed hash of the number';
comment on column archive_identity.since is 'the earliest day it is known to have been borne';
comment on column archive_identity.basis is 'what says that the number is this party''s: a case, a register, a notice';

create table archive_name (
    party  uuid not null references archive_party,
    key    bytea not null,
    name   text,
    folded text,
    since  date not null,
    primary key (party, key),
    check ((name is null) = (folded is null))
);
create index on archive_name (key);
create index on archive_name (folded text_pattern_ops);
comment on table archive_name is 'every name a party was ever filed under';
comment on column archive_name.key is 'keyed hash of the folded name: of a person nothing else is here';
comment on column archive_name.folded is 'brackets, blanks and width made one, for comparing; null for a person';

create table archive_succession (
    earlier uuid not null references archive_party,
    later   uuid not null references archive_party,
    kind    text not null check (kind <> ''),
    happened_on date not null,
    basis   text not null check (basis <> ''),
    primary key (earlier, later),
    check (earlier <> later)
);
create index on archive_succession (later);
comment on column archive_succession.kind is 'in the words of the notice: 个转企, 合并, 分立';

alter table archive_package alter column licence drop not null;
comment on column archive_package.licence is
    'document it holds; null: the case ended without one, or it came from another archive';

create table archive_record (
    file_no        text primary key references archive_package,
    party          uuid not null references archive_party,
    project_no     text not null,
    item           text not null,
    item_name      text not null,
    licence_number text,
    archive_code   text unique,
    stage          text not null check (stage in ('设立', '变更', '备案', '迁移', '注销', '监督')),
    outcome        text not null check (outcome in ('准予', '不予', '撤回')),
    accepted_on    date not null,
    decided_on     date not null,
    retention      text not null,
    organ          text not null,
    origin         text,
    moved          text
);
create index on archive_record (party, decided_on, file_no);
create index on archive_record (project_no);
create index on archive_record (licence_number);
create index on archive_record (decided_on, file_no);
comment on column archive_record.archive_code is '档号; null while none is assigned';
comment on column archive_record.stage is 'the part of the company''s volume it stands in';
comment on column archive_record.origin is 'transfer by which it came from another archive; null: made here';
comment on column archive_record.moved is 'transfer by which another archive took it over; it is kept here too';
"""


def upgrade() -> None:
    op.execute(TABLES)
