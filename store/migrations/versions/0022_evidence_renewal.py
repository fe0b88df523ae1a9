"""Renewals of the logs' timestamps: each covers all heads and the renewal before, so that old seals stay provable."""

from alembic import op

revision = "0022"
down_revision = "0021"

TABLES = """
create table log_renewal (
    log           text not null,
    number        bigint not null check (number >= 0),
    head          bigint not null,
    at            timestamptz not null,
    statement     bytea not null,
    stamp         bytea not null,
    stamp_sha256  bytea,
    certificates  bytea[] not null,
    primary key (log, number),
    foreign key (log, head) references log_head
);
create trigger log_renewal_is_append_only before update or delete or truncate on log_renewal
    for each statement execute function refuse_change();
comment on table log_renewal is 'append-only: timestamps made anew over all heads of a log, each over the one before';
comment on column log_renewal.statement is 'what is stamped, canonical JSON; see docs/evidence.md';
comment on column log_renewal.stamp is 'RFC 3161 token over SM3 of the statement; stamp_sha256: over SHA-256 of it';
comment on column log_renewal.certificates is 'between the tokens'' signers and their roots, DER';
"""


def upgrade() -> None:
    op.execute(TABLES)
