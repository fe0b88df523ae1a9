"""Plain sheets under the bureau's seal, and the sealed report of a package's four-property check."""

from alembic import op

revision = "0023"
down_revision = "0022"

TABLES = """
alter table seal_use drop constraint seal_use_document_kind_check;
alter table seal_use add constraint seal_use_document_kind_check
    check (document_kind in ('ofd', 'pdf', 'annotated', 'sheet'));

create table archive_check_sheet (
    check_id     bigint primary key references archive_check,
    seal_use     bigint not null unique references seal_use,
    document_sm3 bytea not null,
    path         text not null,
    made_at      timestamptz not null
);
create index on archive_check (verdict, id);
create trigger archive_check_sheet_is_append_only before update or delete or truncate on archive_check_sheet
    for each statement execute function refuse_change();
comment on table archive_check_sheet is 'the one sealed report of a check; asked for again, the same file is given';
"""


def upgrade() -> None:
    op.execute(TABLES)
