"""Months of the licence register that were published under the bureau's seal."""

from alembic import op

revision = "0014"
down_revision = "0013"

TABLES = """
create table register_month (
    month         text primary key check (month ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'),
    head          bigint not null check (head >= 0),
    entries       bigint not null check (entries >= 0),
    document_sm3  bytea not null check (length(document_sm3) = 32),
    head_sm3      bytea not null check (length(head_sm3) = 32),
    seal_use      bigint not null references seal_use,
    published_at  timestamptz not null
);
create trigger register_month_is_append_only before update or delete or truncate on register_month
    for each statement execute function refuse_change();
comment on table register_month is 'append-only: the head of the log `register` published for a month, for good';
comment on column register_month.document_sm3 is 'of the sealed notice, MONTH.ofd; head_sm3 of the head, MONTH.json';
"""


def upgrade() -> None:
    op.execute(TABLES)
