"""Archive packages are told of in a Merkle log, with both digests: a package swapped with its checksum is found."""

from alembic import op

revision = "0019"
down_revision = "0018"

TABLES = """
create table archive_entry (
    id      uuid primary key,
    at      timestamptz not null,
    file_no text not null,
    body    bytea not null
);
create index on archive_entry (file_no);
create trigger archive_entry_is_append_only before update or delete or truncate on archive_entry
    for each statement execute function refuse_change();
comment on table archive_entry is 'bodies of the Merkle log `archive`: each package taken in, with its digests';

alter table archive_package add column sha256 bytea, add column entry uuid unique references archive_entry;
comment on column archive_package.entry is 'that tells of the package in the log; null until an older one was entered';
"""


def upgrade() -> None:
    op.execute(TABLES)
