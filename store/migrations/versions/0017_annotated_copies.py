"""Annotated copies 加注件: for whom each was made, until when it holds, and the use of the seal behind it."""

from alembic import op

revision = "0017"
down_revision = "0016"

TABLES = """
alter table seal_use drop constraint seal_use_document_kind_check;
alter table seal_use add constraint seal_use_document_kind_check
    check (document_kind in ('ofd', 'pdf', 'annotated'));

create table annotated_copy (
    id           uuid primary key,
    version      uuid not null references licence_version,
    seal_use     bigint not null unique references seal_use,
    entry        uuid not null,
    form         text not null check (form in ('ofd', 'pdf')),
    receiver     bytea not null,
    cause        bytea not null,
    made_at      timestamptz not null,
    expires_at   timestamptz not null,
    document_sm3 bytea unique,
    token_sm3    bytea not null unique,
    made_by      text not null,
    organisation text not null
);
create index on annotated_copy (version, made_at);
comment on table annotated_copy is 'what was said to whom; the file itself went to who asked for it and is not kept';
comment on column annotated_copy.entry is 'of the audit log: the use of the licence''s facts';
comment on column annotated_copy.receiver is 'sealed, as it may be a person; so is the cause, which may name one';
comment on column annotated_copy.document_sm3 is
    'of the sealed file; null while it is being made, and for one whose making died: no file ever left';
comment on column annotated_copy.token_sm3 is 'of the token in the copy''s QR code';
"""


def upgrade() -> None:
    op.execute(TABLES)
