"""Names in the archive are found by any two characters that follow each other in them; lines by part and day."""

from alembic import op

revision = "0027"
down_revision = "0026"

TABLES = """
create function archive_grams(folded text) returns text[] language sql immutable parallel safe strict as $$
    select array(select distinct substr(folded, at, 2) from generate_series(1, greatest(length(folded) - 1, 1)) at)
$$;
comment on function archive_grams(text) is 'all pairs of neighbouring characters: Chinese has no blanks between words';
alter table archive_name add column grams text[] generated always as (archive_grams(folded)) stored;
create index on archive_name using gin (grams);
create function archive_bare(number text) returns text language sql immutable parallel safe strict as $$
    select upper(translate(number, '〔〕[]【】()（）［］·•・.-—–_/ ', ''))
$$;
comment on function archive_bare(text) is 'a number without the signs that people type otherwise';
create index on archive_record (archive_bare(licence_number));
create index on archive_record (archive_bare(archive_code));
create index on archive_record (stage, decided_on, file_no);
create index on archive_record (item, decided_on, file_no);
"""


def upgrade() -> None:
    op.execute(TABLES)
