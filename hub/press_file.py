"""`press.toml`: which seal, which key, which timestamp authority. Read strictly; nothing is opened here.

`press.example.toml` beside this file explains every key.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from core.errors import Permanent
from core.settings import Settings
from hub.press_table import PressMalformed, Table

USUAL_NAME = "press.toml"
#: The values of `signing.port.Algorithm`, which is not imported here: whoever only verifies reads this file too.
_ALGORITHMS = ("sm2-sm3", "ecdsa-sha256", "rsa-sha256")


class PressUnset(Permanent):
    """The bureau's seal, its key or what else was asked of the press is not configured."""

    code: ClassVar[str] = "HUB-711"


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A private key in an encrypted PKCS#8 file."""

    key_file: Path
    certificate_file: Path
    passphrase_file: Path


@dataclass(frozen=True, slots=True)
class KeyOnToken:
    """A private key on a PKCS#11 token.

    `certificate_file` is None where the certificate lies in the token under the key's label, `algorithm` is "" where
    the certificate tells it; `mechanism` is the vendor's number for SM2, which PKCS#11 itself does not know.
    """

    module: Path
    token: str
    pin_file: Path
    key_label: str
    certificate_file: Path | None = None
    algorithm: str = ""
    mechanism: int | None = None


@dataclass(frozen=True, slots=True)
class Platform:
    """A unified seal platform, and as whom the hub calls it."""

    url: str
    ca_file: Path
    key_id: str
    secret_file: Path


@dataclass(frozen=True, slots=True)
class SealOnPlatform:
    """A seal that a platform keeps and uses."""

    platform: Platform
    seal_id: str


@dataclass(frozen=True, slots=True)
class KeyOnPlatform:
    """A private key that a platform keeps and uses, `key_name` its name there."""

    platform: Platform
    key_name: str
    certificate_file: Path


@dataclass(frozen=True, slots=True)
class SealBeside:
    """A seal in a file of ours, and where its signer's key is."""

    seal_file: Path
    key: KeyFile | KeyOnToken


@dataclass(frozen=True, slots=True)
class TimestampPart:
    """The timestamp authority. `when_down` is `wait` or `mark`."""

    url: str
    ca_file: Path | None
    certificate_file: Path | None
    when_down: str
    timeout_seconds: float


@dataclass(frozen=True, slots=True)
class PdfPart:
    """What signs PDF copies, and the certificates between it and its root."""

    key: KeyFile | KeyOnToken
    chain_file: Path | None


@dataclass(frozen=True, slots=True)
class RevocationPart:
    """Revocation lists at hand, whether more may be fetched, and from which networks though they are not public."""

    fetch: bool = False
    networks: tuple[str, ...] = ()
    lists: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class PressFile:
    """What the file says; a part it does not have is None."""

    path: Path
    seal: SealBeside | SealOnPlatform | None = None
    signature: KeyFile | KeyOnToken | KeyOnPlatform | None = None
    log: KeyFile | KeyOnToken | KeyOnPlatform | None = None
    timestamp: TimestampPart | None = None
    pdf: PdfPart | None = None
    trust_folder: Path | None = None
    revocation: RevocationPart = field(default_factory=RevocationPart)


def press_file_of(settings: Settings) -> PressFile:
    """The press file of an installation; an empty one where there is none and none was named.

    Raises:
        PressMalformed: it is not as it must be, or HUB_PRESS names a file that is not there.
    """
    path = settings.press or settings.keys / USUAL_NAME
    if settings.press is None and not path.exists():
        return PressFile(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise PressMalformed(
            f"{path} cannot be read ({why}); nothing was sealed. Correct the file, or HUB_PRESS."
        ) from None
    return parse(text, path)


def parse(text: str, path: Path) -> PressFile:
    """The file from its text. Paths in it are relative to its own folder.

    Raises:
        PressMalformed: names the key and says what is expected there.
    """
    try:
        read: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PressMalformed(f"{path} is not TOML ({error}); nothing was sealed. Correct that line.") from None
    top = Table(path, "", read)
    file = PressFile(
        path,
        seal=top.part("seal", _seal),
        signature=top.part("signature", _signature),
        log=top.part("log", _signature),
        timestamp=top.part("timestamp", _timestamp),
        pdf=top.part("pdf", _pdf),
        trust_folder=top.part("trust", lambda table: table.path("folder")),
        revocation=top.part("revocation", _revocation) or RevocationPart(),
    )
    top.require_all_known()
    return file


def _key(table: Table) -> KeyFile | KeyOnToken:
    return _key_of_kind(table, table.one_of("kind", ("file", "token")))


def _key_of_kind(table: Table, kind: str) -> KeyFile | KeyOnToken:
    if kind == "file":
        return KeyFile(table.path("key_file"), table.path("certificate_file"), table.path("passphrase_file"))
    certificate_file = table.optional_path("certificate_file")
    return KeyOnToken(
        module=table.path("module"),
        token=table.text("token"),
        pin_file=table.path("pin_file"),
        key_label=table.text("key_label"),
        certificate_file=certificate_file,
        # Without a certificate beside it nothing else tells before the token is open.
        algorithm=table.one_of("algorithm", _ALGORITHMS, None if certificate_file is None else ""),
        mechanism=table.number("mechanism"),
    )


def _seal(table: Table) -> SealBeside | SealOnPlatform:
    kind = table.one_of("kind", ("file", "token", "platform"))
    if kind == "platform":
        return SealOnPlatform(_platform(table), table.name_there("seal_id"))
    return SealBeside(table.path("seal_file"), _key_of_kind(table, kind))


def _signature(table: Table) -> KeyFile | KeyOnToken | KeyOnPlatform:
    kind = table.one_of("kind", ("file", "token", "platform"))
    if kind == "platform":
        return KeyOnPlatform(_platform(table), table.name_there("key_name"), table.path("certificate_file"))
    return _key_of_kind(table, kind)


def _platform(table: Table) -> Platform:
    return Platform(
        url=table.url("url", ("https",)),
        ca_file=table.path("ca_file"),
        key_id=table.text("key_id"),
        secret_file=table.path("secret_file"),
    )


def _timestamp(table: Table) -> TimestampPart:
    return TimestampPart(
        url=table.url("url", ("http", "https")),
        ca_file=table.optional_path("ca_file"),
        certificate_file=table.optional_path("certificate_file"),
        when_down=table.one_of("when_down", ("wait", "mark"), "wait"),
        timeout_seconds=table.seconds("timeout_seconds", 5),
    )


def _pdf(table: Table) -> PdfPart:
    return PdfPart(_key(table), table.optional_path("chain_file"))


def _revocation(table: Table) -> RevocationPart:
    return RevocationPart(table.flag("fetch"), table.networks("networks"), table.paths("lists"))
