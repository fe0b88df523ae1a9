"""`python -m sandbox`: starts fast, does nothing twice when started again, stops at once, says what is wrong."""

from __future__ import annotations

import contextlib
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import paramiko
import psycopg2
import pytest
import requests

REPOSITORY = Path(__file__).resolve().parents[2]


def _guids(dsn: str) -> list[str]:
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT xmin::text || row_guid FROM up_marriage ORDER BY row_guid")
        return [row[0] for row in cursor.fetchall()]


def test_a_restart_changes_nothing_and_is_faster(serve: Callable[..., Any], tmp_path: Path) -> None:
    first = serve(tmp_path / "state", seed=1, size=400).wait()
    rows, where = _guids(first.where["civil"]["dsn"]), first.where
    assert first.took < 6, "2 s alone on the machine; other work may share it"
    assert first.stop()[0] == 0
    again = serve(tmp_path / "state", seed=1, size=400).wait()
    assert _guids(again.where["civil"]["dsn"]) == rows, "rows were written again"
    assert again.where["civil"] == where["civil"]
    for name in ("rid", "sid_registration", "sid_clearance", "secret"):
        assert again.where["tax"][name] == where["tax"][name]
    for name in ("username", "password", "host_key"):
        assert again.where["hr"][name] == where["hr"][name]
    assert again.stop()[0] == 0


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_within_two_seconds_with_everybody_still_connected(
    serve: Callable[..., Any], tmp_path: Path, how: signal.Signals
) -> None:
    served = serve(tmp_path / "state", size=24).wait()
    where = served.where
    requests.post(f"{where['tax']['admin_url']}/_fault", json={"kind": "slow", "times": 1}, timeout=5)
    slow = threading.Thread(target=_ask, args=(where["tax"],), daemon=True)
    slow.start()
    transport = paramiko.Transport((where["hr"]["host"], where["hr"]["port"]))
    transport.connect(username=where["hr"]["username"], password=where["hr"]["password"])
    silent = socket.create_connection((where["hr"]["host"], where["hr"]["port"]))
    time.sleep(0.3)
    code, seconds = served.stop(how)
    assert (code, seconds < 2.0) == (0, True), seconds
    assert not served.ready.exists()
    for port in (where["hr"]["port"], int(where["tax"]["base_url"].rpartition(":")[2])):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=1)
    transport.close()
    silent.close()


def _ask(tax: dict[str, str]) -> None:
    with contextlib.suppress(requests.RequestException):
        requests.get(f"{tax['base_url']}/gateway/cf_ss_wqxx", timeout=40)


@pytest.mark.parametrize(
    ("option", "what"),
    [
        ("--tax-port", "tax gateway"),
        ("--hr-port", "HR SFTP"),
        ("--tsa-port", "timestamp authority"),
        ("--seal-port", "seal platform"),
    ],
)
def test_a_taken_port_is_named(serve: Callable[..., Any], tmp_path: Path, option: str, what: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        served = serve(tmp_path / "state", option, str(port), size=24)
        said = served.process.communicate(timeout=20)[1]
    assert served.process.returncode == 3
    assert what in said and str(port) in said and option in said
    assert "Traceback" not in said
    assert not (tmp_path / "state" / "meta.json").exists(), "data was made although nothing could be served"


def test_given_ports_are_used(serve: Callable[..., Any], tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        ports = one.getsockname()[1], two.getsockname()[1]
    served = serve(tmp_path / "state", "--tax-port", str(ports[0]), "--hr-port", str(ports[1]), size=24).wait()
    assert served.where["tax"]["base_url"] == f"http://127.0.0.1:{ports[0]}"
    assert served.where["hr"]["port"] == ports[1]
    served.stop()


def test_timestamps_and_seals_are_announced_with_all_a_client_needs(sandbox: Any) -> None:
    from signing.seal_platform import SealPlatform
    from signing.tsa import TimestampClient

    tsa, platform = sandbox.where["tsa"], sandbox.where["seal_platform"]
    assert TimestampClient(tsa["url"])(b"x")
    sealer = SealPlatform.open(
        platform["url"],
        platform["seal_id"],
        key_id=platform["key_id"],
        secret_file=Path(platform["secret_file"]),
        ca_file=Path(platform["ca_file"]),
    )
    assert sealer.sign(bytes(32), "/Doc_0/Signs/Sign_0/Signature.xml", datetime.now(UTC))
    for section in (tsa, platform):
        for name in section:
            assert "file" not in name or Path(section[name]).is_file(), name


def test_it_listens_on_this_machine_only(sandbox: Any) -> None:
    listening = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, _, state, *_ = line.split()
        if state == "0A":
            address, _, port = local.partition(":")
            listening.add((address, int(port, 16)))
    where = sandbox.where
    urls = [where["tax"]["base_url"], where["tsa"]["url"].removesuffix("/tsa"), where["seal_platform"]["url"]]
    urls += [where[name]["admin_url"] for name in ("tax", "tsa", "seal_platform")]
    ports = [int(url.rpartition(":")[2]) for url in urls] + [where["hr"]["port"]]
    assert all(("0100007F", port) in listening for port in ports)
    assert all(("00000000", port) not in listening for port in ports)


def test_passwords_are_for_the_owner_only(sandbox: Any) -> None:
    for path in (sandbox.ready, sandbox.state / "secrets.json", sandbox.state / "hr_host_key"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE(sandbox.state.stat().st_mode) == 0o700


def test_no_secret_is_said_on_the_screen(serve: Callable[..., Any], tmp_path: Path) -> None:
    served = serve(tmp_path / "state", size=24).wait()
    secrets = [served.where["tax"]["secret"], served.where["hr"]["password"], served.where["civil"]["dsn"]]
    served.process.terminate()
    said = served.process.communicate(timeout=20)[1]
    assert "ready in" in said
    assert not any(secret in said for secret in secrets)


def test_a_state_of_another_seed_is_left_alone(serve: Callable[..., Any], tmp_path: Path) -> None:
    serve(tmp_path / "state", seed=1, size=24).wait().stop()
    served = serve(tmp_path / "state", seed=2, size=24)
    said = served.process.communicate(timeout=20)[1]
    assert served.process.returncode == 4
    assert "holds seed 1, size 24" in said


def test_a_database_of_somebody_else_is_left_alone(
    serve: Callable[..., Any], tmp_path: Path, postgres_url: str
) -> None:
    with contextlib.closing(psycopg2.connect(postgres_url)) as admin:
        admin.autocommit = True
        with admin.cursor() as cursor:
            cursor.execute("DROP DATABASE IF EXISTS civil_exchange WITH (FORCE)")
            cursor.execute("CREATE DATABASE civil_exchange")
        theirs = re.sub(r"/[^/?]*(\?|$)", r"/civil_exchange\1", postgres_url)
        with contextlib.closing(psycopg2.connect(theirs)) as other, other.cursor() as cursor:
            cursor.execute("CREATE TABLE up_marriage (theirs text)")
            other.commit()
        try:
            served = serve(tmp_path / "state", size=24)
            said = served.process.communicate(timeout=20)[1]
            assert served.process.returncode == 5
            assert "was not made by the sandbox" in said
            with contextlib.closing(psycopg2.connect(theirs)) as other, other.cursor() as cursor:
                cursor.execute("SELECT theirs FROM up_marriage")
        finally:
            with admin.cursor() as cursor:
                cursor.execute("DROP DATABASE IF EXISTS civil_exchange WITH (FORCE)")


def test_an_absent_postgresql_is_said_and_nothing_hangs(serve: Callable[..., Any], tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    url = f"postgresql://postgres:hidden-word@127.0.0.1:{port}/postgres"
    served = serve(tmp_path / "state", postgres=url, size=24)
    said = served.process.communicate(timeout=20)[1]
    assert served.process.returncode == 5
    assert "--postgres" in said and "Traceback" not in said and "hidden-word" not in said


@pytest.mark.parametrize("command", [[], ["serve"], ["generate"], ["dirt"]])
def test_every_command_explains_itself(command: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sandbox", *command, "--help"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "usage: python -m sandbox" in done.stdout
    if command in (["serve"], ["generate"]):
        assert "example: python -m sandbox" in done.stdout and "default 400" in done.stdout


def test_the_table_of_dirt_names_every_kind() -> None:
    from sandbox import dirt

    done = subprocess.run(
        [sys.executable, "-m", "sandbox", "dirt"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    for kind in dirt.KINDS:
        assert re.search(rf"^{kind.name} +{kind.share:.1%} ", done.stdout, re.M), kind.name


def test_the_readme_names_every_kind_of_dirt_and_every_fault() -> None:
    from sandbox import dirt, gateway_faults, hr, seal_platform, tsa

    text = (REPOSITORY / "sandbox" / "README.md").read_text(encoding="utf-8")
    for name in [kind.name for kind in dirt.KINDS] + [
        *gateway_faults.FAULTS,
        *hr.FAULTS,
        *tsa.FAULTS,
        *seal_platform.FAULTS,
    ]:
        assert f"`{name}`" in text, name
