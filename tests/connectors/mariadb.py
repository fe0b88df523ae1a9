"""A private MariaDB in a temporary folder, where the package is installed."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pymysql
import pytest

USER, PASSWORD = "hub_test", "not-a-secret"


@contextmanager
def running() -> Iterator[int]:
    """Its port on 127.0.0.1; skips the test where there is no MariaDB."""
    server, install = shutil.which("mariadbd", path=_path()), shutil.which("mariadb-install-db", path=_path())
    if server is None or install is None:
        pytest.skip("mariadbd is not installed (Debian package mariadb-server)")
    # /var/tmp: a socket's path may not be long, and run by root the server takes another user.
    folder = Path(tempfile.mkdtemp(prefix="hub-maria-", dir="/var/tmp"))
    user = ["--user=mysql"] if os.geteuid() == 0 else []
    if user:
        shutil.chown(folder, "mysql", "mysql")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    data = folder / "data"
    subprocess.run(
        [install, "--no-defaults", *user, f"--datadir={data}", "--auth-root-authentication-method=normal",
         "--skip-test-db", "--innodb-log-file-size=8M"],
        check=True, timeout=120, **quiet,
    )  # fmt: skip
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    process = subprocess.Popen(
        [server, "--no-defaults", *user, f"--datadir={data}", f"--socket={folder}/s", f"--port={port}",
         "--bind-address=127.0.0.1", f"--pid-file={folder}/pid", "--innodb-flush-log-at-trx-commit=0",
         "--innodb-log-file-size=8M", "--innodb-buffer-pool-size=16M", "--skip-name-resolve"],
        **quiet,
    )  # fmt: skip
    try:
        _prepared(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)


def execute(port: int, *statements: str | tuple[str, object], database: str | None = "exchange") -> None:
    """Run statements as the owner of the exchange database."""
    connection = pymysql.connect(
        host="127.0.0.1", port=port, user="root", database=database, charset="utf8mb4", autocommit=True
    )
    try:
        with connection.cursor() as cursor:
            for statement in statements:
                if isinstance(statement, str):
                    cursor.execute(statement)
                else:
                    cursor.executemany(*statement)  # type: ignore[arg-type]
    finally:
        connection.close()


@contextmanager
def locked(port: int, table: str) -> Iterator[None]:
    """Nobody can read the table meanwhile."""
    connection = pymysql.connect(host="127.0.0.1", port=port, user="root", database="exchange")
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLES {table} WRITE")
        yield
    finally:
        connection.close()


def url(port: int, password: str = PASSWORD) -> str:
    return f"mysql+pymysql://{USER}:{password}@127.0.0.1:{port}/exchange"


def _prepared(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            execute(
                port,
                "CREATE DATABASE exchange CHARACTER SET utf8mb4",
                f"CREATE USER '{USER}'@'%' IDENTIFIED BY '{PASSWORD}'",
                f"GRANT SELECT, INSERT, UPDATE, DELETE ON exchange.* TO '{USER}'@'%'",
                database=None,
            )
            return
        except pymysql.err.OperationalError:
            assert process.poll() is None, "mariadbd ended"
            assert time.monotonic() < deadline, "mariadbd did not answer within 60 s"
            time.sleep(0.1)


def _path() -> str:
    return f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
