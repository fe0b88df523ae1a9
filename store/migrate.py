"""Bring a database to the present layout. Alembic keeps the order and the version; the steps are plain SQL."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from store.errors import StoreUnavailable

_HERE = Path(__file__).parent / "migrations"
VERSION_TABLE = "hub_version"
#: Any fixed number: two processes that migrate at the same moment take turns.
_MIGRATION_LOCK = 0x59_5A_48_55_42


def migrate(database_url: str, revision: str = "head") -> str:
    """Run every migration up to `revision` that has not been run; return the version reached. Safe to call again.

    Raises:
        StoreUnavailable: the database does not answer.
    """
    config = Config()
    config.set_main_option("script_location", str(_HERE))
    found = ScriptDirectory.from_config(config).get_revision(revision)
    wanted = "none" if found is None else found.revision
    engine = create_engine(_psycopg2(database_url), poolclass=NullPool)
    try:
        with engine.begin() as connection:
            connection.execute(text(f"select pg_advisory_xact_lock({_MIGRATION_LOCK})"))
            context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
            if context.get_current_revision() != wanted:
                config.attributes["connection"] = connection
                command.upgrade(config, wanted)
    except OperationalError as error:
        raise StoreUnavailable(
            "the hub's database does not answer; no migration was run. Is PostgreSQL running (`make serve`)?"
        ) from error
    finally:
        engine.dispose()
    return wanted


def _psycopg2(url: str) -> str:
    """SQLAlchemy 2.1 takes a bare `postgresql://` for psycopg 3, which is not what we stand on."""
    return "postgresql+psycopg2://" + url.split("://", 1)[1]
