"""The register of seals, its history, and a log of uses that names the registered seal and the kind of document."""

from alembic import op

revision = "0003"
down_revision = "0002"

TABLES = """
create table seal (
    id                  bigint generated always as identity primary key,
    es_id               text not null,
    version             integer not null check (version > 0),
    organ               text not null,
    credit_code         text not null,
    name                text not null,
    kind                integer not null,
    vendor              text not null,
    form                integer not null,
    picture             bytea not null,
    picture_type        text not null,
    width_mm            integer not null,
    height_mm           integer not null,
    sealed              bytea not null,
    sm3                 bytea not null unique,
    maker_certificate   bytea not null,
    signer_certificates bytea[] not null,
    valid_from          timestamptz not null,
    valid_to            timestamptz not null,
    state               text not null default 'active'
                        check (state in ('active', 'suspended', 'revoked', 'superseded')),
    reason              text not null default '',
    legal_basis         text not null default '',
    registered_at       timestamptz not null,
    unique (es_id, version)
);
create unique index one_standing_seal on seal (es_id) where state in ('active', 'suspended');
comment on table seal is 'what a seal said when it was registered; only state, reason and legal_basis change';
comment on column seal.version is 'entry under this ES_ID: 1 for the first seal, one more for each successor';
comment on column seal.form is 'version of the seal structure (GB/T 38540): 4 or 5';
comment on column seal.sealed is 'the seal itself, DER; sm3 is over these bytes';
comment on column seal.state is 'expired is no state: it follows from valid_to';

create table seal_event (
    id          bigint generated always as identity primary key,
    seal        bigint not null references seal,
    at          timestamptz not null,
    event       text not null check (event in ('registered', 'suspended', 'resumed', 'revoked', 'superseded')),
    who         text not null,
    reason      text not null default '',
    legal_basis text not null default ''
);
create index on seal_event (seal, id);
create trigger seal_event_is_append_only before update or delete or truncate on seal_event
    for each statement execute function refuse_change();

alter table seal_use alter column licence drop not null;
alter table seal_use
    add column seal bigint references seal,
    add column document_kind text not null default 'ofd' check (document_kind in ('ofd', 'pdf')),
    add column document_sm3 bytea,
    add column timestamped boolean;
alter table seal_use add constraint a_use_names_its_case check (case_no <> '');
create index on seal_use (case_no);
create index on seal_use (seal);
comment on column seal_use.seal is 'the registered seal; null for a use before there was a register';
comment on column seal_use.licence is 'null where a seal is used for something else than a licence; its case is named';
comment on column seal_use.timestamped is 'whether the signature carries a timestamp; null until known';

-- Until now no timestamp was ever asked for, and the sealed document of a licence is the one of its last use.
update seal_use set timestamped = false where outcome = 'sealed';
update seal_use u set document_sm3 = l.document_sm3 from licence l where l.id = u.licence and u.outcome = 'sealed';
"""


def upgrade() -> None:
    op.execute(TABLES)
