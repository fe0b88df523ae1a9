"""What every room's tests may ask for: a real PostgreSQL, a fresh database a test, the public data sets.

`HUB_TEST_POSTGRES` names a server to use instead of the embedded one (superuser's URL).
"""

from __future__ import annotations

import contextlib
import gc
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from psycopg2 import sql

from onebox.postgres import Cluster
from store.migrate import migrate
from tests.databases import NewDatabase, databases, lasting_database, located, run
from tests.departments import Departments, started

_REPOSITORY = Path(__file__).resolve().parent.parent
_PLENTY = 6 << 30

# Applications, declarations and parsed files of hundreds of modules stay alive; to look through all of them at the
# usual rate takes a tenth of the time.
gc.set_threshold(50_000, 20, 50)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The superuser's URL of a running PostgreSQL; embedded, not durable, gone after the session."""
    given = os.environ.get("HUB_TEST_POSTGRES", "")
    if given:
        yield given
        return
    with embedded_postgres() as url:
        yield url


@contextmanager
def embedded_postgres() -> Iterator[str]:
    """The superuser's URL of a PostgreSQL of one's own."""
    folder = Path(tempfile.mkdtemp(prefix="hub-test-", dir=_roomy()))
    folder.chmod(0o711)
    cluster = Cluster(folder / "postgres", secrets_folder=folder / "secrets", durable=False)
    try:
        cluster.start()
        _connect_quickly(cluster.url())
        yield cluster.url()
    finally:
        cluster.destroy()
        shutil.rmtree(folder, ignore_errors=True)


def _connect_quickly(url: str) -> None:
    """Let passwords be proven by one round in place of 4,096: tests connect ten thousand times, to no harm."""
    run(url, sql.SQL("ALTER SYSTEM SET scram_iterations = 1"))
    run(url, sql.SQL("SELECT pg_reload_conf()"))
    run(
        url,
        sql.SQL("SET scram_iterations = 1; ALTER ROLE CURRENT_USER PASSWORD {}").format(
            sql.Literal(urlsplit(url).password)
        ),
    )


def _roomy() -> str:
    """Where the tests' databases lie: in memory where there is plenty. Each test has a database of some 400 files, and
    ext4 searches longer and longer for a new inode where thousands were given up within seconds.

    Not pytest's folder: run by root, PostgreSQL's own user must reach it.
    """
    memory = Path("/dev/shm")
    with contextlib.suppress(OSError):
        if shutil.disk_usage(memory).free > _PLENTY and os.access(memory, os.W_OK):
            return str(memory)
    return "/var/tmp"


@pytest.fixture(scope="session")
def _owner_url(postgres_url: str) -> Iterator[str]:
    """URL of a login role that owns the test databases and is no superuser, like the hub's in the world."""
    name, password = f"hub_test_{secrets.token_hex(4)}", secrets.token_urlsafe(16)
    run(postgres_url, sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(name), sql.Literal(password)))
    yield located(postgres_url, credentials=f"{name}:{password}")
    run(postgres_url, sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def database_template(postgres_url: str, _owner_url: str) -> Iterator[str]:
    """A migrated database that every test's own is copied from."""
    owner = urlsplit(_owner_url).username
    assert owner is not None
    name = f"template_{secrets.token_hex(4)}"
    run(postgres_url, sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(owner)))
    migrate(located(_owner_url, database=name))
    yield name
    run(postgres_url, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def new_database(postgres_url: str, _owner_url: str, database_template: str) -> Iterator[NewDatabase]:
    """Makes databases owned by a role without special rights, all dropped after the test: fresh and migrated
    ones, or copies of the database of a URL to which nobody is connected."""
    with databases(postgres_url, _owner_url, database_template) as make:
        yield make


@pytest.fixture(scope="module")
def module_database_url(postgres_url: str, _owner_url: str, database_template: str) -> Iterator[str]:
    """A fresh migrated database that the tests of a module share; dropped after them."""
    with lasting_database(postgres_url, _owner_url, database_template) as url:
        yield url


@pytest.fixture
def database_url(new_database: NewDatabase) -> str:
    """`postgresql://…` of a fresh migrated database; dropped after the test."""
    return new_database()


@pytest.fixture(scope="session")
def departments(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Departments]:
    """Four departments as real servers, started once for all rooms."""
    with started(postgres_url, tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture(scope="session")
def real_companies() -> Path:
    """The public list of real companies of the district (CSV)."""
    return _outside("HUB_REAL_COMPANIES", "../shared/data/companies_420112.csv")


@pytest.fixture(scope="session")
def ofd_seals() -> Path:
    """The folder of sealed OFD files with known verdicts (`manifest.tsv`)."""
    return _outside("HUB_OFD_SEALS", "../shared/data/ofd-seals")


def _outside(variable: str, usual: str) -> Path:
    path = Path(os.environ.get(variable) or _REPOSITORY / usual).resolve()
    if not path.exists():
        pytest.skip(f"{path.name} is not part of the repository; set {variable} to where it lies")
    return path
