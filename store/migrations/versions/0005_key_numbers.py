"""Data keys are numbered, and every sealed value begins with the number of its key."""

from alembic import op

revision = "0005"
down_revision = "0004"

TABLES = """
create table keyring (
    only_one  boolean primary key default true check (only_one),
    kek       text not null,
    since     timestamptz not null default now()
);
comment on table keyring is 'one row: the fingerprint of the key-encryption key that new data keys are wrapped by';

create table key_rotation (
    id           bigint generated always as identity primary key,
    resource     text,
    started_at   timestamptz not null default now(),
    finished_at  timestamptz
);
create unique index one_open_rotation on key_rotation (coalesce(resource, '')) where finished_at is null;
comment on column key_rotation.resource is 'null: every resource that has a data key';

alter table data_key drop constraint data_key_pkey;
alter table data_key
    add column number integer not null default 1 check (number > 0),
    add column kek text,
    add column state text not null default 'current' check (state in ('current', 'old')),
    add column replaced_at timestamptz,
    add column rotation bigint references key_rotation;
alter table data_key alter column number drop default;
alter table data_key add primary key (resource, number);
create unique index one_current_data_key on data_key (resource) where state = 'current';
comment on table data_key is 'AES-256 keys of the resources, wrapped by a key that lies outside the database';
comment on column data_key.kek is 'fingerprint of the wrapping key; null: wrapped before fingerprints were kept';
comment on column data_key.state is 'current: seals; old: opens what was sealed under it, until nothing is';
comment on column data_key.rotation is 'the rotation that made it; null for a first key';

comment on column raw_page.body is 'bytes as received, sealed: number of the data key, nonce, ciphertext, tag';

-- What is sealed until now was sealed under the one key there was.
update record set payload = int4send(1) || payload;
update record_history set payload = int4send(1) || payload;
update raw_page set body = int4send(1) || body;
update quarantine set raw = int4send(1) || raw, fields = int4send(1) || fields;
update licence set facts = int4send(1) || facts;
"""


def upgrade() -> None:
    op.execute(TABLES)
