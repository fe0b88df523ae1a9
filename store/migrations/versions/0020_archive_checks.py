"""Every four-property check of a package that the archive holds is kept: verdict, scores and the whole report."""

from alembic import op

revision = "0020"
down_revision = "0019"

TABLES = """
create table archive_check (
    id      bigint generated always as identity primary key,
    package text not null,
    stage   text not null check (stage in ('GD', 'YJ', 'CQ')),
    at      timestamptz not null,
    verdict text not null check (verdict in ('valid', 'invalid', 'cannot_tell')),
    score   jsonb not null,
    sm3     bytea not null,
    report  jsonb not null
);
create index on archive_check (package, id);
create trigger archive_check_is_append_only before update or delete or truncate on archive_check
    for each statement execute function refuse_change();
comment on column archive_check.package is 'its electronic file number; the report stays where the package is gone';
comment on column archive_check.score is 'property to percent of the weight that passed; null where nothing weighs';
comment on column archive_check.sm3 is 'of the report in its one form (sorted keys, no blanks)';
"""


def upgrade() -> None:
    op.execute(TABLES)
