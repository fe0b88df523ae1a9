"""Parties of the archive that turned out to be one, and the 档号 of each electronic file, taken before it is packed."""

from alembic import op

revision = "0024"
down_revision = "0023"

TABLES = """
alter table archive_party add column joined uuid references archive_party check (joined <> id);
comment on column archive_party.joined is 'the party it turned out to be; its numbers, names and packages went there';

create table archive_code (
    file_no     text primary key,
    series      text not null,
    running     int not null check (running > 0),
    code        text not null unique,
    fonds       text not null,
    category    text not null,
    year        text not null,
    retention   text not null,
    unit        text not null,
    item        text not null,
    reserved_at timestamptz not null,
    void        text check (void <> ''),
    unique (series, running)
);
comment on table archive_code is '档号 by electronic file number: taken once, before the file is packed';
comment on column archive_code.series is 'fonds, category, year and retention code, within which numbers run on';
comment on column archive_code.void is 'why no package bears it: what an archivist wrote down';
"""


def upgrade() -> None:
    op.execute(TABLES)
