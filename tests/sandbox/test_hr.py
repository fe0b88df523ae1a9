"""The HR file server over real SFTP: complete files with true control files, in a jail nobody gets out of."""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paramiko
import pytest
import requests
from cryptography.hazmat.primitives import hashes

from sandbox import daily_faults


def _transport(hr: dict[str, Any]) -> paramiko.Transport:
    transport = paramiko.Transport((hr["host"], hr["port"]))
    transport.start_client(timeout=10)
    return transport


@pytest.fixture
def sftp(sandbox: Any) -> Iterator[paramiko.SFTPClient]:
    hr = sandbox.where["hr"]
    transport = _transport(hr)
    transport.auth_password(hr["username"], hr["password"])
    client = paramiko.SFTPClient.from_transport(transport)
    assert client is not None
    yield client
    transport.close()


def test_the_host_key_is_the_one_in_the_ready_file(sandbox: Any) -> None:
    hr = sandbox.where["hr"]
    transport = _transport(hr)
    kind, _, text = hr["host_key"].partition(" ")
    shown = transport.get_remote_server_key()
    transport.close()
    assert (shown.get_name(), shown.asbytes()) == (kind, base64.b64decode(text))


@pytest.mark.parametrize(
    ("username", "password"), [("approval_bureau", "wrong"), ("root", None), ("approval_bureau", "")]
)
def test_another_user_or_password_is_refused(sandbox: Any, username: str, password: str | None) -> None:
    hr = sandbox.where["hr"]
    transport = _transport(hr)
    with pytest.raises(paramiko.AuthenticationException):
        transport.auth_password(username, hr["password"] if password is None else password)
    transport.close()


def test_every_file_is_what_its_control_file_says(sftp: paramiko.SFTPClient) -> None:
    encodings = []
    for day in sorted(sftp.listdir("/out")):
        names = sftp.listdir(f"/out/{day}")
        for name in (name for name in names if name.endswith(".ctl")):
            control = dict(
                line.split("=", 1) for line in _read(sftp, f"/out/{day}/{name}").decode("ascii").splitlines()
            )
            assert control["file"] == name.replace(".ctl", ".csv")
            body = _read(sftp, f"/out/{day}/{control['file']}")
            digest = hashes.Hash(hashes.SM3())
            digest.update(body)
            assert (len(body), digest.finalize().hex()) == (int(control["bytes"]), control["sm3"])
            text = body.decode(control["encoding"])
            assert text.count("\r\n") == text.count("\n") == int(control["rows"]) + 1
            assert len(list(csv.reader(io.StringIO(text, newline="")))) == int(control["rows"]) + 1
            encodings.append(control["encoding"])
    assert sorted(encodings) == ["GB18030", *["UTF-8"] * 5]


def test_one_file_is_still_coming_in(sftp: paramiko.SFTPClient) -> None:
    days = sorted(sftp.listdir("/out"))
    assert len(days) == 4
    assert sftp.listdir(f"/out/{days[-1]}") == [f"zyzg_{days[-1]}.csv"]


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../../etc/passwd", "/out/../secrets.json", "/out/../../../etc/passwd", "//etc/passwd", "/"]
)
def test_nothing_outside_the_folder_can_be_read(sftp: paramiko.SFTPClient, path: str) -> None:
    with pytest.raises(OSError), sftp.open(path) as file:
        file.read(1)


def test_a_link_that_leads_out_is_no_file(sftp: paramiko.SFTPClient, sandbox: Any) -> None:
    link = Path(sandbox.state) / "out" / "leak"
    link.symlink_to("../secrets.json")
    try:
        assert "leak" not in sftp.listdir("/out")
        with pytest.raises(FileNotFoundError):
            sftp.open("/out/leak")
        with pytest.raises(FileNotFoundError):
            sftp.stat("/out/leak")
    finally:
        link.unlink()


def test_the_root_shows_one_folder(sftp: paramiko.SFTPClient) -> None:
    assert sftp.listdir("/") == ["out"]


@pytest.mark.parametrize("mode", ["w", "a", "r+", "x"])
def test_nothing_can_be_opened_for_writing(sftp: paramiko.SFTPClient, mode: str) -> None:
    day = sftp.listdir("/out")[0]
    target = "new.csv" if mode in "wx" else sftp.listdir(f"/out/{day}")[0]
    with pytest.raises(OSError):
        sftp.open(f"/out/{day}/{target}", mode)


def test_nothing_can_be_changed_or_removed(sftp: paramiko.SFTPClient, sandbox: Any) -> None:
    before = sorted(path.name for path in (Path(sandbox.state) / "out").iterdir())
    day = sftp.listdir("/out")[0]
    file = f"/out/{day}/{sftp.listdir(f'/out/{day}')[0]}"
    for attempt in (
        lambda: sftp.remove(file),
        lambda: sftp.rename(file, "/out/moved"),
        lambda: sftp.posix_rename(file, "/out/moved"),
        lambda: sftp.mkdir("/out/new"),
        lambda: sftp.rmdir(f"/out/{day}"),
        lambda: sftp.chmod(file, 0o777),
        lambda: sftp.truncate(file, 0),
        lambda: sftp.symlink("/etc/passwd", "/out/leak"),
    ):
        with pytest.raises(OSError):
            attempt()
    assert sorted(path.name for path in (Path(sandbox.state) / "out").iterdir()) == before


def test_there_is_no_shell(sandbox: Any) -> None:
    hr = sandbox.where["hr"]
    transport = _transport(hr)
    transport.auth_password(hr["username"], hr["password"])
    channel = transport.open_session()
    with pytest.raises(paramiko.SSHException):
        channel.exec_command("id")
    transport.close()


@pytest.fixture
def file(sftp: paramiko.SFTPClient, sandbox: Any) -> Path:
    """The insurance file of the first day, where the sandbox keeps it."""
    day = sorted(sftp.listdir("/out"))[0]
    return Path(sandbox.state) / "out" / day / f"cf_bx_sbxx_{day}.csv"


def _remote(file: Path) -> str:
    return f"/out/{file.parent.name}/{file.name}"


def _control(sftp: paramiko.SFTPClient, file: Path) -> dict[str, str]:
    text = _read(sftp, _remote(file.with_suffix(".ctl"))).decode("ascii")
    return dict(line.split("=", 1) for line in text.splitlines())


def _sm3(body: bytes) -> str:
    digest = hashes.Hash(hashes.SM3())
    digest.update(body)
    return digest.finalize().hex()


def test_a_truncated_file_is_shorter_than_its_control_file_says(sftp: paramiko.SFTPClient, file: Path) -> None:
    whole = _read(sftp, _remote(file))
    with daily_faults.truncated(file):
        body = _read(sftp, _remote(file))
        assert sftp.stat(_remote(file)).st_size == len(body) == len(whole) // 2
        assert whole.startswith(body)
        assert int(_control(sftp, file)["bytes"]) == len(whole)
    assert _read(sftp, _remote(file)) == whole


def test_a_recoded_file_fits_its_control_file_in_all_but_the_encoding(sftp: paramiko.SFTPClient, file: Path) -> None:
    whole = _read(sftp, _remote(file))
    with daily_faults.recoded(file):
        body, control = _read(sftp, _remote(file)), _control(sftp, file)
        assert (len(body), _sm3(body)) == (int(control["bytes"]), control["sm3"])
        assert control["encoding"] == "UTF-8"
        assert body.decode("gb18030") == whole.decode()
        with pytest.raises(UnicodeDecodeError):
            body.decode()
    assert _read(sftp, _remote(file)) == whole
    assert _sm3(whole) == _control(sftp, file)["sm3"]


def test_a_file_replaced_while_it_is_read_is_half_one_and_half_the_other(
    sftp: paramiko.SFTPClient, sandbox: Any, file: Path
) -> None:
    whole, control = _read(sftp, _remote(file)), _control(sftp, file)
    order = requests.post(
        f"{sandbox.where['hr']['admin_url']}/_fault", json={"kind": "replaced", "times": 1}, timeout=5
    )
    assert order.status_code == 200
    # control files are read as they are, and use no order up
    assert _control(sftp, file) == control
    mixed = _read(sftp, _remote(file))
    assert len(mixed) == len(whole)
    assert mixed[: len(whole) // 2] != whole[: len(whole) // 2]
    assert mixed[len(whole) // 2 :] == whole[len(whole) // 2 :]
    assert _sm3(mixed) != control["sm3"]
    lines = whole.split(b"\r\n")
    assert len(set(lines) & set(mixed.split(b"\r\n"))) < 0.9 * len(lines), "no row is missing: nobody would be misled"
    assert _read(sftp, _remote(file)) == whole


def _read(sftp: paramiko.SFTPClient, path: str) -> bytes:
    with sftp.open(path) as file:
        return file.read()
