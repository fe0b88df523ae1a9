"""What differs from one installation to the next, read once from the environment and passed on."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from core.errors import Permanent

#: Where `make serve` answers.
_DEMO_URL = "http://127.0.0.1:8700"


class SettingMissing(Permanent):
    """A setting the hub cannot do without is absent or unreadable."""

    code: ClassVar[str] = "HUB-010"


class Mode(StrEnum):
    """In production mode demo keys, demo seals and built-in accounts are refused."""

    DEMO = "demo"
    PRODUCTION = "production"


def home_of(environment: Mapping[str, str]) -> Path:
    """The folder for what the hub writes: `HUB_HOME`, or `./var`."""
    return Path(environment.get("HUB_HOME", "var")).absolute()


@dataclass(frozen=True, slots=True)
class Settings:
    """Where this hub keeps and finds things.

    Attributes:
        home: folder for what the hub writes (licences, packages, keys of the demo).
        database_url: `postgresql://…` of the hub's own database; psycopg2 opens it.
        sources_file: TOML with the address and credentials of every department system.
        keys: folder with the data-protection keyring, the seal keys, their certificates and seals.
        mode: see `Mode`.
        press: TOML with the seal, its key and the timestamp authority; None = `press.toml` in `keys`, which may be
            absent in demo mode. A file that is named here must be there.
        access: TOML with who may ask for what; None = `access.toml` in `home`.
        web_hosts: names the web answers to beside the loopback address.
        public_url: where citizens reach the web, without a slash at its end; QR codes lead there. None where nobody has
            said it; see `citizens_address`.
        status_list_hours: how long a status list may be relied on after it was made.
        signs: whether this node seals. One that only shows pages may have no seal and no key, and says so.
        clamav: the virus scanner's command, `auto` for what is installed, `off` for none.
        archive_days: how old the last check of a package in the archive may get.
        archive_rate: bytes of packages read per second while they are checked in keeping; 0 for no bound.
        archive: address below which the archive's packages lie, as fsspec takes it; None = `home`. No password in it.
        evidence_days: after so many days at the latest a log's newest head is timestamped anew.
        evidence_days_before: so many days before the last stamp's certificate ends it is done as well.
        evidence_hashes: algorithms by which renewals are stamped, `sm3` and, where the authority takes it, `sha256`.
        transfer_quota: bytes that files of other hubs may take in the inbox.
    """

    home: Path
    database_url: str = field(repr=False)
    sources_file: Path
    keys: Path
    mode: Mode
    press: Path | None = None
    access: Path | None = None
    web_hosts: tuple[str, ...] = ()
    public_url: str | None = None
    status_list_hours: int = 24
    signs: bool = True
    clamav: str = "off"
    archive_days: int = 90
    archive_rate: int = 20_000_000
    archive: str | None = field(default=None, repr=False)
    evidence_days: int = 365
    evidence_days_before: int = 90
    evidence_hashes: tuple[str, ...] = ("sm3", "sha256")
    transfer_quota: int = 50_000_000_000

    @property
    def access_file(self) -> Path:
        """The file that says who may ask for what."""
        return self.access or self.home / "access.toml"

    @property
    def citizens_address(self) -> str | None:
        """Where citizens reach the web: in demo mode the address of `make serve` where nothing else was said."""
        return self.public_url or (_DEMO_URL if self.mode is Mode.DEMO else None)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None, *, database: bool = True) -> Settings:
        """Read `HUB_HOME`, `HUB_DATABASE_URL` (or `HUB_DATABASE_URL_FILE`), `HUB_SOURCES`, `HUB_KEYS`, `HUB_PRESS`,
        `HUB_ACCESS`, `HUB_WEB_HOSTS` (names with blanks or commas between them), `HUB_PUBLIC_URL`,
        `HUB_STATUS_LIST_HOURS`, `HUB_SIGNS`, `HUB_CLAMAV`, `HUB_ARCHIVE`, `HUB_ARCHIVE_DAYS`, `HUB_ARCHIVE_RATE`,
        `HUB_EVIDENCE_DAYS`, `HUB_EVIDENCE_DAYS_BEFORE`, `HUB_EVIDENCE_HASHES`, `HUB_TRANSFER_QUOTA`
        and `HUB_MODE`.

        Without any of them the one-box layout below `./var` is assumed, so that `hub` works in a
        checkout after `make demo` with nothing exported.

        Args:
            environment: in place of the process's own.
            database: False for what needs no database, such as verifying a file: its address may then be absent.

        Raises:
            SettingMissing: no database address can be found, HUB_MODE is neither demo nor production, HUB_SIGNS
                neither yes nor no, a number is none or out of bounds, or HUB_ARCHIVE is no address or holds a password.
        """
        env = os.environ if environment is None else environment
        home = home_of(env)
        url = env.get("HUB_DATABASE_URL", "")
        if not url and database:
            url_file = Path(env.get("HUB_DATABASE_URL_FILE", str(home / "secrets" / "hub-database-url")))
            try:
                url = url_file.read_text(encoding="utf-8").strip()
            except OSError as error:
                raise SettingMissing(
                    f"no database address: HUB_DATABASE_URL is not set and {url_file} cannot be read "
                    f"({error.strerror}). Start the one-box world with `make serve`, or set HUB_DATABASE_URL."
                ) from None
        try:
            mode = Mode(env.get("HUB_MODE", "demo"))
        except ValueError:
            raise SettingMissing("HUB_MODE must be `demo` or `production`") from None
        hours = _number(env, "HUB_STATUS_LIST_HOURS", 24, "of hours from 1 to 168", 1, 168)
        days = _number(env, "HUB_ARCHIVE_DAYS", 90, "of days from 1 to 3650", 1, 3650)
        rate = _number(env, "HUB_ARCHIVE_RATE", 20_000_000, "of bytes per second, 0 for no bound", 0, 10**12)
        renewed = _number(env, "HUB_EVIDENCE_DAYS", 365, "of days from 1 to 366", 1, 366)
        ahead = _number(env, "HUB_EVIDENCE_DAYS_BEFORE", 90, "of days from 1 to 730", 1, 730)
        hashes = tuple((env.get("HUB_EVIDENCE_HASHES") or "sm3 sha256").replace(",", " ").split())
        if hashes not in (("sm3",), ("sm3", "sha256")):
            raise SettingMissing("HUB_EVIDENCE_HASHES must be `sm3 sha256` or, for an authority without SHA-256, `sm3`")
        quota = _number(env, "HUB_TRANSFER_QUOTA", 50_000_000_000, "of bytes for files of other hubs", 1, 10**14)
        signs = env.get("HUB_SIGNS", "yes")
        if signs not in ("yes", "no"):
            raise SettingMissing("HUB_SIGNS must be `yes` or, for a node that has no seal and no key, `no`")
        return cls(
            home=home,
            database_url=url,
            sources_file=Path(env.get("HUB_SOURCES", str(home / "sources.toml"))).absolute(),
            keys=Path(env.get("HUB_KEYS", str(home / "keys"))).absolute(),
            mode=mode,
            press=Path(env["HUB_PRESS"]).absolute() if env.get("HUB_PRESS") else None,
            access=Path(env["HUB_ACCESS"]).absolute() if env.get("HUB_ACCESS") else None,
            web_hosts=tuple(env.get("HUB_WEB_HOSTS", "").replace(",", " ").split()),
            public_url=env.get("HUB_PUBLIC_URL", "").rstrip("/") or None,
            status_list_hours=hours,
            signs=signs == "yes",
            clamav=env.get("HUB_CLAMAV", "").strip() or "auto",
            archive_days=days,
            archive_rate=rate,
            archive=_archive(env),
            evidence_days=renewed,
            evidence_days_before=ahead,
            evidence_hashes=hashes,
            transfer_quota=quota,
        )


def _archive(env: Mapping[str, str]) -> str | None:
    text = env.get("HUB_ARCHIVE", "").strip().rstrip("/")
    if not text:
        return None
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    if "://" not in text or "::" in text or not parts.scheme or not (parts.netloc or parts.scheme == "file"):
        raise SettingMissing("HUB_ARCHIVE must be an address such as s3://BUCKET/PREFIX or file:///FOLDER")
    if parts.scheme == "file" and (parts.netloc or not parts.path):
        raise SettingMissing("HUB_ARCHIVE must name a folder of this machine with three slashes: file:///FOLDER")
    if parts.password is not None or parts.query or parts.fragment:
        raise SettingMissing(
            "HUB_ARCHIVE must hold no password, query or fragment: addresses are shown in messages. Give credentials "
            "by AWS_… or FSSPEC_… variables, or by the driver's own file."
        )
    return text


def _number(env: Mapping[str, str], name: str, usual: int, what: str, least: int, most: int) -> int:
    text = env.get(name) or str(usual)
    if not (text.isdecimal() and text.isascii() and len(text) <= 15 and least <= int(text) <= most):
        raise SettingMissing(f"{name} must be a number {what}")
    return int(text)
