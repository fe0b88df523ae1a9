"""The files by which the hub finds the sandbox are read by the hub as they are written here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connectors.endpoints import DatabaseEndpoint, Endpoints, FolderEndpoint, GatewayEndpoint, SftpEndpoint
from core.settings import Mode, Settings
from hub.press_file import press_file_of
from onebox.files import write_secret
from onebox.sandbox import as_toml, write_press

ANNOUNCED = {
    "tax": {
        "base_url": "http://127.0.0.1:8781",
        "rid": "r",
        "sid_registration": "a",
        "sid_clearance": "b",
        "secret": 's"e\\c\n密',
        "admin_url": "http://127.0.0.1:9",
    },
    "civil": {"dsn": "postgresql://reader:p%40ss@127.0.0.1:5432/civil_exchange"},
    "bureau": {"dsn": "postgresql://reader:x@127.0.0.1:5432/bureau_approval"},
    "hr": {
        "host": "127.0.0.1",
        "port": 8782,
        "username": "u",
        "password": "p",
        "host_key": "ssh-ed25519 AAAAC3Nz",
        "folder": "/out",
    },
    "market": {"folder": "/srv/market"},
    "expected": "/srv/expected.jsonl",
}


def test_every_department_is_found_by_its_connector(tmp_path: Path) -> None:
    file = tmp_path / "sources.toml"
    write_secret(file, as_toml(json.loads(json.dumps(ANNOUNCED))))
    endpoints = Endpoints.load(file)
    tax = endpoints.section("tax", GatewayEndpoint)
    assert tax.secret.get_secret_value() == 's"e\\c\n密'
    assert tax.sid("sid_registration") == "a"
    assert endpoints.section("civil", DatabaseEndpoint).dsn.get_secret_value() == ANNOUNCED["civil"]["dsn"]  # type: ignore[index]
    assert endpoints.section("bureau", DatabaseEndpoint)
    assert endpoints.section("hr", SftpEndpoint).port == 8782
    assert endpoints.section("market", FolderEndpoint).folder == Path("/srv/market")
    assert file.stat().st_mode & 0o077 == 0


def authority(folder: Path, url: str = "http://127.0.0.1:8783/tsa") -> dict[str, str]:
    """What the sandbox announces of its timestamp authority."""
    found = {"url": url}
    for name in ("trust_file", "trust_file_p256", "certificate_file", "certificate_file_p256"):
        file = folder / f"{name}.pem"
        file.write_text(f"-----BEGIN CERTIFICATE-----\n{name}\n-----END CERTIFICATE-----\n")
        found[name] = str(file)
    return found


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    (tmp_path / "keys").mkdir()
    return tmp_path / "keys"


def settings_of(keys: Path) -> Settings:
    return Settings(keys.parent, "", keys.parent / "sources.toml", keys, Mode.DEMO)


def test_the_press_file_is_read_by_the_hub_as_it_is_written_here(tmp_path: Path, keys: Path) -> None:
    write_press(keys, authority(tmp_path))
    read = press_file_of(settings_of(keys))
    assert read.timestamp is not None
    assert (read.timestamp.url, read.timestamp.when_down) == ("http://127.0.0.1:8783/tsa", "wait")
    assert read.timestamp.certificate_file is not None
    assert read.timestamp.certificate_file.read_text().count("BEGIN CERTIFICATE") == 2
    assert read.seal is None, "the demo's own"
    assert sorted(path.name for path in (keys / "trust").iterdir()) == ["sandbox-tsa-p256.pem", "sandbox-tsa.pem"]


def test_writing_it_again_touches_nothing_and_a_new_address_is_taken(tmp_path: Path, keys: Path) -> None:
    write_press(keys, authority(tmp_path))
    before = {path: path.stat().st_mtime_ns for path in keys.rglob("*") if path.is_file()}
    write_press(keys, authority(tmp_path))
    assert {path: path.stat().st_mtime_ns for path in keys.rglob("*") if path.is_file()} == before
    write_press(keys, authority(tmp_path, "http://127.0.0.1:9/tsa"))
    assert "http://127.0.0.1:9/tsa" in (keys / "press.toml").read_text()


def test_a_press_file_of_a_person_stays(tmp_path: Path, keys: Path) -> None:
    (keys / "press.toml").write_text("# mine\n")
    write_press(keys, authority(tmp_path))
    assert (keys / "press.toml").read_text() == "# mine\n"
