"""The embedded PostgreSQL is started for real in every test here."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
import pytest

from onebox.errors import PostgresUnusable
from onebox.postgres import Cluster
from onebox.process import working_in

pytestmark = pytest.mark.world


@contextmanager
def cluster_in(place: Path, *, port: int | None = None, durable: bool = False) -> Iterator[Cluster]:
    cluster = Cluster(place / "postgres", secrets_folder=place / "secrets", port=port, durable=durable)
    try:
        yield cluster
    finally:
        cluster.destroy()


def ask(url: str, question: str) -> object:
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(question)
            row = cursor.fetchone()
            return None if row is None else row[0]
    finally:
        connection.close()


def processes(cluster: Cluster) -> list[int]:
    return working_in(cluster.data, "postgres")


def postmaster(cluster: Cluster) -> int:
    return int((cluster.data / "postmaster.pid").read_text(encoding="ascii").splitlines()[0])


def test_it_serves_a_database_to_its_owner_only_and_leaves_nothing_behind(place: Path) -> None:
    with cluster_in(place) as cluster:
        cluster.start()
        for name in ("hub", "airflow"):
            cluster.ensure_role(name)
            assert cluster.ensure_database(name, owner=name)
            assert not cluster.ensure_database(name, owner=name)
        assert ask(cluster.url("hub", role="hub"), "SELECT current_user") == "hub"
        with pytest.raises(psycopg2.OperationalError, match="permission denied"):
            psycopg2.connect(cluster.url("hub", role="airflow"))
        with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
            psycopg2.connect(cluster.url("hub", role="hub").replace(cluster.password("hub"), "guessed"))
        assert processes(cluster)
        cluster.stop()
        assert processes(cluster) == []


def test_it_listens_on_this_machine_only_and_keeps_its_passwords_to_itself(place: Path) -> None:
    with cluster_in(place) as cluster:
        cluster.start()
        assert ask(cluster.url(), "SHOW listen_addresses") == "127.0.0.1"
        assert ask(cluster.url(), "SHOW unix_socket_directories") == ""
        assert ask(cluster.url(), "SELECT rolpassword LIKE 'SCRAM-SHA-256$%' FROM pg_authid WHERE rolname = 'postgres'")
        for file in (place / "secrets").iterdir():
            assert file.stat().st_mode & 0o077 == 0
        command_line = Path(f"/proc/{postmaster(cluster)}/cmdline").read_bytes()
        assert cluster.password("postgres").encode() not in command_line


def test_what_was_committed_survives_the_death_of_the_server(place: Path) -> None:
    with cluster_in(place, durable=True) as cluster:
        cluster.start()
        with cluster.admin() as cursor:
            cursor.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        os.kill(postmaster(cluster), signal.SIGKILL)
        # a later run, which knows nothing of the first
        later = Cluster(place / "postgres", secrets_folder=place / "secrets")
        later.start()
        assert ask(later.url(), "SELECT answer FROM kept") == 42
        later.stop()


def test_the_server_ends_when_the_process_that_started_it_is_killed(place: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from onebox.postgres import Cluster\n"
        "c = Cluster(Path(sys.argv[1]) / 'postgres', secrets_folder=Path(sys.argv[1]) / 'secrets', durable=False)\n"
        "c.start(); print('up', flush=True); time.sleep(60)"
    )
    with cluster_in(place) as cluster:
        starter = subprocess.Popen([sys.executable, "-c", program, str(place)], stdout=subprocess.PIPE)
        assert starter.stdout is not None
        assert starter.stdout.readline() == b"up\n"
        assert processes(cluster)
        starter.kill()
        starter.communicate()
        deadline = time.monotonic() + 15
        while processes(cluster) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert processes(cluster) == []


def test_a_server_left_behind_is_ended_and_its_data_used(place: Path) -> None:
    with cluster_in(place) as first:
        first.start()
        left = postmaster(first)
        with cluster_in(place) as second:
            second.start()
            assert postmaster(second) != left
            assert ask(second.url(), "SELECT 1") == 1


def test_a_taken_port_is_given_way_to(place: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        with cluster_in(place, port=taken) as cluster:
            cluster.start()
            assert cluster.port != taken
            assert ask(cluster.url(), "SELECT 1") == 1


def test_a_first_start_that_was_cut_off_is_started_over(place: Path) -> None:
    with cluster_in(place) as cluster:
        half = cluster.home / "data.new"
        half.mkdir()
        (half / "PG_VERSION").write_text("18\n")
        cluster.start()
        assert not half.exists()
        assert ask(cluster.url(), "SELECT 1") == 1


def test_a_shell_that_stands_in_the_data_folder_is_left_alone(place: Path) -> None:
    with cluster_in(place) as cluster:
        cluster.start()
        cluster.stop()
        shell = subprocess.Popen(["sleep", "60"], cwd=cluster.data)
        try:
            cluster.start()
            cluster.stop()
            assert shell.poll() is None
        finally:
            shell.kill()
            shell.wait()


def test_data_of_another_major_version_is_refused_with_what_to_do(place: Path) -> None:
    with cluster_in(place) as cluster:
        cluster.data.mkdir()
        (cluster.data / "PG_VERSION").write_text("12\n")
        with pytest.raises(PostgresUnusable, match=r"PostgreSQL 12, the installed one is 18.*make clean"):
            cluster.start()


def test_a_lost_password_file_is_told_at_once(place: Path) -> None:
    with cluster_in(place) as cluster:
        cluster.start()
        cluster.stop()
        (place / "secrets" / "postgres-postgres").unlink()
        began = time.monotonic()
        with pytest.raises(PostgresUnusable, match="password file"):
            cluster.start()
        assert time.monotonic() - began < 10
        assert processes(cluster) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to step down")
def test_started_by_root_it_runs_as_somebody_else(place: Path) -> None:
    with cluster_in(place) as cluster:
        cluster.start()
        assert all(Path(f"/proc/{pid}").stat().st_uid != 0 for pid in processes(cluster))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to step down")
def test_below_a_home_nobody_else_may_enter_the_data_goes_elsewhere_and_is_found_again(place: Path) -> None:
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    with cluster_in(closed) as cluster:
        cluster.start()
        elsewhere = (closed / "postgres").readlink()
        assert elsewhere.parent == Path("/var/tmp")
        with cluster.admin() as cursor:
            cursor.execute("CREATE TABLE kept AS SELECT 7 AS answer")
        cluster.stop()
        closed.chmod(0o755)  # the place once chosen stays, or the data would seem lost
        with cluster_in(closed) as later:
            later.start()
            assert ask(later.url(), "SELECT answer FROM kept") == 7
    assert not elsewhere.exists()
    assert closed.stat().st_mode & 0o777 == 0o755


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can try it as somebody else")
def test_started_by_an_ordinary_user_it_runs_as_that_user(place: Path) -> None:
    repository = Path(__file__).resolve().parents[2]
    program = (
        "import os, sys; from pathlib import Path; from onebox.postgres import Cluster\n"
        "p = Path(sys.argv[1]); c = Cluster(p / 'postgres', secrets_folder=p / 'secrets', durable=False)\n"
        "c.start(); owner = Path(f'/proc/{c.pid}').stat().st_uid; c.stop(); print(owner)"
    )
    os.chown(place, 65534, 65534)
    environment = {"PATH": os.defpath, "PYTHONPATH": os.pathsep.join([str(repository), *filter(None, sys.path)])}
    python = shutil.which("python3.11", path=os.defpath) or sys.executable
    try:
        done = subprocess.run(
            [python, "-c", program, str(place)],
            env=environment,
            cwd="/",
            capture_output=True,
            text=True,
            user=65534,
            group=65534,
            extra_groups=[],
            check=False,
        )
    except PermissionError:
        pytest.skip("this Python lies where an ordinary user cannot run it")
    if "No module named" in done.stderr or "Permission denied" in done.stderr:
        pytest.skip("the environment lies where an ordinary user cannot read it")
    assert done.stdout == "65534\n", done.stderr
