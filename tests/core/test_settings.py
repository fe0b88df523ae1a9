"""Settings come from the environment, say what is missing, and never show a password."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.settings import Mode, SettingMissing, Settings

URL = "postgresql://hub:very-secret@127.0.0.1/hub"


def test_everything_can_be_given(tmp_path: Path) -> None:
    settings = Settings.from_environment(
        {
            "HUB_HOME": str(tmp_path),
            "HUB_DATABASE_URL": URL,
            "HUB_SOURCES": str(tmp_path / "s.toml"),
            "HUB_KEYS": str(tmp_path / "k"),
            "HUB_MODE": "production",
            "HUB_CLAMAV": "clamscan",
            "HUB_ARCHIVE_DAYS": "30",
            "HUB_ARCHIVE_RATE": "0",
            "HUB_ARCHIVE": "s3://packages/district/",
            "HUB_TRANSFER_QUOTA": "7",
        }
    )
    assert settings == Settings(
        tmp_path, URL, tmp_path / "s.toml", tmp_path / "k", Mode.PRODUCTION,
        clamav="clamscan", archive_days=30, archive_rate=0, archive="s3://packages/district", transfer_quota=7,
    )  # fmt: skip


def test_how_packages_are_checked_has_usual_values_and_bounds() -> None:
    usual = Settings.from_environment({"HUB_DATABASE_URL": URL})
    assert (usual.clamav, usual.archive_days, usual.archive_rate) == ("auto", 90, 20_000_000)
    for name, value in (
        ("HUB_ARCHIVE_DAYS", "0"), ("HUB_ARCHIVE_DAYS", "x"), ("HUB_ARCHIVE_RATE", "9" * 20),
        ("HUB_TRANSFER_QUOTA", "0"),
    ):  # fmt: skip
        with pytest.raises(SettingMissing, match=name):
            Settings.from_environment({"HUB_DATABASE_URL": URL, name: value})


def test_where_packages_lie_is_an_address_without_credentials() -> None:
    for given in ("s3:bucket", "packages", "file://packages", "s3://b/x?key=very-secret", "s3://id:very-secret@b/x"):
        with pytest.raises(SettingMissing, match="HUB_ARCHIVE") as told:
            Settings.from_environment({"HUB_DATABASE_URL": URL, "HUB_ARCHIVE": given})
        assert "very-secret" not in str(told.value)
    assert Settings.from_environment({"HUB_DATABASE_URL": URL, "HUB_ARCHIVE": ""}).archive is None


def test_a_press_file_may_be_named(tmp_path: Path) -> None:
    given = {"HUB_DATABASE_URL": URL, "HUB_PRESS": str(tmp_path / "press.toml")}
    assert Settings.from_environment(given).press == tmp_path / "press.toml"
    assert Settings.from_environment({"HUB_DATABASE_URL": URL, "HUB_PRESS": ""}).press is None


def test_the_password_is_not_in_the_repr() -> None:
    assert "very-secret" not in repr(Settings.from_environment({"HUB_DATABASE_URL": URL}))


def test_the_address_may_lie_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "url").write_text(URL + "\n")
    assert Settings.from_environment({"HUB_DATABASE_URL_FILE": str(tmp_path / "url")}).database_url == URL


def test_without_an_address_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SettingMissing, match=r"make serve.*HUB_DATABASE_URL"):
        Settings.from_environment({"HUB_HOME": str(tmp_path)})


def test_what_needs_no_database_does_without_one(tmp_path: Path) -> None:
    assert Settings.from_environment({"HUB_HOME": str(tmp_path)}, database=False).database_url == ""


def test_a_mode_that_does_not_exist_is_refused() -> None:
    with pytest.raises(SettingMissing, match="HUB_MODE"):
        Settings.from_environment({"HUB_DATABASE_URL": URL, "HUB_MODE": "test"})
