"""The sources file is read by the connectors as it is written here."""

from __future__ import annotations

import json
from pathlib import Path

from connectors.endpoints import DatabaseEndpoint, Endpoints, FolderEndpoint, GatewayEndpoint, SftpEndpoint
from onebox.files import write_secret
from onebox.sandbox import as_toml

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
