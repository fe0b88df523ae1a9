"""A front-end exchange database of any make, through SQLAlchemy: short connections, typed failures, bounded waiting."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg2
from psycopg2.extensions import parse_dsn
from sqlalchemy import ColumnElement, LargeBinary, cast, column, create_engine, literal, table, text
from sqlalchemy.engine import URL, Connection, Dialect, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import NullPool, QueuePool
from sqlalchemy.sql.expression import TableClause

from connectors.asking import left
from connectors.cut_off import cut_off
from connectors.endpoints import SourceNotConfigured
from connectors.port import SourceGarbled, SourceRefused, SourceUnavailable

T = TypeVar("T")

#: The makes whose failures are known here, with the driver each is read through.
DRIVERS = {
    "postgresql": "psycopg2",
    "mysql": "pymysql",
    "mariadb": "pymysql",
    "oracle": "oracledb",
}

#: PostgreSQL: SQLSTATE classes that mean "again".
_PG_PASSING = ("08", "40", "53", "55", "57", "58", "XX")
_PG_NO = ("authentication failed", "no pg_hba.conf entry", "does not exist", "is not permitted to log in")
#: MySQL and MariaDB: no rights, no such database, table or column, wrong SQL.
_MYSQL_NO = frozenset(
    {1044, 1045, 1049, 1054, 1064, 1109, 1142, 1143, 1146, 1227, 1251, 1273, 1290, 1370, 1698, 1792, 1820, 1862, 3118}
)
_MYSQL_SLOW = frozenset({1317, 1969, 3024})
_MYSQL_BAD_VALUE = frozenset({1264, 1292, 1366, 1406, 3854})
#: Oracle: no rights, no such table or column, wrong SQL, locked or expired account, unknown service.
_ORACLE_NO = frozenset(
    {"ORA-00903", "ORA-00904", "ORA-00911", "ORA-00933", "ORA-00942", "ORA-01005", "ORA-01017", "ORA-01031",
     "ORA-01045", "ORA-12514", "ORA-28000", "ORA-28001", "ORA-28009", "DPY-6003", "DPY-4001"}
)  # fmt: skip
_ORACLE_SLOW = frozenset({"DPY-4024", "ORA-01013", "ORA-03156"})
_ORACLE_BAD_VALUE = frozenset({"ORA-01400", "ORA-01722", "ORA-01843", "ORA-01861", "ORA-12899", "ORA-29275"})


class SqlDatabase:
    """One login at one database. Every `connection()` is opened for one short transaction and closed.

    With `kept` so many connections stay open in between; such a database is for questions somebody waits for.
    """

    def __init__(
        self, dsn: str, *, section: str, statement_timeout_s: float, writes: bool = False, kept: int = 0
    ) -> None:
        self._url = database_url(dsn, section)
        self._timeout_s = statement_timeout_s
        self._writes = writes
        pool: dict[str, Any] = {"poolclass": NullPool}
        if kept:
            pool = {
                "poolclass": QueuePool,
                "pool_size": kept,
                "max_overflow": kept,
                "pool_timeout": statement_timeout_s,
            }
        self._engine: Engine = create_engine(
            self._url,
            connect_args=_connect_args(self._url, statement_timeout_s, 2 if kept else 10),
            # A failing statement must not carry its parameters, which may be a citizen's, into a log.
            hide_parameters=True,
            **pool,
        )

    @property
    def dialect(self) -> Dialect:
        """Of the database, to compile for."""
        return self._engine.dialect

    @property
    def make(self) -> str:
        """postgresql, mysql, mariadb or oracle."""
        return self._engine.dialect.name

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A transaction; committed at the end when this login writes, else rolled back.

        Raises:
            SourceUnavailable, SourceRefused, SourceGarbled: with a short reason; the server's own words stay
                out, they may quote a row.
        """
        try:
            with self._engine.connect() as connection:
                self._prepare(connection, self._timeout_s)
                yield connection
                if self._writes:
                    connection.commit()
        except DBAPIError as error:
            raise _meaning(self.make, error) from None
        except SQLAlchemyError as error:
            raise SourceRefused(
                f"the exchange database cannot be asked ({type(error).__name__}). Check the dsn and the declaration."
            ) from None

    def answer(self, question: Callable[[Connection], T], deadline: float) -> T:
        """What `question` reads in one read-only transaction that is over by the deadline (of `time.monotonic`).

        The server's own limit comes first; where it does not hold it the connection is cut. A kept connection that
        was dropped meanwhile is tried again with a new one.

        Raises:
            SourceUnavailable, SourceRefused, SourceGarbled: as `connection` does.
        """
        while True:
            fresh = self._engine.pool.checkedin() == 0 if isinstance(self._engine.pool, QueuePool) else True
            try:
                return self._answered(question, deadline)
            except DBAPIError as error:
                if fresh or not error.connection_invalidated or time.monotonic() >= deadline:
                    raise _meaning(self.make, error) from None
            except PoolTimeout:
                raise SourceUnavailable("every connection to the exchange database is in use") from None
            except SQLAlchemyError as error:
                raise SourceRefused(
                    f"the exchange database cannot be asked ({type(error).__name__}). Check the dsn and the "
                    "declaration."
                ) from None

    def close(self) -> None:
        """Close the connections nobody uses."""
        self._engine.dispose()

    def _answered(self, question: Callable[[Connection], T], deadline: float) -> T:
        with self._engine.connect() as connection:
            seconds = left(deadline)
            with cut_off(_descriptor(connection), seconds):
                self._prepare(connection, seconds)
                found = question(connection)
                connection.rollback()
            return found

    def _prepare(self, connection: Connection, seconds: float) -> None:
        millis = max(1, int(seconds * 1000))
        if self.make == "postgresql":
            connection.execute(text(f"SET LOCAL statement_timeout = {millis}"))
            connection.execute(text("SET LOCAL timezone = 'Asia/Shanghai'"))
            if not self._writes:
                connection.execute(text("SET TRANSACTION READ ONLY"))
        elif self.make in ("mysql", "mariadb"):
            mariadb = bool(getattr(self._engine.dialect, "is_mariadb", False))
            limit = f"max_statement_time = {seconds:.3f}" if mariadb else f"max_execution_time = {millis}"
            connection.execute(text(f"SET SESSION {limit}"))
            connection.execute(text("SET time_zone = '+08:00'"))
            if not self._writes:
                connection.execute(text("SET SESSION TRANSACTION READ ONLY"))
                connection.rollback()
        elif self.make == "oracle":
            driver: Any = connection.connection.driver_connection
            driver.call_timeout = millis
            if not self._writes:
                connection.execute(text("SET TRANSACTION READ ONLY"))


def _descriptor(connection: Connection) -> int:
    """Of the connection's socket; each driver has it in a place of its own."""
    driver: Any = connection.connection.driver_connection
    if hasattr(driver, "fileno"):
        return int(driver.fileno())
    inner = getattr(driver, "_sock", None)  # PyMySQL
    if inner is None:
        inner = driver._impl._protocol._transport._transport  # python-oracledb in thin mode
    return int(inner.fileno())


def database_url(dsn: str, section: str) -> URL:
    """The URL with its driver; the bare makes get theirs.

    Raises:
        SourceNotConfigured: no URL, or of a make that is not known here.
    """
    try:
        url = make_url(dsn) if "://" in dsn else _of_libpq(dsn)
        make = url.get_backend_name()
        if make not in DRIVERS:
            raise NoSuchModuleError(make)  # noqa: TRY301 - one answer for every wrong URL
        return url.set(drivername=f"{make}+{DRIVERS[make]}") if "+" not in url.drivername else url
    except (ArgumentError, NoSuchModuleError, ValueError):
        raise SourceNotConfigured(
            f"[{section}]: `dsn` is no database URL read here. Known are {', '.join(DRIVERS)}, e.g. "
            "mysql+pymysql://user:password@host:3306/database; correct the sources file."
        ) from None


def _of_libpq(dsn: str) -> URL:
    """libpq's own `host=… dbname=…` as a URL."""
    try:
        said = parse_dsn(dsn)
    except psycopg2.ProgrammingError:
        raise ValueError("no dsn") from None
    known = {name: said.pop(name, None) for name in ("user", "password", "host", "port", "dbname")}
    return URL.create(
        "postgresql+psycopg2", known["user"], known["password"], known["host"],
        int(known["port"]) if known["port"] else None, known["dbname"], said,
    )  # fmt: skip


def make_of(dsn: str) -> str:
    """The make a URL names, "postgresql" for libpq's own forms."""
    return dsn.partition(":")[0].partition("+")[0] if "://" in dsn else "postgresql"


def named_table(name: str, *columns: str) -> TableClause:
    """A table as far as a statement needs it; `name` may carry a schema."""
    schema, _, bare = name.rpartition(".")
    return table(bare, *(column(each) for each in columns), schema=schema or None)


def ordered(make: str, found: ColumnElement[Any]) -> ColumnElement[Any]:
    """`found` as something whose order tells every two values apart.

    MySQL's usual collations hold "a" and "A" for one value, so a page that ends between them would lose one.
    """
    return cast(found, LargeBinary) if make in ("mysql", "mariadb") else found


def bound(make: str, value: str) -> ColumnElement[Any]:
    """`value` to compare with what `ordered` gives."""
    return literal(value.encode(), LargeBinary) if make in ("mysql", "mariadb") else literal(value)


def _connect_args(url: URL, timeout_s: float, connect_s: int) -> dict[str, Any]:
    make = url.get_backend_name()
    if make == "postgresql":
        return {"connect_timeout": connect_s, "application_name": "yizheng-hub", "tcp_user_timeout": 60_000}
    if make in ("mysql", "mariadb"):
        # The server's own limit comes first; these notice a server that is no longer there.
        return {"connect_timeout": connect_s, "read_timeout": timeout_s + 15, "write_timeout": timeout_s + 15,
                "charset": "utf8mb4"}  # fmt: skip
    return {"tcp_connect_timeout": connect_s}


def _meaning(make: str, error: DBAPIError) -> SourceUnavailable | SourceRefused | SourceGarbled:
    """What a database error asks of us."""
    origin = error.orig
    shown, kind = {"postgresql": _pg, "mysql": _mysql, "mariadb": _mysql, "oracle": _oracle}[make](origin)
    if kind == "slow":
        return SourceUnavailable("the exchange database did not answer within the statement timeout")
    if kind == "value":
        return SourceGarbled(f"the exchange database cannot give or take a value of the page ({shown})")
    if kind == "no":
        return SourceRefused(
            f"the exchange database refuses our login or the statement ({shown}). Check the dsn, the declared table "
            "and columns, and the rights of our role with the department."
        )
    return SourceUnavailable(f"no connection to the exchange database, or a passing failure of it ({shown})")


def _pg(origin: BaseException | None) -> tuple[str, str]:
    state = str(getattr(origin, "pgcode", None) or "")
    if not state:
        return "no SQLSTATE", "no" if any(words in str(origin) for words in _PG_NO) else "again"
    if state == "57014":
        return state, "slow"
    if state.startswith("22"):
        return state, "value"
    return f"SQLSTATE {state}", "again" if state.startswith(_PG_PASSING) else "no"


def _mysql(origin: BaseException | None) -> tuple[str, str]:
    number = origin.args[0] if origin is not None and origin.args and isinstance(origin.args[0], int) else 0
    for numbers, kind in ((_MYSQL_NO, "no"), (_MYSQL_SLOW, "slow"), (_MYSQL_BAD_VALUE, "value")):
        if number in numbers:
            return f"error {number}", kind
    return f"error {number}", "again"


def _oracle(origin: BaseException | None) -> tuple[str, str]:
    first = origin.args[0] if origin is not None and origin.args else None
    code = str(getattr(first, "full_code", "") or "no code")
    for codes, kind in ((_ORACLE_NO, "no"), (_ORACLE_SLOW, "slow"), (_ORACLE_BAD_VALUE, "value")):
        if code in codes:
            return code, kind
    return code, "again"
