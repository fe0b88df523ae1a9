"""Orders to put the current seal on licences that bear an earlier one, and what came of each licence."""

from alembic import op

revision = "0015"
down_revision = "0014"

TABLES = """
create table reseal_order (
    id              text primary key check (id ~ '^HZ[0-9]{8}-[0-9]{3,}$'),
    organ           text,
    old_seal        text,
    seal_sm3        bytea not null,
    es_id           text not null,
    legal_basis     text not null check (legal_basis <> ''),
    by_user         text not null,
    by_organisation text not null,
    origin          text unique,
    begun_at        timestamptz not null,
    ended_at        timestamptz,
    passed_over     jsonb not null default '{}',
    counts          jsonb
);
comment on table reseal_order is 'an order to re-issue licences under the current seal; its id is the case of the uses';
comment on column reseal_order.organ is 'as asked for; null: of every organ of ours';
comment on column reseal_order.old_seal is 'ES_ID asked for; null: whatever seal';
comment on column reseal_order.origin is 'what asked for it, where the same asks once only: a run of a schedule';
comment on column reseal_order.seal_sm3 is 'the seal the order puts on; with another one it is not gone on with';
comment on column reseal_order.passed_over is 'licences of the choice that are not resealed when it began, by status';
comment on column reseal_order.counts is 'what came of it, when it ended';
comment on column reseal_order.ended_at is 'null while a licence is left that may get its document yet';

create table reseal_item (
    reseal_order text not null references reseal_order,
    chunk        integer not null check (chunk >= 0),
    licence      uuid not null references licence,
    outcome      text check (outcome in ('done', 'passed_over', 'failed')),
    note         text,
    said         text,
    settled_at   timestamptz,
    primary key (reseal_order, licence),
    check ((outcome is null) = (settled_at is null))
);
create index on reseal_item (reseal_order, chunk);
create index on reseal_item (reseal_order, chunk) where outcome is null or outcome = 'failed';
comment on table reseal_item is 'the licences of an order; those of one chunk are made together';
comment on column reseal_item.outcome is 'null: not yet; what failed is tried again when the order is gone on with';
comment on column reseal_item.note is 'why it was passed over, or the code of the error';
comment on column reseal_item.said is 'what the error said; errors never hold personal data';
"""


def upgrade() -> None:
    op.execute(TABLES)
