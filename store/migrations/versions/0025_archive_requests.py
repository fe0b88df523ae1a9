"""Retrieval 档案查询利用: requests to see an archive, their proofs, each step taken, and what was given out."""

from alembic import op

revision = "0025"
down_revision = "0024"

TABLES = """
create table archive_request (
    id              uuid primary key,
    seq             bigint generated always as identity unique,
    party           uuid not null references archive_party,
    requester       text not null check (requester in ('authority', 'entity', 'lawyer', 'partner')),
    form            text not null check (form in ('facts', 'originals')),
    terms           jsonb not null,
    automatic       boolean not null,
    stage           text not null
                    check (stage in ('waiting', 'granted', 'answered', 'refused', 'expired', 'withdrawn')),
    masked          boolean not null default true,
    told            bytea not null,
    own             bytea,
    asked_at        timestamptz not null,
    asked_by        text not null check (asked_by <> ''),
    asked_by_name   text not null,
    decided_at      timestamptz,
    decided_by      text,
    answered_at     timestamptz,
    expires_at      timestamptz,
    certificate_sm3 bytea unique,
    token_sm3       bytea unique,
    pick_up_sm3     bytea unique,
    check ((decided_at is null) = (decided_by is null)),
    check (stage <> 'granted' or decided_at is not null),
    check (stage <> 'answered' or (answered_at is not null and expires_at is not null and certificate_sm3 is not null)),
    check ((answered_at is null) = (expires_at is null))
);
create index on archive_request (stage, asked_at);
create index on archive_request (party, asked_at);
create index on archive_request (own, asked_at) where own is not null;
create trigger archive_request_is_never_deleted before delete or truncate on archive_request
    for each statement execute function refuse_change();
comment on column archive_request.terms is 'the row of the table of rules that allowed it, as it was when it was asked';
comment on column archive_request.told is
    'sealed: organisation, person, purpose, the number it was asked under with its middle hidden, what of the volume';
comment on column archive_request.own is 'keyed hash of the holder who signed in and asked; null for anybody else';
comment on column archive_request.token_sm3 is 'of the token in the certificate''s QR code';
comment on column archive_request.pick_up_sm3 is 'of the code with which the files are fetched';

create table archive_request_event (
    id       bigint generated always as identity primary key,
    request  uuid not null references archive_request,
    step     text not null
             check (step in ('asked', 'waiting', 'granted', 'answered', 'refused', 'expired', 'withdrawn', 'fetched')),
    at       timestamptz not null,
    who      text not null check (who <> ''),
    who_name text not null,
    why      bytea not null,
    entry    uuid not null
);
create index on archive_request_event (request, id);
-- the reason may be sealed anew under another data key; nothing else of a step ever changes
create trigger archive_request_event_is_append_only
    before update of id, request, step, at, who, who_name, entry or delete or truncate on archive_request_event
    for each statement execute function refuse_change();
comment on table archive_request_event is 'append-only: every step of a request, who took it and why';
comment on column archive_request_event.who is 'account; `rules` for the table of rules, `clock` for time';
comment on column archive_request_event.why is 'sealed, as it may name a person';
comment on column archive_request_event.entry is 'of the audit log';

create table archive_request_file (
    request    uuid not null references archive_request,
    part       integer not null check (part >= 0),
    kind       text not null check (kind in ('proof', 'answer', 'facts', 'certificate')),
    proof      text,
    media_type text,
    bytes      bigint,
    sm3        bytea,
    body       bytea,
    primary key (request, part),
    check ((kind = 'proof') = (proof is not null)),
    check ((body is null) = (sm3 is null) and (body is null) = (bytes is null)),
    check (body is not null or kind = 'proof')
);
create unique index on archive_request_file (request, kind) where kind <> 'proof';
create trigger archive_request_file_is_append_only
    before update of request, part, kind, proof, media_type, bytes, sm3 or delete or truncate on archive_request_file
    for each statement execute function refuse_change();
comment on table archive_request_file is
    'append-only: what was brought as proof, and of an answer what no package holds; files of packages are not copied';
comment on column archive_request_file.body is 'sealed; null for a paper that was only seen at the counter';
comment on column archive_request_file.sm3 is 'of the file before it was sealed';
"""


def upgrade() -> None:
    op.execute(TABLES)
