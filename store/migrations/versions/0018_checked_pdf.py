"""Anybody may ask whose PDF copy a file is: the digests of sealed documents get an index."""

from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.execute("create index seal_use_document_sm3 on seal_use (document_sm3) where outcome = 'sealed'")
