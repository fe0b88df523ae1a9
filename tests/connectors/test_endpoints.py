"""The sources file: clear when something is missing, strict about who can read it, silent about secrets."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

import connectors
from connectors.endpoints import (
    DatabaseEndpoint,
    Endpoints,
    FolderEndpoint,
    GatewayEndpoint,
    SftpEndpoint,
    SourceNotConfigured,
    SourcesFileRefused,
)
from connectors.registry import FileNotWanted, declaration, declarations, open_source

EXAMPLE = Path(connectors.__file__ or "").parent / "endpoints.example.toml"


def _file(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "sources.toml"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def test_the_example_is_complete_once_its_secrets_are_there(tmp_path: Path) -> None:
    path = _file(tmp_path, EXAMPLE.read_text(encoding="utf-8"))
    (tmp_path / "secrets").mkdir()
    for name in (
        "tax-secret", "civil-dsn", "bureau-dsn", "hr-password", "register-dsn", "police-dsn", "police-write-dsn",
        "health-password", "platform-secret",
    ):  # fmt: skip
        secret = tmp_path / "secrets" / name
        secret.write_text("postgresql://hub@db.example/value\n" if "dsn" in name else "value\n", encoding="utf-8")
        secret.chmod(0o600)
    endpoints = Endpoints.load(path)
    assert endpoints.section("tax", GatewayEndpoint).secret.get_secret_value() == "value"
    assert endpoints.section("tax", GatewayEndpoint).sid("sid_clearance") == "service-id-of-tax-clearance"
    assert endpoints.section("bureau", DatabaseEndpoint).dsn.get_secret_value().endswith("/value")
    assert endpoints.section("hr", SftpEndpoint).folder == "/out"
    assert endpoints.section("market", FolderEndpoint).folder == Path("/srv/hub/in/market")
    for declared in declarations().values():
        # the example's host key is none, and says so
        if declared.reach.open and declared.department.id != "hr":
            assert open_source(declared, endpoints)


def test_every_key_of_the_example_is_a_known_one() -> None:
    open_ones = {declared.section for declared in declarations().values() if declared.reach.open}
    assert set(tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))) == open_ones


def test_a_missing_department_says_what_to_do_and_leaves_the_others_alone(tmp_path: Path) -> None:
    endpoints = Endpoints.load(_file(tmp_path, '[civil]\ndsn = "postgresql://x"\n[hr]\nhost = 3\n'))
    assert open_source(declaration("civil.marriage"), endpoints)
    with pytest.raises(SourceNotConfigured, match=r"\[tax\] is not in .*endpoints\.example\.toml"):
        open_source(declaration("tax.registration"), endpoints)
    with pytest.raises(SourceNotConfigured, match=r"\[hr\].*host"):
        open_source(declaration("hr.insurance"), endpoints)


def test_without_a_sources_file_a_given_file_can_still_be_read(tmp_path: Path) -> None:
    endpoints = Endpoints.load(tmp_path / "absent.toml")
    assert open_source(declaration("market.company"), endpoints, file=tmp_path / "x.csv")
    with pytest.raises(SourceNotConfigured, match="no such file"):
        open_source(declaration("market.company"), endpoints)


def test_a_file_for_a_resource_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotWanted, match="comes by exchange_db"):
        open_source(declaration("civil.marriage"), Endpoints.empty(), file=tmp_path / "x.csv")


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o644, 0o777])
def test_a_file_open_to_every_user_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(SourcesFileRefused, match="chmod o-rwx"):
        Endpoints.load(_file(tmp_path, "[civil]\n", mode))


def test_a_secret_open_to_every_user_is_refused(tmp_path: Path) -> None:
    (tmp_path / "dsn").write_text("postgresql://x", encoding="utf-8")
    (tmp_path / "dsn").chmod(0o644)
    endpoints = Endpoints.load(_file(tmp_path, '[civil]\ndsn_file = "dsn"\n', 0o640))
    with pytest.raises(SourcesFileRefused, match="consider its secrets known"):
        endpoints.section("civil", DatabaseEndpoint)


@pytest.mark.parametrize(
    "section",
    [
        '[tax]\nbase_url = "http://x"\nrid = "r"\nsecret = "hush-hush"\nsids = "y"\n',
        '[tax]\nbase_url = "hush-hush"\nrid = "r"\nsecret = "hush-hush"\n',
        '[tax]\nbase_url = "http://x"\nsecret = "hush-hush"\n',
        '[tax]\nrid = "hush-hush\n',
    ],
)
def test_a_wrong_section_is_named_without_any_of_its_values(tmp_path: Path, section: str) -> None:
    with pytest.raises((SourceNotConfigured, SourcesFileRefused)) as caught:
        Endpoints.load(_file(tmp_path, section)).section("tax", GatewayEndpoint)
    assert "hush-hush" not in str(caught.value)
    assert "sources.toml" in str(caught.value)


def test_secrets_do_not_show_in_a_repr(tmp_path: Path) -> None:
    text = '[tax]\nbase_url = "http://x"\nrid = "r"\nsecret = "hush-hush"\n[civil]\ndsn = "hush-hush"\n'
    endpoints = Endpoints.load(_file(tmp_path, text))
    shown = (
        f"{endpoints!r} {endpoints.section('tax', GatewayEndpoint)!r} {endpoints.section('civil', DatabaseEndpoint)}"
    )
    assert "hush-hush" not in shown


def test_an_unpinned_server_cannot_be_configured(tmp_path: Path) -> None:
    text = '[hr]\nhost = "h"\nusername = "u"\npassword = "p"\nfolder = "/out"\n'
    with pytest.raises(SourceNotConfigured, match="host_key"):
        Endpoints.load(_file(tmp_path, text)).section("hr", SftpEndpoint)
    (tmp_path / "sources.toml").write_text(text + 'host_key = "ssh-ed25519 AAAA"\n', encoding="utf-8")
    with pytest.raises(SourceNotConfigured, match="not a public key line"):
        open_source(declaration("hr.insurance"), Endpoints.load(tmp_path / "sources.toml"))
